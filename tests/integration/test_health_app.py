"""The ASGI app, by itself and mounted in frameworks, on a real database."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

import charmodels as cm
from charmodels import health
from tests.proxy import Proxy, sessions, until
from tests.proxy import settings as quick_settings

PAGES = ["/livez", "/readyz", "/metrics"]


def settings(url: str, **changes: Any) -> cm.Settings:
    """Settings by which no machine is too slow to be healthy."""
    return quick_settings(url, **{"health_timeout": 30, "health_latency": 30, "metrics": True, **changes})


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(cm.health_app(max_age=0)) as made:
        yield made


async def test_all_is_well(url: str, client: httpx.AsyncClient) -> None:
    async with cm.connect(settings(url)):
        live, ready, metrics = [await client.get(page) for page in PAGES]
        assert (live.status_code, live.json()) == (200, {"live": True})
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        report = health.latest()
        assert report is not None
        assert ready.json() == json.loads(json.dumps(report.as_dict()))
        assert live.headers["content-type"] == ready.headers["content-type"] == "application/json"
        assert live.headers["cache-control"] == "no-store"
        pytest.importorskip("prometheus_client")
        assert (metrics.status_code, metrics.headers["content-type"]) == (200, cm.metrics.CONTENT_TYPE)
        assert "charmodels_pool_max_connections" in metrics.text


async def test_without_a_database(client: httpx.AsyncClient) -> None:
    live, ready, metrics = [await client.get(page) for page in PAGES]
    assert (live.status_code, live.json()) == (200, {"live": True})
    assert (ready.status_code, ready.json()["status"]) == (503, "unhealthy")
    assert ready.json()["problems"][0].startswith("No database is open.")
    assert metrics.status_code == 503
    assert metrics.text.startswith("No database is open.")
    assert metrics.headers["content-type"] == "text/plain; charset=utf-8"


async def test_metrics_that_are_off(url: str, client: httpx.AsyncClient) -> None:
    async with cm.connect(settings(url, metrics=False)):
        answer = await client.get("/metrics")
    assert answer.status_code == 503
    assert answer.text == "METRICS is off, so nothing was counted. Example: METRICS=true\n"


async def test_metrics_without_their_extra(
    url: str, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cm.connect(settings(url)):
        for name in [name for name in sys.modules if name.partition(".")[0] == "prometheus_client"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "prometheus_client", None)
        answer = await client.get("/metrics")
    assert answer.status_code == 503
    assert "pip install 'charmodels[prometheus]'" in answer.text


async def test_liveness_does_not_touch_the_database(url: str) -> None:
    """With a network that hangs it answers at once, and nothing was sent."""
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url)) as db, client_of(cm.health_app()) as client:
        count = db.metrics.stats().count
        proxy.hang()
        answers = [await client.get("/livez") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert (db.metrics.stats().count, db.pool_status().busy) == (count, 0)
        proxy.resume()


async def test_readiness_comes_and_goes(url: str, client: httpx.AsyncClient) -> None:
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url)):
        assert (await client.get("/readyz")).status_code == 200
        async with proxy.away():
            answer = await client.get("/readyz")
            assert (answer.status_code, answer.json()["live"]) == (503, True)
            assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503


async def test_strangers_see_no_details(url: str) -> None:
    async with cm.connect(settings(url)), client_of(cm.health_app(details=False)) as client:
        assert (await client.get("/readyz")).json() == {"status": "healthy", "ready": True}


async def test_many_who_ask_share_a_check(url: str) -> None:
    async with cm.connect(settings(url)) as db, client_of(cm.health_app(max_age=3600)) as client:
        before = db.metrics.stats().count
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
        assert {answer.json()["checked_at"] for answer in answers} == {answers[0].json()["checked_at"]}
        assert 0 < db.metrics.stats().count - before <= 3  # one check
        again = await client.get("/readyz")
        assert again.json()["checked_at"] == answers[0].json()["checked_at"]


async def test_a_report_serves_no_longer_than_its_database(url: str) -> None:
    async with client_of(cm.health_app(max_age=3600)) as client:
        async with cm.connect(settings(url)):
            assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        async with cm.connect(settings(url)):
            assert (await client.get("/readyz")).status_code == 200


async def test_one_who_goes_away_leaves_the_check_to_the_others(url: str) -> None:
    async with Proxy(url) as proxy, cm.connect(settings(proxy.url)) as db, client_of(cm.health_app()) as client:
        proxy.hang()
        one, other = [asyncio.ensure_future(client.get("/readyz")) for _ in range(2)]
        await until(lambda: db.pool_status().busy == 1)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        proxy.resume()
        assert (await other).status_code == 200


@pytest.mark.parametrize("max_age", [-1, True, "1", float("nan")])
def test_an_age_that_is_none(max_age: Any) -> None:
    with pytest.raises(cm.InvalidInput):
        cm.health_app(max_age=max_age)


# HTTP


@pytest.mark.parametrize("page", PAGES)
async def test_head_has_the_headers_alone(url: str, client: httpx.AsyncClient, page: str) -> None:
    async with cm.connect(settings(url)):
        answer = await client.head(page)
        assert (answer.status_code, answer.content) == (200, b"")
        assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, page: str, method: str) -> None:
    answer = await client.request(method, page)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["error"]


@pytest.mark.parametrize("path", ["/", "/live", "/livez/more", "/health/livez", "/LIVEZ"])
async def test_other_pages_are_not_there(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "/readyz" in answer.json()["error"]


async def test_a_slash_at_the_end_does_no_harm(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez/")).status_code == 200


# Frameworks


async def test_mounted_in_starlette(url: str) -> None:
    app = Starlette(routes=[Mount("/health", cm.health_app())], lifespan=cm.lifespan(settings(url)))
    await answers_below(app, "/health")
    assert await sessions(url) == 0


async def test_mounted_in_a_mount(url: str) -> None:
    inner = Starlette(routes=[Mount("/health", cm.health_app())])
    await answers_below(
        Starlette(routes=[Mount("/inner", inner)], lifespan=cm.lifespan(settings(url))), "/inner/health"
    )


async def test_mounted_in_fastapi(url: str) -> None:
    app = FastAPI(lifespan=cm.lifespan(settings(url)))

    @app.get("/")
    async def users() -> int:
        return await cm.User.objects.count()

    app.mount("/health", cm.health_app())
    await answers_below(app, "/health")


async def test_mounted_at_the_root_behind_the_apps_own_routes(url: str) -> None:
    app = FastAPI(lifespan=cm.lifespan(settings(url)))

    @app.get("/users")
    async def users() -> int:
        return await cm.User.objects.count()

    app.mount("/", cm.health_app())
    await answers_below(app, "")
    async with LifespanManager(app) as manager, client_of(manager.app) as client:
        assert (await client.get("/users")).json() == 0


async def test_mounted_in_litestar(url: str) -> None:
    litestar = pytest.importorskip("litestar")
    mounted = litestar.asgi("/health", is_mount=True, copy_scope=True)(cm.health_app())
    await answers_below(litestar.Litestar([mounted], lifespan=[cm.lifespan(settings(url))]), "/health")


async def answers_below(app: Any, root: str) -> None:
    async with LifespanManager(app) as manager, client_of(manager.app) as client:
        answers = [await client.get(f"{root}{page}") for page in PAGES]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert answers[1].json()["status"] == "healthy"
        assert (await client.get(f"{root}/nowhere")).status_code == 404


async def test_served_by_itself_it_takes_part_in_the_lifespan() -> None:
    async with LifespanManager(cm.health_app()) as manager, client_of(manager.app) as client:
        assert (await client.get("/livez")).status_code == 200


async def test_a_web_socket_is_refused() -> None:
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(message["type"])

    await cm.health_app()({"type": "websocket", "path": "/livez", "root_path": ""}, receive, send)
    assert said == ["websocket.close"]
