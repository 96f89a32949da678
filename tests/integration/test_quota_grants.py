"""Grants: what is spent after the day, which one first, and what comes back to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import uuid4

import pytest

import charmodels as cm
from charmodels import clock
from tests.proxy import session
from tests.quotas import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    admitted,
    agrees,
    columns,
    entry,
    grant,
    kinds,
    numbers,
    quota,
    remaining,
    reserve,
    statements,
    use,
    user,
)


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FrozenClock]:
    with clock.frozen(NOON) as stopped:
        yield stopped


async def spent(*grants: cm.QuotaGrant) -> list[int]:
    return [(await cm.QuotaGrant.get(id=each.id)).spent for each in grants]


# Making them


async def test_a_grant_adds_to_the_day(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    with statements() as seen:
        made = await grant(ada.id, 5, until=NOON + DAY, key="p", reason="Bought")
    assert len(seen) == 1
    assert (made.user_id, made.amount, made.spent, made.remaining) == (ada.id, 5, 0, 5)
    assert (made.expires_at, made.created_at, made.key, made.reason) == (NOON + DAY, NOON, "p", "Bought")
    assert columns(await cm.QuotaGrant.get(id=made.id)) == columns(made)
    status = await quota(ada.id)
    assert (status.limit, status.used, status.granted, status.remaining) == (3, 0, 5, 8)
    assert await agrees()


async def test_the_same_key_grants_once(db: cm.Database) -> None:
    ada = await user()
    first, again = await grant(ada.id, 5, key="p"), await grant(ada.id, 5, key="p")
    assert first.id == again.id
    assert (await quota(ada.id)).granted == 5
    assert await kinds(ada) == ["GRANT"]


async def test_a_payment_may_be_reported_again_after_the_grants_end(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    made = await grant(ada.id, 5, until=NOON + HOUR, key="p")
    noon.advance(HOUR)
    assert (await grant(ada.id, 5, until=NOON + HOUR, key="p")).id == made.id
    with pytest.raises(cm.Conflict):
        await grant(ada.id, 6, until=NOON + HOUR, key="p")
    with pytest.raises(cm.InvalidInput, match="until must be in the future"):
        await grant(ada.id, 5, until=NOON + HOUR, key="q")
    assert await kinds(ada) == ["GRANT"]


async def test_one_key_raced_by_many(db: cm.Database) -> None:
    ada = await user()
    made = await asyncio.gather(*(grant(ada.id, 5, key="p") for _ in range(30)))
    assert len({each.id for each in made}) == 1
    assert await kinds(ada) == ["GRANT"]


async def test_a_key_with_another_amount(db: cm.Database) -> None:
    ada = await user()
    await grant(ada.id, 5, key="p")
    with pytest.raises(cm.Conflict) as raised:
        await grant(ada.id, 6, key="p")
    assert raised.value.constraint == "quota_grants_user_id_key_key"
    assert (await quota(ada.id)).granted == 5


async def test_another_users_key_is_another_key(db: cm.Database) -> None:
    ada, eve = await user(), await user()
    assert (await grant(ada.id, 5, key="p")).id != (await grant(eve.id, 6, key="p")).id


async def test_a_grant_and_a_hold_may_have_the_same_key(db: cm.Database) -> None:
    ada = await user()
    await grant(ada.id, 5, key="k")
    assert not (await reserve(ada.id, key="k")).repeated


async def test_a_grant_to_nobody(db: cm.Database) -> None:
    for key in (None, "p"):
        with pytest.raises(cm.NotFound, match="There is no such User"):
            await grant(uuid4(), 5, key=key)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("user_id", {"user_id": "ada"}),
        *(("amount", {"amount": amount}) for amount in (0, -1, True, "3", 1.5, 2**31, None)),
        ("key", {"key": " "}),
        ("key", {"key": "k" * 256}),
        ("reason", {"reason": "x" * 2001}),
        ("until", {"until": NOON}),
        ("until", {"until": NOON - SECOND}),
        ("until", {"until": datetime(2030, 1, 1)}),
        ("until", {"until": "2030-01-01"}),
        ("until", {"until": datetime.max.replace(tzinfo=timezone(-HOUR))}),
    ],
)
async def test_arguments_that_break_a_rule(db: cm.Database, field: str, values: dict[str, Any]) -> None:
    ada = await user()
    with pytest.raises(cm.InvalidInput) as raised:
        await cm.User.objects.grant_quota(**{"user_id": ada.id, "amount": 5, **values})
    assert raised.value.field == field
    assert await kinds(ada) == []


class Nowhere(tzinfo):
    """A time zone that has no offset, by which a datetime is as good as naive."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    dst = utcoffset

    def tzname(self, moment: datetime | None) -> str:
        return "nowhere"


