"""Each index has a query that it is there for."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from asyncpg import Connection
from asyncpg.pool import PoolConnectionProxy

import charmodels as cm
from charmodels.sql import statement
from tests.migration import catalog

pytestmark = pytest.mark.plans

FILL = """
    INSERT INTO users (email, auth0_id, name)
        SELECT 'u' || n || '@example.com', 'auth0|' || n, 'User ' || n FROM generate_series(1, 500) n;
    INSERT INTO tag_aliases (alias, tag) SELECT 'alias' || n, 'tag' || n FROM generate_series(1, 500) n;
    INSERT INTO character_templates (name, prompt, style_type)
        SELECT 'Template ' || n, 'A knight', 'FANTASY' FROM generate_series(1, 500) n;
    INSERT INTO characters (user_id, prompt, tags, is_public, generation_status, template_id, created_at)
        SELECT u.id, 'A knight', ARRAY['tag' || (n % 400)], n % 5 < 2, 'COMPLETED',
               CASE WHEN n % 100 = 0 THEN (SELECT id FROM character_templates LIMIT 1) END,
               now() - n * interval '1 minute'
        FROM generate_series(1, 40) n, users u;
    INSERT INTO tag_totals (style_type, tag, count)
        SELECT '', md5(n::text), n FROM generate_series(1, 20000) n;
    INSERT INTO generations (user_id, prompt, style_type, key, character_id, provider_request_id)
        SELECT c.user_id, 'A knight', 'FANTASY', 'k' || row_number() OVER (), c.id, 'p' || row_number() OVER ()
        FROM characters c LIMIT 5000;
    INSERT INTO generation_jobs (generation_id, user_id, attempt_token, lease_expires_at, delayed_until)
        SELECT id, user_id, CASE WHEN n % 2 = 0 THEN id END, CASE WHEN n % 2 = 0 THEN now() + n * interval '1 s' END,
               CASE WHEN n % 3 = 0 THEN now() + n * interval '1 s' END
        FROM (SELECT id, user_id, row_number() OVER () AS n FROM generations) numbered;
    INSERT INTO quota_holds (user_id, amount, quota_day, expires_at)
        SELECT id, 1, current_date, now() + (n - 5) * interval '1 h' FROM users, generate_series(1, 10) n;
    INSERT INTO quota_ledger (user_id, kind, amount, quota_day, hold_id, key)
        SELECT id, 'HOLD', 1, current_date, gen_random_uuid(), 'k' || n FROM users, generate_series(1, 10) n;
    INSERT INTO quota_ledger (user_id, kind, amount, quota_day, hold_id)
        SELECT user_id, 'COMMIT', 1, current_date, hold_id FROM quota_ledger;
    INSERT INTO quota_grants (user_id, amount, key, expires_at)
        SELECT id, 1, 'k' || n, now() + (n - 5) * interval '1 h' FROM users, generate_series(1, 10) n;
    INSERT INTO audit_entries (user_id, table_name, object_id, action, actor, created_at)
        SELECT id, 'users', id, 'UPDATE', 'actor' || n, now() - n * interval '1 day'
        FROM users, generate_series(1, 60) n;
    ANALYZE;
