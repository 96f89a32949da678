"""The quota: a counter for each user, the open holds and the grants on it, and the ledger that accounts for them."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self
from uuid import UUID

from tortoise import fields

from charmodels import limits
from charmodels.backend.constraints import Check, length, not_negative, one_of
from charmodels.backend.schema import ForeignKey, Index
from charmodels.clock import utc_now
from charmodels.enums import HoldState, QuotaEntryKind
from charmodels.errors import HoldClosed
from charmodels.fields import enum_field
from charmodels.models.base import NOW, Model, primary_key
from charmodels.querysets.ledger import GrantManager, HoldManager, LedgerManager, UserQuotaManager, close_hold
from charmodels.values import Count, DailyQuota, Key

if TYPE_CHECKING:
    from charmodels.models.user import User


def _owner(table: str) -> ForeignKey:
    """Refer to the user's row in user_quotas, which whoever changes a quota has locked, and not to `users`.

    Checking a foreign key locks the row that it refers to. In `users` that would be a write to a cold table, and a
    deadlock with whoever deletes the user at the same time.
    """
    return ForeignKey(f"{table}_user_id_fkey", "user_id", "user_quotas", "user_id")


class UserQuota(Model):
    """What of the quota changes all day; one row a user, made by a trigger with the user.

    `daily_used` and `granted_used` belong to `quota_day`, the user's local day; on a later day they count as 0.
    `daily_quota` overrides the plan of the user's tier, NULL means the plan's.
    """

    user: fields.OneToOneRelation[User] = fields.OneToOneField(
        "charmodels.User", related_name="quota", primary_key=True, on_delete=fields.CASCADE
    )
    daily_quota: int | None = fields.IntField(null=True)
    daily_used: int = fields.IntField(default=0, db_default=0)
    granted_used: int = fields.IntField(default=0, db_default=0)
    quota_day = fields.DateField(null=True)
    total_generated: int = fields.BigIntField(default=0, db_default=0)
    last_active_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        user_id: UUID

    objects = UserQuotaManager()
    validated: ClassVar = {
        "daily_quota": DailyQuota,
        "daily_used": Count,
        "granted_used": Count,
        "total_generated": Count,
    }

    class Meta:
        table = "user_quotas"
        functions = ("quota",)
        triggers = ("audit_quotas",)
        checks = (
            not_negative("user_quotas", "daily_quota"),
            not_negative("user_quotas", "daily_used"),
            not_negative("user_quotas", "granted_used"),
            not_negative("user_quotas", "total_generated"),
        )


class QuotaHold(Model):
    """Quota that is taken but not used yet. `User.objects.reserve_quota` makes one.

    Commit it when the work is done, release it when it is not; whichever comes first decides, and so does
    `expires_at`, after which it counts as released. The row goes with the decision.

    As a block it commits when the block ends well and releases when it raises.

    Attributes:
        amount: how much is held.
        quota_day: the user's local day that it counts in.
        grants: what of it came out of grants, ids to amounts, or None.
        expires_at: when it is given back; aware, UTC.
        state: what became of it, as far as this object knows.
        repeated: whether `reserve_quota` found it under its key instead of making it.

    Example:
        >>> import charmodels as cm
        >>> async def draw(user: cm.User) -> None:
        ...     async with cm.User.objects.reserve_quota(user.id):
        ...         ...  # make the picture
    """

    id = primary_key()
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="quota_holds", db_constraint=False
    )
    amount: int = fields.IntField()
    quota_day = fields.DateField()
    grants: dict[str, int] | None = fields.JSONField(null=True)
    key: str | None = fields.TextField(null=True)
    generation_id: UUID | None = fields.UUIDField(null=True)
    expires_at = fields.DatetimeField()
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    if TYPE_CHECKING:
        user_id: UUID

    state: HoldState = HoldState.OPEN
    repeated: bool = False

    objects = HoldManager()
    validated: ClassVar = {"key": Key}

    class Meta:
        table = "quota_holds"
        foreign_keys = (_owner("quota_holds"),)
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

    async def commit(self, *, reason: str | None = None) -> HoldState:
        """Say that the work is done: what is held is used. One statement; the first to close a hold decides.

        Arguments:
            reason: for the ledger.

        Returns:
            What became of the hold, now or before: COMMITTED, or RELEASED or EXPIRED if that came first, in which case
            nothing is charged.

        Raises:
            NotFound: there never was such a hold, or its user is gone.
            InvalidInput: the reason is too long.

        Example:
            >>> async def finish(hold: QuotaHold) -> None:
            ...     if await hold.commit() is not HoldState.COMMITTED:
            ...         print("Too late, it was given back")
        """
        self.state = await close_hold(self, HoldState.COMMITTED, reason)
        return self.state

    async def release(self, *, reason: str | None = None) -> HoldState:
        """Give back what is held. One statement; the first to close a hold decides.

        Arguments:
            reason: for the ledger.

        Returns:
            What became of the hold, now or before: RELEASED, or COMMITTED or EXPIRED if that came first.

        Raises:
            NotFound: there never was such a hold, or its user is gone.
            InvalidInput: the reason is too long.
        """
        self.state = await close_hold(self, HoldState.RELEASED, reason)
        return self.state

    async def __aenter__(self) -> Self:
        """Enter a block that works on what is held.

        Raises:
            HoldClosed: it was found under its key, and is released or expired.
        """
        if self.state in (HoldState.RELEASED, HoldState.EXPIRED):
            raise HoldClosed(state=self.state)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Commit after a block that went well, release after one that did not; what the block itself closed stays.

        A release that fails is a note on the block's own error, which comes out all the same: the hold then runs out.

        Raises:
            HoldClosed: the block went well, but the hold had expired or somebody else had released it.
        """
        if error is None:
            if self.state is HoldState.OPEN and await self.commit() is not HoldState.COMMITTED:
                raise HoldClosed(state=self.state)
            return
        try:
            # Whatever `state` says: what the block closed in a transaction, its error may have undone.
            await self.release(reason=type(error).__name__)
        except Exception as failure:
            error.add_note(f"The hold on the quota was not released: {failure}")


