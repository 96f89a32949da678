"""What a tier is worth, what a change of it does to today, and what settings and overrides say instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import charmodels as cm
from charmodels import clock
from tests.proxy import settings
from tests.quotas import (
    DAY,
    FREE,
    HOUR,
    NOON,
    PREMIUM,
    PRO,
    SECOND,
    admitted,
    agrees,
    counter,
    grant,
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


async def limit(owner: cm.User) -> int:
    return (await quota(owner.id)).limit


# Plans


@pytest.mark.parametrize(("tier", "daily_quota"), [(FREE, 3), (PREMIUM, 50), (PRO, 500)])
async def test_what_a_tier_is_worth(db: cm.Database, tier: cm.SubscriptionTier, daily_quota: int) -> None:
    ada = await user(subscription_tier=tier)
    assert cm.PLANS[tier].daily_quota == daily_quota
    assert await limit(ada) == daily_quota
    await use(ada, daily_quota)
    assert not await admitted(ada)


async def test_plans_of_the_settings(url: str) -> None:
    async with cm.connect(settings(url, plans={"FREE": {"daily_quota": 1}, "PRO": cm.Plan(daily_quota=7, priority=1)})):
        ada, eve = await user(), await user(subscription_tier=PRO)
        assert [await limit(ada), await limit(eve)] == [1, 7]
        await use(ada)
        with pytest.raises(cm.QuotaExceeded) as raised:
            await reserve(ada.id)
        assert raised.value.limit == 1
        async with cm.transaction():
            assert not await admitted(ada)
            assert await limit(eve) == 7


async def test_plans_apply_at_once_and_to_today(url: str) -> None:
    async with cm.connect(settings(url)):
        ada = await user()
        await use(ada, 2)
    async with cm.connect(settings(url, plans={"FREE": {"daily_quota": 1}})):
        assert await numbers(ada) == (2, 0, 0)
    async with cm.connect(settings(url, plans={"FREE": {"daily_quota": 5}})):
        assert await numbers(ada) == (2, 0, 3)


@pytest.mark.parametrize(
    "plans",
    [
        {"GOLD": {"daily_quota": 1}},
        {"FREE": {"daily_quota": -1}},
        {"FREE": {"daily_quota": 2**31}},
        {"FREE": {"daily_quota": True}},
        {"FREE": {"daily": 1}},
        {"FREE": 1},
    ],
)
def test_plans_that_are_none(plans: Any) -> None:
    with pytest.raises((cm.ConfigurationError, cm.InvalidInput)):
        cm.Settings(database_url="postgresql://localhost/a", plans=plans)


# Overrides


async def test_an_override(db: cm.Database) -> None:
    ada = await user()
    with statements() as seen:
        await ada.set_daily_quota(20)
    assert len(seen) == 1
    assert await limit(ada) == 20
    await ada.set_daily_quota(None)
    assert await limit(ada) == 3


async def test_an_override_keeps_todays_use(db: cm.Database) -> None:
    ada = await user(daily_quota=20)
    await use(ada, 10)
    await ada.set_daily_quota(4)
    assert await numbers(ada) == (10, 0, 0)
    await ada.set_daily_quota(11)
    assert await numbers(ada) == (10, 0, 1)


async def test_an_override_ends_with_its_tier(db: cm.Database) -> None:
    ada = await user(daily_quota=20)
    await ada.subscribe(PREMIUM)
    assert await limit(ada) == 50
    assert (await counter(ada)).daily_quota is None


async def test_an_override_outlives_a_renewal(db: cm.Database) -> None:
    ada = await user(subscription_tier=PRO, subscription_expires_at=NOON + HOUR)
    await ada.set_daily_quota(700)
    await ada.subscribe(PRO, until=NOON + DAY)
    assert await limit(ada) == 700


async def test_an_override_counts_as_long_as_its_tier(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(subscription_tier=PRO, subscription_expires_at=NOON + HOUR)
    await ada.set_daily_quota(700)
    noon.advance(HOUR)
    assert await limit(ada) == 3


async def test_an_override_rests_while_its_tier_has_run_out(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(subscription_tier=PRO, subscription_expires_at=NOON + HOUR)
    noon.advance(HOUR)
    await ada.set_daily_quota(700)
    assert await limit(ada) == 3
    await ada.subscribe(PRO)
    assert await limit(ada) == 700


@pytest.mark.parametrize("daily_quota", [-1, 2**31, True, "5", 1.0])
async def test_an_override_that_is_none(db: cm.Database, daily_quota: Any) -> None:
    ada = await user()
    with pytest.raises(cm.InvalidInput) as raised:
        await ada.set_daily_quota(daily_quota)
    assert raised.value.field == "daily_quota"
    assert await limit(ada) == 3


async def test_an_override_of_nobody(db: cm.Database) -> None:
    ada = await user()
    await ada.delete()
    with pytest.raises(cm.NotFound, match="There is no such User"):
        await ada.set_daily_quota(5)


# Changes of tier


async def test_a_larger_plan_keeps_todays_use(db: cm.Database) -> None:
    ada = await user()
    await use(ada, 2)
    await reserve(ada.id)
    with statements() as seen:
        await ada.subscribe("PREMIUM")
    assert len(seen) == 1
    assert (ada.subscription_tier, ada.current_tier) == (PREMIUM, PREMIUM)
    assert await numbers(ada) == (3, 1, 47)
    assert await agrees()


async def test_a_smaller_plan_never_makes_the_rest_negative(db: cm.Database) -> None:
    ada = await user(subscription_tier=PRO)
    hold = await reserve(ada.id, 100)
    await use(ada, 10)
    await ada.cancel_subscription()
    assert await numbers(ada) == (110, 100, 0)
    with pytest.raises(cm.QuotaExceeded) as raised:
        await reserve(ada.id)
    assert (raised.value.limit, raised.value.used) == (3, 110)
    assert str(raised.value).startswith("The quota of 3 a day has 0 left and 1 were asked for;")
    await hold.release()
    assert await numbers(ada) == (10, 0, 0)
    assert await agrees()


async def test_a_smaller_plan_and_a_hold_that_ran_out(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(subscription_tier=PRO)
    await reserve(ada.id, 100, expires_in=HOUR)
    await use(ada, 2)
    await ada.subscribe(FREE)
    noon.advance(HOUR)
    assert await numbers(ada) == (2, 0, 1)
    assert [await admitted(ada), await admitted(ada)] == [True, False]
    assert await agrees()


async def test_a_grant_helps_after_a_change_to_a_smaller_plan(db: cm.Database) -> None:
    ada = await user(subscription_tier=PREMIUM)
    await use(ada, 10)
    await ada.cancel_subscription()
    await grant(ada.id, 2)
    assert await numbers(ada) == (10, 0, 2)
    assert [await admitted(ada) for _ in range(3)] == [True, True, False]


async def test_the_next_day_is_the_new_plans(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(subscription_tier=PREMIUM)
    await use(ada, 10)
    await ada.cancel_subscription()
    noon.advance(DAY)
    assert await numbers(ada) == (0, 0, 3)


async def test_changing_to_and_fro_wins_nothing(db: cm.Database) -> None:
    ada = await user()
    for _ in range(3):
        await use(ada)
        await ada.subscribe(PRO)
        await ada.cancel_subscription()
    assert not await admitted(ada)


async def test_a_subscription_runs_out_by_itself(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await ada.subscribe(PREMIUM, until=NOON + HOUR)
    await use(ada, 10)
    noon.advance(HOUR - timedelta(microseconds=1))
    assert (await limit(ada), ada.current_tier) == (50, PREMIUM)
    before = await versions(db)
    noon.advance(timedelta(microseconds=1))
    assert (await limit(ada), ada.current_tier) == (3, FREE)
    assert await numbers(ada) == (10, 0, 0)
    assert not await admitted(ada)
    assert await versions(db) == before
    assert (await cm.User.get(id=ada.id)).subscription_tier is PREMIUM


async def test_a_subscription_that_begins_again(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await ada.subscribe(PREMIUM, until=NOON + HOUR)
    noon.advance(HOUR)
    await ada.subscribe(PREMIUM)
    assert await limit(ada) == 50


async def test_cancelling_ends_at_once(db: cm.Database) -> None:
    ada = await user()
    await ada.subscribe(PRO, until=NOON + DAY)
    await ada.cancel_subscription()
    stored = await cm.User.get(id=ada.id)
    assert (stored.subscription_tier, stored.subscription_expires_at) == (FREE, None)


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("tier", {"tier": "GOLD"}),
        ("tier", {"tier": "pro"}),
        ("tier", {"tier": None}),
        ("tier", {"tier": ["PRO"]}),
        ("until", {"tier": "PRO", "until": NOON}),
        ("until", {"tier": "PRO", "until": NOON - SECOND}),
        ("until", {"tier": "PRO", "until": datetime(2030, 1, 1)}),
        ("until", {"tier": "PRO", "until": "tomorrow"}),
        ("until", {"tier": "PRO", "until": datetime.max.replace(tzinfo=timezone(-HOUR))}),
    ],
)
async def test_a_subscription_that_is_none(db: cm.Database, field: str, arguments: dict[str, Any]) -> None:
    ada = await user()
    with pytest.raises(cm.InvalidInput) as raised:
        await ada.subscribe(**arguments)
    assert raised.value.field == field
    assert (ada.subscription_tier, await limit(ada)) == (FREE, 3)


async def test_a_subscription_of_nobody(db: cm.Database) -> None:
    ada = await user()
    await ada.delete()
    with pytest.raises(cm.NotFound, match="There is no such User"):
        await ada.subscribe(PRO)
    assert ada.current_tier is FREE
    with pytest.raises(cm.NotFound, match="There is no such User"):
        await ada.cancel_subscription()
