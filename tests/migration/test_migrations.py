from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import asyncpg
import pytest
from aerich.utils import decompress_dict, get_models_describe
from tortoise import Tortoise
from tortoise.utils import get_schema_sql

import charmodels as cm
from charmodels.models import GenerationJob, ProviderRequest
from tests import servers
from tests.migration import catalog

ROOT = Path(__file__).parents[2]
MODELS = [
    cm.User, cm.Character, cm.CharacterTemplate, cm.Generation, cm.AuditEntry,
    GenerationJob, ProviderRequest, cm.QuotaEntry, cm.QuotaGrant, cm.QuotaHold, cm.UserQuota,
]  # fmt: skip


def load(name: str) -> ModuleType:
    path = cm.migrations.location() / "charmodels" / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def in_aerichs_own_context(url: str, work: object) -> object:
    """Run with Tortoise initialised as Aerich does it: with Aerich's own model beside ours."""

    async def run() -> object:
        await Tortoise.init(config=cm.tortoise_config(url))
        try:
            return await work()  # type: ignore[operator]
        finally:
            await Tortoise.close_connections()

    return await asyncio.create_task(run())


async def test_a_migrated_database_equals_the_declared_one(url: str, empty_url: str) -> None:
    async def declare() -> None:
        client = Tortoise.get_connection("default")
        await client.execute_script(get_schema_sql(client, safe=False))

    await in_aerichs_own_context(empty_url, declare)
    assert await catalog.read(url) == await catalog.read(empty_url)


async def test_down_to_nothing_and_up_again(url: str) -> None:
    before = await catalog.read(url)
    undone = await cm.migrations.downgrade(url, version=0)
    assert undone == tuple(reversed(cm.migrations.versions()))
    assert await catalog.tables(url) == {"aerich"}
    found = await catalog.read(url)
    assert (found["functions"], found["views"]) == ([], [])
    assert await cm.migrations.upgrade(url) == cm.migrations.versions()
    assert await catalog.read(url) == before


async def test_upgrading_twice_does_nothing_the_second_time(empty_url: str) -> None:
    assert await cm.migrations.upgrade(empty_url) == cm.migrations.versions()
    before = await catalog.read(empty_url)
    assert await cm.migrations.upgrade(empty_url) == ()
    assert await catalog.read(empty_url) == before


async def test_of_two_at_once_one_works_and_the_other_waits(empty_url: str) -> None:
    done = await asyncio.gather(*(cm.migrations.upgrade(empty_url) for _ in range(3)))
    assert sorted(done) == [(), (), cm.migrations.versions()]


async def test_of_two_processes_at_once_one_works_and_the_other_waits(empty_url: str) -> None:
    code = "import asyncio, charmodels as cm; print(len(asyncio.run(cm.migrations.upgrade())))"

    async def migrate() -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code,
            cwd=ROOT, env={**os.environ, "DATABASE_URL": empty_url}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return int((await process.communicate())[0])

    assert sorted(await asyncio.gather(migrate(), migrate())) == [0, len(cm.migrations.versions())]


async def test_a_model_that_changed_without_a_migration_is_caught(url: str) -> None:
    async def describe() -> object:
        return get_models_describe("charmodels")

    declared = await in_aerichs_own_context(url, describe)
    migrated = decompress_dict(load(cm.migrations.versions()[-1]).MODELS_STATE)
    assert _plain(declared) == _plain(migrated), "write a migration: aerich migrate --name WHAT_CHANGED"


def _plain(state: object) -> object:
    """Aerich describes indexes as objects or as dicts, by where the description comes from.

    Relations seen from the other side follow from the foreign keys; other apps of this process add to them.
    """
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items() if not key.startswith("backward_")}
    if isinstance(state, list | tuple):
        return [_plain(value) for value in state]
    if hasattr(state, "describe"):
        return _index(state.describe())
    return state


def _index(described: dict[str, object]) -> dict[str, object]:
    return {key: described[key] for key in ("fields", "name", "type", "extra")}


async def test_status_tells_what_is_pending_and_what_is_unknown(empty_url: str) -> None:
    known = cm.migrations.versions()
    assert await cm.migrations.status(empty_url) == cm.MigrationStatus(applied=(), pending=known, unknown=())
    with pytest.raises(cm.MigrationsPending) as caught:
        await cm.migrations.require_current(empty_url)
    assert caught.value.pending == known
    await cm.migrations.upgrade(empty_url)
    assert (await cm.migrations.status(empty_url)).is_current
    await servers.execute(
        empty_url, "INSERT INTO aerich (version, app, content) VALUES ('999_later.py', 'charmodels', '{}')"
    )
    status = await cm.migrations.status(empty_url)
    assert (status.unknown, status.is_current) == (("999_later.py",), False)


async def test_status_of_the_open_database_needs_no_argument(db: cm.Database) -> None:
    assert (await cm.migrations.status()).is_current


async def test_migrating_leaves_the_open_database_as_it_was(db: cm.Database) -> None:
    assert await cm.migrations.downgrade(version=0) == tuple(reversed(cm.migrations.versions()))
    with pytest.raises(cm.MigrationsPending, match="table users is missing"):
        await cm.User.objects.count()
    assert await cm.migrations.upgrade() == cm.migrations.versions()
    assert (await cm.User.create(email="ada@example.com")).email == "ada@example.com"


