"""Verbs for whatever belongs to a user."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from charmodels.querysets.base import M
from charmodels.querysets.pagination import PagedQuerySet


class OwnedQuerySet(PagedQuerySet[M]):
    """Queries on a model with a `user_id` and a `created_at`."""

    __slots__ = ()

    def owned_by(self, user_id: UUID) -> Self:
        """Keep one user's own.

        Arguments:
            user_id: the owner.

        Returns:
            The narrowed queryset.
        """
        return self.filter(user_id=user_id)
