"""What a health check says of a database where all is well, and where something of its own is not."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

import charmodels as cm
from charmodels import health
from tests import servers
from tests.proxy import session, sessions, terminate, until
from tests.proxy import settings as quick_settings

SECRET = "hunter2-is-not-it"


def settings(url: str, **changes: Any) -> cm.Settings:
    """Settings by which no machine is too slow to be healthy."""
    return quick_settings(url, **{"health_timeout": 30, "health_latency": 30, **changes})


@pytest.fixture
async def db(url: str) -> AsyncIterator[cm.Database]:
    async with cm.connect(settings(url)) as database:
        yield database


async def test_all_is_well(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=3)) as db:
        before = cm.clock.utc_now()
        report = await cm.check_health()
        assert (report.status, report.live, report.ready) == (cm.HealthStatus.HEALTHY, True, True)
        assert report.problems == report.last_errors == ()
        assert before <= report.checked_at <= cm.clock.utc_now()
        assert report.checked_at.tzinfo is UTC
        assert report.latency is not None
        assert 0 < report.latency <= report.duration
        async with db.acquire() as connection:
            assert report.server_version == await connection.fetchval("SHOW server_version")
        assert report.is_read_only is False
        assert report.pool == db.pool_status()
        assert report.migrations == await cm.migrations.status()
        assert health.latest() is report
        assert health.latest(db) is report
    assert health.latest() is None


async def test_the_report_is_json(db: cm.Database) -> None:
    report = await cm.check_health(db)
    found = json.loads(json.dumps(report.as_dict()))
    assert set(found) == set(cm.HealthReport.__dataclass_fields__)
    assert (found["status"], found["live"], found["ready"], found["problems"]) == ("healthy", True, True, [])
    assert found["checked_at"] == report.checked_at.isoformat()
    assert found["pool"] == {"size": 1, "idle": 1, "busy": 0, "waiting": 0, "max_size": 20}
    assert found["migrations"] == {"applied": list(cm.migrations.versions()), "pending": [], "unknown": []}


async def test_it_leaves_no_trace(db: cm.Database, url: str) -> None:
    """Nothing in the session, so that the release costs no reset; no statement that writes."""
    async with db.acquire() as connection:
        inner = connection._con
    for _ in range(3):
        await cm.check_health()
    assert not inner.is_touched
    assert await sessions(url) == 1


async def test_inside_a_transaction_it_looks_from_without(db: cm.Database) -> None:
    with pytest.raises(cm.DatabaseError):
        async with cm.transaction() as tx:
            with pytest.raises(cm.DatabaseError):
                await tx.fetch("SELECT nonsense")
            assert (await cm.check_health()).status == "healthy"
            await tx.fetch("SELECT 1")


async def test_inside_a_guard_its_statements_are_not_counted(db: cm.Database) -> None:
    with cm.guard_n_plus_one(limit=1):
        for _ in range(3):
            assert (await cm.check_health()).status == "healthy"


async def test_many_at_once(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=2)):
        reports = await asyncio.gather(*(cm.check_health() for _ in range(20)))
        assert {report.status for report in reports} == {"healthy"}


async def test_without_an_open_database_it_says_so_and_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@localhost/charmodels?host=/nowhere")
    report = await cm.check_health()
    assert (report.status, report.live, report.ready) == ("unhealthy", True, False)
    assert report.pool is None
    assert len(report.problems) == 1
    assert report.problems[0].startswith("No database is open.")


async def test_a_database_that_is_not_open_is_looked_at_from_outside(url: str) -> None:
    report = await cm.check_health(cm.connect(settings(url)))
    assert (report.status, report.ready, report.problems) == ("degraded", False, ("The database is not open.",))
    assert report.latency
    assert report.migrations == await cm.migrations.status(url)
    assert report.pool is None
    assert await sessions(url) == 0


@pytest.mark.parametrize("as_url", [True, False])
async def test_settings_are_enough(url: str, as_url: bool) -> None:
    report = await cm.check_health(url if as_url else settings(url))
    assert (report.status, report.ready, report.problems) == ("healthy", True, ())
    assert report.pool is None
    assert await sessions(url) == 0


@pytest.mark.parametrize("given", ["mysql://app@localhost/charmodels", 7])
async def test_a_wrong_setting_is_a_problem_and_no_error(given: object) -> None:
    report = await cm.check_health(given)  # type: ignore[arg-type]
    assert (report.status, report.ready) == ("unhealthy", False)
    assert len(report.problems) == 1


async def test_on_another_event_loop(db: cm.Database) -> None:
    report = await asyncio.to_thread(lambda: asyncio.run(cm.check_health(db)))
    assert (report.status, report.live, report.ready) == ("unhealthy", True, False)
    assert "event loop" in report.problems[0]


async def test_nothing_is_printed_or_logged(
    url: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with cm.connect(settings(url)):
        caplog.set_level(logging.INFO)
        caplog.clear()
        capfd.readouterr()
        await cm.check_health()
        await cm.check_health(f"postgresql://app:{SECRET}@127.0.0.1:1/none")
        assert capfd.readouterr() == ("", "")
        assert caplog.records == []


async def test_no_secret_is_in_it() -> None:
    report = await cm.check_health(f"postgresql://app:{SECRET}@127.0.0.1:1/none")
    assert report.status == "unhealthy"
    assert report.problems[0].startswith("The database is unavailable")
    for shown in (repr(report), json.dumps(report.as_dict())):
        assert SECRET not in shown
        assert "127.0.0.1" not in shown


# What the schema lacks or has too much of


async def test_indexes_made_or_dropped_by_hand_are_nobodys_business(db: cm.Database, url: str) -> None:
    await servers.execute(url, "CREATE INDEX by_hand ON characters (name)")
    await servers.execute(url, "CREATE UNIQUE INDEX also_by_hand ON users (id, email)")
    await servers.execute(url, "DROP INDEX gallery_entries_owner")
    await servers.execute(url, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_hand'::regclass")
    report = await cm.check_health()
    assert (report.status, report.problems) == ("healthy", ())


async def test_pending_migrations(empty_url: str) -> None:
    names = cm.migrations.versions()
    async with cm.connect(settings(empty_url)):
        report = await cm.check_health()
        assert (report.status, report.ready) == ("degraded", False)
        assert report.migrations == cm.MigrationStatus(applied=(), pending=names, unknown=())
        assert report.problems == (
            f"{len(names)} migrations are pending, from {names[0]} on; run `charmodels upgrade`.",
        )
        await cm.migrations.upgrade()
        report = await cm.check_health()
        assert (report.status, report.ready, report.problems) == ("healthy", True, ())
        assert [error.reason for error in report.last_errors] == [
            f"{len(names)} migrations are pending, from {names[0]} on; run `charmodels upgrade`."
        ]
        await cm.migrations.downgrade()
        [problem] = (await cm.check_health()).problems
        assert problem == f"The migration {names[-1]} is pending; run `charmodels upgrade`."


async def test_a_database_that_is_newer_than_the_code(db: cm.Database, url: str) -> None:
    """As when a new version is rolled out and the old one still serves."""
    await servers.execute(
        url, "INSERT INTO aerich (version, app, content) VALUES ('99_later.py', 'charmodels', '{}'::jsonb)"
    )
    report = await cm.check_health()
    assert (report.status, report.ready) == ("degraded", True)
    assert report.migrations is not None
    assert report.migrations.unknown == ("99_later.py",)
    assert "99_later.py" in report.problems[0]


async def test_a_missing_extension(db: cm.Database, url: str) -> None:
    await servers.execute(url, "DROP EXTENSION pg_trgm CASCADE")
    report = await cm.check_health()
    assert (report.status, report.ready) == ("degraded", True)
    assert len(report.problems) == 1
    assert report.problems[0].startswith("The extension pg_trgm is missing")
    await servers.execute(url, "CREATE EXTENSION pg_trgm")
    assert (await cm.check_health()).status == "healthy"


def test_the_extensions_are_those_that_the_schema_makes() -> None:
    made = (Path(cm.__file__).parent / "sql" / "schema" / "extensions.sql").read_text(encoding="utf-8")
    assert all(f"CREATE EXTENSION IF NOT EXISTS {name};" in made for name in health.EXTENSIONS)
    assert made.count("CREATE EXTENSION IF NOT EXISTS") == len(health.EXTENSIONS)


async def test_a_role_that_may_not_see_the_migrations(url: str) -> None:
    role = f"{servers.new_name()}_role"
    await servers.execute(url, f"CREATE ROLE {role}")
    try:
        async with cm.connect(settings(f"{url}{'&' if '?' in url else '?'}options=-c%20role%3D{role}")):
            report = await cm.check_health()
        assert (report.status, report.ready, report.migrations) == ("degraded", True, None)
        assert "permission denied for table aerich" in report.problems[0]
    finally:
        await servers.execute(url, f"DROP ROLE {role}")


@pytest.mark.parametrize("as_setting", [False, True])
async def test_a_database_that_only_reads(url: str, as_setting: bool) -> None:
    name = cm.Settings(database_url=url).address.database
    await servers.execute(url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    async with cm.connect(settings(url, health_read_only=as_setting)):
        report = await cm.check_health()
        assert report.is_read_only is True
        if as_setting:
            assert (report.status, report.ready) == ("healthy", True)
        else:
            assert (report.status, report.ready) == ("degraded", False)
            assert report.problems == ("The server is read-only: default_transaction_read_only is on.",)


async def test_what_happens_again_and_again_is_remembered_once(empty_url: str) -> None:
    async with cm.connect(settings(empty_url)):
        reports = [await cm.check_health() for _ in range(3)]
        assert [len(report.last_errors) for report in reports] == [1, 1, 1]
        error = reports[-1].last_errors[0]
        assert (error.reason, error.count) == (reports[-1].problems[0], 3)
        assert error.first_at < error.last_at
        assert reports[0].last_errors[0].count == 1
        assert reports[-1].as_dict()["last_errors"] == [
            {
                "reason": error.reason,
                "first_at": error.first_at.isoformat(),
                "last_at": error.last_at.isoformat(),
                "count": 3,
            }
        ]


# The pool


async def test_an_exhausted_pool_is_named_in_time_and_the_server_is_asked_all_the_same(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=2, health_timeout=2)) as db:
        async with db.acquire(), db.acquire():
            waiting = asyncio.ensure_future(cm.User.objects.count())
            await until(lambda: db.pool_status().waiting == 1)
            report = await cm.check_health()
            assert (report.status, report.live, report.ready) == ("degraded", True, False)
            assert report.problems == (
                "The pool is exhausted: all 2 connections are busy. The check waited 2 s for one, and 1 more waited.",
            )
            assert 2 <= report.duration < 10
            assert report.latency
            assert report.migrations is not None
            assert report.pool is not None
            assert (report.pool.busy, report.pool.waiting) == (2, 1)
        assert await waiting == 0
        report = await cm.check_health()
        assert (report.status, report.ready, report.problems) == ("healthy", True, ())
        assert len(report.last_errors) == 1
        assert await sessions(url) == 2


async def test_a_pool_whose_own_limit_is_shorter(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1, db_acquire_timeout=0.1)) as db, db.acquire():
        report = await cm.check_health()
        assert report.problems == (
            "The pool is exhausted: its one connection is busy. The check waited 0.1 s for one.",
        )
        assert report.duration < 20


async def test_a_busy_pool_is_no_exhausted_one(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        async with db.acquire():
            asking = asyncio.ensure_future(cm.check_health())
            await until(lambda: db.pool_status().waiting == 1)
        assert (await asking).status == "healthy"


async def test_a_check_that_is_cancelled_gives_its_connection_back(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=2)) as db, session(url) as other:
        async with other.transaction():
            await other.execute("LOCK TABLE aerich IN ACCESS EXCLUSIVE MODE")
            asking = asyncio.ensure_future(cm.check_health())
            await until(lambda: db.pool_status().busy == 1)
            await asyncio.sleep(0.05)  # into one statement or the other
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await until(lambda: db.pool_status().busy == 0)
        assert (await cm.check_health()).status == "healthy"


async def test_connections_that_were_cut_are_no_problem_where_others_can_be_had(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=2)):
        for _ in range(5):
            await terminate(url)
            report = await cm.check_health()
            assert (report.status, report.ready, report.problems) == ("healthy", True, ())


# What is told of changes


async def test_a_change_is_an_event(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "charmodels.events")
    async with cm.connect(settings(url, db_pool_max=1, db_acquire_timeout=0.05)) as db:
        await cm.check_health()
        async with db.acquire():
            first = await cm.check_health()
            await cm.check_health()
        await cm.check_health()
        await cm.check_health()
    said = [vars(record) for record in caplog.records if record.event_name == "health.changed"]  # type: ignore[attr-defined]
    fields = ("from_status", "to_status", "ready", "problems")
    assert [tuple(record[field] for field in fields) for record in said] == [
        ("healthy", "degraded", False, list(first.problems)),
        ("degraded", "healthy", True, []),
    ]
