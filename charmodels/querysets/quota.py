"""What users' quotas can be asked, and how part of one is reserved or granted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from charmodels import clock, events, limits
from charmodels.backend.executor import made_of
from charmodels.backend.turns import Change
from charmodels.enums import HoldState, QuotaEntryKind
from charmodels.errors import Conflict, InvalidInput, NotFound, QuotaExceeded
from charmodels.identifiers import new_id
from charmodels.querysets.base import QuerySet
from charmodels.querysets.ledger import CLOSE, STATES
from charmodels.querysets.reservation import Reservation
from charmodels.quota import QuotaStatus
from charmodels.sql import statement
from charmodels.values import Amount, Identifier, Key, Reason, validate

if TYPE_CHECKING:
    from charmodels.backend.client import Client
    from charmodels.models.quota import QuotaGrant, QuotaHold
    from charmodels.models.user import User  # noqa: F401 - named in a base class


async def _release_abandoned(client: Client, values: Sequence[Any], row: Mapping[str, Any]) -> None:
    """Release what a cancelled caller cannot know of; with a key it can ask again."""
    _, owner, _, hold_id, key, *_, moment = values
    if row["outcome"] == "HOLD" and key is None:
        await client.change(CLOSE, owner, [owner, hold_id, QuotaEntryKind.RELEASE, new_id(), "CancelledError", moment])


_RESERVE = Change("reserve_quota", "reserve_quotas", shared=1, abandoned=_release_abandoned)
_GRANT = Change("grant_quota")


class QuotaQuerySet(QuerySet["User"]):
    """The verbs of the quota, on `User.objects`."""

    async def quota(self, user_id: UUID | str) -> QuotaStatus:
        """Tell where a user stands. Reads, never writes; one statement.

        Arguments:
            user_id: whose quota.

        Returns:
            Limit, use, holds, what remains, and when the day ends.

        Raises:
            NotFound: there is no such user.
            InvalidInput: it is no identifier.

        Example:
            >>> import charmodels as cm
            >>> async def show(user: cm.User) -> None:
            ...     status = await cm.User.objects.quota(user.id)
            ...     print(f"{status.remaining} of {status.limit} left until {status.resets_at:%H:%M} UTC")
        """
        found = await self.quotas([user_id])
        if not found:
            raise NotFound(model="User")
        return next(iter(found.values()))

    async def quotas(self, user_ids: Iterable[UUID | str]) -> dict[UUID, QuotaStatus]:
        """Tell where many users stand, in one statement.

        Arguments:
            user_ids: whose quotas.

        Returns:
            By user, where they stand; who does not exist is left out.

        Raises:
            InvalidInput: one of them is no identifier.

        Example:
            >>> import charmodels as cm
            >>> async def exhausted(users: list[cm.User]) -> list[cm.User]:
            ...     found = await cm.User.objects.quotas(user.id for user in users)
            ...     return [user for user in users if found[user.id].exceeded]
        """
        owners = list(dict.fromkeys(validate("user_id", Identifier, user_id) for user_id in user_ids))
        if not owners:
            return {}
        client = self._client()
        rows = await client.fetch(statement("quota_status"), [owners, client.daily_limits, clock.for_server()])
        return {row["user_id"]: _status(dict(row), row["at"], row["resets_at"]) for row in rows}

    def reserve_quota(
        self,
        user_id: UUID | str,
        amount: int = 1,
        key: str | None = None,
        *,
        expires_in: timedelta = limits.HOLD_LIFETIME,
        reason: str | None = None,
        generation_id: UUID | None = None,
    ) -> Reservation:
        """Hold part of a user's quota until the work is done. One statement: of many callers, exactly as many as fit.

        In a transaction of the caller's it takes effect with that, and the user's row is locked until then.

        Arguments:
            user_id: whose quota.
            amount: how much, at least 1.
            key: an idempotency key. The same key of the same user gives the same hold, whatever became of it, charged
                once; `repeated` tells. Keys do not expire.
            expires_in: after which time the hold counts as released, up to a year.
            reason: for the ledger.
            generation_id: what the quota is for, for the ledger.

        Returns:
            Awaited, the hold, to be committed or released. With `async with`, a block that commits it at the end and
            releases it when the block raises.

        Raises:
            QuotaExceeded: the day and the grants have not enough left. Nothing is held.
            NotFound: there is no such user.
            Conflict: the key was used with another amount.
            InvalidInput: the amount is less than 1, or another argument breaks a rule.

        Example:
            >>> import charmodels as cm
            >>> async def draw(user: cm.User, request_id: str) -> None:
            ...     async with cm.User.objects.reserve_quota(user.id, key=request_id) as hold:
            ...         ...  # make the picture; if that raises, the hold is released
        """
        return Reservation(self._reserve(user_id, amount, key, expires_in, reason, generation_id))

    async def _reserve(
        self,
        user_id: UUID | str,
        amount: int,
        key: str | None,
        expires_in: timedelta,
        reason: str | None,
        generation_id: UUID | None,
    ) -> QuotaHold:
        owner = validate("user_id", Identifier, user_id)
        wanted = validate("amount", Amount, amount)
        hold_key = None if key is None else validate("key", Key, key)
        why = None if reason is None else validate("reason", Reason, reason)
        made_for = None if generation_id is None else validate("generation_id", Identifier, generation_id)
        if not isinstance(expires_in, timedelta) or not timedelta() < expires_in <= limits.LONGEST_HOLD:
            raise InvalidInput(field="expires_in", reason="must be a timedelta of more than 0 and at most 366 days")
        client, hold_id = self._client(), new_id()
        values = [
            client.daily_limits, owner, wanted, hold_id, hold_key, expires_in, why, made_for, clock.for_server()
        ]  # fmt: skip
        row = await client.change(_RESERVE, owner, values)
        if row is None:
            raise NotFound(model="User")
        outcome, day, at, details = row["outcome"], row["day"], row["at"], row["details"]
        if outcome == "HOLD":
            return _hold(
                id=hold_id, user_id=owner, amount=wanted, quota_day=day, key=hold_key, generation_id=made_for,
                grants=details and json.loads(details), expires_at=at + expires_in, created_at=at,
            )  # fmt: skip
        if outcome == "REPEAT":
            return _repeated(json.loads(details), owner, wanted, hold_key)
        raise refusal(outcome, details, at, wanted, owner)

    async def grant_quota(
        self,
        user_id: UUID | str,
        amount: int,
        *,
        until: datetime | None = None,
        key: str | None = None,
        reason: str | None = None,
    ) -> QuotaGrant:
        """Grant quota beside the plan's, once. One statement, with its entry in the ledger.

        Arguments:
            user_id: whose quota.
            amount: how much, at least 1.
            until: when the rest is lost, aware; None for never.
            key: an idempotency key. The same key of the same user gives the same grant, made once, also after its end.
            reason: for the ledger.

        Returns:
            The grant.

        Raises:
            NotFound: there is no such user.
            Conflict: the key was used with another amount.
            InvalidInput: the amount is less than 1, `until` is past, or another argument breaks a rule.

        Example:
            >>> import charmodels as cm
            >>> async def top_up(user: cm.User, payment_id: str) -> None:
            ...     await cm.User.objects.grant_quota(user.id, 20, key=payment_id, reason="Bought 20 pictures")
        """
        from charmodels.models.quota import QuotaGrant  # which builds on the querysets

        owner = validate("user_id", Identifier, user_id)
        granted = validate("amount", Amount, amount)
        grant_key = None if key is None else validate("key", Key, key)
        why = None if reason is None else validate("reason", Reason, reason)
        ends = None if until is None else clock.aware("until", until)
        is_over = ends is not None and ends <= clock.utc_now()
        client = self._client()
        values = [new_id(), owner, granted, grant_key, why, ends, clock.for_server()]
        if not is_over:
            row = await client.change(_GRANT, owner, values)
            if row is not None:
                return QuotaGrant._init_from_db(**dict(row))
        grant = None if grant_key is None else await QuotaGrant.objects.get_or_none(user_id=owner, key=grant_key)
        if grant is None and is_over:
            raise InvalidInput(field="until", reason="must be in the future")
        if grant is None:
            raise NotFound(model="User")
        if grant.amount != granted:
            raise _other_amount("quota_grants_user_id_key_key")
        return grant


def _status(row: Mapping[str, Any], at: datetime, resets_at: datetime) -> QuotaStatus:
    return QuotaStatus(
        limit=row["daily_limit"],
        used=row["used"],
        held=row["held"],
        granted=row["granted"],
        remaining=row["day_left"] + row["grants_left"],
        resets_at=resets_at,
        as_of=at,
    )


def refusal(outcome: str, details: str | None, at: datetime, wanted: int, owner: UUID) -> NotFound | QuotaExceeded:
    """Make the error that says why a reservation was refused, and log that it was.

    Arguments:
        outcome: of charmodels_reserve, EXCEEDED or UNKNOWN.
        details: with it, as JSON.
        at: when it was refused.
        wanted: how much was asked for.
        owner: whose quota.

    Returns:
        The error, to be raised.
    """
    if outcome != "EXCEEDED" or details is None:
        return NotFound(model="User")
    found = json.loads(details)
    status = _status(found, at, _moment(found["resets_at"]))
    events.emit(
        "quota.refused",
        user_id=owner,
        requested=wanted,
        remaining=status.remaining,
        limit=status.limit,
        resets_at=status.resets_at.isoformat(),
    )
    return QuotaExceeded(
        limit=status.limit, used=status.used, requested=wanted, resets_at=status.resets_at, status=status
    )


def _hold(**values: Any) -> QuotaHold:
    from charmodels.models.quota import QuotaHold  # which builds on the querysets

    return made_of(QuotaHold, values)


def _repeated(found: dict[str, Any], owner: UUID, wanted: int, key: str | None) -> QuotaHold:
    if found["amount"] != wanted:
        raise _other_amount("quota_ledger_user_id_key_key")
    hold = _hold(
        id=UUID(found["id"]), user_id=owner, amount=wanted, quota_day=date.fromisoformat(found["quota_day"]), key=key,
        grants=found["grants"], generation_id=found["generation_id"] and UUID(found["generation_id"]),
        expires_at=_moment(found["expires_at"]), created_at=_moment(found["created_at"]),
    )  # fmt: skip
    hold.repeated = True
    hold.state = STATES[found["closed"]] if found["closed"] else HoldState.OPEN
    return hold


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _other_amount(constraint: str) -> Conflict:
    return Conflict(constraint=constraint, reason="this key was used with another amount")
