"""The user: who they are and what they subscribe to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tortoise import fields

from charmodels import limits
from charmodels.backend.constraints import Check, length, one_of
from charmodels.backend.schema import Index
from charmodels.enums import SubscriptionTier
from charmodels.fields import EmailField, enum_field
from charmodels.models.base import Entity
from charmodels.querysets.users import UserManager
from charmodels.values import Email, ImageUrl, Key, Name, TimeZone

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
        triggers = ("touch", "open_quota")
        kept_by_database = ("updated_at",)
        indexes = (
            Index('lower("email")', name="users_email_key", fields=("email",), unique=True),
            Index('"auth0_id"', name="users_auth0_id_key", fields=("auth0_id",), unique=True),
        )
        checks = (
            length("users", "email", limits.EMAIL_LENGTH, least=3),
            Check("users_email_form", "position('@' in \"email\") > 1", "email", "must be an email address"),
            length("users", "auth0_id", limits.KEY_LENGTH),
            length("users", "name", limits.NAME_LENGTH),
            length("users", "avatar_url", limits.URL_LENGTH),
            length("users", "timezone", limits.NAME_LENGTH),
            one_of("users", "subscription_tier", SubscriptionTier),
        )

    def __str__(self) -> str:
        return f"{getattr(self, 'name', None) or 'User'} ({self.pk})"
