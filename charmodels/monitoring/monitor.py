"""What a pool tells of its statements, and who hears it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charmodels import events
from charmodels.errors import CharmodelsError
from charmodels.monitoring.query_metrics import QueryMetrics
from charmodels.monitoring.shapes import describe

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

    from charmodels.monitoring.telemetry import Telemetry

logger = logging.getLogger("charmodels.database")

LONGEST_VALUE = 200
"""Characters of a parameter that are shown, where parameters are shown at all."""


LATE = "the statement is late"
"""What a cancellation says that ends a statement whose time is over."""


class Monitor:
    """Hears of every statement of a pool, from where asyncpg's query logger does.

    It is told in the context that the statement ran in: so its request and its span are known.

    Arguments:
        metrics: counts statements, or None.
        telemetry: hands them to OpenTelemetry, or None.
        slow: seconds from which on a statement is logged; None for never.
        shows_values: log the parameters of slow statements too. Never in production.
    """

    __slots__ = ("_shows_values", "_slow", "metrics", "telemetry")

    def __init__(
        self,
        *,
        metrics: QueryMetrics | None = None,
        telemetry: Telemetry | None = None,
        slow: float | None = None,
        shows_values: bool = False,
    ) -> None:
        self.metrics = metrics
        self.telemetry = telemetry
        self._slow = slow if slow is not None else float("inf")
        self._shows_values = shows_values

    def query(self, record: LoggedQuery) -> None:
        """Hear of a statement from asyncpg's query logger.

        Arguments:
            record: of asyncpg.
        """
        self.ended(record.query, record.args, record.elapsed, record.exception)

    def ended(self, statement: str, values: Any, seconds: float, error: BaseException | None) -> None:
        """Hear of a statement that ended.

        Arguments:
            statement: its text.
            values: its parameters.
            seconds: how long it took.
            error: what it ended with, or None.
        """
        metrics = self.metrics
        if metrics is not None:
            metrics.add(statement, seconds)
            if error is not None:
                self._count_error(error)
        if self.telemetry is not None:
            self.telemetry.query(statement, seconds, error)
        if seconds >= self._slow:
            self._say_slow(statement, values, seconds, error)

    def waited(self, seconds: float) -> None:
        """Hear that a caller had to wait for a connection, and got one.

        Arguments:
            seconds: how long.
        """
        if self.metrics is not None:
            self.metrics.pool_waits.add(seconds)

    def no_connection(self, error: BaseException, seconds: float) -> None:
        """Hear that a caller got no connection.

        Arguments:
            error: why.
            seconds: how long the caller had waited.
        """
        name = error_name(error)
        if self.metrics is not None:
            self.metrics.pool_waits.add(seconds)
            self._count_error(error)
            self.metrics.pool_timeouts += name == "PoolTimeout"
        if self.telemetry is not None:
            self.telemetry.no_connection(name, seconds)

    def close(self) -> None:
        """Hear no more: the database was closed."""
        if self.telemetry is not None:
            self.telemetry.close()

    def _count_error(self, error: BaseException) -> None:
        assert self.metrics is not None
        if gave_up(error):
            self.metrics.cancelled += 1
        else:
            self.metrics.errors[error_name(error)] += 1

    def _say_slow(self, statement: str, values: Any, seconds: float, error: BaseException | None) -> None:
        if self.metrics is not None:
            self.metrics.slow += 1
        events.emit(
            "query.slow",
            statement=describe(statement).shape,
            seconds=round(seconds, 6),
            error=None if error is None else error_name(error),
            parameters=_shown(values) if self._shows_values else None,
        )


class Timing:
    """Times the block in which a statement is on its way, and tells a monitor.

    Arguments:
        monitor: who hears it.
        statement: the statement's text.
        values: its parameters.
    """

    __slots__ = ("_began", "_monitor", "_statement", "_values")

    def __init__(self, monitor: Monitor, statement: str, values: Any) -> None:
        self._monitor = monitor
        self._statement = statement
        self._values = values

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            self._monitor.ended(self._statement, self._values, time.monotonic() - self._began, error)
        except Exception:  # whoever is told, as the exporter of a trace, the statement is done all the same
            logger.exception("A statement could not be counted")


def gave_up(error: BaseException) -> bool:
    """Say whether a statement ended because its caller wants it no more, which is no error.

    Arguments:
        error: what it ended with.

    Returns:
        False also where the statement was cancelled for being late.
    """
    return isinstance(error, asyncio.CancelledError) and error.args != (LATE,)


def error_name(error: BaseException) -> str:
    """Say by what an error is counted: its SQLSTATE, or else its kind.

    Arguments:
        error: of the driver, or ours.

    Returns:
        Five characters of PostgreSQL's, or the name of a class.
    """
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str) and sqlstate:
        return sqlstate
    if isinstance(error, CharmodelsError):
        return type(error).__name__
    if isinstance(error, TimeoutError) or error.args == (LATE,):
        return "StatementTimeout"
    return "DatabaseUnavailable" if isinstance(error, OSError) else type(error).__name__


def _shown(values: Any) -> list[str]:
    given: Sequence[Any] = values if isinstance(values, list | tuple) else ()
    return [text if len(text := repr(value)) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} ..." for value in given]
