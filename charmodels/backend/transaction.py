"""Transactions and savepoints: they say who acts, lose no connection, and let nothing run outside of them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import asyncpg
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.backends.base.client import TransactionContext as TortoiseTransactionContext
from tortoise.connection import get_connections

from charmodels import sql
from charmodels.backend.client import Client
from charmodels.backend.pool import Borrowed
from charmodels.backend.session import SET_TRANSACTION_CONTEXT
from charmodels.backend.turns import Change
from charmodels.context import current_request
from charmodels.errors import DatabaseError

if TYPE_CHECKING:
    from uuid import UUID

logger = logging.getLogger("charmodels.database")


class TransactionClient(TransactionWrapper, Client):
    """The client inside a transaction: one connection, which the statements of the block share.

    It is what `async with cm.transaction() as tx` gives, and goes wherever Tortoise takes `using_db`.

    Arguments:
        parent: the pool's client, or the transaction around this one, which makes it a savepoint.
    """

    retries = 0  # what one of its statements loses, the whole transaction has lost
    _connection: Borrowed  # type: ignore[assignment]

    def __init__(self, parent: Client) -> None:
        super().__init__(parent)
        self.parent = parent
        self.daily_limits, self.priorities = parent.daily_limits, parent.priorities
        self.outer = parent if isinstance(parent, TransactionClient) else None
        self.options: dict[str, Any] = {}
        self.refuses_writes = False  # as a savepoint; a transaction says so in its options
        self.actor: str | None = None
        self.request_id: str | None = None
        if self.outer is not None:
            self._lock = self.outer._lock
            self.actor, self.request_id = self.outer.actor, self.outer.request_id
        self._outer_actor, self._outer_request_id = self.actor, self.request_id
        if self.outer is None:  # unless `cm.transaction` says otherwise; Tortoise's own transactions cannot
            request = current_request()
            self.actor, self.request_id = request.actor, request.request_id

    @property
    def root(self) -> Client:
        """The client of the pool that the transaction was begun on."""
        return self.parent.root

    @property
    def command_timeout(self) -> float | None:
        """Seconds a statement may take, or None for no limit."""
        return self.parent.command_timeout

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Borrowed]:
        """Give the transaction's connection, one statement at a time.

        Raises:
            DatabaseError: the transaction or savepoint is over, so that the statement would run outside of it.
        """
        async with self._lock:
            if self.is_over:
                raise DatabaseError(sqlstate=None, reason="the transaction that it belongs to is over")
            with self.translating():
                yield self._connection

    async def change(self, change: Change, owner: UUID, values: Sequence[Any]) -> asyncpg.Record | None:
        """Change a user's quota at once: this very transaction may have locked the user, and must not queue for it."""
        rows = await self.fetch(sql.statement(change.one), values)
        return rows[0] if rows else None

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
                if self.outer is not None and self.transaction is not None:  # the savepoint fails alone
                    await connection.execute(f"ROLLBACK TO {self.transaction._id};")  # type: ignore[attr-defined]
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
        return self.outer.isolation if self.outer is not None else self.options.get("isolation") or "read_committed"

    @property
    def is_over(self) -> bool:
        """Whether it was committed or rolled back, it or one around it."""
        return self._finalized or (self.outer is not None and self.outer.is_over)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone, and the transaction with it."""
        inner = self._connection._con  # type: ignore[attr-defined]
        return inner is None or bool(inner.is_closed())  # the pool takes a connection that broke back at once

    async def finish(self, error: BaseException | None) -> None:
        """Commit after a block that went well; roll back after one that did not, and let its own error speak.

        Arguments:
            error: what the block raised, or None.
        """
        if self._finalized:
            return
        try:
            if error is None:
                await self.commit()
            elif not self.is_lost:
                await self.rollback()
        except Exception as failure:
            if error is None:
                raise
            logger.warning("Rolling back failed: %s", failure)
        finally:
            self._finalized = True  # however it ended: a task that was left behind gets an error

    def _in_transaction(self) -> Savepoint:  # type: ignore[override]
        return Savepoint(self)


class Savepoint(TortoiseTransactionContext):
    """A transaction inside a transaction."""

    __slots__ = ("_token", "client")

    def __init__(self, parent: Client) -> None:
        self.client: TransactionClient = TransactionClient(parent)

    async def __aenter__(self) -> TransactionClient:
        await self.client.begin()
        self._token = get_connections().set(self.client.connection_name, self.client)
        return self.client

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            await self.client.finish(error)
        finally:
            # In another context than it was made in, the token is worth nothing, and what it stands for is not current.
            with suppress(ValueError):
                get_connections().reset(self._token)


class TransactionContext(Savepoint):
    """A transaction on a connection that finds its way back to the pool whatever happens.

    Tortoise's own loses the connection when BEGIN fails.
    """

    __slots__ = ("_pool",)

    async def __aenter__(self) -> TransactionClient:
        parent = self.client.parent
        try:
            self._pool = await parent.pool()
            connection = await self._pool.take()
        except Exception as error:
            parent.reraise(error)
        self.client._connection = connection
        _tell(connection, True)
        try:
            return await super().__aenter__()
        except BaseException:
            await self._release(connection)
            raise

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            await super().__aexit__(kind, error, traceback)
        finally:
            await self._release(self.client._connection)

    async def _release(self, connection: Borrowed) -> None:
        _tell(connection, False)
        await self._pool.release(connection)


def _tell(connection: Borrowed, is_told: bool) -> None:
    """Note whether the transaction tells the server on whose behalf its statements run."""
    inner = connection._con  # type: ignore[attr-defined]
    if inner is not None:  # else the pool has taken it back: it broke
        inner.is_told = is_told
