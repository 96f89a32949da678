"""Verbs for whatever has a style."""

from __future__ import annotations

from typing import Self

from charmodels.enums import StyleType
from charmodels.errors import InvalidInput
from charmodels.querysets.base import M, QuerySet


class StyledQuerySet(QuerySet[M]):
    """Queries on a model with a `style_type`."""

    def styled(self, *styles: StyleType | str) -> Self:
        """Keep what has one of the styles.

        Arguments:
            styles: one or more.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: no style is given, or one is not known.

        Example:
            >>> import charmodels as cm
            >>> query = cm.Character.objects.styled(cm.StyleType.ANIME, cm.StyleType.CARTOON)
        """
        if not styles:
            raise InvalidInput(field="style_type", reason="needs at least one style to narrow to")
        known = [style.value for style in StyleType]
        for style in styles:
            if style not in known:
                raise InvalidInput(field="style_type", reason=f"must be one of {', '.join(sorted(known))}")
        chosen = [StyleType(style) for style in dict.fromkeys(styles)]
        return self.filter(style_type=chosen[0]) if len(chosen) == 1 else self.filter(style_type__in=chosen)
