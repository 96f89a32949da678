"""What is counted of a real database's statements."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import charmodels as cm
from tests import factories
from tests.proxy import until


@pytest.fixture
async def counted(url: str) -> AsyncIterator[cm.Database]:
    settings = cm.Settings(
        database_url=url, app_env="test", metrics=True, slow_query_seconds=0.2, db_pool_max=2, db_acquire_timeout=0.3
    )
    async with cm.connect(settings) as database:
        yield database


async def asleep(database: cm.Database) -> list[int]:
    """Wait until somebody's statement sleeps on the server; tell which backends do."""
    statement = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    while not (rows := await database.client.fetch(statement)):  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    return [row["pid"] for row in rows]


def shapes(database: cm.Database, text: str) -> list[cm.StatementStats]:
    return [each for each in database.metrics.slowest(500) if text in each.statement]


async def test_statements_are_counted_whichever_way_they_are_sent(counted: cm.Database) -> None:
    before = counted.metrics.stats()
    user = await factories.user()
    await cm.User.get(id=user.id)
    async with cm.transaction() as tx:
        await cm.User.objects.quota(user.id)
        await tx.execute_query("SELECT 42 AS answer")
    await cm.User.objects.reserve_quota(user.id)
    async with counted.acquire() as connection:
        await connection.fetchval("SELECT 43 AS answer")
        await connection.executemany("SELECT $1::int AS many", [(1,), (2,)])
    stats = counted.metrics.stats()
    counts = {name: count - before.by_operation.get(name, 0) for name, count in stats.by_operation.items()}
    assert counts["INSERT"] == 1
    assert (counts["BEGIN"], counts["COMMIT"]) == (1, 1)
    assert sum(each.count for each in shapes(counted, "AS answer")) == 2
    assert [each.count for each in shapes(counted, "charmodels_reserve")] == [1]
    assert [each.count for each in shapes(counted, "AS many")] == [1]
    assert stats.count == sum(stats.by_operation.values())
    assert 0 < stats.mean_seconds <= stats.max_seconds <= stats.total_seconds
    assert stats.errors == {}


async def test_a_connection_is_counted_after_it_was_reset_and_one_that_takes_its_place_too(
    counted: cm.Database,
) -> None:
    async with counted.acquire() as connection:
        await connection.execute("SET work_mem = '8MB'")
    async with counted.acquire() as connection:
        await connection.fetchval("SELECT 1 AS after_the_reset")
        await connection.close()
    async with counted.acquire() as connection:
        await connection.fetchval("SELECT 2 AS after_the_reset")
    assert [each.count for each in shapes(counted, "after_the_reset")] == [2]


async def test_errors_are_counted_by_their_code(counted: cm.Database) -> None:
    user = await factories.user()
    with pytest.raises(cm.Conflict):
        await factories.user(email=user.email)
    with pytest.raises(cm.DatabaseError):
        await counted.client.fetch("SELECT nonsense")
    with pytest.raises(cm.DatabaseError):
        await counted.client.fetch("SELECT nonsense")
    assert counted.metrics.stats().errors == {"23505": 1, "42703": 2}


async def test_what_never_reaches_a_connection_counts_too(counted: cm.Database) -> None:
    async with counted.acquire(), counted.acquire():
        with pytest.raises(cm.PoolTimeout):
            await cm.User.objects.count()
        waiting = asyncio.create_task(counted.client.fetch("SELECT 1 AS waited"))
        await until(lambda: counted.pool_status().waiting == 1)
    await waiting
    stats = counted.metrics.stats()
    assert stats.errors == {"PoolTimeout": 1}
    assert stats.pool_waits >= 2
    assert stats.pool_wait_seconds >= 0.3
    assert counted.metrics.pool_timeouts == 1


