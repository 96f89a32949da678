"""Workers that are made to be killed: so many processes, each replaced by a new one as soon as it is gone.

    python -m tests.chaos_worker URL FOLDER NUMBER

For each process it prints "begin NAME PID" and, when that is gone, "end NAME EXITCODE". The package is imported once
and the processes are forked, which takes a hundredth of the time.

Each process writes to FOLDER/NAME what it does, a line of JSON at once: the beginning of each attempt, until when its
lease was renewed, and its end. Times are those of `time.monotonic`, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import charmodels as cm
from charmodels import limits

LEASE = timedelta(seconds=2)
CRASHED = 3
"""What a process ends with whose provider has taken it down."""


class Record:
    """What one process did."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._began, self._server_began = 0.0, datetime.min

    async def set_clock(self, db: cm.Database) -> None:
        """Compare the server's clock with ours."""
        self._began = time.monotonic()
        [(self._server_began,)] = await db.client.fetch("SELECT clock_timestamp()")

    def say(self, what: str, job: cm.Job) -> None:
        # By our clock the lease runs out then, or later by as long as the server's answer took.
        expires = self._began + (job.lease_expires_at - self._server_began).total_seconds()
        line = {"what": what, "generation": str(job.id), "token": str(job.attempt_token), "at": time.monotonic()}
        os.write(self._file, (json.dumps({**line, "expires": expires}) + "\n").encode())


class Provider:
    """It is slow, fails, says no, and takes the process down."""

    def __init__(self, record: Record) -> None:
        self.record = record

    async def __call__(self, job: cm.Job) -> cm.Picture:
        self.record.say("begin", job)
        try:
            return await self.draw(job)
        finally:
            self.record.say("end", job)

    async def draw(self, job: cm.Job) -> cm.Picture:
        luck = random.random()
        await self.take(job, random.uniform(2.5, 4) if luck < 0.01 else random.uniform(0.005, 0.05))
        if luck > 0.995:
            os._exit(CRASHED)
        if luck > 0.9:
            raise RuntimeError("The provider is away")
        if luck > 0.88:
            raise cm.GenerationRejected(reason="the provider does not draw that")
        return picture(job)

    async def take(self, job: cm.Job, seconds: float) -> None:
        """Be slow, and note when the lease was renewed meanwhile."""
        lease, until = job.lease_expires_at, time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.1))
            if job.lease_expires_at != lease:
                lease = job.lease_expires_at
                self.record.say("renewed", job)


def picture(job: cm.Job) -> cm.Picture:
    """Tells by its address which attempt made it."""
    url = f"https://images.example/{job.id}/{job.attempt_token}.png"
    return cm.Picture(url, url, {"attempt": str(job.attempt_token)})


async def work(url: str, name: str, record: Record, mother: int) -> None:
    dying = asyncio.create_task(die_with(mother))
    limits.FIRST_RETRY = timedelta(milliseconds=50)
    limits.LONGEST_RETRY = timedelta(milliseconds=200)
    settings: dict[str, Any] = {"app_env": "test", "db_pool_max": 3, "log_level": "ERROR"}
    async with cm.connect(cm.Settings(database_url=url, **settings)) as db:
        while True:
            try:
                await record.set_clock(db)
                break
            except cm.DatabaseUnavailable:
                continue
        worker = cm.Worker(
            Provider(record),
            name=name,
            concurrency=4,
            lease=LEASE,
            poll=timedelta(milliseconds=500),
            grace=timedelta(milliseconds=random.choice([0, 20, 1000])),
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()
    dying.cancel()


async def die_with(mother: int) -> None:
    """End with the process that forked this one, which may be gone before this one looks for the first time."""
    while os.getppid() == mother:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.2)
    os._exit(0)


def start(url: str, name: str, folder: Path) -> int:
    mother = os.getpid()
    pid = os.fork()
    if pid:
        print(f"begin {name} {pid}", flush=True)
        return pid
    logging.basicConfig(level=logging.ERROR, format=f"{name} %(message)s")
    logging.getLogger("charmodels.events").setLevel(logging.CRITICAL)  # that a generation dies is to be expected here
    code = 1
    try:
        asyncio.run(work(url, name, Record(folder / name), mother))
        code = 0
    except Exception:
        logging.getLogger("chaos").exception("It ended")
    finally:
        os._exit(code)


def main(url: str, folder: str, number: str) -> None:
    """Keep so many processes alive."""
    parent = os.getppid()
    alive: dict[int, str] = {}
    begun = 0
    while os.getppid() == parent:
        while len(alive) < int(number):
            begun += 1
            name = f"w{begun}"
            alive[start(url, name, Path(folder))] = name
        pid, status = os.wait()
        print(f"end {alive.pop(pid)} {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
