"""The pool: what waits gives up in time, and whatever is interrupted gives its connection back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextvars import Context

import pytest

import charmodels as cm
from charmodels.backend.pool import PoolStatus
from tests import factories
from tests.proxy import session, settings, until

SLEEP = "SELECT pg_sleep(60)"
LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()"""


@pytest.fixture
async def small(url: str) -> AsyncIterator[cm.Database]:
    """A database with two connections, for which nobody waits long."""
    async with cm.connect(settings(url, db_pool_max=2, db_acquire_timeout=0.3)) as db:
        yield db


async def is_whole(db: cm.Database) -> bool:
    """Whether both connections are free, fresh and fit for use, and nobody waits."""
    async with db.acquire() as one, db.acquire() as two:
        for connection in (one, two):
            assert not connection.is_in_transaction()
            assert await connection.fetchval("SELECT 1") == 1
            assert await connection.fetchval(LOCKS) == 0
    return db.pool_status() == PoolStatus(size=2, idle=2, busy=0, waiting=0, max_size=2)


async def is_running(url: str, statement: str = SLEEP) -> None:
    """Wait until the server runs a statement."""
    async with session(url) as connection:
        running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
        async with asyncio.timeout(10):
            while not await connection.fetchval(f"{running} AND query = $1", statement):  # noqa: ASYNC110
                await asyncio.sleep(0.005)


async def test_status(small: cm.Database) -> None:
    assert small.pool_status() == PoolStatus(size=1, idle=1, busy=0, waiting=0, max_size=2)
    async with small.acquire():
        assert small.pool_status() == PoolStatus(size=1, idle=0, busy=1, waiting=0, max_size=2)
        client = small.client  # inside the transaction it would be the transaction's
        async with cm.transaction():
            assert small.pool_status() == PoolStatus(size=2, idle=0, busy=2, waiting=0, max_size=2)
            waiting = asyncio.create_task(client.fetch("SELECT 1"), context=Context())
            await until(lambda: small.pool_status().waiting == 1)
        assert await waiting
    assert small.pool_status() == PoolStatus(size=2, idle=2, busy=0, waiting=0, max_size=2)


async def test_a_full_pool_gives_up_in_time(small: cm.Database) -> None:
    async with small.acquire(), small.acquire():
        for use in (
            lambda: cm.User.objects.count(),
            lambda: cm.User.create(email="ada@example.com"),
            lambda: cm.transaction().run(factories.user),
            lambda: small.client.execute_script("SELECT 1"),
            lambda: small.acquire().__aenter__(),
        ):
            started = time.monotonic()
            with pytest.raises(cm.PoolTimeout) as raised:
                await use()
            assert 0.25 < time.monotonic() - started < 1.5
            assert (raised.value.timeout, raised.value.size) == (0.3, 2)
            assert small.pool_status().waiting == 0
    assert await cm.User.objects.count() == 0
    assert await is_whole(small)


async def test_many_more_callers_than_connections(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=3)) as db:
        users = await asyncio.gather(*(factories.user() for _ in range(50)))
        assert await cm.User.objects.count() == len(users)
        assert db.pool_status() == PoolStatus(size=3, idle=3, busy=0, waiting=0, max_size=3)


async def test_one_who_waits_gets_the_connection_that_comes_back(small: cm.Database) -> None:
    async with small.acquire():
        async with small.acquire():
            waiting = asyncio.ensure_future(cm.User.objects.count())
            await until(lambda: small.pool_status().waiting == 1)
        assert await waiting == 0


async def test_one_who_waits_is_not_overtaken_for_ever(url: str) -> None:
    """By a caller that takes the connection again as soon as it has given it back."""
    async with cm.connect(settings(url, db_pool_max=1)) as db:
        busy = True

        async def be_busy() -> int:
            number = 0
            while busy and number < 1000:
                await db.client.fetch("SELECT 1")
                number += 1
            return number

        overtaking = asyncio.create_task(be_busy())
        await until(lambda: db.pool_status().busy == 1)
        await cm.User.objects.count()
        busy = False
        assert await overtaking < 1000


@pytest.mark.parametrize("rounds", [1, 2])
async def test_who_comes_first_is_served_first(url: str, rounds: int) -> None:
    """Also before one whose turn it is in the event loop when the connection comes back."""
    served: list[str] = []

    async def use(name: str) -> None:
        async with db.acquire():
            served.append(name)

    async with cm.connect(settings(url, db_pool_max=1)) as db:
        for number in range(rounds):
            served.clear()
            async with db.acquire():
                early = [asyncio.create_task(use(f"early {each}")) for each in range(5)]
                await until(lambda: db.pool_status().waiting == 5)
                late = asyncio.create_task(use("late"))
            await asyncio.gather(*early, late)
            assert served == [*(f"early {each}" for each in range(5)), "late"], f"round {number}"


async def test_one_who_goes_leaves_their_turn_to_the_next(small: cm.Database) -> None:
    served: list[int] = []

    async def use(number: int) -> None:
        async with small.acquire():
            served.append(number)

    async with small.acquire():
        async with small.acquire():
            users = [asyncio.create_task(use(number)) for number in range(6)]
            await until(lambda: small.pool_status().waiting == 6)
            users[3].cancel()
            # As soon as it has been told that there is a connection, and before it takes it.
            asyncio.get_running_loop().call_soon(users[0].cancel)
        await asyncio.wait(users)
        assert served == [1, 2, 4, 5]
    assert await is_whole(small)


