"""The gallery at a million characters: charmodels against the same by hand, the obvious SQL, and the old layer.

On one connection each. Contenders take turns, round by round, and a ratio is taken within each round, so that a machine
with other things to do bothers all alike. A ratio above 1 says that charmodels is faster.

- by hand: the very statements that charmodels sends, through a plain asyncpg pool, giving records.
- obvious: what one writes by hand on these tables, where it is something else: the planner chooses the index.
- old, bare: the old layer's queries, ported to asyncpg, on the table as its set-up left it, without secondary indexes.
- old, indexed: the same on good indexes.

Run with: python -m benchmarks.gallery
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import charmodels as cm
from benchmarks import compare, gallery_report, gallery_rows, gallery_tasks, gallery_throughput
from benchmarks import gallery_contenders as contenders
from benchmarks.gallery_contenders import BY_HAND, OBVIOUS, OURS, Ask, Connection
from benchmarks.gallery_report import OLD_BARE, OLD_INDEXED, Figure, Growth, Report, Speed
from benchmarks.gallery_tasks import Probes, Task
from tests import servers

PREPARED_AFTER = 6
"""Requests after which PostgreSQL has settled for a plan of a prepared statement."""

SLOW = 0.05
"""Seconds from which one request is enough for a turn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        characters: rows in the table.
        fewer: rows in the table that growth is measured against; 0 to leave that out.
        rounds: how often each contender gets its turn.
        requests: in one turn.
        old_rounds: in how many of the rounds the old layer gets one request, on each of its tables.
        concurrency: how many callers at once, where throughput is measured; 0 to leave that out.
        only: the names of the tasks, or parts of them; none for all.
    """

    characters: int = 1_000_000
    fewer: int = 100_000
    rounds: int = 10
    requests: int = 10
    old_rounds: int = 5
    concurrency: int = 16
    only: tuple[str, ...] = ()


async def measure(url: str, plan: Plan) -> tuple[list[Figure], Probes]:
    """Let every contender do every task.

    Arguments:
        url: of a gallery with the copies for the old layer.
        plan: how much.

    Returns:
        The figures, and what was asked for.

    Raises:
        AssertionError: the obvious way gives other rows than charmodels.
    """
    settings = cm.Settings(database_url=url, db_pool_min=1, db_pool_max=1, db_command_timeout=300)
    figures = []
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(cm.connect(settings))
        pool = await stack.enter_async_context(contenders.plain_pool(settings))
        keeper = await gallery_rows.opened(url)
        stack.push_async_callback(keeper.close)
        probes = await gallery_tasks.pick(keeper)
        for task in _chosen(await gallery_tasks.tasks(keeper, probes), plan.only):
            field: dict[str, Ask] = {}
            if task.is_there:
                variants = await contenders.statements_of(database, task.ask, task.variants)
                field[OURS] = task.ask
                field[BY_HAND] = contenders.by_hand(pool, variants)
            if task.obvious:
                field[OBVIOUS] = contenders.by_hand(pool, [task.obvious])
            if task.is_there and task.obvious and task.is_page:
                await _verify(task, field)
            old = {
                OLD_BARE: task.old.on(gallery_rows.BARE, keeper),
                OLD_INDEXED: task.old.on(gallery_rows.INDEXED, keeper),
            }
            figures.append(gallery_report.figure(task, await _take_turns(field, old, plan)))
    return figures, probes


def _chosen(tasks: Sequence[Task], only: Sequence[str]) -> list[Task]:
    return [task for task in tasks if not only or any(part in task.name for part in only)]


async def _verify(task: Task, field: Mapping[str, Ask]) -> None:
    """See that the obvious way answers the same question."""
    page, [records] = await field[OURS](0), await field[OBVIOUS](0)
    expected = [row["id"] for row in records[: contenders.PAGE]]
    if [row.id for row in page] != expected:
        raise AssertionError(f"{task.name}: the obvious way gives other rows than charmodels")


async def _take_turns(field: Mapping[str, Ask], old: Mapping[str, Ask], plan: Plan) -> dict[str, list[list[float]]]:
    samples: dict[str, list[list[float]]] = {name: [] for name in (*field, *old)}
    for ask in field.values():
        await _time(ask, 0, PREPARED_AFTER)
    for round_number, names in enumerate(compare.turns([*field, *old], plan.rounds)):
        for name in names:
            if name in old:
                if round_number < plan.old_rounds:
                    samples[name].append(await _time(old[name], round_number, 1))
                continue
            start = round_number * plan.requests
            [first] = await _time(field[name], start, 1)  # the others may have pushed out what it reads
            requests = plan.requests if name == OURS or first < SLOW else 1
            samples[name].append(await _time(field[name], start, requests))
    return samples


async def _time(ask: Ask, start: int, requests: int) -> list[float]:
    gc.collect()
    seconds = []
    with _garbage_kept():
        for number in range(start, start + requests):
            began = time.perf_counter()
            await ask(number)
            seconds.append(time.perf_counter() - began)
    return seconds


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Keep the collector from running in the middle of somebody's turn; it is nobody's doing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def measure_growth(fewer_url: str, url: str, plan: Plan) -> list[Growth]:
    """Let charmodels do its tasks on a small gallery and on a large one, by turns.

    Arguments:
        fewer_url: of the small one.
        url: of the large one.
        plan: how much.

    Returns:
        What each took on both.
    """
    samples: dict[str, dict[str, list[float]]] = {}
    tasks: dict[str, list[Task]] = {}
    for _ in range(plan.rounds):
        for place in (fewer_url, url):
            async with cm.connect(cm.Settings(database_url=place, db_pool_min=1, db_pool_max=1)):
                if place not in tasks:
                    keeper = await gallery_rows.opened(place)
                    tasks[place] = await gallery_tasks.tasks(keeper, await gallery_tasks.pick(keeper))
                    await keeper.close()
                for task in _chosen(tasks[place], plan.only):
                    if task.is_there:
                        await _time(task.ask, 0, PREPARED_AFTER)
                        taken = statistics.median(await _time(task.ask, 0, plan.requests))
                        samples.setdefault(task.name, {}).setdefault(place, []).append(taken)
    grows = {task.name: task.grows for task in tasks[url]}
    return [
        gallery_report.growth(name, taken[fewer_url], taken[url], bounded=not grows[name])
        for name, taken in samples.items()
        if len(taken) == 2
    ]


async def explain(url: str, name: str) -> str:
    """Show how the server does what charmodels sends for a task.

    Arguments:
        url: of a gallery.
        name: of the task.

    Returns:
        The plans, with how often the server kept to a plan for any values.

    Raises:
        KeyError: there is no such task.
    """
    async with cm.connect(cm.Settings(database_url=url, db_pool_min=1, db_pool_max=1)) as database:
        keeper = await gallery_rows.opened(url)
        try:
            tasks = {task.name: task for task in await gallery_tasks.tasks(keeper, await gallery_tasks.pick(keeper))}
            [statements] = await contenders.statements_of(database, tasks[name].ask, 1)
            return "\n\n".join([await _plan(keeper, sql, values) for sql, values in statements])
        finally:
            await keeper.close()


async def _plan(connection: Connection, sql: str, values: Sequence[Any]) -> str:
    for _ in range(PREPARED_AFTER):
        await connection.fetch(sql, *values)
    kept = await connection.fetchrow(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1", sql
    )
    rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", *values)
    bound = "\n".join(f"-- ${number} = {value!r}" for number, value in enumerate(values, 1))
    counted = f"-- planned for any values {kept['generic_plans']} times, for these {kept['custom_plans']} times"
    return "\n".join([sql, bound, counted, *(row[0] for row in rows)])


def run(plan: Plan, server_url: str, *, keep: bool, loops: Sequence[str] = ("asyncio",)) -> Report:
    """Load the rows, and measure.

    Arguments:
        plan: how much.
        server_url: of a database on a server where others can be made.
        keep: leave the databases there, and take those of the last time.
        loops: under which event loops throughput is measured.
    """

    with ExitStack() as stack:
        url = stack.enter_context(_gallery(server_url, plan.characters, keep=keep))
        figures, probes = asyncio.run(measure(url, plan))
        growths: list[Growth] = []
        if plan.fewer:
            small = stack.enter_context(_gallery(server_url, plan.fewer, keep=keep, old=False))
            growths = asyncio.run(measure_growth(small, url, plan))
        speeds: list[Speed] = []
        for loop in loops if plan.concurrency else ():
            work = gallery_throughput.measure(url, probes, plan.concurrency, plan.rounds, loop=loop)
            speeds += compare.run_under(loop, work)
    return Report(figures, growths, speeds, probes)


@contextmanager
def _gallery(server_url: str, characters: int, *, keep: bool, old: bool = True) -> Iterator[str]:
    """Make a gallery outside of any event loop, so that each measurement may run under its own."""
    made = gallery_rows.database(server_url, characters, keep=keep, old=old)
    with asyncio.Runner() as runner:
        url = runner.run(made.__aenter__())
        try:
            yield url
        finally:
            runner.run(made.__aexit__(None, None, None))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the file."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gallery", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--characters", type=int, default=usual.characters, help="rows in the table")
    parser.add_argument("--fewer", type=int, default=usual.fewer, help="rows to measure growth against, or 0")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of each contender")
    parser.add_argument("--requests", type=int, default=usual.requests, help="requests in a turn")
    parser.add_argument("--old-rounds", type=int, default=usual.old_rounds, help="requests of the old layer")
    parser.add_argument("--concurrency", type=int, default=usual.concurrency, help="callers for throughput, or 0")
    parser.add_argument("--loop", nargs="+", default=["asyncio"], choices=["asyncio", "uvloop"], help="event loops")
    parser.add_argument("--task", nargs="+", default=[], help="only tasks with one of these in their name")
    parser.add_argument("--explain", metavar="TASK", help="show the plan of a task instead")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--keep", type=Path, metavar="FOLDER", help="keep an embedded server with its databases here")
    place.add_argument("--url", help="keep the databases on this server")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "gallery.json", help="file for the figures")
    given = parser.parse_args(arguments)
    plan = Plan(
        given.characters,
        given.fewer,
        given.rounds,
        given.requests,
        given.old_rounds,
        given.concurrency,
        tuple(given.task),
    )
    with _server(given.keep, given.url) as server_url:
        keep = bool(given.keep or given.url)
        if given.explain:
            with _gallery(server_url, plan.characters, keep=keep) as url:
                print(asyncio.run(explain(url, given.explain)))
            return
        report = run(plan, server_url, keep=keep, loops=given.loop)
    print(gallery_report.tables(report))
    compare.write(given.output, {**compare.describe_machine(), "plan": plan, "report": report})


@contextmanager
def _server(folder: Path | None, url: str | None) -> Iterator[str]:
    if url:
        yield url
    elif folder:
        with cm.embedded.postgres(folder) as server_url:
            yield server_url
    else:
        with servers.server() as server_url:
            yield server_url


if __name__ == "__main__":
    main()
