"""However tags and words are spread over time, a page of the gallery reads no more than so many rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest

import charmodels as cm
from charmodels import limits
from charmodels.backend.transaction import TransactionClient
from charmodels.querysets.characters import CharacterQuerySet
from tests import factories
from tests.quotas import statements

pytestmark = pytest.mark.plans

ROWS = 12_000
DEAD = 360
"""So many rows have the tag and the word of a trend that died: all are among the oldest 5 %."""

LIMITS = {
    "GLANCED_ENTRIES": 100,
    "WALKED_ENTRIES": 300,
    "GLANCED_FAR": 200,
    "WALKED_FAR": 1_200,
    "FEW_TAGGED": 100,
    "SOME_TAGGED": 500,
    "MANY_TAGGED": 1_000,
    "RANKED_CANDIDATES": 50,
    "COUNTED_ROWS": 100,
}
BOUND = LIMITS["WALKED_FAR"] + DEAD
"""Rows that a node of a plan may read, of 12,000."""

LONELY = UUID(int=7)
HOUR = datetime(2026, 1, 1, tzinfo=UTC)

FILL = """
    SET LOCAL session_replication_role = replica;
    INSERT INTO characters
        (user_id, name, prompt, style_type, tags, is_public, generation_status, created_at, published_at)
    SELECT CASE WHEN n % 1000 = 1 THEN '{lonely}' ELSE '{owner}' END::uuid, 'Character ' || n,
           'Somebody ' || CASE WHEN n % 2 = 0 THEN 'knightly' ELSE 'else' END
               || CASE WHEN n > {rows} * 0.95 AND n % 5 < 3 THEN ' in a zeppelin' ELSE '' END
               || CASE WHEN n % 3000 = 7 THEN ' with a unicorn' ELSE '' END,
           CASE WHEN n % 4 = 0 THEN 'ANIME' ELSE 'FANTASY' END,
           ARRAY['t' || n % 400] || CASE WHEN n % 2 = 0 THEN ARRAY['common'] ELSE '{{}}' END
               || CASE WHEN n > {rows} * 0.95 AND n % 5 < 3 THEN ARRAY['dead'] ELSE '{{}}' END
               || CASE WHEN n % 3000 = 7 THEN ARRAY['rare'] ELSE '{{}}' END,
           true, 'COMPLETED', timestamptz '{start}' - n * interval '1 minute', now()
    FROM generate_series(1, {rows}) AS n;
    INSERT INTO gallery_entries (character_id, user_id, created_at, style_type, tags, document, content)
    SELECT id, user_id, created_at, style_type, tags, charmodels_document('english', name, tags, prompt),
           charmodels_content(name, prompt)
    FROM characters;
    INSERT INTO tag_totals (style_type, tag, count)
    SELECT '', tag, count(*) FROM gallery_entries, unnest(tags) AS tag GROUP BY tag;
    SET LOCAL session_replication_role = origin;
"""


class Sent(NamedTuple):
    """A statement as it went to the server."""

    sql: str
    values: tuple[Any, ...]


@pytest.fixture
async def skewed(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> cm.User:
    owner, _ = await factories.user(), await factories.user(id=LONELY, email="lonely@example.com")
    async with db.acquire() as connection:
        async with connection.transaction():
            await connection.execute(
                FILL.format(owner=owner.id, lonely=LONELY, start=HOUR + timedelta(hours=50), rows=ROWS)
            )
        await connection.execute("VACUUM ANALYZE characters, gallery_entries, tag_totals")
    for name, value in LIMITS.items():
        monkeypatch.setattr(limits, name, value)
    return owner


def public() -> CharacterQuerySet:
    return cm.Character.objects.public()


QUERIES: dict[str, tuple[Callable[[], CharacterQuerySet], tuple[str, ...]]] = {
    "all": (public, ("newest", "oldest")),
    "a style": (lambda: public().styled("ANIME"), ("newest", "oldest")),
    "the dead tag": (lambda: public().tagged(any_of=["dead"]), ("newest", "oldest")),
    "the dead word": (lambda: public().search("zeppelins"), ("newest", "oldest", "relevance")),
    "a part of the dead word": (lambda: public().search("zeppel", "substring"), ("newest",)),
    "the beginning of the dead word": (lambda: public().search("zepp", "prefix"), ("newest", "relevance")),
    "a common tag": (lambda: public().tagged(all_of=["common"]), ("newest", "oldest")),
    "a common word": (lambda: public().search("knightly"), ("newest", "oldest")),
    "a common word by relevance": (lambda: public().search("knightly"), ("relevance",)),
    "a common word of one owner": (lambda: public().owned_by(LONELY).search("knightly"), ("newest", "relevance")),
    "a common word of one hour": (
        lambda: public().created_between(HOUR, HOUR + timedelta(hours=1)).search("knightly"),
        ("newest", "relevance"),
    ),
    "a rare tag": (lambda: public().tagged(any_of=["rare"]), ("newest",)),
    "a rare word": (lambda: public().search("unicorn"), ("newest", "relevance")),
    "the dead tag of a style": (lambda: public().styled("ANIME").tagged(any_of=["dead"]), ("newest",)),
    "common and dead tags": (lambda: public().tagged(all_of=["common", "dead"]), ("newest",)),
    "the dead tag or a rare one": (lambda: public().tagged(any_of=["dead", "rare"]), ("newest",)),
    "the dead tag and a common word": (
        lambda: public().tagged(any_of=["dead"]).search("knightly"),
        ("newest", "relevance"),
    ),
    "a common tag and the dead word": (
        lambda: public().tagged(any_of=["common"]).search("zeppelin"),
        ("newest", "relevance"),
    ),
    "without the common tag": (lambda: public().tagged(none_of=["common"]), ("newest", "oldest")),
    "a tag that is not there": (lambda: public().tagged(any_of=["nobody has this"]), ("newest",)),
    "a word that is not there": (lambda: public().search("gryphon"), ("newest", "relevance")),
}

COMMON = (
    "the dead tag and a common word",
    "a common word by relevance",
    "a common word of one owner",
    "a common word of one hour",
)
"""Where the list of a word's index is long, and something else is short."""


