"""Counts statements, their times and their errors, in bounded memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Literal

from charmodels.errors import InvalidInput
from charmodels.monitoring.shapes import describe
from charmodels.values import whole_number

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: the upper ends of a histogram's buckets; a last one has what took longer."""

WINDOW = timedelta(minutes=15)
"""How far back `slowest` can look."""

SLOT = 60.0
"""Seconds that are counted together in the window."""

MOST_SHAPES = 500
"""Different statements that are told apart in one slot; the rest is counted together."""

MOST_TEXTS = 2_000
"""Texts whose shape is remembered; an app that writes values into its statements has any number of them."""

OTHERS = "(others)"

_SLOTS = int(WINDOW.total_seconds() / SLOT)


class Histogram:
    """How long things took.

    Attributes:
        counts: how many fell into each bucket; one more than BUCKETS.
        total: the sum of all, in seconds.
        greatest: the longest, in seconds.
    """

    __slots__ = ("counts", "greatest", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0
        self.greatest = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds
        if seconds > self.greatest:
            self.greatest = seconds

    @property
    def count(self) -> int:
        """How many."""
        return sum(self.counts)


class _Tally:
    """What one shape took in one slot."""

    __slots__ = ("count", "greatest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.greatest = 0.0


@dataclass(frozen=True, slots=True)
class QueryStats:
    """What all statements together did since the database was opened.

    Arguments:
        count: how many ended, well or not.
        total_seconds, mean_seconds, max_seconds: their time, as the caller sees it: until the rows are there, without
            the wait for a connection.
        by_operation: how many of each verb.
        errors: SQLSTATE to the number of statements that ended so. What has none goes by a name: PoolTimeout,
            StatementTimeout, DatabaseUnavailable, or the class of the driver's error.
        cancelled: how many were broken off by their callers. Not counted as errors.
        slow: how many took longer than SLOW_QUERY_SECONDS.
        pool_waits: how often a caller had to wait for a connection.
        pool_wait_seconds: how long, together.
    """

    count: int
    total_seconds: float
    mean_seconds: float
    max_seconds: float
    by_operation: Mapping[str, int]
    errors: Mapping[str, int]
    cancelled: int
    slow: int
    pool_waits: int
    pool_wait_seconds: float


@dataclass(frozen=True, slots=True)
class StatementStats:
    """What one statement did, whatever its values.

    Arguments:
        statement: its shape: the text without literals.
        count: how often it ran.
        total_seconds, mean_seconds, max_seconds: how long it took.
    """

    statement: str
    count: int
    total_seconds: float
    mean_seconds: float
    max_seconds: float


class QueryMetrics:
    """Counts what an open database is asked; `Database.metrics` gives it, where METRICS is on.

    Not counted are COPY, cursors and statements prepared by hand, which asyncpg's query logger does not see.

    Example:
        >>> import charmodels as cm
        >>> async def report(database: cm.Database) -> None:
        ...     print(database.metrics.stats().mean_seconds)
        ...     for each in database.metrics.slowest(5):
        ...         print(f"{each.total_seconds:.3f} s in {each.count}: {each.statement}")
    """

    def __init__(self) -> None:
        self.histograms: dict[str, Histogram] = {}
        self.errors: Counter[str] = Counter()
        self.cancelled = 0
        self.slow = 0
        self.pool_waits = Histogram()
        self.pool_timeouts = 0
        self._known: dict[str, tuple[str, Histogram]] = {}
        self._slot: dict[str, _Tally] = {}
        self._slots: deque[tuple[float, dict[str, _Tally]]] = deque(maxlen=_SLOTS)
        self._slot_ends = 0.0

    def add(self, statement: str, seconds: float) -> None:
        """Count a statement that ended.

        Arguments:
            statement: its text.
            seconds: how long it took.
        """
        if monotonic() >= self._slot_ends:
            self._next_slot()
        known = self._known.get(statement)
        shape, histogram = known if known is not None else self._learn(statement)
        histogram.add(seconds)
        tally = self._slot.get(shape)
        if tally is None:
            if len(self._slot) >= MOST_SHAPES:
                shape = OTHERS
            tally = self._slot.setdefault(shape, _Tally())
        tally.count += 1
        tally.total += seconds
        if seconds > tally.greatest:
            tally.greatest = seconds

    def _learn(self, statement: str) -> tuple[str, Histogram]:
        if len(self._known) >= MOST_TEXTS:
            self._known.clear()
        described = describe(statement)
        histogram = self.histograms.get(described.operation)
        if histogram is None:
            histogram = self.histograms[described.operation] = Histogram()
        known = self._known[statement] = described.shape, histogram
        return known

    def _next_slot(self) -> None:
        now = monotonic()
        self._slot = {}
        self._slots.append((now, self._slot))
        self._slot_ends = now + SLOT

    def stats(self) -> QueryStats:
        """Add up everything since the database was opened.

        Returns:
            The numbers.
        """
        histograms = dict(self.histograms)
        count = sum(histogram.count for histogram in histograms.values())
        total = sum(histogram.total for histogram in histograms.values())
        return QueryStats(
            count=count,
            total_seconds=total,
            mean_seconds=total / count if count else 0.0,
            max_seconds=max((histogram.greatest for histogram in histograms.values()), default=0.0),
            by_operation={operation: histogram.count for operation, histogram in sorted(histograms.items())},
            errors=dict(self.errors),
            cancelled=self.cancelled,
            slow=self.slow,
            pool_waits=self.pool_waits.count,
            pool_wait_seconds=self.pool_waits.total,
        )

    def slowest(
        self,
        limit: int = 10,
        *,
        by: Literal["total", "mean", "max"] = "total",
        within: timedelta = WINDOW,
    ) -> list[StatementStats]:
        """Say which statements took the longest lately.

        Arguments:
            limit: how many to tell of.
            by: which time counts: all runs together, their mean, or the longest one.
            within: how far back to look, by the minute; at most 15 minutes.

        Returns:
            The slowest first. What is beyond 500 different ones in a minute is counted together, as "(others)".

        Raises:
            InvalidInput: an argument is out of range.
        """
        whole_number("limit", limit)
        if by not in ("total", "mean", "max"):
            raise InvalidInput(field="by", reason="must be total, mean or max")
        if not isinstance(within, timedelta) or not timedelta() < within <= WINDOW:
            raise InvalidInput(field="within", reason="must be a timedelta of more than 0 and at most 15 minutes")
        since = monotonic() - within.total_seconds()
        sums: dict[str, _Tally] = {}
        for began, slot in list(self._slots):
            if began + SLOT <= since:
                continue
            for shape, tally in list(slot.items()):
                found = sums.setdefault(shape, _Tally())
                found.count += tally.count
                found.total += tally.total
                found.greatest = max(found.greatest, tally.greatest)
        made = [
            StatementStats(shape, each.count, each.total, each.total / each.count, each.greatest)
            for shape, each in sums.items()
            if each.count
        ]
        made.sort(key=lambda each: getattr(each, f"{by}_seconds"), reverse=True)
        return made[:limit]
