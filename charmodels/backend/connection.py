"""The asyncpg connection that knows whether its session was touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg

from charmodels.backend.behalf import as_asked, in_its_name
from charmodels.backend.deadlines import Deadlines
from charmodels.backend.session import SET_TRANSACTION_CONTEXT, leaves_session_alone
from charmodels.context import NOBODY, current_request
from charmodels.monitoring import guard
from charmodels.monitoring.monitor import Monitor, Timing

# asyncpg's own reset, and what RESET ALL leaves: the role, temporary tables and the memory of sequences, and
# what PREPARE made. The driver's own prepared statements stay; asyncpg counts on them.
RESET = """\
SET SESSION AUTHORIZATION DEFAULT;
RESET ALL;
CLOSE ALL;
UNLISTEN *;
SELECT pg_advisory_unlock_all();
DISCARD TEMP;
DISCARD SEQUENCES;
DO 'DECLARE plan text; BEGIN
    FOR plan IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql LOOP
        EXECUTE pg_catalog.format(''DEALLOCATE %I'', plan);
    END LOOP;
END';"""


def _count(statement: str) -> None:
    """Count a statement of the caller's for the `guard_n_plus_one` around it, if there is one."""
    guarded = guard.current.get()
    if guarded is not None and statement != SET_TRANSACTION_CONTEXT:
        guarded.note(statement)


