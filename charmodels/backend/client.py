"""The Tortoise client: one pool, and one seam for errors."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from charmodels.backend.executor import Executor
from charmodels.backend.pool import Borrowed, Pool, another_loop
from charmodels.backend.schema import SchemaGenerator
from charmodels.backend.translation import is_drivers_own, translate
from charmodels.backend.turns import Change, Turns
from charmodels.enums import SubscriptionTier
from charmodels.errors import DatabaseUnavailable, SerializationFailure
from charmodels.monitoring.monitor import Monitor
from charmodels.plans import PLANS, Plan

if TYPE_CHECKING:
    from uuid import UUID

    from charmodels.backend.transaction import TransactionContext

logger = logging.getLogger("charmodels.database")

FIRST_DELAY = 0.01
"""Seconds before what lost a race runs again, at most; doubles each time."""

_LITERAL = re.compile(r"'(?:[^']|'')*'")


def _without_values(record: logging.LogRecord) -> bool:
    """Keep of Tortoise's "statement: values" the statement: the values are addresses and prompts."""
    if record.args:
        record.msg, record.args = next(iter(record.args)), None
    if isinstance(record.msg, str):  # UNION and EXPLAIN hold their values in the statement
        record.msg = _LITERAL.sub("'...'", record.msg)
    return True


statements = logging.getLogger("charmodels.statements")
"""Every statement, at DEBUG."""

statements.addFilter(_without_values)


