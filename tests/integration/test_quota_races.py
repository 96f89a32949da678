"""Many at once: exactly as many as fit, each key once, each hold closed once."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import charmodels as cm
from charmodels import clock
from tests.proxy import settings
from tests.quotas import (
    COMMITTED,
    EXPIRED,
    FREE,
    MINUTE,
    NOON,
    PREMIUM,
    RELEASED,
    admitted,
    agrees,
    counter,
    grant,
    kinds,
    numbers,
    quota,
    remaining,
    reserve,
    user,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def pooled(url: str) -> AsyncIterator[cm.Database]:
    """A database whose connections are few beside its callers."""
    async with cm.connect(settings(url, db_pool_max=8)) as database:
        yield database


async def processes(url: str, owner: cm.User, number: int, callers: int, *key: str) -> list[str]:
    """Let processes reserve, all starting together; what each caller got."""
    command = [sys.executable, "-m", "tests.quota_worker", url, str(owner.id), str(callers), *key]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = asyncio.subprocess.PIPE
    workers = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        for _ in range(number)
    ]
    async with asyncio.timeout(60):
        for worker in workers:
            assert worker.stdout is not None
            assert await worker.stdout.readline() == b"ready\n"
        said = await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))
    assert [error for _, error in said] == [b""] * number
    return [line for output, _ in said for line in output.decode().split()]


async def at_once(*calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Call in a random order, all before the first has an answer; an error comes out as it is."""
    shuffled = random.sample(calls, len(calls))
    async with asyncio.timeout(30):
        return await asyncio.gather(*(call() for call in shuffled))


# Reserving


async def test_300_callers_and_a_quota_of_50(pooled: cm.Database) -> None:
    ada = await user(daily_quota=50)
    outcomes = await at_once(*[lambda: admitted(ada)] * 300)
    assert Counter(outcomes) == {True: 50, False: 250}
    assert await numbers(ada) == (50, 50, 0)
    assert await kinds(ada) == ["HOLD"] * 50
    assert (await counter(ada)).daily_used == 50
    assert await agrees()


async def test_300_callers_in_4_processes_and_a_quota_of_50(db: cm.Database, url: str) -> None:
    ada = await user(daily_quota=50)
    outcomes = await processes(url, ada, 4, 75)
    assert Counter(outcomes)["QuotaExceeded"] == 250
    assert len(set(outcomes) - {"QuotaExceeded"}) == 50
    assert await numbers(ada) == (50, 50, 0)
    assert await kinds(ada) == ["HOLD"] * 50
    assert await agrees()


async def test_300_callers_and_grants(pooled: cm.Database) -> None:
    ada = await user(daily_quota=20)
    for amount in (7, 11, 12):
        await grant(ada.id, amount)
    outcomes = await at_once(*[lambda: admitted(ada)] * 300)
    assert Counter(outcomes) == {True: 50, False: 250}
    assert await numbers(ada) == (50, 50, 0)
    assert await agrees()


async def test_amounts_that_do_not_divide_the_quota(pooled: cm.Database) -> None:
    ada = await user(daily_quota=50)
    outcomes = await at_once(*[lambda: admitted(ada, 7)] * 30)
    assert outcomes.count(True) == 7
    assert await numbers(ada) == (49, 49, 1)


async def test_transactions_race_as_well(pooled: cm.Database) -> None:
    """Inside of them the turns of the process do not help, only the database does."""
    ada = await user(daily_quota=10)

    async def in_transaction() -> bool:
        async with cm.transaction():
            return await admitted(ada)

    outcomes = await at_once(*[in_transaction] * 30, *[lambda: admitted(ada)] * 30)
    assert Counter(outcomes) == {True: 10, False: 50}
    assert await agrees()


async def test_the_first_of_a_day(pooled: cm.Database) -> None:
    """The new day is begun once, however many begin it."""
    ada = await user(daily_quota=5)
    with clock.frozen(NOON) as stopped:
        assert (await at_once(*[lambda: admitted(ada)] * 20)).count(True) == 5
        stopped.move_to(datetime(2026, 3, 2, tzinfo=UTC))
        assert (await at_once(*[lambda: admitted(ada)] * 20)).count(True) == 5
        assert await numbers(ada) == (5, 5, 0)
    assert await agrees()


