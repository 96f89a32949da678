"""A page of the public gallery, and one character by its key: charmodels against bare asyncpg and other ORMs.

Every contender reads the same rows of the same server from a pool of the same size. They take turns, round by round,
and a ratio is taken within each round, so that a machine with other things to do bothers all alike. A ratio above 1
says: faster than records out of a plain asyncpg pool.

Run with: python -m benchmarks.pages
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import charmodels as cm
from benchmarks import compare, contenders, rows
from benchmarks.alchemy import sqlalchemy
from benchmarks.compare import Ratio, Request
from benchmarks.contenders import BASELINE, Contender
from tests import servers


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        characters: rows in the table.
        rounds: how often each contender gets its turn.
        requests: in one turn, at concurrency 1; more callers make more requests.
        concurrency: how many callers at once.
        pool: connections of each contender.
    """

    characters: int = 20_000
    rounds: int = 30
    requests: int = 60
    concurrency: tuple[int, ...] = (1, 16)
    pool: int = 16


@dataclass(frozen=True, slots=True)
class Figure:
    """What one contender did.

    Arguments:
        task: "page" or "get".
        loop: of events, "asyncio" or "uvloop".
        concurrency: how many callers at once.
        contender: its name.
        milliseconds: a request, in the median round: time passed by requests made.
        ratio: the plain asyncpg pool's time by this one's.
    """

    task: str
    loop: str
    concurrency: int
    contender: str
    milliseconds: float
    ratio: Ratio


async def measure(url: str, plan: Plan, *, loop: str = "asyncio") -> list[Figure]:
    """Let every contender do every task at every concurrency.

    Arguments:
        url: of a database with characters.
        plan: how much.
        loop: the name of the running loop, for the figures.

    Returns:
        The figures.
    """
    settings = cm.Settings(database_url=url, db_pool_min=plan.pool, db_pool_max=plan.pool)
    figures = []
    async with AsyncExitStack() as stack:
        field = [
            await stack.enter_async_context(contenders.charmodels(settings)),
            *await stack.enter_async_context(contenders.plain(settings)),
            await stack.enter_async_context(contenders.tortoise(settings)),
            await stack.enter_async_context(sqlalchemy(settings)),
        ]
        keys = await _some_keys()
        await _verify(field, keys[0])
        for task in ("page", "get"):
            for concurrency in plan.concurrency:
                samples = await _take_turns(field, task, keys, plan, concurrency)
                figures += _figures(samples, task, loop, concurrency)
    return figures


async def _some_keys() -> list[UUID]:
    ids: list[UUID] = [character.id for character in await cm.Character.objects.all().order_by("id").limit(1000)]
    random.Random(20).shuffle(ids)
    return ids


async def _verify(field: Sequence[Contender], key: UUID) -> None:
    """See that all of them answer the same question."""
    expected = None
    for contender in field:
        page = [contender.id_of(row) for row in await contender.page()]
        expected = expected or page
        found = contender.id_of(await contender.get(key))
        if page != expected or len(set(page)) != contenders.PAGE or found != key:
            raise AssertionError(f"{contender.name} gives other rows than {field[0].name}")


async def _take_turns(
    field: Sequence[Contender], task: str, keys: Sequence[UUID], plan: Plan, concurrency: int
) -> dict[str, list[float]]:
    requests = {contender.name: _request(contender, task, keys) for contender in field}
    samples: dict[str, list[float]] = {name: [] for name in requests}
    each = max(1, plan.requests // min(concurrency, 4))
    for request in requests.values():  # opens every connection, prepares every statement
        await compare.spend(request, concurrency, 2)
    for order in compare.turns(list(requests), plan.rounds):
        for name in order:
            samples[name].append((await compare.spend(requests[name], concurrency, each)).seconds)
    return samples


def _request(contender: Contender, task: str, keys: Sequence[UUID]) -> Request:
    page, get = contender.page, contender.get
    if task == "page":
        return lambda number: page()
    return lambda number: get(keys[number % len(keys)])


def _figures(samples: compare.Samples, task: str, loop: str, concurrency: int) -> list[Figure]:
    return [
        Figure(
            task=task,
            loop=loop,
            concurrency=concurrency,
            contender=name,
            milliseconds=statistics.median(seconds) * 1000,
            ratio=compare.ratio(samples[BASELINE], seconds),
        )
        for name, seconds in samples.items()
    ]


def table(figures: Sequence[Figure]) -> str:
    """Lay figures out for reading."""
    lines = []
    heading = None
    for figure in figures:
        what = f"a page of {contenders.PAGE}" if figure.task == "page" else "one by its key"
        title = f"{what}, {figure.concurrency} at once, {figure.loop}"
        if title != heading:
            heading = title
            lines += ["", f"{title:<42}{'ms':>7}{'a second':>10}  ratio to plain asyncpg (least to greatest)"]
        lines.append(
            f"  {figure.contender:<40}{figure.milliseconds:>7.3f}{1000 / figure.milliseconds:>10.0f}  {figure.ratio}"
        )
    return "\n".join(lines[1:])


def run(plan: Plan, loops: Sequence[str] = ("asyncio",)) -> list[Figure]:
    """Start a server, or use DATABASE_URL's, load the rows and measure under each event loop."""

    async def measure_all(server_url: str, loop: str) -> list[Figure]:
        async with rows.database(server_url, plan.characters) as url:
            return await measure(url, plan, loop=loop)

    figures = []
    with servers.server() as server_url:
        for loop in loops:
            figures += compare.run_under(loop, measure_all(server_url, loop))
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the file."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--characters", type=int, default=usual.characters, help="rows in the table")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of each contender")
    parser.add_argument("--requests", type=int, default=usual.requests, help="requests in a turn")
    parser.add_argument("--concurrency", type=int, nargs="+", default=usual.concurrency, help="callers at once")
    parser.add_argument("--loop", nargs="+", default=["asyncio"], choices=["asyncio", "uvloop"], help="event loops")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "pages.json", help="file for the figures")
    given = parser.parse_args(arguments)
    plan = Plan(given.characters, given.rounds, given.requests, tuple(given.concurrency))
    figures = run(plan, given.loop)
    print(table(figures))
    compare.write(given.output, {**compare.describe_machine(), "plan": plan, "figures": figures})


if __name__ == "__main__":
    main()
