"""The generation: one request for pictures, its record and its place in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from charmodels import limits
from charmodels.backend.constraints import Check, between, length, not_negative, one_of, tag_list
from charmodels.backend.schema import Index
from charmodels.clock import utc_now
from charmodels.enums import GenerationStatus, StyleType
from charmodels.fields import TextArrayField, enum_field
from charmodels.models.base import NOW, Entity, Model
from charmodels.querysets.generations import GenerationManager
from charmodels.values import BatchSize, CharacterTags, Count, Key, Prompt

if TYPE_CHECKING:
    from charmodels.models.character import Character
    from charmodels.models.user import User


class Generation(Entity):
    """The record of one request, from PENDING to COMPLETED, FAILED or CANCELLED. It outlives its character."""

    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="generations", on_delete=fields.CASCADE
    )
    character: fields.ForeignKeyNullableRelation[Character] = fields.ForeignKeyField(
        "charmodels.Character", related_name="generations", null=True, on_delete=fields.SET_NULL
    )
    status = enum_field(
        GenerationStatus, is_literal=True, default=GenerationStatus.PENDING, db_default=SqlDefault("'PENDING'")
    )
    prompt = fields.TextField()
    style_type = enum_field(StyleType)
    tags: list[str] = TextArrayField(default=list, db_default=SqlDefault("'{}'"))
    batch_size: int = fields.SmallIntField(default=1, db_default=1)
    provider_request_id: str | None = fields.TextField(null=True)
    key: str | None = fields.TextField(null=True)
    priority: int = fields.SmallIntField(default=0, db_default=0)
    attempts: int = fields.SmallIntField(default=0, db_default=0)
    max_attempts: int = fields.SmallIntField(default=3, db_default=3)
    rescues: int = fields.SmallIntField(default=0, db_default=0)
    error_message: str | None = fields.TextField(null=True)
    started_at = fields.DatetimeField(null=True)
    completed_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        user_id: UUID
        character_id: UUID | None

    objects = GenerationManager()
    validated: ClassVar = {
        "prompt": Prompt,
        "tags": CharacterTags,
        "batch_size": BatchSize,
        "provider_request_id": Key,
        "key": Key,
        "attempts": Count,
        "rescues": Count,
    }

    class Meta:
        table = "generations"
        triggers = ("touch", "keep_owner", "claim_provider_request")
        kept_by_database = ("updated_at",)
        immutable = ("user_id", "user")
        indexes = (
            Index(
                '"user_id", "created_at" DESC, "id" DESC',
                name="generations_owner",
                fields=("user_id", "created_at", "id"),
            ),
            Index(
                '"user_id", "key"',
                name="generations_user_id_key_key",
                fields=("user_id", "key"),
                unique=True,
                where='"key" IS NOT NULL',
            ),
            Index(
                '"character_id"',
                name="generations_character",
                fields=("character_id",),
                where='"character_id" IS NOT NULL',
            ),
        )
        checks = (
            one_of("generations", "status", GenerationStatus),
            length("generations", "prompt", limits.PROMPT_LENGTH),
            one_of("generations", "style_type", StyleType),
            *tag_list("generations", "tags", limits.CHARACTER_TAGS, limits.TAG_LENGTH),
            between("generations", "batch_size", 1, limits.BATCH_SIZE),
            length("generations", "provider_request_id", limits.KEY_LENGTH),
            length("generations", "key", limits.KEY_LENGTH),
            not_negative("generations", "attempts"),
            Check(
                "generations_max_attempts_range",
                '"max_attempts" >= 1',
                "max_attempts",
                "must be at least 1",
            ),
            not_negative("generations", "rescues"),
            length("generations", "error_message", limits.ERROR_LENGTH, least=0),
        )

    def __str__(self) -> str:
        return f"{getattr(self, 'status', 'Some')} generation ({self.pk})"


class GenerationJob(Model):
    """A place in the queue. The row lives only while its generation is open, so the table stays small.

    A job without a lease waits; one with a lease is a worker's until `lease_expires_at`.
    """

    generation: fields.OneToOneRelation[Generation] = fields.OneToOneField(
        "charmodels.Generation", related_name="job", primary_key=True, on_delete=fields.CASCADE
    )
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="generation_jobs", on_delete=fields.CASCADE
    )
    priority: int = fields.SmallIntField(default=0, db_default=0)
    available_at = fields.DatetimeField(default=utc_now, db_default=NOW)
    worker: str | None = fields.TextField(null=True)
    attempt_token: UUID | None = fields.UUIDField(null=True)
    lease_expires_at = fields.DatetimeField(null=True)
    enqueued_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    if TYPE_CHECKING:
        generation_id: UUID
        user_id: UUID

    class Meta:
        table = "generation_jobs"
        triggers = ("keep_owner",)
        immutable = ("user_id", "user")
        indexes = (
            Index(
                '"priority" DESC, "available_at", "generation_id"',
                name="generation_jobs_waiting",
                fields=("priority", "available_at", "generation_id"),
                where='"attempt_token" IS NULL',
            ),
            Index(
                '"lease_expires_at"',
                name="generation_jobs_leased",
                fields=("lease_expires_at",),
                where='"attempt_token" IS NOT NULL',
            ),
            Index('"user_id"', name="generation_jobs_owner", fields=("user_id",)),
        )
        checks = (
            length("generation_jobs", "worker", limits.NAME_LENGTH),
            Check(
                "generation_jobs_lease_whole",
                '("attempt_token" IS NULL) = ("lease_expires_at" IS NULL)',
                "lease_expires_at",
                "goes with an attempt token",
            ),
        )


class ProviderRequest(Model):
    """Which generation an image provider's request belongs to; a trigger on `generations` keeps it.

    It stands apart because it is unique over all users, while generations may be distributed by user.
    """

    provider_request_id = fields.CharField(max_length=limits.KEY_LENGTH, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="provider_requests", on_delete=fields.CASCADE
    )
    generation: fields.ForeignKeyRelation[Generation] = fields.ForeignKeyField(
        "charmodels.Generation", related_name="provider_requests", on_delete=fields.CASCADE
    )

    if TYPE_CHECKING:
        user_id: UUID
        generation_id: UUID

    class Meta:
        table = "provider_requests"
        immutable = ("user_id", "user")
        indexes = (
            Index('"generation_id"', name="provider_requests_generation", fields=("generation_id",)),
            Index('"user_id"', name="provider_requests_owner", fields=("user_id",)),
        )
