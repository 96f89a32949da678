"""The Tortoise client: one pool, one seam for errors, transactions that lose no connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext as TortoiseTransactionContext
from tortoise.connection import ConnectionToken, get_connections

from charmodels.backend.executor import Executor
from charmodels.backend.pool import Borrowed, Pool, another_loop
from charmodels.backend.schema import SchemaGenerator
from charmodels.backend.session import SET_TRANSACTION_CONTEXT
from charmodels.backend.translation import is_drivers_own, translate
from charmodels.errors import DatabaseError, DatabaseUnavailable

logger = logging.getLogger("charmodels.database")


def _without_values(record: logging.LogRecord) -> bool:
    """Keep of Tortoise's "statement: values" the statement: the values are addresses and prompts."""
    if record.args:
        record.msg, record.args = next(iter(record.args)), None
    return True


statements = logging.getLogger("charmodels.statements")
"""Every statement, at DEBUG."""

statements.addFilter(_without_values)


class Client(AsyncpgDBClient):
    """A Tortoise database client on a `Pool`.

    Beyond Tortoise's credentials it takes `acquire_timeout` (seconds), `always_reset`, `ports`, one for each host, and
    `schema_apps`, the labels whose tables Aerich's first migration creates, or None for all.
    """

    executor_class = Executor
    schema_generator = SchemaGenerator  # type: ignore[assignment]
    _pool: Pool | None

    def __init__(
        self,
        *,
        acquire_timeout: float = 10.0,
        always_reset: bool = False,
        ports: list[int] | None = None,
        schema_apps: list[str] | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.log = statements
        self.ports = ports or keywords.get("port")  # None: PGPORT, then 5432, as for every other asyncpg connection
        self.schema_apps = schema_apps
        self.acquire_timeout = acquire_timeout
        self.always_reset = always_reset
        self._closed = False

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
            raise self.translated(error) from _cause(error)
        try:
            yield connection
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise self.translated(error) from _cause(error)
        except (OSError, TimeoutError) as error:
            # The block may have files, sockets and clocks of its own; these are the driver's.
            if is_drivers_own(error):
                raise self.translated(error) from error
            raise
        finally:
            await pool.release(connection)

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
        try:
            pool = self._pool or await self.pool()
            connection = await pool.take()
            try:
                rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
            finally:
                await pool.release(connection)
        except Exception as error:
            raise self.translated(error) from _cause(error)
        return rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Run one statement and return its rows as dicts."""
        return [dict(row) for row in await self.fetch(query, values or ())]

    def acquire_connection(self) -> Any:
        """Borrow a connection, for Tortoise's own statements."""
        return self.connection()

    def translated(self, error: BaseException) -> BaseException:
        """Turn what the driver raised into an error of ours."""
        return translate(error, command_timeout=self.command_timeout)

    async def _translate_exceptions(self, func: Any, *arguments: Any, **keywords: Any) -> Any:
        try:
            return await func(self, *arguments, **keywords)
        except Exception as error:
            raise self.translated(error) from _cause(error)

    def _in_transaction(self) -> TransactionContext:
        return TransactionContext(TransactionClient(self))


def _cause(error: BaseException) -> BaseException | None:
    """Chain to the driver's error; an error that is ours already keeps the cause it has."""
    return error.__cause__ if translate(error) is error else error


class TransactionClient(TransactionWrapper, Client):
    """The client inside a transaction: one connection, which the statements of the block share.

    It is what `async with cm.transaction() as tx` gives, and goes wherever Tortoise takes `using_db`.
    """

    _connection: Borrowed  # type: ignore[assignment]

    def __init__(self, parent: Client) -> None:
        super().__init__(parent)
        if isinstance(parent, TransactionClient):
            self._lock = parent._lock
        self.options: dict[str, Any] = {}
        self.refuses_writes = False  # as a savepoint; a transaction says so in its options
        outer = parent if isinstance(parent, TransactionClient) else None
        self.actor: str | None = outer.actor if outer else None
        self.request_id: str | None = outer.request_id if outer else None
        self._outer_actor, self._outer_request_id = self.actor, self.request_id

    @property
    def command_timeout(self) -> float | None:
        """Seconds a statement may take, or None for no limit."""
        return self._parent.command_timeout  # type: ignore[attr-defined, no-any-return]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Borrowed]:
        """Give the transaction's connection, one statement at a time.

        Raises:
            DatabaseError: the transaction or savepoint is over, so that the statement would run outside of it.
        """
        async with self._lock:
            if self.is_over:
                raise DatabaseError(sqlstate=None, reason="the transaction that it belongs to is over")
            try:
                yield self._connection
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise self.translated(error) from _cause(error)
            except (OSError, TimeoutError) as error:
                if is_drivers_own(error):
                    raise self.translated(error) from error
                raise

    async def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[asyncpg.Record]:
        """Run one statement of the transaction and return its rows."""
        if self.log.isEnabledFor(logging.DEBUG):
            self.log.debug(statement)
        async with self.connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
        return rows

    def acquire_connection(self) -> Any:
        """Give the transaction's connection, for Tortoise's own statements."""
        return self.connection()

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Run one statement of the transaction and return its rows as dicts."""
        return [dict(row) for row in await self.fetch(query, values or ())]

    async def begin(self) -> None:
        """Begin, and tell the database who acts."""
        async with self.connection() as connection:
            self.transaction = connection.transaction(**self.options)
            await self.transaction.start()
            try:
                if self.refuses_writes:
                    await connection.execute("SET LOCAL transaction_read_only = on")  # ends with the savepoint
                if self._acts_for_another:
                    await connection.execute(SET_TRANSACTION_CONTEXT, self.actor or "", self.request_id or "")
            except BaseException:
                if not self.is_lost:
                    await self.transaction.rollback()
                raise

    async def commit(self) -> None:
        """Commit, or release the savepoint, after which the outer transaction's actor acts again.

        Raises:
            DatabaseError: a statement failed before, so that PostgreSQL rolled back (SQLSTATE 25P02).
        """
        async with self.connection() as connection:
            try:
                await super().commit()
            except asyncpg.InFailedSQLTransactionError:
                if isinstance(self._parent, TransactionClient):  # the savepoint fails alone
                    await connection.execute(f"ROLLBACK TO {self.transaction._id};")  # type: ignore[union-attr]
                raise
            if self._acts_for_another and connection.is_in_transaction():
                await connection.execute(SET_TRANSACTION_CONTEXT, self._outer_actor or "", self._outer_request_id or "")

    async def rollback(self) -> None:
        """Undo everything since the beginning, or since the savepoint."""
        async with self.connection():
            await super().rollback()

    @property
    def _acts_for_another(self) -> bool:
        return (self.actor, self.request_id) != (self._outer_actor, self._outer_request_id)

    @property
    def isolation(self) -> str:
        """The isolation of the transaction, which is that of the outermost."""
        if isinstance(self._parent, TransactionClient):
            return self._parent.isolation
        return self.options.get("isolation") or "read_committed"

    @property
    def is_over(self) -> bool:
        """Whether it was committed or rolled back, it or one around it."""
        parent = self._parent
        return self._finalized or (isinstance(parent, TransactionClient) and parent.is_over)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone, and the transaction with it."""
        inner = self._connection._con  # type: ignore[attr-defined]
        return inner is None or bool(inner.is_closed())  # the pool takes a connection that broke back at once

    def _in_transaction(self) -> Savepoint:  # type: ignore[override]
        return Savepoint(TransactionClient(self))


class TransactionContext(TortoiseTransactionContext):
    """Begin, then commit or roll back, on a connection that finds its way back to the pool whatever happens.

    Tortoise's own loses the connection when BEGIN fails.
    """

    __slots__ = ("_pool", "_token", "client")

    def __init__(self, client: TransactionClient) -> None:
        self.client: TransactionClient = client

    async def __aenter__(self) -> TransactionClient:
        parent: Client = self.client._parent  # type: ignore[assignment]
        try:
            self._pool = await parent.pool()
            connection = await self._pool.take()
        except Exception as error:
            raise parent.translated(error) from _cause(error)
        self.client._connection = connection
        try:
            await self.client.begin()
        except BaseException:
            await self._pool.release(connection)
            raise
        self._token = get_connections().set(self.client.connection_name, self.client)
        return self.client

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            await _finish(self.client, error)
        finally:
            _leave(self._token)
            await self._pool.release(self.client._connection)


class Savepoint(TortoiseTransactionContext):
    """A transaction inside a transaction: a savepoint."""

    __slots__ = ("_token", "client")

    def __init__(self, client: TransactionClient) -> None:
        self.client: TransactionClient = client

    async def __aenter__(self) -> TransactionClient:
        await self.client.begin()
        self._token = get_connections().set(self.client.connection_name, self.client)
        return self.client

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            await _finish(self.client, error)
        finally:
            _leave(self._token)


def _leave(token: ConnectionToken) -> None:
    """Make the client around this one the current one again."""
    # In another context than it was made in, the token is worth nothing, and what it stands for is not current.
    with suppress(ValueError):
        get_connections().reset(token)


async def _finish(client: TransactionClient, error: BaseException | None) -> None:
    """Commit after a block that went well; roll back after one that did not, and let its own error speak."""
    if client._finalized:
        return
    try:
        if error is None:
            await client.commit()
        elif not client.is_lost:
            await client.rollback()
    except Exception as rollback_error:
        if error is None:
            raise
        logger.warning("Rolling back failed: %s", rollback_error)
    finally:
        client._finalized = True  # however it ended: a task that was left behind gets an error
