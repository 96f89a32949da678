"""A hot user waits without the pool's connections, and no longer than a statement may take."""

from __future__ import annotations

import asyncio
import gc
import time
from uuid import uuid4

import charmodels as cm
from charmodels.backend.client import Client
from charmodels.querysets.turns import _turns, take_turn
from tests.proxy import session, settings
from tests.quotas import (
    COMMITTED,
    admitted,
    agrees,
    kinds,
    locked,
    numbers,
    quota,
    reserve,
    until_waiting,
    user,
)


async def test_a_hot_user_leaves_the_pool_to_others(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=4)) as db:
        hot, eve = await user(daily_quota=50), await user()
        async with locked(url, hot) as other:
            tasks = [asyncio.create_task(admitted(hot)) for _ in range(20)]
            await until_waiting(other)
            assert db.pool_status().busy == 1
            async with asyncio.timeout(2):
                async with await reserve(eve.id):
                    assert (await quota(hot.id)).used == 0  # looking waits for nobody
            assert db.pool_status().busy == 1
        assert await asyncio.gather(*tasks) == [True] * 20
        assert await numbers(hot) == (20, 20, 30)
        assert await agrees()


async def test_closing_waits_without_the_pool_too(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=4)) as db:
        hot, eve = await user(daily_quota=50), await user()
        holds = [await reserve(hot.id) for _ in range(20)]
        async with locked(url, hot) as other:
            tasks = [asyncio.create_task(hold.commit()) for hold in holds]
            await until_waiting(other)
            assert db.pool_status().busy == 1
            async with asyncio.timeout(2):
                assert await admitted(eve)
        assert await asyncio.gather(*tasks) == [COMMITTED] * 20


async def test_waiting_ends_with_the_time_that_a_statement_may_take(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=4, db_command_timeout=0.5)) as db:
        hot = await user(daily_quota=50)
        async with locked(url, hot):
            started = time.monotonic()
            outcomes = await asyncio.gather(*(reserve(hot.id) for _ in range(20)), return_exceptions=True)
            assert time.monotonic() - started < 3
        assert {type(outcome) for outcome in outcomes} == {cm.StatementTimeout}
        assert {outcome.timeout for outcome in outcomes if isinstance(outcome, cm.StatementTimeout)} == {0.5}
        assert db.pool_status().busy == 0
        assert await admitted(hot)
        assert await kinds(hot) == ["HOLD"]


async def test_callers_who_are_cancelled_leave_their_turn(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=4)) as db:
        hot = await user(daily_quota=50)
        async with locked(url, hot) as other:
            tasks = [asyncio.create_task(reserve(hot.id)) for _ in range(20)]
            await until_waiting(other)
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
        async with asyncio.timeout(2):
            assert await admitted(hot)
        assert db.pool_status().busy == 0
        assert await kinds(hot) == ["HOLD"]


async def test_those_behind_a_cancelled_caller_come_on(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=4)):
        hot = await user(daily_quota=50)
        async with locked(url, hot) as other:
            tasks = [asyncio.create_task(admitted(hot)) for _ in range(10)]
            await until_waiting(other)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.wait(tasks[::2])  # or the server may still answer the first of them
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert outcomes.count(True) == 5
        assert await numbers(hot) == (5, 5, 45)


async def test_a_transaction_does_not_wait_for_a_turn(url: str) -> None:
    """Whose turn it is may wait for the row that the transaction has locked."""
    async with cm.connect(settings(url, db_pool_max=4)), session(url) as other:
        hot = await user()
        is_locked = asyncio.Event()

        async def another() -> bool:
            await is_locked.wait()
            return await admitted(hot)

        task = asyncio.create_task(another())  # made outside, so that its statements are outside
        async with asyncio.timeout(10), cm.transaction():
            hold = await reserve(hot.id)
            is_locked.set()
            await until_waiting(other)
            await reserve(hot.id)
            await hold.commit()
        assert await task
        assert await numbers(hot) == (3, 2, 0)


async def test_turns_are_forgotten(db: cm.Database) -> None:
    ada = await user()
    await asyncio.gather(*(admitted(ada) for _ in range(10)))
    gc.collect()
    assert ada.id not in {owner for _, owner in _turns}


class Patience(Client):
    """A client that is asked only how long a statement may take."""

    def __init__(self) -> None:
        pass

    @property
    def command_timeout(self) -> float:
        return 0.1


async def test_who_comes_while_the_turn_passes_on_waits_no_longer_than_others() -> None:
    owner, client, leave = uuid4(), Patience(), asyncio.Event()

    async def stay() -> None:
        async with take_turn(client, owner):
            await leave.wait()

    async with take_turn(client, owner):
        second = asyncio.create_task(stay())
        await asyncio.sleep(0)
        third = asyncio.create_task(stay())  # it runs after the release, before the second wakes
    done, _ = await asyncio.wait([third], timeout=1)
    leave.set()
    outcomes = await asyncio.gather(second, third, return_exceptions=True)
    assert done
    assert [type(outcome) for outcome in outcomes] == [type(None), cm.StatementTimeout]


def test_turns_of_one_loop_after_another() -> None:
    """An error that somebody keeps has frames, and they keep the turn."""
    owner = uuid4()
    kept: list[cm.StatementTimeout] = []

    async def wait_in_vain() -> None:
        async with take_turn(Patience(), owner):
            try:
                async with take_turn(Patience(), owner):
                    raise AssertionError("two at a time")
            except cm.StatementTimeout as error:
                kept.append(error)

    async def in_turn() -> list[int]:
        done: list[int] = []

        async def once(number: int) -> None:
            async with take_turn(Patience(), owner):
                await asyncio.sleep(0)
                done.append(number)

        await asyncio.gather(*(once(number) for number in range(3)))
        return done

    asyncio.run(wait_in_vain())
    assert asyncio.run(in_turn()) == [0, 1, 2]
