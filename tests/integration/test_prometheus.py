"""What Prometheus reads, and what is built on it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

import charmodels as cm
from charmodels import events
from tests import factories

pytest.importorskip("prometheus_client", reason="the extra `prometheus` is not installed")

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.parser import text_string_to_metric_families

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
async def counted(url: str) -> AsyncIterator[cm.Database]:
    settings = cm.Settings(
        database_url=url, app_env="test", metrics=True, slow_query_seconds=0.1, db_pool_max=2, db_acquire_timeout=0.2
    )
    async with cm.connect(settings) as database:
        yield database


def samples(text: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    """By name and values of labels, in the order of the labels' names."""
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def some_trouble(database: cm.Database) -> None:
    user = await factories.user()
    await cm.Generation.objects.request(user.id, "A brave knight")
    with pytest.raises(cm.Conflict):
        await factories.user(email=user.email)
    with pytest.raises(cm.QuotaExceeded):
        await cm.User.objects.reserve_quota(user.id, 100)
    await database.client.fetch("SELECT pg_sleep(0.15)")
    async with database.acquire(), database.acquire():
        with pytest.raises(cm.PoolTimeout):
            await cm.User.objects.count()


async def test_the_text_is_what_prometheus_parses_and_agrees_with_the_counts(counted: cm.Database) -> None:
    refused = events.counts["quota.refused"]
    await some_trouble(counted)
    found = samples(cm.metrics.prometheus_text())
    stats = counted.metrics.stats()
    for operation, count in stats.by_operation.items():
        assert found["charmodels_query_duration_seconds_count", (operation,)] == count
        assert found["charmodels_query_duration_seconds_bucket", ("+Inf", operation)] == count
    assert found["charmodels_query_errors_total", ("23505",)] == 1
    assert found["charmodels_query_errors_total", ("PoolTimeout",)] == 1
    assert found["charmodels_slow_queries_total", ()] == 1
    assert found["charmodels_queries_cancelled_total", ()] == 0
    assert found["charmodels_pool_connections", ("idle",)] == counted.pool_status().idle
    assert found["charmodels_pool_connections", ("busy",)] == 0
    assert found["charmodels_pool_max_connections", ()] == 2
    assert found["charmodels_pool_waiting", ()] == 0
    assert found["charmodels_pool_timeouts_total", ()] == 1
    assert found["charmodels_pool_wait_seconds_count", ()] == stats.pool_waits
    assert found["charmodels_events_total", ("quota.refused",)] == refused + 1
    assert found["charmodels_build_info", (cm.__version__,)] == 1
    assert not any("queue" in name for name, _ in found)


async def test_buckets_only_grow(counted: cm.Database) -> None:
    await some_trouble(counted)
    for family in text_string_to_metric_families(cm.metrics.prometheus_text().decode()):
        if family.type == "histogram":
            series: dict[str, list[float]] = {}
            for sample in family.samples:
                if sample.name.endswith("_bucket"):
                    series.setdefault(sample.labels.get("operation", ""), []).append(sample.value)
            assert series
            assert all(values == sorted(values) for values in series.values())


async def test_asking_costs_no_statement_and_the_queue_shows_when_it_was_read(counted: cm.Database) -> None:
    user = await factories.user()
    await cm.Generation.objects.request(user.id, "A brave knight")
    await cm.Generation.objects.request(user.id, "Another one")
    await cm.Generation.objects.claim("w1")
    count = counted.metrics.stats().count
    cm.metrics.prometheus_text()
    assert counted.metrics.stats().count == count
    reading = await cm.metrics.read_queue()
    assert counted.metrics.stats().count == count + 1
    assert (reading.pending, reading.processing) == (1, 1)
    assert 0 <= reading.oldest_pending_seconds < 60
    found = samples(cm.metrics.prometheus_text())
    assert found["charmodels_queue_generations", ("pending",)] == 1
    assert found["charmodels_queue_generations", ("processing",)] == 1
    assert found["charmodels_queue_oldest_pending_seconds", ()] == reading.oldest_pending_seconds
    assert found["charmodels_queue_read_timestamp_seconds", ()] == reading.read_at


