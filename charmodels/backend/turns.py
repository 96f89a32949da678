"""The changes that one process makes to users' quotas: each user's one after the other, those of many users together.

The database makes one user's changes take turns anyhow, at the user's row in `user_quotas`. But there each waits with a
connection of the pool: a user with many requests, or one whose row is locked by a long transaction, would take them all
from everybody else. Here they wait without one.

What is asked for while other changes are on their way goes out as one statement when those return, as databases commit
in groups: a round trip, a transaction and a flush to the disk are shared by all. It is the group commit of DeWitt et
al., Implementation Techniques for Main Memory Database Systems, SIGMOD 1984. Such a statement never waits for a lock:
it leaves out the users that somebody else has locked. Many of these go along with the next statement, which costs less
than one for each; a single one, and who was left out time after time, is asked for alone, and waits there.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from charmodels.backend.deadlines import Deadlines
from charmodels.errors import CharmodelsError, DatabaseUnavailable, PoolTimeout, StatementTimeout
from charmodels.monitoring import guard
from charmodels.sql import statement

if TYPE_CHECKING:
    import asyncpg

    from charmodels.backend.client import Client

logger = logging.getLogger("charmodels.database")

LANES = 2
"""Statements for many that are on their way at once: the server works at one while this process works at another."""

FEW = 16
"""Users whose changes are not worth two statements."""

MOST = 256
"""Changes in one statement."""

TRIES = 4
"""Statements for many that a change goes along with while somebody else has its user locked."""

_NOBODYS = (DatabaseUnavailable, PoolTimeout, StatementTimeout)
"""Errors that none of the changes in a statement is to blame for."""

Abandoned = Callable[["Client", Sequence[Any], Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change to a user's quota.

    Arguments:
        one: the statement for one change; the user is its first parameter after those that are `shared`.
        many: the statement for many, or None where there is none. Its parameters are those of `one`, arrays but for
            the shared ones, and at last whether to wait for a lock. Its rows are those of `one` after the number of the
            change, from 1; none for a user that is locked, unless it waits, or is not there.
        shared: how many of the first parameters are the same for all.
        abandoned: undoes a change whose caller was cancelled meanwhile; takes the client, the values and the row.
    """

    one: str
    many: str | None = None
    shared: int = 0
    abandoned: Abandoned | None = None


