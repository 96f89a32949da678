"""The one table of plans: what a subscription tier is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from charmodels.enums import SubscriptionTier


@dataclass(frozen=True, slots=True)
class Plan:
    """What one tier buys.

    Arguments:
        daily_quota: pictures a day, counted in the user's own time zone.
        priority: place in the queue; higher is served first.
    """

    daily_quota: int
    priority: int


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
