"""Workers are killed, sessions are ended, requests come and go: and each request comes to one end, charged once.

It goes on for 5 seconds, or for as many as CHAOS_SECONDS says; `make chaos` takes 30.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

import charmodels as cm
from charmodels.models import GenerationJob
from tests.chaos_worker import CRASHED, LEASE, picture
from tests.proxy import session, settings
from tests.queues import CANCELLED, COMPLETED, FAILED, is_sound, user
from tests.quotas import counter, numbers

SECONDS = float(os.environ.get("CHAOS_SECONDS", "5"))
PATIENCE = 40
"""Seconds after which what should have happened will not happen, on the slowest machine."""

WORKERS = 8
DAILY_QUOTA = 1_000_000
T = TypeVar("T")
UNCERTAIN = (cm.DatabaseUnavailable, cm.PoolTimeout, cm.StatementTimeout, cm.SerializationFailure)
"""After which nobody knows whether the statement took effect."""

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here"),
]


# What is recorded of attempts


@dataclass
class Attempt:
    """A handler at work, from `began` to `ended`, or for ever if nobody saw its end."""

    generation: str
    worker: str
    began: float
    expires: float
    ended: float = float("inf")


def read(folder: Path) -> list[Attempt]:
    """Read what the workers wrote; the last line of one that was killed may be cut."""
    attempts: dict[str, Attempt] = {}
    for path in folder.iterdir():
        for text in path.read_text().splitlines(keepends=True):
            if not text.endswith("\n"):
                continue
            line = json.loads(text)
            if line["what"] == "begin":
                assert line["token"] not in attempts, "Nobody begins an attempt twice"
                attempts[line["token"]] = Attempt(line["generation"], path.name, line["at"], line["expires"])
            attempt = attempts[line["token"]]
            attempt.expires = max(attempt.expires, line["expires"])
            if line["what"] == "end":
                attempt.ended = line["at"]
    return list(attempts.values())


def held_by_two(attempts: list[Attempt]) -> list[tuple[Attempt, Attempt]]:
    """Pairs of attempts of one generation: the later began when the earlier had not ended, nor its lease run out.

    A worker that was killed has not ended its attempts: nobody may take them before their lease has run out. Clocks are
    put right while they run, by some milliseconds in the time of a lease.
    """
    of_generation = defaultdict(list)
    for attempt in sorted(attempts, key=lambda each: each.began):
        of_generation[attempt.generation].append(attempt)
    return [
        (earlier, later)
        for each in of_generation.values()
        for number, later in enumerate(each)
        for earlier in each[:number]
        if later.began < min(earlier.ended, earlier.expires - 0.05)
    ]


def test_what_held_by_two_finds() -> None:
    lease = LEASE.total_seconds()

    def attempt(began: float, ended: float = float("inf"), generation: str = "g") -> Attempt:
        return Attempt(generation, "w", began, began + lease, ended)

    assert held_by_two([attempt(0), attempt(lease)]) == []
    assert held_by_two([attempt(0, 1), attempt(1, 2), attempt(2)]) == []
    assert held_by_two([attempt(0), attempt(1, generation="h")]) == []
    assert len(held_by_two([attempt(1), attempt(0)])) == 1
    assert len(held_by_two([attempt(0, 1.5), attempt(1)])) == 1
    assert len(held_by_two([attempt(0), attempt(1.5), attempt(1.7)])) == 3


# What makes the trouble


@dataclass
class Fleet:
    """The processes that work."""

    alive: dict[str, int] = field(default_factory=dict)
    exits: Counter[int] = field(default_factory=Counter)

    async def watch(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            what, name, number = line.decode().split()
            if what == "begin":
                self.alive[name] = int(number)
            else:
                del self.alive[name]
                self.exits[int(number)] += 1

    async def kill(self) -> None:
        """Kill one every now and then; one of five is asked to stop, and gives back what it has."""
        while True:
            await asyncio.sleep(random.uniform(0.05, 0.5))
            how = random.choice([signal.SIGKILL] * 4 + [signal.SIGTERM])
            with suppress(ProcessLookupError):  # it has just crashed by itself
                os.kill(random.choice([*self.alive.values()]), how)


@asynccontextmanager
async def fleet(url: str, folder: Path, number: int) -> AsyncIterator[Fleet]:
    """Let so many processes work in the block; all are killed at its end."""
    with (folder / "errors").open("wb") as errors:
        command = [sys.executable, "-m", "tests.chaos_worker", url, str(folder / "attempts"), str(number)]
        mother = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=errors, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    assert mother.stdout is not None
    processes = Fleet()
    watching = asyncio.create_task(processes.watch(mother.stdout))
    try:
        async with asyncio.timeout(PATIENCE):
            while len([*(folder / "attempts").iterdir()]) < number:
                assert mother.returncode is None, (folder / "errors").read_text()
                await asyncio.sleep(0.01)
        yield processes
    finally:
        if mother.returncode is None:
            mother.send_signal(signal.SIGSTOP)  # it begins no more
            await asyncio.sleep(0.1)
            for pid in processes.alive.values():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            mother.kill()
        await mother.wait()
        async with asyncio.timeout(PATIENCE):
            await watching


async def end_sessions(url: str, counts: Counter[str]) -> None:
    """End some session every now and then, a worker's or ours."""
    async with session(url) as other:
        while True:
            await asyncio.sleep(random.uniform(0.02, 0.2))
            counts["sessions ended"] += await other.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) AS one"
            )


