"""What generations can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from uuid import UUID

from charmodels.enums import GenerationStatus
from charmodels.querysets.base import Manager, QuerySet

if TYPE_CHECKING:
    from charmodels.models.generation import Generation  # noqa: F401 - named in a base class


class GenerationQuerySet(QuerySet["Generation"]):
    """Queries on generations."""

    def for_user(self, user_id: UUID) -> Self:
        """Keep one user's.

        Arguments:
            user_id: whose.

        Returns:
            The narrowed queryset.
        """
        return self.filter(user_id=user_id)

    def pending(self) -> Self:
        """Keep what waits for a worker.

        Returns:
            The narrowed queryset.
        """
        return self.filter(status=GenerationStatus.PENDING)


class GenerationManager(Manager[GenerationQuerySet]):
    """`Generation.objects`."""

    queryset_class = GenerationQuerySet
