"""Spans and measurements, as OpenTelemetry's SDK receives them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import charmodels as cm
from charmodels.monitoring import telemetry
from tests import factories

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Received:
    """What came out of the SDK."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()

    def spans(self, summary: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == summary]

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            if scope.scope.name == "charmodels"
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def received() -> Iterator[Received]:
    """Providers of the test's own, put where the API looks for them, which lets them be set only once."""
    made = Received()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(made.exporter))
    meters = MeterProvider(metric_readers=[made.reader])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "_TRACER_PROVIDER", tracers)
        patch.setattr(metrics._internal, "_METER_PROVIDER", meters)
        telemetry._duration.cache_clear()
        yield made
    telemetry._duration.cache_clear()
    tracers.shutdown()
    meters.shutdown()


@pytest.fixture
async def traced(url: str, received: Received) -> AsyncIterator[cm.Database]:
    settings = cm.Settings(database_url=url, app_env="test", opentelemetry=True, db_pool_max=1, db_acquire_timeout=0.2)
    async with cm.connect(settings) as database:
        yield database


async def test_a_span_says_what_the_conventions_ask_for(traced: cm.Database, received: Received, url: str) -> None:
    user = await factories.user()
    tracer = trace.get_tracer("test")
    with tracer.start_as_current_span("request") as request:
        await cm.User.filter(id=user.id)
    [span] = received.spans("SELECT users")
    attributes = dict(span.attributes or {})
    address = traced.settings.address
    text = attributes.pop("db.query.text")
    assert isinstance(text, str)
    assert text.startswith('SELECT "id"')
    assert str(user.id) not in text
    expected = {
        "db.system.name": "postgresql",
        "db.namespace": address.database,
        "db.query.summary": "SELECT users",
        "db.operation.name": "SELECT",
        "server.address": ",".join(address.hosts),
    }
    if address.ports and address.ports[0] != 5432:
        expected["server.port"] = address.ports[0]
    assert attributes == expected
    assert span.kind is trace.SpanKind.CLIENT
    assert span.status.is_unset
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id
    assert span.start_time is not None
    assert span.end_time is not None
    assert 0 < span.end_time - span.start_time < 10e9
    assert span.instrumentation_scope is not None
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == ("charmodels", cm.__version__)
    assert span.instrumentation_scope.schema_url == telemetry.SCHEMA_URL


async def test_a_failure_says_its_code_and_no_value(traced: cm.Database, received: Received) -> None:
    user = await factories.user(email="ada-secret@example.com")
    with pytest.raises(cm.Conflict):
        await factories.user(email=user.email)
    with pytest.raises(cm.InvalidInput):
        await traced.client.fetch("SELECT 'secret'::int FROM users WHERE name = 'secret'")
    failed = [span for span in received.spans("INSERT users") if span.status.status_code is trace.StatusCode.ERROR]
    assert [dict(span.attributes or {})["error.type"] for span in failed] == ["23505"]
    assert [dict(span.attributes or {})["db.response.status_code"] for span in failed] == ["23505"]
    assert all("secret" not in span.to_json() for span in received.exporter.get_finished_spans())


async def test_statements_of_one_caller_belong_to_their_request_whoever_sends_them(
    traced: cm.Database, received: Received
) -> None:
    user = await factories.user()
    with trace.get_tracer("test").start_as_current_span("request") as request:
        await cm.User.objects.reserve_quota(user.id)
    [span] = [span for span in received.exporter.get_finished_spans() if "charmodels_reserve" in span.name]
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id


async def test_durations_are_measured_in_seconds_in_the_advised_buckets(
    traced: cm.Database, received: Received
) -> None:
    await traced.client.fetch("SELECT pg_sleep(0.06)")
    await factories.user()
    with pytest.raises(cm.DatabaseError):
        await traced.client.fetch("SELECT nonsense")
    points = {
        (point.attributes["db.query.summary"], point.attributes.get("error.type")): point
        for point in received.points("db.client.operation.duration")
    }
    insert = points["INSERT users", None]
    assert insert.explicit_bounds == telemetry.BUCKETS
    assert (insert.count, insert.attributes["db.system.name"]) == (1, "postgresql")
    assert "db.query.text" not in insert.attributes
    slept = points["SELECT", None]
    assert 0.06 <= slept.sum < 10
    assert points["SELECT", "42703"].count == 1


async def test_the_pool_is_observed_until_it_is_closed(traced: cm.Database, received: Received) -> None:
    async with traced.acquire():
        with pytest.raises(cm.PoolTimeout):
            await cm.User.objects.count()
        states = {
            point.attributes["db.client.connection.state"]: point.value
            for point in received.points("db.client.connection.count")
        }
    assert states == {"used": 1, "idle": 0}
    [most] = received.points("db.client.connection.max")
    assert most.value == 1
    assert str(most.attributes["db.client.connection.pool.name"]).endswith(f"/{traced.settings.address.database}")
    assert [point.value for point in received.points("db.client.connection.pending_requests")] == [0]
    assert [point.value for point in received.points("db.client.connection.timeouts")] == [1]
    await traced.close()
    assert received.points("db.client.connection.count") == []


async def test_the_schema_is_part_of_the_namespace_and_another_port_is_said() -> None:
    settings = cm.Settings(database_url="postgresql://a:secret@one:5433/shop?schema=app", opentelemetry=True)
    made = telemetry.Telemetry(settings, lambda: None)
    assert made.attributes == {
        "db.system.name": "postgresql", "db.namespace": "shop|app", "server.address": "one", "server.port": 5433,
    }  # fmt: skip
    assert made.pool_attributes == {"db.client.connection.pool.name": "one:5433/shop|app"}
    made.close()


async def test_metrics_and_telemetry_go_together(url: str, received: Received) -> None:
    settings = cm.Settings(database_url=url, app_env="test", opentelemetry=True, metrics=True)
    async with cm.connect(settings) as database:
        await database.client.fetch("SELECT 1 FROM users")
        assert len(received.spans("SELECT users")) == 1
        assert database.metrics.stats().by_operation["SELECT"] >= 1


async def test_a_statement_out_of_time_is_an_error_and_one_that_was_given_up_is_none(
    url: str, received: Received
) -> None:
    settings = cm.Settings(database_url=url, app_env="test", opentelemetry=True, db_command_timeout=0.2)
    async with cm.connect(settings) as database:
        with pytest.raises(cm.StatementTimeout):
            await database.client.fetch("SELECT pg_sleep(5)")
        given_up = asyncio.create_task(database.client.fetch("SELECT pg_sleep(6)"))
        await asyncio.sleep(0.05)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
    late, unwanted = received.spans("SELECT")
    assert dict(late.attributes or {})["error.type"] == "TimeoutError"
    assert not late.status.is_unset
    assert "error.type" not in dict(unwanted.attributes or {})
