"""Characters in numbers: facets of a query, and statistics."""

from __future__ import annotations

import json
from typing import Any

from charmodels import limits
from charmodels.enums import GenerationStatus, StyleType
from charmodels.gallery import CharacterStats, Facets
from charmodels.querysets.base import M
from charmodels.querysets.gallery import GalleryQuery, placing
from charmodels.querysets.gallery_reader import read_gallery
from charmodels.querysets.search import SearchedQuerySet
from charmodels.querysets.tag_counts import CountedTagsQuerySet
from charmodels.sql import statement
from charmodels.sql.binding import bind
from charmodels.values import whole_number


class CountedQuerySet(SearchedQuerySet[M], CountedTagsQuerySet[M]):
    """Counts of a query on characters."""

    __slots__ = ()

    async def facets(self, tags: int = limits.FACET_TAGS, *, disjunctive: bool = False) -> Facets:
        """Count what this query finds by style and by tag; one statement, or for the whole gallery two on its counters.

        Arguments:
            tags: how many tags to count, the most common first, up to 100.
            disjunctive: count each facet without its own filter, as for a list of styles in which another can be
                chosen: styles as if `styled` were not there, tags as if `tagged(any_of=...)` were not there.

        Returns:
            The counts, exact.

        Raises:
            InvalidInput: the number of tags is out of range.

        Example:
            >>> import charmodels as cm
            >>> async def show() -> None:
            ...     facets = await cm.Character.objects.public().search("knight").facets()
            ...     print(facets.styles.get(cm.StyleType.ANIME, 0), facets.tags)
        """
        whole_number("tags", tags, most=limits.ASKED_TAGS)
        gallery = None if self._limit is not None or self._offset is not None else self._gallery()
        if gallery is not None and gallery.is_everything:
            return await self._facets_of_everything(tags)
        values: list[Any] = []
        for_styles = for_tags = "SELECT * FROM found"
        if gallery is None:
            chosen = self._rows("style_type", "tags")
            found, values = chosen.sql, list(chosen.values)
        else:
            place = placing(values)
            found = gallery.write_entries(place)
            if disjunctive:
                without_styles, without_tags = gallery.without_styles(), gallery.without_any_of()
                for_styles = for_styles if without_styles == gallery else without_styles.write_entries(place)
                for_tags = for_tags if without_tags == gallery else without_tags.write_entries(place)
        parts = {"found": found, "for_styles": for_styles, "for_tags": for_tags}
        sql, bound = bind("character_facets", {"most": tags}, parts=parts, bound=values)
        [row] = await self._client().fetch(sql, bound)
        styles = {StyleType(style): count for style, count in json.loads(row["styles"]).items()}
        return Facets(styles=styles, tags=json.loads(row["tags"]))

    async def _facets_of_everything(self, tags: int) -> Facets:
        rows = await self._client().fetch(statement("style_counts"))
        popular = await self.popular_tags(tags)
        return Facets(
            styles={StyleType(row["style_type"]): row["characters"] for row in rows},
            tags={each.tag: each.count for each in popular},
        )

    async def stats(self) -> CharacterStats:
        """Count the characters of this queryset by all that they are counted by; one statement.

        Returns:
            The counts; all 0 if the queryset is empty.

        Example:
            >>> import charmodels as cm
            >>> async def show(user: cm.User) -> None:
            ...     stats = await cm.Character.objects.owned_by(user.id).stats()
            ...     print(f"{stats.public} of {stats.total} are public, {stats.by_style[cm.StyleType.ANIME]} anime")
        """
        chosen = self._rows("style_type", "generation_status", "is_public", "template_id", "tags")
        parts = {"found": chosen.sql}
        sql, bound = bind("character_stats", {"most": limits.FACET_TAGS}, parts=parts, bound=chosen.values)
        [row] = await self._client().fetch(sql, bound)
        by_style, by_status = json.loads(row["by_style"]), json.loads(row["by_status"])
        return CharacterStats(
            total=row["total"],
            public=row["public"],
            by_style={style: by_style.get(style, 0) for style in StyleType},
            by_status={status: by_status.get(status, 0) for status in GenerationStatus},
            tags=json.loads(row["tags"]),
            from_template=row["from_template"],
        )

    def _gallery(self) -> GalleryQuery | None:
        return read_gallery(self.model, self._q_objects)
