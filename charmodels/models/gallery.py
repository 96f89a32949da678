"""What the gallery is searched and counted by. The database keeps these tables; nothing else writes them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from charmodels import limits
from charmodels.backend.constraints import Check, length
from charmodels.backend.schema import Index
from charmodels.clock import utc_now
from charmodels.enums import StyleType
from charmodels.fields import TextArrayField, TextSearchField, enum_field
from charmodels.models.base import NOW, Model, primary_key
from charmodels.querysets.tag_aliases import TagAliasManager
from charmodels.querysets.upkeep import GalleryEntryManager
from charmodels.values import Tag

if TYPE_CHECKING:
    from charmodels.models.character import Character


class GalleryEntry(Model):
    """What a character of the public gallery is found by; a trigger on `characters` keeps it.

    A table of its own, for a page that is found by a tag or a word reads many rows to show few: here they are small,
    lie close together and are all public. The characters themselves stay free of search indexes, so making a private
    one costs nothing more.

    Attributes:
        document: name (A), tags (B) and prompt (C), stemmed, for full-text search.
        content: name and prompt in lower case, for substrings.
    """

    character: fields.OneToOneRelation[Character] = fields.OneToOneField(
        "charmodels.Character", related_name="gallery_entry", primary_key=True, on_delete=fields.CASCADE
    )
    user_id: UUID = fields.UUIDField()
    created_at = fields.DatetimeField()
    style_type = enum_field(StyleType)
    template_id: UUID | None = fields.UUIDField(null=True)
    tags: list[str] = TextArrayField()
    document = TextSearchField()
    content = fields.TextField()

    if TYPE_CHECKING:
        character_id: UUID

    objects = GalleryEntryManager()

    class Meta:
        table = "gallery_entries"
        functions = ("gallery",)
        triggers = ("count_tags",)
        indexes = (
            Index(
                '"created_at" DESC, "character_id" DESC',
                name="gallery_entries_newest",
                fields=("created_at",),
            ),
            Index(
                '"user_id", "created_at" DESC, "character_id" DESC',
                name="gallery_entries_owner",
                fields=("user_id", "created_at"),
            ),
            # A pending list would save writers little here, and every reader reads all of it.
            Index('"tags"', name="gallery_entries_tags", fields=("tags",), using="gin", options="fastupdate = off"),
            Index(
                '"document"',
                name="gallery_entries_document",
                fields=("document",),
                using="gin",
                options="gin_pending_list_limit = 256",
            ),
            Index(
                '"content" gin_trgm_ops',
                name="gallery_entries_content",
                fields=("content",),
                using="gin",
                options="gin_pending_list_limit = 256",
            ),
        )


class TagDelta(Model):
    """A change of the counts that is not folded into `tag_totals` yet. A trigger on `gallery_entries` adds it.

    Attributes:
        tags: of an entry that came or went.
        change: 1 or -1.
    """

    id = primary_key()
    user_id: UUID = fields.UUIDField()
    style_type = enum_field(StyleType)
    tags: list[str] = TextArrayField()
    change: int = fields.SmallIntField()

    class Meta:
        table = "tag_deltas"


class TagTotal(Model):
    """How many characters of the public gallery have a tag; what stands in `tag_deltas` comes on top.

    Attributes:
        tag: '' for the characters themselves, tagged or not.
        style_type: '' for all styles together.
        count: characters.
    """

    id = primary_key()
    style_type = fields.TextField()
    tag = fields.TextField()
    count: int = fields.BigIntField()

    class Meta:
        table = "tag_totals"
        indexes = (
            Index(
                '"style_type", "tag" text_pattern_ops',
                name="tag_totals_style_type_tag_key",
                fields=("style_type", "tag"),
                unique=True,
            ),
            Index(
                '"style_type", "count" DESC, "tag"', name="tag_totals_popular", fields=("style_type", "count", "tag")
            ),
            Index(
                '"tag" gin_trgm_ops',
                name="tag_totals_similar",
                fields=("tag",),
                using="gin",
                where="\"style_type\" = ''",
            ),
        )


class TagAlias(Model):
    """Another word for a tag: whoever stores or asks for the one gets the other."""

    alias = fields.CharField(max_length=limits.TAG_LENGTH, primary_key=True)
    tag = fields.TextField()
    created_at: datetime = fields.DatetimeField(default=utc_now, db_default=NOW)

    objects = TagAliasManager()
    validated: ClassVar = {"alias": Tag, "tag": Tag}

    class Meta:
        table = "tag_aliases"
        indexes = (Index('"tag"', name="tag_aliases_tag", fields=("tag",)),)
        checks = (
            length("tag_aliases", "alias", limits.TAG_LENGTH),
            length("tag_aliases", "tag", limits.TAG_LENGTH),
            Check("tag_aliases_alias_other", '"alias" <> "tag"', "alias", "must be another word than its tag"),
        )


class GallerySettings(Model):
    """What all processes must agree on; one row.

    Attributes:
        search_config: the text-search configuration by which documents are made and searched.
        documents_config: that by which all of them are made; another one while they are made anew.
        cursor_key: by which cursors are signed, unless the setting CURSOR_KEY says otherwise.
    """

    id: int = fields.SmallIntField(primary_key=True, generated=False)
    search_config = fields.TextField(default="english", db_default="english")
    documents_config = fields.TextField(default="english", db_default="english")
    cursor_key: bytes = fields.BinaryField(
        db_default=SqlDefault("uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())")
    )

    class Meta:
        table = "gallery_settings"
        checks = (Check("gallery_settings_id_one", '"id" = 1', "id", "must be 1"),)
