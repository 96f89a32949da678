"""What the counters know of tags: which are popular, which somebody may mean, which go together; and renaming them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from charmodels import limits
from charmodels.backend.client import Client
from charmodels.backend.transaction import TransactionClient
from charmodels.enums import StyleType
from charmodels.errors import InvalidInput
from charmodels.querysets.base import M, QuerySet
from charmodels.querysets.conditions import HasTags
from charmodels.querysets.gallery import GalleryQuery, PageKeys, placing
from charmodels.querysets.gallery_reader import read_gallery
from charmodels.querysets.retagging import Progress, retag
from charmodels.sql import statement
from charmodels.sql.binding import bind
from charmodels.tags import TagCount, normalize_tag, normalize_tags
from charmodels.values import whole_number

if TYPE_CHECKING:
    import asyncpg

logger = logging.getLogger("charmodels.gallery")

_LAST = "\U0010ffff" * limits.TAG_LENGTH
"""Behind a prefix it makes what no tag with that prefix comes after."""


_SUGGESTED = {
    "walk": str(limits.SUGGESTED_WALK),
    "looked_up": str(limits.SUGGESTED_TAGS),
    "further": str(limits.SIMILAR_UNFOLDED),
}


class CountedTagsQuerySet(QuerySet[M]):
    """Queries about the tags of all characters. They are not narrowed by what the queryset keeps."""

    __slots__ = ()

    async def popular_tags(self, limit: int = 20, style: StyleType | str | None = None) -> list[TagCount]:
        """Tell which tags the public gallery has most.

        Exact at any moment, and a matter of counters: it costs the same however many characters there are.

        Arguments:
            limit: how many tags, 1 to 1,000.
            style: count only characters of this style; None for all.

        Returns:
            The tags with how many characters have them; the most used first, then by the alphabet.

        Raises:
            InvalidInput: the limit or the style is none, or the queryset is narrowed.

        Example:
            >>> import charmodels as cm
            >>> async def cloud() -> list[str]:
            ...     return [each.tag for each in await cm.Character.objects.popular_tags(50)]
        """
        self._require_the_gallery()
        values = {"style": _style(style), "most": _limit(limit), "more": limits.SPARE_TOTALS}
        return await self._counts("popular_tags", values)

    async def suggest_tags(self, prefix: str, limit: int = 10) -> list[TagCount]:
        """Tell which tags of the public gallery somebody may mean who has begun to type.

        First come the tags that begin with the text, and those an alias of which does, by popularity; then, if there is
        room, tags that are like it, as "warrior" is like "warior", the likest first. Where thousands of tags begin with
        the text, the 1,000 most popular tags and the first 5,000 of them by the alphabet are compared.

        Arguments:
            prefix: as typed; nothing in it is a wild card. A blank one gives the popular tags.
            limit: how many tags, 1 to 1,000.

        Returns:
            Each tag once, with how many characters have it.

        Raises:
            InvalidInput: the text cannot begin a tag, for it is too long or holds control characters or half a
                surrogate pair; or the limit is none, or the queryset is narrowed.

        Example:
            >>> import charmodels as cm
            >>> async def complete(typed: str) -> list[str]:
            ...     return [each.tag for each in await cm.Character.objects.suggest_tags(typed)]
        """
        if isinstance(prefix, str) and not prefix.strip():
            return await self.popular_tags(limit)
        self._require_the_gallery()
        begin = _tag("prefix", prefix)
        values = {"prefix": begin, "last": begin + _LAST, "most": _limit(limit)}
        return await self._counts("suggest_tags", values, parts=_SUGGESTED)

    async def related_tags(self, tag: str, limit: int = 10) -> list[TagCount]:
        """Tell which tags go with a tag in the public gallery.

        The 500 newest characters that have it are looked at. A tag goes with it that they have at least as often as
        characters have it in the gallery as a whole. The order is by how many of them have it, divided by the square
        root of how many in the gallery have it, so that what everybody has does not lead, nor what occurs once.

        Arguments:
            tag: as typed; an alias stands for its tag.
            limit: how many tags, 1 to 1,000.

        Returns:
            The tags, never the tag itself, with how many of the characters looked at have them.

        Raises:
            InvalidInput: it is no tag, the limit is none, or the queryset is narrowed.

        Example:
            >>> import charmodels as cm
            >>> async def see_also(tag: str) -> list[str]:
            ...     return [each.tag for each in await cm.Character.objects.related_tags(tag, limit=5)]
        """
        self._require_the_gallery()
        normal = _tag("tag", tag)
        gallery = GalleryQuery([HasTags("tags", all_of=(normal,), resolves_aliases=True)])
        bound: list[Any] = []
        place = placing(bound)
        parts = {
            "chosen": PageKeys(gallery, "newest", None, limits.RELATED_CHARACTERS).write(place),
            "tag": f"charmodels_canonical_tags({place([normal])}::text[])",
        }
        return await self._counts("related_tags", {"most": _limit(limit)}, parts=parts, bound=bound)

    async def fold_tag_counts(self) -> int:
        """Add what happened in the gallery to the totals by tag, until nothing is left to add.

        Counts are exact without it. Whoever reads them adds what is not folded yet, and folds when it is more than a
        few hundred changes; so this is for whoever changes very many characters at once.

        Returns:
            How many changes were folded.

        Raises:
            DatabaseError: the server only reads.

        Example:
            >>> import charmodels as cm
            >>> async def tidy() -> None:
            ...     print(await cm.Character.objects.fold_tag_counts(), "changes folded")
        """
        client = self._client()
        total = 0
        while True:
            [row] = await client.fetch("SELECT charmodels_fold_tags($1) AS folded", [limits.FOLDED_AT_ONCE])
            folded: int = row["folded"]
            total += folded
            if 0 < folded < limits.FOLDED_AT_ONCE:
                return total
            if folded == 0 and not await client.fetch("SELECT FROM tag_deltas LIMIT 1"):
                return total
            if folded == 0:  # another one folds: let it finish
                await client.fetch("SELECT pg_advisory_xact_lock(hashtextextended('charmodels_fold_tags', 0))")

    async def rename_tag(
        self, old: str, new: str, *, keep_alias: bool = False, batch: int = 1000, progress: Progress | None = None
    ) -> int:
        """Rename a tag on every row that has it: on characters, public or not, on templates and on generations.

        Aliases of the old tag become aliases of the new one. Rows are changed in batches, each in a transaction of its
        own, so that nobody waits long; run again after an interruption, it goes on. Each row is changed from what it
        has at that moment, so tags that others add meanwhile stay; a row that had both keeps one. A row that gets the
        old tag while this runs may keep it, unless an alias is kept.

        Inside a transaction it is all part of that.

        Arguments:
            old: the tag as it is.
            new: the tag as it is to be; if it is an alias of another tag, that one is meant.
            keep_alias: make the old tag an alias of the new one, for whoever still uses it.
            batch: rows to change in one transaction, at most.
            progress: called with the number of rows changed so far, after every batch.

        Returns:
            How many rows changed.

        Raises:
            InvalidInput: one is no tag, both are the same, the batch is not positive, or the queryset is narrowed.

        Example:
            >>> import charmodels as cm
            >>> async def correct() -> int:
            ...     return await cm.Character.objects.rename_tag("warior", "warrior", keep_alias=True)
        """
        self._require_everything()
        return await retag(
            self._client(), [_tag("old", old)], _tag("new", new), keep=keep_alias, batch=batch, progress=progress
        )

    async def merge_tags(
        self,
        olds: Iterable[str],
        into: str,
        *,
        keep_aliases: bool = True,
        batch: int = 1000,
        progress: Progress | None = None,
    ) -> int:
        """Make one tag of several, as `rename_tag` does.

        Arguments:
            olds: the tags that are to go; `into` may be among them, and stays.
            into: the tag that they become.
            keep_aliases: make them aliases of it, for whoever still uses them.
            batch: rows to change in one transaction, at most.
            progress: called with the number of rows changed so far, after every batch.

        Returns:
            How many rows changed.

        Raises:
            InvalidInput: one is no tag, there is none to merge or more than 100, the batch is not positive, or the
                queryset is narrowed.

        Example:
            >>> import charmodels as cm
            >>> async def tidy() -> int:
            ...     return await cm.Character.objects.merge_tags(["heroes", "heroine"], into="hero")
        """
        self._require_everything()
        target = _tag("into", into)
        merged = [tag for tag in normalize_tags(olds, limit=limits.ASKED_TAGS) if tag != target]
        if not merged:
            raise InvalidInput(field="olds", reason="must hold another tag than the one that they become")
        return await retag(self._client(), merged, target, keep=keep_aliases, batch=batch, progress=progress)

    async def _counts(
        self, name: str, values: dict[str, Any], *, parts: dict[str, str] | None = None, bound: Sequence[Any] = ()
    ) -> list[TagCount]:
        client = self._client()
        sql, given = bind(name, values, parts=parts, bound=bound)
        rows: list[asyncpg.Record] = await client.fetch(sql, given)
        if rows[-1]["count"] > limits.UNFOLDED_NOTES:
            await fold_quietly(client)
        return [TagCount(row["tag"], row["count"]) for row in rows[:-1]]

    def _require_everything(self) -> None:
        if self._q_objects or self._limit is not None or self._offset is not None:
            raise InvalidInput(field="query", reason="must not be narrowed: this is about the tags of all characters")

    def _require_the_gallery(self) -> None:
        gallery = read_gallery(self.model, self._q_objects)
        if gallery != GalleryQuery() or self._limit is not None or self._offset is not None:
            self._require_everything()


async def fold_quietly(client: Client, *, everything: bool = False) -> None:
    """Fold changes of the counts, if that can be done at once: not inside a transaction, whose locks would last, nor on
    a server that only reads. What goes wrong is logged; the counts are right without it.

    Arguments:
        client: of the open database.
        everything: until nothing is left, instead of once.
    """
    if isinstance(client, TransactionClient):
        return
    try:
        folded = limits.FOLDED_AT_ONCE
        while folded == limits.FOLDED_AT_ONCE:
            [row] = await client.fetch(statement("fold_tags"), [limits.FOLDED_AT_ONCE])
            folded = row["folded"] if everything else 0
    except Exception as error:
        logger.debug("Folding the counts of tags failed: %s", error)


def _tag(field: str, tag: str) -> str:
    try:
        return normalize_tag(tag)
    except InvalidInput as error:
        raise InvalidInput(field=field, reason=error.reason) from None


def _limit(limit: int) -> int:
    return whole_number("limit", limit, most=limits.LISTED_TAGS)


def _style(style: StyleType | str | None) -> str:
    if style is None:
        return ""
    try:
        return StyleType(style).value
    except ValueError:
        known = ", ".join(sorted(style.value for style in StyleType))
        raise InvalidInput(field="style", reason=f"must be one of {known}") from None
