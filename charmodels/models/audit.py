"""The audit trail: who changed what, and when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from charmodels import limits
from charmodels.backend.constraints import length
from charmodels.backend.schema import Index
from charmodels.clock import utc_now
from charmodels.models.base import NOW, Model, primary_key


class AuditEntry(Model):
    """One change, to a row or to a table as a whole. It outlives both row and user, so it has no foreign keys."""

    id = primary_key()
    user_id: UUID | None = fields.UUIDField(null=True)
    table_name = fields.TextField()
    object_id: UUID | None = fields.UUIDField(null=True)
    action = fields.TextField()
    actor: str | None = fields.TextField(null=True)
    request_id: str | None = fields.TextField(null=True)
    before: dict[str, Any] | None = fields.JSONField(null=True)
    after: dict[str, Any] | None = fields.JSONField(null=True)
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    class Meta:
        table = "audit_entries"
        indexes = (
            Index(
                '"object_id", "created_at" DESC',
                name="audit_entries_object",
                fields=("object_id", "created_at"),
            ),
            Index('"actor", "created_at" DESC', name="audit_entries_actor", fields=("actor", "created_at")),
            Index('"created_at"', name="audit_entries_time", fields=("created_at",), using="brin"),
        )
        checks = (
            length("audit_entries", "action", limits.NAME_LENGTH),
            length("audit_entries", "actor", limits.KEY_LENGTH),
            length("audit_entries", "request_id", limits.KEY_LENGTH),
        )
