"""The user: who they are and what they subscribe to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tortoise import fields

from charmodels import events, limits
from charmodels.backend.constraints import Check, length, one_of
from charmodels.backend.schema import Index
from charmodels.clock import utc_now
from charmodels.enums import SubscriptionTier
from charmodels.errors import InvalidInput, NotFound
from charmodels.fields import EmailField, enum_field
from charmodels.models.base import Entity
from charmodels.models.quota import UserQuota
from charmodels.querysets.users import UserManager
from charmodels.values import Email, ImageUrl, Key, Name, TimeZone, later

if TYPE_CHECKING:
    from charmodels.models.character import Character
    from charmodels.models.generation import Generation


class User(Entity):
    """Somebody who makes characters.

    The row is cold: what changes all day stands in `user_quotas`.

    Example:
        >>> async def sign_up() -> User:
        ...     return await User.create(email="ada@example.com", name="Ada")
    """

    email = EmailField()
    auth0_id: str | None = fields.TextField(null=True)
    name: str | None = fields.TextField(null=True)
    avatar_url: str | None = fields.TextField(null=True)
    subscription_tier = enum_field(SubscriptionTier, default=SubscriptionTier.FREE, db_default="FREE")
    subscription_expires_at = fields.DatetimeField(null=True)
    timezone = fields.TextField(default="UTC", db_default="UTC")

    characters: fields.ReverseRelation[Character]
    generations: fields.ReverseRelation[Generation]

    objects = UserManager()
    validated: ClassVar = {
        "email": Email,
        "auth0_id": Key,
        "name": Name,
        "avatar_url": ImageUrl,
        "timezone": TimeZone,
    }

    class Meta:
        table = "users"
        triggers = ("touch", "open_quota", "change_tier", "audit_users")
        kept_by_database = ("updated_at",)
        indexes = (
            Index('lower("email")', name="users_email_key", fields=("email",), unique=True),
            Index('"auth0_id"', name="users_auth0_id_key", fields=("auth0_id",), unique=True),
            Index('lower("name")', name="users_name", fields=("name",)),
        )
        checks = (
            length("users", "email", limits.EMAIL_LENGTH, least=3),
            Check("users_email_form", "position('@' in \"email\") > 1", "email", "must be an email address"),
            length("users", "auth0_id", limits.KEY_LENGTH),
            length("users", "name", limits.NAME_LENGTH),
            length("users", "avatar_url", limits.URL_LENGTH),
            length("users", "timezone", limits.NAME_LENGTH),
            # Fails with SQLSTATE 22023 where the server does not know the zone: a quota's day could not be told.
            Check(
                "users_timezone_known",
                "(TIMESTAMP '2000-01-01 00:00:00' AT TIME ZONE \"timezone\") IS NOT NULL",
                "timezone",
                "must be the name of an IANA time zone",
            ),
            one_of("users", "subscription_tier", SubscriptionTier),
        )

    def __str__(self) -> str:
        return f"{getattr(self, 'name', None) or 'User'} ({self.pk})"

    @property
    def current_tier(self) -> SubscriptionTier:
        """The tier in force: FREE once the subscription has run out, whatever the column says."""
        ends = self.subscription_expires_at
        return SubscriptionTier.FREE if ends is not None and ends <= utc_now() else self.subscription_tier

    async def subscribe(self, tier: SubscriptionTier | str, until: datetime | None = None) -> None:
        """Give the user a tier, and with it its daily quota and its place in the queue; one UPDATE.

        Today's use is kept: after a change to a smaller plan nothing may be left of today. An override of the daily
        quota ends when the tier changes. When the subscription runs out, the tier counts as FREE, without anybody
        writing so. The ledger notes every change.

        Arguments:
            tier: the tier.
            until: when it runs out, aware; None for never.

        Raises:
            InvalidInput: there is no such tier, or `until` is past or has no time zone.
            NotFound: the user was deleted.

        Example:
            >>> from datetime import timedelta
            >>> async def pay(user: User) -> None:
            ...     await user.subscribe(SubscriptionTier.PRO, until=utc_now() + timedelta(days=31))
        """
        try:
            known = SubscriptionTier(tier)
        except ValueError:
            raise InvalidInput(field="tier", reason=f"must be one of {', '.join(SubscriptionTier)}") from None
        ends = None if until is None else later("until", until)
        await self._change_tier(known, ends)

    async def cancel_subscription(self) -> None:
        """Put the user back to FREE, at once; one UPDATE. Today's use is kept.

        To let a paid month run out instead, `subscribe` to the same tier until its end.

        Raises:
            NotFound: the user was deleted.
        """
        await self._change_tier(SubscriptionTier.FREE, None)

    async def set_daily_quota(self, daily_quota: int | None) -> None:
        """Give this user another daily quota than the plan's, until the tier changes; one UPDATE.

        It counts while the tier in force is the one of the column. Where the subscription has run out it rests, and a
        renewal of the same tier brings it back; to give one to somebody whose paid tier ran out, cancel that first.

        Arguments:
            daily_quota: pictures a day, or None for the plan's.

        Raises:
            InvalidInput: it is no whole number, negative, or more than the database can hold.
            NotFound: the user was deleted.

        Example:
            >>> async def thank(tester: User) -> None:
            ...     await tester.set_daily_quota(20)
        """
        if not await UserQuota.objects.filter(user_id=self.id).update(daily_quota=daily_quota):
            raise NotFound(model="User")

    async def _change_tier(self, tier: SubscriptionTier, ends: datetime | None) -> None:
        before = self.subscription_tier
        await self._set(subscription_tier=tier, subscription_expires_at=ends)
        if tier != before:
            until = None if ends is None else ends.isoformat()
            events.emit("tier.changed", user_id=self.id, from_tier=before, to_tier=tier, until=until)

    async def _set(self, **values: Any) -> None:
        before = {name: value for name, value in vars(self).items() if name in values}
        self.update_from_dict(values)
        try:
            await self.save(update_fields=list(values))
        except BaseException:
            self.update_from_dict(before)  # `current_tier` must not tell of what was not written
            raise
