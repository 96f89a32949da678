"""What one borrower does to a session, the next does not see; and plain work is not made to pay for that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

import charmodels as cm
from tests import factories
from tests.proxy import settings

SCHEMA = """
CREATE SEQUENCE numbers;
CREATE SCHEMA app;
CREATE FUNCTION remember() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.secret', 'x', false) $$;
CREATE FUNCTION app.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.secret', $1, false) $$;
CREATE FUNCTION "LOWER"(text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.secret', $1, false) $$;
CREATE FUNCTION é() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.secret', 'x', false) $$;
CREATE PROCEDURE remember_in_a_procedure() LANGUAGE plpgsql AS $$ BEGIN SET work_mem = '65MB'; END $$;
"""

STATEMENTS = {
    "SET": "SET work_mem = '65MB'",
    "SET SESSION": "SET SESSION statement_timeout = '5min'",
    "SET of an own name": "SET app.secret = 'x'",
    "SET search_path": "SET search_path = app",
    "SET TIME ZONE": "SET TIME ZONE 'Asia/Tokyo'",
    "SET ROLE": "SET ROLE pg_monitor",
    "SET SESSION AUTHORIZATION": "SET SESSION AUTHORIZATION pg_monitor",
    "SET SESSION CHARACTERISTICS": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "set_config": "SELECT set_config('work_mem', '65MB', false)",
    "set_config in quotes": "SELECT \"set_config\"('work_mem', '65MB', false)",
    "set_config behind a comment": "SELECT set_config /* ( */ ('work_mem', '65MB', false)",
    "set_config in Unicode": "SELECT U&\"set!005fconfig\" UESCAPE '!' ('work_mem', '65MB', false)",
    "set_config in a condition": "SELECT 1 WHERE set_config('work_mem', '65MB', false) IS NULL",
    "function": "SELECT remember()",
    "function with a harmless name": "SELECT app.lower('x')",
    "function with a harmless name in capitals": "SELECT \"LOWER\"('x')",
    "function with a foreign name": "SELECT é()",
    "procedure": "CALL remember_in_a_procedure()",
    "DO": "DO $x$ BEGIN PERFORM set_config('app.secret', 'x', false); END $x$",
    "comment first": "/* SELECT 1 */ SET work_mem = '65MB'",
    "comment line first": "-- SELECT 1;\nSET work_mem = '65MB'",
    "LISTEN": "LISTEN channel",
    "advisory lock": "SELECT pg_advisory_lock(7)",
    "shared advisory lock": "SELECT pg_try_advisory_lock_shared(7)",
    "TEMP TABLE": "CREATE TEMP TABLE scratch (id int)",
    "TEMP TABLE AS": "CREATE TEMP TABLE scratch AS SELECT 1 AS id",
    "SELECT INTO TEMP": "SELECT 1 AS id INTO TEMP scratch",
    "TEMP VIEW": "CREATE TEMP VIEW scratch AS SELECT 1 AS id",
    "WITH HOLD": "DECLARE walk CURSOR WITH HOLD FOR SELECT 1",
    "PREPARE": "PREPARE plan AS SELECT 1",
    "sequence": "SELECT nextval('numbers')",
}

SCRIPTS = {
    "harmless first": "SELECT 1; SET work_mem = '65MB'",
    "transaction first": "BEGIN; SELECT 1; COMMIT; SET work_mem = '65MB'",
    "SET in a transaction": "BEGIN; SET work_mem = '65MB'; COMMIT",
    "open transaction": "BEGIN; SELECT 1",
    "open transaction with SET": "BEGIN; SET work_mem = '65MB'; CREATE TEMP TABLE scratch (id int)",
    "failed transaction": "BEGIN; SELECT pg_advisory_lock(7); SELECT 1 / 0",
    "all at once": "; ".join(
        STATEMENTS[name]
        for name in ("SET", "LISTEN", "advisory lock", "TEMP TABLE", "WITH HOLD", "PREPARE", "SET ROLE")
    ),
}

TRACES = {
    "settings": "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY 1",
    "own setting": "SELECT nullif(current_setting('app.secret', true), '')",
    "roles": "SELECT current_user, session_user",
    "channels": "SELECT * FROM pg_listening_channels()",
    "locks": "SELECT mode, objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    "temporary": "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()",
    "cursors": "SELECT name FROM pg_cursors WHERE is_holdable",
    "plans": "SELECT name FROM pg_prepared_statements WHERE from_sql",
}


async def traces(db: cm.Database) -> dict[str, Any]:
    """What a session shows of what was done to it. Reading it resets the session on release."""
    async with db.acquire() as connection:
        assert not connection.is_in_transaction()
        found: dict[str, Any] = {name: await connection.fetch(query) for name, query in TRACES.items()}
        try:
            found["last number"] = await connection.fetchval("SELECT lastval()")
        except asyncpg.ObjectNotInPrerequisiteStateError:
            found["last number"] = None
    return found


async def raw_execute(db: cm.Database, statement: str) -> None:
    async with db.acquire() as connection:
        await connection.execute(statement)


async def raw_fetch(db: cm.Database, statement: str) -> None:
    async with db.acquire() as connection:
        await connection.fetch(statement)


async def raw_prepare(db: cm.Database, statement: str) -> None:
    async with db.acquire() as connection:
        await (await connection.prepare(statement)).fetch()


async def raw_open_transaction(db: cm.Database, statement: str) -> None:
    async with db.acquire() as connection:
        await connection.transaction().start()
        await connection.execute(statement)


async def execute_query(db: cm.Database, statement: str) -> None:
    await connections.get("default").execute_query(statement)


async def execute_query_dict(db: cm.Database, statement: str) -> None:
    await db.client.execute_query_dict(statement)


async def execute_script(db: cm.Database, statement: str) -> None:
    await connections.get("default").execute_script(statement)


async def committed(db: cm.Database, statement: str) -> None:
    async with cm.transaction() as tx:
        await tx.execute_script(statement)


async def nested(db: cm.Database, statement: str) -> None:
    async with cm.transaction(), cm.transaction() as tx:
        await tx.fetch(statement)


async def rolled_back(db: cm.Database, statement: str) -> None:
    with pytest.raises(KeyError):
        async with in_transaction() as tx:
            await tx.execute_query(statement)
            raise KeyError


SIMPLE = (raw_execute, execute_script)
WAYS: tuple[Callable[[cm.Database, str], Awaitable[None]], ...] = (
    *SIMPLE,
    raw_fetch,
    raw_prepare,
    raw_open_transaction,
    execute_query,
    execute_query_dict,
    committed,
    nested,
    rolled_back,
)


async def test_a_statement_leaves_no_trace(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        await db.client.execute_script(SCHEMA)
        fresh = await traces(db)
        for name, statement in STATEMENTS.items():
            for way in WAYS:
                await way(db, statement)
                assert await traces(db) == fresh, f"{name} by {way.__name__}"


async def test_a_script_leaves_no_trace(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        fresh = await traces(db)
        for name, script in SCRIPTS.items():
            for way in SIMPLE:
                try:
                    await way(db, script)
                except cm.CharmodelsError:
                    assert name == "failed transaction"
                assert await traces(db) == fresh, f"{name} by {way.__name__}"


async def test_the_statements_leave_traces_where_nobody_resets(url: str) -> None:
    """Or the tests above would prove nothing."""
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        await db.client.execute_script(SCHEMA)
        fresh = await traces(db)
    for name, statement in {**STATEMENTS, "all at once": SCRIPTS["all at once"]}.items():
        async with cm.connect(settings(url, db_pool_max=1)) as db, db.acquire() as connection:
            await connection.execute(statement)
            found: dict[str, Any] = {key: await connection.fetch(query) for key, query in TRACES.items()}
            assert name == "sequence" or any(found[key] != fresh[key] for key in found), name


async def test_a_session_stays_fresh_after_a_statement_that_failed(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        fresh = await traces(db)
        with pytest.raises(cm.InvalidInput):
            await db.client.execute_query_dict("SELECT set_config('app.secret', 'x', false), 1 / ($1::int)", [0])
        with pytest.raises(cm.DatabaseError):
            await db.client.execute_script("SET app.secret = 'x'; SELECT missing")
        assert await traces(db) == fresh


async def test_always_resets_when_told_so(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1, db_pool_reset="always")) as db:
        statements = await record(db)
        await cm.User.objects.count()
        assert "RESET ALL" in await seen(db, statements)


async def record(db: cm.Database) -> list[str]:
    """Keep the text of every statement of a pool of one."""
    statements: list[str] = []

    def keep(query: Any) -> None:
        statements.append(query.query)

    async with db.acquire() as connection:
        connection.add_query_logger(keep)
    return statements


async def seen(db: cm.Database, statements: list[str]) -> str:
    """Everything so far: asyncpg tells its loggers in the order of the statements, a turn of the loop later."""
    async with db.acquire() as connection:
        await connection.execute("SELECT 'the end'")
    return "\n".join(statements)


async def test_models_pay_for_no_reset(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        statements = await record(db)
        user = await factories.user()
        character = await factories.character(user, tags=["hero"])
        user.name = "Ada"
        await user.save()
        await character.publish()
        await cm.Character.objects.filter(user_id=user.id, is_public=True).order_by("-created_at", "-id").limit(20)
        await cm.Character.objects.filter(tags__contains=["hero"]).prefetch_related("user").first()
        await cm.Character.objects.filter(prompt__icontains="knight").select_related("user").count()
        await cm.User.objects.filter(id=user.id).update(name="Grace")
        await cm.User.objects.all().values_list("id", flat=True)
        await cm.Character.bulk_create([cm.Character(user_id=user.id, prompt="A knight") for _ in range(3)])
        await cm.User.get_or_create(email="eve@example.com")
        async with cm.transaction(actor=user.id, request_id="1"):
            await factories.generation(user)
            async with cm.transaction():
                await cm.Generation.objects.filter(user_id=user.id).exists()
        async with in_transaction():
            await cm.User.objects.filter(id=user.id).select_for_update().get()
        await user.delete()
        text = await seen(db, statements)
        assert "RESET ALL" not in text
        assert "INSERT INTO" in text
        assert "charmodels.actor" in text


async def test_a_session_is_reset_once_and_then_left_alone(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        statements = await record(db)
        await raw_execute(db, "SET work_mem = '65MB'")
        await cm.User.objects.count()
        await cm.User.objects.count()
        assert (await seen(db, statements)).count("RESET ALL") == 1