"""

USER = "(SELECT id FROM users LIMIT 1)"
QUERIES = {
    "users_email_key": "SELECT * FROM users WHERE lower(email) = 'u7@example.com'",
    "users_auth0_id_key": "SELECT * FROM users WHERE auth0_id = 'auth0|7'",
    "character_templates_name_key": "SELECT * FROM character_templates WHERE name = 'Template 7'",
    "characters_owner": f"SELECT * FROM characters WHERE user_id = {USER} ORDER BY created_at DESC, id DESC LIMIT 20",
    "characters_gallery": "gallery",
    "characters_style": "style",
    "gallery_entries_newest": "SELECT * FROM gallery_entries ORDER BY created_at DESC, character_id DESC LIMIT 20",
    "gallery_entries_owner": f"""
        SELECT * FROM gallery_entries WHERE user_id = {USER} ORDER BY created_at DESC, character_id DESC LIMIT 20""",
    "gallery_entries_tags": "SELECT * FROM gallery_entries WHERE tags @> '{tag7}'",
    "gallery_entries_document": "SELECT * FROM gallery_entries WHERE document @@ 'tag7'::tsquery",
    "gallery_entries_content": "SELECT * FROM gallery_entries WHERE content LIKE '%night%'",
    "tag_aliases_tag": "SELECT * FROM tag_aliases WHERE tag = 'tag7'",
    "tag_totals_style_type_tag_key": "SELECT * FROM tag_totals WHERE style_type = '' AND tag LIKE 'tag7%'",
    "tag_totals_popular": "SELECT * FROM tag_totals WHERE style_type = '' ORDER BY count DESC, tag LIMIT 20",
    "tag_totals_similar": "SELECT * FROM tag_totals WHERE style_type = '' AND tag % 'tog7'",
    "users_name": "SELECT * FROM users WHERE lower(name) = 'user 7'",
    "characters_template": "SELECT * FROM characters WHERE template_id = (SELECT id FROM character_templates LIMIT 1)",
    "generations_owner": f"SELECT * FROM generations WHERE user_id = {USER} ORDER BY created_at DESC, id DESC LIMIT 20",
    "generations_user_id_key_key": f"SELECT * FROM generations WHERE user_id = {USER} AND key = 'k7'",
    "generations_character": "SELECT * FROM generations WHERE character_id = (SELECT id FROM characters LIMIT 1)",
    "generation_jobs_waiting": """
        SELECT * FROM generation_jobs WHERE attempt_token IS NULL AND delayed_until IS NULL
        ORDER BY turn_at, generation_id LIMIT 8""",
    "generation_jobs_delayed": """
        SELECT * FROM generation_jobs WHERE attempt_token IS NULL AND delayed_until <= now()""",
    "generation_jobs_leased": """
        SELECT * FROM generation_jobs WHERE attempt_token IS NOT NULL AND lease_expires_at < now()""",
    "generation_jobs_owner": f"""
        SELECT * FROM generation_jobs WHERE user_id = {USER} AND attempt_token IS NULL ORDER BY turn_at DESC LIMIT 1""",
    "generations_history": "SELECT * FROM generations WHERE created_at < now() ORDER BY created_at, id LIMIT 20",
    "provider_requests_generation": """
        SELECT * FROM provider_requests WHERE generation_id = (SELECT id FROM generations LIMIT 1)""",
    "provider_requests_owner": f"SELECT * FROM provider_requests WHERE user_id = {USER}",
    "quota_holds_owner": f"""
        SELECT * FROM quota_holds WHERE user_id = {USER} AND expires_at < now() + interval '5 minutes'""",
    "quota_holds_expiry": "SELECT * FROM quota_holds WHERE expires_at < now() ORDER BY expires_at LIMIT 100",
    "quota_grants_owner": f"""
        SELECT * FROM quota_grants WHERE user_id = {USER} AND (expires_at IS NULL OR expires_at > now())""",
    "quota_grants_user_id_key_key": f"SELECT * FROM quota_grants WHERE user_id = {USER} AND key = 'k7'",
    "quota_ledger_owner": f"SELECT * FROM quota_ledger WHERE user_id = {USER} ORDER BY created_at, id LIMIT 20",
    "quota_ledger_user_id_key_key": f"""
        SELECT * FROM quota_ledger WHERE user_id = {USER} AND key = 'k7' AND kind = 'HOLD'""",
    "quota_ledger_closed_once": f"""
        SELECT * FROM quota_ledger
        WHERE user_id = {USER} AND hold_id = {USER} AND kind IN ('COMMIT', 'RELEASE', 'EXPIRE')""",
    "audit_entries_object": f"""
        SELECT * FROM audit_entries WHERE object_id = {USER} ORDER BY created_at DESC, id DESC LIMIT 20""",
    "audit_entries_actor": """
        SELECT * FROM audit_entries WHERE actor = 'actor7' ORDER BY created_at DESC, id DESC LIMIT 20""",
    "audit_entries_owner": f"""
        SELECT * FROM audit_entries WHERE user_id = {USER} ORDER BY created_at DESC, id DESC LIMIT 20""",
    "audit_entries_time": "SELECT * FROM audit_entries ORDER BY created_at DESC, id DESC LIMIT 20",
}


async def plan(connection: Connection[Any] | PoolConnectionProxy[Any], query: str) -> str:
    return str(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}"))


def indexes(found: str) -> set[str]:
    used = set()

    def walk(node: dict[str, Any]) -> None:
        used.add(node.get("Index Name", ""))
        for child in node.get("Plans", ()):
            walk(child)

    walk(json.loads(found)[0]["Plan"])
    return used


async def test_every_index_serves_its_query(db: cm.Database) -> None:
    texts = {
        **QUERIES,
        "characters_gallery": cm.Character.objects.public().newest().limit(20).sql(params_inline=True),
        "characters_style": cm.Character.objects.public().styled("ANIME").newest().limit(20).sql(params_inline=True),
    }
    async with db.acquire() as connection:
        await connection.execute(FILL)
        await connection.execute("SET enable_seqscan = off")  # a table this small is faster read whole
        for name, query in texts.items():
            found = await plan(connection, query)
            assert name in indexes(found), f"{query}\n{found}"


async def test_no_index_is_without_a_query(url: str) -> None:
    declared = {str(name) for _, name, _ in (await catalog.read(url))["indexes"]}
    assert {name for name in declared if not name.endswith("_pkey")} == set(QUERIES)


async def test_the_gallery_keeps_its_index_under_a_generic_plan(db: cm.Database) -> None:
    sql = cm.Character.objects.public().newest().limit(20).sql()
    async with db.acquire() as connection:
        await connection.execute(FILL)
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE page (bigint) AS {sql}")
        assert "characters_gallery" in indexes(await plan(connection, "EXECUTE page (20)"))


async def test_deleting_a_row_finds_those_that_refer_to_it_by_index(db: cm.Database) -> None:
    """Without an index on the referring column, each delete reads the whole table."""
    async with db.acquire() as connection:
        rows = await connection.fetch(
            """
            SELECT c.conname, c.conrelid::regclass::text AS referring, a.attname,
                   EXISTS (
                       SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
                   ) AS indexed
            FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            WHERE c.contype = 'f'
            """
        )
    assert [row["conname"] for row in rows if not row["indexed"]] == []
    assert len(rows) >= 10


async def test_where_users_stand_is_read_by_index(db: cm.Database) -> None:
    async with db.acquire() as connection:
        await connection.execute(FILL)
        await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE standing (uuid[], jsonb, timestamptz) AS {statement('quota_status')}")
        found = await plan(connection, "EXECUTE standing (ARRAY[gen_random_uuid()], '{}', NULL)")
    assert "Seq Scan" not in found
    assert {"user_quotas_pkey", "users_pkey", "quota_holds_owner", "quota_grants_owner"} <= indexes(found)


async def test_a_sweep_reads_no_further_than_it_must(db: cm.Database) -> None:
    async with db.acquire() as connection:
        await connection.execute(FILL)
        await connection.execute("SELECT pg_stat_force_next_flush()")  # what was read so far is not to be counted
    async with cm.transaction() as tx:
        await tx.execute_script("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
        [row] = await tx.fetch("SELECT charmodels_expire_holds(1, now() + interval '6 hours') AS expired")
        [read] = await tx.fetch("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'quota_holds'")
    assert row["expired"] == 10
    assert read["idx_tup_fetch"] < 100  # of 5000 that are overdue


async def test_the_verbs_of_the_quota_read_by_index(db: cm.Database) -> None:
    """EXPLAIN does not see into functions; how often each table was read whole is counted all the same."""
    async with db.acquire() as connection:
        await connection.execute(FILL.replace("(n - 5)", "n"))  # what would run out, no counter has counted
        await connection.execute("SELECT pg_stat_force_next_flush()")  # what was read so far is not to be counted
    ada = await cm.User.objects.get_by_email("u7@example.com")
    reserve = cm.User.objects.reserve_quota
    async with cm.transaction() as tx:
        await tx.execute_script("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
        await cm.User.objects.quotas([ada.id])
        for key in (None, "new", "new"):
            await (await reserve(ada.id, key=key)).commit()
        await (await reserve(ada.id, 5)).release()  # out of grants
        await (await reserve(ada.id, 1, expires_in=timedelta(microseconds=1))).commit()
        with pytest.raises(cm.QuotaExceeded):
            await reserve(ada.id, 1000)
        await cm.User.objects.grant_quota(ada.id, 1, key="new")
        await ada.subscribe(cm.SubscriptionTier.PRO)
        await cm.QuotaHold.objects.expire()
        rows = await tx.fetch("SELECT relname, seq_scan, idx_scan FROM pg_stat_xact_user_tables")
    scans = {row["relname"]: (row["seq_scan"], row["idx_scan"] or 0) for row in rows}
    tables = {"users", "user_quotas", "quota_holds", "quota_ledger", "quota_grants"}
    assert {table for table in tables if scans[table][0] > 0} == set()
    assert {table for table in tables if scans[table][1] == 0} == set()
