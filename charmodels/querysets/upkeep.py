"""Proving that the gallery's entries and counts are what they should be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from charmodels import limits
from charmodels.querysets.base import Manager, QuerySet
from charmodels.sql.binding import bind

if TYPE_CHECKING:
    from charmodels.models.gallery import GalleryEntry  # noqa: F401 - named in a base class


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found.

    Arguments:
        compared: how many were compared.
        missing: that should be there and are not.
        different: that are not as they should be.
        surplus: that should not be there.
    """

    compared: int
    missing: int
    different: int
    surplus: int

    @property
    def wrong(self) -> int:
        """How many disagree, one way or another."""
        return self.missing + self.different + self.surplus

    def __add__(self, other: Compared) -> Compared:
        return Compared(
            self.compared + other.compared,
            self.missing + other.missing,
            self.different + other.different,
            self.surplus + other.surplus,
        )


class GalleryEntryQuerySet(QuerySet["GalleryEntry"]):
    """Queries on the entries of the gallery."""

    __slots__ = ()

    async def compare(self) -> AsyncIterator[Compared]:
        """Compare all entries with what the trigger would write of the characters, some at a time, each lot at one
        moment. Only reads.

        Yields:
            How many characters of the gallery were compared, and how many entries are missing, different or too many.

        Example:
            >>> import charmodels as cm
            >>> async def prove() -> None:
            ...     async for found in cm.GalleryEntry.objects.compare():
            ...         assert found.wrong == 0
        """
        after: UUID | None = UUID(int=0)
        while after is not None:
            asked = {"after": after, "batch": limits.COMPARED_CHARACTERS}
            [row] = await self._client().fetch(*bind("gallery_discrepancies", asked))
            yield Compared(row["compared"], row["missing"], row["different"], row["surplus"])
            after = row["last"]

    async def compare_counts(self) -> Compared:
        """Compare the counts of tags, folded or not, with a recount, at one moment. Only reads.

        Returns:
            How many counts there should be, by tag and style, and how many are missing, different or too many.

        Example:
            >>> import charmodels as cm
            >>> async def prove() -> None:
            ...     assert (await cm.GalleryEntry.objects.compare_counts()).wrong == 0
        """
        [row] = await self._client().fetch(*bind("tag_count_discrepancies", {}))
        return Compared(row["compared"], row["missing"], row["different"], row["surplus"])


class GalleryEntryManager(Manager[GalleryEntryQuerySet]):
    """`GalleryEntry.objects`."""

    queryset_class = GalleryEntryQuerySet
