"""Transactions that say who acts, and that run again when they lose a race."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Literal, ParamSpec, TypeVar, get_args
from uuid import UUID

from charmodels.backend.client import FIRST_DELAY, Client
from charmodels.backend.transaction import TransactionClient
from charmodels.context import current_request
from charmodels.database import CONNECTION, current
from charmodels.errors import ConfigurationError, InvalidInput, SerializationFailure
from charmodels.values import Key, validate

P = ParamSpec("P")
R = TypeVar("R")

Isolation = Literal["read_committed", "repeatable_read", "serializable"]


class transaction:  # noqa: N801 - read as a word of the language: `async with cm.transaction():`
    """A transaction: of one block, or of a function that runs again when it loses.

    As a block it runs once; a block cannot be run again, so losing a race raises SerializationFailure. As a decorator
    or through `run` the whole function is repeated, which is right only if it does nothing but talk to the database.

    Inside another transaction a block is a savepoint, and a function runs once: only the outermost can run again. The
    isolation is the outermost's. Tasks may share a transaction, whose statements then take turns; but savepoints nest,
    so blocks inside it must not run side by side.

    Arguments:
        actor: who acts, for the audit trail; until the transaction ends. Unless said, `request_context`'s.
        request_id: what to find the request by, for the audit trail. Unless said, `request_context`'s.
        isolation: "read_committed" unless said otherwise, "repeatable_read" or "serializable".
        readonly: refuse to write.
        retries: how often a function runs again after a serialization failure or a deadlock.

    Raises:
        InvalidInput: an argument is none of these.
        SerializationFailure: lost to a concurrent transaction, as a block, or as a function too often.
        ConfigurationError: no database is open.

    Example:
        >>> import charmodels as cm
        >>> async def rename(user: cm.User) -> None:
        ...     async with cm.transaction(actor=user.id):
        ...         user.name = "Ada"
        ...         await user.save()
        >>> @cm.transaction(isolation="serializable", retries=5)
        ... async def count_users() -> int:
        ...     return await cm.User.objects.count()
    """

    def __init__(
        self,
        *,
        actor: UUID | str | None = None,
        request_id: str | None = None,
        isolation: Isolation | None = None,
        readonly: bool = False,
        retries: int = 3,
    ) -> None:
        if retries < 0:
            raise InvalidInput(field="retries", reason="must not be negative")
        if isolation not in (None, *get_args(Isolation)):
            raise InvalidInput(field="isolation", reason=f"must be one of {', '.join(get_args(Isolation))}")
        self.actor = None if actor is None else validate("actor", Key, str(actor))
        self.request_id = None if request_id is None else validate("request_id", Key, request_id)
        self.isolation: Isolation | None = isolation
        self.readonly = readonly
        self.retries = retries
        self._context: Any = None

    def _client(self) -> Client:
        current()
        from tortoise.context import require_context  # what is open, or the transaction around this one

        client = require_context().connections.get(CONNECTION)
        assert isinstance(client, Client)
        return client

    async def __aenter__(self) -> TransactionClient:
        if self._context is not None:
            raise ConfigurationError(reason="This transaction is under way; make one for each block")
        outer = self._client()
        context = outer._in_transaction()
        client = context.client
        if not isinstance(outer, TransactionClient):
            client.options = {"isolation": self.isolation, "readonly": self.readonly}
        elif self.isolation not in (None, outer.isolation):
            raise ConfigurationError(reason="A transaction inside another has the isolation of the outermost")
        else:
            client.refuses_writes = self.readonly
        request = current_request()
        client.actor = self.actor or client.actor or request.actor
        client.request_id = self.request_id or client.request_id or request.request_id
        self._context = context
        try:
            return await context.__aenter__()
        except BaseException:
            self._context = None
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        context, self._context = self._context, None
        await context.__aexit__(kind, error, traceback)

    def __call__(self, function: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        """Make a function that runs in a transaction, by `run`, each time it is called."""

        @functools.wraps(function)
        async def in_transaction(*arguments: P.args, **keywords: P.kwargs) -> R:
            return await self.run(function, *arguments, **keywords)

        return in_transaction

    async def run(self, function: Callable[P, Awaitable[R]], *arguments: P.args, **keywords: P.kwargs) -> R:
        """Run a function in a transaction, again if it loses.

        Arguments:
            function: the whole of the transaction; it must not act outside the database.
            arguments, keywords: handed to it.

        Returns:
            What the function returned when it won.

        Raises:
            SerializationFailure: it lost more often than `retries` allow.

        Example:
            >>> import charmodels as cm
            >>> async def rename(user: cm.User, name: str) -> None:
            ...     user.name = name
            ...     await user.save()
            >>> async def main(user: cm.User) -> None:
            ...     await cm.transaction(actor=user.id).run(rename, user, "Ada")
        """
        nested = isinstance(self._client(), TransactionClient)
        for attempt in range(self.retries + 1):
            try:
                async with self._again():
                    return await function(*arguments, **keywords)
            except SerializationFailure:
                if nested or attempt == self.retries:
                    raise
                await asyncio.sleep(random.uniform(0, FIRST_DELAY * 2**attempt))
        raise AssertionError("unreachable")

    def _again(self) -> transaction:
        """Make a transaction like this one, for each entry needs a context of its own."""
        return transaction(
            actor=self.actor,
            request_id=self.request_id,
            isolation=self.isolation,
            readonly=self.readonly,
            retries=self.retries,
        )
