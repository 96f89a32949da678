"""What Prometheus is told: statements, errors, the pool, events and, where somebody looks, health and the queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any

from charmodels import clock, database, events, health
from charmodels.backend.pool import PoolStatus
from charmodels.enums import GenerationStatus
from charmodels.errors import ConfigurationError
from charmodels.health_report import HealthReport
from charmodels.monitoring.query_metrics import BUCKETS, Histogram, QueryMetrics, QueryStats, StatementStats
from charmodels.sql import statement
from charmodels.version import __version__

if TYPE_CHECKING:
    from prometheus_client.core import Metric

__all__ = [
    "CONTENT_TYPE",
    "QueryMetrics",
    "QueryStats",
    "QueueReading",
    "StatementStats",
    "collector",
    "prometheus_text",
    "read_queue",
]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `prometheus_text` gives, for the HTTP answer."""


@dataclass(frozen=True, slots=True)
class QueueReading:
    """The state of the queue at a moment.

    Arguments:
        pending: generations that wait.
        processing: generations that a worker has.
        oldest_pending_seconds: how long the oldest that waits has waited; 0 where none waits.
        read_at: when it was read, in seconds since 1970.
    """

    pending: int
    processing: int
    oldest_pending_seconds: float
    read_at: float


_queue: tuple[database.Database, QueueReading] | None = None


def prometheus_text() -> bytes:
    """Write the metrics of the open database in Prometheus' text format. Asks the database nothing.

    Returns:
        The text, for an answer of CONTENT_TYPE.

    Raises:
        ConfigurationError: prometheus-client is not installed, METRICS is off, or no database is open.

    Example:
        >>> from starlette.requests import Request
        >>> from starlette.responses import Response
        >>> async def metrics(request: Request) -> Response:
        ...     return Response(prometheus_text(), media_type=CONTENT_TYPE)
    """
    made = collector()
    opened = database.current()
    if not opened.settings.metrics:
        raise ConfigurationError(variable="METRICS", reason="is off, so nothing was counted", example="true")
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(made)
    return generate_latest(registry)


def collector() -> Any:
    """Make a collector for a registry of the app's own; it gives nothing while no database with METRICS is open.

    Returns:
        It, for `prometheus_client.REGISTRY.register`.

    Raises:
        ConfigurationError: prometheus-client is not installed.

    Example:
        >>> from prometheus_client import CollectorRegistry
        >>> CollectorRegistry().register(collector())
    """
    try:
        from prometheus_client.registry import Collector
    except ImportError as error:
        raise ConfigurationError(
            reason="Metrics for Prometheus need an extra: pip install 'charmodels[prometheus]'"
        ) from error

    class Ours(Collector):
        """Makes metrics of our own counts at the moment of asking."""

        def collect(self) -> Iterator[Metric]:
            return _collect()

    return Ours()


async def read_queue() -> QueueReading:
    """Ask the database how long the queue is, for the next texts; one statement. Call it now and then.

    Returns:
        The reading. `prometheus_text` tells of it, and when it was read, until the next one or until the database is
        closed.

    Raises:
        ConfigurationError: no database is open.
        CharmodelsError: the database cannot be asked.

    Example:
        >>> import asyncio
        >>> async def keep_reading() -> None:
        ...     while True:
        ...         await read_queue()
        ...         await asyncio.sleep(60)
    """
    global _queue
    opened = database.current()
    [row] = await opened.client.fetch(statement("queue_depth"))
    oldest = row["oldest_pending"]
    reading = QueueReading(
        pending=row["pending"],
        processing=row["processing"],
        oldest_pending_seconds=0.0 if oldest is None else max(0.0, (clock.utc_now() - oldest).total_seconds()),
        read_at=time(),
    )
    _queue = opened, reading
    return reading


