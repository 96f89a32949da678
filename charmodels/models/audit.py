"""The audit trail: who changed what, and when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from charmodels import limits
from charmodels.backend import constraints
from charmodels.backend.constraints import Check, length
from charmodels.backend.schema import Index
from charmodels.backend.translation import register_table
from charmodels.clock import utc_now
from charmodels.models.base import NOW, Model, primary_key
from charmodels.querysets.audit import AuditManager


class AuditEntry(Model):
    """One change, to a row or to a table as a whole. It outlives both row and user, so it has no foreign keys.

    Triggers write the entries, whoever makes the change and by whatever way. The database refuses to change them, and
    to delete any but by `AuditEntry.objects.prune`, which leaves an entry itself.

    Attributes:
        user_id: whom the row belongs to; the user itself for a row of `users`; None for templates.
        table_name: of the row.
        object_id: its key; None for a table as a whole. A quota is known by its user.
        action: one of `AuditAction`.
        actor: who did it, as `transaction` or `request_context` said; None if nobody did.
        request_id: in which request, likewise.
        role: as which role of the database they had logged in.
        before, after: the columns that the action is about, where addresses and prompts are masked unless the setting
            AUDIT_MASK says otherwise; of an update, those that it changed.
        created_at: when, by the database's clock; aware, UTC.

    Example:
        >>> import charmodels as cm
        >>> async def history(user: cm.User) -> None:
        ...     async for entry in cm.AuditEntry.objects.for_object(user).newest().limit(20):
        ...         print(entry.created_at, entry.actor, entry.action, entry.before, entry.after)
    """

    id = primary_key()
    user_id: UUID | None = fields.UUIDField(null=True)
    table_name = fields.TextField()
    object_id: UUID | None = fields.UUIDField(null=True)
    action = fields.TextField()
    actor: str | None = fields.TextField(null=True)
    request_id: str | None = fields.TextField(null=True)
    role: str | None = fields.TextField(null=True)
    before: dict[str, Any] | None = fields.JSONField(null=True)
    after: dict[str, Any] | None = fields.JSONField(null=True)
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    objects = AuditManager()

    class Meta:
        table = "audit_entries"
        triggers = ("guard_audit",)
        indexes = (
            Index(
                '"object_id", "created_at", "id"',
                name="audit_entries_object",
                fields=("object_id", "created_at", "id"),
                where='"object_id" IS NOT NULL',
            ),
            Index(
                '"actor", "created_at", "id"',
                name="audit_entries_actor",
                fields=("actor", "created_at", "id"),
                where='"actor" IS NOT NULL',
            ),
            Index(
                '"user_id", "created_at", "id"',
                name="audit_entries_owner",
                fields=("user_id", "created_at", "id"),
                where='"user_id" IS NOT NULL',
            ),
            Index('"created_at", "id"', name="audit_entries_time", fields=("created_at", "id")),
        )
        checks = (
            length("audit_entries", "action", limits.NAME_LENGTH),
            length("audit_entries", "actor", limits.KEY_LENGTH),
            length("audit_entries", "request_id", limits.KEY_LENGTH),
        )


constraints.register(
    [
        Check(
            "audit_entries_append_only",
            "true",  # a trigger keeps it
            "audit_entries",
            "is append-only: an entry never changes, and goes by `charmodels audit prune` alone",
        )
    ]
)
register_table("audit_context")


class AuditSettings(Model):
    """What every writer of entries must agree on; one row.

    Attributes:
        mask: whether entries hide addresses and prompts.
    """

    id: int = fields.SmallIntField(primary_key=True, generated=False)
    mask = fields.BooleanField(default=True, db_default=True)

    class Meta:
        table = "audit_settings"
        functions = ("audit",)
        checks = (Check("audit_settings_id_one", '"id" = 1', "id", "must be 1"),)
