"""What templates can be asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, Self

from charmodels import limits
from charmodels.enums import StyleType
from charmodels.gallery import TemplateStats
from charmodels.querysets.base import Manager
from charmodels.querysets.search import SearchedQuerySet
from charmodels.querysets.styles import StyledQuerySet
from charmodels.sql.binding import bind

if TYPE_CHECKING:
    from charmodels.models.template import CharacterTemplate  # noqa: F401 - named in a base class


class CharacterTemplateQuerySet(SearchedQuerySet["CharacterTemplate"], StyledQuerySet["CharacterTemplate"]):
    """Queries on templates."""

    __slots__ = ()

    tags_limit: ClassVar[int] = limits.TEMPLATE_TAGS

    def active(self) -> Self:
        """Keep what the catalogue offers.

        Returns:
            The narrowed queryset.
        """
        return self.filter(is_active=True)

    def popular(self) -> Self:
        """Put the most used first; the name breaks ties.

        Returns:
            The ordered queryset.
        """
        return self.order_by("-usage_count", "name")

    async def stats(self) -> TemplateStats:
        """Count the templates of this queryset, in one statement.

        Returns:
            The counts; all 0 if the queryset is empty.

        Example:
            >>> import charmodels as cm
            >>> async def show() -> None:
            ...     stats = await cm.CharacterTemplate.objects.stats()
            ...     print(f"{stats.active} of {stats.total} are offered, and were used {stats.used} times")
        """
        chosen = self._rows("style_type", "is_active", "usage_count")
        sql, bound = bind("template_stats", {}, parts={"found": chosen.sql}, bound=chosen.values)
        [row] = await self._client().fetch(sql, bound)
        by_style = json.loads(row["by_style"])
        return TemplateStats(
            total=row["total"],
            active=row["active"],
            by_style={style: by_style.get(style, 0) for style in StyleType},
            used=row["used"],
        )


class CharacterTemplateManager(Manager[CharacterTemplateQuerySet]):
    """`CharacterTemplate.objects`."""

    queryset_class = CharacterTemplateQuerySet
