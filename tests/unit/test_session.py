"""Which statements leave a session alone: what is not certainly harmless counts as harmful."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import charmodels.sql
from charmodels.backend.session import _HARMLESS, SET_TRANSACTION_CONTEXT, leaves_session_alone
from charmodels.sql.binding import bind

HARMLESS = [
    "SELECT 1",
    "  select 1 ;  ",
    'SELECT "id", "name" FROM "users" WHERE lower("email") = $1',
    'SELECT COUNT(*) FROM "characters" WHERE "tags" && ARRAY[$1]::text[]',
    'SELECT "user_id", count(*) FILTER (WHERE "is_public") FROM "characters" GROUP BY "user_id" HAVING count(*) > 1',
    "SELECT current_setting('charmodels.actor', true)",
    "SELECT 'LISTEN channel; SET ROLE admin'",
    "SELECT 'it''s', 'set_config(1)'",
    "SELECT 'a -- comment', 'a /* comment'",
    'SELECT 1 AS "set_config"',
    'SELECT 1 AS "an; odd -- name"',
    "SELECT pg_advisory_xact_lock($1)",
    "SELECT pg_notify('channel', $1)",
    'SELECT * FROM "generation_jobs" ORDER BY "priority" LIMIT 8 FOR UPDATE SKIP LOCKED',
    'INSERT INTO "users" ("id", "email") VALUES ($1, $2) RETURNING "created_at"',
    "INSERT INTO users (id) SELECT gen_random_uuid()",
    'INSERT INTO "public"."users" ("id") VALUES ($1) ON CONFLICT ("id") DO UPDATE SET "name" = EXCLUDED."name"',
    'UPDATE "users" SET "name" = $1 WHERE "id" = $2 RETURNING "updated_at"',
    'DELETE FROM "users" WHERE "id" IN ($1, $2)',
    'WITH found AS (SELECT "id" FROM "users" LIMIT 1) UPDATE "users" SET "name" = $1 FROM found WHERE true',
    "SELECT pg_catalog.lower('x')",
    "VALUES (1), (2)",
    "BEGIN",
    "BEGIN;",
    "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;",
    "COMMIT;",
    "ROLLBACK;",
    "SAVEPOINT __asyncpg_savepoint_1__;",
    "RELEASE SAVEPOINT __asyncpg_savepoint_1__;",
    "ROLLBACK TO __asyncpg_savepoint_1__;",
    SET_TRANSACTION_CONTEXT,
]

HARMFUL = [
    "SET work_mem = '64MB'",
    "set  session work_mem to default",
    "SET ROLE admin",
    "SET SESSION AUTHORIZATION admin",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SELECT set_config('work_mem', '64MB', false)",
    "SELECT SET_CONFIG ('work_mem', '64MB', false)",
    "SELECT pg_catalog.set_config('work_mem', '64MB', false)",
    "SELECT \"set_config\"('work_mem', '64MB', false)",
    "SELECT \"pg_catalog\".\"set_config\"\n('work_mem', '64MB', false)",
    "SELECT set_config/**/('work_mem', '64MB', false)",
    "SELECT set_config -- why\n('work_mem', '64MB', false)",
    "SELECT U&\"set\\005fconfig\"('work_mem', '64MB', false)",
    "SELECT U&\"set!005fconfig\" UESCAPE '!' ('work_mem', '64MB', false)",
    "SELECT * FROM set_config('work_mem', '64MB', false)",
    "SELECT set_config('charmodels.actor', $1, true), set_config('charmodels.request_id', $2, false)",
    "SELECT 1 WHERE set_config('work_mem', '64MB', false) = 'x'",
    "SELECT '\\', set_config('work_mem', '64MB', false), '\\'",
    "SELECT E'\\'', set_config('work_mem', '64MB', false)",
    "SELECT 1 /* ' */, set_config('work_mem', '64MB', false) /* ' */",
    "SELECT 1 -- '\n, set_config('work_mem', '64MB', false) -- '",
    "SELECT $$x$$, set_config('work_mem', '64MB', false)",
    "SELECT $a$'$a$, set_config('work_mem', '64MB', false), $a$'$a$",
    "SELECT 1; SET ROLE admin",
    "SELECT 1; SELECT set_config('work_mem', '64MB', false)",
    "BEGIN; SET ROLE admin; COMMIT",
    "COMMIT AND CHAIN; SET ROLE admin",
    "BEGIN\n;\nSET ROLE admin",
    "/* SELECT */ SET ROLE admin",
    "-- SELECT\nSET ROLE admin",
    "LISTEN channel",
    "UNLISTEN channel",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock_shared(1)",
    "SELECT nextval('numbers')",
    "SELECT setval('numbers', 1)",
    "SELECT setseed(0.5)",
    "CREATE TEMP TABLE scratch (id int)",
    "CREATE TEMPORARY VIEW scratch AS SELECT 1",
    "SELECT 1 AS id INTO TEMP scratch",
    "SELECT 1 AS id INTO scratch",
    "WITH found AS (SELECT 1 AS id) SELECT id INTO TEMPORARY scratch FROM found",
    "DECLARE walk CURSOR WITH HOLD FOR SELECT 1",
    "PREPARE plan AS SELECT 1",
    "EXECUTE plan",
    "DEALLOCATE ALL",
    "DISCARD ALL",
    "DO 'BEGIN PERFORM 1; END'",
    "CALL procedure()",
    "LOAD 'auto_explain'",
    "EXPLAIN ANALYZE SELECT set_config('work_mem', '64MB', false)",
    "COPY scratch FROM STDIN",
    "MERGE INTO users USING other ON true WHEN MATCHED THEN DELETE",
    "LOCK TABLE users",
    "SELECT dblink_connect('x')",
    "SELECT unknown_function(1)",
    # A function of the user's may share its name, but not its schema or its capitals, with a harmless one.
    "SELECT app.lower('x')",
    'SELECT "app" . "lower"(\'x\')',
    "SELECT \"LOWER\"('x')",
    "SELECT é()",
    "SELECT éabs()",
    "SELECT 🙂()",
    "SELECT lower\N{NO-BREAK SPACE}(1)",
    "SELECT a$lower(1)",
    "",
    ";",
]


@pytest.mark.parametrize("statement", HARMLESS)
def test_harmless(statement: str) -> None:
    assert leaves_session_alone(statement)


@pytest.mark.parametrize("statement", HARMFUL)
def test_harmful(statement: str) -> None:
    assert not leaves_session_alone(statement)


class Anything(dict[str, Any]):
    """A value for every name."""

    def __missing__(self, name: str) -> None:
        return None


PARTS = {
    "chosen": 'SELECT "id" FROM "users" WHERE lower("email")=lower($1)',
    "columns": '"id"',
    "table": '"characters"',
    "key": '"id"',
    "tags": '"tags"',
    "kept": "",
    "direction": "DESC",
    "tagged": "NULL::bigint",
    "is_whole": "false",
    "found": "SELECT e.created_at, e.character_id FROM gallery_entries AS e",
    "query": "(SELECT websearch_to_tsquery(charmodels_search_config(), $1::text))",
    **dict.fromkeys(("range", "after", "after_found", "conditions"), "true"),
    **dict.fromkeys(("given", "document", "text"), "$1"),
}


@pytest.mark.parametrize("name", sorted(path.stem for path in Path(charmodels.sql.__file__).parent.glob("*.sql")))
def test_our_own_statements_leave_the_session_alone(name: str) -> None:
    assert leaves_session_alone(bind(name, Anything(), parts=PARTS, bound=["ada@example.com"]).sql)


QUERIES = [
    "SELECT {} FROM users",
    "SELECT id, lower(name), {} FROM users",
    "SELECT 'a string', {} AS \"a name\" FROM users",
    "SELECT id FROM users WHERE name = 'it''s' AND {} IS NOT NULL",
    "SELECT id FROM users JOIN characters ON {} IS NULL",
    "SELECT id FROM users, {}",
    "SELECT id FROM users ORDER BY {} DESC LIMIT 1",
    "SELECT id FROM users OFFSET {}",
    "SELECT count(*) FILTER (WHERE {} > 1) OVER (PARTITION BY id) FROM users",
    "INSERT INTO users (id) VALUES ({}) RETURNING id",
    "INSERT INTO users (id) SELECT {} ON CONFLICT DO NOTHING",
    "UPDATE users SET name = {} WHERE id = $1",
    "DELETE FROM users WHERE id = $1 RETURNING {}",
    "WITH found AS (SELECT {}) SELECT * FROM found",
    "VALUES (1, {})",
]
NAMES = ["set_config", "SET_CONFIG", '"set_config"', "pg_catalog.set_config", "pg_advisory_lock", "nextval", "mine"]
SPACES = ["", " ", "\n\t", "/**/", "/* a 'quote */", "-- a 'quote\n", "/* /* nested */ */"]


@given(st.sampled_from(QUERIES), st.sampled_from(NAMES), st.sampled_from(SPACES), st.sampled_from(SPACES))
def test_a_harmful_call_is_found_wherever_it_stands(query: str, name: str, before: str, after: str) -> None:
    assert not leaves_session_alone(query.format(f"{before}{name}{after}('a', $2, false)"))


@given(st.sampled_from(QUERIES), st.text(alphabet=st.characters(exclude_characters="\0"), min_size=1))
def test_a_name_in_quotes_is_taken_as_it_is(query: str, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    assert leaves_session_alone(query.format(f"{quoted}(1)")) <= (name in _HARMLESS)


@given(st.sampled_from(QUERIES), st.text(alphabet=st.characters(exclude_characters="\0'\\$")))
def test_a_string_may_hold_anything(query: str, text: str) -> None:
    assert leaves_session_alone(query.format(f"lower('{text}')"))


@given(st.text())
def test_any_text_has_an_answer(statement: str) -> None:
    assert leaves_session_alone(f"SET a = '{statement}'") is False
