"""What users can be asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from tortoise.expressions import Q

from charmodels import clock
from charmodels.enums import SubscriptionTier
from charmodels.errors import Conflict, InvalidInput, SerializationFailure
from charmodels.identifiers import new_id
from charmodels.querysets.base import Manager
from charmodels.querysets.quota import QuotaQuerySet
from charmodels.values import Email, ImageUrl, Key, Name, validate

if TYPE_CHECKING:
    from charmodels.models.user import User

NOTED_EVERY = timedelta(minutes=1)
"""How often log-ins write down that a user was here, at most."""

_LOG_IN_TRIES = 5


@dataclass(frozen=True, slots=True)
class UserStats:
    """How many users there are, and what they do.

    Arguments:
        total: users; one that a join gives twice counts once.
        active: those who were here not long ago.
        by_tier: every tier to the users who have it now; a subscription that ran out counts as FREE.
        total_generated: pictures that they have made, all together.
    """

    total: int
    active: int
    by_tier: dict[SubscriptionTier, int]
    total_generated: int


class UserQuerySet(QuotaQuerySet):
    """Queries on users."""

    async def get_by_email(self, email: str) -> User:
        """Find a user by email address, whatever its case.

        Arguments:
            email: the address.

        Returns:
            The user.

        Raises:
            NotFound: nobody has it.

        Example:
            >>> import charmodels as cm
            >>> async def find() -> cm.User:
            ...     return await cm.User.objects.get_by_email("ADA@example.com")
        """
        return await self.get(email=email.strip())

    async def get_by_auth0_id(self, auth0_id: str) -> User:
        """Find a user by the identifier that Auth0 gave.

        Arguments:
            auth0_id: as in the token's `sub`.

        Returns:
            The user.

        Raises:
            NotFound: nobody has it.
        """
        return await self.get(auth0_id=auth0_id)

    def subscribed(self) -> Self:
        """Keep those whose subscription is in force: a paid tier that has no end, or has not ended yet.

        Whether it has, is asked of the clock when this method is called, not when the query runs.

        Returns:
            The narrowed queryset.

        Example:
            >>> import charmodels as cm
            >>> query = cm.User.objects.subscribed().filter(timezone="Europe/Berlin")
        """
        endless, not_over = Q(subscription_expires_at=None), Q(subscription_expires_at__gt=clock.utc_now())
        return self.exclude(subscription_tier=SubscriptionTier.FREE).filter(endless | not_over)

    def active_since(self, moment: datetime | timedelta) -> Self:
        """Keep those who were here at that moment or later.

        Arguments:
            moment: an aware datetime, or how long ago.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: the moment has no time zone, is a negative time ago, or is no time at all.

        Example:
            >>> import charmodels as cm
            >>> query = cm.User.objects.subscribed().active_since(timedelta(days=7))
        """
        since = _ago("moment", moment) if isinstance(moment, timedelta) else clock.aware("moment", moment)
        return self.filter(quota__last_active_at__gte=since)

    async def stats(self, active_within: timedelta = timedelta(days=30)) -> UserStats:
        """Count the users of this queryset, in one statement.

        Arguments:
            active_within: how long ago somebody may have been here last to count as active.

        Returns:
            The counts; all 0 if the queryset is empty.

        Raises:
            InvalidInput: `active_within` is negative, or no timedelta.

        Example:
            >>> import charmodels as cm
            >>> async def report() -> None:
            ...     stats = await cm.User.objects.subscribed().stats()
            ...     print(f"{stats.active} of {stats.total} were here, {stats.by_tier[cm.SubscriptionTier.PRO]} on PRO")
        """
        [row] = await self._ask("user_stats", now=clock.utc_now(), since=_ago("active_within", active_within))
        by_tier = json.loads(row["by_tier"])
        return UserStats(
            total=row["total"],
            active=row["active"],
            by_tier={tier: by_tier.get(tier, 0) for tier in SubscriptionTier},
            total_generated=int(row["total_generated"]),
        )

    async def sync_auth0(
        self, auth0_id: str, email: str, name: str | None = None, avatar_url: str | None = None
    ) -> tuple[User, bool]:
        """Find or make the user of a log-in, and take over what Auth0 says of them now. Safe to call at the same time.

        If nothing changed, which is the usual case, this is one statement and `users` is not written. Otherwise it is
        a second one that inserts or updates. It also sets `last_active_at` in `user_quotas`, at most once a minute.

        Somebody else's address is never taken over, and a user who has that address is not linked to the log-in, not
        even one without an `auth0_id`: Auth0 may not have verified the address, and whoever registers there with
        another's would get their account. Link such users yourself, after you have made sure of the address.

        Arguments:
            auth0_id: who logs in, as in the token's `sub`.
            email: their address. Another spelling in capitals and small letters is stored too.
            name, avatar_url: None leaves what is there.

        Returns:
            The user, and whether this call made them. Of calls at the same time exactly one did.

        Raises:
            Conflict: the address belongs to another user (`users_email_key`). Nothing is changed, and a transaction
                around it can go on; except where this call was to update a user and lost the address to another
                transaction at that moment, which ends this one.
            InvalidInput: a value breaks a rule.
            SerializationFailure: others made and deleted the user all the while.

        Example:
            >>> import charmodels as cm
            >>> async def log_in(token: dict[str, str]) -> cm.User:
            ...     user, is_new = await cm.User.objects.sync_auth0(token["sub"], token["email"], token.get("name"))
            ...     if is_new:
            ...         print("Welcome")
            ...     return user
        """
        said = {
            "auth0_id": validate("auth0_id", Key, auth0_id),
            "email": validate("email", Email, email),
            "name": None if name is None else validate("name", Name, name),
            "avatar_url": None if avatar_url is None else validate("avatar_url", ImageUrl, avatar_url),
        }
        for _ in range(_LOG_IN_TRIES):
            now = clock.for_server()
            known = None
            for user in await self._select("user_log_in", **said, now=now, pause=NOTED_EVERY):
                if user.auth0_id != said["auth0_id"]:
                    raise Conflict(constraint="users_email_key", reason="the email address belongs to another user")
                known = user
            if known is not None and all(value in (None, getattr(known, field)) for field, value in said.items()):
                return known, False
            if known is None:
                changed = await self._select("user_sign_up", **said, id=new_id(), now=now)
            else:
                changed = await self._select("user_change_identity", **said, now=now, pause=NOTED_EVERY)
            if changed:
                return changed[0], known is None
            # Somebody else was there first, or deleted the user. Reading again tells which.
        raise SerializationFailure(sqlstate=None, reason="others changed the user of this log-in all the while")


def _ago(field: str, span: timedelta) -> datetime:
    """Give the moment that is so long ago."""
    if not isinstance(span, timedelta) or span < timedelta():
        raise InvalidInput(field=field, reason="must be a timedelta that is not negative")
    try:
        return clock.utc_now() - span
    except OverflowError:
        raise InvalidInput(field=field, reason="must not reach back before the year 1") from None


class UserManager(Manager[UserQuerySet]):
    """`User.objects`."""

    queryset_class = UserQuerySet
