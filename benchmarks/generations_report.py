"""What a run of the queues found, and how it is laid out."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import compare
from benchmarks.compare import Ratio
from benchmarks.generations_contenders import OURS
from benchmarks.generations_crews import Turn

WIDTH = 26
"""Of a column of ratios."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """How fast the workers of one contender are.

    Arguments:
        contender: its name.
        workers: how many.
        jobs: a second, in the median round.
        cpu_milliseconds: of the workers, a job.
        ratios: by other contender, this one's jobs a second by that one's.
    """

    contender: str
    workers: int
    jobs: float
    cpu_milliseconds: float
    ratios: Mapping[str, Ratio]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a claim takes.

    Arguments:
        queue: the library.
        finished: jobs in the history.
        median, p95: of all claims, in milliseconds.
        ratios: by other library, its median by this one's.
    """

    queue: str
    finished: int
    median: float
    p95: float
    ratios: Mapping[str, Ratio]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found."""

    throughput: Sequence[Throughput]
    latency: Sequence[Latency]


def throughput(workers: int, turns: Mapping[str, Sequence[Turn]]) -> list[Throughput]:
    """Sum up the turns of the contenders, in each of which so many were at work."""
    speeds = {name: [turn.jobs / turn.seconds for turn in taken] for name, taken in turns.items()}
    return [
        Throughput(
            contender=name,
            workers=workers,
            jobs=statistics.median(speeds[name]),
            cpu_milliseconds=statistics.median(turn.cpu / turn.jobs for turn in taken) * 1000,
            ratios={other: compare.ratio(speeds[name], speeds[other]) for other in turns},
        )
        for name, taken in turns.items()
    ]


def latencies(finished: int, samples: Mapping[str, Sequence[Sequence[float]]]) -> list[Latency]:
    """Sum up what claims took, in seconds by library and round, with so many jobs in the history."""
    medians = {name: [statistics.median(taken) for taken in rounds] for name, rounds in samples.items()}
    figures = []
    for name, rounds in samples.items():
        every = sorted(seconds for taken in rounds for seconds in taken)
        figures.append(
            Latency(
                queue=name,
                finished=finished,
                median=statistics.median(every) * 1000,
                p95=every[int(len(every) * 0.95)] * 1000,
                ratios={other: compare.ratio(medians[other], medians[name]) for other in samples},
            )
        )
    return figures


def table(report: Report, pending: int) -> str:
    """Lay figures out for reading. A ratio above 1 says that the contender of the line is the faster one."""
    lines: list[str] = []
    for workers in sorted({figure.workers for figure in report.throughput}):
        figures = [figure for figure in report.throughput if figure.workers == workers]
        title = f"{workers} at work, {pending:,} waiting"
        lines += ["", f"{title:<34}{'jobs a second':>14}{'CPU ms':>8}{_heads(figures)}"]
        for each in figures:
            lines.append(f"  {each.contender:<32}{each.jobs:>14,.0f}{each.cpu_milliseconds:>8.3f}{_ratios(each)}")
    for finished in sorted({figure.finished for figure in report.latency}):
        claims = [figure for figure in report.latency if figure.finished == finished]
        title = f"claim one, {finished:,} finished"
        lines += ["", f"{title:<34}{'median ms':>14}{'p95 ms':>8}{_heads(claims)}"]
        lines += [f"  {each.queue:<32}{each.median:>14.2f}{each.p95:>8.2f}{_ratios(each)}" for each in claims]
    return "\n".join(lines[1:])


def _heads(figures: Sequence[Throughput | Latency]) -> str:
    others = [name for name in (figures[0].ratios if figures else {}) if not name.startswith(OURS)]
    return "".join(f"{'to ' + name:>{WIDTH}}" for name in others)


def _ratios(figure: Throughput | Latency) -> str:
    return "".join(f"{ratio!s:>{WIDTH}}" for name, ratio in figure.ratios.items() if not name.startswith(OURS))