# Keys


async def test_one_key_and_50_callers(pooled: cm.Database) -> None:
    ada = await user()
    holds = await at_once(*[lambda: reserve(ada.id, 2, "k")] * 50)
    assert len({hold.id for hold in holds}) == 1
    assert Counter(hold.repeated for hold in holds) == {True: 49, False: 1}
    assert await numbers(ada) == (2, 2, 1)
    assert await kinds(ada) == ["HOLD"]


async def test_one_key_and_50_transactions(pooled: cm.Database) -> None:
    ada = await user()

    async def in_transaction() -> bool:
        async with cm.transaction():
            return (await reserve(ada.id, key="k")).repeated

    assert Counter(await at_once(*[in_transaction] * 50)) == {True: 49, False: 1}
    assert await kinds(ada) == ["HOLD"]


async def test_one_key_and_4_processes(db: cm.Database, url: str) -> None:
    ada = await user()
    outcomes = await processes(url, ada, 4, 25, "k")
    assert (len(outcomes), len(set(outcomes))) == (100, 1)
    assert await numbers(ada) == (1, 1, 2)
    assert await kinds(ada) == ["HOLD"]


async def test_one_key_and_two_amounts(pooled: cm.Database) -> None:
    ada = await user()

    async def amount(wanted: int) -> int | None:
        try:
            return (await reserve(ada.id, wanted, "k")).amount
        except cm.Conflict:
            return None

    outcomes = await at_once(*[lambda: amount(1)] * 20, *[lambda: amount(2)] * 20)
    [won] = set(outcomes) - {None}
    assert Counter(outcomes) == {won: 20, None: 20}
    assert await numbers(ada) == (won, won, 3 - won)


# Closing


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_hold_is_closed_once(pooled: cm.Database, in_transaction: bool) -> None:
    async def alone(call: Callable[[], Awaitable[cm.HoldState]]) -> cm.HoldState:
        if not in_transaction:
            return await call()
        async with cm.transaction():
            return await call()

    for _ in range(10):
        ada = await user()
        hold = await reserve(ada.id)
        outcomes = await at_once(*[lambda: alone(hold.commit)] * 10, *[lambda: alone(hold.release)] * 10)  # noqa: B023
        [outcome] = set(outcomes)
        closing = {COMMITTED: "COMMIT", RELEASED: "RELEASE"}[outcome]
        assert await kinds(ada) == sorted(["HOLD", closing])
        assert await remaining(ada) == (2 if outcome is COMMITTED else 3)
    assert await agrees()


async def test_a_hold_that_ran_out_is_given_back_once(pooled: cm.Database) -> None:
    for _ in range(10):
        ada = await user(daily_quota=2)
        made = await grant(ada.id, 3)
        with clock.frozen(datetime.now(UTC)) as stopped:
            hold = await reserve(ada.id, 4, expires_in=MINUTE)
            stopped.advance(MINUTE)
            await at_once(
                *[hold.commit] * 5,
                *[hold.release] * 5,
                *[cm.QuotaHold.objects.expire] * 5,
                *[lambda: admitted(ada, 6)] * 5,  # noqa: B023
            )
            await cm.QuotaHold.objects.expire()
            assert await hold.commit() is EXPIRED
            assert await kinds(ada) == ["EXPIRE", "GRANT", "HOLD"]
            assert await numbers(ada) == (0, 0, 5)
        assert (await cm.QuotaGrant.get(id=made.id)).spent == 0
    assert await agrees()


