"""What open holds and the ledger of the quota can be asked, and how a hold is closed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tortoise.expressions import F, Q

from charmodels import clock, events
from charmodels.backend.turns import Change
from charmodels.enums import HoldState, QuotaEntryKind
from charmodels.errors import NotFound
from charmodels.identifiers import new_id
from charmodels.querysets.base import Manager, QuerySet
from charmodels.querysets.owned import OwnedQuerySet
from charmodels.quota import QuotaDiscrepancy
from charmodels.sql import statement
from charmodels.values import Amount, Reason, validate

if TYPE_CHECKING:
    from charmodels.models.quota import QuotaEntry, QuotaGrant, QuotaHold, UserQuota  # noqa: F401 - in base classes

BATCH = 1000
"""Users whose numbers are compared with the ledger in one statement."""

_CLOSING = {HoldState.COMMITTED: QuotaEntryKind.COMMIT, HoldState.RELEASED: QuotaEntryKind.RELEASE}

STATES = {
    QuotaEntryKind.COMMIT: HoldState.COMMITTED,
    QuotaEntryKind.RELEASE: HoldState.RELEASED,
    QuotaEntryKind.EXPIRE: HoldState.EXPIRED,
}
"""What a closing entry makes of its hold."""


CLOSE = Change("close_hold", "close_holds")


async def close_hold(hold: QuotaHold, wanted: HoldState, reason: str | None) -> HoldState:
    """Close a hold, if nobody did before, in one statement.

    Arguments:
        hold: open, as far as the caller knows.
        wanted: COMMITTED or RELEASED.
        reason: for the ledger.

    Returns:
        What became of it, now or before.

    Raises:
        NotFound: there never was such a hold, or its user is gone.
        InvalidInput: the reason is too long.
    """
    why = None if reason is None else validate("reason", Reason, reason)
    client = type(hold).objects._client()
    values = [hold.user_id, hold.id, _CLOSING[wanted], new_id(), why, clock.for_server()]
    row = await client.change(CLOSE, hold.user_id, values)
    kind = None if row is None else row["kind"]
    if kind is None:
        raise NotFound(model="QuotaHold")
    if wanted is HoldState.COMMITTED and STATES[kind] is not HoldState.COMMITTED:
        events.emit("hold.late", hold_id=hold.id, user_id=hold.user_id, amount=hold.amount)
    return STATES[kind]


class HoldQuerySet(OwnedQuerySet["QuotaHold"]):
    """Queries on open holds."""

    async def expire(self, *, users: int = 500) -> int:
        """Write down which holds ran out, and give back what they held; of all users, whatever this queryset keeps.

        Nothing waits for that: a hold that ran out counts as given back from that moment on. It keeps the table small
        and the ledger up to date. Users whose quota somebody is changing at the moment are left to the next call.

        Arguments:
            users: how many users one statement sees to, at most; at least 1.

        Returns:
            How many holds ran out.

        Raises:
            InvalidInput: `users` is less than 1.

        Example:
            >>> import charmodels as cm
            >>> async def sweep() -> None:
            ...     print(await cm.QuotaHold.objects.expire(), "holds ran out")
        """
        most, total = validate("users", Amount, users), 0
        while True:
            rows = await self._client().fetch(statement("expire_holds"), [most, clock.for_server()])
            expired: int = rows[0]["expired"]
            if not expired:
                return total
            total += expired
            events.emit("hold.expired", holds=expired)


class LedgerQuerySet(OwnedQuerySet["QuotaEntry"]):
    """Queries on the ledger."""

    async def discrepancies(self) -> list[QuotaDiscrepancy]:
        """Compare every counter, open hold and grant with the ledger; of all users, whatever this queryset keeps.

        Returns:
            What does not agree; empty when all is well.

        Example:
            >>> import charmodels as cm
            >>> async def prove() -> None:
            ...     assert await cm.QuotaEntry.objects.discrepancies() == []
        """
        return [each async for _, found in self.compare() for each in found]

    async def compare(self) -> AsyncIterator[tuple[int, list[QuotaDiscrepancy]]]:
        """Compare as `discrepancies` does, some users at a time, each lot at one moment.

        Yields:
            How many users were compared, and what does not agree.
        """
        after = UUID(int=0)
        while True:
            rows = await self._client().fetch(statement("quota_discrepancies"), [after, BATCH])
            row = rows[0]
            if not row["checked"]:
                return
            yield row["checked"], [_discrepancy(**found) for found in json.loads(row["found"])]
            after = row["last"]


def _discrepancy(user_id: str, what: str, counted: int, accounted: int) -> QuotaDiscrepancy:
    return QuotaDiscrepancy(user_id=UUID(user_id), what=what, counted=counted, accounted=accounted)


class GrantQuerySet(OwnedQuerySet["QuotaGrant"]):
    """Queries on grants."""

    def usable(self) -> Self:
        """Keep what has something left and has not ended; what is spent first comes first.

        Returns:
            The narrowed, ordered queryset.
        """
        now = clock.utc_now()
        left = self.filter(Q(expires_at=None) | Q(expires_at__gt=now), spent__lt=F("amount"))
        return left.order_by("expires_at", "created_at", "id")


class UserQuotaManager(Manager[QuerySet["UserQuota"]]):
    """`UserQuota.objects`."""


class GrantManager(Manager[GrantQuerySet]):
    """`QuotaGrant.objects`."""

    queryset_class = GrantQuerySet


class HoldManager(Manager[HoldQuerySet]):
    """`QuotaHold.objects`."""

    queryset_class = HoldQuerySet


class LedgerManager(Manager[LedgerQuerySet]):
    """`QuotaEntry.objects`."""

    queryset_class = LedgerQuerySet
