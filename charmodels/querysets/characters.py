"""What characters can be asked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from charmodels.clock import utc_now
from charmodels.enums import GenerationStatus
from charmodels.errors import Conflict, NotFound
from charmodels.querysets.base import Manager
from charmodels.querysets.owned import OwnedQuerySet
from charmodels.querysets.styles import StyledQuerySet
from charmodels.schemas import CharacterCreate

if TYPE_CHECKING:
    from charmodels.models.character import Character

PUBLIC = '"is_public" = true AND "generation_status" = \'COMPLETED\''
"""The condition of the public gallery, as `public()` compiles it and the partial indexes repeat it."""


class CharacterQuerySet(OwnedQuerySet["Character"], StyledQuerySet["Character"]):
    """Queries on characters."""

    def public(self) -> Self:
        """Keep what the public gallery shows: published and finished.

        Returns:
            The narrowed queryset.

        Example:
            >>> import charmodels as cm
            >>> query = cm.Character.objects.public().newest().limit(20)
        """
        return self.filter(is_public=True, generation_status=GenerationStatus.COMPLETED)

    async def create_for(self, user_id: UUID, character: CharacterCreate, **values: Any) -> Character:
        """Create a character that no generation stands behind: its work is done.

        Arguments:
            user_id: the owner.
            character: what to create.
            values: further columns, as `template_id`.

        Returns:
            The character, saved, COMPLETED.

        Raises:
            NotFound: there is no such user.

        Example:
            >>> import charmodels as cm
            >>> async def create(user: cm.User) -> cm.Character:
            ...     knight = cm.CharacterCreate(prompt="A knight at dawn", tags=["hero"])
            ...     return await cm.Character.objects.create_for(user.id, knight)
        """
        published_at: datetime | None = utc_now() if character.is_public else None
        try:
            return await self.model.create(
                self._db,
                user_id=user_id,
                **{
                    **character.model_dump(),
                    "generation_status": GenerationStatus.COMPLETED,
                    "published_at": published_at,
                    **values,
                },
            )
        except Conflict as error:
            if error.constraint == "characters_user_id_fkey":
                raise NotFound(model="User") from error
            raise


class CharacterManager(Manager[CharacterQuerySet]):
    """`Character.objects`."""

    queryset_class = CharacterQuerySet
