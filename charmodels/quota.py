"""Where a user stands with their quota, and how to say so in HTTP."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

WINDOW = timedelta(days=1)
"""The length of a quota's window as HTTP fields tell it; a day on which clocks change is an hour longer or shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaStatus:
    """Where a user stands, at one moment.

    After a change to a smaller plan `used` may be more than `limit`; `remaining` is never negative.

    Arguments:
        limit: what the plan, or the user's own override, allows a day.
        used: what of today is used or held, out of grants too.
        held: what of `used` is in open holds.
        granted: what grants add to today: spent today, or left.
        remaining: what can still be reserved, out of the day and out of grants.
        resets_at: when the user's next day begins; aware, UTC.
        as_of: the moment; aware, UTC.

    Example:
        >>> from datetime import UTC
        >>> status = QuotaStatus(
        ...     limit=3, used=3, held=1, granted=0, remaining=0,
        ...     resets_at=datetime(2026, 3, 2, tzinfo=UTC), as_of=datetime(2026, 3, 1, 18, tzinfo=UTC),
        ... )
        >>> status.exceeded, status.retry_after
        (True, datetime.timedelta(seconds=21600))
        >>> status.headers()["RateLimit"]
        '"daily";r=0;t=21600'
    """

    limit: int
    used: int
    held: int
    granted: int
    remaining: int
    resets_at: datetime
    as_of: datetime

    @property
    def exceeded(self) -> bool:
        """Whether nothing is left."""
        return self.remaining == 0

    @property
    def retry_after(self) -> timedelta | None:
        """How long until the next day when nothing is left, else None. A hold that is released may help sooner."""
        return self.resets_at - self.as_of if self.exceeded else None

    def headers(self, requested: int = 1) -> dict[str, str]:
        """Give the fields for an HTTP answer.

        `RateLimit-Policy` and `RateLimit` follow draft-ietf-httpapi-ratelimit-headers-10 (September 2025);
        `Retry-After` is RFC 9110, 10.2.3, in seconds.

        Arguments:
            requested: what the request asked for; where it is more than what remains, `Retry-After` is among them.

        Returns:
            Names and values.
        """
        seconds = max(math.ceil((self.resets_at - self.as_of).total_seconds()), 0)
        fields = {
            "RateLimit-Policy": f'"daily";q={self.limit + self.granted};w={WINDOW.days * 86400}',
            "RateLimit": f'"daily";r={self.remaining};t={seconds}',
        }
        if self.remaining < requested:
            fields["Retry-After"] = str(seconds)
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaDiscrepancy:
    """A number that does not agree with the ledger.

    Arguments:
        user_id: whose.
        what: which number: "daily_used", "granted_used", "open holds", "spent of grants" or "grants".
        counted: the number as it stands.
        accounted: what the ledger says.
    """

    user_id: UUID
    what: str
    counted: int
    accounted: int
