"""The self-test of `charmodels check`: what it finds, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
from urllib.parse import urlsplit

import asyncpg
import pytest

import charmodels as cm
from charmodels.cli import selftest
from charmodels.querysets.queue import CHANNEL
from tests import factories
from tests.gallery_counts import execute, publish
from tests.integration.test_cli import run
from tests.integration.test_cli_quota import checks
from tests.queues import request, user


async def content(connection: asyncpg.Connection) -> dict[str, tuple[int, str]]:
    """How many rows every table has, and a hash of all of them."""
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {}
    for (table,) in tables:
        rows = f"SELECT t::text AS line, xmin::text AS writer FROM {table} t"
        found[table] = tuple(
            await connection.fetchrow(
                f"SELECT count(*), md5(string_agg(line || writer, ',' ORDER BY line)) FROM ({rows}) x"
            )
        )
    return found


async def test_it_leaves_nothing_behind(url: str, db: cm.Database) -> None:
    """No row, no version of a row, no notification: a worker that listens, and whose jobs wait, notices nothing."""
    owner = await user()
    await publish(owner, [["hero"], ["hero", "knight"]])
    await request(owner)
    heard: list[str] = []
    async with db.acquire() as connection:

        def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            heard.append(str(payload))

        await connection.add_listener(CHANNEL, hear)
        before = await content(connection)
        done = run("check", "--json", url=url)
        assert done.returncode == 0, done.stdout
        assert await content(connection) == before
        await execute(db, f"NOTIFY {CHANNEL}, 'the first'")
        async with asyncio.timeout(60):
            while not heard:
                await connection.fetch("SELECT")
        assert heard == ["the first"]
        await connection.remove_listener(CHANNEL, hear)
    found = checks(done.stdout)
    assert [found[name][0] for name in selftest.NAMES] == ["ok"] * len(selftest.NAMES)


@pytest.mark.parametrize(
    ("tampering", "name", "sentence"),
    [
        ("DROP TRIGGER charmodels_open_quota ON users", "users", None),
        ("DROP INDEX users_email_key", "users", "An email address was taken twice."),
        (
            "ALTER TABLE characters DROP CONSTRAINT characters_prompt_length",
            "characters",
            "The database takes a prompt that is too long.",
        ),
        ("ALTER TABLE characters DISABLE TRIGGER USER", "characters", "A published character has no entry."),
        ("ALTER TABLE gallery_entries DISABLE TRIGGER USER", "tags", None),
        ("ALTER TABLE characters DISABLE TRIGGER USER", "gallery", None),
        ("ALTER TABLE quota_ledger DISABLE TRIGGER USER", "records", "The ledger can be changed."),
        (
            "DROP TRIGGER charmodels_audit_tier ON users",
            "records",
            "A change of tier is not in the audit trail.",
        ),
        ("ALTER TABLE audit_entries DISABLE TRIGGER USER", "records", "The audit trail can be changed."),
        ("ALTER TABLE generations DISABLE TRIGGER USER", "generations", None),
        ("DELETE FROM gallery_settings", "tags", None),
    ],
)
async def test_it_finds_what_does_not_work(db: cm.Database, tampering: str, name: str, sentence: str | None) -> None:
    await execute(db, tampering)
    found = {each.name: each for each in await selftest.self_test()}
    outcome = found[f"self-test: {name}"]
    assert not outcome.is_well
    assert sentence in (None, outcome.detail)
    assert await cm.User.all().count() == 0


async def test_without_a_users_table_it_says_so_of_everything(db: cm.Database) -> None:
    await execute(db, "ALTER TABLE users RENAME TO others")
    found = await selftest.self_test()
    assert [each.name for each in found] == list(selftest.NAMES)
    assert not any(each.is_well for each in found)


async def test_where_nothing_can_be_written_it_is_left_out(url: str, db: cm.Database) -> None:
    await factories.user()
    await execute(db, f'ALTER DATABASE "{urlsplit(url).path[1:]}" SET default_transaction_read_only = on')
    done = run("check", "--json", url=url)
    assert done.returncode == 0, done.stdout
    found = checks(done.stdout)
    assert found["self-test"] == ("skipped", "left out: the server, or this role's sessions, only read")
    assert found["quota ledger"] == ("ok", "1 user compared")


async def test_a_role_that_may_only_read_does_not_fail(url: str, db: cm.Database) -> None:
    role = f"charmodels_reader_{os.getpid()}"
    await execute(db, f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    try:
        done = run("check", "--json", url=f"{url}{'&' if '?' in url else '?'}options=-crole%3D{role}")
    finally:
        await execute(db, f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert done.returncode == 0, done.stdout
    assert checks(done.stdout)["self-test"] == ("skipped", "left out: this role may only read")


async def test_without_it_check_only_reads(url: str, db: cm.Database) -> None:
    await execute(db, "DROP INDEX users_email_key")
    assert run("check", "--no-self-test", url=url).returncode == 0
    failed = run("check", "--json", url=url)
    assert failed.returncode == 1
    assert checks(failed.stdout)["self-test: users"] == ("failed", "An email address was taken twice.")
