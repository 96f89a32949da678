"""Verbs for whatever has a name, tags and a prompt: search, relevance, snippets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar, Literal, Self, TypeAlias

from charmodels import limits
from charmodels.errors import InvalidInput
from charmodels.pages import Snippet, Sort
from charmodels.querysets.base import M
from charmodels.querysets.conditions import ContainsText, HasTags, InGallery, MatchesText
from charmodels.querysets.gallery import Reach, placing
from charmodels.querysets.rows import ModelRows
from charmodels.querysets.tags import TaggedQuerySet
from charmodels.sql.binding import bind
from charmodels.tags import normalize_tag
from charmodels.values import SearchText, validate

SearchMode: TypeAlias = Literal["web", "prefix", "substring"]

MARKS = "\x02\x03"
"""What stands around a find while the rest of a snippet is escaped."""

SEPARATOR = "\x1f"
"""Stands between name and prompt where substrings are looked for (`charmodels_content`)."""

_WORD = re.compile(r"\w+")


class SearchedQuerySet(TaggedQuerySet[M]):
    """Queries on a model with `name`, `tags` and `prompt`."""

    __slots__ = ()

    sorts: ClassVar[tuple[str, ...]] = ("newest", "oldest", "relevance")
    resolves_aliases: ClassVar[bool] = True

    def search(self, text: str, mode: SearchMode = "web") -> Self:
        """Keep what a text is found in.

        - "web" finds words in the name, the tags and the prompt, in any of their forms, as search engines do:
          `"ice queen"` is a phrase, `-gore` leaves out, `or` lets choose.
        - "prefix" finds words that begin like these, all of them; for search while somebody types. Stems are compared,
          so "runnin" does not find "running", whose stem is "run".
        - "substring" finds what contains the text as it is, in any case, in the name or the prompt, or has it as a tag.
          Nothing in it is a wild card. Less than three characters are found, but not by an index.

        Arguments:
            text: what somebody typed, up to 1,000 characters. A blank one narrows nothing; one of nothing but words
                that say too little, such as "the", finds nothing.
            mode: "web", "prefix" or "substring".

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: the text is too long or holds a NUL or half a surrogate pair, or there is no such mode.

        Example:
            >>> import charmodels as cm
            >>> query = cm.Character.objects.public().search('brave knight -"ice queen"')
        """
        if mode not in ("web", "prefix", "substring"):
            raise InvalidInput(field="mode", reason="must be web, prefix or substring")
        asked = validate("text", SearchText, text)
        if not asked.strip():
            return self
        if mode == "substring":
            if SEPARATOR in asked:
                raise InvalidInput(field="text", reason="must not hold the separator of units (U+001F)")
            return self._with(ContainsText(asked, _as_tag(asked)))
        if mode == "web":
            return self._with(MatchesText(asked))
        words = list(dict.fromkeys(_WORD.findall(asked)))
        if len(words) > limits.SEARCH_TERMS:
            raise InvalidInput(field="text", reason=f"must have at most {limits.SEARCH_TERMS} words")
        return self._with(MatchesText(" & ".join(f"'{word}':*" for word in words), is_query=True))

    def none(self) -> Self:
        """Keep nothing.

        Returns:
            The narrowed queryset.
        """
        return self.filter(pk__in=[])

    # Pages

    async def _read(self, sort: Sort, position: list[Any] | None, rows: int) -> tuple[list[M], Sequence[list[Any]]]:
        if sort != "relevance":
            return await super()._read(sort, position, rows)
        found: list[M] = []
        positions: list[list[Any]] = []
        while True:
            asked = rows - len(found)
            statement, values = self._write_ranked(position, asked)
            ranked = await self._client().fetch(statement, values)
            still = {row.pk: row for row in await self._by_keys([row["id"] for row in ranked])}
            for row in ranked:
                position = _ranked_position(row, position)
                if row["id"] in still:
                    found.append(still[row["id"]])
                    positions.append(position)
            # Where some were deleted or unpublished in between, others follow.
            if len(ranked) < asked or len(found) == rows:
                return found, positions

    def _write_ranked(self, position: list[Any] | None, rows: int) -> tuple[str, list[Any]]:
        within = Reach.of(position)
        chosen = self.filter(*within.conditions, **dict(within.ranges)).newest().limit(within.candidates)._keys()
        values = list(chosen.values)
        place = placing(values)
        own = ModelRows(self.model, 'm."{}"'.format, place)
        parts = {
            "table": f'"{self.model._meta.db_table}"',
            "chosen": chosen.sql,
            "document": own.document,
            "query": self._required_search().write_query(own),
            "after": within.write_after(place),
        }
        return bind("rows_ranked", {"rows": rows}, parts=parts, bound=values)

    async def _by_keys(self, keys: list[Any]) -> list[M]:
        """Read rows by their keys, with what this queryset reads besides; who may see them is asked again."""
        if not keys:
            return []
        query = self._clone()
        query._orderings = []
        query._q_objects = [
            node for node in self._q_objects if not isinstance(node, HasTags | MatchesText | ContainsText | InGallery)
        ]
        return await query.filter(pk__in=keys)

    def _require_pages(self, sort: str) -> None:
        super()._require_pages(sort)
        if sort == "relevance":
            self._required_search()

    def _require_snippets(self) -> None:
        self._required_search("snippets", "need")

    def _required_search(self, field: str = "sort", needs: str = "by relevance needs") -> MatchesText:
        for node in self._q_objects:
            condition = node.condition if isinstance(node, InGallery) else node
            if isinstance(condition, MatchesText):
                return condition
        raise InvalidInput(field=field, reason=f"{needs} a text that is searched, in mode web or prefix")

    async def _snippets(self, rows: list[M]) -> dict[Any, Snippet]:
        values: list[Any] = []
        place = placing(values)
        own = ModelRows(self.model, 'm."{}"'.format, place)
        parts = {
            "table": f'"{self.model._meta.db_table}"',
            "text": own.text,
            "query": self._required_search().write_query(own),
        }
        statement, bound = bind(
            "snippets", {"keys": [row.pk for row in rows], "marks": MARKS}, parts=parts, bound=values
        )
        found = await self._client().fetch(statement, bound)
        return {row["key"]: as_snippet(row["snippet"]) for row in found}


def as_snippet(marked: str) -> Snippet:
    """Escape a text, and mark in it what was found.

    Arguments:
        marked: with `MARKS` around what was found.

    Returns:
        Safe HTML.

    Example:
        >>> as_snippet("<b> \\x02knight\\x03")
        '&lt;b&gt; <mark>knight</mark>'
    """
    return Snippet(escape(marked).replace(MARKS[0], "<mark>").replace(MARKS[1], "</mark>"))


def _as_tag(text: str) -> str | None:
    try:
        return normalize_tag(text)
    except InvalidInput:
        return None


def _ranked_position(row: Any, before: list[Any] | None) -> list[Any]:
    """Tell where a page by relevance may go on: after this row, among the candidates of the first page."""
    if before is not None:
        return [row["rank"], row["id"], *before[2:]]
    is_bounded = row["candidates"] >= limits.RANKED_CANDIDATES
    return [row["rank"], row["id"], row["newest"], *((row["oldest"], row["last"]) if is_bounded else (None, None))]
