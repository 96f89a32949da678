"""Pages of the gallery for many callers at once: typed models against records out of a plain asyncpg pool, same SQL."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import charmodels as cm
from benchmarks import compare
from benchmarks import gallery_contenders as contenders
from benchmarks.gallery_contenders import OURS, PAGE, Ask
from benchmarks.gallery_report import Speed
from benchmarks.gallery_tasks import Probes

BASELINE = "asyncpg, pool.acquire()"

EACH = 8
"""Requests of each caller in a turn."""


def _tasks(probes: Probes) -> dict[str, Ask]:
    objects, tag, word = cm.Character.objects, probes.tags["common"], probes.words["common"]

    def ask(build: Callable[[], Any]) -> Ask:
        def page(number: int) -> Awaitable[Any]:
            found: Awaitable[Any] = build().page(PAGE)
            return found

        return page

    return {
        "newest page": ask(lambda: objects.public()),
        "common-tag page": ask(lambda: objects.public().tagged(all_of=[tag])),
        "common-word page": ask(lambda: objects.public().search(word)),
    }


async def measure(url: str, probes: Probes, concurrency: int, rounds: int, *, loop: str) -> list[Speed]:
    """Let both give pages, by turns.

    Arguments:
        url: of a gallery.
        probes: what to ask for.
        concurrency: how many callers at once, and connections of each.
        rounds: turns of each.
        loop: the name of the running loop, for the figures.

    Returns:
        The figures.
    """
    settings = cm.Settings(database_url=url, db_pool_min=concurrency, db_pool_max=concurrency)
    statements = {}
    async with cm.connect(cm.Settings(database_url=url, db_pool_min=1, db_pool_max=1)) as database:
        for name, ask in _tasks(probes).items():
            statements[name] = await contenders.statements_of(database, ask, 1)
    speeds = []
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(cm.connect(settings))
        pool = await stack.enter_async_context(contenders.plain_pool(settings, concurrency))
        for name, ask in _tasks(probes).items():
            field = {OURS: ask, BASELINE: contenders.by_hand(pool, statements[name])}
            for request in field.values():  # opens every connection, prepares every statement
                await compare.spend(request, concurrency, EACH)
            samples: dict[str, list[float]] = {contender: [] for contender in field}
            for order in compare.turns(list(field), rounds):
                for contender in order:
                    samples[contender].append((await compare.spend(field[contender], concurrency, EACH)).seconds)
            speeds += [
                Speed(
                    task=name,
                    loop=loop,
                    contender=contender,
                    concurrency=concurrency,
                    milliseconds=statistics.median(seconds) * 1000,
                    ratio=compare.ratio(samples[BASELINE], seconds),
                )
                for contender, seconds in samples.items()
            ]
    return speeds
