"""Reservations of quota a second: charmodels against the bare UPDATE, the same by hand, and an ORM's check, increment.

The bare conditional UPDATE in plain asyncpg is the measure, though it writes neither a hold nor a ledger: a ratio of 1
says as fast as that. Contenders take turns, round by round, and a ratio is taken within each round, so that a machine
with other things to do bothers all alike. In the end the ledger must agree with the counters.

Run with: python -m benchmarks.quota
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

import charmodels as cm
from benchmarks import compare, rows
from benchmarks import quota_contenders as contenders
from benchmarks.compare import Ratio, Request, Spent
from benchmarks.quota_contenders import BARE, BY_HAND, PLENTY, RACED, Contender, Users
from tests import servers

RACERS = 300
"""Callers at once that race for a quota of `RACED`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        users: of each contender, over whom requests are spread.
        rounds: how often each contender gets its turn.
        requests: in one turn.
        concurrency: how many callers at once, and connections of each contender.
    """

    users: int = 10_000
    rounds: int = 20
    requests: int = 1024
    concurrency: int = 32


@dataclass(frozen=True, slots=True)
class Task:
    """Something to measure.

    Arguments:
        name: for the table.
        request: makes a contender's request out of the users to make it for, one after another.
        pick: chooses these of the contender's.
        baseline: the contender that the others are compared with.
    """

    name: str
    request: Callable[[Contender, Iterator[UUID]], Request]
    pick: Callable[[Users], Sequence[UUID]]
    baseline: str


def _reserve(contender: Contender, users: Iterator[UUID]) -> Request:
    async def request(number: int) -> None:
        if await contender.reserve(next(users), PLENTY) is None:
            raise AssertionError(f"{contender.name} refuses what there is plenty of")

    return request


def _refuse(contender: Contender, users: Iterator[UUID]) -> Request:
    async def request(number: int) -> None:
        if await contender.reserve(next(users), 0) is not None:
            raise AssertionError(f"{contender.name} gives what is not there")

    return request


def _cycle(contender: Contender, users: Iterator[UUID]) -> Request:
    commit = contender.commit
    if commit is None:
        raise ValueError(f"{contender.name} has nothing to commit")

    async def request(number: int) -> None:
        await commit(await contender.reserve(next(users), PLENTY))

    return request


TASKS = (
    Task("reserve, one hot user", _reserve, lambda users: users.many[:1], BARE),
    Task("reserve, many users", _reserve, lambda users: users.many, BARE),
    Task("be refused, one hot user", _refuse, lambda users: users.exhausted[:1], BARE),
    Task("be refused, many users", _refuse, lambda users: users.exhausted, BARE),
    Task("reserve and commit, one hot user", _cycle, lambda users: users.many[:1], BY_HAND),
    Task("reserve and commit, many users", _cycle, lambda users: users.many, BY_HAND),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What one contender did.

    Arguments:
        task: its name.
        loop: of events, "asyncio" or "uvloop".
        contender: its name.
        milliseconds: a request, in the median round: time passed by requests made.
        cpu_milliseconds: of this process, the same way.
        baseline: the contender that it is compared with.
        ratio: that one's time by this one's.
    """

    task: str
    loop: str
    contender: str
    milliseconds: float
    cpu_milliseconds: float
    baseline: str
    ratio: Ratio


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    Arguments:
        figures: by task and contender.
        admitted: by contender, how many of `RACERS` callers got through a quota of `RACED`.
    """

    figures: Sequence[Figure]
    admitted: Mapping[str, int]


async def measure(url: str, plan: Plan, *, loop: str = "asyncio") -> Report:
    """Let every contender do every task.

    Arguments:
        url: of a migrated database.
        plan: how much.
        loop: the name of the running loop, for the figures.

    Returns:
        The figures, and how a race for the last of a quota ends.

    Raises:
        AssertionError: somebody who should not was refused or let through, or the ledger does not agree.
    """
    size = plan.concurrency
    settings = cm.Settings(
        database_url=url, db_pool_min=size, db_pool_max=size, plans={"FREE": {"daily_quota": PLENTY}}
    )
    figures = []
    async with AsyncExitStack() as stack:
        field = [
            await stack.enter_async_context(contenders.charmodels(settings)),
            *await stack.enter_async_context(contenders.plain(settings)),
            await stack.enter_async_context(contenders.sqlalchemy(settings)),
        ]
        # Beside the pools: whoever vacuums in one of them leaves its caches behind.
        keeper = await asyncpg.connect(**settings.connect_arguments())
        stack.push_async_callback(keeper.close)
        users = await contenders.users(keeper, [contender.name for contender in field], plan.users)
        admitted = {each.name: await _race(each, users[each.name].racing) for each in field}
        for task in TASKS:
            figures += _figures(task, loop, await _take_turns(field, task, users, plan, keeper))
        await _audit(keeper, users)
    return Report(figures, admitted)


async def _race(contender: Contender, user_id: UUID) -> int:
    outcomes = await asyncio.gather(*(contender.reserve(user_id, RACED) for _ in range(RACERS)))
    return sum(outcome is not None for outcome in outcomes)


async def _take_turns(
    field: Sequence[Contender], task: Task, users: Mapping[str, Users], plan: Plan, keeper: Any
) -> dict[str, list[Spent]]:
    requests = {}
    for contender in field:
        if task.request is _cycle and contender.commit is None:
            continue
        order = list(task.pick(users[contender.name]))
        random.Random(20).shuffle(order)
        requests[contender.name] = task.request(contender, itertools.cycle(order))
    samples: dict[str, list[Spent]] = {name: [] for name in requests}
    for request in requests.values():  # opens every connection, prepares every statement
        await compare.spend(request, plan.concurrency, 2)
    each = max(1, plan.requests // plan.concurrency)
    for names in compare.turns(list(requests), plan.rounds):
        for name in names:
            await keeper.execute("VACUUM user_quotas, quota_holds, quota_ledger")
            samples[name].append(await compare.spend(requests[name], plan.concurrency, each))
    return samples


async def _audit(keeper: Any, users: Mapping[str, Users]) -> None:
    """See that it was correct work that was fast."""
    without_books = [
        user_id
        for name in (contenders.BARE, contenders.ORM)
        for user_id in (*users[name].many, *users[name].exhausted, users[name].racing)
    ]
    await keeper.execute("UPDATE user_quotas SET daily_used = 0 WHERE user_id = ANY($1)", without_books)
    found = await cm.QuotaEntry.objects.discrepancies()
    if found:
        raise AssertionError(f"The ledger does not agree: {found[:3]}")


def _figures(task: Task, loop: str, samples: Mapping[str, Sequence[Spent]]) -> list[Figure]:
    seconds = {name: [spent.seconds for spent in spending] for name, spending in samples.items()}
    return [
        Figure(
            task=task.name,
            loop=loop,
            contender=name,
            milliseconds=statistics.median(seconds[name]) * 1000,
            cpu_milliseconds=statistics.median(spent.cpu for spent in spending) * 1000,
            baseline=task.baseline,
            ratio=compare.ratio(seconds[task.baseline], seconds[name]),
        )
        for name, spending in samples.items()
    ]


def table(report: Report, concurrency: int) -> str:
    """Lay figures out for reading."""
    lines = []
    heading = None
    for figure in report.figures:
        title = f"{figure.task}, {concurrency} at once, {figure.loop}"
        if title != heading:
            heading = title
            ratio = f"  ratio to {figure.baseline} (least to greatest)"
            lines += ["", f"{title:<54}{'ms':>7}{'CPU ms':>8}{'a second':>10}{ratio}"]
        lines.append(
            f"  {figure.contender:<52}{figure.milliseconds:>7.3f}{figure.cpu_milliseconds:>8.3f}"
            f"{1000 / figure.milliseconds:>10.0f}  {figure.ratio}"
        )
    lines += ["", f"{f'let through a quota of {RACED}, of {RACERS} at once':<54}"]
    lines += [f"  {name:<52}{count:>7}" for name, count in report.admitted.items()]
    return "\n".join(lines[1:])


def run(plan: Plan, loops: Sequence[str] = ("asyncio",)) -> dict[str, Report]:
    """Start a server, or use DATABASE_URL's, make the users and measure under each event loop."""

    async def measure_all(server_url: str, loop: str) -> Report:
        async with rows.migrated(server_url) as url:
            return await measure(url, plan, loop=loop)

    with servers.server() as server_url:
        return {loop: compare.run_under(loop, measure_all(server_url, loop)) for loop in loops}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the file."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quota", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--users", type=int, default=usual.users, help="users of each contender")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of each contender")
    parser.add_argument("--requests", type=int, default=usual.requests, help="requests in a turn")
    parser.add_argument("--concurrency", type=int, default=usual.concurrency, help="callers at once, and connections")
    parser.add_argument("--loop", nargs="+", default=["asyncio"], choices=["asyncio", "uvloop"], help="event loops")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "quota.json", help="file for the figures")
    given = parser.parse_args(arguments)
    plan = Plan(given.users, given.rounds, given.requests, given.concurrency)
    reports = run(plan, given.loop)
    print("\n\n".join(table(report, plan.concurrency) for report in reports.values()))
    compare.write(given.output, {**compare.describe_machine(), "plan": plan, "reports": reports})


if __name__ == "__main__":
    main()
