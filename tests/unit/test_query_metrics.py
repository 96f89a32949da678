from __future__ import annotations

import sys
from datetime import timedelta

import pytest

import charmodels as cm
from charmodels.monitoring import query_metrics
from charmodels.monitoring.query_metrics import BUCKETS, MOST_SHAPES, MOST_TEXTS, OTHERS, Histogram, QueryMetrics


class Clock:
    """Time that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(query_metrics, "monotonic", made)
    return made


def test_a_histogram_counts_each_once_and_keeps_the_longest() -> None:
    histogram = Histogram()
    for seconds in (0.0005, 0.0006, 0.3, 60.0):
        histogram.add(seconds)
    assert histogram.count == 4
    assert (histogram.counts[0], histogram.counts[1], histogram.counts[-1]) == (1, 1, 1)
    assert histogram.counts[BUCKETS.index(0.5)] == 1
    assert (histogram.total, histogram.greatest) == (pytest.approx(60.3011), 60.0)


def test_stats_add_up_what_was_counted() -> None:
    metrics = QueryMetrics()
    assert metrics.stats().mean_seconds == 0.0
    metrics.add("SELECT 1", 0.1)
    metrics.add("SELECT 2", 0.3)
    metrics.add("UPDATE a SET b = 1", 0.2)
    stats = metrics.stats()
    assert (stats.count, stats.by_operation) == (3, {"SELECT": 2, "UPDATE": 1})
    assert (stats.total_seconds, stats.mean_seconds, stats.max_seconds) == (
        pytest.approx(0.6),
        pytest.approx(0.2),
        0.3,
    )


def test_statements_that_differ_in_values_are_one(clock: Clock) -> None:
    metrics = QueryMetrics()
    for number in range(10):
        metrics.add(f"SELECT a FROM t WHERE b = {number}", 0.01)
    metrics.add("SELECT a FROM other", 0.05)
    first, second = metrics.slowest()
    assert (first.statement, first.count, first.mean_seconds) == (
        "SELECT a FROM t WHERE b = ?",
        10,
        pytest.approx(0.01),
    )
    assert (second.statement, second.max_seconds) == ("SELECT a FROM other", 0.05)
    assert [each.statement for each in metrics.slowest(1, by="mean")] == ["SELECT a FROM other"]
    assert [each.statement for each in metrics.slowest(1, by="max")] == ["SELECT a FROM other"]


def test_the_window_moves_on(clock: Clock) -> None:
    metrics = QueryMetrics()
    metrics.add("SELECT old", 1.0)
    clock.now += 5 * 60
    metrics.add("SELECT new", 0.5)
    assert [each.statement for each in metrics.slowest()] == ["SELECT old", "SELECT new"]
    assert [each.statement for each in metrics.slowest(within=timedelta(minutes=2))] == ["SELECT new"]
    clock.now += 12 * 60
    assert [each.statement for each in metrics.slowest()] == ["SELECT new"]
    assert metrics.stats().count == 2


def test_memory_is_bounded(clock: Clock) -> None:
    metrics = QueryMetrics()
    for minute in range(30):
        clock.now += 60
        for number in range(MOST_SHAPES + 50):
            metrics.add(f"SELECT column_{number} FROM table_{minute % 3}", 0.001)
    assert len(metrics._slots) == 15
    assert {len(slot) for _, slot in metrics._slots} == {MOST_SHAPES + 1}
    assert len(metrics._known) <= MOST_TEXTS
    others = next(each for each in metrics.slowest(10_000) if each.statement == OTHERS)
    assert others.count == 50 * 15
    assert sys.getsizeof(metrics._known) < 1_000_000


@pytest.mark.parametrize(
    "arguments",
    [
        {"limit": 0},
        {"by": "name"},
        {"within": timedelta()},
        {"within": timedelta(hours=1)},
        {"within": 5},
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(arguments: dict[str, object]) -> None:
    with pytest.raises(cm.InvalidInput) as raised:
        QueryMetrics().slowest(**arguments)
    assert raised.value.field == next(iter(arguments))