async def test_a_statement_that_times_out_or_is_cut_off_is_an_error(url: str) -> None:
    settings = cm.Settings(database_url=url, app_env="test", metrics=True, db_command_timeout=0.3, db_pool_max=2)
    async with cm.connect(settings) as database:
        with pytest.raises(cm.StatementTimeout):
            await database.client.fetch("SELECT pg_sleep(30)")
        sleeping = asyncio.create_task(database.client.fetch("SELECT pg_sleep(20)"))
        [pid] = await asleep(database)
        await database.client.fetch("SELECT pg_terminate_backend($1)", [pid])
        with pytest.raises(cm.DatabaseUnavailable):
            await sleeping
        errors = dict(database.metrics.stats().errors)
    assert errors.pop("StatementTimeout") == 1
    [(code, count)] = errors.items()  # whether the server's last words were heard before the socket closed
    assert (code in ("57P01", "08003"), count) == (True, 1)


async def test_a_caller_that_gives_up_is_no_error(counted: cm.Database) -> None:
    task = asyncio.create_task(counted.client.fetch("SELECT pg_sleep(30)"))
    await asleep(counted)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stats = counted.metrics.stats()
    assert (stats.cancelled, stats.errors) == (1, {})


async def test_a_slow_statement_is_an_event_without_values(
    counted: cm.Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with cm.request_context(actor="ada", request_id="r-17"):
        await counted.client.fetch("SELECT pg_sleep(0.25), $1::text, 'a literal secret'", ["a bound secret"])
    await counted.client.fetch("SELECT 'quick'")
    [record] = [record for record in caplog.records if getattr(record, "event_name", None) == "query.slow"]
    fields = vars(record)
    assert fields["statement"] == "SELECT pg_sleep(?), $1::text, ?"
    assert fields["seconds"] >= 0.25
    assert "parameters" not in fields
    assert "secret" not in caplog.text
    assert counted.metrics.stats().slow == 1


async def test_parameters_of_slow_statements_show_only_when_asked_for(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    settings = cm.Settings(
        database_url=url, app_env="development", metrics=True, slow_query_seconds=0.1, slow_query_parameters=True
    )
    async with cm.connect(settings) as database:
        await database.client.fetch("SELECT pg_sleep(0.15), $1::text, $2::text", ["ada", "x" * 500])
    [record] = [record for record in caplog.records if getattr(record, "event_name", None) == "query.slow"]
    first, second = vars(record)["parameters"]
    assert (first, len(second)) == ("'ada'", 204)


def test_parameters_are_refused_in_production(url: str) -> None:
    with pytest.raises(cm.ConfigurationError) as raised:
        cm.Settings(database_url=url, app_env="production", slow_query_parameters=True)
    assert raised.value.variable == "SLOW_QUERY_PARAMETERS"


async def test_off_means_that_nobody_listens(db: cm.Database) -> None:
    async with db.acquire() as connection:
        assert connection._con._query_loggers == set()  # type: ignore[attr-defined]
    with pytest.raises(cm.ConfigurationError) as raised:
        _ = db.metrics
    assert raised.value.variable == "METRICS"


async def test_a_logger_of_the_app_s_own_hears_too(counted: cm.Database) -> None:
    heard: list[str] = []
    async with counted.acquire() as connection:
        with connection.query_logger(lambda record: heard.append(record.query)):
            await connection.fetchval("SELECT 1 AS heard_twice")
            await asyncio.sleep(0)
        await connection.fetchval("SELECT 2 AS heard_once")
    await asyncio.sleep(0)
    assert heard == ["SELECT 1 AS heard_twice"]
    assert [each.count for each in shapes(counted, "heard")] == [1, 1]


async def test_a_monitor_that_fails_breaks_no_statement(
    counted: cm.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("broken exporter")

    monkeypatch.setattr(cm.QueryMetrics, "add", fail)
    assert await counted.client.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]
    assert "could not be counted" in caplog.text


async def test_a_closed_database_has_none(counted: cm.Database) -> None:
    await counted.close()
    with pytest.raises(cm.ConfigurationError, match="open"):
        _ = counted.metrics


async def test_the_slowest_of_many_at_once(counted: cm.Database) -> None:
    await asyncio.gather(*(counted.client.fetch(f"SELECT {number} AS many_at_once") for number in range(50)))
    await counted.client.fetch("SELECT pg_sleep(0.3)")
    assert [each.statement for each in counted.metrics.slowest(1, within=timedelta(minutes=1))] == [
        "SELECT pg_sleep(?)"
    ]
    assert [each.count for each in shapes(counted, "many_at_once")] == [50]
