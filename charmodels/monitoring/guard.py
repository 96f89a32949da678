"""Finds code that sends the same statement again and again, once for each row of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from charmodels.errors import RepeatedStatement
from charmodels.monitoring.shapes import describe
from charmodels.values import whole_number

_COUNTED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES"})


class Guard:
    """Counts the statements of a block by their shape.

    Arguments:
        limit: how often the same one may run.
        outer: the guard of the block around it, which counts too.
    """

    __slots__ = ("_limit", "_outer", "counts", "raised")

    def __init__(self, limit: int, outer: Guard | None) -> None:
        self._limit = limit
        self._outer = outer
        self.counts: Counter[str] = Counter()
        self.raised: RepeatedStatement | None = None

    def note(self, statement: str) -> None:
        """Count a statement that is about to be sent.

        Arguments:
            statement: SQL.

        Raises:
            RepeatedStatement: it ran as often as it may.
        """
        described = describe(statement)
        if described.operation not in _COUNTED:
            return
        guard: Guard | None = self
        while guard is not None:
            guard._count(described.shape)
            guard = guard._outer

    def _count(self, shape: str) -> None:
        self.counts[shape] += 1
        if self.counts[shape] > self._limit:
            self.raised = RepeatedStatement(statement=shape, count=self.counts[shape], limit=self._limit)
            raise self.raised


current: ContextVar[Guard | None] = ContextVar("charmodels_guard", default=None)
"""The guard of the block that the code runs in."""


@contextmanager
def guard_n_plus_one(limit: int = 5) -> Iterator[Guard]:
    """Raise when a block runs the same statement more often than it may; for development and tests.

    The same is what differs only in its values and in the length of its lists. Counted is what the block sends, and the
    tasks that it starts; not what others send meanwhile. The statement that is one too many is not sent.

    Arguments:
        limit: how often the same statement may run, at least 1.

    Returns:
        A context manager. What it gives has `counts`, how often each statement ran.

    Raises:
        RepeatedStatement: one ran too often. At that statement; and once more at the end of the block, if somebody in
            it has caught it.
        InvalidInput: the limit is no whole number, or less than 1.

    Example:
        >>> import charmodels as cm
        >>> async def names(characters: list[cm.Character]) -> list[str | None]:
        ...     with cm.guard_n_plus_one(limit=3):
        ...         return [(await character.user).name for character in characters]  # raises at the fourth
    """
    guard = Guard(whole_number("limit", limit), current.get())
    token = current.set(guard)
    try:
        yield guard
    finally:
        current.reset(token)
    if guard.raised is not None:
        raise guard.raised
