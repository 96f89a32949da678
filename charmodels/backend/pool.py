"""The asyncpg pool with a bounded wait and a release that costs nothing when there is nothing to reset."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import Pool as AsyncpgPool
from asyncpg.pool import PoolConnectionProxy, _PoolConnectionHolderQueue  # type: ignore[attr-defined]

from charmodels.backend.connection import Connection
from charmodels.backend.deadlines import Deadlines, Late
from charmodels.errors import ConfigurationError, DatabaseUnavailable, PoolTimeout
from charmodels.monitoring.monitor import Monitor

logger = logging.getLogger("charmodels.database")

LONGEST_IDLE = 300.0
"""Seconds after which, at the latest twice of them, a connection is closed that nobody used: asyncpg's own limit."""

Borrowed: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
"""A connection out of the pool."""


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """How busy a pool is.

    Arguments:
        size: connections that are open.
        idle: of these, free.
        busy: of these, in use.
        waiting: callers that wait for one.
        max_size: connections that may be open.
    """

    size: int
    idle: int
    busy: int
    waiting: int
    max_size: int


class _FairQueue(_PoolConnectionHolderQueue):  # type: ignore[misc]
    """asyncpg's queue of free connections, but first come, first served.

    Who waits at an asyncio queue is only told to look again: whoever comes by meanwhile takes what there is, and who
    was told goes to the end. With 64 callers and 8 connections, one in twenty waited ten times as long as most. Here a
    connection goes to who waits. So where one is free, nobody does.
    """

    async def get(self) -> Any:
        if not self.empty():
            return self.get_nowait()
        waiting = asyncio.get_running_loop().create_future()
        self._getters.append(waiting)
        try:
            return await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled():
                self.put_nowait(waiting.result())  # it came too late
            elif waiting in self._getters:
                self._getters.remove(waiting)
            raise

    def put_nowait(self, item: Any) -> None:
        while self._getters:
            waiting = self._getters.popleft()
            if not waiting.done():
                waiting.set_result(item)
                return
        self._put(item)


