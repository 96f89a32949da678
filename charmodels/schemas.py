"""What goes in and what comes out, as pydantic models.

The models ending in `Create` are what an endpoint accepts. Those ending in `Public` are what a stranger may see: no
email address, no prompt of a private character's owner, nothing of the quota.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from charmodels.enums import GenerationStatus, StyleType, SubscriptionTier
from charmodels.values import (
    BatchSize,
    CharacterTags,
    Description,
    Email,
    ImageUrl,
    Key,
    Metadata,
    Name,
    Prompt,
    TemplateTags,
    TimeZone,
)


def brief(schema: dict[str, Any]) -> None:
    """Describe a model in JSON Schema by the first paragraph of its docstring: the rest is for who reads the code.

    Arguments:
        schema: pydantic's; it is changed.

    Example:
        >>> schema = {"description": "A hero.\\n\\nExample: Ada"}
        >>> brief(schema)
        >>> schema
        {'description': 'A hero.'}
    """
    if "description" in schema:
        schema["description"] = schema["description"].partition("\n\n")[0]


class _Input(BaseModel):
    # An error echoes the rule, not the prompt or the address that broke it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=brief)


class _Output(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True, json_schema_extra=brief)


class UserCreate(_Input):
    """A new user.

    Example:
        >>> UserCreate(email="ada@example.com", name="Ada").timezone
        'UTC'
    """

    email: Email
    name: Name | None = None
    auth0_id: Key | None = None
    avatar_url: ImageUrl | None = None
    timezone: TimeZone = "UTC"


class CharacterCreate(_Input):
    """A new character.

    Example:
        >>> CharacterCreate(prompt="A knight at dawn", style_type=StyleType.FANTASY, tags=["Hero "]).tags
        ['hero']
    """

    prompt: Prompt
    name: Name | None = None
    style_type: StyleType = StyleType.REALISTIC
    tags: CharacterTags = Field(default_factory=list)
    image_url: ImageUrl | None = None
    thumbnail_url: ImageUrl | None = None
    metadata: Metadata = Field(default_factory=dict)
    is_public: bool = False


class CharacterImport(_Input):
    """One line of a file of characters: finished work from elsewhere.

    `style` may stand for `style_type`.

    Example:
        >>> CharacterImport.model_validate_json('{"name": "Ada", "prompt": "A knight", "style": "ANIME"}').style_type
        <StyleType.ANIME: 'ANIME'>
    """

    prompt: Prompt
    name: Name
    style_type: StyleType = Field(validation_alias=AliasChoices("style_type", "style"))
    tags: CharacterTags = Field(default_factory=list)
    image_url: ImageUrl | None = None
    thumbnail_url: ImageUrl | None = None
    metadata: Metadata = Field(default_factory=dict)


class GenerationCreate(_Input):
    """A request for pictures.

    Example:
        >>> GenerationCreate(prompt="A knight", style_type=StyleType.FANTASY).batch_size
        1
    """

    prompt: Prompt
    style_type: StyleType
    name: Name | None = None
    tags: CharacterTags = Field(default_factory=list)
    batch_size: BatchSize = 1
    key: Key | None = None


class CharacterTemplateCreate(_Input):
    """A new template.

    Example:
        >>> CharacterTemplateCreate(name="Knight", prompt="A knight", style_type=StyleType.FANTASY).is_active
        True
    """

    name: Name
    description: Description = ""
    prompt: Prompt
    style_type: StyleType
    tags: TemplateTags = Field(default_factory=list)
    is_active: bool = True


class UserPublic(_Output):
    """What everybody may know of a user.

    Example:
        >>> sorted(UserPublic.model_fields)
        ['avatar_url', 'id', 'name']
    """

    id: UUID
    name: str | None
    avatar_url: str | None


class UserPrivate(UserPublic):
    """What a user may know of their own account."""

    email: str
    subscription_tier: SubscriptionTier
    subscription_expires_at: datetime | None
    timezone: str
    created_at: datetime


class CharacterPublic(_Output):
    """A character as the gallery shows it.

    Example:
        >>> "user_id" in CharacterPublic.model_fields, "email" in CharacterPublic.model_fields
        (True, False)
    """

    id: UUID
    user_id: UUID
    name: str | None
    prompt: str
    style_type: StyleType
    tags: list[str]
    image_url: str | None
    thumbnail_url: str | None
    is_public: bool
    generation_status: GenerationStatus
    created_at: datetime
    published_at: datetime | None


class GenerationPublic(_Output):
    """A generation as its owner follows it."""

    id: UUID
    character_id: UUID | None
    status: GenerationStatus
    style_type: StyleType
    batch_size: int
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class CharacterTemplatePublic(_Output):
    """A template as the catalogue shows it."""

    id: UUID
    name: str
    description: str
    prompt: str
    style_type: StyleType
    tags: list[str]
    usage_count: int