async def test_health_shows_when_it_was_checked(counted: cm.Database) -> None:
    assert not any("health" in name or "ready" in name for name, _ in samples(cm.metrics.prometheus_text()))
    report = await cm.check_health()
    found = samples(cm.metrics.prometheus_text())
    assert found["charmodels_ready", ()] == 1
    assert found["charmodels_health_latency_seconds", ()] == report.latency
    assert found["charmodels_health_check_timestamp_seconds", ()] == report.checked_at.timestamp()
    async with counted.acquire(), counted.acquire():
        await cm.check_health()
    assert samples(cm.metrics.prometheus_text())["charmodels_ready", ()] == 0


async def test_an_empty_queue_has_no_oldest(counted: cm.Database) -> None:
    assert (await cm.metrics.read_queue()).oldest_pending_seconds == 0


async def test_a_registry_of_the_apps_own(counted: cm.Database) -> None:
    registry = CollectorRegistry()
    registry.register(cm.metrics.collector())
    assert samples(generate_latest(registry))["charmodels_pool_max_connections", ()] == 2
    await counted.close()
    assert samples(generate_latest(registry)) == {}


def test_the_content_type_is_the_clients() -> None:
    assert cm.metrics.CONTENT_TYPE == CONTENT_TYPE_PLAIN_0_0_4


async def test_metrics_that_are_off_are_said_to_be(db: cm.Database) -> None:
    with pytest.raises(cm.ConfigurationError) as raised:
        cm.metrics.prometheus_text()
    assert raised.value.variable == "METRICS"


def test_without_an_open_database_there_is_nothing_to_tell() -> None:
    with pytest.raises(cm.ConfigurationError, match="open"):
        cm.metrics.prometheus_text()


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("prometheus_client", "cm.metrics.prometheus_text()"),
        ("structlog", "cm.configure_logging(cm.Settings())"),
        ("opentelemetry", "asyncio.run(cm.connect(cm.Settings(database_url=URL, opentelemetry=True)).open())"),
    ],
)
def test_without_its_extra_each_says_what_to_install(module: str, code: str) -> None:
    program = f"""
import asyncio, sys
sys.modules[{module!r}] = None
import charmodels as cm
URL = "postgresql://localhost/nowhere"
try:
    {code}
except cm.ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert re.search(r"pip install 'charmodels\[(prometheus|logs|otel)\]'", done.stdout)


def test_importing_loads_none_of_the_extras() -> None:
    program = "import sys, charmodels; print({'prometheus_client', 'structlog', 'opentelemetry'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


async def known_names(database: cm.Database) -> set[str]:
    await some_trouble(database)
    await cm.metrics.read_queue()
    await cm.check_health()
    return {name for name, _ in samples(cm.metrics.prometheus_text())}


def asked_for(expression: str) -> set[str]:
    return set(re.findall(r"\bcharmodels_\w+", expression))


async def test_the_dashboard_asks_for_what_there_is(counted: cm.Database) -> None:
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(expressions) >= 8
    known = await known_names(counted)
    for expression in expressions:
        assert asked_for(expression), expression
        assert asked_for(expression) <= known


async def test_the_alerts_ask_for_what_there_is(counted: cm.Database) -> None:
    rules = yaml.safe_load((DOCS / "prometheus-alerts.yml").read_text(encoding="utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len(alerts) >= 5
    known = await known_names(counted)
    for alert in alerts:
        assert asked_for(alert["expr"])
        assert asked_for(alert["expr"]) <= known
        assert set(re.findall(r'event="([^"]+)"', alert["expr"])) <= set(events.EVENTS)
        assert alert["annotations"]["summary"]


async def test_every_metric_is_documented(counted: cm.Database) -> None:
    page = (DOCS / "monitoring.md").read_text(encoding="utf-8")
    for name in await known_names(counted):
        assert f"`{re.sub('_(bucket|sum|count)$', '', name)}`" in page
