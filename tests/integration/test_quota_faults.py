"""The quota when connections break, users are deleted and rows stay locked: charged once, and by its right name."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

import charmodels as cm
from tests.proxy import Proxy, session, settings, terminate, until
from tests.quotas import (
    COMMITTED,
    agrees,
    grant,
    kinds,
    locked,
    numbers,
    reserve,
    until_noted,
    until_waiting,
    user,
)

DELETING = "DELETE FROM users WHERE id = $1"


async def backend_that_waits(other: asyncpg.Connection) -> int:
    await until_waiting(other)
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND pid <> pg_backend_pid()"
    )
    pid: int = await other.fetchval(waiting)
    return pid


# Connections that break


@pytest.mark.parametrize("key", [None, "k"])
async def test_a_connection_that_is_killed_before_the_hold(url: str, key: str | None) -> None:
    async with cm.connect(settings(url, db_pool_max=4)):
        ada = await user()
        async with locked(url, ada) as other:
            task = asyncio.create_task(reserve(ada.id, key=key))
            await terminate(url, await backend_that_waits(other))
            with pytest.raises(cm.DatabaseUnavailable):
                await task
        assert await kinds(ada) == []
        assert not (await reserve(ada.id, key=key)).repeated
        assert await numbers(ada) == (1, 1, 2)
        assert await agrees()


async def test_an_answer_that_is_lost_is_charged_once(url: str) -> None:
    """The hold is made, but the caller does not hear of it, and asks again with the same key."""
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url, db_pool_max=4)):
        ada = await user()
        async with locked(url, ada) as other:
            task = asyncio.create_task(reserve(ada.id, 2, "k"))
            await until_waiting(other)
            proxy.hang()
        await until_noted(url, ada, "HOLD")
        proxy.cut()
        with pytest.raises(cm.DatabaseUnavailable):
            await task
        proxy.resume()
        again = await reserve(ada.id, 2, "k")
        assert again.repeated
        assert await numbers(ada) == (2, 2, 1)
        assert await again.commit() is COMMITTED
        assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_a_commit_whose_answer_is_lost_may_be_repeated(url: str) -> None:
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url, db_pool_max=4)):
        ada = await user()
        hold = await reserve(ada.id)
        async with locked(url, ada) as other:
            task = asyncio.create_task(hold.commit())
            await until_waiting(other)
            proxy.hang()
        await until_noted(url, ada, "COMMIT")
        proxy.cut()
        with pytest.raises(cm.DatabaseUnavailable):
            await task
        proxy.resume()
        assert await hold.commit() is COMMITTED
        assert await kinds(ada) == ["COMMIT", "HOLD"]
        assert await numbers(ada) == (1, 0, 2)


async def test_connections_that_break_under_many(url: str) -> None:
    """Each caller repeats until it has an answer; each key is charged once."""
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url, db_pool_max=4)):
        owners = [await user(daily_quota=50) for _ in range(4)]
        failed: list[int] = []

        async def insist(number: int) -> cm.QuotaHold:
            while True:
                try:
                    return await reserve(owners[number % 4].id, key=f"k{number}")
                except cm.DatabaseUnavailable:
                    failed.append(number)

        async with locked(url, *owners) as other:
            tasks = [asyncio.create_task(insist(number)) for number in range(80)]
            await until_waiting(other)
            proxy.cut()
            await until(lambda: bool(failed))
        for enough in (30, 50):
            await until(lambda enough=enough: sum(task.done() for task in tasks) >= enough)  # type: ignore[misc]
            proxy.cut()
        assert len({hold.id for hold in await asyncio.gather(*tasks)}) == 80
        assert failed
    async with cm.connect(settings(url)):  # whose connections nobody cut
        assert [await numbers(owner) for owner in owners] == [(20, 20, 30)] * 4
        assert await agrees()


# Users who are deleted meanwhile


@pytest.mark.parametrize("key", [None, "k"])
async def test_a_user_who_is_deleted_while_a_reserve_waits(db: cm.Database, url: str, key: str | None) -> None:
    ada = await user()
    async with session(url) as other, session(url) as watching:
        async with other.transaction():
            await other.execute(DELETING, ada.id)
            task = asyncio.create_task(reserve(ada.id, key=key))
            await until_waiting(watching)
        with pytest.raises(cm.NotFound, match="There is no such User"):
            await task


async def test_a_user_who_is_deleted_while_a_reserve_waits_for_grants(db: cm.Database, url: str) -> None:
    ada = await user(daily_quota=0)
    await grant(ada.id, 5)
    async with session(url) as other, session(url) as watching:
        async with other.transaction():
            await other.execute(DELETING, ada.id)
            task = asyncio.create_task(reserve(ada.id))
            await until_waiting(watching)
        with pytest.raises(cm.NotFound, match="There is no such User"):
            await task


async def test_a_user_who_is_deleted_while_a_grant_waits(db: cm.Database, url: str) -> None:
    ada = await user()
    async with session(url) as other, session(url) as watching:
        async with other.transaction():
            await other.execute(DELETING, ada.id)
            task = asyncio.create_task(grant(ada.id, 5))
            await until_waiting(watching)
        with pytest.raises(cm.NotFound, match="There is no such User"):
            await task


async def test_a_user_who_is_deleted_while_a_hold_is_closed(db: cm.Database, url: str) -> None:
    ada = await user()
    hold = await reserve(ada.id)
    async with session(url) as other, session(url) as watching:
        async with other.transaction():
            await other.execute(DELETING, ada.id)
            task = asyncio.create_task(hold.commit())
            await until_waiting(watching)
        with pytest.raises(cm.NotFound, match="There is no such QuotaHold"):
            await task


# The sweep leaves out whom somebody has locked


async def make_overdue(url: str, *owners: cm.User) -> None:
    """Let the users' holds run out, the first user's first."""
    async with session(url) as other:
        for number, owner in enumerate(owners):
            overdue = "UPDATE quota_holds SET expires_at = now() - $2 * interval '1 minute' WHERE user_id = $1"
            await other.execute(overdue, owner.id, len(owners) - number)


async def test_the_sweep_does_not_wait(db: cm.Database, url: str) -> None:
    hot, eve = await user(), await user()
    for owner in (hot, eve):
        await reserve(owner.id)
    await make_overdue(url, hot, eve)
    async with locked(url, hot), asyncio.timeout(2):
        assert await cm.QuotaHold.objects.expire() == 1
    assert await cm.QuotaHold.objects.expire() == 1
    assert [await kinds(owner) for owner in (hot, eve)] == [["EXPIRE", "HOLD"]] * 2


async def test_a_locked_user_does_not_keep_the_sweep_from_others(db: cm.Database, url: str) -> None:
    hot, eve = await user(), await user()
    for owner in (hot, eve):
        await reserve(owner.id)
    await make_overdue(url, hot, eve)
    async with locked(url, hot):
        assert await cm.QuotaHold.objects.expire(users=1) == 1
    assert await agrees()


@pytest.mark.parametrize("users", [0, -1, True, "5", None])
async def test_a_sweep_of_no_users(db: cm.Database, users: Any) -> None:
    with pytest.raises(cm.InvalidInput) as raised:
        await cm.QuotaHold.objects.expire(users=users)
    assert raised.value.field == "users"
