"""A hold as a block, and the keys by which it is found again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

import charmodels as cm
from charmodels import clock
from tests import factories
from tests.proxy import session
from tests.quotas import (
    COMMITTED,
    DAY,
    EXPIRED,
    HOUR,
    MINUTE,
    NOON,
    OPEN,
    RELEASED,
    admitted,
    columns,
    entry,
    kinds,
    locked,
    numbers,
    reserve,
    until_waiting,
    user,
)


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FrozenClock]:
    with clock.frozen(NOON) as stopped:
        yield stopped


# As a block


async def test_a_block_that_goes_well_commits(db: cm.Database) -> None:
    ada = await user()
    hold = await reserve(ada.id)
    async with hold as entered:
        assert entered is hold
        assert await numbers(ada) == (1, 1, 2)
    assert hold.state is COMMITTED
    assert (await entry(ada, "COMMIT")).reason is None


async def test_a_block_that_raises_releases(db: cm.Database) -> None:
    ada = await user()
    hold = await reserve(ada.id)
    with pytest.raises(KeyError):
        async with hold:
            raise KeyError
    assert hold.state is RELEASED
    assert (await entry(ada, "RELEASE")).reason == "KeyError"
    assert await numbers(ada) == (0, 0, 3)


@pytest.mark.parametrize(("verb", "kind"), [("commit", "COMMIT"), ("release", "RELEASE")])
@pytest.mark.parametrize("fails", [False, True])
async def test_what_a_block_closed_itself_stays(db: cm.Database, verb: str, kind: str, fails: bool) -> None:
    ada = await user()
    try:
        async with await reserve(ada.id) as hold:
            await getattr(hold, verb)(reason="done")
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    assert (await entry(ada, kind)).reason == "done"
    assert await kinds(ada) == sorted(["HOLD", kind])


async def test_a_block_whose_hold_ran_out(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    with pytest.raises(cm.HoldClosed) as raised:
        async with await reserve(ada.id, expires_in=MINUTE):
            noon.advance(MINUTE)
    assert raised.value.state is EXPIRED
    assert str(raised.value) == "The hold on the quota is EXPIRED; what it held was given back."
    assert await numbers(ada) == (0, 0, 3)


async def test_a_block_that_raises_after_its_hold_ran_out(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    with pytest.raises(KeyError):
        async with await reserve(ada.id, expires_in=MINUTE):
            noon.advance(MINUTE)
            raise KeyError
    assert await kinds(ada) == ["EXPIRE", "HOLD"]


async def test_a_block_whose_hold_somebody_released(db: cm.Database) -> None:
    ada = await user()
    with pytest.raises(cm.HoldClosed) as raised:
        async with await reserve(ada.id) as hold:
            await (await cm.QuotaHold.get(id=hold.id)).release()
    assert raised.value.state is RELEASED


async def test_a_block_whose_hold_somebody_committed(db: cm.Database) -> None:
    ada = await user()
    async with await reserve(ada.id) as hold:
        await (await cm.QuotaHold.get(id=hold.id)).commit()
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_a_released_hold_is_not_entered(db: cm.Database) -> None:
    ada = await user()
    hold = await reserve(ada.id)
    await hold.release()
    with pytest.raises(cm.HoldClosed):
        async with hold:
            raise AssertionError("entered")


async def test_the_blocks_own_error_comes_out_when_the_hold_is_gone(db: cm.Database) -> None:
    ada = await user()
    with pytest.raises(KeyError) as raised:
        async with await reserve(ada.id):
            await ada.delete()
            raise KeyError
    assert raised.value.__notes__ == ["The hold on the quota was not released: There is no such QuotaHold."]


async def test_a_block_that_is_cancelled_while_it_releases(db: cm.Database, url: str) -> None:
    ada = await user()
    hold = await reserve(ada.id)

    async def work() -> None:
        async with hold:
            raise KeyError

    async with session(url) as watching, locked(url, ada):
        task = asyncio.create_task(work())
        await until_waiting(watching)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert hold.state is OPEN


async def test_a_commit_that_the_blocks_error_undid(db: cm.Database) -> None:
    ada = await user()
    with pytest.raises(KeyError):
        async with await reserve(ada.id) as hold, cm.transaction():
            await hold.commit()
            raise KeyError
    assert hold.state is RELEASED
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert await numbers(ada) == (0, 0, 3)


async def test_the_blocks_own_error_comes_out_of_a_transaction_that_failed(db: cm.Database) -> None:
    """A statement that failed leaves a transaction in which nothing can be released; its rollback does that."""
    ada = await user()
    with pytest.raises(cm.Conflict) as raised:
        async with cm.transaction(), await reserve(ada.id):
            await factories.user(email=ada.email)
    assert raised.value.constraint == "users_email_key"
    assert await numbers(ada) == (0, 0, 3)


# Keys


async def test_the_same_key_gives_the_same_hold(db: cm.Database) -> None:
    ada = await user()
    first = await reserve(ada.id, 2, "k", expires_in=HOUR, generation_id=uuid4())
    again = await reserve(ada.id, 2, "k", expires_in=MINUTE)
    assert (first.repeated, again.repeated, again.state) == (False, True, OPEN)
    assert columns(again) == columns(first)
    assert await numbers(ada) == (2, 2, 1)
    assert await kinds(ada) == ["HOLD"]


async def test_a_key_answers_although_the_day_is_used_up(db: cm.Database) -> None:
    ada = await user(daily_quota=1)
    first = await reserve(ada.id, key="k")
    assert (await reserve(ada.id, key="k")).id == first.id


async def test_a_key_that_was_refused_may_be_tried_again(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(daily_quota=0)
    assert not await admitted(ada, key="k")
    await ada.set_daily_quota(1)
    assert not (await reserve(ada.id, key="k")).repeated


async def test_a_key_with_another_amount(db: cm.Database) -> None:
    ada = await user()
    await reserve(ada.id, 1, "k")
    with pytest.raises(cm.Conflict) as raised:
        await reserve(ada.id, 2, "k")
    assert raised.value.constraint == "quota_ledger_user_id_key_key"
    assert str(raised.value) == "Conflict: this key was used with another amount."
    assert await numbers(ada) == (1, 1, 2)


async def test_another_users_key_is_another_key(db: cm.Database) -> None:
    ada, eve = await user(), await user()
    first, second = await reserve(ada.id, key="k"), await reserve(eve.id, 2, key="k")
    assert first.id != second.id
    assert not second.repeated


@pytest.mark.parametrize(("verb", "state"), [("commit", COMMITTED), ("release", RELEASED)])
async def test_the_key_of_a_closed_hold(db: cm.Database, verb: str, state: cm.HoldState) -> None:
    ada = await user()
    first = await reserve(ada.id, key="k")
    await getattr(first, verb)()
    again = await reserve(ada.id, key="k")
    assert (again.id, again.repeated, again.state) == (first.id, True, state)
    assert (await numbers(ada))[0] == (state is COMMITTED)


@pytest.mark.parametrize("swept", [False, True])
async def test_the_key_of_a_hold_that_ran_out(db: cm.Database, noon: clock.FrozenClock, swept: bool) -> None:
    ada = await user()
    await reserve(ada.id, key="k", expires_in=MINUTE)
    noon.advance(MINUTE)
    if swept:
        await cm.QuotaHold.objects.expire()
    again = await reserve(ada.id, key="k")
    assert (again.repeated, again.state) == (True, EXPIRED)
    with pytest.raises(cm.HoldClosed):
        async with again:
            raise AssertionError("entered")


async def test_a_key_lasts_longer_than_its_day(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    first = await reserve(ada.id, key="k", expires_in=3 * DAY)
    noon.advance(2 * DAY)
    again = await reserve(ada.id, key="k")
    assert (again.id, again.quota_day) == (first.id, NOON.date())
    assert await numbers(ada) == (0, 0, 3)


async def test_entering_a_committed_repetition_charges_nothing_more(db: cm.Database) -> None:
    ada = await user()
    for _ in range(2):
        async with await reserve(ada.id, key="k"):
            pass
    assert await kinds(ada) == ["COMMIT", "HOLD"]