async def test_undoing_what_is_not_applied_is_an_error_by_name(empty_url: str) -> None:
    await cm.migrations.upgrade(empty_url)
    with pytest.raises(cm.NotFound):
        await cm.migrations.downgrade(empty_url, version=999)


async def test_a_schema_of_its_own_is_made_and_used(empty_url: str) -> None:
    settings = cm.Settings(database_url=empty_url, db_schema='my "app"')
    await cm.migrations.upgrade(settings)
    assert await catalog.tables(empty_url) == set()
    async with cm.connect(settings) as database:
        await cm.User.create(email="ada@example.com")
        async with database.acquire() as connection:
            assert await connection.fetchval('SELECT count(*) FROM "my ""app""".user_quotas') == 1


async def test_a_failing_migration_leaves_nothing_and_names_the_reason(empty_url: str) -> None:
    await servers.execute(empty_url, "CREATE TABLE characters (id integer)")
    with pytest.raises(cm.DatabaseError, match="characters"):
        await cm.migrations.upgrade(empty_url)
    assert await catalog.tables(empty_url) <= {"characters", "aerich"}
    async with cm.connect(empty_url) as database, database.acquire() as connection:
        assert await connection.fetchval("SELECT pg_try_advisory_lock($1)", cm.migrations.LOCK)


def aerich(url: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "aerich", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


async def test_plain_aerich_works_from_a_checkout(empty_url: str) -> None:
    async def run(*arguments: str) -> str:
        return await asyncio.to_thread(aerich, empty_url, *arguments)

    names = cm.migrations.versions()
    upgraded, history = await run("upgrade"), await run("history")
    assert all(name in upgraded and name in history for name in names)
    assert "No upgrade items found" in await run("upgrade")
    assert names[-1] in await run("downgrade", "--yes")
    assert (await cm.migrations.status(empty_url)).pending == names[-1:]


async def test_every_rule_of_a_model_is_a_constraint_of_the_database(url: str) -> None:
    found = {name: definition for _, name, definition in (await catalog.read(url))["constraints"]}
    for model in MODELS:
        for check in getattr(model.Meta, "checks", ()):
            assert str(found[check.name]).startswith("CHECK")


async def test_every_row_that_belongs_to_a_user_says_whose_and_keeps_it(url: str) -> None:
    columns = (await catalog.read(url))["columns"]
    owned = {table for table, column, *_ in columns if column == "user_id"}
    assert owned >= {"characters", "generations", "generation_jobs", "quota_ledger", "quota_holds", "user_quotas"}
    nullable = {row[0] for row in columns if row[1] == "user_id" and not row[3]}
    assert nullable == {"audit_entries"}  # it outlives the user


async def test_sql_that_leaves_out_what_has_a_default_gets_it(url: str) -> None:
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        user = await connection.fetchrow("INSERT INTO users (email) VALUES ('ada@example.com') RETURNING *")
        character = await connection.fetchrow(
            "INSERT INTO characters (user_id, prompt) VALUES ($1, 'A knight') RETURNING *", user["id"]
        )
        generation = await connection.fetchrow(
            "INSERT INTO generations (user_id, prompt, style_type) VALUES ($1, 'A knight', 'ANIME') RETURNING *",
            user["id"],
        )
        quotas = await connection.fetch("SELECT * FROM user_quotas")
    finally:
        await connection.close()
    assert (user["subscription_tier"], user["timezone"]) == ("FREE", "UTC")
    assert (character["style_type"], character["generation_status"]) == ("REALISTIC", "PENDING")
    assert (character["tags"], character["metadata"], character["is_public"]) == ([], "{}", False)
    assert (generation["status"], generation["batch_size"]) == ("PENDING", 1)
    assert [quota["user_id"] for quota in quotas] == [user["id"]]
    assert {row["id"].version for row in (user, character, generation)} == {7}
    assert user["created_at"].timestamp() == pytest.approx((user["id"].int >> 80) / 1000, abs=1)


async def test_a_database_newer_than_the_code_is_not_downgraded(empty_url: str) -> None:
    await cm.migrations.upgrade(empty_url)
    await servers.execute(
        empty_url, "INSERT INTO aerich (version, app, content) VALUES ('999_later.py', 'charmodels', '{}')"
    )
    with pytest.raises(cm.ConfigurationError, match=r"newer than the code.*999_later\.py"):
        await cm.migrations.downgrade(empty_url)


async def test_schemas_of_two_at_once_are_made_once(empty_url: str) -> None:
    settings = cm.Settings(database_url=empty_url, db_schema="app")
    done = await asyncio.gather(*(cm.migrations.upgrade(settings) for _ in range(4)))
    assert sorted(done) == [(), (), (), cm.migrations.versions()]


async def test_a_role_without_rights_is_told_so(empty_url: str) -> None:
    await cm.migrations.upgrade(empty_url)
    await servers.execute(empty_url, "CREATE ROLE stranger_to_aerich LOGIN")
    try:
        with pytest.raises(cm.DatabaseError, match="permission denied"):
            await cm.migrations.status(empty_url.replace("postgres@", "stranger_to_aerich@"))
    finally:
        await servers.execute(empty_url, "DROP ROLE stranger_to_aerich")
