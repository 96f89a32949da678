"""What the documentation of the quota promises, in plain Python.

It keeps no counter: it remembers every reservation, and whatever is asked is summed up from them. So it cannot share a
mistake with what it is compared with.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

import charmodels as cm

FREE, PREMIUM, PRO = cm.SubscriptionTier
PLANS = {FREE: 2, PREMIUM: 5, PRO: 9}
"""Small, so that they are used up."""

STATES = {"COMMIT": cm.HoldState.COMMITTED, "RELEASE": cm.HoldState.RELEASED, "EXPIRE": cm.HoldState.EXPIRED}


@cache
def next_day_begins(day: date, zone: str) -> datetime:
    """The first instant with a later local date, found by looking: the zones here keep to quarters of an hour."""
    moment = datetime.combine(day, time(), UTC)
    while moment.astimezone(ZoneInfo(zone)).date() <= day:
        moment += timedelta(minutes=15)
    return moment


@dataclass(eq=False)
class Grant:
    id: UUID
    amount: int
    until: datetime | None
    made: datetime
    key: str | None

    def usable(self, now: datetime) -> bool:
        return self.until is None or now < self.until

    def order(self) -> tuple[bool, datetime, datetime, UUID]:
        return self.until is None, self.until or self.made, self.made, self.id


@dataclass(eq=False)
class Reservation:
    """What a hold is, or was."""

    account: Account
    handles: list[cm.QuotaHold]
    amount: int
    day: date
    parts: dict[UUID, int]
    until: datetime
    made: datetime
    key: str | None
    closed: str | None = None
    """The closing entry that the ledger must have. Others may have written that it ran out, but need not."""

    @property
    def id(self) -> UUID:
        return self.handles[0].id

    def state(self, now: datetime) -> cm.HoldState:
        if self.closed is not None:
            return STATES[self.closed]
        return cm.HoldState.OPEN if now < self.until else cm.HoldState.EXPIRED

    def counts(self, now: datetime) -> bool:
        return self.state(now) in (cm.HoldState.OPEN, cm.HoldState.COMMITTED)

    def close(self, how: str, now: datetime) -> cm.HoldState:
        if self.closed is None:
            self.closed = how if now < self.until else "EXPIRE"
        return STATES[self.closed]

    def granted(self) -> int:
        return sum(self.parts.values())


@dataclass(eq=False)
class Account:
    """One user."""

    user: cm.User
    zone: str
    tier: cm.SubscriptionTier = FREE
    tier_until: datetime | None = None
    override: int | None = None
    tier_changes: int = 0
    reservations: list[Reservation] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    highest: Counter[date] = field(default_factory=Counter)
    """By day, the highest limit that something was reserved under."""

    def today(self, now: datetime) -> date:
        """The local date, but never before a day that something was reserved in."""
        return max([now.astimezone(ZoneInfo(self.zone)).date(), *(each.day for each in self.reservations)])

    def current_tier(self, now: datetime) -> cm.SubscriptionTier:
        return FREE if self.tier_until is not None and self.tier_until <= now else self.tier

    def limit(self, now: datetime) -> int:
        if self.tier_until is not None and self.tier_until <= now:
            return PLANS[FREE]
        return PLANS[self.tier] if self.override is None else self.override

    def counted(self, now: datetime) -> list[Reservation]:
        return [each for each in self.reservations if each.counts(now)]

    def left_of(self, grant: Grant, now: datetime) -> int:
        return grant.amount - sum(each.parts.get(grant.id, 0) for each in self.counted(now))

    def status(self, now: datetime) -> cm.QuotaStatus:
        day, limit = self.today(now), self.limit(now)
        todays = [each for each in self.counted(now) if each.day == day]
        used = sum(each.amount for each in todays)
        granted = sum(each.granted() for each in todays)
        left = sum(self.left_of(grant, now) for grant in self.grants if grant.usable(now))
        return cm.QuotaStatus(
            limit=limit,
            used=used,
            held=sum(each.amount for each in todays if each.state(now) is cm.HoldState.OPEN),
            granted=granted + left,
            remaining=max(limit - (used - granted), 0) + left,
            resets_at=next_day_begins(day, self.zone),
            as_of=now,
        )

    def day_left(self, now: datetime) -> int:
        spent = sum(each.amount - each.granted() for each in self.counted(now) if each.day == self.today(now))
        return max(self.limit(now) - spent, 0)

    def spend(self, amount: int, now: datetime) -> dict[UUID, int]:
        """What of the amount the grants must give: what the day has not, of the grant first that ends first."""
        parts = {}
        wanted = amount - min(amount, self.day_left(now))
        for grant in sorted(self.grants, key=Grant.order):
            taken = min(wanted, self.left_of(grant, now)) if grant.usable(now) else 0
            if taken:
                parts[grant.id] = taken
                wanted -= taken
        return parts

    def entries(self) -> Counter[tuple[str, int, UUID | None]]:
        found: Counter[tuple[str, int, UUID | None]] = Counter({("TIER", 0, None): self.tier_changes})
        found.update(("GRANT", grant.amount, None) for grant in self.grants)
        found.update(("HOLD", each.amount, each.id) for each in self.reservations)
        found.update((each.closed, each.amount, each.id) for each in self.reservations if each.closed is not None)
        return +found