async def test_an_end_in_a_time_zone_without_offset(db: cm.Database) -> None:
    ada = await user()
    moment = datetime(2030, 1, 1, tzinfo=Nowhere())
    with pytest.raises(cm.InvalidInput):
        await grant(ada.id, 5, until=moment)
    with pytest.raises(cm.InvalidInput), clock.frozen(moment):
        raise AssertionError("stopped")


async def test_a_grant_does_not_wait_for_who_changes_the_quota(db: cm.Database, url: str) -> None:
    ada = await user()
    async with session(url) as other, other.transaction(), asyncio.timeout(2):
        await other.execute("UPDATE user_quotas SET last_active_at = now() WHERE user_id = $1", ada.id)
        await grant(ada.id, 5)


# Spending them


async def test_the_day_is_spent_first(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    made = await grant(ada.id, 5)
    await use(ada, 2)
    assert await spent(made) == [0]
    hold = await reserve(ada.id, 4)
    assert hold.grants == {str(made.id): 3}
    assert await spent(made) == [3]
    assert await numbers(ada) == (6, 4, 2)
    assert (await entry(ada, "COMMIT")).grants is None
    assert await agrees()


async def test_what_ends_first_is_spent_first(db: cm.Database) -> None:
    ada = await user(daily_quota=0)
    endless = await grant(ada.id, 2)
    late = await grant(ada.id, 2, until=NOON + 2 * DAY)
    early = await grant(ada.id, 2, until=NOON + DAY)
    assert [each.id for each in await cm.QuotaGrant.objects.usable()] == [early.id, late.id, endless.id]
    seen = []
    for _ in range(6):
        await use(ada)
        seen.append(await spent(early, late, endless))
    assert seen == [[1, 0, 0], [2, 0, 0], [2, 1, 0], [2, 2, 0], [2, 2, 1], [2, 2, 2]]
    assert not await admitted(ada)
    assert await cm.QuotaGrant.objects.usable().count() == 0
    assert await agrees()


async def test_of_two_that_end_together_the_older_is_spent_first(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(daily_quota=0)
    older = await grant(ada.id, 2)
    noon.advance(SECOND)
    newer = await grant(ada.id, 2)
    await reserve(ada.id, 3)
    assert await spent(older, newer) == [2, 1]


async def test_one_hold_out_of_everything(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    late, early = await grant(ada.id, 4), await grant(ada.id, 2, until=NOON + DAY)
    hold = await reserve(ada.id, 7)
    assert hold.grants == {str(early.id): 2, str(late.id): 2}
    stored = await cm.QuotaHold.get(id=hold.id)
    assert stored.grants == hold.grants
    assert await numbers(ada) == (7, 7, 2)
    await hold.release()
    assert await spent(early, late) == [0, 0]
    assert await numbers(ada) == (0, 0, 9)
    assert (await entry(ada, "RELEASE")).grants == hold.grants
    assert await agrees()


async def test_more_than_everything(db: cm.Database) -> None:
    ada = await user(daily_quota=3)
    made = await grant(ada.id, 4)
    with pytest.raises(cm.QuotaExceeded) as raised:
        await reserve(ada.id, 8)
    assert str(raised.value).startswith("The quota of 3 a day has 7 left and 8 were asked for;")
    assert await spent(made) == [0]
    await reserve(ada.id, 7)


async def test_what_a_grant_paid_is_not_lost_with_the_day(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(daily_quota=3)
    await grant(ada.id, 5)
    await use(ada, 5)
    noon.advance(DAY)
    status = await quota(ada.id)
    assert (status.limit, status.used, status.granted, status.remaining) == (3, 0, 3, 6)
    await use(ada, 6)
    noon.advance(DAY)
    assert await remaining(ada) == 3
    assert await agrees()


async def test_users_do_not_spend_each_others(db: cm.Database) -> None:
    ada, eve = await user(daily_quota=0), await user(daily_quota=0)
    made = await grant(ada.id, 1)
    assert not await admitted(eve)
    assert await spent(made) == [0]


# Their end


async def test_what_is_left_is_lost_at_the_end(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(daily_quota=3)
    made = await grant(ada.id, 5, until=NOON + HOUR)
    await use(ada, 4)
    noon.advance(HOUR - SECOND)
    assert await numbers(ada) == (4, 0, 4)
    noon.advance(SECOND)
    status = await quota(ada.id)
    assert (status.used, status.granted, status.remaining) == (4, 1, 0)
    assert not await admitted(ada)
    assert await spent(made) == [1]
    assert await cm.QuotaGrant.objects.usable().count() == 0
    assert await agrees()


async def test_a_grant_may_be_made_with_an_end_inside_its_day(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(daily_quota=0)
    await grant(ada.id, 5, until=NOON + timedelta(microseconds=1))
    assert await remaining(ada) == 5
    noon.advance(timedelta(microseconds=1))
    assert await remaining(ada) == 0


# What comes back


@pytest.mark.parametrize("how", ["release", "look", "sweep", "reserve"])
async def test_what_is_given_back_goes_where_it_came_from(db: cm.Database, noon: clock.FrozenClock, how: str) -> None:
    ada = await user(daily_quota=1)
    made = await grant(ada.id, 2)
    hold = await reserve(ada.id, 3, expires_in=MINUTE)
    if how == "release":
        await hold.release()
    else:
        noon.advance(MINUTE)
    if how == "sweep":
        await cm.QuotaHold.objects.expire()
    if how == "reserve":
        await reserve(ada.id)
        assert await spent(made) == [0]
        assert await numbers(ada) == (1, 1, 2)
    else:
        assert await numbers(ada) == (0, 0, 3)
    assert await agrees()


@pytest.mark.parametrize("how", ["release", "look", "sweep"])
async def test_after_midnight_the_grant_gets_its_part_back_and_the_day_does_not(
    db: cm.Database, noon: clock.FrozenClock, how: str
) -> None:
    ada = await user(daily_quota=3)
    made = await grant(ada.id, 5)
    hold = await reserve(ada.id, 5, expires_in=13 * HOUR)
    noon.advance(12 * HOUR)
    await use(ada)
    assert await numbers(ada) == (1, 0, 5)
    if how == "release":
        await hold.release()
    else:
        noon.advance(HOUR)
    if how == "sweep":
        await cm.QuotaHold.objects.expire()
    assert await numbers(ada) == (1, 0, 7)
    assert await spent(made) == [2 if how == "look" else 0]
    assert await agrees()


@pytest.mark.parametrize("how", ["release", "look", "sweep"])
async def test_what_comes_back_to_an_ended_grant_is_lost(db: cm.Database, noon: clock.FrozenClock, how: str) -> None:
    ada = await user(daily_quota=1)
    made = await grant(ada.id, 2, until=NOON + HOUR)
    hold = await reserve(ada.id, 3, expires_in=2 * HOUR)
    noon.advance(HOUR)
    assert await numbers(ada) == (3, 3, 0)
    if how == "release":
        await hold.release()
    else:
        noon.advance(HOUR)
    if how == "sweep":
        await cm.QuotaHold.objects.expire()
    assert await spent(made) == [2 if how == "look" else 0]
    status = await quota(ada.id)
    assert (status.used, status.granted, status.remaining) == (0, 0, 1)
    assert await agrees()


async def test_a_committed_grant_is_spent(db: cm.Database) -> None:
    ada = await user(daily_quota=0)
    made = await grant(ada.id, 2)
    hold = await reserve(ada.id, 2)
    await hold.commit()
    await hold.release()
    assert await spent(made) == [2]
    assert await numbers(ada) == (2, 0, 0)


async def test_more_grants_in_a_day_than_a_counter_can_hold(db: cm.Database) -> None:
    """It is refused by name; nothing is spent."""
    ada = await user(daily_quota=1)
    for _ in range(2):
        await grant(ada.id, 2**31 - 1)
    assert await remaining(ada) == 2**32 - 1
    await use(ada, 2**31 - 1)
    assert await remaining(ada) == 2**31
    with pytest.raises(cm.InvalidInput, match="out of range"):
        await reserve(ada.id, 2**31 - 1)
    assert await remaining(ada) == 2**31
    assert await agrees()


async def test_a_grant_beside_the_largest_day(db: cm.Database) -> None:
    ada = await user(daily_quota=2**31 - 1)
    await grant(ada.id, 1)
    await use(ada, 2**31 - 1)
    await use(ada)
    assert await numbers(ada) == (2**31, 0, 0)
