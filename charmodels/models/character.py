"""The character: what a user makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from charmodels import limits
from charmodels.backend.constraints import Check, length, one_of, tag_list
from charmodels.backend.schema import Index
from charmodels.enums import GenerationStatus, StyleType
from charmodels.errors import InvalidInput, NotFound
from charmodels.fields import LiteralBooleanField, TextArrayField, enum_field
from charmodels.models.base import Entity
from charmodels.querysets.characters import CharacterManager, CharacterQuerySet
from charmodels.querysets.gallery_reader import PUBLIC
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
        triggers = ("touch", "keep_owner", "publish", "canonical_tags", "index_character", "audit_characters")
        kept_by_database = ("updated_at",)
        changed_by_database = ("tags", "published_at")
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
            Index(
                '"style_type", "created_at" DESC, "id" DESC',
                name="characters_style",
                fields=("style_type", "created_at", "id"),
                where=PUBLIC,
            ),
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

    async def add_tags(self, *tags: str) -> None:
        """Add tags behind those that the character has; one UPDATE, so that no other's are lost.

        Arguments:
            tags: one or more, as typed.

        Raises:
            InvalidInput: one is no tag, or there would be too many.
            NotFound: the character was deleted.

        Example:
            >>> async def decorate(character: Character) -> list[str]:
            ...     await character.add_tags("hero", "Knight ")
            ...     return character.tags
        """
        await self._change_tags("add", tags)

    async def remove_tags(self, *tags: str) -> None:
        """Remove tags; one UPDATE.

        Arguments:
            tags: one or more, as typed. Those that the character does not have do not matter.

        Raises:
            InvalidInput: one is no tag.
            NotFound: the character was deleted.
        """
        await self._change_tags("remove", tags)

    async def set_tags(self, *tags: str) -> None:
        """Give the character these tags and no others; one UPDATE.

        Arguments:
            tags: any number, also none, as typed.

        Raises:
            InvalidInput: one is no tag, or there are too many.
            NotFound: the character was deleted.
        """
        await self._change_tags("set", tags)

    async def similar(self, limit: int = 5) -> list[Character]:
        """Find what the public gallery has that is most like this character, by shared tags and style.

        Arguments:
            limit: how many, 1 to 100.

        Returns:
            The best first; never itself.

        Raises:
            InvalidInput: the limit is out of range.

        Example:
            >>> async def show(character: Character) -> None:
            ...     for other in await character.similar(limit=3):
            ...         print(other.name, set(other.tags) & set(character.tags))
        """
        return await type(self).objects.similar_to(self, limit)

    async def _change_tags(self, how: str, tags: tuple[str, ...]) -> None:
        changed = await self._row()._change_tags(how, tags)
        vars(self).update(changed[0] if changed else await self._read_back("tags", "updated_at"))

    async def _set_public(self, is_public: bool) -> None:
        await self._row().filter(is_public=not is_public).update(is_public=is_public)
        vars(self).update(await self._read_back("is_public", "published_at", "updated_at"))

    def _row(self) -> CharacterQuerySet:
        """Give the queryset of this one row."""
        if not hasattr(self, "id"):
            raise InvalidInput(field="id", reason="was left out by only(), so it is not known which row this is")
        rows = type(self).objects.filter(id=self.id)
        return rows.filter(user_id=self.user_id) if hasattr(self, "user_id") else rows  # only() may have left it out

    async def _read_back(self, *fields: str) -> dict[str, Any]:
        kept = await self._row().first().values(*fields)
        if not kept:
            raise NotFound(model="Character")
        return dict(kept)
