"""What it costs to count every statement, and to hand it to OpenTelemetry: a page, and one character by its key.

One pool, of which the same connections tell of their statements or do not, turn by turn; a ratio is taken within each
round, so that a machine with other things to do bothers all alike. A ratio of 1.05 says: 5 % slower than without.

Run with: python -m benchmarks.monitoring
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import charmodels as cm
from benchmarks import compare, contenders, rows
from benchmarks.compare import Ratio, Request
from charmodels import database
from charmodels.monitoring.monitor import Monitor
from charmodels.monitoring.query_metrics import QueryMetrics
from charmodels.monitoring.telemetry import Telemetry

OFF = "off"
METRICS = "METRICS"
OPENTELEMETRY = "OPENTELEMETRY"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        characters: rows in the table.
        rounds: how often each gets its turn.
        requests: in one turn, at concurrency 1; more callers make more requests.
        concurrency: how many callers at once.
        pool: connections.
    """

    characters: int = 20_000
    rounds: int = 200
    requests: int = 30
    concurrency: tuple[int, ...] = (1, 16)
    pool: int = 16


@dataclass(frozen=True, slots=True)
class Figure:
    """What a request cost.

    Arguments:
        task: "page" or "get".
        concurrency: how many callers at once.
        contender: OFF, METRICS or OPENTELEMETRY.
        milliseconds: a request, in the median round: time passed by requests made.
        ratio: this one's time by that of OFF.
        cpu: likewise, of the client's processor time.
    """

    task: str
    concurrency: int
    contender: str
    milliseconds: float
    ratio: Ratio
    cpu: Ratio


async def measure(url: str, plan: Plan) -> list[Figure]:
    """Let all do every task at every concurrency.

    Arguments:
        url: of a database with characters.
        plan: how much.

    Returns:
        The figures.
    """
    settings = cm.Settings(database_url=url, db_pool_min=plan.pool, db_pool_max=plan.pool)
    figures = []
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(contenders.charmodels(settings))
        telemetry = _telemetry(settings, stack)
        monitors: dict[str, Monitor | None] = {
            OFF: None,
            METRICS: Monitor(metrics=QueryMetrics(), slow=settings.slow_query_seconds),
            OPENTELEMETRY: Monitor(telemetry=telemetry),
        }
        keys = [character.id for character in await cm.Character.objects.all().order_by("id").limit(1000)]
        random.Random(20).shuffle(keys)
        tasks: dict[str, Request] = {
            "page": lambda number: ours.page(),
            "get": lambda number: ours.get(keys[number % len(keys)]),
        }
        for task, request in tasks.items():
            for concurrency in plan.concurrency:
                figures += await _take_turns(monitors, task, request, plan, concurrency)
    return figures


async def _take_turns(
    monitors: dict[str, Monitor | None], task: str, request: Request, plan: Plan, concurrency: int
) -> list[Figure]:
    spent: dict[str, list[compare.Spent]] = {name: [] for name in monitors}
    each = max(1, plan.requests // min(concurrency, 4))
    for name in monitors:  # opens every connection, prepares every statement, learns every shape
        _watch(monitors[name])
        await compare.spend(request, concurrency, 2)
    for order in compare.turns(list(monitors), plan.rounds):
        for name in order:
            _watch(monitors[name])
            spent[name].append(await compare.spend(request, concurrency, each))
    _watch(None)
    seconds = {name: [one.seconds for one in turns] for name, turns in spent.items()}
    cpu = {name: [one.cpu for one in turns] for name, turns in spent.items()}
    return [
        Figure(
            task=task,
            concurrency=concurrency,
            contender=name,
            milliseconds=statistics.median(seconds[name]) * 1000,
            ratio=compare.ratio(seconds[name], seconds[OFF]),
            cpu=compare.ratio(cpu[name], cpu[OFF]),
        )
        for name in monitors
    ]


def _watch(monitor: Monitor | None) -> None:
    """Have all connections of the pool tell this one of their statements, and nobody else."""
    pool = database.current().client._pool
    assert pool is not None
    for holder in pool._holders:
        if holder._con is not None:
            holder._con.watch(monitor)


def _telemetry(settings: cm.Settings, stack: AsyncExitStack) -> Telemetry:
    """Telemetry with an SDK that measures, and makes spans that nobody exports."""
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
        metrics.set_meter_provider(MeterProvider(metric_readers=[InMemoryMetricReader()]))
    telemetry = Telemetry(settings, lambda: None)
    stack.callback(telemetry.close)
    return telemetry


def table(figures: Sequence[Figure]) -> str:
    """Lay figures out for reading."""
    lines = []
    heading = None
    for figure in figures:
        what = f"a page of {contenders.PAGE}" if figure.task == "page" else "one by its key"
        title = f"{what}, {figure.concurrency} at once"
        if title != heading:
            heading = title
            lines += ["", f"{title:<32}{'ms':>7}  time to off (least to greatest)   processor time to off"]
        lines.append(f"  {figure.contender:<30}{figure.milliseconds:>7.3f}  {figure.ratio!s:<33} {figure.cpu}")
    return "\n".join(lines[1:])


def run(plan: Plan) -> list[Figure]:
    """Start a server, or use DATABASE_URL's, load the rows and measure."""
    return rows.on_a_server(lambda server: rows.database(server, plan.characters), lambda url: measure(url, plan))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the file."""
    usual = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.monitoring", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--characters", type=int, default=usual.characters, help="rows in the table")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of each")
    parser.add_argument("--requests", type=int, default=usual.requests, help="requests in a turn")
    parser.add_argument("--concurrency", type=int, nargs="+", default=usual.concurrency, help="callers at once")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "monitoring.json", help="file for the figures")
    given = parser.parse_args(arguments)
    plan = Plan(given.characters, given.rounds, given.requests, tuple(given.concurrency))
    figures = run(plan)
    print(table(figures))
    compare.write(given.output, {**compare.describe_machine(), "plan": plan, "figures": figures})


if __name__ == "__main__":
    main()
