"""`charmodels doctor`: every finding is provoked."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

import charmodels as cm
from charmodels import findings
from charmodels.doctor import Diagnosis, diagnose
from charmodels.findings import Finding, Severity
from charmodels.sql import statement
from tests import factories, servers
from tests.gallery_counts import execute, publish
from tests.integration.test_cli import SECRET, run, with_password
from tests.queues import claim, request, user

OF_THE_SERVER = {"jit", "shared-buffers", "random-page-cost", "fsync", "pg-stat-statements", "connections-tight"}
"""What may be found on a server that somebody set up for tests."""


async def found(url: str, **settings: Any) -> dict[str, Finding]:
    """What is found, by code."""
    return {each.code: each for each in (await diagnosis(url, **settings)).findings}


async def diagnosis(url: str, **settings: Any) -> Diagnosis:
    return await diagnose(cm.Settings(database_url=url, app_env="test", **settings))


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        yield opened
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
            await opened.close()


async def alter(url: str, change: str) -> None:
    await servers.execute(url, f'ALTER DATABASE "{urlsplit(url).path[1:]}" {change}')


async def test_a_database_that_is_well_gives_advice_at_most(url: str) -> None:
    report = await diagnosis(url)
    assert report.is_well
    assert {each.code for each in report.findings} <= OF_THE_SERVER
    assert report.versions["charmodels"] == cm.__version__
    assert report.versions["server"].startswith("1")
    assert "pg_trgm" in report.extensions
    assert report.changed == ("app_env", "database_url")


async def test_the_command_masks_and_exits_with_1_only_for_problems(url: str) -> None:
    url = with_password(url)
    well = run("doctor", url=url)
    assert (well.returncode, well.stderr) == (0, "")
    assert max(map(len, well.stdout.splitlines())) <= 80
    assert re.search(r"^DATABASE_URL +\*{10} *$", well.stdout, re.MULTILINE)
    await servers.execute(url, "DROP INDEX characters_owner")
    wrong = run("doctor", "--json", url=url, PLANS='{"FREE": {"daily_quota": 7}}')
    assert wrong.returncode == 1
    report = json.loads(wrong.stdout)
    assert not report["ok"]
    assert report["settings"]["database_url"] == "**********"
    assert report["settings"]["plans"]["FREE"]["daily_quota"] == 7
    [first, *_] = report["findings"]
    assert (first["code"], first["severity"]) == ("index-missing", "problem")
    away = run("doctor", url=f"postgresql://app:{SECRET}@127.0.0.1:1/none")
    assert away.returncode == 1
    assert "Problem: The database is unavailable" in away.stdout
    assert "asyncpg" in away.stdout


async def test_settings_that_verify_nobody() -> None:
    settings = cm.Settings(database_url="postgresql://db/shop?sslmode=disable", app_env="production")
    assert [each.code for each in findings.judge_settings(settings)] == ["tls"]
    verified = settings.replace(database_url="postgresql://db/shop")
    assert list(findings.judge_settings(verified)) == []


async def test_the_planners_settings(url: str) -> None:
    async with connection(url) as asked:
        [row] = await asked.fetch("SELECT pg_jit_available(), current_setting('server_version_num')::int")
    compiles = row[0] and row[1] < 180_000
    await alter(url, "SET jit = on")
    await alter(url, "SET random_page_cost = 4")
    bad = await found(url)
    assert ("jit" in bad) == compiles
    assert "random-page-cost" in bad
    await alter(url, "SET jit = off")
    await alter(url, "SET random_page_cost = 1.1")
    good = await found(url)
    assert not {"jit", "random-page-cost"} & set(good)


async def test_a_pool_that_the_server_has_no_room_for(url: str) -> None:
    await alter(url, "CONNECTION LIMIT 30")
    assert not {"connections", "connections-tight"} & set(await found(url, db_pool_max=15))
    assert (await found(url, db_pool_max=20))["connections-tight"].severity is Severity.ADVICE
    too_many = (await found(url, db_pool_max=31))["connections"]
    assert too_many.severity is Severity.PROBLEM
    assert "31 connections" in too_many.sentence
    pooled = f"{url}{'&' if '?' in url else '?'}pgbouncer=true"
    assert not {"connections", "connections-tight"} & set(await found(pooled, db_pool_max=31))


async def test_extensions(url: str) -> None:
    await servers.execute(url, "CREATE EXTENSION hstore VERSION '1.4'; DROP EXTENSION pg_trgm CASCADE")
    report = await diagnosis(url)
    codes = {each.code: each for each in report.findings}
    assert codes["extension-missing"].severity is Severity.PROBLEM
    assert "hstore is at 1.4" in codes["extension-outdated"].sentence
    missing = {each.sentence.split()[2] for each in report.findings if each.code == "index-missing"}
    assert missing == {"gallery_entries_content", "tag_totals_similar"}
    assert "pg-stat-statements" in codes
    await servers.execute(url, "CREATE EXTENSION pg_stat_statements")
    assert "pg-stat-statements" not in await found(url)


async def test_migrations(url: str, empty_url: str) -> None:
    assert set(await found(empty_url)) - OF_THE_SERVER == {"migrations-pending", "extension-missing"}
    await servers.execute(url, "INSERT INTO aerich (app, version, content) VALUES ('charmodels', '99_later.py', '{}')")
    assert "99_later.py" in (await found(url))["migrations-unknown"].sentence


async def test_the_advice_on_a_missing_index_makes_it(url: str) -> None:
    declared = findings.declared_indexes()
    names = ["characters_owner", "users_email_key", "gallery_entries_tags", "generations_character"]
    for name in names:
        await servers.execute(url, f"DROP INDEX {name}")
    report = await diagnosis(url)
    missing = [each for each in report.findings if each.code == "index-missing"]
    assert len(missing) == len(names)
    assert not report.is_well
    for each in missing:
        await servers.execute(url, each.advice.removeprefix("Run "))
    assert (await diagnosis(url)).is_well
    assert set(names) <= set(declared)


async def test_an_index_that_was_not_finished(url: str, db: cm.Database) -> None:
    await factories.user(name="Ada")
    await factories.user(name="Ada")
    with pytest.raises(asyncpg.UniqueViolationError):
        await servers.execute(url, "CREATE UNIQUE INDEX CONCURRENTLY half ON users (name)")
    finding = (await found(url))["index-invalid"]
    assert (finding.severity, "half on users" in finding.sentence) == (Severity.PROBLEM, True)


async def test_an_index_that_nobody_uses(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await servers.execute(url, "CREATE INDEX by_hand ON users (created_at)")
    assert "index-unused" not in await found(url)  # it is small
    monkeypatch.setattr(findings, "UNUSED_BYTES", 0)
    unused = [each for each in (await diagnosis(url)).findings if each.code == "index-unused"]
    assert [each.advice for each in unused] == ['If no replica uses it either, run DROP INDEX CONCURRENTLY "by_hand".']
    await servers.execute(url, "SELECT pg_stat_reset()")
    assert "index-unused" not in await found(url)  # the server has just begun to count


async def test_dead_rows_and_tables_that_were_never_analyzed(url: str) -> None:
    await servers.execute(
        url,
        "CREATE TABLE wreck (id integer) WITH (autovacuum_enabled = off);"
        "INSERT INTO wreck SELECT generate_series(1, 30000)",
    )
    await servers.execute(url, "DELETE FROM wreck WHERE id <= 15000")
    wanted = {"bloat", "not-analyzed", "autovacuum-table"}
    async with asyncio.timeout(60):
        while not wanted <= set(codes := await found(url)):  # the server counts behind
            pass
    assert "15,000 are dead and 15,000 live" in codes["bloat"].sentence
    assert all(codes[code].severity is Severity.ADVICE for code in wanted)
    await servers.execute(url, "ALTER TABLE wreck RESET (autovacuum_enabled)")
    await servers.execute(url, "VACUUM ANALYZE wreck")
    async with asyncio.timeout(60):
        while wanted & set(await found(url)):
            pass


async def test_transactions_that_do_not_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connection(url) as idle, connection(url) as busy:
        await idle.execute("BEGIN")
        await idle.execute("SELECT 1")
        task = asyncio.create_task(busy.execute("SELECT pg_sleep(600)"))
        assert not {"transaction-idle", "transaction-long"} & set(await found(url))
        monkeypatch.setattr(findings, "LONG_TRANSACTION", timedelta(0))
        async with asyncio.timeout(60):
            while not {"transaction-idle", "transaction-long"} <= set(codes := await found(url)):
                pass
        assert codes["transaction-idle"].severity is Severity.PROBLEM
        assert f"process {idle.get_server_pid()}" in codes["transaction-idle"].sentence
        assert f"pg_cancel_backend({busy.get_server_pid()})" in codes["transaction-long"].advice
        await idle.execute(f"SELECT pg_cancel_backend({busy.get_server_pid()})")
        with pytest.raises(asyncpg.QueryCanceledError):
            await task


async def test_what_waits_to_be_tidied_up(url: str, db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await user()
    await publish(owner, [["hero"], ["knight"]])
    with cm.clock.frozen(cm.clock.utc_now() - timedelta(days=3)):
        await request(owner)
        await claim()
        await cm.User.objects.reserve_quota(owner.id)
    monkeypatch.setattr(findings, "MANY_NOTES", 2)
    codes = await found(url)
    assert "2 changes of the counts of tags" in codes["tag-notes"].sentence
    assert "1 holds" in codes["expired-holds"].sentence
    assert "1 jobs" in codes["stale-leases"].sentence
    await cm.Character.objects.fold_tag_counts()
    await cm.QuotaHold.objects.expire()
    await cm.Generation.objects.rescue_stale()
    assert not {"tag-notes", "expired-holds", "stale-leases"} & set(await found(url))


async def test_a_role_that_may_see_little(url: str, db: cm.Database) -> None:
    role = f"charmodels_watcher_{os.getpid()}"
    await execute(db, f"CREATE ROLE {role} LOGIN")
    try:
        blind = await found(_as(url, role))
        assert {"sessions-hidden", "not-examined"} <= set(blind)
        assert "migrations could not be looked at" in blind["not-examined"].sentence
        await execute(db, f"GRANT SELECT ON aerich TO {role}")
        partly = await found(_as(url, role))
        assert "backlog could not be looked at" in partly["not-examined"].sentence
    finally:
        await execute(db, f"DROP OWNED BY {role}; DROP ROLE {role}")


def _as(url: str, role: str) -> str:
    """The same database by another role, which need not be let in: the server takes it on after the log-in."""
    return f"{url}{'&' if '?' in url else '?'}options=-crole%3D{role}"


@pytest.mark.slow
@pytest.mark.xdist_group("doctor")
async def test_how_a_server_should_not_be_set() -> None:
    with servers.new_folder() as folder:
        with cm.embedded.postgres(folder) as url:
            for setting in (
                "shared_buffers = '1MB'",
                "autovacuum = off",
                "max_prepared_transactions = 5",
                "fsync = off",
            ):
                await servers.execute(url, f"ALTER SYSTEM SET {setting}")
        with cm.embedded.postgres(folder) as url:
            codes = await found(url)
            assert "shared_buffers is 1 MB" in codes["shared-buffers"].sentence
            assert codes["autovacuum"].severity is Severity.PROBLEM
            assert codes["fsync"].severity is Severity.ADVICE
            await alter(url, "SET track_counts = off")
            assert "track-counts" in await found(url)
            await servers.execute(url, "BEGIN; SELECT 1; PREPARE TRANSACTION 'forgotten'")
            assert "transaction-prepared" not in await found(url)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(findings, "LONG_TRANSACTION", timedelta(0))
                assert "forgotten" in (await found(url))["transaction-prepared"].sentence
            async with connection(url) as asked:
                row = dict(await asked.fetchrow(statement("doctor/server")))
            production = cm.Settings(database_url=url, app_env="production")
            judged = {each.code: each for each in findings.judge_server({**row, "version_number": 140_000}, production)}
            assert judged["fsync"].severity is Severity.PROBLEM
            assert judged["server-version"].severity is Severity.PROBLEM
