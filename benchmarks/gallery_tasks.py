"""What the gallery is asked, with words and tags that are picked out of its rows by how common they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import charmodels as cm
from benchmarks import gallery_contenders as contenders
from benchmarks.gallery_contenders import PAGE, Ask, Connection, Old, Statement
from benchmarks.gallery_rows import DENSE_TRAP, TRAP
from charmodels import cursors
from charmodels.querysets.characters import CharacterQuerySet

DEEP = 500
"""Pages before the deep one; in a gallery that has fewer, half of them."""

PAGE_TARGET, TRAP_TARGET, COUNTER_TARGET = 15.0, 40.0, 3.0
"""Milliseconds, for the 95th of 100 requests."""

VARIANTS = 40
"""Users, or characters, over whom requests are spread that are about one."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What to ask for, and the share of the gallery that has it.

    Arguments:
        tags, words: by the name of a share in `SHARES`.
        owners: users, from one with many characters to one with few.
        shares: by tag or word, measured.
    """

    tags: dict[str, str]
    words: dict[str, str]
    owners: list[str]
    shares: dict[str, float]


TAG_SHARES = {"common": 0.5, "second": 0.05, "five": 0.05, "middling": 0.004, "rare": 0.0}
"""Which tags to look for: those whose share of the gallery is nearest."""

WORD_SHARES = {"common": 0.3, "tenth": 0.1, "fiftieth": 0.02, "middling": 0.004, "rare": 0.0005}

_TAG_COUNTS = "SELECT tag, count FROM tag_totals WHERE style_type = '' AND tag <> '' AND tag <> ALL ($1)"
_WORD_COUNTS = """\
SELECT word, ndoc AS count FROM ts_stat('SELECT document FROM gallery_entries')
WHERE word ~ '^[a-z]{5,}$' AND to_tsquery(charmodels_search_config(), word)::text = quote_literal(word)
AND word <> ALL ($1)"""
_OWNERS = """\
SELECT user_id FROM (
    SELECT user_id, row_number() OVER (ORDER BY count(*) DESC) AS place FROM characters GROUP BY user_id
) AS ranked
WHERE place % greatest(1, (SELECT count(DISTINCT user_id) FROM characters) / $1) = 0 ORDER BY place LIMIT $1"""


async def pick(connection: Connection) -> Probes:
    """Measure how common tags and words are, and pick some.

    Arguments:
        connection: to the database.

    Returns:
        What to ask for.
    """
    total = await connection.fetchval("SELECT count(*) FROM gallery_entries")
    trends = [TRAP.tag, TRAP.word, DENSE_TRAP.tag, DENSE_TRAP.word]
    stems = [await connection.fetchval("SELECT strip(to_tsvector('english', $1))::text", word) for word in trends]
    trends += [stem.strip("'") for stem in stems]
    shares: dict[str, float] = {}

    async def nearest(counts: str, wanted: dict[str, float]) -> dict[str, str]:
        rows = [(row[0], row[1] / total) for row in await connection.fetch(counts, trends)]
        found: dict[str, str] = {}
        for name, share in wanted.items():
            rest = [row for row in rows if row[0] not in found.values()]
            found[name], shares[found[name]] = min(rest, key=lambda row: (abs(row[1] - share), row[0]))
        return found

    tags, words = await nearest(_TAG_COUNTS, TAG_SHARES), await nearest(_WORD_COUNTS, WORD_SHARES)
    owners = [str(row["user_id"]) for row in await connection.fetch(_OWNERS, VARIANTS)]
    return Probes(tags, words, owners, shares)


@dataclass(frozen=True, slots=True)
class Task:
    """Something to measure.

    Arguments:
        name: for the table.
        ask: through charmodels.
        old: the old layer's way.
        obvious: the hand-written way, where it is another than ours.
        target: milliseconds at the 95th of 100 requests, or None.
        grows: whether ten times the rows may take longer.
        is_page: whether the obvious way must give the same rows.
        variants: how many different requests it makes.
        verb: what must be there for it.
    """

    name: str
    ask: Ask
    old: Old
    obvious: Sequence[Statement] = ()
    target: float | None = PAGE_TARGET
    grows: bool = False
    is_page: bool = True
    variants: int = 1
    verb: str = "page"

    @property
    def is_there(self) -> bool:
        """Whether charmodels has what it needs."""
        return any(hasattr(owner, self.verb) for owner in (CharacterQuerySet, cm.Character))


Build = Callable[[CharacterQuerySet], Any]


def _page(name: str, build: Build, old: Old, obvious: Sequence[Statement] = (), **more: Any) -> Task:
    how = more.pop("how", {})

    def ask(number: int) -> Awaitable[Any]:
        page: Awaitable[Any] = build(cm.Character.objects.public()).page(PAGE, **how)
        return page

    return Task(name, ask, old, obvious, **more)


async def tasks(connection: Connection, probes: Probes) -> list[Task]:
    """Make the tasks for a database.

    Arguments:
        connection: to it.
        probes: what to ask for.

    Returns:
        The tasks, those too whose verb is not there yet.
    """
    return [
        *await _browsing(connection),
        *_by_tags(probes),
        *_by_words(probes),
        *await _by_relevance(probes),
        *_trapped(),
        *_counting(probes),
        *await _about_one(connection, probes),
    ]


async def _browsing(connection: Connection) -> list[Task]:
    found = await connection.fetchval("SELECT count(*) FROM gallery_entries")
    skipped = min(DEEP, found // PAGE // 2) * PAGE
    public = cm.Character.objects.public()
    [last] = await public.newest().offset(skipped - 1).limit(1)
    cursor = cursors.encode(await public._cursor_key(), public._fingerprint("newest"), [last.created_at, last.id])
    return [
        _page("newest", lambda public: public, contenders.old_page("is_public")),
        _page(
            "deep page",
            lambda public: public,
            contenders.old_page("is_public", skip=skipped),
            how={"after": cursor},
        ),
        _page(
            "style",
            lambda public: public.styled(cm.StyleType.FANTASY),
            contenders.old_page("is_public AND style_type = $1", "FANTASY"),
        ),
    ]


def _tagged(name: str, *tags: str, **more: Any) -> Task:
    asked = list(tags)
    return _page(
        name,
        lambda public: public.tagged(all_of=asked),
        contenders.old_page("is_public AND tags @> $1", asked),
        contenders.obvious_page("e.tags @> $1", asked),
        **more,
    )


def _worded(name: str, word: str, **more: Any) -> Task:
    return _page(
        name,
        lambda public: public.search(word),
        contenders.old_search(word),
        contenders.obvious_page("e.document @@ websearch_to_tsquery('english', $1)", word),
        **more,
    )


def _by_tags(probes: Probes) -> list[Task]:
    tags = probes.tags
    without = [tags["common"], tags["second"]]
    return [
        _tagged("common tag", tags["common"]),
        _tagged("middling tag", tags["middling"]),
        _tagged("rare tag", tags["rare"]),
        _tagged("two tags", tags["common"], tags["second"]),
        _page(
            "none of two tags",
            lambda public: public.tagged(none_of=without),
            contenders.old_page("is_public AND NOT (tags && $1)", without),
            contenders.obvious_page("NOT (e.tags && $1)", without),
        ),
    ]


def _by_words(probes: Probes) -> list[Task]:
    words, tag = probes.words, probes.tags["common"]
    rare, part = words["rare"], words["rare"][1:-1]
    return [
        _worded("common word", words["common"]),
        _worded("middling word", words["middling"]),
        _worded("rare word", rare),
        _page(
            "rare word, common tag",
            lambda public: public.search(rare).tagged(all_of=[tag]),
            contenders.old_page(
                "is_public AND (name ILIKE $1 OR prompt ILIKE $1 OR tags @> ARRAY[$2::text]) AND tags @> $3",
                f"%{rare}%",
                rare,
                [tag],
            ),
            contenders.obvious_page("e.document @@ websearch_to_tsquery('english', $1) AND e.tags @> $2", rare, [tag]),
        ),
        _page(
            "substring of a rare word",
            lambda public: public.search(part, mode="substring"),
            contenders.old_search(part),
            contenders.obvious_page("(e.content LIKE $1 OR e.tags @> ARRAY[$2::text])", f"%{part}%", part),
        ),
    ]


async def _by_relevance(probes: Probes) -> list[Task]:
    """Rank what is found: the obvious way ranks all of it, ours the newest."""
    found = "e.document @@ websearch_to_tsquery('english', $1)"
    order = "ts_rank(e.document, websearch_to_tsquery('english', $1), 1) DESC, e.character_id DESC"

    async def ranked(share: str, word: str) -> list[Task]:
        first = await cm.Character.objects.public().search(word).page(PAGE, sort="relevance")
        old, obvious = contenders.old_search(word), contenders.obvious_page(found, word, order=order)
        name, by = f"{share} word, ranked", {"sort": "relevance"}
        return [
            _page(name, lambda public: public.search(word), old, obvious, how=by, is_page=False),
            _page(
                f"{name}, page 2",
                lambda public: public.search(word),
                old,
                how={**by, "after": first.next_cursor},
                is_page=False,
            ),
        ]

    return [*await ranked("10 %", probes.words["tenth"]), *await ranked("2 %", probes.words["fiftieth"])]


def _trapped() -> list[Task]:
    return [
        _tagged("trap: tag", TRAP.tag, target=TRAP_TARGET),
        _worded("trap: word", TRAP.word, target=TRAP_TARGET),
        _tagged("dense trap: tag", DENSE_TRAP.tag, target=TRAP_TARGET),
        _worded("dense trap: word", DENSE_TRAP.word, target=TRAP_TARGET),
    ]


def _verb(
    verb: str, name: str, on: Callable[[], Any], old: Old, obvious: Sequence[Statement], *given: Any, **more: Any
) -> Task:
    def ask(number: int) -> Awaitable[Any]:
        answer: Awaitable[Any] = getattr(on(), verb)(*given)
        return answer

    return Task(name, ask, old, obvious, verb=verb, is_page=False, **more)


def _counting(probes: Probes) -> list[Task]:
    objects, tag = cm.Character.objects, probes.tags["five"]
    counted = "SELECT tag, count FROM tag_totals WHERE style_type = '' AND tag <> ''"
    suggested = f"{counted} AND tag LIKE $1 ORDER BY count DESC, tag LIMIT 10"
    popular = f"{counted} ORDER BY count DESC, tag LIMIT 20"
    return [
        _verb(
            "suggest_tags",
            "suggestions",
            lambda: objects,
            contenders.old_tags(),
            [(suggested, ("war%",))],
            "war",
            target=COUNTER_TARGET,
        ),
        _verb(
            "popular_tags",
            "popular tags",
            lambda: objects,
            contenders.old_tags(),
            [(popular, ())],
            20,
            target=COUNTER_TARGET,
        ),
        _verb(
            "facets",
            "facets of everything",
            lambda: objects.public(),
            contenders.old_facets("is_public"),
            contenders.obvious_facets("true"),
            target=COUNTER_TARGET,
        ),
        _verb(
            "facets",
            "facets of a 5 % filter",
            lambda: objects.public().tagged(all_of=[tag]),
            contenders.old_facets("is_public AND tags @> $1", [tag]),
            contenders.obvious_facets("e.tags @> $1", [tag]),
            target=None,
            grows=True,
        ),
        _verb(
            "stats",
            "stats of everything",
            lambda: objects,
            contenders.old_stats("true"),
            contenders.obvious_stats("true"),
            target=None,
            grows=True,
        ),
    ]


async def _about_one(connection: Connection, probes: Probes) -> list[Task]:
    objects, owners = cm.Character.objects, probes.owners
    shown = [character for character in await objects.public().newest().limit(VARIANTS) if character.tags]
    one = shown[len(shown) // 2]
    owner = UUID(owners[len(owners) // 2])

    def similar(number: int) -> Awaitable[Any]:
        character: Any = shown[number % len(shown)]
        found: Awaitable[Any] = character.similar(limit=5)
        return found

    def own_page(number: int) -> Awaitable[Any]:
        return objects.owned_by(UUID(owners[number % len(owners)])).page(PAGE)

    def own_stats(number: int) -> Awaitable[Any]:
        query: Any = objects.owned_by(UUID(owners[number % len(owners)]))
        stats: Awaitable[Any] = query.stats()
        return stats

    alike = "SELECT * FROM {table} WHERE is_public AND id <> $1 AND (style_type = $2 OR tags && $3)"
    return [
        Task(
            "similar",
            similar,
            Old([(f"{alike} ORDER BY created_at DESC LIMIT 5", (one.id, str(one.style_type), one.tags))]),
            is_page=False,
            variants=len(shown),
            verb="similar",
        ),
        Task("one user's own page", own_page, contenders.old_page("user_id = $1", owner), variants=len(owners)),
        Task(
            "one user's stats",
            own_stats,
            contenders.old_stats("user_id = $1", owner),
            contenders.obvious_stats("user_id = $1", owner),
            target=None,
            is_page=False,
            variants=len(owners),
            verb="stats",
        ),
    ]
