"""The template: a ready-made start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from charmodels import limits
from charmodels.backend.constraints import length, not_negative, one_of, tag_list
from charmodels.backend.schema import Index
from charmodels.enums import StyleType
from charmodels.fields import LiteralBooleanField, TextArrayField, enum_field
from charmodels.models.base import Entity
from charmodels.querysets.templates import CharacterTemplateManager
from charmodels.values import Count, Description, Name, Prompt, TemplateTags

if TYPE_CHECKING:
    from charmodels.models.character import Character


class CharacterTemplate(Entity):
    """A prompt with a style and tags from which characters are made. Its name is its natural key."""

    name = fields.TextField()
    description = fields.TextField(default="", db_default="")
    prompt = fields.TextField()
    style_type = enum_field(StyleType)
    tags: list[str] = TextArrayField(default=list, db_default=SqlDefault("'{}'"))
    is_active = LiteralBooleanField(default=True, db_default=SqlDefault("true"))
    usage_count: int = fields.IntField(default=0, db_default=0)

    characters: fields.ReverseRelation[Character]

    objects = CharacterTemplateManager()
    validated: ClassVar = {
        "name": Name,
        "description": Description,
        "prompt": Prompt,
        "tags": TemplateTags,
        "usage_count": Count,
    }

    class Meta:
        table = "character_templates"
        triggers = ("touch", "canonical_tags", "audit_templates")
        kept_by_database = ("updated_at",)
        changed_by_database = ("tags",)
        indexes = (Index('"name"', name="character_templates_name_key", fields=("name",), unique=True),)
        checks = (
            length("character_templates", "name", limits.NAME_LENGTH),
            length("character_templates", "description", limits.DESCRIPTION_LENGTH, least=0),
            length("character_templates", "prompt", limits.PROMPT_LENGTH),
            one_of("character_templates", "style_type", StyleType),
            not_negative("character_templates", "usage_count"),
            *tag_list("character_templates", "tags", limits.TEMPLATE_TAGS, limits.TAG_LENGTH),
        )

    async def instantiate(
        self, user_id: UUID, *, name: str | None = None, extra_prompt: str | None = None, tags: Iterable[str] = ()
    ) -> Character:
        """Create a character from the template, and count its use; one statement.

        Arguments:
            user_id: the owner.
            name: of the character; None for none.
            extra_prompt: goes on where the template's prompt ends.
            tags: go before the template's; of those, as many follow as fit.

        Returns:
            The character, COMPLETED and private; `template_id` says where it comes from. `usage_count` of this object
            stays as it was read.

        Raises:
            NotFound: the template was deleted or is not active, or there is no such user. Nothing is counted.
            InvalidInput: a value breaks a rule, as when both prompts together are too long.

        Example:
            >>> async def start(user_id: UUID) -> "Character":
            ...     knight = await CharacterTemplate.objects.active().get(name="Knight")
            ...     return await knight.instantiate(user_id, name="Ser Osric", extra_prompt="in the rain")
        """
        from charmodels.models.character import Character

        return await Character.objects.create_from_template(
            self, user_id, name=name, extra_prompt=extra_prompt, tags=tags
        )

    def __str__(self) -> str:
        return str(getattr(self, "name", self.pk))
