"""The queues that are compared: how a worker of each works, and how one job is claimed with each.

The job does nothing, so that what is measured is the queue. Each is used as its documents say, with what makes it
fastest: see the comment at each.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import procrastinate
import psycopg
from pgqueuer.models import Job as PgqueuerJob
from pgqueuer.models import TracebackRecord
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.types import JOB_STATUS, QueueEntrypoint, QueueManagerId
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

import charmodels as cm
from benchmarks import gallery_rows
from benchmarks.generations_rows import CHARMODELS, JOB, PGQUEUER, PROCRASTINATE, Queue

CONNECTIONS = 3
"""Of a worker of charmodels and of procrastinate. Eight workers of all contenders must fit the server's 100."""

AT_ONCE = 8
"""Jobs that a worker of charmodels and of procrastinate has in hand."""

OVERLAPPING = 2
"""Claims that a worker of charmodels has in hand: one is completed while the next is made."""

LEASE = timedelta(minutes=5)


@dataclass(slots=True)
class Stint:
    """What one worker did in a turn.

    Arguments:
        began: when it first asked for a job; by `time.monotonic`, which all processes of a machine share.
        ended: when its last completion was committed.
        jobs: how many it completed.
    """

    began: float = 0.0
    ended: float = 0.0
    jobs: int = 0

    def begin(self) -> None:
        """Note that a job is asked for."""
        self.began = self.began or time.monotonic()

    def end(self, jobs: int) -> None:
        """Note that so many were completed."""
        self.ended = time.monotonic()
        self.jobs += jobs


Work = Callable[[float], Awaitable[Stint]]
"""Lets a worker work for so many seconds, and then finish what it has in hand."""

Finish = Callable[[], Awaitable[Any]]

Claim = Callable[[], Awaitable[Finish | None]]
"""Claims one job, if there is one, and gives what completes it."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to work off a queue.

    Arguments:
        name: for the table.
        queue: its tables.
        workers: opens connections for so many workers on the database with this URL.
    """

    name: str
    queue: Queue
    workers: Callable[[str, int], AbstractAsyncContextManager[Sequence[Work]]]


# charmodels: claims so many jobs and completes these, concurrently: the library puts those that are completed at the
# same time into one transaction, which also settles the quota and fills in the characters. A worker does so twice at a
# time, so that the next claim is made while the last is completed, as pgqueuer's manager does by itself. One process
# has one open database, so its workers share a pool.


def _picture(number: int) -> dict[str, Any]:
    image = f"https://images.example.com/{os.getpid()}/{number}"
    return {"image_url": f"{image}.png", "thumbnail_url": f"{image}-small.png"}


@asynccontextmanager
async def _charmodels_workers(at_once: int, url: str, workers: int) -> AsyncIterator[Sequence[Work]]:
    size = CONNECTIONS * workers
    numbers = itertools.count()

    async def work(name: str, seconds: float) -> Stint:
        stint, until = Stint(), time.monotonic() + seconds

        async def claim_and_complete() -> None:
            while time.monotonic() < until:
                stint.begin()
                jobs = await cm.Generation.objects.claim(worker=name, limit=at_once, lease=LEASE)
                await asyncio.gather(*(job.complete(**_picture(next(numbers))) for job in jobs))
                stint.end(len(jobs))

        await asyncio.gather(*(claim_and_complete() for _ in range(OVERLAPPING)))
        return stint

    async with cm.connect(cm.Settings(database_url=url, db_pool_min=size, db_pool_max=size)):
        yield [partial(work, f"worker-{os.getpid()}-{number}") for number in range(workers)]


@asynccontextmanager
async def _charmodels_claim(url: str) -> AsyncIterator[Claim]:
    async def claim() -> Finish | None:
        jobs = await cm.Generation.objects.claim(worker="claimer", limit=1, lease=LEASE)
        return partial(jobs[0].complete, **_picture(0)) if jobs else None

    async with cm.connect(cm.Settings(database_url=url, db_pool_min=1, db_pool_max=1)):
        yield claim


# procrastinate: its own worker, as `run_worker_async` starts it. It fetches one job after another and completes AT_ONCE
# of them concurrently. Finished jobs stay, which is its default and what ours do. Autocommit spares each of its single
# statements the round trips of BEGIN and COMMIT; its check of every connection that leaves the pool is hard-wired.


class _TimedManager(JobManager):
    stint = Stint()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        self.stint.begin()
        return await super().fetch_job(queues, worker_id)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await super().finish_job(job, status, delete_job)
        self.stint.end(1)


def _procrastinate_app(url: str, connections: int) -> tuple[procrastinate.App, _TimedManager]:
    async def commit_by_itself(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)

    connector = procrastinate.PsycopgConnector(
        conninfo=url, configure=commit_by_itself, min_size=connections, max_size=connections
    )
    app = procrastinate.App(connector=connector)
    app.job_manager = manager = _TimedManager(connector)

    @app.task(name=JOB)
    async def nothing() -> None: ...

    return app, manager


