"""What characters can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise.expressions import Q

from charmodels import limits
from charmodels.clock import utc_now
from charmodels.enums import GenerationStatus
from charmodels.errors import Conflict, InvalidInput, NotFound
from charmodels.identifiers import new_id
from charmodels.pages import Sort
from charmodels.querysets.base import Manager
from charmodels.querysets.conditions import ON_ENTRIES, Condition, FoundBy, InGallery, MadeBy, VisibleTo
from charmodels.querysets.gallery import PageKeys, placing
from charmodels.querysets.gallery_reader import SHOWN_FILTERS, is_public
from charmodels.querysets.numbers import CountedQuerySet
from charmodels.querysets.owned import OwnedQuerySet
from charmodels.querysets.pagination import Positions
from charmodels.querysets.styles import StyledQuerySet
from charmodels.schemas import CharacterCreate
from charmodels.search_query import SearchQuery, parse_query
from charmodels.sql.binding import Fragment
from charmodels.values import CharacterTags, Identifier, Name, Prompt, validate, whole_number

if TYPE_CHECKING:
    from charmodels.models.character import Character
    from charmodels.models.template import CharacterTemplate


class CharacterQuerySet(CountedQuerySet["Character"], OwnedQuerySet["Character"], StyledQuerySet["Character"]):
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
        query = self._clone()
        query._q_objects = [*map(_from_gallery, self._q_objects), *SHOWN_FILTERS]
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

    def by(self, *names: str) -> Self:
        """Keep what users with one of these public names made, whatever the case.

        Arguments:
            names: one or more.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: no name is given, or one is none.

        Example:
            >>> import charmodels as cm
            >>> query = cm.Character.objects.public().by("Ada")
        """
        if not names:
            raise InvalidInput(field="by", reason="needs at least one name to narrow to")
        return self._with(MadeBy(tuple(validate("by", Name, name) for name in names)))

    def matching(self, query: SearchQuery | str) -> Self:
        """Narrow to what somebody typed into a search box: words, styles, tags and owners.

        Arguments:
            query: what `parse_query` made of it, or the text itself.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidQuery: a term cannot be understood; it tells where the term is.

        Example:
            >>> import charmodels as cm
            >>> query = cm.Character.objects.public().matching('knight style:anime tag:hero -tag:gore by:"Ada L."')
        """
        asked = parse_query(query) if isinstance(query, str) else query
        found = self.search(asked.text).tagged(any_of=asked.any_of, all_of=asked.all_of, none_of=asked.none_of)
        if asked.styles:
            found = found.styled(*asked.styles)
        return found.by(*asked.by) if asked.by else found

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

    async def create_from_template(
        self,
        template: CharacterTemplate | UUID | str,
        user_id: UUID | str,
        *,
        name: str | None = None,
        extra_prompt: str | None = None,
        tags: Iterable[str] = (),
    ) -> Character:
        """Create a character from a template, and count the template's use; one statement.

        Arguments:
            template: the template or its id.
            user_id: the owner.
            name: of the character; None for none.
            extra_prompt: goes on where the template's prompt ends.
            tags: go before the template's; of those, as many follow as fit.

        Returns:
            The character, COMPLETED and private; `template_id` says where it comes from.

        Raises:
            NotFound: there is no such template that is active, or no such user. Nothing is counted.
            InvalidInput: a value breaks a rule, as when both prompts together are too long.

        Example:
            >>> import charmodels as cm
            >>> async def start(user: cm.User, knight: cm.CharacterTemplate) -> cm.Character:
            ...     return await cm.Character.objects.create_from_template(knight, user.id, name="Ser Osric")
        """
        values = {
            "id": new_id(),
            "now": utc_now(),
            "template_id": validate("template", Identifier, getattr(template, "id", template)),
            "user_id": validate("user_id", Identifier, user_id),
            "name": None if name is None else validate("name", Name, name),
            "extra_prompt": None if extra_prompt is None else validate("extra_prompt", Prompt, extra_prompt),
            "tags": validate("tags", CharacterTags, tags),
            "most": limits.CHARACTER_TAGS,
        }
        try:
            made = await self._select("instantiate_template", **values)
        except Conflict as error:
            if error.constraint == "characters_user_id_fkey":
                raise NotFound(model="User") from error
            raise
        if not made:
            raise NotFound(model="CharacterTemplate")
        return made[0]

    async def similar_to(self, character: Character | UUID, limit: int = 5) -> list[Character]:
        """Find what the public gallery has that is most like a character; one statement.

        What counts is the tags that they share, a rare one more than a common one, then the style, then the time. Of
        common tags it looks at the newest characters only: at all holders of the rarest of its tags, up to 2,000 of
        them, and besides at the newest 2,000 characters.

        Arguments:
            character: the character or its id; it may be private.
            limit: how many, 1 to 100.

        Returns:
            The best first; never the character itself.

        Raises:
            InvalidInput: the limit is out of range.
        """
        whole_number("limit", limit, most=limits.PAGE_SIZE)
        return await self._select(
            "similar_characters",
            id=validate("character", Identifier, getattr(character, "id", character)),
            most=limit,
            newest=limits.SIMILAR_NEWEST,
            looked_up=limits.WEIGHED_CANDIDATES,
        )

    # How the gallery is asked

    def _with(self, condition: Condition) -> Self:
        return self.filter(InGallery(condition) if is_public(self._q_objects) else condition)

    async def _read(
        self, sort: Sort, position: list[Any] | None, rows: int
    ) -> tuple[list[Character], Sequence[list[Any]]]:
        if not any(node.children or isinstance(node, Condition) for node in self._q_objects):
            return await super()._read(sort, position, rows)  # nothing but filters
        parts = self._divided()
        if parts is not None:
            return await self._read_both(parts, sort, position, rows)
        gallery = None if sort == "relevance" else self._gallery()
        if gallery is None or not gallery.needs_index:
            return await super()._read(sort, position, rows)
        query = self._in_order(descending=sort == "newest")
        query._q_objects = [FoundBy(PageKeys(gallery, sort, position, rows))]
        found = await query
        return found, Positions(found, ("created_at", "id"))

    def _write_ranked(self, position: list[Any] | None, rows: int) -> tuple[str, list[Any]]:
        gallery = self._gallery()
        if gallery is None:
            return super()._write_ranked(position, rows)
        return gallery.ranked(self._required_search(), position, rows)

    def _write_count(self, most: int) -> Fragment:
        gallery = self._gallery()
        if gallery is None or not gallery.needs_index or self._limit is not None or self._offset is not None:
            return super()._write_count(most)
        return gallery.counted(most)

    def _divided(self) -> tuple[Self, Self] | None:
        """Give what a user sees in two parts, of which each has its index: the public, and their own.

        The own ones that are public are in both: left out of one, they would be in neither where they are published or
        unpublished between the two statements.
        """
        viewers = [node for node in self._q_objects if isinstance(node, VisibleTo)]
        if len(viewers) != 1:
            return None
        public, own = self._clone(), self._clone()
        others = [node for node in self._q_objects if not isinstance(node, VisibleTo)]
        public._q_objects, own._q_objects = others, [*others, Q(user_id=viewers[0].user_id)]
        return public.public(), own

    async def _read_both(
        self, parts: tuple[Self, Self], sort: Sort, position: list[Any] | None, rows: int
    ) -> tuple[list[Character], Sequence[list[Any]]]:
        merged: dict[UUID, tuple[list[Any], Character]] = {}
        reaches: list[list[Any]] = []  # by relevance, each part has candidates of its own
        for number, part in enumerate(parts):
            before = None if position is None else [*position[:2], *position[2 + number :: 2]]
            if sort == "relevance" and before is not None and before[2] is None:
                reaches.append(before[2:])  # there was nothing
                continue
            found, places = await part._read(sort, before, rows)
            merged |= {row.id: (place, row) for row, place in zip(found, places, strict=True)}
            reaches.append(before[2:] if before else places[0][2:] if places else [None, None, None])
        ordered = sorted(merged.values(), key=lambda each: each[0][:2], reverse=sort != "oldest")[:rows]
        both = [bound for pair in zip(*reaches, strict=True) for bound in pair] if sort == "relevance" else []
        return [row for _, row in ordered], [[*place[:2], *both] for place, _ in ordered]

    def _keys(self) -> Fragment:
        gallery = self._gallery()
        if gallery is None or not gallery.conditions or self._limit is not None or self._offset is not None:
            return super()._keys()
        values: list[Any] = []
        where = gallery.write(placing(values))
        return Fragment(f"SELECT e.character_id AS id FROM gallery_entries AS e WHERE {where}", values)  # noqa: S608


def _from_gallery(node: Q) -> Q:
    return InGallery(node) if isinstance(node, ON_ENTRIES) else node


class CharacterManager(Manager[CharacterQuerySet]):
    """`Character.objects`."""

    queryset_class = CharacterQuerySet
