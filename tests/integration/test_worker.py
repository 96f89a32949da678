"""A worker on a real database: what it makes of jobs, of handlers, of trouble and of being stopped."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

import charmodels as cm
from charmodels import limits
from charmodels.models import GenerationJob
from charmodels.querysets.queue import QueueQuerySet
from tests.proxy import Proxy, session, settings, terminate
from tests.queues import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    PICTURE,
    PROCESSING,
    claim,
    is_sound,
    request,
    statuses,
    user,
)
from tests.quotas import MINUTE, SECOND, kinds, locked, numbers, until_waiting

SOON = timedelta(milliseconds=50)
HOUR = timedelta(hours=1)
PATIENCE = 60
"""Seconds after which what should have happened will not happen: the machine may be busy."""


@pytest.fixture
async def db(url: str) -> AsyncIterator[cm.Database]:
    """An open database; afterwards jobs, holds and counters agree."""
    async with cm.connect(settings(url, db_pool_max=8)) as database:
        yield database
        assert database.pool_status().busy == 0
        assert await is_sound()


async def becomes(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what only the database knows."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0.02)


async def ends(*generations: cm.Generation) -> list[str]:
    """Wait until all have come to an end, and tell to which."""
    ids = [generation.id for generation in generations]

    async def all_ended() -> bool:
        return await cm.Generation.objects.finished().filter(id__in=ids).count() == len(ids)

    await becomes(all_ended)
    return [(await cm.Generation.get(id=each)).status for each in ids]


@asynccontextmanager
async def working(worker: cm.Worker) -> AsyncIterator[asyncio.Task[None]]:
    """Let a worker work in the block, and have it stopped after it."""
    task = asyncio.create_task(worker.run())
    try:
        yield task
        worker.stop()
        async with asyncio.timeout(PATIENCE):
            await task
        assert worker.busy == 0
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def to_listen(url: str) -> None:
    """Wait until somebody listens."""
    async with session(url) as other, asyncio.timeout(PATIENCE):
        listening = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query ILIKE 'LISTEN%' AND state = 'idle'"
        )
        while not await other.fetchval(listening):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


def picture(job: cm.Job) -> cm.Picture:
    return cm.Picture(f"https://images.example/{job.id}.png")


async def draw(job: cm.Job) -> cm.Picture:
    return picture(job)


class Slow:
    """A handler that draws until it is told to finish, and remembers what became of it."""

    def __init__(self) -> None:
        self.jobs: list[cm.Job] = []
        self.interrupted: list[cm.Job] = []
        self.started = asyncio.Event()
        self.finish = asyncio.Event()

    async def __call__(self, job: cm.Job) -> cm.Picture:
        self.jobs.append(job)
        self.started.set()
        try:
            await self.finish.wait()
        except asyncio.CancelledError:
            self.interrupted.append(job)
            raise
        return picture(job)

    async def has_started(self, number: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.jobs) < number:
                self.started.clear()
                await self.started.wait()

    async def is_interrupted(self, number: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.interrupted) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


# Work


async def test_work_of_several_users_up_to_its_concurrency(db: cm.Database) -> None:
    users = [await user() for _ in range(4)]
    generations = [await request(owner) for owner in users for _ in range(6)]
    now, most, times = 0, 0, Counter[UUID]()

    async def handler(job: cm.Job) -> cm.Picture:
        nonlocal now, most
        now, times[job.id] = now + 1, times[job.id] + 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return cm.Picture(picture(job).image_url, PICTURE, {"seed": 7})

    async with working(cm.Worker(handler, concurrency=5, poll=SOON)):
        assert await ends(*generations) == [COMPLETED] * 24
    assert most == 5
    assert set(times.values()) == {1}
    assert [await numbers(owner) for owner in users] == [(6, 0, 94)] * 4
    record = await cm.Generation.get(id=generations[0].id)
    assert (record.image_url, record.thumbnail_url) == (f"https://images.example/{record.id}.png", PICTURE)
    assert (await cm.Character.get(id=record.character_id)).metadata == {"seed": 7}


async def test_it_wakes_at_once(db: cm.Database, url: str) -> None:
    ada = await user()
    async with working(cm.Worker(draw, poll=HOUR)):
        await to_listen(url)
        for _ in range(3):
            assert await ends(await request(ada)) == [COMPLETED]


async def test_it_polls_with_a_single_connection(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Listening would take the only one."""
    async with cm.connect(settings(url, db_pool_max=1)):
        ada = await user()
        async with working(cm.Worker(draw, poll=SOON)):
            assert await ends(await request(ada), await request(ada)) == [COMPLETED] * 2
        assert "polling instead" in caplog.text
        assert await is_sound()