@dataclass(eq=False, slots=True)
class _Request:
    change: Change
    owner: UUID
    values: Sequence[Any]
    context: Context = field(default_factory=copy_context)
    answer: asyncio.Future[asyncpg.Record | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    sent: tuple[asyncio.Task[None], Sequence[_Request]] | None = None
    tries: int = 0

    def expire(self, limit: float) -> None:
        """Give up if its turn has not come. A statement on its way has a limit of its own, and is the last try."""
        if self.sent is not None:
            self.tries = TRIES
        elif not self.answer.done():
            self.answer.set_exception(StatementTimeout(timeout=limit))

    def forsake(self) -> None:
        """Say that its caller waits no longer: a statement for which nobody waits is cancelled."""
        if self.sent is not None:
            task, batch = self.sent
            if all(request.answer.done() for request in batch):
                task.cancel()


class Turns:
    """Whose turn it is, in one open database.

    Arguments:
        client: of the database.
        seconds: how long a change may wait for its turn, or None for no limit.
    """

    def __init__(self, client: Client, seconds: float | None) -> None:
        self._client = client
        self._deadlines = None if seconds is None else Deadlines(seconds)
        self._busy: set[UUID] = set()
        self._waiting: dict[UUID, deque[_Request]] = {}
        self._ready: dict[UUID, None] = {}  # who waits and is not busy, in the order of their coming
        self._lanes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, change: Change, owner: UUID, values: Sequence[Any]) -> asyncpg.Record | None:
        """Make a change, when it is the user's turn.

        Arguments:
            change: its kind.
            owner: whose quota.
            values: of the statement for one.

        Returns:
            The row of the statement for one; None where it gives none.

        Raises:
            StatementTimeout: others were at it for as long as a statement may take.
            CharmodelsError: what the statement raises.
        """
        if (guarded := guard.current.get()) is not None:
            guarded.note(statement(change.one))
        request = _Request(change, owner, values)
        self._waiting.setdefault(owner, deque()).append(request)
        if owner not in self._busy:
            if not self._ready:  # what others ask for in the same moment goes along
                asyncio.get_running_loop().call_soon(self._go_on)
            self._ready[owner] = None
        if (deadlines := self._deadlines) is not None:
            deadlines.begin(request, partial(request.expire, deadlines.seconds))
        try:
            return await request.answer
        except asyncio.CancelledError:
            request.forsake()
            raise
        finally:
            if deadlines is not None:
                deadlines.end(request)

    def _leave(self, owners: Iterable[UUID]) -> None:
        """Let the next of these users take their turn."""
        for owner in owners:
            self._busy.discard(owner)
            if owner in self._waiting:
                self._ready[owner] = None
        self._go_on()

    def _go_on(self) -> None:
        """Send what can be sent."""
        while self._ready and self._lanes < LANES:
            batch = self._gather()
            if not batch:
                continue
            self._busy.update(request.owner for request in batch)
            if batch[0].change.many is None:
                self._start(self._one_by_one(batch), batch)
            else:
                self._lanes += 1
                self._start(self._together(batch, wait=False), batch)

    def _gather(self) -> list[_Request]:
        """Take what goes into one statement: a lane's share of the users, with all that each of them asked for."""
        share = max(-(-len(self._ready) // LANES), FEW)
        batch: list[_Request] = []
        for owner in list(self._ready)[:share]:
            waiting = self._waiting[owner]
            while waiting and len(batch) < MOST:
                if waiting[0].answer.done():  # its caller was cancelled
                    waiting.popleft()
                elif not batch or (waiting[0].change is batch[0].change and batch[0].change.many is not None):
                    batch.append(waiting.popleft())
                else:
                    break
            if not waiting:
                del self._waiting[owner]
            if not waiting or (batch and batch[-1].owner == owner):
                del self._ready[owner]
            if len(batch) == MOST:
                break
        return batch

    def _start(self, work: Coroutine[Any, Any, None], batch: Sequence[_Request] = ()) -> None:
        task = asyncio.get_running_loop().create_task(work, context=_context_of(batch))
        for request in batch:
            request.sent = task, batch
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _together(self, batch: list[_Request], *, wait: bool) -> None:
        """Make changes in one statement: of many users, without those whom somebody else has locked, or of one user."""
        owners = dict.fromkeys(request.owner for request in batch)
        try:
            rows = await self._ask(batch, wait=wait)
            locked: dict[UUID, list[_Request]] = {}
            for request, row in zip(batch, rows, strict=True):
                if row is None and not wait:  # or not there, which the next statement tells
                    locked.setdefault(request.owner, []).append(request)
                else:
                    self._answer(request, row)
            for owner, requests in locked.items():
                if len(locked) > 1 and self._put_back(owner, requests):
                    continue
                del owners[owner]
                self._start(self._together(requests, wait=True), requests)
        except Exception as error:
            if isinstance(error, CharmodelsError) and not isinstance(error, _NOBODYS):
                # One of them is to blame, and the others shall not have the harm: nothing is done yet.
                self._start(self._one_by_one(batch), batch)
                owners.clear()
            else:
                for request in batch:
                    _refuse(request, error)
        except BaseException:
            for request in batch:
                request.answer.cancel()
            raise
        finally:
            self._lanes -= not wait
            self._leave(owners)

    def _put_back(self, owner: UUID, requests: Sequence[_Request]) -> bool:
        """Let what was left out go along with the next statement; not when it was left out too often."""
        for request in requests:
            request.tries += 1
        if any(request.tries >= TRIES for request in requests):
            return False
        for request in requests:
            request.sent = None
        self._waiting.setdefault(owner, deque()).extendleft(reversed(requests))
        return True

    async def _one_by_one(self, requests: list[_Request]) -> None:
        try:
            for request in requests:
                if request.answer.done():  # its caller was cancelled
                    continue
                try:
                    rows = await self._client.fetch(statement(request.change.one), request.values)
                except Exception as error:
                    _refuse(request, error)
                else:
                    self._answer(request, rows[0] if rows else None)
        finally:
            for request in requests:
                request.answer.cancel()  # no more than the end of the loop leaves without an answer
            self._leave({request.owner: None for request in requests})

    async def _ask(self, requests: list[_Request], *, wait: bool) -> list[asyncpg.Record | None]:
        change = requests[0].change
        if change.many is None:
            raise AssertionError(f"{change.one} is sent alone")
        shared = requests[0].values[: change.shared]
        arrays = zip(*(request.values[change.shared :] for request in requests), strict=True)
        rows = await self._client.fetch(statement(change.many), [*shared, *arrays, wait])
        answers: list[asyncpg.Record | None] = [None] * len(requests)
        for row in rows:
            answers[row[0] - 1] = row
        return answers

    def _answer(self, request: _Request, row: asyncpg.Record | None) -> None:
        if not request.answer.done():
            request.answer.set_result(row)
        elif row is not None and request.change.abandoned is not None:
            self._start(self._undo(request.change.abandoned, request, row))

    async def _undo(self, abandoned: Abandoned, request: _Request, row: asyncpg.Record) -> None:
        try:
            await abandoned(self._client, request.values, row)
        except Exception:
            logger.warning("What a cancelled caller left behind could not be undone", exc_info=True)


def _context_of(batch: Sequence[_Request]) -> Context:
    """The context to send changes in: the caller's, by which logs and traces know the request; nobody's for many."""
    context = batch[0].context.copy() if len(batch) == 1 else Context()
    context.run(guard.current.set, None)  # it was counted when it was asked for
    return context


def _refuse(request: _Request, error: Exception) -> None:
    """Raise an error at the caller: a copy, for its traceback grows with each that raises it."""
    if not request.answer.done():
        own = copy.copy(error)
        own.__cause__ = error.__cause__
        request.answer.set_exception(own)
