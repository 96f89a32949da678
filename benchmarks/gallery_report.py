"""What the gallery's benchmark found, and the tables that say so."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import compare
from benchmarks.compare import Ratio
from benchmarks.gallery_contenders import BY_HAND, OBVIOUS, OURS
from benchmarks.gallery_tasks import Probes, Task

OLD_BARE, OLD_INDEXED = "old, bare", "old, indexed"

TARGETS = {OLD_BARE: 100.0, OLD_INDEXED: 2.0}
"""How many times faster than the old layer, in the geometric mean over all tasks."""

GROWTH_TARGET = 1.2
"""What ten times the rows may cost, where a task does not grow with them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What became of a task.

    Arguments:
        task: its name.
        milliseconds: of each contender, the median of all its requests.
        late: of each contender, the 95th of 100 requests, in milliseconds.
        least: of each contender, the fastest request: what it takes while nothing else wants the machine.
        ratios: of each other contender, its time by that of charmodels.
        target: milliseconds that charmodels' 95th of 100 may take, or None.
    """

    task: str
    milliseconds: Mapping[str, float]
    late: Mapping[str, float]
    least: Mapping[str, float]
    ratios: Mapping[str, Ratio]
    target: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none, or nothing to measure yet."""
        if self.target is None or OURS not in self.late:
            return None
        return self.late[OURS] <= self.target


@dataclass(frozen=True, slots=True)
class Growth:
    """What a task takes on more rows.

    Arguments:
        task: its name.
        fewer, more: milliseconds on the small gallery and on the large one.
        ratio: of the second to the first.
        bounded: whether there is a target for it.
    """

    task: str
    fewer: float
    more: float
    ratio: Ratio
    bounded: bool


@dataclass(frozen=True, slots=True)
class Speed:
    """How many pages a contender gives to many callers at once.

    Arguments:
        task, loop, contender: their names.
        concurrency: how many callers.
        milliseconds: a page, in the median round: time passed by pages given.
        ratio: plain asyncpg's time by this one's.
    """

    task: str
    loop: str
    contender: str
    concurrency: int
    milliseconds: float
    ratio: Ratio


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run found.

    Arguments:
        figures: by task.
        growths: by task.
        speeds: by task, loop and contender.
        probes: what was asked for.
    """

    figures: Sequence[Figure]
    growths: Sequence[Growth]
    speeds: Sequence[Speed]
    probes: Probes

    def geometric_mean(self, contender: str) -> float | None:
        """Give the geometric mean of a contender's ratios; None where there are none."""
        ratios = [figure.ratios[contender].median for figure in self.figures if contender in figure.ratios]
        return statistics.geometric_mean(ratios) if ratios else None


def figure(task: Task, samples: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Make a figure.

    Arguments:
        task: what was done.
        samples: by contender and round, the seconds of each request.
    """
    taken = {name: [1000 * each for turn in turns for each in turn] for name, turns in samples.items() if turns}
    ratios = {}
    if OURS in taken:
        ours = [statistics.median(turn) for turn in samples[OURS]]
        for name in taken:
            theirs = [statistics.median(turn) for turn in samples[name]]
            ratios[name] = compare.ratio(theirs, ours[: len(theirs)])
        del ratios[OURS]
    return Figure(
        task=task.name,
        milliseconds={name: statistics.median(each) for name, each in taken.items()},
        late={name: _late(each) for name, each in taken.items()},
        least={name: min(each) for name, each in taken.items()},
        ratios=ratios,
        target=task.target,
    )


def _late(taken: Sequence[float]) -> float:
    return sorted(taken)[max(0, -(-len(taken) * 95 // 100) - 1)]


def growth(task: str, fewer: Sequence[float], more: Sequence[float], *, bounded: bool) -> Growth:
    """Compare what a task takes on few rows and on many, round by round.

    Arguments:
        task: its name.
        fewer, more: seconds, by round.
        bounded: whether there is a target.
    """
    small, large = 1000 * statistics.median(fewer), 1000 * statistics.median(more)
    return Growth(task, small, large, compare.ratio(more, fewer), bounded)


def tables(report: Report) -> str:
    """Lay a report out for reading."""
    parts = [_figures(report), _probes(report.probes), _means(report)]
    if report.growths:
        parts.append(_growths(report.growths))
    if report.speeds:
        parts.append(_speeds(report.speeds))
    return "\n\n".join("\n".join(part) for part in parts)


def _figures(report: Report) -> Iterable[str]:
    yield (
        f"{'one connection, ms':<26}{'least':>8}{'median':>8}{'p95':>8}{'target':>8}  {'':<7}{BY_HAND:>9}{'ratio':>7}"
        f"{OBVIOUS:>10}{'ratio':>8}{OLD_BARE:>11}{'ratio':>8}{OLD_INDEXED:>14}{'ratio':>8}"
    )
    for each in report.figures:
        ours = f"{'not there yet':>24}"
        if OURS in each.late:
            ours = "".join(f"{taken[OURS]:>8.2f}" for taken in (each.least, each.milliseconds, each.late))
        target = f"{each.target:>8.0f}" if each.target else f"{'':>8}"
        verdict = {True: "met", False: "MISSED", None: ""}[each.is_met]
        widths = ((BY_HAND, 9, 7), (OBVIOUS, 10, 8), (OLD_BARE, 11, 8), (OLD_INDEXED, 14, 8))
        others = "".join(_against(each, *width) for width in widths)
        yield f"{each.task:<26}{ours}{target}  {verdict:<7}{others}"


def _against(each: Figure, name: str, wide: int, narrow: int) -> str:
    taken = f"{each.milliseconds[name]:>{wide}.2f}" if name in each.milliseconds else " " * wide
    ratio = f"{_short(each.ratios[name].median):>{narrow}}" if name in each.ratios else " " * narrow
    return taken + ratio


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def _probes(probes: Probes) -> Iterable[str]:
    yield "asked for, with the share of the gallery that has it"
    for what, picked in (("tag", probes.tags), ("word", probes.words)):
        yield from (f"  {name} {what}: {text} ({probes.shares[text]:.2%})" for name, text in picked.items())


def _means(report: Report) -> Iterable[str]:
    yield "geometric mean of the ratios to the old layer"
    for name, target in TARGETS.items():
        mean = report.geometric_mean(name)
        if mean is not None:
            yield f"  {name:<24}{mean:>10,.1f}  target {target:g}: {'met' if mean >= target else 'MISSED'}"
    mean = report.geometric_mean(BY_HAND)
    if mean is not None:
        yield f"  {BY_HAND + ', for comparison':<24}{mean:>10,.2f}"


def _growths(growths: Sequence[Growth]) -> Iterable[str]:
    yield f"{'growth with the rows':<26}{'few':>8}{'many':>8}  ratio (least to greatest)"
    for each in growths:
        verdict = "" if not each.bounded else "met" if each.ratio.median <= GROWTH_TARGET else "MISSED"
        yield f"{each.task:<26}{each.fewer:>8.2f}{each.more:>8.2f}  {each.ratio!s:<24}{verdict}"


def _speeds(speeds: Sequence[Speed]) -> Iterable[str]:
    heading: Any = None
    for each in speeds:
        if heading != (each.task, each.loop):
            heading = each.task, each.loop
            title = f"{each.task}, {each.concurrency} at once, {each.loop}"
            yield f"{title:<46}{'ms':>7}{'a second':>10}  ratio to plain asyncpg (least to greatest)"
        yield f"  {each.contender:<44}{each.milliseconds:>7.3f}{1000 / each.milliseconds:>10.0f}  {each.ratio}"
