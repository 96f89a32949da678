"""A user's day, by their own clock: of 23 and 25 hours, without a midnight and with two, and when they travel."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

import charmodels as cm
from charmodels import clock
from tests.proxy import session, settings
from tests.quotas import (
    COMMITTED,
    DAY,
    EXPIRED,
    HOUR,
    NOON,
    RELEASED,
    admitted,
    agrees,
    counter,
    day,
    grant,
    kinds,
    numbers,
    quota,
    remaining,
    reserve,
    statements,
    use,
    user,
    versions,
)

MOMENT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FrozenClock]:
    with clock.frozen(NOON) as stopped:
        yield stopped


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type, misc]


async def move(owner: cm.User, zone: str) -> None:
    owner.timezone = zone
    await owner.save()


# One day


@pytest.mark.parametrize(
    ("zone", "begins", "ends", "hours"),
    [
        ("UTC", utc(2026, 3, 1), utc(2026, 3, 2), 24),
        pytest.param("UTC", utc(2028, 2, 29), utc(2028, 3, 1), 24, id="leap day"),
        pytest.param("Europe/Berlin", utc(2028, 2, 28, 23), utc(2028, 2, 29, 23), 24, id="leap day in Berlin"),
        pytest.param("UTC", utc(2027, 2, 28), utc(2027, 3, 1), 24, id="no leap day"),
        pytest.param("UTC", utc(2026, 12, 31), utc(2027, 1, 1), 24, id="end of the year"),
        pytest.param("Asia/Tokyo", utc(2026, 12, 30, 15), utc(2026, 12, 31, 15), 24, id="end of the year in Tokyo"),
        pytest.param("Europe/Berlin", utc(2026, 3, 28, 23), utc(2026, 3, 29, 22), 23, id="23 hours"),
        pytest.param("Europe/Berlin", utc(2026, 10, 24, 22), utc(2026, 10, 25, 23), 25, id="25 hours"),
        pytest.param("America/Santiago", utc(2026, 9, 6, 4), utc(2026, 9, 7, 3), 23, id="no midnight in Santiago"),
        pytest.param("Africa/Cairo", utc(2026, 4, 23, 22), utc(2026, 4, 24, 21), 23, id="no midnight in Cairo"),
        pytest.param("America/Havana", utc(2026, 11, 1, 4), utc(2026, 11, 2, 5), 25, id="two midnights in Havana"),
        pytest.param("Atlantic/Azores", utc(2026, 10, 25), utc(2026, 10, 26, 1), 25, id="two midnights on the Azores"),
        pytest.param(
            "Asia/Beirut", utc(2026, 10, 23, 21), utc(2026, 10, 24, 22), 25, id="an hour before midnight twice"
        ),
        ("Pacific/Kiritimati", utc(2026, 2, 28, 10), utc(2026, 3, 1, 10), 24),
        ("Pacific/Pago_Pago", utc(2026, 3, 1, 11), utc(2026, 3, 2, 11), 24),
        pytest.param("Australia/Lord_Howe", utc(2026, 4, 4, 13), utc(2026, 4, 5, 13, 30), 24.5, id="half an hour more"),
        ("Asia/Kathmandu", utc(2026, 2, 28, 18, 15), utc(2026, 3, 1, 18, 15), 24),
    ],
)
async def test_a_day(
    db: cm.Database, noon: clock.FrozenClock, zone: str, begins: datetime, ends: datetime, hours: float
) -> None:
    assert ends - begins == timedelta(hours=hours)
    today = begins.astimezone(ZoneInfo(zone)).date()
    ada = await user(timezone=zone)

    noon.move_to(begins - MOMENT)
    assert (await use(ada, 3)).quota_day == today - DAY
    assert (await quota(ada.id)).resets_at == begins
    assert not await admitted(ada)

    noon.move_to(begins)
    for moment in (begins, begins + (ends - begins) / 2, ends - MOMENT):
        noon.move_to(moment)
        assert (await use(ada)).quota_day == today
        status = await quota(ada.id)
        assert (status.resets_at, status.resets_at.tzinfo, status.as_of) == (ends, UTC, moment)
    with pytest.raises(cm.QuotaExceeded) as raised:
        await reserve(ada.id)
    assert (raised.value.resets_at, raised.value.resets_at.tzinfo) == (ends, UTC)

    noon.move_to(ends)
    assert await numbers(ada) == (0, 0, 3)
    assert (await use(ada, 3)).quota_day == today + DAY
    assert await agrees()


async def test_a_hidden_hour_wins_nothing(db: cm.Database, noon: clock.FrozenClock) -> None:
    """Every half hour of a day whose midnight comes twice, and of the days around it."""
    ada = await user(timezone="America/Havana")
    found: dict[date, int] = {}
    noon.move_to(utc(2026, 10, 31, 4))
    while noon.moment < utc(2026, 11, 3, 5):
        if await admitted(ada, expires_in=30 * DAY):
            today = await day(ada)
            found[today] = found.get(today, 0) + 1
        noon.advance(HOUR / 2)
    assert found == {date(2026, 10, 31): 3, date(2026, 11, 1): 3, date(2026, 11, 2): 3}


# From one day to the next


async def test_a_new_day_begins_in_the_same_statement(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await grant(ada.id, 5)
    await use(ada, 5)
    assert (await counter(ada)).granted_used == 2
    noon.advance(DAY)
    with statements() as seen:
        await reserve(ada.id, 2)
    assert len(seen) == 1
    found = await counter(ada)
    assert (found.quota_day, found.daily_used, found.granted_used) == (NOON.date() + DAY, 2, 0)
    assert await agrees()


async def test_a_new_day_may_begin_with_a_grant(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await grant(ada.id, 5)
    await use(ada, 5)
    noon.advance(DAY)
    await reserve(ada.id, 4)
    found = await counter(ada)
    assert (found.quota_day, found.daily_used, found.granted_used) == (NOON.date() + DAY, 3, 1)
    assert await agrees()


async def test_a_refusal_begins_no_day(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await use(ada, 3)
    noon.advance(DAY)
    before = await versions(db)
    assert not await admitted(ada, 4)
    assert await versions(db) == before
    assert await numbers(ada) == (0, 0, 3)


async def test_days_without_use(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await use(ada, 3)
    noon.advance(1000 * DAY)
    assert await numbers(ada) == (0, 0, 3)
    assert (await quota(ada.id)).resets_at == utc(2028, 11, 26)


async def test_a_clock_that_is_set_back(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await use(ada, 2)
    noon.advance(-DAY)
    assert await numbers(ada) == (2, 0, 1)
    assert (await use(ada)).quota_day == NOON.date()
    assert not await admitted(ada)


async def test_a_lifetime_is_a_length_of_time(url: str) -> None:
    """Whatever time zone the server is set to: there the first of these days has 23 hours."""
    async with session(url) as other:
        await other.execute(f"ALTER DATABASE {urlsplit(url).path[1:]} SET timezone TO 'Europe/Berlin'")
    with clock.frozen(utc(2026, 3, 28, 12)) as stopped:
        async with cm.connect(settings(url)):
            ada = await user(daily_quota=1)
            hold = await reserve(ada.id, expires_in=2 * DAY, key="k")
            stored = await cm.QuotaHold.get(id=hold.id)
            again = await reserve(ada.id, key="k")
            assert {hold.expires_at, stored.expires_at, again.expires_at} == {stopped.moment + 2 * DAY}
            with pytest.raises(cm.QuotaExceeded) as raised:
                await reserve(ada.id)
            assert raised.value.resets_at == utc(2026, 3, 29)


# Holds over midnight


@pytest.mark.parametrize("begun", [False, True], ids=["nothing used", "the new day has begun"])
@pytest.mark.parametrize(("verb", "state"), [("commit", COMMITTED), ("release", RELEASED)])
async def test_a_hold_over_midnight_is_yesterdays(
    db: cm.Database, noon: clock.FrozenClock, verb: str, state: cm.HoldState, begun: bool
) -> None:
    ada = await user()
    hold = await reserve(ada.id, 2, expires_in=DAY)
    noon.advance(13 * HOUR)
    if begun:
        await use(ada, 3)
    before = await numbers(ada)
    assert before == ((3, 0, 0) if begun else (0, 0, 3))
    assert await getattr(hold, verb)() is state
    assert await numbers(ada) == before
    assert {each.quota_day for each in await cm.QuotaEntry.filter(hold_id=hold.id)} == {NOON.date()}
    assert (await counter(ada)).total_generated == (3 if begun else 0) + (2 if state is COMMITTED else 0)
    assert await admitted(ada) is not begun
    assert await agrees()


async def test_a_hold_that_runs_out_after_midnight(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    hold = await reserve(ada.id, 2, expires_in=13 * HOUR)
    noon.advance(12 * HOUR)
    await use(ada, 3)
    noon.advance(HOUR)
    assert await numbers(ada) == (3, 0, 0)
    assert not await admitted(ada)
    assert await cm.QuotaHold.objects.expire() == 1
    assert await numbers(ada) == (3, 0, 0)
    assert await hold.commit() is EXPIRED
    assert await agrees()


# Travelling


async def test_to_the_east_a_day_begins_early_once(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user()
    await use(ada, 3)
    await move(ada, "Pacific/Kiritimati")  # where it is 2 o'clock on the next day
    status = await quota(ada.id)
    assert (status.used, status.remaining, status.resets_at) == (0, 3, utc(2026, 3, 2, 10))
    await use(ada, 3)
    await move(ada, "UTC")
    status = await quota(ada.id)
    assert (status.used, status.remaining, status.resets_at) == (3, 0, utc(2026, 3, 3))
    noon.advance(DAY)  # the day that was begun early
    assert not await admitted(ada)
    await move(ada, "Pacific/Kiritimati")
    assert await remaining(ada) == 3
    assert await agrees()


async def test_to_the_west_the_day_does_not_go_back(db: cm.Database, noon: clock.FrozenClock) -> None:
    ada = await user(timezone="Pacific/Kiritimati")
    await use(ada, 2)
    await move(ada, "Pacific/Pago_Pago")  # where it is 1 o'clock on the day before
    status = await quota(ada.id)
    assert (status.used, status.remaining, status.resets_at) == (2, 1, utc(2026, 3, 3, 11))
    assert (await use(ada)).quota_day == date(2026, 3, 2)
    noon.move_to(utc(2026, 3, 3, 11) - MOMENT)
    assert not await admitted(ada)
    noon.advance(MOMENT)
    assert await remaining(ada) == 3
    assert await agrees()


async def test_looking_from_elsewhere_begins_no_day(db: cm.Database) -> None:
    """A day is begun by use, not by a change of zone that is taken back."""
    ada = await user()
    await use(ada, 3)
    await move(ada, "Pacific/Kiritimati")
    assert await remaining(ada) == 3
    await move(ada, "UTC")
    assert await remaining(ada) == 0


@pytest.mark.parametrize("seed", range(8))
async def test_travelling_wins_nothing(db: cm.Database, noon: clock.FrozenClock, seed: int) -> None:
    """However somebody travels for 48 hours, each date that they reach is worth one day."""
    choose = random.Random(seed)
    zones = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu"]
    ada = await user()
    noon.move_to(utc(2026, 9, 5, 12) + choose.random() * DAY)  # before clocks change in Santiago
    end = noon.moment + 2 * DAY
    taken = 0
    reached: set[date] = set()
    days: list[date] = []
    while noon.moment < end:
        zone = choose.choice(zones)
        await move(ada, zone)
        reached.add(noon.moment.astimezone(ZoneInfo(zone)).date())
        for _ in range(choose.randint(0, 4)):
            if await admitted(ada, expires_in=30 * DAY):
                taken += 1
                days.append(await day(ada))
                assert taken <= 3 * len(reached)
            assert noon.moment < (await quota(ada.id)).resets_at <= noon.moment + 3 * DAY
        noon.advance(choose.random() * 2 * HOUR)
    assert days == sorted(days)
    assert set(days) <= reached
    assert max(days.count(each) for each in days) <= 3
    assert (await kinds(ada)).count("HOLD") == taken
    assert await agrees()
