"""How the public gallery is asked: statements on the table `gallery_entries`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from charmodels import limits
from charmodels.pages import Sort
from charmodels.querysets.conditions import After, Condition, HasTags, MatchesText
from charmodels.querysets.rows import EntryRows
from charmodels.sql.binding import Fragment, bind

RANGES = {
    "user_id": "=",
    "created_at__gte": ">=",
    "created_at__gt": ">",
    "created_at__lte": "<=",
    "created_at__lt": "<",
}
"""Filters that an index serves in the order of the walk, with their operators."""
Place = Callable[[Any], str]
"""Puts a value beside a statement, and gives where it stands in it, as $1."""


@dataclass(slots=True)
class GalleryQuery:
    """A queryset on the public gallery, told by what its entries must meet.

    Arguments:
        conditions: on tags and texts.
        ranges: on the owner and the time, for which there are indexes in the order of the walk.
        others: on the style and the template.
    """

    conditions: list[Condition] = field(default_factory=list)
    ranges: list[tuple[str, Any]] = field(default_factory=list)
    others: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def needs_index(self) -> bool:
        """Whether something is asked for that only an index on tags or texts finds."""
        return not all(map(_only_excludes, self.conditions))

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return not (self.conditions or self.ranges or self.others)

    def with_tags(self) -> list[HasTags]:
        """Give the conditions that an index on tags finds."""
        return [each for each in self.conditions if isinstance(each, HasTags) and not _only_excludes(each)]

    def asks_for_more_than(self, with_tags: list[HasTags]) -> bool:
        """Whether something is asked for that an index finds, beside tags."""
        return len(with_tags) < sum(not _only_excludes(each) for each in self.conditions)

    def without_styles(self) -> GalleryQuery:
        """Give the same query for all styles."""
        kept = [other for other in self.others if not other[0].startswith("style_type")]
        return GalleryQuery(self.conditions, self.ranges, kept)

    def without_any_of(self) -> GalleryQuery:
        """Give the same query without the choice among tags."""
        conditions: list[Condition] = []
        for each in self.conditions:
            if isinstance(each, HasTags) and each.any_of:
                if not (each.all_of or each.none_of):
                    continue
                each = HasTags(
                    each.field, all_of=each.all_of, none_of=each.none_of, resolves_aliases=each.resolves_aliases
                )
            conditions.append(each)
        return GalleryQuery(conditions, self.ranges, self.others)

    def write_ranges(self, place: Place) -> str:
        """Write what the walk begins with."""
        return _write_ranges("e", self.ranges, place)

    def write_conditions(self, place: Place, *, by_tags: bool = True) -> str:
        """Write the rest, `by_tags` so that the index on tags can be used."""
        rows = EntryRows(place, by_tags=by_tags)
        return _all((*(each.write(rows) for each in self.conditions), *self._write_others(place)))

    def write(self, place: Place) -> str:
        """Write all of it."""
        return f"{self.write_ranges(place)} AND {self.write_conditions(place)}"

    def _write_others(self, place: Place) -> Iterable[str]:
        for name, value in self.others:
            column = f"e.{name.partition('__')[0]}"
            yield (
                f"{column} = ANY ({place(value)}::text[])" if isinstance(value, list) else f"{column} = {place(value)}"
            )

    # Statements

    def write_entries(self, place: Place) -> str:
        """Write the statement that gives the style and the tags of every entry."""
        where = self.write(place)
        # OFFSET 0, for it may stand where its rows are wanted in an order, in which it must not look for them.
        return f"SELECT e.style_type, e.tags FROM gallery_entries AS e WHERE {where} OFFSET 0"  # noqa: S608

    def ranked(self, search: MatchesText, position: list[Any] | None, rows: int) -> Fragment:
        """Write the statement that finds the keys of a page by relevance.

        Arguments:
            search: by which they are ranked.
            position: where the page before ended, or None.
            rows: how many, at most.

        Returns:
            The statement and its values.
        """
        values: list[Any] = []
        place = placing(values)
        within = Reach.of(position)
        query = GalleryQuery([*self.conditions, *within.conditions], [*self.ranges, *within.ranges], self.others)
        parts = {
            **self._parts(place),
            "range": query.write_ranges(place),
            "conditions": query.write_conditions(place),
            # Not for the index: the server would choose between it and the one on words by how wide the span is.
            "within_found": within.write(place, "found"),
            "query": search.write_query(EntryRows(place)),
            "after": within.write_after(place),
        }
        parts["is_whole"] = query._write_is_whole(parts["range"], limits.WALKED_FAR)
        asked = {
            **_walking(),
            "enough": limits.RANKED_CANDIDATES,
            "candidates": within.candidates,
            "rows": rows,
        }
        return bind("gallery_ranked", asked, parts=parts, bound=values)

    def counted(self, most: int) -> Fragment:
        """Write the statement that counts, but not further than it takes.

        Arguments:
            most: where to stop.

        Returns:
            The statement and its values.
        """
        values: list[Any] = []
        parts = self._parts(placing(values))
        parts["is_whole"] = self._write_is_whole(parts["range"], limits.WALKED_FAR)
        return bind("gallery_count", {**_walking(), "most": most}, parts=parts, bound=values)

    def _write_is_whole(self, where: str, walk: int) -> str:
        """Write whether a walk sees all that there is of the owner or the time asked for; then no index is needed."""
        if not self.ranges:
            return "false"
        entries = f"SELECT FROM gallery_entries AS e WHERE {where} LIMIT {walk}"
        return f"(SELECT count(*) < {walk} FROM ({entries}) AS counted)"  # noqa: S608

    def _parts(self, place: Place) -> dict[str, str]:
        """Write what these statements have in common."""
        ranges, conditions = self.write_ranges(place), self.write_conditions(place)
        tagged, found = "NULL::bigint", _select(ranges, conditions)
        with_tags = self.with_tags()
        if with_tags:
            rows = EntryRows(place)
            tagged = f"least({', '.join(each.write_frequency(rows) for each in with_tags)})"
            if self.asks_for_more_than(with_tags):
                # Where tags are rare, their index alone, where they are common, the other alone: the server would put
                # the lists of both together, however long one is.
                hint, few, many = "(SELECT tagged FROM hint)", limits.SOME_TAGGED, limits.MANY_TAGGED
                by_tags = _all(each.write(rows) for each in with_tags)
                entries = f"(SELECT * FROM gallery_entries AS e WHERE {ranges} AND {by_tags} OFFSET 0)"  # noqa: S608
                without_tags = self.write_conditions(place, by_tags=False)
                found = " UNION ALL ".join(
                    (
                        _select(f"{hint} <= {few}", conditions, entries),
                        _select(f"{hint} > {few} AND {hint} <= {many} AND {ranges}", conditions),
                        _select(f"{hint} > {many} AND {ranges}", without_tags),
                    )
                )
        return {"range": ranges, "conditions": conditions, "tagged": tagged, "found": found}


@dataclass(frozen=True, slots=True)
class PageKeys:
    """The statement that finds the keys of a page, in no order: `sql/gallery_keys.sql`.

    Arguments:
        query: what is asked of the gallery.
        sort: "newest" or "oldest".
        position: where the page before ended, or None.
        rows: how many, at most.
    """

    query: GalleryQuery
    sort: Sort
    position: list[Any] | None
    rows: int

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on besides the values."""
        query = self.query
        return (
            self.sort,
            self.position is None,
            self.rows,
            tuple([(type(each).__name__, *each.shape()) for each in query.conditions]),
            tuple([name for name, _ in query.ranges]),
            tuple([name for name, _ in query.others]),
            *_bounds(),
        )

    def values(self) -> list[Any]:
        """Give the values in the order in which `write` puts them beside the statement."""
        query = self.query
        values = list(self.position or ())
        values += [value for _, value in query.ranges]
        conditions = [value for each in query.conditions for value in each.values()]
        conditions += [value for _, value in query.others]
        values += conditions
        with_tags = query.with_tags()
        for each in with_tags:
            values += [list(tags) for tags in (each.all_of, each.any_of) if tags]
        if with_tags and query.asks_for_more_than(with_tags):
            values += [value for each in with_tags for value in each.values()]
            values += conditions
        return values

    def write(self, place: Place) -> str:
        """Write it, with the function that puts values beside it."""
        after = after_found = "true"
        if self.position is not None:
            at, key = map(place, self.position)
            sign = "<" if self.sort == "newest" else ">"
            after = f"(e.created_at, e.character_id) {sign} ({at}, {key})"
            after_found = f"(found.created_at, found.character_id) {sign} ({at}, {key})"
        glance, walk, few, _, _ = _bounds()
        parts = {
            **self.query._parts(place),
            "after": after,
            "after_found": after_found,
            "direction": "DESC" if self.sort == "newest" else "ASC",
            # Numbers in the statement, not beside it: told how short the page is, the server soon keeps one plan for
            # all values, and planning takes half of the time of a page that many of the newest entries fill.
            "glance": str(glance),
            "walk": str(walk),
            "few": str(few),
            "rows": str(int(self.rows)),
        }
        parts["is_whole"] = self.query._write_is_whole(f"{parts['range']} AND {after}", walk)
        return bind("gallery_keys", {}, parts=parts).sql


