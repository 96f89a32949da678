"""The one table of plans: what a subscription tier is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from charmodels import limits
from charmodels.enums import SubscriptionTier
from charmodels.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Plan:
    """What one tier buys.

    Arguments:
        daily_quota: pictures a day, counted in the user's own time zone.
        priority: place in the queue; higher is served first.

    Raises:
        InvalidInput: the quota is negative, or a number is none that the database can hold.
    """

    daily_quota: int
    priority: int

    def __post_init__(self) -> None:
        for name, least, most in (
            ("daily_quota", 0, limits.LARGEST_INTEGER),
            ("priority", -limits.LARGEST_PRIORITY, limits.LARGEST_PRIORITY),
        ):
            number = getattr(self, name)
            if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
                raise InvalidInput(field=name, reason=f"must be a whole number from {least} to {most}")


PLANS: Mapping[SubscriptionTier, Plan] = MappingProxyType(
    {
        SubscriptionTier.FREE: Plan(daily_quota=3, priority=0),
        SubscriptionTier.PREMIUM: Plan(daily_quota=50, priority=10),
        SubscriptionTier.PRO: Plan(daily_quota=500, priority=20),
    }
)
"""Tier to plan.

Example:
    >>> PLANS[SubscriptionTier.PREMIUM].daily_quota
    50
"""


def replaced(changes: Mapping[str, Any]) -> dict[SubscriptionTier, Plan]:
    """Give the table with some of it changed.

    Arguments:
        changes: by tier, a plan, or a dict of what is to change in it.

    Returns:
        The whole table.

    Raises:
        InvalidInput: a tier or a number in a plan is not known, or a number is out of range.

    Example:
        >>> replaced({"PREMIUM": {"daily_quota": 80}})[SubscriptionTier.PREMIUM]
        Plan(daily_quota=80, priority=10)
    """
    plans = dict(PLANS)
    for name, change in changes.items():
        if name not in plans:
            raise InvalidInput(field="plans", reason=f"must be by tier: {', '.join(plans)}")
        tier = SubscriptionTier(name)
        if isinstance(change, Plan):
            plans[tier] = change
        elif isinstance(change, Mapping) and change.keys() <= {"daily_quota", "priority"}:
            plans[tier] = replace(plans[tier], **change)
        else:
            raise InvalidInput(field="plans", reason="must give daily_quota, priority or both for a tier")
    return plans