class QuotaGrant(Model):
    """Quota granted once, beside the plan's: a top-up.

    It is spent when the day's own is used up; of several, the one that ends first.

    Attributes:
        amount: how much was granted.
        spent: what of it is held or used.
        expires_at: when the rest is lost; aware, UTC; None for never.
    """

    id = primary_key()
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="quota_grants", db_constraint=False
    )
    amount: int = fields.IntField()
    spent: int = fields.IntField(default=0, db_default=0)
    key: str | None = fields.TextField(null=True)
    reason: str | None = fields.TextField(null=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    if TYPE_CHECKING:
        user_id: UUID

    objects = GrantManager()
    validated: ClassVar = {"key": Key, "spent": Count}

    class Meta:
        table = "quota_grants"
        foreign_keys = (_owner("quota_grants"),)
        triggers = ("keep_owner", "audit_grants")
        immutable = ("user_id", "user")
        indexes = (
            Index('"user_id", "expires_at"', name="quota_grants_owner", fields=("user_id", "expires_at")),
            Index(
                '"user_id", "key"',
                name="quota_grants_user_id_key_key",
                fields=("user_id", "key"),
                unique=True,
                where='"key" IS NOT NULL',
            ),
        )
        checks = (
            Check("quota_grants_amount_range", '"amount" >= 1', "amount", "must be at least 1"),
            Check(
                "quota_grants_spent_range",
                '"spent" BETWEEN 0 AND "amount"',
                "spent",
                "must be between 0 and the amount",
            ),
            length("quota_grants", "key", limits.KEY_LENGTH),
            length("quota_grants", "reason", limits.ERROR_LENGTH, least=0),
        )

    @property
    def remaining(self) -> int:
        """What is left of it, as long as it has not expired."""
        return self.amount - self.spent


class QuotaEntry(Model):
    """One entry of the quota ledger, which only grows; the database refuses to change or delete one.

    A hold has one HOLD entry, which bears the hold's own id, and, once closed, one of COMMIT, RELEASE or EXPIRE; a
    unique index sees to that. GRANT and TIER stand alone.

    Attributes:
        amount: how much was held, used, given back or granted, never negative: the kind tells which way it goes. 0 for
            TIER.
        quota_day: the user's local day that a hold counts in; None for GRANT and TIER.
        grants: what of the amount concerns grants, ids to amounts, or None.
        expires_at: until when it is held, granted or subscribed.
    """

    id = primary_key()
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="quota_entries", db_constraint=False
    )
    kind = enum_field(QuotaEntryKind)
    amount: int = fields.IntField()
    quota_day = fields.DateField(null=True)
    hold_id: UUID | None = fields.UUIDField(null=True)
    generation_id: UUID | None = fields.UUIDField(null=True)
    grants: dict[str, int] | None = fields.JSONField(null=True)
    key: str | None = fields.TextField(null=True)
    reason: str | None = fields.TextField(null=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    if TYPE_CHECKING:
        user_id: UUID

    objects = LedgerManager()
    validated: ClassVar = {"key": Key}

    class Meta:
        table = "quota_ledger"
        foreign_keys = (_owner("quota_ledger"),)
        triggers = ("append_only",)
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
                '("hold_id" IS NOT NULL AND "quota_day" IS NOT NULL) OR "kind" IN (\'GRANT\', \'TIER\')',
                "hold_id",
                "is required",
            ),
        )