async def test_two_workers_share_the_work(db: cm.Database) -> None:
    ada = await user()
    generations = [await request(ada) for _ in range(8)]
    makers: dict[str, list[UUID]] = {"w1": [], "w2": []}
    both = asyncio.Event()

    async def handler(job: cm.Job) -> cm.Picture:
        makers[job.worker].append(job.id)
        if all(makers.values()):
            both.set()
        await both.wait()
        return picture(job)

    workers = [cm.Worker(handler, name=name, concurrency=4, poll=SOON) for name in makers]
    async with working(workers[0]), working(workers[1]):
        assert await ends(*generations) == [COMPLETED] * 8
    assert sorted(makers["w1"] + makers["w2"]) == sorted(each.id for each in generations)


async def test_a_slow_job_keeps_its_lease(db: cm.Database) -> None:
    ada = await user()
    generation = await request(ada)
    times = 0

    async def handler(job: cm.Job) -> cm.Picture:
        nonlocal times
        times += 1
        await asyncio.sleep(8)
        return picture(job)

    # Both sweep every second, and would take the job. Other tests may keep the machine for a moment, so that a renewal
    # is late: the lease is not shorter than that.
    workers = [cm.Worker(handler, name=name, lease=timedelta(seconds=6), poll=SOON) for name in ("w1", "w2")]
    async with working(workers[0]), working(workers[1]):
        assert await ends(generation) == [COMPLETED]
    record = await cm.Generation.get(id=generation.id)
    assert (times, record.attempts, record.rescues) == (1, 1, 0)


async def test_a_locked_job_holds_up_no_other_renewal(db: cm.Database, url: str) -> None:
    """Somebody has one job locked for long; the leases of the others are renewed all the same."""
    ada = await user()
    generations = [await request(ada) for _ in range(3)]
    slow = Slow()
    async with working(cm.Worker(slow, lease=timedelta(seconds=6), poll=SOON)), session(url) as other:
        await slow.has_started(3)
        async with other.transaction():
            await other.fetch("SELECT FROM generation_jobs WHERE generation_id = $1 FOR UPDATE", generations[0].id)
            [locked, *free] = [await GenerationJob.get(generation_id=each.id) for each in generations]

            async def renewed_twice() -> bool:
                jobs = [await GenerationJob.get(generation_id=each.generation_id) for each in free]
                return all(
                    job.lease_expires_at - old.lease_expires_at > SECOND for job, old in zip(jobs, free, strict=True)
                )

            await becomes(renewed_twice)
            kept = await GenerationJob.get(generation_id=locked.generation_id)
            assert kept.lease_expires_at == locked.lease_expires_at
            assert slow.interrupted == []
        slow.finish.set()
        assert await ends(*generations) == [COMPLETED] * 3


async def test_what_a_dead_worker_left_is_taken_over(db: cm.Database) -> None:
    ada = await user()
    generation = await request(ada)
    assert len(await claim(worker="dead", lease=SOON)) == 1
    async with working(cm.Worker(draw, lease=SECOND, poll=SOON)):
        assert await ends(generation) == [COMPLETED]
    record = await cm.Generation.get(id=generation.id)
    assert (record.attempts, record.rescues) == (2, 1)


