"""Checks the health of the database again and again, beside the app."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from types import TracebackType
from typing import Self

from charmodels import services
from charmodels.database import Database
from charmodels.errors import InvalidInput
from charmodels.health import check_health
from charmodels.health_report import HealthReport

JITTER = 0.1
"""By which part of it an interval is longer or shorter, so that many processes do not ask all at once."""


class HealthChecker:
    """Checks the health of a database at once, and then again and again until it is stopped.

    Where HEALTH_INTERVAL is set, an open database has one, from when it has been opened until it is closed. Each change
    is the event `health.changed`. A check that finds trouble is followed by the next like any other.

    Arguments:
        database: to look at; None for the one that is open in the process, at the time of each check.
        interval: seconds from the beginning of one check to that of the next, more than 0.

    Attributes:
        latest: the report of its last check; None before there was one.

    Raises:
        InvalidInput: the interval is not a number of more than 0.

    Example:
        >>> async def main() -> None:
        ...     async with HealthChecker(interval=5) as checker:
        ...         await asyncio.sleep(60)
        ...         print(checker.latest)
    """

    def __init__(self, database: Database | None = None, *, interval: float = 15.0) -> None:
        if isinstance(interval, bool) or not isinstance(interval, int | float) or not interval > 0:
            raise InvalidInput(field="interval", reason="must be a number of seconds, more than 0")
        self.database = database
        self.interval = interval
        self.latest: HealthReport | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started, and not stopped."""
        return self._task is not None and not self._task.done()

    async def start(self) -> Self:
        """Begin to check. Running already: nothing happens.

        Returns:
            Itself. The first report is there a moment later.
        """
        if not self.is_running:
            self._task = asyncio.create_task(self._run(), name="charmodels health checker")
        return self

    async def stop(self) -> None:
        """End the check that runs, if one does, and begin no other. Stopped already: nothing happens."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _run(self) -> None:
        while True:
            began = monotonic()
            self.latest = await check_health(self.database)
            pause = self.interval * random.uniform(1 - JITTER, 1 + JITTER)
            await asyncio.sleep(max(began + pause - monotonic(), 0))


@asynccontextmanager
async def _beside(database: Database) -> AsyncIterator[None]:
    """Check while the database is open, if its settings say so."""
    interval = database.settings.health_interval
    if interval is None:
        yield
        return
    async with HealthChecker(database, interval=interval):
        yield


services.register(_beside)
