"""A worker: claims generations, has them made, and hands in the pictures."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from charmodels import clock, limits
from charmodels.backend.client import Client
from charmodels.backend.listener import Listener
from charmodels.errors import (
    CharmodelsError,
    DatabaseUnavailable,
    GenerationRejected,
    InvalidInput,
    LeaseLost,
    PoolTimeout,
    SerializationFailure,
    StatementTimeout,
)
from charmodels.generations import Picture
from charmodels.models.generation import Generation
from charmodels.querysets.jobs import Job, checked_lease
from charmodels.querysets.queue import CHANNEL, LEASE
from charmodels.sql import statement

logger = logging.getLogger("charmodels.worker")

Handler = Callable[[Job], Awaitable[Picture]]
"""Makes the picture that a job asks for."""

_PASSING = (DatabaseUnavailable, PoolTimeout, StatementTimeout, SerializationFailure)
"""What goes over: to be tried again."""

_LONGEST_PAUSE = 15.0
"""Seconds between two tries while the database is away, at most."""


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
        if not isinstance(concurrency, int) or not 1 <= concurrency <= limits.CLAIMED_AT_ONCE:
            raise InvalidInput(field="concurrency", reason=f"must be a whole number from 1 to {limits.CLAIMED_AT_ONCE}")
        self.handler = handler
        self.name = name or f"{socket.gethostname()[:60]}-{os.getpid()}"
        self.concurrency = concurrency
        self.lease = checked_lease(lease)
        self.poll = poll
        self.grace = grace
        self._stopping = asyncio.Event()
        self._jobs: dict[asyncio.Task[None], Job] = {}
        self._lost: set[Job] = set()

    @property
    def busy(self) -> int:
        """How many jobs it is at."""
        return len(self._jobs)

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
        beating = asyncio.create_task(self._keep_leases(client))
        sweeping = asyncio.create_task(self._sweep())
        try:
            async with Listener(client, CHANNEL) as listener:
                await self._claim_until_stopped(listener)
            await self._finish(self.grace.total_seconds())
        finally:
            try:
                await self._finish(0)
            finally:
                for task in (beating, sweeping):
                    task.cancel()
                await asyncio.gather(beating, sweeping, return_exceptions=True)

    async def _claim_until_stopped(self, listener: Listener) -> None:
        stopped = asyncio.create_task(self._stopping.wait())
        stopped.add_done_callback(lambda _: listener.wake())
        pause = 1.0
        try:
            while not self._stopping.is_set():
                free = self.concurrency - len(self._jobs)
                claimed: list[Job] = []
                if free:
                    try:
                        claimed = await Generation.objects.claim(self.name, free, self.lease)
                        pause = 1.0
                    except _PASSING as error:
                        logger.warning("Worker %s cannot claim (%s), and tries again", self.name, type(error).__name__)
                        with suppress(TimeoutError):
                            await asyncio.wait_for(self._stopping.wait(), pause)
                        pause = min(pause * 2, _LONGEST_PAUSE)
                        continue
                for job in claimed:
                    task = asyncio.create_task(self._work(job), name=f"generation {job.id}")
                    self._jobs[task] = job
                    task.add_done_callback(self._done)
                    task.add_done_callback(lambda _: listener.wake())
                if len(claimed) < free or not free:
                    self._give_up_cancelled(await listener.wait(self.poll.total_seconds()))
        finally:
            stopped.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._lost.discard(self._jobs.pop(task))

    def _give_up_cancelled(self, heard: set[str]) -> None:
        """Interrupt the jobs that their users cancelled, whose ids were notified."""
        for task, job in self._jobs.items():
            if str(job.id) in heard:
                job.cancel_requested = True
                task.cancel()

    async def _work(self, job: Job) -> None:
        try:
            picture = await self.handler(job)
            await self._insist(lambda: job.complete(picture.image_url, picture.thumbnail_url, picture.metadata))
        except LeaseLost:
            logger.warning("Worker %s no longer has generation %s: its lease ran out", self.name, job.id)
        except asyncio.CancelledError:
            if job not in self._lost:
                await self._put_down(job)
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
        """Renew the leases of all running jobs, in one statement."""
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            jobs = dict(self._jobs)
            if not jobs:
                continue
            ids, tokens = [job.id for job in jobs.values()], [job.attempt_token for job in jobs.values()]
            try:
                rows = await client.fetch(statement("heartbeat"), [ids, tokens, self.lease, clock.for_server(), True])
            except CharmodelsError as error:
                logger.warning("Worker %s cannot renew its leases (%s)", self.name, type(error).__name__)
                continue
            renewed = {row["generation_id"]: row for row in rows}
            for task, job in jobs.items():
                if job.id in renewed:
                    job.lease_expires_at = renewed[job.id]["lease_expires_at"]
                    if renewed[job.id]["cancel_requested"] and not job.cancel_requested:
                        job.cancel_requested = True
                        task.cancel()
                elif task in self._jobs and await self._has_lost(job):
                    self._lost.add(job)
                    task.cancel()

    async def _has_lost(self, job: Job) -> bool:
        try:
            await job.heartbeat()
        except LeaseLost:
            return True
        except CharmodelsError:
            return False
        return False

    async def _sweep(self) -> None:
        """Take back what others left behind."""
        while True:
            try:
                await Generation.objects.rescue_stale()
            except CharmodelsError as error:
                logger.warning("Worker %s cannot look for stale leases (%s)", self.name, type(error).__name__)
            await asyncio.sleep(max(1.0, self.lease.total_seconds() / 3))

    async def _finish(self, seconds: float) -> None:
        """Let running jobs come to their end, and then have them given back."""
        running = set(self._jobs)
        if running and seconds:
            _, running = await asyncio.wait(running, timeout=seconds)
        self._stopping.set()
        for task in running:
            task.cancel()
        if running:
            _, running = await asyncio.wait(running, timeout=_LONGEST_PAUSE)
        for task in running:  # the database is away: their leases will run out
            task.cancel()
        if running:
            await asyncio.wait(running)
