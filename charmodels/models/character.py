"""The character: what a user makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from charmodels import limits
from charmodels.backend.constraints import Check, length, one_of, tag_list
from charmodels.backend.schema import Index
from charmodels.clock import utc_now
from charmodels.enums import GenerationStatus, StyleType
from charmodels.errors import NotFound
from charmodels.fields import LiteralBooleanField, TextArrayField, enum_field
from charmodels.models.base import Entity
from charmodels.querysets.characters import PUBLIC, CharacterManager
from charmodels.values import CharacterTags, ImageUrl, Metadata, Name, Prompt

if TYPE_CHECKING:
    from charmodels.models.template import CharacterTemplate
    from charmodels.models.user import User


class Character(Entity):
    """A prompt, a style, tags and an image; private until it is published.

    Example:
        >>> async def publish_all(user: "User") -> None:
        ...     async for character in Character.objects.owned_by(user.id):
        ...         await character.publish()
    """

    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "charmodels.User", related_name="characters", on_delete=fields.CASCADE
    )
    name: str | None = fields.TextField(null=True)
    prompt = fields.TextField()
    style_type = enum_field(StyleType, default=StyleType.REALISTIC, db_default="REALISTIC")
    image_url: str | None = fields.TextField(null=True)
    thumbnail_url: str | None = fields.TextField(null=True)
    metadata: dict[str, Any] = fields.JSONField(default=dict, db_default=SqlDefault("'{}'"))
    tags: list[str] = TextArrayField(default=list, db_default=SqlDefault("'{}'"))
    is_public = LiteralBooleanField(default=False, db_default=SqlDefault("false"))
    generation_status = enum_field(
        GenerationStatus, is_literal=True, default=GenerationStatus.PENDING, db_default=SqlDefault("'PENDING'")
    )
    template: fields.ForeignKeyNullableRelation[CharacterTemplate] = fields.ForeignKeyField(
        "charmodels.CharacterTemplate", related_name="characters", null=True, on_delete=fields.SET_NULL
    )
    published_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        user_id: UUID
        template_id: UUID | None

    objects = CharacterManager()
    validated: ClassVar = {
        "name": Name,
        "prompt": Prompt,
        "image_url": ImageUrl,
        "thumbnail_url": ImageUrl,
        "metadata": Metadata,
        "tags": CharacterTags,
    }

    class Meta:
        table = "characters"
        triggers = ("touch", "keep_owner")
        kept_by_database = ("updated_at",)
        immutable = ("user_id", "user")
        indexes = (
            Index(
                '"user_id", "created_at" DESC, "id" DESC',
                name="characters_owner",
                fields=("user_id", "created_at", "id"),
            ),
            Index(
                '"created_at" DESC, "id" DESC',
                name="characters_gallery",
                fields=("created_at", "id"),
                where=PUBLIC,
            ),
            Index('"tags"', name="characters_tags", fields=("tags",), using="gin", where=PUBLIC),
            Index(
                '"template_id"',
                name="characters_template",
                fields=("template_id",),
                where='"template_id" IS NOT NULL',
            ),
        )
        checks = (
            length("characters", "name", limits.NAME_LENGTH),
            length("characters", "prompt", limits.PROMPT_LENGTH),
            length("characters", "image_url", limits.URL_LENGTH),
            length("characters", "thumbnail_url", limits.URL_LENGTH),
            one_of("characters", "style_type", StyleType),
            one_of("characters", "generation_status", GenerationStatus),
            Check(
                "characters_metadata_object",
                "jsonb_typeof(\"metadata\") = 'object'",
                "metadata",
                "must be a JSON object",
            ),
            *tag_list("characters", "tags", limits.CHARACTER_TAGS, limits.TAG_LENGTH),
        )

    def __str__(self) -> str:
        return f"{getattr(self, 'name', None) or 'Character'} ({self.pk})"

    async def publish(self) -> None:
        """Show the character in the public gallery; one UPDATE, and nothing if it is there already.

        Raises:
            NotFound: the character was deleted.

        Example:
            >>> async def show(character: Character) -> None:
            ...     await character.publish()
            ...     assert character.published_at is not None
        """
        await self._set_public(True)

    async def unpublish(self) -> None:
        """Take the character out of the public gallery; one UPDATE, and nothing if it is private already.

        Raises:
            NotFound: the character was deleted.
        """
        await self._set_public(False)

    async def _set_public(self, is_public: bool) -> None:
        rows = type(self).objects.filter(id=self.id)
        if hasattr(self, "user_id"):  # only() may have left it out
            rows = rows.filter(user_id=self.user_id)
        published_at = utc_now() if is_public else None
        await rows.filter(is_public=not is_public).update(is_public=is_public, published_at=published_at)
        kept = await rows.first().values("is_public", "published_at", "updated_at")
        if not kept:
            raise NotFound(model="Character")
        vars(self).update(kept)
