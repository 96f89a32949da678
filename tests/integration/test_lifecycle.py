"""Opening and closing: once, twice, again, in one event loop after another, and when the server is late."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest

import charmodels as cm
from charmodels import database
from tests import factories
from tests.proxy import Proxy, sessions, settings, until


@pytest.fixture(autouse=True)
async def _closed_after() -> AsyncIterator[None]:
    """One failure is enough: the next test finds no database open."""
    yield
    if database._open is not None:
        await database._open.close()


# Once, twice, again


async def test_open_use_close(url: str) -> None:
    db = cm.connect(settings(url))
    assert not db.is_open
    assert await db.open() is db
    assert db.is_open
    assert await cm.User.objects.count() == 0
    await db.close()
    assert not db.is_open
    assert await sessions(url) == 0


async def test_closing_twice_and_closing_what_was_never_open(url: str) -> None:
    db = cm.connect(settings(url))
    await db.close()
    await db.open()
    await db.close()
    await db.close()


async def test_opening_twice(url: str) -> None:
    async with cm.connect(settings(url)) as db:
        client = db.client
        assert await db.open() is db
        assert db.client is client
        assert await cm.User.objects.count() == 0


async def test_opening_twice_at_once(url: str) -> None:
    db = cm.connect(settings(url))
    assert await asyncio.gather(db.open(), db.open()) == [db, db]
    assert await cm.User.objects.count() == 0
    await db.close()
    assert await sessions(url) == 0


async def test_opening_again(url: str) -> None:
    db = cm.connect(settings(url))
    for number in range(3):
        async with db:
            assert await cm.User.objects.count() == number
            await factories.user()


async def test_a_second_database_is_refused_and_the_first_goes_on(url: str, empty_url: str) -> None:
    async with cm.connect(settings(url)) as db:
        await factories.user()
        second = cm.connect(settings(empty_url))
        with pytest.raises(cm.ConfigurationError, match="Another database is open"):
            await second.open()
        assert not second.is_open
        await second.close()
        assert db.is_open
        assert await cm.User.objects.count() == 1
        assert await sessions(empty_url) == 0
    async with cm.connect(settings(empty_url)):
        with pytest.raises(cm.MigrationsPending):
            await cm.User.objects.count()


async def test_two_at_once_open_one(url: str, empty_url: str) -> None:
    databases = [cm.connect(settings(url)), cm.connect(settings(empty_url))]
    results = await asyncio.gather(*(db.open() for db in databases), return_exceptions=True)
    assert [db.is_open for db in databases] == [True, False]
    assert isinstance(results[1], cm.ConfigurationError)
    await databases[0].close()


async def test_opening_after_a_failure(url: str) -> None:
    with pytest.raises(cm.DatabaseUnavailable):
        await cm.connect(settings(f"{url}_missing" if "?" not in url else url.replace("?", "_missing?"))).open()
    with pytest.raises(cm.ConfigurationError):
        await cm.connect(settings(url), apps={"shop": ["tests.no_such_module"]}).open()
    async with cm.connect(settings(url)):
        assert await cm.User.objects.count() == 0


async def test_opening_after_an_open_that_was_cancelled(url: str) -> None:
    async with Proxy(url) as proxy:
        proxy.hang()
        task = asyncio.create_task(cm.connect(settings(proxy.url)).open())
        await until(lambda: proxy.accepted > 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with cm.connect(settings(url)):
        assert await cm.User.objects.count() == 0


USES: list[Callable[[cm.Database], Awaitable[object]]] = [
    lambda _: cm.User.objects.count(),
    lambda _: cm.User.all(),
    lambda _: cm.User.get_or_none(email="ada@example.com"),
    lambda _: cm.User.create(email="ada@example.com"),
    lambda _: cm.User.filter(name="Ada").update(name="Eve"),
    lambda _: cm.transaction().run(asyncio.sleep, 0),
    lambda db: db.acquire().__aenter__(),
    lambda db: asyncio.sleep(0, db.pool_status()),
]


@pytest.mark.parametrize("use", USES)
async def test_use_outside_is_refused_at_once(url: str, use: Callable[[cm.Database], Awaitable[object]]) -> None:
    db = cm.connect(settings(url))
    with pytest.raises(cm.ConfigurationError, match="No database is open"):
        await use(db)
    async with db:
        pass
    with pytest.raises(cm.ConfigurationError, match="No database is open"):
        await use(db)
    assert await sessions(url) == 0


async def test_what_was_kept_from_a_closed_database_does_not_connect_again(url: str) -> None:
    async with cm.connect(settings(url)) as db:
        client, transaction = db.client, cm.transaction()
        user = await factories.user()
        queryset = cm.User.all().using_db(client)
        assert len(await queryset) == 1
    for use in (client.fetch("SELECT 1"), queryset, user.save(), user.refresh_from_db(), transaction.__aenter__()):
        with pytest.raises((cm.DatabaseUnavailable, cm.ConfigurationError)):
            await use
    assert await sessions(url) == 0


async def test_closing_waits_for_what_is_under_way(url: str) -> None:
    db = await cm.connect(settings(url)).open()
    began, may_end = asyncio.Event(), asyncio.Event()

    async def insert() -> None:
        async with cm.transaction():
            await factories.user()
            began.set()
            await may_end.wait()
            await factories.user()

    working = asyncio.create_task(insert())
    await began.wait()
    closing = asyncio.create_task(db.close())
    await asyncio.sleep(0)
    assert not closing.done()
    may_end.set()
    await asyncio.gather(working, closing)
    async with cm.connect(settings(url)):
        assert await cm.User.objects.count() == 2


async def test_closing_inside_a_transaction_is_refused(url: str) -> None:
    """It would wait for itself."""
    async with cm.connect(settings(url)) as db:
        async with cm.transaction():
            with pytest.raises(cm.ConfigurationError):
                await db.close()
            await factories.user()
        assert await cm.User.objects.count() == 1


async def test_the_representation_and_the_log_hold_no_secret(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    parts = urlsplit(url)
    secret = parts._replace(netloc=f"{parts.username or 'postgres'}:s3cr3t@{parts.netloc.rpartition('@')[2]}").geturl()
    db = cm.connect(secret)
    async with Proxy(url) as proxy:
        with pytest.raises(cm.DatabaseUnavailable) as raised:
            user = f"postgresql://nobody_of_that_name:s3cr3t@{proxy.url.rpartition('@')[2]}"
            await cm.connect(settings(user)).open()
    said = f"{db!r}{db.settings!r}{raised.value!r}{raised.value}{caplog.text}"
    assert "s3cr3t" not in said
    assert "postgresql://" not in said


# Retries


async def test_a_server_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    proxy = Proxy("postgresql://app:s3cr3t@localhost/charmodels")
    started = time.monotonic()
    with pytest.raises(cm.DatabaseUnavailable) as raised:
        await cm.connect(settings(proxy.url, db_connect_retries=3)).open()
    proxy._socket.close()
    assert raised.value.attempts == 4
    assert "4 attempts" in str(raised.value)
    assert time.monotonic() - started < 2 * (0.2 + 0.4 + 0.8)
    assert caplog.text.count("Connecting failed") == 3
    assert "s3cr3t" not in f"{raised.value!r}{raised.value}{caplog.text}"


async def test_a_server_that_comes_late(url: str) -> None:
    proxy = Proxy(url)
    failures: list[logging.LogRecord] = []
    failed = asyncio.Event()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            failures.append(record)
            failed.set()

    logger, handler = logging.getLogger("charmodels.database"), Handler(logging.WARNING)
    logger.addHandler(handler)
    try:
        opening = asyncio.create_task(cm.connect(settings(proxy.url, db_connect_retries=8)).open())
        async with asyncio.timeout(10):
            await failed.wait()
        async with proxy:
            db = await opening
            assert await cm.User.objects.count() == 0
            await db.close()
    finally:
        logger.removeHandler(handler)
    assert failures


async def test_a_server_that_takes_the_call_and_says_nothing(url: str) -> None:
    async with Proxy(url) as proxy:
        proxy.hang()
        started = time.monotonic()
        with pytest.raises(cm.DatabaseUnavailable, match="timed out"):
            await cm.connect(settings(proxy.url, db_connect_timeout=0.3)).open()
        assert time.monotonic() - started < 3


async def test_a_missing_database_is_not_asked_for_twice(url: str) -> None:
    async with Proxy(url) as proxy:
        address = proxy.url.rpartition("/")[0]
        with pytest.raises(cm.DatabaseUnavailable, match="does not exist") as raised:
            await cm.connect(settings(f"{address}/charmodels_no_such_database", db_connect_retries=5)).open()
        # With sslmode=prefer an attempt may ask for TLS on a connection of its own.
        assert proxy.accepted <= 2
    assert raised.value.attempts is None


async def test_a_missing_role_is_not_asked_for_twice(url: str) -> None:
    async with Proxy(url) as proxy:
        address = proxy.url.rpartition("@")[2]
        with pytest.raises(cm.DatabaseUnavailable, match="refused"):
            await cm.connect(
                settings(f"postgresql://charmodels_no_such_role:s3cr3t@{address}", db_connect_retries=5)
            ).open()
        assert proxy.accepted <= 2


async def test_closing_that_is_cut_short_leaves_the_process_usable(url: str) -> None:
    db = await cm.connect(url).open()
    async with db.acquire():
        closing = asyncio.create_task(db.close())
        await asyncio.sleep(0.05)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
    async with cm.connect(url):
        assert await cm.User.objects.count() == 0
