"""What generations can be asked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from charmodels import clock
from charmodels.enums import GenerationStatus
from charmodels.generations import GenerationStats
from charmodels.querysets.base import Manager
from charmodels.querysets.queue import FINISHED, QueueQuerySet
from charmodels.querysets.upkeep import Compared
from charmodels.sql import statement
from charmodels.sql.binding import bind
from charmodels.values import Identifier, validate

if TYPE_CHECKING:
    from charmodels.models.generation import Generation  # noqa: F401 - named in a base class


class GenerationQuerySet(QueueQuerySet):
    """Queries on generations."""

    __slots__ = ()

    def for_user(self, user_id: UUID | str) -> Self:
        """Keep one user's.

        Arguments:
            user_id: whose.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidInput: it is no identifier.
        """
        return self.filter(user_id=validate("user_id", Identifier, user_id))

    def pending(self) -> Self:
        """Keep what waits for a worker, or for another attempt.

        Returns:
            The narrowed queryset.
        """
        return self.filter(status=GenerationStatus.PENDING)

    def processing(self) -> Self:
        """Keep what a worker is at.

        Returns:
            The narrowed queryset.
        """
        return self.filter(status=GenerationStatus.PROCESSING)

    def stale(self) -> Self:
        """Keep what a worker had whose lease ran out: what `rescue_stale` would take back.

        Returns:
            The narrowed queryset.
        """
        return self.filter(job__lease_expires_at__lte=clock.utc_now())

    def finished(self) -> Self:
        """Keep what ended, well or not.

        Returns:
            The narrowed queryset.
        """
        return self.filter(status__in=FINISHED)

    def dead(self) -> Self:
        """Keep what failed for good; `retry` queues it once more.

        Returns:
            The narrowed queryset.

        Example:
            >>> import charmodels as cm
            >>> async def show() -> None:
            ...     async for generation in cm.Generation.objects.dead().newest().limit(20):
            ...         print(generation.id, generation.error_message)
        """
        return self.filter(status=GenerationStatus.FAILED)

    async def stats(self, user_id: UUID | str | None = None, since: datetime | None = None) -> GenerationStats:
        """Say how the work goes, of this queryset; one statement.

        Arguments:
            user_id: whose generations to count, or None for everybody's.
            since: from when on they were requested, aware, or None for all.

        Returns:
            The numbers.

        Raises:
            InvalidInput: the user is no identifier, or the time is not aware.

        Example:
            >>> import charmodels as cm
            >>> async def show() -> None:
            ...     stats = await cm.Generation.objects.stats(since=cm.clock.utc_now() - timedelta(hours=1))
            ...     print(stats.success_rate, stats.queue_seconds_p95, stats.oldest_pending)
        """
        now = clock.utc_now()
        begin = None if since is None else clock.aware("since", since)
        chosen = self if user_id is None else self.for_user(user_id)
        if begin is not None:
            chosen = chosen.filter(created_at__gte=begin)
        found = chosen._rows("status", "created_at", "started_at", "completed_at", "rescues")
        sql, bound = bind("generation_stats", {}, parts={"found": found.sql}, bound=found.values)
        [row] = await self._client().fetch(sql, bound)
        by_status = json.loads(row["by_status"])
        ended = row["completed"] + row["failed"]
        queue, processing = row["queue_seconds"] or (None, None), row["processing_seconds"] or (None, None)
        begin = begin or row["first_request"]
        hours = (now - begin) / timedelta(hours=1) if begin else 0
        return GenerationStats(
            total=row["total"],
            by_status={status: by_status.get(status, 0) for status in GenerationStatus},
            success_rate=row["completed"] / ended if ended else None,
            queue_seconds_p50=queue[0],
            queue_seconds_p95=queue[1],
            processing_seconds_p50=processing[0],
            processing_seconds_p95=processing[1],
            oldest_pending=row["oldest_pending"] and now - row["oldest_pending"],
            throughput_per_hour=row["completed"] / hours if hours > 0 else 0.0,
            rescues=row["rescues"],
        )

    async def compare_queue(self) -> Compared:
        """Compare the queue with the open generations, at one moment; of all users. Only reads.

        Returns:
            How many open generations were compared; how many have no job, so that no worker comes to them; how many
            jobs say otherwise than the generation whether a worker is at it, or have no hold on quota; and how many
            jobs and holds belong to no open generation.

        Example:
            >>> import charmodels as cm
            >>> async def prove() -> None:
            ...     assert (await cm.Generation.objects.compare_queue()).wrong == 0
        """
        [row] = await self._client().fetch(statement("queue_discrepancies"))
        return Compared(row["compared"], row["missing"], row["different"], row["surplus"])


class GenerationManager(Manager[GenerationQuerySet]):
    """`Generation.objects`."""

    queryset_class = GenerationQuerySet
