"""Comparing contenders on a noisy machine: round by round, each against the same round of another."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

Request = Callable[[int], Awaitable[Any]]
"""Makes the request with this number."""

Samples = Mapping[str, Sequence[float]]
"""By contender, the seconds of each round."""

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Ratio:
    """How one contender did against another, round by round.

    Arguments:
        median, least, greatest: of the ratios of the rounds, not the ratio of the medians, so that a slow minute of
            the machine, which both were in, cancels out.
    """

    median: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.greatest:.2f})"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a request took.

    Arguments:
        seconds: time passed, by requests made.
        cpu: of this process, in seconds, by requests made.
    """

    seconds: float
    cpu: float


async def spend(request: Request, concurrency: int, each: int) -> Spent:
    """Let `concurrency` callers make `each` requests one after another, and tell what a request took."""

    async def caller(start: int) -> None:
        for number in range(start, start + each):
            await request(number)

    gc.collect()
    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller(start * each) for start in range(concurrency)))
    seconds, requests = time.perf_counter() - began, concurrency * each
    return Spent(seconds / requests, (time.process_time() - cpu) / requests)


def run_under(loop: str, work: Coroutine[Any, Any, T]) -> T:
    """Run under the event loop of this name, "asyncio" or "uvloop"."""
    factory = importlib.import_module("uvloop").new_event_loop if loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


def turns(names: Sequence[str], rounds: int) -> Iterator[list[str]]:
    """Say who runs after whom: in each round everyone once, a different one first."""
    for number in range(rounds):
        start = number % len(names)
        yield [*names[start:], *names[:start]]


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Ratio:
    """Divide round by round."""
    ratios = [above / below for above, below in zip(numerator, denominator, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def describe_machine() -> dict[str, str]:
    """Say what a figure depends on besides the code."""
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON, dataclasses included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, default=asdict) + "\n", encoding="utf-8")