@asynccontextmanager
async def _procrastinate_workers(url: str, workers: int) -> AsyncIterator[Sequence[Work]]:
    async def work(app: procrastinate.App, manager: _TimedManager, seconds: float) -> Stint:
        manager.stint = Stint()
        working = asyncio.create_task(app.run_worker_async(concurrency=AT_ONCE, install_signal_handlers=False))
        await asyncio.wait({working}, timeout=seconds)
        working.cancel()  # it then completes what it has fetched
        with suppress(asyncio.CancelledError):
            await working
        return manager.stint

    async with AsyncExitStack() as stack:
        apps = [_procrastinate_app(url, CONNECTIONS) for _ in range(workers)]
        for app, _ in apps:
            await stack.enter_async_context(app.open_async())
        yield [partial(work, app, manager) for app, manager in apps]


@asynccontextmanager
async def _procrastinate_claim(url: str) -> AsyncIterator[Claim]:
    app, manager = _procrastinate_app(url, 1)
    async with app.open_async():
        worker_id = await manager.register_worker()

        async def claim() -> Finish | None:
            job = await manager.fetch_job(None, worker_id)
            return partial(manager.finish_job, job, Status.SUCCEEDED, False) if job else None

        yield claim


# pgqueuer: its own QueueManager on one connection of asyncpg's. It claims a batch at a time, and completes as many in
# one transaction, where the others complete each job in one of its own: a batch of 1 compares with these, 10 is its
# default, and more than 200 did not make it faster. Without `max_concurrent_tasks` it need not count its jobs before
# each claim. The `shutdown` event ends it, which lets it complete what it has claimed and flush its buffer;
# `mode=drain` would end only at an empty queue.


@dataclass
class _TimedQueries(Queries):
    stint: Stint = field(default_factory=Stint)

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[PgqueuerJob]:
        self.stint.begin()
        return await super().dequeue(
            batch_size, entrypoints, queue_manager_id, global_concurrency_limit, heartbeat_timeout
        )

    async def log_jobs(self, job_status: list[tuple[PgqueuerJob, JOB_STATUS, TracebackRecord | None]]) -> None:
        await super().log_jobs(job_status)
        self.stint.end(len(job_status))


@asynccontextmanager
async def _pgqueuer_workers(batch: int, url: str, workers: int) -> AsyncIterator[Sequence[Work]]:
    async def work(connection: Any, seconds: float) -> Stint:
        await connection.reset()  # takes off the listeners of the last turn
        queries = _TimedQueries.from_asyncpg_connection(connection)
        assert isinstance(queries, _TimedQueries)
        manager = QueueManager(queries)

        @manager.entrypoint(JOB)
        async def nothing(job: PgqueuerJob) -> None: ...

        asyncio.get_running_loop().call_later(seconds, manager.shutdown.set)
        await manager.run(batch_size=batch)
        return queries.stint

    async with AsyncExitStack() as stack:
        connections = [await gallery_rows.opened(url) for _ in range(workers)]
        for connection in connections:
            stack.push_async_callback(connection.close)
        yield [partial(work, connection) for connection in connections]


@asynccontextmanager
async def _pgqueuer_claim(url: str) -> AsyncIterator[Claim]:
    connection = await gallery_rows.opened(url)
    try:
        queries = Queries.from_asyncpg_connection(connection)
        entrypoints = {QueueEntrypoint(JOB): EntrypointExecutionParameter(concurrency_limit=0)}
        manager_id = QueueManagerId(uuid.uuid4())

        async def claim() -> Finish | None:
            jobs = await queries.dequeue(1, entrypoints, manager_id, None, timedelta(seconds=30))
            return partial(queries.log_jobs, [(job, "successful", None) for job in jobs]) if jobs else None

        yield claim
    finally:
        await connection.close()


OURS = CHARMODELS.name

CONTENDERS = {
    each.name: each
    for each in (
        Contender("charmodels, 10 a claim", CHARMODELS, partial(_charmodels_workers, 10)),
        Contender("charmodels, 200 a claim", CHARMODELS, partial(_charmodels_workers, 200)),
        Contender("procrastinate", PROCRASTINATE, _procrastinate_workers),
        Contender("pgqueuer, 1 a batch", PGQUEUER, partial(_pgqueuer_workers, 1)),
        Contender("pgqueuer, 10 a batch", PGQUEUER, partial(_pgqueuer_workers, 10)),
        Contender("pgqueuer, 200 a batch", PGQUEUER, partial(_pgqueuer_workers, 200)),
    )
}

CLAIMS: dict[str, Callable[[str], AbstractAsyncContextManager[Claim]]] = {
    CHARMODELS.name: _charmodels_claim,
    PROCRASTINATE.name: _procrastinate_claim,
    PGQUEUER.name: _pgqueuer_claim,
}
"""By queue, what claims one job at a time on one connection."""
