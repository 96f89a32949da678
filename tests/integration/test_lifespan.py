"""The lifespan in an app: start-up in one task, requests in others, and nothing left after shutdown."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import httpx
import pytest
import uvicorn
from asgi_lifespan import LifespanManager
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import charmodels as cm
from charmodels.settings import Settings
from tests import factories
from tests.proxy import sessions, settings, until


async def count(request: Request) -> JSONResponse:
    database: cm.Database = request.state.database
    return JSONResponse({"users": await cm.User.objects.count(), "open": database.is_open})


async def sign_up(request: Request) -> JSONResponse:
    """One transaction a request, the actor the request's own."""
    actor = request.path_params["actor"]
    async with cm.transaction(actor=actor) as tx:
        await factories.user()
        [row] = await tx.fetch("SELECT current_setting('charmodels.actor', true)")
        return JSONResponse({"actor": row[0]})


def make_app(source: Settings | str | None, **arguments: Any) -> Starlette:
    return Starlette(
        routes=[Route("/", count), Route("/{actor}", sign_up, methods=["POST"])],
        lifespan=cm.lifespan(source, **arguments),
    )


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_requests_run_in_other_tasks_than_the_start(url: str) -> None:
    async with LifespanManager(make_app(settings(url, db_pool_max=5))) as manager, client_of(manager.app) as client:
        assert (await client.get("/")).json() == {"users": 0, "open": True}
        names = [f"user-{number}" for number in range(30)]
        answers = await asyncio.gather(*(client.post(f"/{name}") for name in names))
        assert [answer.json()["actor"] for answer in answers] == names
        assert (await client.get("/")).json() == {"users": 30, "open": True}
        assert 1 <= await sessions(url) <= 5
    assert await sessions(url) == 0
    with pytest.raises(cm.ConfigurationError):
        await cm.User.objects.count()


async def test_an_app_starts_again(url: str) -> None:
    app = make_app(settings(url))
    for number in range(2):
        async with LifespanManager(app) as manager, client_of(manager.app) as client:
            assert (await client.get("/")).json()["users"] == number
            await client.post("/ada")


async def test_the_environment_is_read_at_the_start(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(None)
    monkeypatch.setenv("DATABASE_URL", url)
    async with LifespanManager(app) as manager, client_of(manager.app) as client:
        assert (await client.get("/")).json() == {"users": 0, "open": True}


async def test_a_start_that_fails_surfaces() -> None:
    with pytest.raises(cm.ConfigurationError, match="DATABASE_URL"):
        async with LifespanManager(make_app(None)):
            pass
    unreachable = settings("postgresql://app@localhost/charmodels?host=/nowhere")
    with pytest.raises(cm.DatabaseUnavailable):
        async with LifespanManager(make_app(unreachable)):
            pass


async def test_an_app_that_fails_closes(url: str) -> None:
    lifespan = cm.lifespan(settings(url))
    with pytest.raises(KeyError):
        async with lifespan(None) as state:
            assert state["database"].is_open
            raise KeyError
    assert await sessions(url) == 0


async def test_uvicorn(url: str) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    app = make_app(settings(url, db_pool_max=4))
    config = uvicorn.Config(app, port=0, lifespan="on", ws="none", http="h11", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started or serving.done())
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answers = await asyncio.gather(*(client.post(f"/user-{number}") for number in range(12)))
        assert {answer.status_code for answer in answers} == {200}
        assert (await client.get("/")).json() == {"users": 12, "open": True}
    server.should_exit = True
    async with asyncio.timeout(15):
        await serving
    assert await sessions(url) == 0
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


async def test_opening_installs_no_signal_handler(url: str) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    async with cm.connect(settings(url)):
        assert [signal.getsignal(number) for number in numbers] == before
    assert [signal.getsignal(number) for number in numbers] == before
