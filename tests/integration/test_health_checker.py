"""The checker beside an open database: it begins and ends with it, tells of changes, and outlives trouble."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgi_lifespan import LifespanManager
from starlette.applications import Starlette

import charmodels as cm
from charmodels import health, services
from tests.proxy import Proxy, sessions, until
from tests.proxy import settings as quick_settings


def settings(url: str, **changes: Any) -> cm.Settings:
    """Settings by which no machine is too slow to be healthy, and checks follow each other quickly."""
    return quick_settings(url, **{"health_timeout": 30, "health_latency": 30, "health_interval": 0.02, **changes})


def checkers() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "charmodels health checker"]


def is_now(status: str) -> bool:
    report = health.latest()
    return report is not None and report.status == status


async def another_report() -> None:
    last = health.latest()
    await until(lambda: health.latest() is not last)


async def test_it_begins_and_ends_with_the_database(url: str) -> None:
    async with cm.connect(settings(url)):
        assert len(checkers()) == 1
        await until(lambda: is_now("healthy"))
        await another_report()
    assert checkers() == []
    assert await sessions(url) == 0


async def test_without_an_interval_there_is_none(url: str) -> None:
    async with cm.connect(settings(url, health_interval=None)):
        assert checkers() == []


async def test_in_an_app(url: str) -> None:
    app = Starlette(lifespan=cm.lifespan(settings(url)))
    for _ in range(2):
        async with LifespanManager(app):
            await until(lambda: is_now("healthy"))
        assert checkers() == []


async def test_it_recovers_by_itself_and_tells_of_each_change_once(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "charmodels.events")
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url)):
        await until(lambda: is_now("healthy"))
        async with proxy.away():
            await until(lambda: is_now("unhealthy"))
            await another_report()
        await until(lambda: is_now("healthy"))
    said = [vars(record) for record in caplog.records if record.name == "charmodels.events"]
    assert [(record["event_name"], record["to_status"], record["ready"]) for record in said] == [
        ("health.changed", "unhealthy", False),
        ("health.changed", "healthy", True),
    ]


async def test_closing_does_not_wait_for_a_check_that_hangs(url: str) -> None:
    async with Proxy(url) as proxy:
        db = await cm.connect(settings(proxy.url, health_interval=3600)).open()
        await until(lambda: is_now("healthy"))
        checker = cm.HealthChecker(db, interval=3600)
        proxy.hang()
        await checker.start()
        await until(lambda: db.pool_status().busy == 1)
        async with asyncio.timeout(20):  # less than HEALTH_TIMEOUT
            await checker.stop()
        assert checker.latest is None
        await until(lambda: db.pool_status().busy == 0)
        proxy.resume()
        await db.close()


async def test_one_of_the_apps_own(url: str) -> None:
    """It may begin before the database is open, and go on when it is closed."""
    async with cm.HealthChecker(interval=0.02) as checker:
        assert checker.is_running
        await until(lambda: checker.latest is not None and checker.latest.status == "unhealthy")
        async with cm.connect(settings(url, health_interval=None)):
            await until(lambda: checker.latest is not None and checker.latest.status == "healthy")
        await until(lambda: checker.latest is not None and checker.latest.status == "unhealthy")
        assert await checker.start() is checker
        assert len(checkers()) == 1
    assert not checker.is_running
    assert checkers() == []
    await checker.stop()


async def test_a_guard_of_the_app_does_not_see_its_statements(url: str) -> None:
    with cm.guard_n_plus_one(limit=1):
        async with cm.connect(settings(url)):
            for _ in range(3):
                await another_report()


@pytest.mark.parametrize("interval", [0, -1, True, "5", float("nan")])
def test_an_interval_that_is_none(interval: Any) -> None:
    with pytest.raises(cm.InvalidInput):
        cm.HealthChecker(interval=interval)


# What else may run beside a database


async def test_services_are_entered_in_order_and_left_while_the_database_is_still_open(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def service(name: str) -> services.Service:
        @asynccontextmanager
        async def run(opened: cm.Database) -> AsyncIterator[None]:
            said.append(f"{name} {await cm.User.objects.count()}")
            yield
            said.append(f"no {name}")

        return run

    monkeypatch.setattr(services, "_services", [])
    services.register(service("one"))
    services.register(service("two"))
    async with cm.connect(settings(url)):
        assert said == ["one 0", "two 0"]
    assert said == ["one 0", "two 0", "no two", "no one"]


async def test_a_service_that_does_not_begin_closes_the_database(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def broken(opened: cm.Database) -> AsyncIterator[None]:
        raise KeyError
        yield

    monkeypatch.setattr(services, "_services", [*services._services, broken])
    with pytest.raises(KeyError):
        await cm.connect(settings(url)).open()
    assert checkers() == []
    assert await sessions(url) == 0
    monkeypatch.undo()
    async with cm.connect(settings(url)):
        assert await cm.User.objects.count() == 0