class Pool(AsyncpgPool):
    """A pool of `Connection`.

    asyncpg sets a timer for each statement, and another each time a connection is released, and cancels both again.
    This one has a timer for all statements, one for all who wait for a connection, and one for all idle connections.

    Arguments:
        acquire_timeout: seconds to wait for a free connection.
        always_reset: reset every connection on release, as asyncpg does.
        command_timeout: seconds a statement may take, or None.
        monitor: hears of every statement and every wait, or None.
        keywords: those of `asyncpg.create_pool`.
    """

    __slots__ = ("_acquire_timeout", "_always_reset", "_deadlines", "_monitor", "_sweeper", "_waiting", "_waits")

    if TYPE_CHECKING:  # of asyncpg's pool, whose stubs leave them out
        _loop: asyncio.AbstractEventLoop
        _queue: asyncio.LifoQueue[Any]
        _generation: int
        _initialized: bool
        _closing: bool
        _holders: list[Any]

        async def _acquire(self, timeout: float | None) -> Borrowed: ...

    def __init__(
        self,
        *,
        acquire_timeout: float,
        always_reset: bool,
        command_timeout: float | None = None,
        monitor: Monitor | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(
            connection_class=Connection,
            record_class=asyncpg.Record,
            loop=None,
            init=self._prepare,  # type: ignore[arg-type]
            command_timeout=command_timeout,
            **{"max_queries": 50_000, "max_inactive_connection_lifetime": 0.0, **keywords},
        )
        self._acquire_timeout = acquire_timeout
        self._waits = Deadlines(acquire_timeout)
        self._always_reset = always_reset
        self._deadlines = Deadlines(command_timeout) if command_timeout else None
        self._sweeper: asyncio.TimerHandle | None = None
        self._monitor = monitor
        self._waiting = 0

    async def _initialize(self) -> None:
        await super()._initialize()  # type: ignore[misc]
        fair = _FairQueue()
        for holder in self._queue._queue:  # type: ignore[attr-defined]
            fair.put_nowait(holder)
        self._queue = fair

    async def _prepare(self, connection: Connection) -> None:
        if self._always_reset:
            connection.always_reset()
        if self._deadlines is not None:
            connection.share_deadlines(self._deadlines)
        if self._monitor is not None:
            connection.watch(self._monitor)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(LONGEST_IDLE, self._sweep)

    def _sweep(self) -> None:
        """Close connections that ran nothing since the last time, down to the pool's least number."""
        self._sweeper = None
        for holder in self._holders:
            if not holder.is_connected() or not holder.is_idle():
                continue
            connection = holder._con
            queries = connection._protocol.queries_count
            if queries == connection.queries_then:
                holder._deactivate_inactive_connection()
            else:
                connection.queries_then = queries
        if self.get_size() and not self._closing:
            self._sweeper = self._loop.call_later(LONGEST_IDLE, self._sweep)

    async def close(self) -> None:
        """Wait for busy connections, and close them all."""
        self._stop_sweeping()
        await super().close()

    def terminate(self) -> None:
        """Close all connections at once."""
        self._stop_sweeping()
        super().terminate()

    def _stop_sweeping(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    async def take(self) -> Borrowed:
        """Take a connection out of the pool; give it back with `release`.

        Returns:
            A connection that is the caller's alone.

        Raises:
            PoolTimeout: none became free in time.
            ConfigurationError: the pool was opened on another event loop.
            DatabaseUnavailable: a new one had to be opened, which took too long.
            OSError, asyncpg.PostgresError: a new one had to be opened and could not be.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise another_loop()
        holder = self._idle_holder()
        if holder is not None:
            connection: Borrowed = await holder.acquire()  # nothing to wait for: it is connected, and has no `setup`
            return connection
        if self._monitor is None:
            return await self._wait()
        began = monotonic()
        try:
            waited = await self._wait()
        except BaseException as error:
            self._monitor.no_connection(error, monotonic() - began)
            raise
        self._monitor.waited(monotonic() - began)
        return waited

    async def _wait(self) -> Borrowed:
        """Wait for a connection to become free, or open one more."""
        self._waiting += 1
        try:
            return await self._waits.keep(self._acquire(None))
        except TimeoutError as error:
            # With fewer connections than it may have, the pool waited for the server and not for a borrower.
            if not isinstance(error, Late) or self.get_size() < self.get_max_size():
                raise DatabaseUnavailable(reason="connecting timed out") from error
            raise PoolTimeout(timeout=self._acquire_timeout, size=self.get_max_size()) from error
        finally:
            self._waiting -= 1

    def _idle_holder(self) -> Any:
        """Take what holds a connection that is open and free at this moment: no wait, so no limit to it. Or None."""
        queue = self._queue
        if self._closing or not self._initialized or queue.empty():
            return None
        holder = queue.get_nowait()
        if not holder.is_connected() or holder._generation != self._generation:
            queue.put_nowait(holder)
            return None
        holder._timeout = None
        return holder

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Borrowed]:
        """Take a connection for the length of a block.

        Raises:
            PoolTimeout: none became free in time.
        """
        connection = await self.take()
        try:
            yield connection
        finally:
            await self.release(connection)

    async def release(self, connection: Borrowed, *, timeout: float | None = None) -> None:
        """Give a connection back.

        asyncpg runs every release in a task of its own, so that a cancelled caller cannot interrupt the reset. When
        there is nothing to reset, nothing is awaited that could be interrupted, and the task is saved.

        Arguments:
            connection: as `take` gave it.
            timeout: seconds the reset may take, or None.
        """
        if self._release_untouched(connection):
            return
        try:
            await super().release(connection, timeout=timeout)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            # asyncpg has closed the connection. What the caller did with it stands, and so does the caller's own error.
            logger.warning("Resetting a connection failed, and it was closed (%s)", type(error).__name__)

    def _release_untouched(self, connection: Borrowed) -> bool:
        """Give back a connection that needs nothing done to it; tell whether it was one."""
        inner: Any = connection._con  # type: ignore[attr-defined]
        if inner is None:
            return False
        holder: Any = connection._holder
        protocol = inner._protocol
        if inner._stmt_exclusive_section._acquired:
            inner.touch()  # a task that the borrower left behind still uses it: the reset fails, which closes it
        if (
            inner.is_closed()
            or inner.is_touched
            or inner._listeners
            or inner._log_listeners
            or inner._top_xact is not None
            or protocol.is_in_transaction()
            or protocol._is_cancelling()
            or protocol.queries_count >= holder._max_queries
            or holder._generation != self._generation
        ):
            return False
        inner._pool_release_ctr += 1  # what is left of it, cursors and statements, is no longer valid
        holder._timeout = None
        holder._release()
        return True

    def status(self) -> PoolStatus:
        """Count the connections.

        Returns:
            The counts at this moment.
        """
        size, idle = self.get_size(), self.get_idle_size()
        return PoolStatus(
            size=size,
            idle=idle,
            busy=size - idle,
            waiting=self._waiting,
            max_size=self.get_max_size(),
        )


def another_loop() -> ConfigurationError:
    """Make the error for a use in another event loop than the one that opened the database."""
    return ConfigurationError(reason="The database was opened on another event loop; open it in the loop that uses it")
