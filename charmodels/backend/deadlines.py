"""The end of statements that take too long, by one timer for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from charmodels.monitoring.monitor import LATE

T = TypeVar("T")


class Late(TimeoutError):
    """What was waited for took longer than it may: not the timeout of something inside it."""


class Deadlines:
    """Gives each of many statements, or other things to wait for, the same number of seconds.

    asyncpg sets a timer for each statement and cancels it again, which costs a twentieth of a page of 20. As all take
    the same time at most, the first to begin is the first to be late: one timer is enough, set anew when it rings.

    Arguments:
        seconds: what each may take.
    """

    __slots__ = ("_late", "_running", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._running: dict[object, tuple[float, Callable[[], object]]] = {}  # in the order of their beginning
        self._late: set[object] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, what: object, ring: Callable[[], object]) -> None:
        """Begin to wait for something.

        Arguments:
            what: it, to be named to `end`.
            ring: called when its time is over.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self.seconds
        self._running[what] = end, ring
        if self._timer is None:
            self._timer = loop.call_at(end, self._ring)

    def end(self, what: object) -> None:
        """Wait for it no longer."""
        self._running.pop(what, None)

    async def keep(self, statement: Coroutine[Any, Any, T]) -> T:
        """Wait for a statement, and cancel it when its time is over.

        Arguments:
            statement: to wait for, in this task.

        Returns:
            What it returns.

        Raises:
            Late: it took too long.
        """
        task = asyncio.current_task()
        if task is None:
            return await statement
        cancelled_before = task.cancelling()
        self.begin(statement, partial(self._cancel, statement, task))
        try:
            return await statement
        except BaseException as error:
            is_late = statement in self._late and task.uncancel() <= cancelled_before
            if is_late and isinstance(error, asyncio.CancelledError):
                raise Late from None
            raise
        finally:
            self.end(statement)
            self._late.discard(statement)

    def _cancel(self, statement: object, task: asyncio.Task[Any]) -> None:
        self._late.add(statement)
        task.cancel(LATE)

    def _ring(self) -> None:
        """Ring for what is late, and again for the next."""
        loop = asyncio.get_running_loop()
        self._timer, now = None, loop.time()
        for what, (end, ring) in list(self._running.items()):
            if end > now:
                self._timer = loop.call_at(end, self._ring)
                return
            del self._running[what]
            ring()