def _collect() -> Iterator[Metric]:
    try:
        opened = database.current()
        metrics, pool = opened.metrics, opened.pool_status()
    except ConfigurationError:
        return
    yield from _statements(metrics)
    yield from _pool(metrics, pool)
    yield from _happened()
    if _queue is not None and _queue[0] is opened:
        yield from _waiting(_queue[1])
    report = health.latest(opened)
    if report is not None:
        yield from _health(report)


def _statements(metrics: QueryMetrics) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    durations = HistogramMetricFamily(
        "charmodels_query_duration_seconds", "How long statements took, by their verb.", labels=["operation"]
    )
    for operation, histogram in sorted(metrics.histograms.items()):
        durations.add_metric([operation], _buckets(histogram), histogram.total)
    yield durations
    errors = CounterMetricFamily(
        "charmodels_query_errors", "Statements that failed, by SQLSTATE or the kind of error.", labels=["sqlstate"]
    )
    for name, count in sorted(metrics.errors.items()):
        errors.add_metric([name], count)
    yield errors
    yield CounterMetricFamily(
        "charmodels_queries_cancelled", "Statements that their callers broke off.", metrics.cancelled
    )
    yield CounterMetricFamily(
        "charmodels_slow_queries", "Statements that took longer than SLOW_QUERY_SECONDS.", metrics.slow
    )


def _pool(metrics: QueryMetrics, pool: PoolStatus) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    connections = GaugeMetricFamily("charmodels_pool_connections", "Open connections, by state.", labels=["state"])
    connections.add_metric(["idle"], pool.idle)
    connections.add_metric(["busy"], pool.busy)
    yield connections
    yield GaugeMetricFamily("charmodels_pool_max_connections", "Connections that may be open.", pool.max_size)
    yield GaugeMetricFamily("charmodels_pool_waiting", "Callers that wait for a connection.", pool.waiting)
    yield HistogramMetricFamily(
        "charmodels_pool_wait_seconds",
        "How long callers waited for a connection, of those that had to wait.",
        buckets=_buckets(metrics.pool_waits),
        sum_value=metrics.pool_waits.total,
    )
    yield CounterMetricFamily(
        "charmodels_pool_timeouts", "Callers that got no connection in time.", metrics.pool_timeouts
    )
    information = GaugeMetricFamily("charmodels_build_info", "The version of charmodels.", labels=["version"])
    information.add_metric([__version__], 1)
    yield information


def _happened() -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily

    counter = CounterMetricFamily("charmodels_events", "Events since the process began, by name.", labels=["event"])
    for name in sorted(events.EVENTS):
        counter.add_metric([name], events.counts[name])
    yield counter


def _waiting(reading: QueueReading) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    generations = GaugeMetricFamily("charmodels_queue_generations", "Generations in the queue.", labels=["status"])
    generations.add_metric([GenerationStatus.PENDING.value.lower()], reading.pending)
    generations.add_metric([GenerationStatus.PROCESSING.value.lower()], reading.processing)
    yield generations
    yield GaugeMetricFamily(
        "charmodels_queue_oldest_pending_seconds",
        "How long the oldest generation that waits has waited.",
        reading.oldest_pending_seconds,
    )
    yield GaugeMetricFamily(
        "charmodels_queue_read_timestamp_seconds", "When the queue was last looked at.", reading.read_at
    )


def _health(report: HealthReport) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    yield GaugeMetricFamily(
        "charmodels_ready", "Whether the last health check found the database ready: 1 or 0.", int(report.ready)
    )
    if report.latency is not None:
        yield GaugeMetricFamily(
            "charmodels_health_latency_seconds", "How long the last health check's statement took.", report.latency
        )
    yield GaugeMetricFamily(
        "charmodels_health_check_timestamp_seconds",
        "When the last health check was over.",
        report.checked_at.timestamp(),
    )


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """What Prometheus calls buckets: how many took at most so long."""
    total, buckets = 0, []
    for bound, count in zip([*map(str, BUCKETS), "+Inf"], list(histogram.counts), strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets
