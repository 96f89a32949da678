"""Quota is held, used and given back; every verb, and every way it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

import charmodels as cm
from charmodels import clock
from tests.quotas import (
    COMMITTED,
    DAY,
    EXPIRED,
    HOUR,
    MINUTE,
    NOON,
    OPEN,
    RELEASED,
    SECOND,
    admitted,
    agrees,
    columns,
    counter,
    kinds,
    numbers,
    quota,
    reserve,
    statements,
    use,
    user,
    versions,
)


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FrozenClock]:
    with clock.frozen(NOON) as stopped:
        yield stopped


# Reserving


async def test_a_hold_takes_from_the_day(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    hold = await reserve(ada.id, 2)
    assert (hold.user_id, hold.amount, hold.state, hold.repeated) == (ada.id, 2, OPEN, False)
    assert (hold.quota_day, hold.expires_at, hold.created_at) == (NOON.date(), NOON + 15 * MINUTE, NOON)
    assert await numbers(ada) == (2, 2, 1)
    assert await kinds(ada) == ["HOLD"]
    assert await agrees()


async def test_the_hold_is_the_row_that_the_database_has(db: cm.Database) -> None:
    ada = await user()
    generation = uuid4()
    hold = await reserve(str(ada.id), key="k", expires_in=HOUR, generation_id=generation)
    stored = await cm.QuotaHold.get(id=hold.id)
    assert columns(hold) == columns(stored)
    assert (stored.generation_id, stored.expires_at) == (generation, NOON + HOUR)


async def test_reserving_is_one_statement(db: cm.Database) -> None:
    ada = await user(daily_quota=1)
    with statements() as seen:
        hold = await reserve(ada.id, key="k")
        await reserve(ada.id, key="k")
        assert not await admitted(ada)
        await hold.commit()
    assert len(seen) == 4


async def test_reserving_says_that_the_user_is_here(db: cm.Database) -> None:
    ada = await user()
    await reserve(ada.id)
    assert (await counter(ada)).last_active_at == NOON


async def test_too_much_is_refused_and_nothing_is_held(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    await reserve(ada.id, 2)
    before = await versions(db)
    with pytest.raises(cm.QuotaExceeded) as raised:
        await reserve(ada.id, 2)
    error = raised.value
    assert (error.limit, error.used, error.requested) == (3, 2, 2)
    assert error.resets_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert error.status == await quota(ada.id)
    assert str(error) == (
        "The quota of 3 a day has 1 left and 2 were asked for; it resets at 2026-03-02T00:00:00+00:00."
    )
    assert error.status is not None
    assert error.status.headers(error.requested) == {
        "RateLimit-Policy": '"daily";q=3;w=86400',
        "RateLimit": '"daily";r=1;t=43200',
        "Retry-After": "43200",
    }
    assert await versions(db) == before


async def test_a_quota_of_nothing(db: cm.Database) -> None:
    ada = await user(daily_quota=0)
    assert not await admitted(ada)
    assert (await quota(ada.id)).exceeded


async def test_the_largest_amount(db: cm.Database) -> None:
    ada = await user(daily_quota=2**31 - 1)
    await use(ada, 2**31 - 1)
    assert await numbers(ada) == (2**31 - 1, 0, 0)
    assert not await admitted(ada, 2**31 - 1)


# Committing, releasing, expiring


async def test_a_commit_charges_and_counts(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    hold = await reserve(ada.id, 2)
    assert await hold.commit() is COMMITTED
    assert hold.state is COMMITTED
    assert await numbers(ada) == (2, 0, 1)
    assert (await counter(ada)).total_generated == 2
    assert await cm.QuotaHold.filter(user_id=ada.id).count() == 0
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    assert await agrees()


async def test_a_release_gives_back(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    hold = await reserve(ada.id, 2)
    assert await hold.release() is RELEASED
    assert hold.state is RELEASED
    assert await numbers(ada) == (0, 0, 3)
    assert (await counter(ada)).total_generated == 0
    assert await cm.QuotaHold.filter(user_id=ada.id).count() == 0
    assert await agrees()


async def test_the_first_to_close_decides(db: cm.Database) -> None:
    ada = await user()
    committed, released = await reserve(ada.id), await reserve(ada.id)
    await committed.commit()
    await released.release()
    assert [await committed.commit(), await committed.release()] == [COMMITTED, COMMITTED]
    assert [await released.commit(), await released.release()] == [RELEASED, RELEASED]
    assert await kinds(ada) == ["COMMIT", "HOLD", "HOLD", "RELEASE"]
    assert await numbers(ada) == (1, 0, 2)


async def test_a_stored_hold_can_be_closed_elsewhere(db: cm.Database) -> None:
    ada = await user()
    made = await reserve(ada.id)
    assert await (await cm.QuotaHold.get(id=made.id)).commit() is COMMITTED
    assert await made.release() is COMMITTED


async def test_a_hold_that_ran_out_counts_as_given_back_at_once(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(daily_quota=3)
    await reserve(ada.id, 3, expires_in=MINUTE)
    noon.advance(MINUTE - timedelta(microseconds=1))
    assert await numbers(ada) == (3, 3, 0)
    noon.advance(timedelta(microseconds=1))
    assert await numbers(ada) == (0, 0, 3)
    assert await kinds(ada) == ["HOLD"]  # nobody has written so yet


async def test_what_ran_out_makes_room(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(daily_quota=3)
    await reserve(ada.id, 2, expires_in=MINUTE)
    await reserve(ada.id, 1, expires_in=HOUR)
    noon.advance(MINUTE)
    await reserve(ada.id, 2)
    assert await numbers(ada) == (3, 3, 0)
    assert await kinds(ada) == ["EXPIRE", "HOLD", "HOLD", "HOLD"]
    assert await agrees()


@pytest.mark.parametrize("verb", ["commit", "release"])
async def test_closing_what_ran_out_says_so(db: cm.Database, noon: clock.FrozenClock, verb: str) -> None:
    ada = await user()
    hold = await reserve(ada.id, expires_in=MINUTE)
    noon.advance(MINUTE)
    assert await getattr(hold, verb)() is EXPIRED
    assert await hold.commit() is EXPIRED
    assert await kinds(ada) == ["EXPIRE", "HOLD"]
    assert await numbers(ada) == (0, 0, 3)


async def test_the_sweep_writes_down_what_ran_out(db: cm.Database, noon: clock.FrozenClock) -> None:
    owners = [await user() for _ in range(3)]
    holds = [await reserve(owner.id, expires_in=MINUTE) for owner in owners for _ in range(2)]
    kept = await reserve(owners[0].id, expires_in=HOUR)
    noon.advance(MINUTE)
    assert await cm.QuotaHold.objects.expire(users=2) == 6
    assert await cm.QuotaHold.objects.expire() == 0
    assert await cm.QuotaHold.all().values_list("id", flat=True) == [kept.id]
    assert [await hold.release() for hold in holds] == [EXPIRED] * 6
    assert await agrees()


# Nobody and nothing


async def test_nobodys_quota(db: cm.Database) -> None:
    with pytest.raises(cm.NotFound, match="There is no such User"):
        await quota(uuid4())
    for key in (None, "k"):
        with pytest.raises(cm.NotFound, match="There is no such User"):
            await reserve(uuid4(), key=key)


@pytest.mark.parametrize("verb", ["commit", "release"])
async def test_a_hold_that_never_was(db: cm.Database, verb: str) -> None:
    ada, eve = await user(), await user()
    made = await reserve(ada.id)
    values: dict[str, Any] = {"amount": 1, "quota_day": NOON.date(), "expires_at": NOON + HOUR}
    for unknown in (cm.QuotaHold(user_id=ada.id, **values), cm.QuotaHold(id=made.id, user_id=eve.id, **values)):
        with pytest.raises(cm.NotFound, match="There is no such QuotaHold"):
            await getattr(unknown, verb)()
    await ada.delete()
    with pytest.raises(cm.NotFound, match="There is no such QuotaHold"):
        await getattr(made, verb)()


@pytest.mark.parametrize("amount", [0, -1, True, "3", 1.5, 2**31, None])
async def test_an_amount_that_is_none(db: cm.Database, amount: Any) -> None:
    ada = await user()
    with pytest.raises(cm.InvalidInput) as raised:
        await reserve(ada.id, amount)
    assert raised.value.field == "amount"
    assert await numbers(ada) == (0, 0, 3)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("user_id", {"user_id": "ada"}),
        ("user_id", {"user_id": None}),
        ("user_id", {"user_id": 7}),
        ("key", {"key": ""}),
        ("key", {"key": "  "}),
        ("key", {"key": "k" * 256}),
        ("key", {"key": "a\x00b"}),
        ("key", {"key": 7}),
        ("reason", {"reason": "x" * 2001}),
        ("reason", {"reason": "a\x00b"}),
        ("generation_id", {"generation_id": "ada"}),
        ("expires_in", {"expires_in": timedelta()}),
        ("expires_in", {"expires_in": -SECOND}),
        ("expires_in", {"expires_in": 366 * DAY + timedelta(microseconds=1)}),
        ("expires_in", {"expires_in": 60}),
        ("expires_in", {"expires_in": None}),
    ],
)
async def test_arguments_that_break_a_rule(db: cm.Database, field: str, values: dict[str, Any]) -> None:
    ada = await user()
    with statements() as seen, pytest.raises(cm.InvalidInput) as raised:
        await cm.User.objects.reserve_quota(**{"user_id": ada.id, **values})
    assert raised.value.field == field
    assert seen == []


async def test_the_longest_of_everything(db: cm.Database) -> None:
    ada = await user()
    hold = await reserve(ada.id, key="k" * 255, reason="x" * 2000, expires_in=366 * DAY)
    assert hold.expires_at == NOON + 366 * DAY
    await hold.release(reason="y" * 2000)


@pytest.mark.parametrize("verb", ["commit", "release"])
async def test_a_reason_that_is_too_long_closes_nothing(db: cm.Database, verb: str) -> None:
    ada = await user()
    hold = await reserve(ada.id)
    with pytest.raises(cm.InvalidInput) as raised:
        await getattr(hold, verb)(reason="x" * 2001)
    assert (raised.value.field, hold.state) == ("reason", OPEN)
    assert await numbers(ada) == (1, 1, 2)


# Looking


async def test_where_a_new_user_stands(db: cm.Database) -> None:
    ada = await user()
    assert await quota(ada.id) == cm.QuotaStatus(
        limit=3, used=0, held=0, granted=0, remaining=3, resets_at=datetime(2026, 3, 2, tzinfo=UTC), as_of=NOON
    )


async def test_looking_writes_nothing(db: cm.Database, noon: clock.FrozenClock) -> None:
    """Not even when a hold ran out or a new day has begun."""
    ada = await user()
    await reserve(ada.id, expires_in=MINUTE)
    before = await versions(db)
    for _ in range(3):
        await quota(ada.id)
        await cm.User.objects.quotas([ada.id])
        noon.advance(DAY)
    assert await versions(db) == before
    async with cm.transaction(readonly=True):
        assert (await quota(ada.id)).used == 0


async def test_many_in_one_statement(db: cm.Database) -> None:
    ada, eve, bob = await user(), await user(daily_quota=7), await user(subscription_tier="PRO")
    await reserve(ada.id)
    with statements() as seen:
        found = await cm.User.objects.quotas([ada.id, str(eve.id), bob.id, ada.id, uuid4()])
    assert len(seen) == 1
    assert {each: (status.limit, status.used) for each, status in found.items()} == {
        ada.id: (3, 1),
        eve.id: (7, 0),
        bob.id: (500, 0),
    }
    assert found[ada.id] == await quota(ada.id)


async def test_nobody_at_all(db: cm.Database) -> None:
    with statements() as seen:
        assert await cm.User.objects.quotas([]) == {}
    assert seen == []
    with pytest.raises(cm.InvalidInput, match="user_id must be a UUID"):
        await cm.User.objects.quotas([UUID(int=1), "ada"])
