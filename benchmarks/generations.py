"""The queue of generations: charmodels against procrastinate and pgqueuer, on one server, by turns.

Two things are measured, with jobs that do nothing:

- how many jobs a second are claimed and completed, by one worker and by eight, with 100,000 waiting. In a turn a crew
  works for some seconds, from its first claim until its last completion is committed, also where these are buffered;
  before each turn the queue is filled up again.
- how long it takes to claim one job on one connection, without a history and with 1,000,000 finished jobs.

charmodels settles quota and ledger and fills in the character with each job; the others know of nothing but the job.
Contenders take turns, round by round, and a ratio is taken within each round, so that a machine with other things to do
bothers all alike. Most of a small transaction is the wait for the disk, which varies; --memory takes it away. pgqueuer
waits for it once a batch, the others once a claim and once a completion.

Run with: python -m benchmarks.generations
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import charmodels as cm
from benchmarks import compare, gallery_rows, generations_crews, generations_report, rows
from benchmarks import generations_contenders as contenders
from benchmarks.generations_contenders import CLAIMS, CONTENDERS, OURS
from benchmarks.generations_crews import Turn
from benchmarks.generations_report import Latency, Report, Throughput
from benchmarks.generations_rows import Queue
from tests import servers

WARM_UP = 10
"""Claims that are not counted, after which PostgreSQL has settled for a plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        pending: jobs that wait when a turn of throughput begins.
        workers: of a crew; each number is measured.
        seconds: a turn of throughput lasts.
        rounds: how often each contender gets its turn.
        finished: jobs in the history; each number is measured, in ascending order.
        waiting: jobs that wait while claims are measured.
        claims: in one turn.
        processes: every worker in a process of its own, or all of a crew in one.
    """

    pending: int = 100_000
    workers: Sequence[int] = (1, 8)
    seconds: float = 2.0
    rounds: int = 6
    finished: Sequence[int] = (0, 1_000_000)
    waiting: int = 10_000
    claims: int = 50
    processes: bool = True


QUICK = Plan(pending=20_000, workers=(1, 2), seconds=0.5, rounds=2, finished=(0, 20_000), waiting=1000, claims=20)


def say(text: str) -> None:
    """Tell how far things are, on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


async def measure_throughput(url: str, names: Sequence[str], plan: Plan, *, loop: str = "asyncio") -> list[Throughput]:
    """Let crews work, by turns.

    Arguments:
        url: of a migrated database.
        names: of the contenders.
        plan: how much.
        loop: the event loop of the workers.

    Returns:
        The figures.

    Raises:
        AssertionError: a queue ran empty, the database has other jobs finished than the workers say, or our ledger does
            not agree.
    """
    keeper = await gallery_rows.opened(url)
    queues = {CONTENDERS[name].queue.name: CONTENDERS[name].queue for name in names}
    figures = []
    try:
        for queue in queues.values():
            await queue.install(url)
        for workers in plan.workers:
            figures += await _take_turns(url, keeper, names, workers, plan, loop)
    finally:
        await keeper.close()
    if OURS in queues:
        async with cm.connect(url):
            found = await cm.QuotaEntry.objects.discrepancies()
        if found:
            raise AssertionError(f"The ledger does not agree: {found[:3]}")
    return figures


async def _take_turns(
    url: str, keeper: Any, names: Sequence[str], workers: int, plan: Plan, loop: str
) -> list[Throughput]:
    turns: dict[str, list[Turn]] = {name: [] for name in names}
    async with AsyncExitStack() as stack:
        crews = {}
        for name in names:
            await CONTENDERS[name].queue.fill(keeper, plan.pending)
            crews[name] = await stack.enter_async_context(
                generations_crews.crew(name, url, workers, loop, processes=plan.processes)
            )
        for number, order in enumerate(compare.turns(list(names), plan.rounds), 1):
            say(f"throughput, {workers} at work, round {number} of {plan.rounds}")
            for name in order:
                queue = CONTENDERS[name].queue
                await queue.fill(keeper, plan.pending)
                before = await keeper.fetchval(queue.finished)
                turn = await crews[name].work(plan.seconds)
                await _verify(keeper, queue, turn, before)
                turns[name].append(turn)
    return generations_report.throughput(workers, turns)


async def _verify(keeper: Any, queue: Queue, turn: Turn, before: int) -> None:
    done = await keeper.fetchval(queue.finished) - before
    if done != turn.jobs:
        raise AssertionError(f"{turn.jobs} jobs are said to be finished, but {queue.name} has {done} more")
    if not await keeper.fetchval(queue.pending):
        raise AssertionError(f"The queue of {queue.name} ran empty: more must wait (--pending) or turns be shorter")


