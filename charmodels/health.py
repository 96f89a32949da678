"""How the database is, seen from above: one report, which asking for never fails."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import replace
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg

from charmodels import clock, database, events, migrations
from charmodels.backend.pool import Borrowed, Pool
from charmodels.backend.translation import translate
from charmodels.database import Database
from charmodels.errors import CharmodelsError, DatabaseUnavailable, PoolTimeout
from charmodels.health_report import HealthIncident, HealthReport, HealthStatus
from charmodels.migrations import MigrationStatus
from charmodels.settings import Settings
from charmodels.sql import statement

logger = logging.getLogger("charmodels.database")

EXTENSIONS = {"pg_trgm": "suggestions of tags fail, and searches for parts of words are slow"}
"""The extensions that the schema needs, and what goes wrong without each."""

KEPT_ERRORS = 10
"""How many errors are remembered of each database."""

LIMITS = 2
"""How many times HEALTH_TIMEOUT a report may take as a whole."""


async def check_health(source: Database | Settings | str | None = None) -> HealthReport:
    """Look how the database is: whether it answers, how fast, and whether it is as the code needs it.

    Each step, that is getting a connection, asking the server and reading which migrations are applied, may take
    HEALTH_TIMEOUT; all together twice that. It asks on a connection of the pool, as the app does. If none becomes free
    it says so, and asks on a connection of its own how the server is. It writes nothing.

    Arguments:
        source: a database; settings or a URL, to look at a database from outside, on a connection of its own; None for
            the database that is open in this process.

    Returns:
        The report, always: whatever is wrong stands in it, and nothing is raised, printed or, but for the event
            `health.changed`, logged.

    Example:
        >>> async def explain() -> None:
        ...     report = await check_health()
        ...     for problem in report.problems:
        ...         print(problem)
    """
    # In nobody's context: what it sends belongs to no request, no transaction, no trace and no guard of the caller's.
    return await asyncio.get_running_loop().create_task(_examine(source), name="charmodels health", context=Context())


async def _examine(source: Database | Settings | str | None) -> HealthReport:
    examination = _Examination()
    try:
        await examination.run(source)
    except Exception as error:
        examination.failed(error)
    return examination.report()


def latest(of: Database | None = None, *, max_age: float | None = None) -> HealthReport | None:
    """Give the last report on a database, whoever asked for it. Asks nothing.

    Arguments:
        of: a database, or None for the one that is open in this process.
        max_age: seconds that it may be old, or None for any age.

    Returns:
        The report; None if there was none, if it is too old, or if no database is open.

    Example:
        >>> latest() is None
        True
    """
    asked = of or database._open
    history = _histories.get(asked) if asked is not None else None
    if history is None or (max_age is not None and monotonic() - history.recorded_at >= max_age):
        return None
    return history.latest


class _History:
    """What was found of one database so far."""

    def __init__(self) -> None:
        self.latest: HealthReport | None = None
        self.recorded_at = 0.0
        """When the latest was made, by the clock that never goes back."""
        self.errors: deque[HealthIncident] = deque(maxlen=KEPT_ERRORS)

    def record(self, report: HealthReport) -> None:
        before, self.latest, self.recorded_at = self.latest, report, monotonic()
        was = before.status if before is not None else HealthStatus.HEALTHY
        if (was, before.ready if before is not None else True) != (report.status, report.ready):
            events.emit(
                "health.changed",
                from_status=was.value if before is not None else None,
                to_status=report.status.value,
                ready=report.ready,
                problems=list(report.problems),
            )


_histories: WeakKeyDictionary[Database, _History] = WeakKeyDictionary()


class _Examination:
    """One check: asks one thing after the other, and keeps what it finds."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._history: _History | None = None
        self._errors: deque[HealthIncident] = deque(maxlen=KEPT_ERRORS)
        self._settings: Settings | None = None
        self._pool: Pool | None = None
        self._problems: list[str] = []
        self._status = HealthStatus.HEALTHY
        self._ready = True
        self._facts: asyncpg.Record | None = None
        self._latency: float | None = None
        self._migrations: MigrationStatus | None = None

    # What was found

    def _note(self, reason: str) -> None:
        """Remember what went wrong, also where it turns out to be no problem."""
        now, last = clock.utc_now(), self._errors[-1] if self._errors else None
        if last is not None and last.reason == reason:
            self._errors[-1] = replace(last, last_at=now, count=last.count + 1)
        else:
            self._errors.append(HealthIncident(reason, now, now, 1))

    def _degraded(self, problem: str, *, ready: bool) -> None:
        self._problems.append(problem)
        self._note(problem)
        self._ready = self._ready and ready
        if self._status is HealthStatus.HEALTHY:
            self._status = HealthStatus.DEGRADED

    def _forget(self) -> None:
        """Begin anew with another connection."""
        self._problems.clear()
        self._status, self._ready = HealthStatus.HEALTHY, True

    def failed(self, error: Exception) -> None:
        """Note what keeps the database from answering.

        Arguments:
            error: of the driver, ours, or one that nobody foresaw.
        """
        self._degraded(_sentence(error), ready=False)
        self._status = HealthStatus.UNHEALTHY

    def report(self) -> HealthReport:
        """Sum up, and remember.

        Returns:
            The report.
        """
        facts = self._facts
        history = self._history
        errors = self._errors if history is None else history.errors
        report = HealthReport(
            status=self._status,
            live=True,
            ready=self._ready,
            problems=tuple(self._problems),
            checked_at=clock.utc_now(),
            duration=monotonic() - self._began,
            latency=self._latency,
            server_version=facts["version"] if facts is not None else None,
            is_read_only=facts["is_read_only"] if facts is not None else None,
            pool=self._pool.status() if self._pool is not None else None,
            migrations=self._migrations,
            last_errors=tuple(reversed(errors)),
        )
        if history is not None:
            history.record(report)
        return report

    # Asking

    async def run(self, source: Database | Settings | str | None) -> None:
        """Ask, as far as there is somebody to ask.

        Arguments:
            source: as for `check_health`.

        Raises:
            Exception: whatever kept the database from answering.
        """
        if isinstance(source, Settings | str):
            self._settings = Settings.resolve(source)
            await self._from_outside()
            return
        examined = source if source is not None else database.current()
        self._history = _histories.setdefault(examined, _History())
        self._errors = self._history.errors
        self._settings = examined.settings
        self._pool = examined._client._pool if examined._client is not None else None
        if self._pool is None:
            self._degraded("The database is not open.", ready=False)
            await self._from_outside()
        elif not await self._through(self._pool):
            await self._from_outside()

    async def _through(self, pool: Pool) -> bool:
        """Ask on a connection of the pool. False when it had none to give."""
        for tries_left in (1, 0):
            connection = await self._take(pool)
            if connection is None:
                return False
            try:
                await self._ask(connection)
                return True
            except Exception as error:
                # A connection may have been cut while it was idle; what matters is whether there are others.
                was_cut = not isinstance(error, CharmodelsError) and isinstance(translate(error), DatabaseUnavailable)
                if not was_cut or not tries_left:
                    raise
                self._note(_sentence(error))
                self._forget()
            finally:
                await pool.release(connection, timeout=self._settings.health_timeout if self._settings else None)
        return True

    async def _take(self, pool: Pool) -> Borrowed | None:
        seconds = self._seconds()
        try:
            async with asyncio.timeout(seconds):
                return await pool.take()
        except TimeoutError as error:
            now = pool.status()
            if now.size < now.max_size or now.idle:
                raise DatabaseUnavailable(reason=f"connecting took longer than {seconds:.3g} s") from error
            waited = error.timeout if isinstance(error, PoolTimeout) else seconds
            busy = f"all {now.max_size} connections are" if now.max_size > 1 else "its one connection is"
            others = f", and {now.waiting} more waited" if now.waiting else ""
            self._degraded(
                f"The pool is exhausted: {busy} busy. The check waited {waited:.3g} s for one{others}.", ready=False
            )
            return None

    async def _from_outside(self) -> None:
        """Ask on a connection of its own."""
        assert self._settings is not None
        arguments = {**self._settings.connect_arguments(), "timeout": None}
        seconds = self._seconds()
        try:
            async with asyncio.timeout(seconds):
                connection = await asyncpg.connect(**arguments)
        except TimeoutError as error:
            raise DatabaseUnavailable(reason=f"connecting took longer than {seconds:.3g} s") from error
        async with _closing(connection, seconds):
            await self._ask(connection)

    async def _ask(self, connection: Any) -> None:
        """Ask all there is to know, of a connection of the pool or another."""
        assert self._settings is not None
        began = monotonic()
        [self._facts] = await self._in_time(connection, connection.fetch(statement("health"), list(EXTENSIONS)))
        self._latency = monotonic() - began
        if self._latency > self._settings.health_latency:
            self._degraded(
                f"The server is slow: it took {self._latency:.3g} s for a small statement, more than HEALTH_LATENCY "
                f"({self._settings.health_latency:g} s).",
                ready=True,
            )
        self._judge_writes()
        try:
            found: MigrationStatus = await self._in_time(connection, migrations.status_on(connection))
        except asyncpg.PostgresError as error:
            if isinstance(ours := translate(error), DatabaseUnavailable):
                raise
            self._degraded(f"It could not be found out which migrations are applied. {ours}", ready=True)
        except DatabaseUnavailable:  # it was late; the server has just answered, so most of all a lock is in the way
            self._degraded(
                "It could not be found out in time which migrations are applied; the table aerich may be locked.",
                ready=True,
            )
        else:
            self._migrations = found
            self._judge_schema(found)

    def _judge_writes(self) -> None:
        assert self._facts is not None
        assert self._settings is not None
        if not self._facts["is_read_only"] or self._settings.health_read_only:
            return
        why = "it is a standby" if self._facts["is_standby"] else "default_transaction_read_only is on"
        self._degraded(f"The server is read-only: {why}.", ready=False)

    def _judge_schema(self, found: MigrationStatus) -> None:
        if found.pending:
            count = len(found.pending)
            which = f"{count} migrations are pending, from {found.pending[0]} on"
            if count == 1:
                which = f"The migration {found.pending[0]} is pending"
            self._degraded(f"{which}; run `charmodels upgrade`.", ready=False)
            return
        if found.unknown:
            self._degraded(
                f"The database is newer than the code, which does not know {', '.join(found.unknown)}.", ready=True
            )
        assert self._facts is not None
        for name in EXTENSIONS.keys() - set(self._facts["extensions"]):
            self._degraded(
                f"The extension {name} is missing: {EXTENSIONS[name]}. Run CREATE EXTENSION {name}.", ready=True
            )

    async def _in_time(self, connection: Any, work: Any) -> Any:
        """Wait for an answer. A connection that gives none in time is not used again, by anybody."""
        began, seconds = monotonic(), self._seconds()
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError as error:
            connection.terminate()  # asking the server to stop would mean to wait for it once more
            waited = min(seconds, monotonic() - began)  # DB_COMMAND_TIMEOUT may be shorter
            reason = f"the server did not answer a small statement within {waited:.3g} s"
            raise DatabaseUnavailable(reason=reason) from error
        except asyncio.CancelledError:
            connection.terminate()
            raise

    def _seconds(self) -> float:
        """How long the next step may take."""
        assert self._settings is not None
        limit = self._settings.health_timeout
        return max(min(limit, self._began + LIMITS * limit - monotonic()), 0.0)


@asynccontextmanager
async def _closing(connection: asyncpg.Connection[Any], seconds: float) -> AsyncIterator[None]:
    try:
        yield
    finally:
        try:
            await connection.close(timeout=seconds)
        except Exception as error:
            connection.terminate()
            logger.debug("Closing the connection of a health check failed (%s)", type(error).__name__)


def _sentence(error: BaseException) -> str:
    """Say what went wrong, without what might be a secret."""
    ours = translate(error)
    if isinstance(ours, CharmodelsError):
        return str(ours)
    logger.debug("A health check failed", exc_info=error)
    return f"The check itself failed, by an error that was not foreseen ({type(error).__name__})."
