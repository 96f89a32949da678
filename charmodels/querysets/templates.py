"""What templates can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from charmodels.querysets.base import Manager
from charmodels.querysets.styles import StyledQuerySet

if TYPE_CHECKING:
    from charmodels.models.template import CharacterTemplate  # noqa: F401 - named in a base class


class CharacterTemplateQuerySet(StyledQuerySet["CharacterTemplate"]):
    """Queries on templates."""

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


class CharacterTemplateManager(Manager[CharacterTemplateQuerySet]):
    """`CharacterTemplate.objects`."""

    queryset_class = CharacterTemplateQuerySet