async def measure_latency(url: str, names: Sequence[str], plan: Plan) -> list[Latency]:
    """Claim one job after another, by turns; each is completed before the next is claimed, which is not measured.

    Arguments:
        url: of a migrated database without jobs.
        names: of the contenders.
        plan: how much.

    Returns:
        The figures.
    """
    queues = {CONTENDERS[name].queue.name: CONTENDERS[name].queue for name in names}
    figures, there = [], 0
    async with AsyncExitStack() as stack:
        keeper = await gallery_rows.opened(url)
        stack.push_async_callback(keeper.close)
        claims = {}
        for name, queue in queues.items():
            await queue.install(url)
            claims[name] = await stack.enter_async_context(CLAIMS[name](url))
        for finished in plan.finished:
            for queue in queues.values():
                say(f"a history of {finished:,} for {queue.name}")
                await queue.remember(keeper, finished - there)
                await queue.fill(keeper, plan.waiting)
            there = finished
            await keeper.execute("CHECKPOINT")
            for claim in claims.values():
                await _claim(claim, WARM_UP)
            samples: dict[str, list[list[float]]] = {name: [] for name in claims}
            for order in compare.turns(list(claims), plan.rounds):
                for name in order:
                    samples[name].append(await _claim(claims[name], plan.claims))
            figures += generations_report.latencies(finished, samples)
    return figures


async def _claim(claim: contenders.Claim, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        finish = await claim()
        taken.append(time.perf_counter() - began)
        if finish is None:
            raise AssertionError("There was nothing left to claim: more must wait (--waiting)")
        await finish()
    return taken


def run(plan: Plan, names: Sequence[str], server_url: str, loop: str = "asyncio") -> Report:
    """Measure, in databases of its own on this server."""

    async def measure_all() -> Report:
        async with rows.migrated(server_url) as url:
            throughput = await measure_throughput(url, names, plan, loop=loop)
        async with rows.migrated(server_url) as url:
            return Report(throughput, await measure_latency(url, names, plan))

    return compare.run_under(loop, measure_all())


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the file."""
    parser = _parser()
    given = parser.parse_args(arguments)
    plan = QUICK if given.quick else Plan()
    asked = {name: value for name, value in vars(given).items() if name in Plan.__slots__ and value is not None}
    plan = replace(plan, **{**asked, "finished": sorted(asked.get("finished", plan.finished))})
    names = [name for name in CONTENDERS if not given.contender or any(part in name for part in given.contender)]
    if not names:
        parser.error(f"nobody is left to measure; there are: {'; '.join(CONTENDERS)}")
    with _server(given.url, memory=given.memory) as server_url:
        report = run(plan, names, server_url, given.loop)
    print(generations_report.table(report, plan.pending))
    details = {"plan": plan, "loop": given.loop, "in_memory": given.memory}
    compare.write(given.output, {**compare.describe_machine(), **details, "report": report})


def _server(url: str | None, *, memory: bool) -> AbstractContextManager[str]:
    if url:
        return nullcontext(url)
    return servers.careless_server() if memory else servers.server()


def _parser() -> argparse.ArgumentParser:
    usual = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generations",
        description=(__doc__ or "").rpartition("\n\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def add(flag: str, text: str, **how: Any) -> None:
        default = getattr(usual, flag[2:])
        shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
        parser.add_argument(flag, help=f"{text} (default: {shown})", **how)

    parser.add_argument("--quick", action="store_true", help="small numbers, for trying: half a minute")
    add("--pending", "jobs that wait when a turn begins", type=int)
    add("--workers", "workers of a crew; each number is measured, none leaves throughput out", type=int, nargs="*")
    add("--seconds", "a turn of throughput", type=float)
    add("--rounds", "turns of each contender", type=int)
    add("--finished", "jobs in the history; each number is measured, none leaves latency out", type=int, nargs="*")
    add("--waiting", "jobs that wait while claims are measured", type=int)
    add("--claims", "claims in a turn", type=int)
    separate = "each worker in a process of its own, or all of a crew in one"
    add("--processes", separate, action=argparse.BooleanOptionalAction)
    some = f"only those with one of these in their name: {'; '.join(CONTENDERS)}"
    parser.add_argument("--contender", nargs="+", default=[], metavar="NAME", help=some)
    loops = "event loop of all (default: uvloop)"
    parser.add_argument("--loop", default="uvloop", choices=["asyncio", "uvloop"], help=loops)
    place = parser.add_mutually_exclusive_group()
    server = "a server, where databases are made and dropped; else DATABASE_URL's, or an embedded one"
    place.add_argument("--url", help=server)
    place.add_argument("--memory", action="store_true", help="an embedded server that never waits for a disk")
    figures = compare.RESULTS / "generations.json"
    parser.add_argument("--output", type=Path, default=figures, help="file for the figures")
    return parser


if __name__ == "__main__":
    main()
