"""Comparing contenders on a noisy machine: round by round, each against the same round of another."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
