"""One user's changes of quota take turns inside a process.

The database makes them take turns anyhow, at the user's row. But there each waits with a connection of the pool: a user
with many requests, or one whose row is locked by a long transaction, would take them all from everybody else. Here
they wait without one. It is faster too, for the server spares the queue at its lock.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TypeAlias
from uuid import UUID
from weakref import WeakValueDictionary

from charmodels.backend.client import Client
from charmodels.backend.transaction import TransactionClient
from charmodels.errors import StatementTimeout

_Turn: TypeAlias = tuple[asyncio.AbstractEventLoop, UUID]

_turns: WeakValueDictionary[_Turn, asyncio.Lock] = WeakValueDictionary()
"""A lock belongs to its loop: one that outlives it, kept by a traceback, is of no use in the next."""


class take_turn:  # noqa: N801 - read as a word of the language: `async with take_turn(...):`
    """Wait until no other task of this event loop changes the user's quota.

    Inside a transaction there is no wait: it may have the user's row locked already, and must not wait for a task that
    waits for that row.

    Arguments:
        client: what the block talks to.
        user_id: whose turn it is.

    Raises:
        StatementTimeout: others were at it for as long as a statement may take.
    """

    __slots__ = ("_limit", "_lock")

    def __init__(self, client: Client, user_id: UUID) -> None:
        self._lock: asyncio.Lock | None = None
        self._limit: float | None = None
        if isinstance(client, TransactionClient):
            return
        turn = asyncio.get_running_loop(), user_id
        self._lock = _turns.get(turn)
        if self._lock is None:
            self._lock = _turns[turn] = asyncio.Lock()
        else:
            # Not only while it is locked: between its release and the next one's waking it is not, and yet not free.
            self._limit = client.command_timeout

    async def __aenter__(self) -> None:
        if self._lock is None:
            return
        if self._limit is None:  # nobody is at it: it is free at once
            await self._lock.acquire()
            return
        try:
            async with asyncio.timeout(self._limit):
                await self._lock.acquire()
        except TimeoutError as error:
            raise StatementTimeout(timeout=self._limit) from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.release()