async def test_a_release_and_who_needs_the_room(pooled: cm.Database) -> None:
    """Never are both in: whoever comes before the release is refused."""
    ada = await user(daily_quota=1)
    held = await reserve(ada.id)
    for _ in range(30):
        released, came_in = await asyncio.gather(held.release(), admitted(ada))
        assert released is RELEASED
        assert await numbers(ada) == ((1, 1, 0) if came_in else (0, 0, 1))
        [*left] = await cm.QuotaHold.filter(user_id=ada.id)
        held = left[0] if left else await reserve(ada.id)
    assert await agrees()


# Everything at once


async def test_reserving_beside_changes_of_tier(pooled: cm.Database) -> None:
    """No deadlock, and never more than the larger plan."""
    ada = await user(subscription_tier=PREMIUM)
    calls = [*[lambda: admitted(ada)] * 100, *[lambda: ada.subscribe(FREE), lambda: ada.subscribe(PREMIUM)] * 10]
    calls += [lambda: ada.set_daily_quota(20)] * 5
    outcomes = await at_once(*calls)
    used, held, _ = await numbers(ada)
    assert used == held == outcomes.count(True) <= 50
    assert await agrees()


async def test_reserving_beside_the_sweep(pooled: cm.Database) -> None:
    """What is in force at one time is never more than the day and the grants."""
    owners = [await user(daily_quota=5) for _ in range(4)]
    for owner in owners:
        await grant(owner.id, 3)
    with clock.frozen(NOON) as stopped:
        for _ in range(5):
            calls = [lambda owner=owner: admitted(owner, random.randint(1, 3), expires_in=MINUTE) for owner in owners]
            await at_once(*calls * 10, *[cm.QuotaHold.objects.expire] * 5, *[lambda: agrees()] * 3)
            for status in (await cm.User.objects.quotas(owner.id for owner in owners)).values():
                assert status.limit + status.granted == 8 == status.used + status.remaining
            stopped.advance(MINUTE)
        await cm.QuotaHold.objects.expire()
        assert [await remaining(owner) for owner in owners] == [8] * 4
    assert await agrees()


@pytest.mark.parametrize("seed", range(3))
async def test_everybody_does_everything(pooled: cm.Database, seed: int) -> None:
    choose = random.Random(seed)
    owners = [await user(daily_quota=10) for _ in range(3)]

    async def draw(owner: cm.User, way: str) -> None:
        try:
            hold = await reserve(owner.id, choose.randint(1, 3), expires_in=timedelta(milliseconds=200))
        except cm.QuotaExceeded:
            return
        if way != "leave":
            await getattr(hold, way)()

    async def look(owner: cm.User) -> None:
        status = await quota(owner.id)
        assert 0 <= status.held <= status.used <= status.limit + status.granted
        assert status.remaining == status.limit + status.granted - status.used
        assert await agrees()

    calls: list[Callable[[], Awaitable[Any]]] = []
    for owner in owners:
        for way in ("commit", "release", "leave"):
            calls += [lambda owner=owner, way=way: draw(owner, way)] * 20  # type: ignore[misc]
        calls += [lambda owner=owner: grant(owner.id, 1)] * 5  # type: ignore[misc]
        calls += [lambda owner=owner: look(owner)] * 5  # type: ignore[misc]
    calls += [cm.QuotaHold.objects.expire] * 5
    await at_once(*calls)
    for owner in owners:
        await look(owner)


async def test_deleting_a_user_beside_everything(pooled: cm.Database) -> None:
    for _ in range(5):
        ada = await user(daily_quota=50)
        hold = await reserve(ada.id)

        async def unless_gone(call: Callable[[], Awaitable[Any]]) -> None:
            with suppress(cm.NotFound):
                await call()

        calls: list[Callable[[], Awaitable[Any]]] = [lambda: reserve(ada.id), lambda: reserve(ada.id, key="k")]  # noqa: B023
        calls += [hold.commit, hold.release, lambda: ada.subscribe(PREMIUM)]  # noqa: B023
        await at_once(*[lambda call=call: unless_gone(call) for call in calls * 3], ada.delete)
        assert await cm.QuotaEntry.filter(user_id=ada.id).count() == 0
        with pytest.raises(cm.NotFound):
            await reserve(ada.id)
