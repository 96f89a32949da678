"""The quota inside transactions: what a rollback undoes, and what a refusal leaves usable."""

from __future__ import annotations

import asyncio

import pytest

import charmodels as cm
from tests import factories
from tests.proxy import session
from tests.quotas import (
    COMMITTED,
    RELEASED,
    admitted,
    agrees,
    grant,
    kinds,
    numbers,
    quota,
    reserve,
    until_waiting,
    use,
    user,
)


async def test_a_rollback_leaves_nothing(db: cm.Database) -> None:
    ada = await user()
    with pytest.raises(KeyError):
        async with cm.transaction():
            await use(ada)
            await reserve(ada.id, key="k")
            await grant(ada.id, 5)
            assert await numbers(ada) == (2, 1, 6)
            raise KeyError
    assert await numbers(ada) == (0, 0, 3)
    assert await kinds(ada) == []
    assert not (await reserve(ada.id, key="k")).repeated


async def test_a_refusal_leaves_the_transaction_usable(db: cm.Database) -> None:
    ada = await user(daily_quota=1)
    async with cm.transaction():
        with pytest.raises(cm.QuotaExceeded):
            await reserve(ada.id, 2)
        await reserve(ada.id)
        with pytest.raises(cm.QuotaExceeded):
            await reserve(ada.id)
        await factories.character(ada)
    assert await numbers(ada) == (1, 1, 0)
    assert await cm.Character.filter(user_id=ada.id).count() == 1


async def test_other_refusals_leave_it_usable_too(db: cm.Database) -> None:
    ada, gone = await user(), await user()
    await gone.delete()
    async with cm.transaction():
        hold = await reserve(ada.id, key="k")
        for refused, error in (
            (reserve(ada.id, 2, key="k"), cm.Conflict),
            (reserve(gone.id), cm.NotFound),
            (grant(gone.id, 1), cm.NotFound),
            (reserve(ada.id, 0), cm.InvalidInput),
        ):
            with pytest.raises(error):
                await refused
        assert await hold.commit() is COMMITTED
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_a_savepoint_undoes_its_own(db: cm.Database) -> None:
    ada = await user()
    async with cm.transaction():
        kept = await reserve(ada.id)
        with pytest.raises(KeyError):
            async with cm.transaction():
                await kept.commit()
                await reserve(ada.id, 2)
                raise KeyError
        assert await numbers(ada) == (1, 1, 2)
    assert await kinds(ada) == ["HOLD"]
    assert await agrees()


async def test_a_hold_may_be_closed_in_another_transaction(db: cm.Database) -> None:
    ada = await user()
    hold = await reserve(ada.id)
    with pytest.raises(KeyError):
        async with cm.transaction():
            await hold.commit()
            raise KeyError
    assert await numbers(ada) == (1, 1, 2)
    assert await hold.release() is RELEASED  # `state` said otherwise, the database decides
    assert await numbers(ada) == (0, 0, 3)


async def test_a_block_inside_a_transaction(db: cm.Database) -> None:
    ada = await user()
    async with cm.transaction(), await reserve(ada.id):
        await factories.character(ada)
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_a_transaction_inside_a_block(db: cm.Database) -> None:
    """Its failure undoes the work and gives back the quota."""
    ada = await user()
    with pytest.raises(cm.Conflict):
        async with await reserve(ada.id), cm.transaction():
            await factories.user(email=ada.email)
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert await numbers(ada) == (0, 0, 3)


async def test_others_see_nothing_until_the_commit(db: cm.Database, url: str) -> None:
    ada = await user(daily_quota=1)
    async with session(url) as other:
        used = "SELECT daily_used FROM user_quotas WHERE user_id = $1"
        async with cm.transaction():
            await reserve(ada.id)
            assert (await quota(ada.id)).used == 1
            assert await other.fetchval(used, ada.id) == 0
        assert await other.fetchval(used, ada.id) == 1


@pytest.mark.parametrize("ends", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize("key", [None, "k"])
async def test_a_reserve_waits_for_a_transaction_and_looks_again(
    db: cm.Database, url: str, ends: str, key: str | None
) -> None:
    ada = await user(daily_quota=1)
    async with session(url) as other, session(url) as watching:
        await other.execute("BEGIN")
        await other.execute(RESERVE, ada.id)
        task = asyncio.create_task(admitted(ada, key=key))
        await until_waiting(watching)
        await other.execute(ends)
        assert await task is (ends == "ROLLBACK")
    assert await agrees()


RESERVE = """
    SELECT charmodels_reserve($1, 1, '{"FREE": 3}', gen_random_uuid(), NULL, '1 hour', NULL, NULL, NULL)
"""


async def test_repeatable_read_loses_by_name_and_runs_again(db: cm.Database, url: str) -> None:
    ada = await user(daily_quota=2)
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        await quota(ada.id)  # takes the snapshot
        if tries == 1:
            async with session(url) as other:
                await other.execute(RESERVE, ada.id)
        await reserve(ada.id)

    await cm.transaction(isolation="repeatable_read").run(work)
    assert tries == 2
    assert (await quota(ada.id)).used == 2
    assert await agrees()


async def test_a_read_only_transaction_reserves_nothing(db: cm.Database) -> None:
    ada = await user()
    with pytest.raises(cm.DatabaseError):
        async with cm.transaction(readonly=True):
            await reserve(ada.id)
    assert await numbers(ada) == (0, 0, 3)
