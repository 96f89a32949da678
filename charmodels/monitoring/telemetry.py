"""Statements and pools for OpenTelemetry, by its semantic conventions for databases (extra: otel).

https://opentelemetry.io/docs/specs/semconv/db/postgresql/ says what each attribute means. What nothing in the process
is set up to receive costs little: the API alone does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from charmodels.errors import ConfigurationError
from charmodels.monitoring.monitor import LATE, gave_up
from charmodels.monitoring.shapes import describe
from charmodels.version import __version__

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Histogram, Observation

    from charmodels.backend.pool import PoolStatus
    from charmodels.settings import Settings

SCHEMA_URL = "https://opentelemetry.io/schemas/1.43.0"

BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
"""Seconds: what the conventions advise for db.client.operation.duration."""

_open: WeakSet[Telemetry] = WeakSet()
"""Whose pools are observed. The API cannot take a callback back, so there is one for all databases there will be."""


class Telemetry:
    """Makes a span and a measurement of every statement, when it is over.

    Arguments:
        settings: of the database, for its name and address.
        pool_status: gives the state of the pool, or None where there is none yet.

    Raises:
        ConfigurationError: opentelemetry-api is not installed.
    """

    def __init__(self, settings: Settings, pool_status: Callable[[], PoolStatus | None]) -> None:
        try:
            from opentelemetry import trace
        except ImportError as error:
            raise ConfigurationError(
                variable="OPENTELEMETRY", reason="needs an extra: pip install 'charmodels[otel]'"
            ) from error
        self._trace = trace
        self._tracer = trace.get_tracer("charmodels", __version__, schema_url=SCHEMA_URL)
        self._duration = _duration()
        self.attributes = _attributes(settings)
        self.pool_attributes = {"db.client.connection.pool.name": _pool_name(self.attributes)}
        self.pool_status = pool_status
        self.pool_timeouts = 0
        self.idle_min = min(settings.db_pool_min, settings.pool_max)
        _open.add(self)

    def query(self, statement: str, seconds: float, error: BaseException | None) -> None:
        """Hand in a statement that ended just now.

        Arguments:
            statement: its text.
            seconds: how long it took.
            error: what it ended with, or None.
        """
        described = describe(statement)
        attributes: dict[str, Any] = {**self.attributes, "db.query.summary": described.summary}
        if described.is_single:
            attributes["db.operation.name"] = described.operation
        if error is not None and not gave_up(error):
            sqlstate = getattr(error, "sqlstate", None)
            if sqlstate:
                attributes["db.response.status_code"] = sqlstate
            attributes["error.type"] = sqlstate or _class_name(error)
        self._duration.record(seconds, attributes)
        ends = time.time_ns()
        span = self._tracer.start_span(
            described.summary,
            kind=self._trace.SpanKind.CLIENT,
            attributes={**attributes, "db.query.text": described.shape},
            start_time=ends - int(seconds * 1e9),
        )
        if "error.type" in attributes:
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR))  # its words could quote a value
        span.end(ends)

    def no_connection(self, name: str, seconds: float) -> None:
        """Hand in that a caller got no connection; no statement ended.

        Arguments:
            name: of the error.
            seconds: how long the caller had waited.
        """
        self.pool_timeouts += name == "PoolTimeout"

    def close(self) -> None:
        """Observe the pool no longer."""
        _open.discard(self)


def _attributes(settings: Settings) -> dict[str, Any]:
    address = settings.address
    namespace = "|".join(part for part in (address.database, settings.schema_name) if part)
    attributes: dict[str, Any] = {"db.system.name": "postgresql"}
    if namespace:
        attributes["db.namespace"] = namespace
    if address.hosts:
        attributes["server.address"] = ",".join(address.hosts)
        if len(set(address.ports)) == 1 and address.ports[0] != 5432:
            attributes["server.port"] = address.ports[0]
    return attributes


def _pool_name(attributes: dict[str, Any]) -> str:
    server = f"{attributes.get('server.address', 'localhost')}:{attributes.get('server.port', 5432)}"
    return "/".join(part for part in (server, attributes.get("db.namespace")) if part)


def _class_name(error: BaseException) -> str:
    kind = TimeoutError if error.args == (LATE,) else type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


@cache
def _duration() -> Histogram:
    """Make the instruments, once in a process."""
    from opentelemetry import metrics

    meter = metrics.get_meter("charmodels", __version__, schema_url=SCHEMA_URL)
    for name, unit, description, read in (
        ("count", "{connection}", "Connections that are idle or used.", _read_count),
        ("max", "{connection}", "Connections that may be open.", _read_max),
        ("idle.min", "{connection}", "Connections that are kept open.", _read_idle_min),
        ("pending_requests", "{request}", "Callers that wait for a connection.", _read_pending),
    ):
        meter.create_observable_up_down_counter(
            f"db.client.connection.{name}", [_observer(read)], unit=unit, description=description
        )
    meter.create_observable_counter(
        "db.client.connection.timeouts",
        [_observer(_read_timeouts)],
        unit="{timeout}",
        description="Callers that got no connection in time.",
    )
    return meter.create_histogram(
        "db.client.operation.duration",
        unit="s",
        description="Duration of database client operations.",
        explicit_bucket_boundaries_advisory=BUCKETS,
    )


_Reading = Iterator[tuple[int, dict[str, Any]]]


def _observer(
    read: Callable[[Telemetry, PoolStatus], _Reading],
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    from opentelemetry.metrics import Observation

    def observe(options: CallbackOptions) -> Iterator[Observation]:
        for each in list(_open):
            status = each.pool_status()
            if status is not None:
                for value, attributes in read(each, status):
                    yield Observation(value, {**each.pool_attributes, **attributes})

    return observe


def _read_count(telemetry: Telemetry, status: PoolStatus) -> _Reading:
    yield status.idle, {"db.client.connection.state": "idle"}
    yield status.busy, {"db.client.connection.state": "used"}


def _read_max(telemetry: Telemetry, status: PoolStatus) -> _Reading:
    yield status.max_size, {}


def _read_idle_min(telemetry: Telemetry, status: PoolStatus) -> _Reading:
    yield telemetry.idle_min, {}


def _read_pending(telemetry: Telemetry, status: PoolStatus) -> _Reading:
    yield status.waiting, {}


def _read_timeouts(telemetry: Telemetry, status: PoolStatus) -> _Reading:
    yield telemetry.pool_timeouts, {}