# What handlers do


async def test_an_error_is_tried_again(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FIRST_RETRY", timedelta(milliseconds=100))
    ada = await user()
    generation = await request(ada)
    attempts: list[int] = []

    async def handler(job: cm.Job) -> cm.Picture:
        attempts.append(job.attempt)
        if job.attempt < 3:
            raise RuntimeError("The provider is away")
        return picture(job)

    async with working(cm.Worker(handler, poll=SOON)):
        assert await ends(generation) == [COMPLETED]
    assert attempts == [1, 2, 3]
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_after_the_last_attempt_it_has_failed(
    db: cm.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "charmodels.worker")  # pytest-xdist cannot send half a character
    monkeypatch.setattr(limits, "FIRST_RETRY", timedelta(milliseconds=100))
    ada = await user()
    generation = await request(ada, max_attempts=2)
    attempts: list[int] = []

    async def handler(job: cm.Job) -> cm.Picture:
        attempts.append(job.attempt)
        raise RuntimeError("The provider says \0 and \ud800")

    async with working(cm.Worker(handler, poll=SOON)):
        assert await ends(generation) == [FAILED]
    assert attempts == [1, 2]
    assert (await cm.Generation.get(id=generation.id)).error_message == "RuntimeError: The provider says  and ?"
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert await numbers(ada) == (0, 0, 100)


async def test_what_failed_waits_before_it_is_tried_again(db: cm.Database) -> None:
    generation = await request(await user())

    async def handler(job: cm.Job) -> cm.Picture:
        raise TimeoutError

    async with working(cm.Worker(handler, poll=SOON)):

        async def waits() -> bool:
            return await GenerationJob.filter(generation_id=generation.id, delayed_until__isnull=False).exists()

        await becomes(waits)
    record, job = await cm.Generation.get(id=generation.id), await GenerationJob.get(generation_id=generation.id)
    assert (record.status, record.attempts, record.error_message) == (PENDING, 1, "TimeoutError: ")
    assert record.started_at is not None
    assert job.delayed_until is not None
    assert job.delayed_until > record.started_at + limits.FIRST_RETRY / 2


async def test_a_rejection_is_final(db: cm.Database) -> None:
    ada = await user()
    generation = await request(ada)

    async def handler(job: cm.Job) -> cm.Picture:
        raise cm.GenerationRejected(reason="the provider does not draw that")

    async with working(cm.Worker(handler, poll=SOON)):
        assert await ends(generation) == [FAILED]
    record = await cm.Generation.get(id=generation.id)
    assert record.attempts == 1
    assert record.error_message == "The generation was rejected: the provider does not draw that."
    assert await kinds(ada) == ["HOLD", "RELEASE"]


@pytest.mark.parametrize(
    ("brought", "reason"),
    [
        (None, "TypeError: the handler must return a Picture, not NoneType"),
        (PICTURE, "TypeError: the handler must return a Picture, not str"),
        (cm.Picture("ftp://images.example/1.png"), "InvalidInput: .*image_url"),
        (cm.Picture(None), "InvalidInput: .*image_url"),  # type: ignore[arg-type]
        (cm.Picture(PICTURE, "1.png"), "InvalidInput: .*thumbnail_url"),
        (cm.Picture(PICTURE, metadata={"seed": {1, 2}}), "InvalidInput: .*metadata"),
        (cm.Picture(PICTURE, metadata=7), "TypeError"),  # type: ignore[arg-type]
    ],
)
async def test_nonsense_fails_with_a_reason(db: cm.Database, brought: Any, reason: str) -> None:
    generation = await request(await user(), max_attempts=1)

    async def handler(job: cm.Job) -> Any:
        return brought

    async with working(cm.Worker(handler, poll=SOON)):
        assert await ends(generation) == [FAILED]
    record = await cm.Generation.get(id=generation.id)
    assert record.error_message is not None
    with pytest.raises(ValueError, match=f"^{reason}"):
        raise ValueError(record.error_message)


async def test_a_handler_that_is_no_coroutine_fails(db: cm.Database) -> None:
    generation = await request(await user(), max_attempts=1)
    async with working(cm.Worker(picture, poll=SOON)):  # type: ignore[arg-type]
        assert await ends(generation) == [FAILED]


async def test_a_handler_that_cancels_itself_has_failed(db: cm.Database) -> None:
    """It is not given back as if the attempt had not been: it would be tried for ever."""
    generation = await request(await user(), max_attempts=1)

    async def handler(job: cm.Job) -> cm.Picture:
        gone = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone
        return picture(job)

    async with working(cm.Worker(handler, poll=SOON)):
        assert await ends(generation) == [FAILED]
    record = await cm.Generation.get(id=generation.id)
    assert record.error_message == "CancelledError: the handler was cancelled, and not by its worker"


async def test_a_handler_may_report_by_itself(db: cm.Database) -> None:
    ada = await user()
    generation = await request(ada)

    async def handler(job: cm.Job) -> cm.Picture:
        await job.complete(PICTURE)
        return picture(job)

    async with working(cm.Worker(handler, poll=SOON)):
        assert await ends(generation) == [COMPLETED]
    assert (await cm.Generation.get(id=generation.id)).image_url == PICTURE
    assert await kinds(ada) == ["COMMIT", "HOLD"]


# Cancelling


async def test_a_cancelled_job_is_interrupted_at_once(db: cm.Database, url: str) -> None:
    ada = await user()
    slow = Slow()
    # Neither the next renewal of leases nor the next look for work would come in the time of this test.
    async with working(cm.Worker(slow, lease=HOUR, poll=HOUR)):
        await to_listen(url)
        first, second = await request(ada), await request(ada)
        await slow.has_started(2)
        assert await first.cancel() is PROCESSING
        await asyncio.gather(*(first.cancel() for _ in range(5)))
        assert await ends(first) == [CANCELLED]
        assert [job.id for job in slow.interrupted] == [first.id]
        slow.finish.set()
        assert await ends(second) == [COMPLETED]
    assert await statuses(first) == (CANCELLED, CANCELLED)
    assert await kinds(ada) == ["COMMIT", "HOLD", "HOLD", "RELEASE"]


async def test_a_cancelled_job_is_interrupted_without_notifications(db: cm.Database) -> None:
    """The renewal of the lease tells as well."""
    ada = await user()
    slow = Slow()
    async with working(cm.Worker(slow, lease=SECOND, poll=HOUR)):
        generation = await request(ada)
        await slow.has_started()
        await GenerationJob.filter(generation_id=generation.id).update(cancel_requested=True)
        assert await ends(generation) == [CANCELLED]
    assert len(slow.interrupted) == 1
    assert await kinds(ada) == ["HOLD", "RELEASE"]


async def test_cancelled_between_the_claim_and_the_work(
    db: cm.Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The word of it comes before the handler has begun."""
    generation = await request(await user())
    claim_as_ever = QueueQuerySet.claim

    async def claim_and_dawdle(self: Any, *arguments: Any) -> list[cm.Job]:
        jobs = await claim_as_ever(self, *arguments)
        if jobs:
            await to_listen(url)
            await generation.cancel()
            await asyncio.sleep(0.2)
        return jobs

    monkeypatch.setattr(QueueQuerySet, "claim", claim_and_dawdle)
    async with working(cm.Worker(Slow(), lease=HOUR, poll=HOUR)):
        assert await ends(generation) == [CANCELLED]


async def test_a_handler_may_clean_up(db: cm.Database) -> None:
    """Also if that goes wrong, the job is cancelled and does not fail."""
    ada = await user()
    slow, cleaned = Slow(), asyncio.Event()

    async def handler(job: cm.Job) -> cm.Picture:
        try:
            return await slow(job)
        finally:
            await asyncio.sleep(0.1)
            cleaned.set()
            raise RuntimeError("The provider does not take it back")

    async with working(cm.Worker(handler, poll=SOON)):
        generation = await request(ada)
        await slow.has_started()
        await generation.cancel()
        await generation.cancel()
        assert await ends(generation) == [CANCELLED]
    assert cleaned.is_set()
    assert (await cm.Generation.get(id=generation.id)).error_message is None


async def test_a_picture_comes_though_it_was_to_be_cancelled(db: cm.Database) -> None:
    """The handler does not let itself be interrupted."""
    slow = Slow()

    async def handler(job: cm.Job) -> cm.Picture:
        with suppress(asyncio.CancelledError):
            await slow(job)
        return picture(job)

    async with working(cm.Worker(handler, poll=SOON)):
        generation = await request(await user())
        await slow.has_started()
        await generation.cancel()
        assert await ends(generation) == [COMPLETED]


# Leases that are lost


async def test_a_lost_lease_interrupts_the_handler(db: cm.Database, caplog: pytest.LogCaptureFixture) -> None:
    ada = await user()
    generation = await request(ada)
    slow = Slow()
    async with working(cm.Worker(slow, name="late", lease=timedelta(seconds=3), poll=HOUR)) as running:
        await slow.has_started()
        # Somebody else takes it, as if the lease had run out.
        async with cm.transaction():
            await GenerationJob.filter(generation_id=generation.id).update(lease_expires_at=generation.created_at)
            assert await cm.Generation.objects.rescue_stale() == 1
            [job] = await claim(worker="w2")
        await slow.is_interrupted()
        assert job.id == generation.id
        assert not running.done()
        record = await cm.Generation.get(id=generation.id)
        assert (record.status, record.attempts, record.attempt_token) == (PROCESSING, 2, None)
        await job.complete(PICTURE)
    assert (await cm.Generation.get(id=generation.id)).image_url == PICTURE
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    assert "Worker late no longer has generation" in caplog.text


async def test_a_lease_that_the_same_worker_took_again(db: cm.Database) -> None:
    """The old attempt is interrupted, the new one goes on."""
    ada = await user()
    generation = await request(ada)
    slow = Slow()
    async with working(cm.Worker(slow, lease=timedelta(seconds=3), poll=SOON)):
        await slow.has_started()
        async with cm.transaction():  # so that no heartbeat comes in between
            await GenerationJob.filter(generation_id=generation.id).update(lease_expires_at=generation.created_at)
            await cm.Generation.objects.rescue_stale()
        await slow.has_started(2)
        await slow.is_interrupted()
        assert [job.attempt for job in slow.jobs] == [1, 2]
        assert [job.attempt for job in slow.interrupted] == [1]
        slow.finish.set()
        assert await ends(generation) == [COMPLETED]
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_a_webhook_brings_the_picture_before_the_worker(db: cm.Database) -> None:
    ada = await user()
    generation = await request(ada)
    slow = Slow()
    async with working(cm.Worker(slow, lease=SECOND, poll=HOUR)):
        await slow.has_started()
        await (await cm.Generation.get(id=generation.id)).complete(PICTURE)
        await slow.is_interrupted()
    assert (await cm.Generation.get(id=generation.id)).image_url == PICTURE
    assert await kinds(ada) == ["COMMIT", "HOLD"]


# Stopping


async def test_stop_lets_jobs_finish(db: cm.Database) -> None:
    ada = await user()
    running, waiting = await request(ada), await request(ada)
    slow = Slow()
    worker = cm.Worker(slow, concurrency=1, poll=SOON, grace=MINUTE)
    async with working(worker) as task:
        await slow.has_started()
        worker.stop()
        done, _ = await asyncio.wait([task], timeout=0.3)
        assert not done
        assert worker.busy == 1
        slow.finish.set()
        async with asyncio.timeout(PATIENCE):
            await task
    assert await statuses(running) == (COMPLETED, COMPLETED)
    assert await statuses(waiting) == (PENDING, PENDING)
    assert [job.id for job in slow.jobs] == [running.id]


async def test_stop_gives_back_what_takes_too_long(db: cm.Database) -> None:
    ada = await user()
    generation = await request(ada, max_attempts=1)
    slow = Slow()
    worker = cm.Worker(slow, poll=SOON, grace=timedelta(milliseconds=300))
    async with working(worker):
        await slow.has_started()
        worker.stop()
        await slow.is_interrupted()
    record = await cm.Generation.get(id=generation.id)
    assert (record.status, record.attempts, record.rescues, record.error_message) == (PENDING, 0, 0, None)
    assert await numbers(ada) == (1, 1, 99)
    async with working(cm.Worker(draw, poll=SOON)):  # its only attempt is still to come
        assert await ends(generation) == [COMPLETED]


async def test_stop_hears_of_cancelled_jobs(db: cm.Database, url: str) -> None:
    """Also in the time that running jobs have left."""
    slow = Slow()
    worker = cm.Worker(slow, lease=HOUR, poll=HOUR, grace=HOUR)
    async with working(worker) as task:
        await to_listen(url)
        generation = await request(await user())
        await slow.has_started()
        worker.stop()
        await asyncio.sleep(0.1)
        await generation.cancel()
        async with asyncio.timeout(PATIENCE):
            await task
    assert await statuses(generation) == (CANCELLED, CANCELLED)


async def test_stop_before_it_runs(db: cm.Database) -> None:
    generation = await request(await user())
    worker = cm.Worker(draw)
    worker.stop()
    async with asyncio.timeout(PATIENCE):
        await worker.run()
    assert await statuses(generation) == (PENDING, PENDING)


async def test_a_cancelled_run_gives_jobs_back_at_once(db: cm.Database) -> None:
    ada = await user()
    generations = [await request(ada) for _ in range(3)]
    slow = Slow()
    worker = cm.Worker(slow, poll=SOON, grace=HOUR)
    task = asyncio.create_task(worker.run())
    await slow.has_started(3)
    task.cancel()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert worker.busy == 0
    for generation in generations:
        record = await cm.Generation.get(id=generation.id)
        assert (record.status, record.attempts) == (PENDING, 0)
    assert len(slow.interrupted) == 3


async def test_cancelled_while_it_claims(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is on its way; the jobs in it are not left to their lease."""
    ada = await user()
    generations = [await request(ada) for _ in range(3)]
    claimed, answer = asyncio.Event(), asyncio.Event()
    claim_as_ever = QueueQuerySet.claim

    async def claim_and_dawdle(self: Any, *arguments: Any) -> list[cm.Job]:
        jobs = await claim_as_ever(self, *arguments)
        claimed.set()
        await answer.wait()
        return jobs

    monkeypatch.setattr(QueueQuerySet, "claim", claim_and_dawdle)
    slow = Slow()
    task = asyncio.create_task(cm.Worker(slow).run())
    async with asyncio.timeout(PATIENCE):
        await claimed.wait()
        task.cancel()
        await asyncio.sleep(0.05)
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert slow.jobs == []
    for generation in generations:
        record = await cm.Generation.get(id=generation.id)
        assert (record.status, record.attempts) == (PENDING, 0)


async def test_what_is_being_reported_is_not_given_back(db: cm.Database, url: str) -> None:
    """A picture that is there has cost something."""
    ada = await user()
    generation = await request(ada)
    async with locked(url, ada), session(url) as watching:
        task = asyncio.create_task(cm.Worker(draw, poll=SOON).run())
        await until_waiting(watching)
        task.cancel()
        await asyncio.sleep(0.2)
        assert not task.done()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await statuses(generation) == (COMPLETED, COMPLETED)


async def test_a_handler_that_does_not_let_go(
    db: cm.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not keep the program from ending; its lease will run out."""
    monkeypatch.setattr("charmodels.worker._LONGEST_PAUSE", 0.2)
    generation = await request(await user())
    slow, release = Slow(), asyncio.Event()

    async def handler(job: cm.Job) -> cm.Picture:
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await slow(job)
        return picture(job)

    worker = cm.Worker(handler, poll=SOON, grace=timedelta())
    async with working(worker):
        await slow.has_started()
        worker.stop()
    assert f"leaves generation {generation.id} to its lease" in caplog.text
    assert await statuses(generation) == (PROCESSING, PROCESSING)
    release.set()
    slow.finish.set()
    await asyncio.sleep(0.05)


# A database that goes away


async def test_it_outlives_a_database_that_is_away(url: str) -> None:
    """A picture that is finished meanwhile is handed in, once."""
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url, db_pool_max=4, db_connect_timeout=2)):
        ada = await user()
        slow = Slow()
        async with working(cm.Worker(slow, lease=HOUR, poll=SOON)):
            first, second = await request(ada), await request(ada)
            await slow.has_started(2)
            async with proxy.away():
                slow.finish.set()
                await asyncio.sleep(1)
            assert await ends(first, second) == [COMPLETED] * 2
            assert await ends(await request(ada)) == [COMPLETED]
        assert len(slow.jobs) == 3
        assert await kinds(ada) == ["COMMIT"] * 3 + ["HOLD"] * 3
        assert await is_sound()


async def test_it_begins_while_the_database_is_away(url: str) -> None:
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url, db_pool_max=4, db_connect_timeout=2)):
        generation = await request(await user())
        async with proxy.away():
            task = asyncio.create_task((worker := cm.Worker(draw, poll=SOON)).run())
            await asyncio.sleep(0.5)
            assert not task.done()
        assert await ends(generation) == [COMPLETED]
        worker.stop()
        async with asyncio.timeout(PATIENCE):
            await task
        assert await is_sound()


async def test_it_stops_while_the_database_is_away(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease runs out, and another does the work."""
    monkeypatch.setattr("charmodels.worker._LONGEST_PAUSE", 0.5)
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url, db_pool_max=4, db_connect_timeout=2)):
        generation = await request(await user())
        slow = Slow()
        worker = cm.Worker(slow, lease=SECOND, poll=SOON, grace=timedelta())
        async with working(worker) as task:
            await slow.has_started()
            async with proxy.away():
                worker.stop()
                async with asyncio.timeout(PATIENCE):
                    await task
        async with working(cm.Worker(draw, lease=SECOND, poll=SOON)):
            assert await ends(generation) == [COMPLETED]
        assert await is_sound()


async def test_it_outlives_the_end_of_its_sessions(db: cm.Database, url: str) -> None:
    ada = await user()
    async with working(cm.Worker(draw, poll=SOON)):
        generations = []
        for _ in range(5):
            await terminate(url)
            for _ in range(3):
                async with asyncio.timeout(PATIENCE):
                    while True:  # as an app would: a request with a key may be said again
                        with suppress(cm.DatabaseUnavailable):
                            generations.append(await request(ada, key=f"k{len(generations)}"))
                            break
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(cm.DatabaseUnavailable):
                    assert await ends(*generations) == [COMPLETED] * 15
                    break
    assert await kinds(ada) == ["COMMIT"] * 15 + ["HOLD"] * 15


async def test_a_renewal_that_fails_is_made_good(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the error is, the next one comes."""
    slow, times = Slow(), 0
    worker = cm.Worker(slow, lease=timedelta(seconds=3), poll=SOON)
    renew = worker._renew

    async def fail_at_first(client: Any) -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise asyncpg.InternalClientError("unexpected")
        await renew(client)

    monkeypatch.setattr(worker, "_renew", fail_at_first)
    async with working(worker):
        generation = await request(await user())
        await slow.has_started()
        before = (await GenerationJob.get(generation_id=generation.id)).lease_expires_at

        async def renewed() -> bool:
            return (await GenerationJob.get(generation_id=generation.id)).lease_expires_at > before

        await becomes(renewed)
        slow.finish.set()
        assert await ends(generation) == [COMPLETED]


async def test_what_cannot_be_reported_is_said(
    db: cm.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing in the database is right; the worker goes on, and the lease runs out."""
    generation = await request(await user())

    async def fail(*_: object, **__: object) -> None:
        raise cm.DatabaseError(sqlstate="XX000", reason="broken")

    async with working(cm.Worker(draw, lease=SECOND, poll=SOON)):
        with monkeypatch.context() as broken:
            broken.setattr(cm.Job, "complete", fail)
            broken.setattr(cm.Job, "fail", fail)

            async def said() -> bool:
                return f"Generation {generation.id} is left to its lease" in caplog.text

            await becomes(said)
        assert await ends(generation) == [COMPLETED]


async def test_it_ends_where_the_database_cannot_be_used(empty_url: str) -> None:
    async with cm.connect(settings(empty_url, db_pool_max=4)):
        with pytest.raises(cm.MigrationsPending):
            async with asyncio.timeout(PATIENCE):
                await cm.Worker(draw).run()


# A connection that is given back


async def test_nothing_is_left_of_listening(db: cm.Database, url: str, recwarn: pytest.WarningsRecorder) -> None:
    async with working(cm.Worker(draw, poll=HOUR)):
        await to_listen(url)
        assert await ends(await request(await user())) == [COMPLETED]
    assert [str(each.message) for each in recwarn] == []
    for holder in db.client._pool._holders:  # type: ignore[union-attr]
        if (connection := holder._con) is not None:
            assert not connection._listeners
            assert not connection._termination_listeners
    assert await db.client.fetch("SELECT * FROM pg_listening_channels()") == []


# Arguments


@pytest.mark.parametrize(
    "arguments",
    [
        *[{"concurrency": number} for number in (0, -1, limits.CLAIMED_AT_ONCE + 1, 1.5, True, "4", None)],
        *[{"lease": term} for term in (timedelta(), -SECOND, timedelta(days=2), 300)],
        *[{"poll": term} for term in (timedelta(), -SECOND, 5, None)],
        *[{"grace": term} for term in (-SECOND, 30, None)],
        *[{"name": name} for name in ("", "  ", "x" * 101, 7)],
        {"handler": None},
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any]) -> None:
    with pytest.raises(cm.InvalidInput, match=min(arguments)):
        cm.Worker(**{"handler": draw, **arguments})


def test_its_own_name() -> None:
    assert cm.Worker(draw).name
    assert cm.Worker(draw, name=" painter ").name == "painter"


async def test_its_name_stands_in_the_record(db: cm.Database) -> None:
    generation = await request(await user())
    slow = Slow()
    async with working(cm.Worker(slow, name="painter", poll=SOON)):
        await slow.has_started()
        assert (await GenerationJob.get(generation_id=generation.id)).worker == "painter"
        slow.finish.set()
        await ends(generation)


async def test_it_says_what_it_does(db: cm.Database, caplog: pytest.LogCaptureFixture) -> None:
    """Not what the prompt is."""
    caplog.set_level(logging.DEBUG, "charmodels.worker")
    generation = await request(await user(), prompt="A secret wish", max_attempts=1)

    async def handler(job: cm.Job) -> cm.Picture:
        raise RuntimeError("away")

    async with working(cm.Worker(handler, poll=SOON)):
        await ends(generation)
    assert f"Generation {generation.id} is FAILED after attempt 1" in caplog.text
    assert "secret" not in caplog.text
