"""What aliases of tags can be asked, and how they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charmodels.errors import InvalidInput
from charmodels.querysets.base import Manager, QuerySet
from charmodels.querysets.retagging import Progress, make_alias
from charmodels.tags import normalize_tag

if TYPE_CHECKING:
    from charmodels.models.gallery import TagAlias


class TagAliasQuerySet(QuerySet["TagAlias"]):
    """Queries on aliases."""

    __slots__ = ()

    async def add(self, alias: str, tag: str, progress: Progress | None = None) -> TagAlias:
        """Make a word an alias of a tag: from now on, whoever stores or asks for the one gets the other.

        Rows that have the alias as a tag get the tag, as `Character.objects.rename_tag` does it. There are no chains:
        an alias of an alias stands for the tag at its end, and a tag that becomes an alias takes its own aliases along.
        What is an alias already may be made one again, of the same tag or of another.

        Transactions that wrote characters or templates before the alias was there are waited for, as their rows may
        have it.

        Arguments:
            alias: as typed.
            tag: what it stands for, as typed.
            progress: called with the number of rows changed so far, after every batch.

        Returns:
            The alias.

        Raises:
            InvalidInput: one is no tag, or the alias would stand for itself.
            StatementTimeout: another transaction did not end; the alias is there, and adding it again renames the rows.

        Example:
            >>> import charmodels as cm
            >>> async def teach() -> None:
            ...     await cm.TagAlias.objects.add("heros", "hero")
        """
        name = _normal("alias", alias)
        await make_alias(self._client(), name, _normal("tag", tag), progress=progress)
        return await self.model.objects.get(alias=name)

    async def remove(self, alias: str) -> bool:
        """Make an alias a tag of its own again. Rows keep the tag that it stood for.

        Arguments:
            alias: as typed.

        Returns:
            Whether it was one.

        Raises:
            InvalidInput: it is no tag.

        Example:
            >>> import charmodels as cm
            >>> async def forget() -> bool:
            ...     return await cm.TagAlias.objects.remove("heros")
        """
        statement = "DELETE FROM tag_aliases WHERE alias = $1 RETURNING alias"
        return bool(await self._client().fetch(statement, [_normal("alias", alias)]))


def _normal(field: str, tag: str) -> str:
    try:
        return normalize_tag(tag)
    except InvalidInput as error:
        raise InvalidInput(field=field, reason=error.reason) from None


class TagAliasManager(Manager[TagAliasQuerySet]):
    """`TagAlias.objects`."""

    queryset_class = TagAliasQuerySet
