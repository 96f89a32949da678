"""Workers in processes of their own, which open their connections once and then work when they are told to."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import time
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess

from benchmarks import compare
from benchmarks.generations_contenders import CONTENDERS, Stint

WARM_UP = 0.3
"""Seconds of work that are not counted, after which connections are open and statements prepared."""

PATIENCE = 60
"""Seconds for a process to start, or to finish what it has in hand."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a crew did in a turn.

    Arguments:
        jobs: completed, all workers together.
        seconds: from when the first asked for a job until the last completion was committed.
        cpu: of the workers, in seconds, without that of the server.
    """

    jobs: int
    seconds: float
    cpu: float


class Crew:
    """The workers of one contender.

    Arguments:
        contender: its name.
        pipes: to its processes.
    """

    def __init__(self, contender: str, pipes: Sequence[Pipe]) -> None:
        self.contender = contender
        self._pipes = pipes

    async def work(self, seconds: float) -> Turn:
        """Let all work for so long, and then finish what they have in hand.

        Raises:
            AssertionError: a worker failed, or there was nothing to do.
        """
        for pipe in self._pipes:
            pipe.send(seconds)
        reports = [await self.hear(pipe) for pipe in self._pipes]
        stints = [stint for found, _ in reports for stint in found if stint.jobs]
        if not stints:
            raise AssertionError(f"{self.contender} completed nothing")
        took = max(stint.ended for stint in stints) - min(stint.began for stint in stints)
        return Turn(sum(stint.jobs for stint in stints), took, sum(cpu for _, cpu in reports))

    async def hear(self, pipe: Pipe) -> tuple[Sequence[Stint], float]:
        """Wait for the report of a process: its workers' stints, and the seconds of CPU that they took."""
        if not await asyncio.to_thread(pipe.poll, PATIENCE):
            raise AssertionError(f"A worker of {self.contender} says nothing for {PATIENCE} s")
        report: tuple[Sequence[Stint], float] | str = pipe.recv()
        if isinstance(report, str):
            raise AssertionError(f"A worker of {self.contender} failed:\n{report}")
        return report


@asynccontextmanager
async def crew(contender: str, url: str, workers: int, loop: str, *, processes: bool = True) -> AsyncIterator[Crew]:
    """Start workers, and stop them afterwards.

    Arguments:
        contender: its name.
        url: of the database.
        workers: how many.
        loop: the event loop that they run under, "asyncio" or "uvloop".
        processes: each in a process of its own, or all in one process.

    Yields:
        The crew.
    """
    shares = [1] * workers if processes else [workers]
    async with AsyncExitStack() as stack:
        pipes = []
        for share in shares:
            # A fork would take over the parent's event loop and connections.
            ours, theirs = multiprocessing.get_context("spawn").Pipe()
            arguments = (theirs, contender, url, share, loop)
            process = multiprocessing.get_context("spawn").Process(target=_run, args=arguments, daemon=True)
            process.start()
            theirs.close()  # so that a process that dies is seen
            stack.push_async_callback(_stop, ours, process)
            pipes.append(ours)
        started = Crew(contender, pipes)
        for pipe in pipes:
            await started.hear(pipe)
        await started.work(WARM_UP)
        yield started


async def _stop(pipe: Pipe, process: BaseProcess) -> None:
    pipe.close()  # which ends its loop
    await asyncio.to_thread(process.join, PATIENCE)
    process.kill()


def _run(pipe: Pipe, contender: str, url: str, workers: int, loop: str) -> None:
    try:
        compare.run_under(loop, _work(pipe, contender, url, workers))
    except Exception:
        pipe.send(traceback.format_exc())


async def _work(pipe: Pipe, contender: str, url: str, workers: int) -> None:
    nothing: tuple[Sequence[Stint], float] = ([], 0.0)
    async with CONTENDERS[contender].workers(url, workers) as team:
        # Else each pays for the imports of all, whenever Python looks for garbage.
        gc.collect()
        gc.freeze()
        pipe.send(nothing)
        while True:
            try:
                seconds = await asyncio.to_thread(pipe.recv)
            except (EOFError, OSError):
                return
            cpu = time.process_time()
            stints = await asyncio.gather(*(work(seconds) for work in team))
            pipe.send((stints, time.process_time() - cpu))
