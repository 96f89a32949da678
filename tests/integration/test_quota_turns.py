"""A hot user waits without the pool's connections, and no longer than a statement may take."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import charmodels as cm
from charmodels.backend.turns import TRIES, Turns
from tests.proxy import session, settings, until
from tests.quotas import (
    COMMITTED,
    MINUTE,
    OPEN,
    admitted,
    agrees,
    kinds,
    locked,
    numbers,
    quota,
    reserve,
    statements,
    until_idle,
    until_noted,
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
        hot, eve = await user(daily_quota=50), await user(daily_quota=50)
        async with locked(url, hot, eve):
            for owners in ([hot], [hot, eve]):
                started = time.monotonic()
                asked = (reserve(owner.id) for owner in owners for _ in range(20))
                outcomes = await asyncio.gather(*asked, return_exceptions=True)
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
            await until_idle(db)  # or the server may still answer them
        async with asyncio.timeout(10):
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


def turns(db: cm.Database) -> Turns:
    return db.client._turns


async def test_turns_are_forgotten(db: cm.Database) -> None:
    ada, eve = await user(), await user()
    await asyncio.gather(*(admitted(owner) for owner in (ada, eve) for _ in range(10)))
    assert not turns(db)._busy
    assert not turns(db)._waiting
    assert not turns(db)._ready
    assert turns(db)._lanes == 0


async def test_what_comes_meanwhile_goes_together(db: cm.Database) -> None:
    owners = [await user(daily_quota=2) for _ in range(20)]
    with statements() as seen:
        outcomes = await asyncio.gather(*(admitted(owner) for owner in owners for _ in range(4)))
    assert len(seen) < 20
    assert outcomes.count(True) == 40
    assert [await numbers(owner) for owner in owners] == [(2, 2, 0)] * 20
    assert await agrees()


async def test_each_has_its_own_answer(db: cm.Database) -> None:
    """Reservations of many kinds at once: with keys, too many, of nobody; and commits among them."""
    ada, eve, open_hold = await user(daily_quota=5), await user(daily_quota=1), await reserve((await user()).id)
    asked = [
        reserve(ada.id, 2, key="a"),
        reserve(ada.id, 2, key="a"),
        reserve(eve.id, 2),
        reserve(uuid4()),
        open_hold.commit(),
        reserve(ada.id, 3, reason="three", expires_in=MINUTE),
        reserve(ada.id, 1, key="a"),
        open_hold.release(),
        reserve(eve.id),
    ]
    first, second, exceeded, unknown, committed, three, conflict, released, last = await asyncio.gather(
        *asked, return_exceptions=True
    )
    assert isinstance(first, cm.QuotaHold)
    assert isinstance(second, cm.QuotaHold)
    assert first.id == second.id
    assert sorted([first.repeated, second.repeated]) == [False, True]
    assert isinstance(exceeded, cm.QuotaExceeded)
    assert exceeded.requested == 2
    assert isinstance(unknown, cm.NotFound)
    assert [committed, released] == [COMMITTED, COMMITTED]
    assert isinstance(three, cm.QuotaHold)
    assert three.amount == 3
    assert three.expires_at - three.created_at == MINUTE
    assert isinstance(conflict, cm.Conflict)
    assert isinstance(last, cm.QuotaHold)
    assert last.user_id == eve.id
    assert await agrees()


async def test_locked_users_hold_up_nobody(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=6)):
        slow = [await user() for _ in range(3)]
        others = [await user() for _ in range(12)]
        async with locked(url, *slow) as other:
            waiting = [asyncio.create_task(admitted(owner)) for owner in slow]
            async with asyncio.timeout(2):
                assert all(await asyncio.gather(*(admitted(owner) for owner in others for _ in range(2))))
            await until_waiting(other, 3)
            assert not any(task.done() for task in waiting)
        assert await asyncio.gather(*waiting) == [True] * 3


async def test_who_is_left_out_goes_along_with_the_next_before_it_waits_alone(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=6)):
        slow = [await user(daily_quota=2) for _ in range(2)]
        eve = await user()
        async with locked(url, *slow) as other:
            with statements() as seen:
                waiting = [asyncio.create_task(admitted(owner)) for owner in slow for _ in range(3)]
                assert await admitted(eve)
                await until_waiting(other, 2)
            together = [sent for sent in seen if "charmodels_reserve_many" in sent]
            assert len(together) == TRIES + 2
            waiting.append(asyncio.create_task(admitted(slow[0])))
        assert await asyncio.gather(*waiting) == [True, True, False, True, True, False, False]  # in their order
        assert await agrees()


async def test_who_is_left_out_is_cancelled_as_others_are(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=6)) as db:
        slow = [await user() for _ in range(2)]
        async with locked(url, *slow) as other:
            tasks = [asyncio.create_task(reserve(owner.id)) for owner in slow]
            await until(lambda: bool(turns(db)._busy))
            tasks[0].cancel()
            await until_waiting(other)
            assert not tasks[1].done()
        assert isinstance(await tasks[1], cm.QuotaHold)
        assert tasks[0].cancelled()
        await until_idle(db)
        assert await numbers(slow[0]) == (0, 0, 3)


async def test_one_who_is_refused_harms_no_other(url: str) -> None:
    async with cm.connect(settings(url)), session(url) as admin:
        owners = [await user() for _ in range(8)]
        await admin.execute(f"ALTER TABLE quota_holds ADD CONSTRAINT unlucky CHECK (user_id <> '{owners[3].id}')")
        outcomes = await asyncio.gather(
            *(reserve(owner.id) for owner in owners for _ in range(2)), return_exceptions=True
        )
        refused = [isinstance(outcome, cm.ConstraintViolation) for outcome in outcomes]
        assert refused == [owner is owners[3] for owner in owners for _ in range(2)]
        assert await agrees()


async def test_whose_caller_is_cancelled_is_released(url: str) -> None:
    """A statement that others wait for goes on, so its hold has to be given back."""
    async with cm.connect(settings(url, db_pool_max=4)) as db:
        hot = await user(daily_quota=50)
        async with locked(url, hot) as other:
            first = asyncio.create_task(admitted(hot))
            await until_waiting(other)
            keyed, stays, leaves = [asyncio.create_task(reserve(hot.id, key=key)) for key in ("k", None, None)]
            first.cancel()
            await asyncio.wait([first])
            await until(lambda: not turns(db)._waiting)
            await until_waiting(other)
            leaves.cancel()
            keyed.cancel()
            await asyncio.wait([leaves, keyed])
        assert (await stays).state is OPEN
        await until_noted(url, hot, "RELEASE")
        assert await numbers(hot) == (2, 2, 48)
        assert (await reserve(hot.id, key="k")).repeated
        assert sorted(await kinds(hot)) == ["HOLD", "HOLD", "HOLD", "RELEASE"]
        assert await agrees()


async def test_a_lost_connection_is_told_to_all(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=4)) as db:
        hot = await user(daily_quota=50)
        async with locked(url, hot) as other:
            first = asyncio.create_task(admitted(hot))
            await until_waiting(other)
            behind = [asyncio.create_task(admitted(hot)) for _ in range(3)]
            first.cancel()
            await asyncio.wait([first])
            await until(lambda: not turns(db)._waiting)
            await until_waiting(other)
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            outcomes = await asyncio.gather(*behind, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [cm.DatabaseUnavailable] * 3
        assert len({id(outcome) for outcome in outcomes}) == 3
        assert await admitted(hot)
