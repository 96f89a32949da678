"""When a day begins, in every time zone there is: the server and Python give the same answer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import charmodels as cm

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)

BEGINNINGS = """
    SELECT extract(epoch FROM charmodels_day_begins(day, zone))::bigint
    FROM unnest($1::text[], $2::date[]) WITH ORDINALITY AS asked (zone, day, number) ORDER BY number
"""
OFFSETS = """
    SELECT (extract(epoch FROM moment AT TIME ZONE zone) - extract(epoch FROM moment))::bigint
    FROM unnest($1::text[], $2::timestamptz[]) WITH ORDINALITY AS asked (zone, moment, number) ORDER BY number
"""


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found


def transitions(zone: ZoneInfo) -> Iterator[datetime]:
    """The first second of each new offset."""
    for number in range((LAST - FIRST).days):
        before = FIRST + number * DAY
        old = offset(zone, before)
        if offset(zone, before + DAY) != old:
            changed = bisect_left(range(86400), True, key=lambda s: offset(zone, before + s * SECOND) != old)
            yield before + changed * SECOND


def begins(zone: ZoneInfo, day: date) -> datetime:
    """The first instant whose local date is that day or a later one."""
    midnight = datetime.combine(day, time(), UTC)
    around = [midnight + hours * timedelta(hours=1) for hours in range(-36, 37)]
    candidates = {midnight - found for found in {offset(zone, moment) for moment in around}}
    for before, after in pairwise(around):
        old = offset(zone, before)
        if offset(zone, after) != old:
            changed = bisect_left(range(3600), True, key=lambda s: offset(zone, before + s * SECOND) != old)
            candidates.add(before + changed * SECOND)
    return min(moment for moment in candidates if moment.astimezone(zone).date() >= day)


async def test_days_begin_when_they_do(db: cm.Database) -> None:
    known = {row["name"] for row in await db.client.fetch("SELECT name FROM pg_timezone_names")}
    zones = {name: ZoneInfo(name) for name in sorted(available_timezones() & known)}
    changes = [(name, change) for name, zone in zones.items() for change in transitions(zone)]

    # What the two time zone databases do not agree on says nothing about the function.
    probes = [
        (name, change + distance) for name, change in changes for distance in (-4 * DAY, -SECOND, timedelta(), 4 * DAY)
    ]
    rows = await db.client.fetch(OFFSETS, [[name for name, _ in probes], [moment for _, moment in probes]])
    differing = {
        (name, moment)
        for (name, moment), (theirs,) in zip(probes, rows, strict=True)
        if offset(zones[name], moment) != theirs * SECOND
    }
    agreed = [
        (name, change)
        for name, change in changes
        if not {(name, change - 4 * DAY), (name, change - SECOND), (name, change), (name, change + 4 * DAY)} & differing
    ]

    days = {
        (name, change.astimezone(zones[name]).date() + distance * DAY)
        for name, change in agreed
        for distance in range(-2, 3)
    }
    days |= {
        (name, date(2026, month, 15)) for name in zones.keys() - {name for name, _ in differing} for month in (1, 7)
    }
    asked = sorted(days)
    rows = await db.client.fetch(BEGINNINGS, [[name for name, _ in asked], [day for _, day in asked]])
    wrong = [
        (name, day, datetime.fromtimestamp(theirs, UTC), ours)
        for (name, day), (theirs,) in zip(asked, rows, strict=True)
        if datetime.fromtimestamp(theirs, UTC) != (ours := begins(zones[name], day))
    ]
    print(f"{len(asked)} days of {len(zones)} zones; {len(available_timezones() - known)} zones are not known to the")
    print(f"server, and of {len(changes)} changes of clocks it disagrees on {len(changes) - len(agreed)}")
    assert wrong == []
    assert len(zones) > 400
    assert len(agreed) > 0.9 * len(changes)
    assert len(asked) > 5000
