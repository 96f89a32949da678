"""The quota: a counter for each user, the open holds on it, and the ledger that accounts for both."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from tortoise import fields

from charmodels import limits
from charmodels.backend.constraints import Check, length, not_negative, one_of
from charmodels.backend.schema import Index
from charmodels.fields import enum_field
from charmodels.identifiers import utc_now
from charmodels.models.base import NOW, Model, primary_key
from charmodels.values import Count, Key

if TYPE_CHECKING:
    from charmodels.models.user import User


class UserQuota(Model):
    """What of the quota changes all day; one row a user, made by a trigger with the user.

    `daily_used` belongs to `quota_day`, the user's local day; on a later day it counts as 0. `daily_quota` overrides
    the plan of the user's tier, NULL means the plan's.
    """

    user: fields.OneToOneRelation[User] = fields.OneToOneField(
        "charmodels.User", related_name="quota", primary_key=True, on_delete=fields.CASCADE
    )
    daily_quota: int | None = fields.IntField(null=True)
    daily_used: int = fields.IntField(default=0, db_default=0)
    quota_day = fields.DateField(null=True)
    total_generated: int = fields.BigIntField(default=0, db_default=0)
    last_active_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        user_id: UUID

    validated: ClassVar = {"daily_quota": Count, "daily_used": Count, "total_generated": Count}

    class Meta:
        table = "user_quotas"
        checks = (
            not_negative("user_quotas", "daily_quota"),
            not_negative("user_quotas", "daily_used"),
            not_negative("user_quotas", "total_generated"),
        )


class QuotaHold(Model):
    """An open hold on a user's quota. The row goes when the hold is committed, released or expired.

    Whoever deletes the row decides what became of the hold, so that happens once.
    """

    id = primary_key()
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="quota_holds", on_delete=fields.CASCADE
    )
    amount: int = fields.IntField()
    quota_day = fields.DateField()
    key: str | None = fields.TextField(null=True)
    expires_at = fields.DatetimeField()
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    if TYPE_CHECKING:
        user_id: UUID

    validated: ClassVar = {"key": Key}

    class Meta:
        table = "quota_holds"
        triggers = ("keep_owner",)
        immutable = ("user_id", "user")
        indexes = (
            Index('"user_id", "expires_at"', name="quota_holds_owner", fields=("user_id", "expires_at")),
            Index('"expires_at"', name="quota_holds_expiry", fields=("expires_at",)),
        )
        checks = (
            Check("quota_holds_amount_range", '"amount" >= 1', "amount", "must be at least 1"),
            length("quota_holds", "key", limits.KEY_LENGTH),
        )


class QuotaEntryKind(StrEnum):
    """What a ledger entry records."""

    HOLD = "HOLD"
    COMMIT = "COMMIT"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"
    GRANT = "GRANT"
    TIER = "TIER"


class QuotaEntry(Model):
    """One entry of the quota ledger, which only grows.

    A hold has one HOLD entry and, once closed, one of COMMIT, RELEASE or EXPIRE; a unique index sees to that. `amount`
    is how much was held, used, given back or granted, never negative: the kind tells which way it goes.
    """

    id = primary_key()
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="quota_entries", on_delete=fields.CASCADE
    )
    kind = enum_field(QuotaEntryKind)
    amount: int = fields.IntField()
    quota_day = fields.DateField()
    hold_id: UUID | None = fields.UUIDField(null=True)
    generation_id: UUID | None = fields.UUIDField(null=True)
    key: str | None = fields.TextField(null=True)
    reason: str | None = fields.TextField(null=True)
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    if TYPE_CHECKING:
        user_id: UUID

    validated: ClassVar = {"key": Key}

    class Meta:
        table = "quota_ledger"
        triggers = ("keep_owner",)
        immutable = ("user_id", "user")
        indexes = (
            Index(
                '"user_id", "created_at", "id"',
                name="quota_ledger_owner",
                fields=("user_id", "created_at", "id"),
            ),
            Index(
                '"user_id", "key"',
                name="quota_ledger_user_id_key_key",
                fields=("user_id", "key"),
                unique=True,
                where='"key" IS NOT NULL AND "kind" = \'HOLD\'',
            ),
            Index(
                '"user_id", "hold_id"',
                name="quota_ledger_closed_once",
                fields=("user_id", "hold_id"),
                unique=True,
                where="\"kind\" IN ('COMMIT', 'RELEASE', 'EXPIRE')",
            ),
        )
        checks = (
            one_of("quota_ledger", "kind", QuotaEntryKind),
            Check(
                "quota_ledger_amount_range",
                '"amount" >= 1 OR ("amount" = 0 AND "kind" = \'TIER\')',
                "amount",
                "must be at least 1",
            ),
            length("quota_ledger", "key", limits.KEY_LENGTH),
            length("quota_ledger", "reason", limits.ERROR_LENGTH, least=0),
            Check(
                "quota_ledger_hold_id_present",
                "\"hold_id\" IS NOT NULL OR \"kind\" IN ('GRANT', 'TIER')",
                "hold_id",
                "is required",
            ),
        )