class Connection(asyncpg.Connection):
    """An asyncpg connection that is reset on release only if a statement may have touched its session.

    It is asyncpg's in every other way.
    """

    __slots__ = ("_always_reset", "_deadlines", "_monitor", "_timed", "_touched", "_untimed", "is_told", "queries_then")

    if TYPE_CHECKING:  # of asyncpg's connection, whose stubs leave it out
        _query_loggers: set[Any]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._touched = False
        self._always_reset = False
        self._deadlines: Deadlines | None = None
        self.queries_then = -1
        """How many statements had run when the pool last looked whether it is in use."""
        self._monitor: Monitor | None = None
        self.is_told = False
        """Whether it is in a transaction of ours, which has told the server on whose behalf it runs."""

    def always_reset(self) -> None:
        """Reset on every release from now on, as asyncpg does."""
        self._always_reset = True

    def share_deadlines(self, deadlines: Deadlines) -> None:
        """Let one timer, which many connections share, end what `fetch` runs; asyncpg's ends everything else."""
        self._deadlines = deadlines
        self._timed: Any = self._config  # asyncpg's stubs leave it out
        self._untimed: Any = self._timed._replace(command_timeout=None)

    @property
    def is_touched(self) -> bool:
        """Whether the next release resets the session."""
        return self._touched or self._always_reset

    def touch(self) -> None:
        """Reset on the next release, whatever ran."""
        self._touched = True

    def _note(self, statement: str) -> None:
        _count(statement)
        if not self._touched and not leaves_session_alone(statement):
            self._touched = True

    def _telling(self, statement: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """Let the statement tell on whose behalf it runs, where no transaction does."""
        return (statement, values) if self.is_told else in_its_name(statement, values)

    def _telling_each(self, statement: str, rows: Iterable[Sequence[Any]]) -> tuple[str, Iterable[Sequence[Any]]]:
        """As `_telling`, of a statement that runs once for each row of values."""
        if self.is_told or current_request() is NOBODY:
            return statement, rows
        all_rows = list(rows)
        told = [in_its_name(statement, row) for row in all_rows]
        return (told[0][0], [values for _, values in told]) if told else (statement, all_rows)

    def get_reset_query(self) -> str:
        """Give the statements that undo what the session may have had done to it; none if nothing was."""
        return RESET if self.is_touched else ""

    def watch(self, monitor: Monitor | None) -> None:
        """Tell a monitor of every statement from now on, also of the one that the connection breaks under.

        Arguments:
            monitor: who hears it; None for nobody.
        """
        if self._monitor is not None:
            self.remove_query_logger(self._monitor.query)
        self._monitor = monitor
        if monitor is not None:
            self.add_query_logger(monitor.query)

    def _time_and_log(self, query: str, args: Any, timeout: float | None) -> Any:
        # asyncpg tells its query loggers by the event loop, which then goes round once more for each statement, longer
        # than the rest of monitoring takes; and not at all of a connection that broke. Alone, ours is told at once.
        if self._monitor is None or len(self._query_loggers) != 1:
            return super()._time_and_log(query, args, timeout)  # type: ignore[misc]
        return Timing(self._monitor, *as_asked(query, args))

    async def reset(self, *, timeout: float | None = None) -> None:
        """Roll back an open transaction, drop listeners and, if the session was touched, reset it.

        Arguments:
            timeout: seconds, or None for no limit.
        """
        await super().reset(timeout=timeout)
        self._touched = False

    # Every way by which a statement's text reaches the server, noted on its way.

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        """See asyncpg; COMMIT of a transaction that failed raises, where PostgreSQL rolls back and calls it success."""
        _count(query)
        touched = self._touched or not leaves_session_alone(query)
        self._touched = True  # until it is over: who gives the connection back meanwhile, has it reset
        sent, values = self._telling(query, args)
        status = await super().execute(sent, *values, timeout=timeout)
        self._touched = touched
        if query == "COMMIT;" and status == "ROLLBACK":
            raise asyncpg.InFailedSQLTransactionError("a statement failed before, so the transaction was rolled back")
        return status

    async def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> None:
        """See asyncpg."""
        self._note(command)
        await super().executemany(*self._telling_each(command, args), timeout=timeout)

    async def fetch(self, query: str, *args: Any, timeout: float | None = None, **keywords: Any) -> Any:
        """See asyncpg."""
        self._note(query)
        query, values = self._telling(query, args)
        if timeout is not None or self._deadlines is None:
            return await super().fetch(query, *values, timeout=timeout, **keywords)
        self._config = self._untimed
        try:
            return await self._deadlines.keep(super().fetch(query, *values, **keywords))
        finally:
            self._config = self._timed

    async def fetchval(self, query: str, *args: Any, **keywords: Any) -> Any:
        """See asyncpg."""
        self._note(query)
        query, values = self._telling(query, args)
        return await super().fetchval(query, *values, **keywords)

    async def fetchrow(self, query: str, *args: Any, **keywords: Any) -> Any:
        """See asyncpg."""
        self._note(query)
        query, values = self._telling(query, args)
        return await super().fetchrow(query, *values, **keywords)

    async def fetchmany(self, query: str, args: Any, **keywords: Any) -> list[Any]:
        """See asyncpg."""
        self._note(query)
        rows: list[Any] = await super().fetchmany(*self._telling_each(query, args), **keywords)
        return rows

    async def prepare(self, query: str, **keywords: Any) -> Any:
        """See asyncpg. What is prepared may still run when the connection is given back, so that is reset."""
        self._touched = True
        return await super().prepare(query, **keywords)

    def cursor(self, query: str, *args: Any, **keywords: Any) -> Any:
        """See asyncpg. A cursor may still be read when the connection is given back, so that is reset."""
        self._touched = True
        _count(query)
        return super().cursor(query, *args, **keywords)

    async def copy_from_query(self, query: str, *args: Any, **keywords: Any) -> str:
        """See asyncpg."""
        self._touched = True
        return await super().copy_from_query(query, *args, **keywords)

    async def copy_to_table(self, table_name: str, **keywords: Any) -> str:
        """See asyncpg."""
        self._touched = True
        return await super().copy_to_table(table_name, **keywords)

    async def copy_records_to_table(self, table_name: str, **keywords: Any) -> str:
        """See asyncpg."""
        self._touched = True
        return await super().copy_records_to_table(table_name, **keywords)