def _bounds() -> tuple[int, int, int, int, int]:
    """Give the bounds that stand in the statement of a page."""
    return (
        limits.GLANCED_ENTRIES,
        limits.WALKED_ENTRIES,
        limits.FEW_TAGGED,
        limits.SOME_TAGGED,
        limits.MANY_TAGGED,
    )


def _select(condition: str, conditions: str, entries: str = "gallery_entries") -> str:
    return f"SELECT e.created_at, e.character_id FROM {entries} AS e WHERE {condition} AND {conditions}"  # noqa: S608


def _walking() -> dict[str, int]:
    """Give the bounds of a walk, by their names in the statements."""
    return {"glance": limits.GLANCED_FAR, "far": limits.WALKED_FAR, "few": limits.FEW_TAGGED}


def _write_ranges(table: str, ranges: Iterable[tuple[str, Any]], place: Place) -> str:
    return _all(f"{table}.{name.partition('__')[0]} {RANGES[name]} {place(value)}" for name, value in ranges)


def _only_excludes(condition: Condition) -> bool:
    return isinstance(condition, HasTags) and not (condition.any_of or condition.all_of)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which rows a page by relevance ranks, and after which of them it begins.

    Arguments:
        candidates: how many are ranked, at most: the newest.
        ranges: of time, that they are in.
        conditions: what else bounds them.
        start: rank and key of the last row of the page before.
    """

    candidates: int
    ranges: tuple[tuple[str, Any], ...] = ()
    conditions: tuple[Condition, ...] = ()
    start: tuple[float, Any] | None = None

    @classmethod
    def of(cls, position: list[Any] | None) -> Reach:
        """Tell it from where the page before ended.

        Arguments:
            position: rank and key of that row; the newest candidate's time, and time and key of the oldest candidate,
                or None and None where all that was found was ranked. None for the first page.

        Returns:
            The reach: all pages rank the rows that the first one did.
        """
        if position is None:
            return cls(limits.RANKED_CANDIDATES)
        rank, key, newest, oldest, last = position
        ranges: list[tuple[str, Any]] = [("created_at__lte", newest)]
        conditions = []
        if last is not None:
            ranges.append(("created_at__gte", oldest))
            conditions.append(After(("created_at", "id"), (oldest, last), descending=False, inclusive=True))
        # Some may have come in between meanwhile; they must not push others out.
        return cls(2 * limits.RANKED_CANDIDATES, tuple(ranges), tuple(conditions), (rank, key))

    def write(self, place: Place, table: str) -> str:
        """Write that a row of a table is among them."""
        rows = EntryRows(place, name=table)
        return _all((_write_ranges(table, self.ranges, place), *(each.write(rows) for each in self.conditions)))

    def write_after(self, place: Place) -> str:
        """Write where the page begins."""
        if self.start is None:
            return "true"
        rank, key = self.start
        return f"(ranked.rank, ranked.id) < ({place(rank)}::float8, {place(key)}::uuid)"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions) or "true"


def placing(values: list[Any]) -> Place:
    """Make the function that puts values beside a statement.

    Arguments:
        values: takes them.

    Returns:
        A function that gives $1, $2, ...
    """

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    return place
