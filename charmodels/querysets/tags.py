"""Verbs for whatever has tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

from charmodels import limits
from charmodels.errors import ConstraintViolation, InvalidInput
from charmodels.querysets.base import M
from charmodels.querysets.conditions import Condition, HasTags
from charmodels.querysets.pagination import PagedQuerySet
from charmodels.sql.binding import bind
from charmodels.tags import normalize_tags

if TYPE_CHECKING:
    import asyncpg

TOO_MANY = "charmodels_tags_limit"
"""The name by which the function `charmodels_change_tags` refuses."""


class TaggedQuerySet(PagedQuerySet[M]):
    """Queries on a model with an array of tags. A model of yours has them by a queryset that inherits this class.

    Attributes:
        tags_field: name of the array field.
        tags_limit: tags on one row, at most.
        resolves_aliases: whether tags may be aliases (`cm.TagAlias`).

    Example:
        >>> class PostQuerySet(TaggedQuerySet[M]):
        ...     tags_field = "labels"
    """

    __slots__ = ()

    tags_field: ClassVar[str] = "tags"
    tags_limit: ClassVar[int] = limits.CHARACTER_TAGS
    resolves_aliases: ClassVar[bool] = False

    def tagged(self, any_of: Iterable[str] = (), all_of: Iterable[str] = (), none_of: Iterable[str] = ()) -> Self:
        """Keep what has tags, or has not. Tags are normalised, so it does not matter how they are typed.

        Arguments:
            any_of: at least one of these; empty for any tags.
            all_of: every one of these.
            none_of: none of these.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: one is no tag, or there are more than 100.

        Example:
            >>> import charmodels as cm
            >>> query = cm.Character.objects.public().tagged(any_of=["Hero", "knight"], none_of=["gore"])
        """
        found = [tuple(normalize_tags(tags, limit=limits.ASKED_TAGS)) for tags in (any_of, all_of, none_of)]
        if not any(found):
            return self
        return self._with(
            HasTags(
                self.tags_field,
                any_of=found[0],
                all_of=found[1],
                none_of=found[2],
                resolves_aliases=self.resolves_aliases,
            )
        )

    def _with(self, condition: Condition) -> Self:
        return self.filter(condition)

    async def add_tags(self, *tags: str) -> int:
        """Add tags to every row of the queryset, behind those that it has; one UPDATE, so that no other's are lost.

        Arguments:
            tags: one or more.

        Returns:
            How many rows changed; one that has them all already does not.

        Raises:
            InvalidInput: one is no tag, or a row would have too many; then no row changes.

        Example:
            >>> import charmodels as cm
            >>> async def mark(user: cm.User) -> int:
            ...     return await cm.Character.objects.owned_by(user.id).add_tags("portfolio")
        """
        return len(await self._change_tags("add", tags))

    async def remove_tags(self, *tags: str) -> int:
        """Remove tags from every row of the queryset; one UPDATE.

        Arguments:
            tags: one or more; those that a row does not have do not matter.

        Returns:
            How many rows changed.

        Raises:
            InvalidInput: one is no tag.
        """
        return len(await self._change_tags("remove", tags))

    async def set_tags(self, *tags: str) -> int:
        """Give every row of the queryset these tags and no others; one UPDATE.

        Arguments:
            tags: any number, also none.

        Returns:
            How many rows changed.

        Raises:
            InvalidInput: one is no tag, or there are too many.
        """
        return len(await self._change_tags("set", tags))

    async def _change_tags(self, how: str, tags: tuple[str, ...]) -> list[asyncpg.Record]:
        """Change the tags of every row in one UPDATE, and give what the database made of those that changed."""
        normal = normalize_tags(tags, limit=limits.ASKED_TAGS)
        if not normal and how != "set":
            raise InvalidInput(field=self.tags_field, reason="needs at least one to add or remove")
        meta, chosen = self.model._meta, self._keys()
        columns = meta.fields_db_projection
        kept = (columns[name] for name in getattr(self.model.Meta, "kept_by_database", ()))
        given = f"${len(chosen.values) + 1}::text[]"
        parts = {
            "table": f'"{meta.db_table}"',
            "key": f'"{meta.db_pk_column}"',
            "tags": f'"{columns[self.tags_field]}"',
            "given": f"(SELECT charmodels_canonical_tags({given}))" if self.resolves_aliases else given,
            "chosen": chosen.sql,
            "kept": "".join(f', tagged."{column}"' for column in kept),
        }
        sql, bound = bind(
            "change_tags", {"how": how, "most": self.tags_limit}, parts=parts, bound=[*chosen.values, normal]
        )
        try:
            return await self._client().fetch(sql, bound)
        except ConstraintViolation as error:
            if error.constraint != TOO_MANY:
                raise
            raise InvalidInput(field=self.tags_field, reason=f"must be at most {self.tags_limit}") from error