async def sent(tx: TransactionClient, query: CharacterQuerySet, sort: Any) -> list[Sent]:
    """What the first two pages and the total ask the server."""
    found: list[Sent] = []

    def note(record: Any) -> None:
        found.append(Sent(record.query, tuple(record.args or ())))

    connection = tx._connection
    with connection.query_logger(note):
        page = await query.page(5, sort=sort, with_total=True)
        if page.next_cursor is not None:
            await query.page(5, page.next_cursor, sort)
        await asyncio.sleep(0)  # the driver tells of a statement when the loop comes round
    return [each for each in found if "gallery_settings" not in each.sql or "$1" in each.sql]


def literal(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"ARRAY[{', '.join(map(literal, value))}]"
    if isinstance(value, datetime | UUID | str):
        text = str(value).replace("'", "''")
        return f"'{text}'"
    return str(value)


def most_rows(plan: dict[str, Any]) -> tuple[float, str]:
    """The most rows that a node read or gave, and what it is."""
    rows = plan["Actual Rows"] * plan["Actual Loops"]
    rows += plan.get("Rows Removed by Filter", 0) * plan["Actual Loops"]
    here = (rows, f"{plan['Node Type']} {plan.get('Index Name', plan.get('Relation Name', ''))}")
    return max([here, *map(most_rows, plan.get("Plans", ()))])


async def plans(name: str) -> list[tuple[str, float, str]]:
    """What each statement of a query is, the most rows that a node of its plan reads, and that node."""
    make, sorts = QUERIES[name]
    async with cm.transaction() as tx:
        asked = [(sort, each) for sort in sorts for each in await sent(tx, make(), sort)]
    found = []
    for mode in ("auto", "force_generic_plan"):
        async with cm.transaction() as tx:
            await tx.execute_script(f"SET LOCAL plan_cache_mode = {mode}; SET LOCAL jit = off")
            for number, (sort, (sql, values)) in enumerate(asked):
                if mode == "auto":
                    [row] = await tx.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
                else:
                    arguments = f"({', '.join(map(literal, values))})" if values else ""
                    await tx.execute_script(f"PREPARE page_{number} AS {sql}")
                    [row] = await tx.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page_{number} {arguments}")
                rows, node = most_rows(json.loads(row[0])[0]["Plan"])
                found.append((f"{mode}, {sort}, {number}: {sql}", rows, node))
            for number in range(len(asked) if mode != "auto" else 0):
                await tx.execute_script(f"DEALLOCATE page_{number}")
    return found


async def test_a_page_reads_so_many_rows_and_no_more(skewed: cm.User) -> None:
    for name in QUERIES.keys() - set(COMMON):
        found = await plans(name)
        assert len(found) >= (4 if "rare" in name or "not there" in name else 6)
        for what, rows, node in found:
            assert rows <= BOUND, f"{name}, {what}: {rows} rows by {node}"


@pytest.mark.parametrize("name", COMMON)
async def test_a_page_with_a_common_word_reads_so_many_rows_and_no_more(skewed: cm.User, name: str) -> None:
    for what, rows, node in await plans(name):
        assert rows <= BOUND, f"{name}, {what}: {rows} rows by {node}"


async def test_the_owner_costs_no_further_statement(skewed: cm.User) -> None:
    for query in (public(), public().tagged(any_of=["dead"]), public().search("zeppelin")):
        await query.page()
        with statements() as plain:
            await query.page(5)
        with statements() as joined:
            page = await query.select_related("user").page(5)
            assert {character.user.email for character in page} <= {skewed.email, "lonely@example.com"}
        assert len(plain) == len(joined) == 1
    with statements() as seen:
        page = await public().search("zeppelin").select_related("user").page(5, sort="relevance")
        assert all(character.user.name for character in page)
    assert len(seen) == 2


async def test_the_document_is_never_read_back(skewed: cm.User) -> None:
    """No row that comes back holds a tsvector, nor any column of the search."""
    async with cm.transaction() as tx:
        for make, sorts in QUERIES.values():
            for sort in sorts:
                for sql, _ in await sent(tx, make(), sort):
                    columns = {attribute.name for attribute in (await tx._connection.prepare(sql)).get_attributes()}
                    types = {attribute.type.name for attribute in (await tx._connection.prepare(sql)).get_attributes()}
                    assert not columns & {"document", "content"}
                    assert "tsvector" not in types