async def test_cancelled_while_waiting(small: cm.Database) -> None:
    async with small.acquire(), small.acquire():
        tasks = [asyncio.ensure_future(cm.User.objects.count()) for _ in range(5)]
        await until(lambda: small.pool_status().waiting == 5)
        for task in tasks:
            task.cancel()
        assert all(isinstance(e, asyncio.CancelledError) for e in await asyncio.gather(*tasks, return_exceptions=True))
        assert small.pool_status().waiting == 0
    assert await is_whole(small)


async def test_cancelled_while_connecting(url: str) -> None:
    async with cm.connect(settings(url, db_pool_min=0, db_pool_max=2)) as db:
        for turns in range(12):
            await db.client._pool.expire_connections()  # type: ignore[union-attr]
            task = asyncio.create_task(db.client.fetch("SELECT 1"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert db.pool_status().busy == 0
        assert await is_whole(db)


async def test_cancelled_while_querying(url: str, small: cm.Database) -> None:
    async def borrow() -> None:
        async with small.acquire() as connection:
            await connection.execute(SLEEP)

    for start in (lambda: small.client.fetch(SLEEP), lambda: small.client.execute_script(SLEEP), borrow):
        task = asyncio.create_task(start())
        await is_running(url)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert small.pool_status().busy == 0
        assert await cm.User.objects.count() == 0
    assert await is_whole(small)


async def test_cancelled_again_while_giving_back(url: str, small: cm.Database) -> None:
    async def borrow() -> None:
        async with small.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(7); " + SLEEP)

    for turns in range(6):
        task = asyncio.create_task(borrow())
        await is_running(url, "SELECT pg_advisory_lock(7); " + SLEEP)
        task.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: small.pool_status().busy == 0)
    await until(lambda: small.pool_status().busy == 0)
    assert await is_whole(small)


async def test_cancelled_in_a_transaction(url: str, small: cm.Database) -> None:
    async def insert(inner: bool) -> None:
        async with cm.transaction() as tx:
            await factories.user()
            await tx.fetch("SELECT pg_advisory_lock(7)")
            if inner:
                async with cm.transaction():
                    await tx.fetch(SLEEP)
            await tx.fetch(SLEEP)

    for inner in (False, True):
        task = asyncio.create_task(insert(inner))
        await is_running(url)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert small.pool_status().busy == 0
        assert await cm.User.objects.count() == 0
    assert await is_whole(small)


async def test_cancelled_at_every_step_of_a_transaction(small: cm.Database) -> None:
    async def insert() -> None:
        async with cm.transaction(actor="ada"):
            await factories.user()
            async with cm.transaction():
                await factories.user()

    kept = 0
    for turns in range(60):
        task = asyncio.create_task(insert())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            # A COMMIT that was cancelled on its way may have taken effect; half a transaction never.
            kept = await cm.User.objects.count()
        else:
            kept += 2
        assert await cm.User.objects.count() == kept
        assert kept % 2 == 0
        assert small.pool_status().busy == 0
    assert await is_whole(small)


async def test_a_connection_that_is_still_at_work_is_not_handed_on(small: cm.Database) -> None:
    """Somebody left the block and forgot a task in it."""
    slow = "SELECT count(*) FROM generate_series(1, 1000000000)"
    async with small.acquire():
        try:
            async with small.acquire() as connection:
                forgotten = asyncio.create_task(connection.fetch(slow))
                await asyncio.sleep(0)
        except cm.CharmodelsError:
            pass  # to say so is right, and so is to say nothing
        assert await cm.User.objects.count() == 0
        with pytest.raises(Exception, match=r"clos|cancel|lost|released"):
            await forgotten
    assert await is_whole(small)


async def test_the_blocks_own_error_comes_out_as_it_is(small: cm.Database) -> None:
    """Also where the driver raises errors of the same class."""
    for error in (FileNotFoundError("hero.png"), ConnectionResetError("another server"), KeyError("name")):
        with pytest.raises(type(error)) as raised:
            async with small.acquire():
                raise error
        assert raised.value is error
    with pytest.raises(TimeoutError) as timed_out:
        async with small.acquire(), asyncio.timeout(0):
            await asyncio.sleep(1)
    assert not isinstance(timed_out.value, cm.CharmodelsError)
    assert await is_whole(small)


async def test_the_drivers_error_comes_out_as_ours(small: cm.Database) -> None:
    with pytest.raises(cm.ConstraintViolation) as raised:
        async with small.acquire() as connection:
            await connection.execute("INSERT INTO users (email) VALUES ('nonsense')")
    assert raised.value.constraint == "users_email_form"
    assert await is_whole(small)


async def test_what_nobody_uses_is_closed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charmodels.backend.pool.LONGEST_IDLE", 0.3)
    async with cm.connect(cm.Settings(database_url=url, db_pool_min=1, db_pool_max=4)) as db:
        async with db.acquire() as last, db.acquire(), db.acquire():
            pid = last.get_server_pid()
        assert db.pool_status().size == 3
        async with asyncio.timeout(10):
            while db.pool_status().size > 1:
                [row] = await db.client.fetch("SELECT pg_backend_pid() AS pid")  # the last to be given back is used
                await asyncio.sleep(0.05)
        assert row["pid"] == pid
        async with db.acquire():
            await asyncio.sleep(1)  # who borrows for long keeps it
            assert db.pool_status().busy == 1
