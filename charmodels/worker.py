"""A worker: claims generations, has them made, and hands in the pictures."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from charmodels import clock, limits
from charmodels.backend.client import Client
from charmodels.backend.listener import Listener
from charmodels.errors import (
    DatabaseUnavailable,
    GenerationRejected,
    InvalidInput,
    LeaseLost,
    PoolTimeout,
    SerializationFailure,
    StatementTimeout,
)
from charmodels.generations import Picture
from charmodels.models.generation import Generation, GenerationJob
from charmodels.querysets.jobs import Job, checked_lease
from charmodels.querysets.queue import CHANNEL, LEASE
from charmodels.sql import statement
from charmodels.values import Name, validate, whole_number

logger = logging.getLogger("charmodels.worker")

Handler = Callable[[Job], Awaitable[Picture]]
"""Makes the picture that a job asks for."""

_PASSING = (DatabaseUnavailable, PoolTimeout, StatementTimeout, SerializationFailure)
"""What goes over: to be tried again."""

_LONGEST_PAUSE = 15.0
"""Seconds between two tries while the database is away, at most."""


@dataclass(eq=False, slots=True)
class _Hand:
    """A job under way.

    Attributes:
        making: the handler's task. Nothing else is interrupted, so what the handler brought is always reported.
        given_up: whether it was interrupted.
        lost: whether the job is another's by now.
    """

    job: Job
    making: asyncio.Task[Picture]
    given_up: bool = False
    lost: bool = False

    def give_up(self) -> None:
        """Interrupt the handler, once: it may have something to clean up."""
        if not self.given_up and not self.making.done():
            self.given_up = True
            self.making.cancel()


class Worker:
    """Makes the pictures that users ask for, several at a time.

    It claims as many jobs as it has hands free, renews their leases, hands in what the handler brings, takes back what
    other workers left behind when they died, and outlives a database that is away for a while. It installs no signal
    handlers: the program around it calls `stop`.

    What the handler raises fails the attempt, and another follows after a back-off; `GenerationRejected` fails it for
    good. When the user cancels a job, or the lease is lost, the handler's task is cancelled.

    Arguments:
        handler: makes the picture of a job. It may run more than once for one generation, when a worker died with it,
            so it should ask its provider idempotently, by `job.id`.
        name: for the record; None for host and process.
        concurrency: jobs at once.
        lease: how long a job is the worker's unless it renews the lease, which it does thrice in that time. A job whose
            worker died waits for as long, and for the next sweep of another worker, up to a third of that one's lease.
        poll: how often to look for work without being woken.
        grace: how long `stop` lets running jobs go on; what is not done by then is given back.

    Raises:
        InvalidInput: an argument is out of range.

    Example:
        >>> async def draw(job: Job) -> Picture:
        ...     return Picture(image_url=f"https://images.example/{job.id}.png")
        >>> async def main() -> None:
        ...     worker = Worker(draw, concurrency=8)
        ...     asyncio.get_running_loop().call_later(60, worker.stop)
        ...     await worker.run()
    """

    def __init__(
        self,
        handler: Handler,
        *,
        name: str | None = None,
        concurrency: int = 4,
        lease: timedelta = LEASE,
        poll: timedelta = timedelta(seconds=5),
        grace: timedelta = timedelta(seconds=30),
    ) -> None:
        if not callable(handler):
            raise InvalidInput(field="handler", reason="must be an async function of a job")
        if not isinstance(poll, timedelta) or poll <= timedelta():
            raise InvalidInput(field="poll", reason="must be a timedelta of more than 0")
        if not isinstance(grace, timedelta) or grace < timedelta():
            raise InvalidInput(field="grace", reason="must be a timedelta of at least 0")
        called = f"{socket.gethostname()[:60]}-{os.getpid()}" if name is None else name
        self.handler = handler
        self.name: str = validate("name", Name, called)
        self.concurrency = whole_number("concurrency", concurrency, most=limits.CLAIMED_AT_ONCE)
        self.lease = checked_lease(lease)
        self.poll = poll
        self.grace = grace
        self._stopping = asyncio.Event()
        self._hands: dict[asyncio.Task[None], _Hand] = {}

    @property
    def busy(self) -> int:
        """How many jobs it is at."""
        return len(self._hands)

    def stop(self) -> None:
        """Claim nothing any more; `run` returns when the running jobs are done, or given back."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop` is called.

        A cancelled `run` gives running jobs back at once.

        Raises:
            CharmodelsError: the database cannot be used, for a reason that does not pass, such as pending migrations.
        """
        client = Generation.objects._client()
        beside = [asyncio.create_task(self._keep_leases(client)), asyncio.create_task(self._sweep())]
        try:
            async with Listener(client, CHANNEL) as listener:
                await self._claim_until_stopped(listener)
                await self._let_finish(listener)
        finally:
            try:
                await self._give_back()
            finally:
                for hand in self._hands.values():  # cancelled once more while it gave back
                    hand.making.cancel()
                for task in (*self._hands, *beside):
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    async def _claim_until_stopped(self, listener: Listener) -> None:
        stopped = asyncio.create_task(self._stopping.wait())
        stopped.add_done_callback(lambda _: listener.wake())
        pause = 1.0
        try:
            while not self._stopping.is_set():
                free = self.concurrency - len(self._hands)
                claimed = 0
                if free:
                    try:
                        claimed = await self._claim(free, listener)
                        pause = 1.0
                    except _PASSING as error:
                        logger.warning("Worker %s cannot claim (%s), and tries again", self.name, type(error).__name__)
                        with suppress(TimeoutError):
                            await asyncio.wait_for(self._stopping.wait(), pause)
                        pause = min(pause * 2, _LONGEST_PAUSE)
                        continue
                if claimed < free or not free:
                    self._give_up_cancelled(await listener.wait(self.poll.total_seconds()))
        finally:
            stopped.cancel()

    async def _claim(self, most: int, listener: Listener) -> int:
        """Claim jobs and begin them. Who is cancelled meanwhile has them all the same, to give them back."""
        claiming = asyncio.create_task(Generation.objects.claim(self.name, most, self.lease))
        try:
            jobs = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.wait([claiming], timeout=_LONGEST_PAUSE)
            if claiming.done() and not claiming.cancelled() and claiming.exception() is None:
                self._begin(claiming.result(), listener)
                for hand in self._hands.values():  # no handler of these has begun yet
                    hand.give_up()
            claiming.cancel()
            raise
        self._begin(jobs, listener)
        return len(jobs)

    def _begin(self, jobs: list[Job], listener: Listener) -> None:
        for job in jobs:
            hand = _Hand(job, asyncio.create_task(self._make(job), name=f"generation {job.id}"))
            work = asyncio.create_task(self._work(hand))
            self._hands[work] = hand
            work.add_done_callback(self._done)
            work.add_done_callback(lambda _: listener.wake())

    async def _make(self, job: Job) -> Picture:
        return await self.handler(job)

    def _done(self, work: asyncio.Task[None]) -> None:
        hand = self._hands.pop(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            logger.error("Generation %s is left to its lease: nothing can be reported", hand.job.id, exc_info=error)

    def _give_up_cancelled(self, heard: set[str]) -> None:
        """Interrupt the jobs that their users cancelled, whose ids were notified."""
        for hand in self._hands.values():
            if str(hand.job.id) in heard:
                hand.job.cancel_requested = True
                hand.give_up()

    async def _work(self, hand: _Hand) -> None:
        """Wait for the handler, and report what it brings."""
        job, making = hand.job, hand.making
        await asyncio.wait([making])
        if hand.given_up and (making.cancelled() or making.exception() is not None):
            if hand.lost:
                logger.warning("Worker %s no longer has generation %s: its lease ran out", self.name, job.id)
            else:
                await self._put_down(job)
            return
        try:
            picture = making.result()
            if not isinstance(picture, Picture):
                raise TypeError(f"the handler must return a Picture, not {type(picture).__name__}")
            await self._insist(lambda: job.complete(picture.image_url, picture.thumbnail_url, picture.metadata))
        except LeaseLost:
            logger.warning("Worker %s no longer has generation %s: its lease ran out", self.name, job.id)
        except asyncio.CancelledError:
            if not making.cancelled():
                raise
            await self._end(job, "CancelledError: the handler was cancelled, and not by its worker", retry=True)
        except GenerationRejected as error:
            await self._end(job, str(error), retry=False)
        except Exception as error:
            logger.warning("Generation %s failed at attempt %d", job.id, job.attempt, exc_info=True)
            await self._end(job, f"{type(error).__name__}: {error}", retry=True)

    async def _end(self, job: Job, reason: str, *, retry: bool) -> None:
        storable = reason.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        with suppress(LeaseLost):
            status = await self._insist(lambda: job.fail(storable, retry=retry))
            logger.info("Generation %s is %s after attempt %d", job.id, status, job.attempt)

    async def _put_down(self, job: Job) -> None:
        with suppress(LeaseLost):
            await self._insist(job.cancel if job.cancel_requested else job.release)

    async def _insist(self, say: Callable[[], Awaitable[object]]) -> object:
        """Say something of a job until the database has heard it; it takes effect once."""
        pause = 0.2
        while True:
            try:
                return await say()
            except _PASSING as error:
                logger.warning("Worker %s cannot report (%s), and tries again", self.name, type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _keep_leases(self, client: Client) -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            try:
                await self._renew(client)
            except Exception as error:
                logger.warning("Worker %s cannot renew its leases (%s)", self.name, type(error).__name__)

    async def _renew(self, client: Client) -> None:
        """Renew the leases of all running jobs, in one statement, and interrupt what is cancelled or lost."""
        hands = {hand.job.attempt_token: hand for hand in self._hands.values()}
        if not hands:
            return
        ids, tokens = [hand.job.id for hand in hands.values()], list(hands)
        rows = await client.fetch(statement("heartbeat"), [ids, tokens, self.lease, clock.for_server(), True])
        for row in rows:
            hand = hands.pop(row["attempt_token"])
            hand.job.lease_expires_at = row["lease_expires_at"]
            if row["cancel_requested"]:
                hand.job.cancel_requested = True
                hand.give_up()
        if hands:  # another's by now, or ended; or only locked by somebody at the moment
            ours = GenerationJob.filter(generation_id__in=ids, attempt_token__in=list(hands))
            for (token,) in await ours.values_list("attempt_token"):
                del hands[token]
            for hand in hands.values():
                hand.lost = True
                hand.give_up()

    async def _sweep(self) -> None:
        """Take back what others left behind."""
        while True:
            try:
                await Generation.objects.rescue_stale()
            except Exception as error:
                logger.warning("Worker %s cannot look for stale leases (%s)", self.name, type(error).__name__)
            await asyncio.sleep(max(1.0, self.lease.total_seconds() / 3))

    async def _let_finish(self, listener: Listener) -> None:
        """Let running jobs come to their end, for as long as `grace` says."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.grace.total_seconds()
        while self._hands and (left := until - loop.time()) > 0:
            self._give_up_cancelled(await listener.wait(left))

    async def _give_back(self) -> None:
        """Interrupt the handlers that still run; what is being reported comes to its end."""
        for hand in self._hands.values():
            hand.give_up()
        if self._hands:
            await asyncio.wait(list(self._hands), timeout=_LONGEST_PAUSE)
        left = dict(self._hands)
        for work, hand in left.items():  # the database is away, or the handler does not let go: their leases run out
            logger.warning("Worker %s leaves generation %s to its lease", self.name, hand.job.id)
            hand.making.cancel()
            work.cancel()
        if left:
            await asyncio.wait(list(left))
