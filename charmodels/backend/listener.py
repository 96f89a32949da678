"""Hears NOTIFY on a connection of its own, as long as there is one, and says so when notifications do not arrive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from charmodels.identifiers import new_id

if TYPE_CHECKING:
    from charmodels.backend.client import Client
    from charmodels.backend.pool import Borrowed

logger = logging.getLogger("charmodels.database")

_PROBE = "probe "
_PROVEN_WITHIN = 2.0
"""Seconds in which a notification to itself has to arrive."""

_RECONNECT = 1.0
"""Seconds to wait before the connection is opened again, at first; up to 16 times as many."""


class Listener:
    """Hears what is notified on a channel. It takes one connection out of the pool for as long as it listens.

    Behind a pooler in transaction mode LISTEN has no effect that lasts. So a listener notifies itself, and when it does
    not hear that it logs a warning, gives the connection back and leaves its owner to poll.

    Arguments:
        client: of the open database.
        channel: its name, an identifier.

    Attributes:
        hears: whether notifications arrive at the moment; None as long as that is not known.

    Example:
        >>> async def wait_for_work(client: "Client") -> None:
        ...     async with Listener(client, "charmodels_generations") as listener:
        ...         print(await listener.wait(5))
    """

    def __init__(self, client: Client, channel: str) -> None:
        self._client = client.root
        self._channel = channel
        self._probe = f"{_PROBE}{new_id()}"
        self._payloads: set[str] = set()
        self._woken = asyncio.Event()
        self._proven = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.hears: bool | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen; it does not wait for the connection."""
        self._task = asyncio.create_task(self._stay(), name=f"charmodels listener {self._channel}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the connection back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.hears = None

    async def wait(self, seconds: float) -> set[str]:
        """Wait for a notification.

        Arguments:
            seconds: how long at most.

        Returns:
            What was said since the last call; empty when nothing was, and when the connection is new, so that something
            may have been missed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()
        heard, self._payloads = self._payloads, set()
        return heard

    def wake(self) -> None:
        """End the wait, as a notification does."""
        self._woken.set()

    def _hear(self, connection: Any, process: int, channel: str, payload: object) -> None:
        said = str(payload)
        if said == self._probe:
            self._proven.set()
        elif not said.startswith(_PROBE):
            self._payloads.add(said)
            self._woken.set()

    async def _stay(self) -> None:
        if self._client.pool_maxsize < 2:
            self.hears = False
            logger.warning("The pool has one connection, which listening would take for itself; polling instead")
            return
        pause = _RECONNECT
        while True:
            try:
                async with self._client.connection() as connection, self._hearing(connection) as lost:
                    if not await self._prove():
                        return
                    pause = _RECONNECT
                    self.hears = True
                    self.wake()
                    await lost.wait()
            except Exception as error:
                logger.warning("Not listening for notifications at the moment (%s)", type(error).__name__)
            self.hears = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RECONNECT * 16)

    @asynccontextmanager
    async def _hearing(self, connection: Borrowed) -> AsyncIterator[asyncio.Event]:
        """Hear on a connection in the block, which is told when the connection is lost."""
        lost = asyncio.Event()

        def lose(_: object) -> None:
            lost.set()

        connection.add_termination_listener(lose)
        try:
            await connection.add_listener(self._channel, self._hear)
            yield lost
        finally:
            # The driver warns of listeners on a connection that is given back.
            with suppress(Exception):
                connection.remove_termination_listener(lose)
                async with asyncio.timeout(_PROVEN_WITHIN):
                    await connection.remove_listener(self._channel, self._hear)

    async def _prove(self) -> bool:
        """Tell whether notifications arrive."""
        self._proven.clear()
        await self._client.fetch("SELECT pg_notify($1, $2)", [self._channel, self._probe])
        with suppress(TimeoutError):
            async with asyncio.timeout(_PROVEN_WITHIN):
                await self._proven.wait()
                return True
        self.hears = False
        logger.warning("Notifications do not arrive, as behind a pooler in transaction mode; polling instead")
        return False
