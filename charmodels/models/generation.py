"""The generation: one request for pictures, its record and its place in the queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from charmodels import limits
from charmodels.backend.constraints import Check, between, length, not_negative, one_of, tag_list
from charmodels.backend.schema import Index
from charmodels.clock import utc_now
from charmodels.enums import GenerationStatus, StyleType
from charmodels.errors import InvalidTransition, NotFound
from charmodels.fields import TextArrayField, enum_field
from charmodels.models.base import NOW, Entity, Model
from charmodels.querysets.generations import GenerationManager
from charmodels.querysets.jobs import complete_generation, fail_generation
from charmodels.sql import statement
from charmodels.values import BatchSize, CharacterTags, Count, ImageUrl, Key, Metadata, Prompt, validate

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
    image_url: str | None = fields.TextField(null=True)
    thumbnail_url: str | None = fields.TextField(null=True)
    metadata: dict[str, Any] = fields.JSONField(default=dict, db_default=SqlDefault("'{}'"))
    attempt_token: UUID | None = fields.UUIDField(null=True)

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
        "image_url": ImageUrl,
        "thumbnail_url": ImageUrl,
        "metadata": Metadata,
    }

    repeated: bool = False

    class Meta:
        table = "generations"
        functions = ("generations",)
        triggers = (
            "touch", "keep_owner", "claim_provider_request", "guard_status", "follow_generations", "refund_deleted",
            "record_storage"
        )  # fmt: skip
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
            Index('"created_at", "id"', name="generations_history", fields=("created_at", "id")),
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
            length("generations", "image_url", limits.URL_LENGTH),
            length("generations", "thumbnail_url", limits.URL_LENGTH),
            Check(
                "generations_metadata_object",
                "jsonb_typeof(\"metadata\") = 'object'",
                "metadata",
                "must be a JSON object",
            ),
        )

    def __str__(self) -> str:
        return f"{getattr(self, 'status', 'Some')} generation ({self.pk})"

    async def cancel(self) -> GenerationStatus:
        """Cancel it. What waits is CANCELLED at once and its quota given back; what is under way its worker gives up.

        Returns:
            CANCELLED; or PROCESSING, when the worker was asked: it may still complete it.

        Raises:
            InvalidTransition: it was completed or has failed before.
            NotFound: it was deleted.

        Example:
            >>> async def stop(generation: Generation) -> None:
            ...     if await generation.cancel() is GenerationStatus.PROCESSING:
            ...         print("The worker will stop as soon as it can")
        """
        return await self._read_back(await type(self).objects._cancel(self.user_id, self.id))

    async def retry(self) -> None:
        """Queue once more what has failed, for new quota and with all its attempts.

        Raises:
            InvalidTransition: it has not failed.
            QuotaExceeded: the user has not enough left.
            NotFound: it was deleted.
        """
        await type(self).objects._retry(self.user_id, self.id)
        await self.refresh_from_db()

    async def complete(
        self, image_url: str, thumbnail_url: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> bool:
        """Hand in the picture without the lease on the job, as a provider's webhook does.

        The generation is COMPLETED, the character has the picture, the hold on quota is charged. A worker that still
        has the job loses its lease: its next heartbeat is refused with `LeaseLost`, its own picture changes nothing.
        Once: a webhook may come twice.

        Arguments:
            image_url: where the picture is: http, https, or a path.
            thumbnail_url: where a small one is, or None.
            metadata: merged into the character's.

        Returns:
            True; False when it was completed before, and nothing is changed.

        Raises:
            InvalidTransition: it has failed or was cancelled.
            NotFound: it was deleted.
            InvalidInput: an address or the metadata breaks a rule.

        Example:
            >>> async def webhook(request_id: str, image_url: str) -> None:
            ...     generation = await Generation.objects.by_provider_request(request_id)
            ...     await generation.complete(image_url=image_url)
        """
        client = type(self).objects._client()
        outcome, status = await complete_generation(
            client, self.user_id, self.id, None, image_url, thumbnail_url, metadata
        )
        if status is None:
            raise NotFound(model="Generation")
        if outcome == "LOST":
            raise InvalidTransition(from_=status, to=GenerationStatus.COMPLETED)
        await self.refresh_from_db()
        return outcome == "DONE"

    async def fail(self, reason: str, *, retry_in: timedelta | None = None) -> GenerationStatus:
        """Say, without the lease on the job, that there will be no picture, as a provider's webhook does.

        Arguments:
            reason: for the record; not the prompt.
            retry_in: when to try again, as long as attempts are left; None to give up.

        Returns:
            FAILED, and its quota is given back; or PENDING when it will be tried again.

        Raises:
            InvalidTransition: it was completed or cancelled before.
            NotFound: it was deleted.
        """
        client = type(self).objects._client()
        return await self._read_back(await fail_generation(client, self.user_id, self.id, reason, retry_in))

    async def attach_provider_request(self, request_id: str) -> None:
        """Note under which name an image provider knows this generation, so that its webhook finds it.

        Arguments:
            request_id: the provider's.

        Raises:
            Conflict: another generation has it.
            NotFound: it was deleted.
            InvalidInput: it breaks a rule.
        """
        name = validate("provider_request_id", Key, request_id)
        client = type(self).objects._client()
        if not await client.fetch(statement("attach_provider_request"), [self.id, self.user_id, None, name]):
            raise NotFound(model="Generation")
        self.provider_request_id = name

    async def _read_back(self, status: GenerationStatus) -> GenerationStatus:
        await self.refresh_from_db()
        return status


class GenerationJob(Model):
    """A place in the queue. The row lives only while its generation is open, so the table stays small.

    A job with an attempt token is a worker's until `lease_expires_at`. One without waits: for its turn, or, after an
    attempt that failed, until `delayed_until`.

    Attributes:
        turn_at: the order in which jobs are served, earliest first; not a time at which anything happens.
        hold_id: the hold on quota that pays for it.
        cancel_requested: whether the worker was asked to give it up.
    """

    generation: fields.OneToOneRelation[Generation] = fields.OneToOneField(
        "charmodels.Generation", related_name="job", primary_key=True, on_delete=fields.CASCADE
    )
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="generation_jobs", on_delete=fields.CASCADE
    )
    hold_id: UUID | None = fields.UUIDField(null=True)
    priority: int = fields.SmallIntField(default=0, db_default=0)
    turn_at = fields.DatetimeField(default=utc_now, db_default=NOW)
    delayed_until = fields.DatetimeField(null=True)
    worker: str | None = fields.TextField(null=True)
    attempt_token: UUID | None = fields.UUIDField(null=True)
    lease_expires_at = fields.DatetimeField(null=True)
    cancel_requested = fields.BooleanField(default=False, db_default=False)

    if TYPE_CHECKING:
        generation_id: UUID
        user_id: UUID

    class Meta:
        table = "generation_jobs"
        triggers = ("keep_owner", "queue_storage")
        immutable = ("user_id", "user")
        indexes = (
            Index(
                '"turn_at", "generation_id"',
                name="generation_jobs_waiting",
                fields=("turn_at", "generation_id"),
                where='"attempt_token" IS NULL AND "delayed_until" IS NULL',
            ),
            Index(
                '"delayed_until"',
                name="generation_jobs_delayed",
                fields=("delayed_until",),
                where='"attempt_token" IS NULL AND "delayed_until" IS NOT NULL',
            ),
            Index(
                '"lease_expires_at"',
                name="generation_jobs_leased",
                fields=("lease_expires_at",),
                where='"attempt_token" IS NOT NULL',
            ),
            Index('"user_id", "turn_at"', name="generation_jobs_owner", fields=("user_id", "turn_at")),
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