async def insist(call: Callable[[], Awaitable[T]]) -> T:
    """Say what may be said again, until there is an answer."""
    while True:
        try:
            return await call()
        except UNCERTAIN:
            await asyncio.sleep(0.01)


@dataclass
class Customers:
    """Who ask for pictures, some twice with one key, and cancel some."""

    users: list[cm.User]
    asked: set[UUID] = field(default_factory=set)
    keys: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    cancelled: dict[UUID, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    async def order(self) -> None:
        """Ask, for as long as one is let."""
        while True:
            await asyncio.sleep(random.uniform(0.005, 0.05))
            owner = random.choice(self.users)
            try:
                generation = await (self.with_key if random.random() < 0.3 else self.without_key)(owner)
            except UNCERTAIN:
                self.counts["requests without an answer"] += 1
                continue
            self.asked.add(generation.id)
            if random.random() < 0.15:
                await self.cancel(generation)

    async def without_key(self, owner: cm.User) -> cm.Generation:
        return await cm.Generation.objects.request(
            owner.id, "A brave knight", batch_size=random.randint(1, 3), max_attempts=random.choice([3, 1000])
        )

    async def with_key(self, owner: cm.User) -> cm.Generation:
        key = f"k{random.randrange(100 + len(self.asked))}"

        def ask() -> Awaitable[cm.Generation]:
            return insist(lambda: cm.Generation.objects.request(owner.id, "A brave knight", key=key, max_attempts=1000))

        first, second = await asyncio.gather(ask(), ask())
        assert first.id == second.id == self.keys.setdefault((owner.id, key), first.id)
        self.counts["requests repeated"] += first.repeated + second.repeated
        return first

    async def cancel(self, generation: cm.Generation) -> None:
        await asyncio.sleep(random.uniform(0, 0.1))
        with suppress(cm.InvalidTransition):
            self.cancelled[generation.id] = await insist(generation.cancel)


# What is left


async def drain() -> None:
    """Let workers that nobody kills do what is left."""

    async def draw(job: cm.Job) -> cm.Picture:
        return picture(job)

    workers = [
        cm.Worker(draw, name=f"healthy {number}", concurrency=16, lease=LEASE, poll=timedelta(milliseconds=200))
        for number in range(2)
    ]
    running = asyncio.gather(*(worker.run() for worker in workers))
    try:
        async with asyncio.timeout(PATIENCE):
            while await GenerationJob.all().exists():
                assert not running.done()
                await asyncio.sleep(0.1)
    finally:
        for worker in workers:
            worker.stop()
        await running


async def check(customers: Customers) -> Counter[str]:
    """Whether each request came to one end, and is charged by that; how many to which."""
    generations = {generation.id: generation for generation in await cm.Generation.all()}
    assert customers.asked <= set(generations)
    assert await GenerationJob.all().count() == await cm.QuotaHold.all().count() == 0
    entries = defaultdict(list)
    for entry in await cm.QuotaEntry.all():
        entries[entry.generation_id].append(entry)
    done: Counter[UUID] = Counter()
    for generation in generations.values():
        assert generation.status in (COMPLETED, FAILED, CANCELLED)
        assert generation.completed_at is not None
        assert 0 <= generation.attempts <= generation.max_attempts
        closing = "COMMIT" if generation.status == COMPLETED else "RELEASE"
        assert sorted(entry.kind for entry in entries[generation.id]) == sorted(["HOLD", closing])
        assert {entry.amount for entry in entries[generation.id]} == {generation.batch_size}
        if generation.status == COMPLETED:
            done[generation.user_id] += generation.batch_size
            url = f"https://images.example/{generation.id}/{generation.attempt_token}.png"
            assert generation.image_url == generation.thumbnail_url == url
            assert generation.metadata == {"attempt": str(generation.attempt_token)}
        else:
            assert generation.image_url is None
        if generation.status == FAILED:
            rejected = (generation.error_message or "").startswith("The generation was rejected")
            assert rejected or generation.attempts == generation.max_attempts
    for key, said in customers.cancelled.items():
        assert generations[key].status in ((CANCELLED,) if said == CANCELLED else (CANCELLED, COMPLETED))
    for owner in customers.users:
        counted = await counter(owner)
        assert counted.total_generated == done[owner.id]
        if {entry.quota_day for entry in await cm.QuotaEntry.filter(user_id=owner.id)} == {counted.quota_day}:
            assert await numbers(owner) == (done[owner.id], 0, DAILY_QUOTA - done[owner.id])
    assert len(generations) == len({each.character_id for each in generations.values()})
    assert await cm.Character.all().count() == len(generations)
    assert (await cm.Generation.objects.compare_queue()).wrong == 0
    assert await is_sound()
    return Counter(str(generation.status) for generation in generations.values())


async def test_chaos(url: str, tmp_path: Path) -> None:
    (tmp_path / "attempts").mkdir()
    async with cm.connect(settings(url, db_pool_max=8, db_connect_retries=5)):
        customers = Customers([await user(DAILY_QUOTA) for _ in range(6)])
        async with fleet(url, tmp_path, WORKERS) as workers:
            began = time.monotonic()
            trouble = [asyncio.create_task(customers.order()) for _ in range(6)]
            trouble += [asyncio.create_task(each) for each in (workers.kill(), end_sessions(url, customers.counts))]
            ended, _ = await asyncio.wait(trouble, timeout=SECONDS, return_when=asyncio.FIRST_EXCEPTION)
            for task in trouble:
                task.cancel()
            await asyncio.gather(*trouble, return_exceptions=True)
            for task in ended:
                task.result()  # it has gone wrong
            lasted = time.monotonic() - began
        waiting = await insist(cm.Generation.objects.pending().count)
        await insist(drain)
        ends = await insist(lambda: check(customers))
        rescues = (await cm.Generation.objects.stats()).rescues
    assert (tmp_path / "errors").read_text() == ""
    assert set(workers.exits) <= {0, CRASHED, -signal.SIGKILL, -signal.SIGTERM}
    assert workers.exits[-signal.SIGKILL] > 0
    attempts = read(tmp_path / "attempts")
    assert held_by_two(attempts) == []
    cut = sum(attempt.ended == float("inf") for attempt in attempts)
    print(
        f"\n{lasted:.0f} s: {dict(ends)}, {waiting} of them left to healthy workers; {len(attempts)} attempts, {cut}"
        f" cut short by the end of their process, {rescues} leases ran out; {dict(customers.counts)};"
        f" processes ended with {dict(workers.exits)}"
    )
