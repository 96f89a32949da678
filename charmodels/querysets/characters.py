"""What characters can be asked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise.expressions import Q

from charmodels.enums import GenerationStatus
from charmodels.errors import Conflict, InvalidInput, NotFound
from charmodels.pages import Sort
from charmodels.querysets.base import Manager
from charmodels.querysets.conditions import Condition, ContainsText, HasTags, InGallery, MatchesText, OnPage, VisibleTo
from charmodels.querysets.gallery import SHOWN, GalleryQuery, is_public, placing, read_gallery
from charmodels.querysets.owned import OwnedQuerySet
from charmodels.querysets.search import SearchedQuerySet
from charmodels.querysets.styles import StyledQuerySet
from charmodels.querysets.tag_counts import CountedTagsQuerySet
from charmodels.schemas import CharacterCreate
from charmodels.sql.binding import Fragment
from charmodels.values import Identifier, validate

if TYPE_CHECKING:
    from charmodels.models.character import Character
    from charmodels.models.template import CharacterTemplate


class CharacterQuerySet(
    SearchedQuerySet["Character"],
    OwnedQuerySet["Character"],
    StyledQuerySet["Character"],
    CountedTagsQuerySet["Character"],
):
    """Queries on characters."""

    __slots__ = ()

    def public(self) -> Self:
        """Keep what the public gallery shows: published and finished.

        Returns:
            The narrowed queryset.

        Example:
            >>> import charmodels as cm
            >>> query = cm.Character.objects.public().newest().limit(20)
        """
        query = self.filter(**SHOWN)
        query._q_objects = [_from_gallery(node) for node in query._q_objects]
        return query

    def visible_to(self, user_id: UUID | str) -> Self:
        """Keep what a user may see: their own, and what the public gallery shows.

        Arguments:
            user_id: who looks.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: it is no identifier.

        Example:
            >>> import charmodels as cm
            >>> async def show(user: cm.User, key: UUID) -> cm.Character:
            ...     return await cm.Character.objects.visible_to(user.id).get(id=key)
        """
        return self.filter(VisibleTo(validate("user_id", Identifier, user_id)))

    def editable_by(self, user_id: UUID | str) -> Self:
        """Keep what a user may change: their own. Somebody else's is not found, as if it were not there.

        Arguments:
            user_id: who wants to change it.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: it is no identifier.

        Example:
            >>> import charmodels as cm
            >>> async def rename(user: cm.User, key: UUID) -> None:
            ...     character = await cm.Character.objects.editable_by(user.id).get(id=key)
            ...     character.name = "Ser Osric"
            ...     await character.save(update_fields=["name"])
        """
        return self.filter(user_id=validate("user_id", Identifier, user_id))

    def from_template(self, template: CharacterTemplate | UUID | str | None = None) -> Self:
        """Keep what was made from a template.

        Arguments:
            template: the template or its id; None for any.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: it is no identifier.
        """
        if template is None:
            return self.filter(template_id__not_isnull=True)
        return self.filter(template_id=validate("template", Identifier, getattr(template, "id", template)))

    def created_between(self, start: datetime | None = None, end: datetime | None = None) -> Self:
        """Keep what was created in a span of time.

        Arguments:
            start: the first moment of it, aware; None for no bound.
            end: the first moment after it, aware; None for no bound.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: a moment has no time zone, or is none.
        """
        query = self
        for field, moment in (("start", start), ("end", end)):
            if moment is None:
                continue
            if not isinstance(moment, datetime) or moment.utcoffset() is None:
                raise InvalidInput(field=field, reason="must be a datetime with a time zone")
            query = query.filter(**{"created_at__gte" if field == "start" else "created_at__lt": moment})
        return query

    async def create_for(self, user_id: UUID, character: CharacterCreate, **values: Any) -> Character:
        """Create a character that no generation stands behind: its work is done.

        Arguments:
            user_id: the owner.
            character: what to create.
            values: further columns, as `template_id`.

        Returns:
            The character, saved, COMPLETED.

        Raises:
            NotFound: there is no such user.

        Example:
            >>> import charmodels as cm
            >>> async def create(user: cm.User) -> cm.Character:
            ...     knight = cm.CharacterCreate(prompt="A knight at dawn", tags=["hero"])
            ...     return await cm.Character.objects.create_for(user.id, knight)
        """
        columns = {**character.model_dump(), "generation_status": GenerationStatus.COMPLETED, **values}
        try:
            return await self.model.create(self._db, user_id=user_id, **columns)
        except Conflict as error:
            if error.constraint == "characters_user_id_fkey":
                raise NotFound(model="User") from error
            raise

    # How the gallery is asked

    def _with(self, condition: Condition) -> Self:
        return self.filter(InGallery(condition) if is_public(self._q_objects) else condition)

    def _gallery(self) -> GalleryQuery | None:
        return read_gallery(self.model, self._q_objects)

    async def _read(self, sort: Sort, position: list[Any] | None, rows: int) -> tuple[list[Character], list[list[Any]]]:
        parts = self._divided()
        if parts is not None:
            return await self._read_both(parts, sort, position, rows)
        gallery = None if sort == "relevance" else self._gallery()
        if gallery is None or not gallery.needs_index:
            return await super()._read(sort, position, rows)
        query = self._clone()
        query._q_objects = [OnPage(lambda place: gallery.write_keys(place, sort, position, rows))]
        found = await (query.newest() if sort == "newest" else query.oldest())
        return found, [[row.created_at, row.id] for row in found]

    def _write_ranked(self, position: list[Any] | None, rows: int) -> tuple[str, list[Any]]:
        gallery = self._gallery()
        if gallery is None:
            return super()._write_ranked(position, rows)
        return gallery.ranked(self._required_search("relevance"), position, rows)

    def _write_count(self, most: int) -> Fragment:
        gallery = self._gallery()
        if gallery is None or not gallery.needs_index:
            return super()._write_count(most)
        return gallery.counted(most)

    def _divided(self) -> tuple[Self, Self] | None:
        """Give what a user sees in two parts, of which each has its index: the public, and their own private ones."""
        for number, node in enumerate(self._q_objects):
            if isinstance(node, VisibleTo) and not node.only_private:
                public, private = self._clone(), self._clone()
                del public._q_objects[number]
                private._q_objects[number] = VisibleTo(node.user_id, only_private=True)
                return public.public(), private
        return None

    async def _read_both(
        self, parts: tuple[Self, Self], sort: Sort, position: list[Any] | None, rows: int
    ) -> tuple[list[Character], list[list[Any]]]:
        merged: dict[UUID, tuple[list[Any], Character]] = {}
        for part in parts:
            for row, place in zip(*await part._read(sort, position, rows), strict=True):
                merged[row.id] = (place, row)
        ordered = sorted(merged.values(), key=lambda each: each[0][:2], reverse=sort != "oldest")[:rows]
        return [row for _, row in ordered], [place for place, _ in ordered]

    def _keys(self) -> Fragment:
        gallery = self._gallery()
        if gallery is None or not gallery.conditions or self._limit is not None or self._offset is not None:
            return super()._keys()
        values: list[Any] = []
        where = gallery.write(placing(values))
        return Fragment(f"SELECT e.character_id AS id FROM gallery_entries AS e WHERE {where}", values)  # noqa: S608


def _from_gallery(node: Q) -> Q:
    return InGallery(node) if isinstance(node, HasTags | MatchesText | ContainsText) else node


class CharacterManager(Manager[CharacterQuerySet]):
    """`Character.objects`."""

    queryset_class = CharacterQuerySet
