"""The statements about tags read by index, however many tags there are."""

from __future__ import annotations

import json
from typing import Any

import pytest

import charmodels as cm
from charmodels import limits
from charmodels.querysets.conditions import HasTags
from charmodels.querysets.gallery import GalleryQuery, PageKeys, placing
from charmodels.querysets.tag_counts import _SUGGESTED
from charmodels.sql.binding import Fragment, bind
from tests.gallery_counts import execute
from tests.integration.test_plans import indexes

pytestmark = pytest.mark.plans

FILL = """
    INSERT INTO users (email) SELECT 'u' || n || '@example.com' FROM generate_series(1, 20) n;
    INSERT INTO characters (user_id, prompt, tags, is_public, generation_status, created_at)
        SELECT u.id, 'A knight', ARRAY['common', 'tag' || n], n % 2 = 0, 'COMPLETED', now() - n * interval '1 minute'
        FROM generate_series(1, 200) n, users u;
    INSERT INTO tag_totals (style_type, tag, count)
        SELECT style, md5(n::text), 1 + 100000 / n
        FROM generate_series(1, 100000) n, unnest('{"",ANIME}'::text[]) style;
"""


@pytest.fixture
async def filled(db: cm.Database) -> cm.Database:
    await execute(db, FILL)
    await cm.Character.objects.fold_tag_counts()
    async with db.acquire() as connection:
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("SELECT pg_stat_force_next_flush()")  # what was read so far is not to be counted
    return db


def suggesting(prefix: str) -> Fragment:
    return bind("suggest_tags", {"prefix": prefix, "last": prefix + "\U0010ffff" * 50, "most": 10}, parts=_SUGGESTED)


def relating(tag: str) -> Fragment:
    values: list[Any] = []
    place = placing(values)
    query = GalleryQuery([HasTags("tags", all_of=(tag,), resolves_aliases=True)])
    parts = {
        "chosen": PageKeys(query, "newest", None, limits.RELATED_CHARACTERS).write(place),
        "tag": f"charmodels_canonical_tags({place([tag])}::text[])",
    }
    return bind("related_tags", {"most": 10}, parts=parts, bound=values)


def literal(sql: str, values: list[Any]) -> str:
    """Put the values in, for EXPLAIN takes none of a prepared statement's."""
    for number in range(len(values), 0, -1):
        value = values[number - 1]
        written = "'{" + ",".join(value) + "}'" if isinstance(value, list) else f"'{value}'"
        sql = sql.replace(f"${number}", written)
    return sql


def whole_reads(found: str) -> set[str]:
    tables = set()

    def walk(node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan":
            tables.add(node["Relation Name"])
        for child in node.get("Plans", ()):
            walk(child)

    walk(json.loads(found)[0]["Plan"])
    return tables


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_totals_are_never_read_whole(filled: cm.Database, mode: str) -> None:
    popular = bind("popular_tags", {"style": "", "most": 20, "more": limits.SPARE_TOTALS})
    of_a_style = bind("popular_tags", {"style": "ANIME", "most": 20, "more": limits.SPARE_TOTALS})
    cases = [
        (popular, {"tag_totals_popular", "tag_totals_style_type_tag_key"}),
        (of_a_style, {"tag_totals_popular", "tag_totals_style_type_tag_key"}),
        (suggesting("ab"), {"tag_totals_popular", "tag_totals_style_type_tag_key"}),
        (relating("tag7"), {"gallery_entries_newest", "gallery_entries_tags", "gallery_entries_pkey"}),
        (relating("common"), {"gallery_entries_newest", "gallery_entries_tags", "gallery_entries_pkey"}),
    ]
    async with filled.acquire() as connection:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        for number, (query, expected) in enumerate(cases):
            await connection.execute(f"PREPARE asked{number} AS {query.sql}")
            values = ", ".join(literal(f"${n}", [*[""] * (n - 1), value]) for n, value in enumerate(query.values, 1))
            found = str(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{number} ({values})"))
            assert not whole_reads(found) & {"tag_totals", "gallery_entries", "characters"}, query.sql
            assert expected <= indexes(found), f"{query.sql}\n{found}"


async def test_what_the_verbs_read(filled: cm.Database) -> None:
    """EXPLAIN does not see into functions; how often each table was read whole is counted all the same."""
    async with cm.transaction() as tx:
        await cm.Character.objects.popular_tags()
        await cm.Character.objects.suggest_tags("ab")
        await cm.Character.objects.suggest_tags("c4ca4238a0b923820dcc509a6f75849")  # one letter short
        await cm.Character.objects.related_tags("tag8")
        await cm.Character.objects.related_tags("common")
        rows = await tx.fetch("SELECT relname, seq_scan FROM pg_stat_xact_user_tables")
    scans = {row["relname"]: row["seq_scan"] for row in rows}
    assert {table: scans[table] for table in ("tag_totals", "gallery_entries", "characters")} == {
        "tag_totals": 0,
        "gallery_entries": 0,
        "characters": 0,
    }


async def test_trigrams_are_not_looked_up_where_most_tags_have_them(db: cm.Database) -> None:
    """Most tags begin with "tag": a text that shares nothing else with them would find them all, to drop them again."""
    await execute(
        db,
        "INSERT INTO tag_totals (style_type, tag, count) "
        "SELECT '', 'tag' || lpad(n::text, 5, '0'), n FROM generate_series(1, 20000) n; ANALYZE tag_totals",
    )
    read = {}
    async with cm.transaction() as tx:
        for text in ("tagg", "tag-99", "tag12345x"):
            before = await fetched(tx)
            await cm.Character.objects.suggest_tags(text)
            read[text] = await fetched(tx) - before
    assert {text: number < 2000 for text, number in read.items()} == dict.fromkeys(read, True), read


async def fetched(tx: Any) -> int:
    """How many totals were fetched so far by the bitmap of an index."""
    [row] = await tx.fetch("SELECT pg_stat_get_xact_tuples_fetched('tag_totals'::regclass) AS number")
    number: int = row["number"]
    return number
