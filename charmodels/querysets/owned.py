"""Verbs for whatever belongs to a user."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from charmodels.querysets.base import M, QuerySet


class OwnedQuerySet(QuerySet[M]):
    """Queries on a model with a `user_id` and a `created_at`."""

    def owned_by(self, user_id: UUID) -> Self:
        """Keep one user's own.

        Arguments:
            user_id: the owner.

        Returns:
            The narrowed queryset.
        """
        return self.filter(user_id=user_id)

    def newest(self) -> Self:
        """Put the newest first; the id breaks ties.

        Returns:
            The ordered queryset.
        """
        return self.order_by("-created_at", "-id")