class Client(AsyncpgDBClient):
    """A Tortoise database client on a `Pool`.

    Beyond Tortoise's credentials it takes `acquire_timeout` (seconds), `always_reset`, `ports`, one for each host, and
    `schema_apps`, the labels whose tables Aerich's first migration creates, or None for all. `plans` is what each
    tier is worth; `daily_limits` and `priorities` say so to the functions of the schema, as JSON. `cursor_key` signs
    page cursors.
    """

    executor_class = Executor
    schema_generator = SchemaGenerator  # type: ignore[assignment]
    retries = 3
    """How often a statement runs again that lost a race. Outside a transaction it is one of its own, undone whole."""
    _pool: Pool | None

    def __init__(
        self,
        *,
        acquire_timeout: float = 10.0,
        always_reset: bool = False,
        ports: list[int] | None = None,
        schema_apps: list[str] | None = None,
        plans: Mapping[SubscriptionTier, Plan] = PLANS,
        cursor_key: bytes | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.log = statements
        self.daily_limits = json.dumps({tier: plan.daily_quota for tier, plan in plans.items()})
        self.priorities = json.dumps({tier: plan.priority for tier, plan in plans.items()})
        self.cursor_key = cursor_key
        self.ports = ports or keywords.get("port")  # None: PGPORT, then 5432, as for every other asyncpg connection
        self.schema_apps = schema_apps
        self.acquire_timeout = acquire_timeout
        self.always_reset = always_reset
        self.monitor: Monitor | None = None
        self._turns = Turns(self, self.command_timeout)
        self._closed = False

    @property
    def root(self) -> Client:
        """The client itself; of a transaction, the one that it was begun on."""
        return self

    @property
    def command_timeout(self) -> float | None:
        """Seconds a statement may take, or None for no limit."""
        timeout: float | None = self.extra.get("command_timeout")
        return timeout

    # Opening and closing

    async def create_connection(self, with_db: bool) -> None:
        """Open the pool and its first connections; one attempt."""
        if self._closed:
            raise DatabaseUnavailable(reason="the database was closed")
        pool = Pool(
            acquire_timeout=self.acquire_timeout,
            always_reset=self.always_reset,
            monitor=self.monitor,
            host=self.host,
            port=self.ports,
            user=self.user,
            password=self.password,
            database=self.database if with_db else "postgres",
            min_size=self.pool_minsize,
            max_size=self.pool_maxsize,
            server_settings=self.server_settings,
            **self.extra,
        )
        # The pool connects its first connections here, or none: one tells whether the server answers.
        await pool
        try:
            async with pool.borrow():
                pass
        except BaseException:
            pool.terminate()
            raise
        self._pool = pool
        await self._post_connect()

    async def _close(self) -> None:
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), 10)
        except TimeoutError:
            logger.warning("The pool still had busy connections after 10 s and was cut off")
            pool.terminate()

    def _check_loop(self) -> bool:
        if super()._check_loop():
            return True
        raise another_loop()

    async def pool(self) -> Pool:
        """Give the pool, opened on first use.

        Returns:
            The open pool.

        Raises:
            DatabaseUnavailable: the client was closed, or the server cannot be reached.
        """
        if self._pool is None:
            async with self._pool_init_lock:
                if self._pool is None:
                    await self.create_connection(with_db=True)
        if self._pool is None:
            raise DatabaseUnavailable(reason="the database was closed")
        return self._pool

    # Statements

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Borrowed]:
        """Borrow a connection; errors of the driver come out as ours.

        Raises:
            PoolTimeout: none became free in time.
            DatabaseUnavailable: the server cannot be reached or went away.
        """
        try:
            pool = await self.pool()
            connection = await pool.take()
        except Exception as error:
            self.reraise(error)
        try:
            with self.translating():
                yield connection
        finally:
            await pool.release(connection)

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Let errors of the driver come out of a block as ours, and the block's own as they are."""
        try:
            yield
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            self.reraise(error)
        except (OSError, TimeoutError) as error:
            # The block may have files, sockets and clocks of its own.
            if is_drivers_own(error):
                self.reraise(error)
            raise

    async def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[asyncpg.Record]:
        """Run one statement and return its rows.

        Arguments:
            statement: SQL with $1, $2, ...
            values: one for each.

        Returns:
            The rows; none for a statement without.

        Raises:
            CharmodelsError: whatever went wrong, translated.
        """
        if self.log.isEnabledFor(logging.DEBUG):
            self.log.debug(statement)
        losses = 0
        while True:
            try:
                pool = self._pool or await self.pool()
                connection = await pool.take()
                try:
                    rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
                finally:
                    await pool.release(connection)
                return rows
            except Exception as error:
                losses = await self._lost(error, losses)

    async def change(self, change: Change, owner: UUID, values: Sequence[Any]) -> asyncpg.Record | None:
        """Change a user's quota when it is the user's turn, maybe in one statement with changes of others.

        Arguments:
            change: its kind.
            owner: the user's id.
            values: of the statement for one.

        Returns:
            The row of the statement for one; None where it gives none.

        Raises:
            StatementTimeout: others were at it for as long as a statement may take.
            CharmodelsError: whatever else went wrong, translated.
        """
        return await self._turns.take(change, owner, values)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Run one statement and return its rows as dicts."""
        return [dict(row) for row in await self.fetch(query, values or ())]

    def acquire_connection(self) -> Any:
        """Borrow a connection, for Tortoise's own statements."""
        return self.connection()

    def reraise(self, error: Exception) -> NoReturn:
        """Raise what the driver raised as an error of ours, chained to it; anything else as it is.

        Arguments:
            error: just caught.
        """
        ours = translate(error, command_timeout=self.command_timeout)
        if ours is error:
            raise error
        raise ours from error

    async def _translate_exceptions(self, func: Any, *arguments: Any, **keywords: Any) -> Any:
        # A script may hold several transactions, which are not undone together.
        losses = self.retries if func.__name__ == "execute_script" else 0
        while True:
            try:
                return await func(self, *arguments, **keywords)
            except Exception as error:
                losses = await self._lost(error, losses)

    async def _lost(self, error: Exception, losses: int) -> int:
        """Return how often a statement has lost a race, after a moment, if it may run again; else raise why not."""
        try:
            self.reraise(error)
        except SerializationFailure:
            if losses >= self.retries:
                raise
        await asyncio.sleep(random.uniform(0, FIRST_DELAY * 2**losses))
        return losses + 1

    def _in_transaction(self) -> TransactionContext:
        from charmodels.backend.transaction import TransactionContext  # which builds on this class

        return TransactionContext(self)
