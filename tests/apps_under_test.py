"""The apps of `examples/apps`, each served as it is in production: over ASGI, or by its framework's own server."""

from __future__ import annotations

import importlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager

FRAMEWORKS = ("fastapi", "starlette", "litestar", "quart", "sanic", "blacksheep", "aiohttp")


class DidNotStart(Exception):
    """An app said to its server that it cannot start, or stop."""


def load(framework: str) -> ModuleType:
    """The module of an app, with an app that has not run yet."""
    pytest.importorskip(framework)
    return importlib.reload(importlib.import_module(f"examples.apps.{framework}"))


@asynccontextmanager
async def served(framework: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running app."""
    app = load(framework).app
    serve = {"sanic": over_sanic, "aiohttp": over_aiohttp}.get(framework, over_asgi)
    async with serve(app) as client:
        yield client


@asynccontextmanager
async def over_asgi(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async def heard(scope: Any, receive: Any, send: Any) -> None:
        async def send_or_fail(message: Any) -> None:
            if message["type"] in ("lifespan.startup.failed", "lifespan.shutdown.failed"):
                raise DidNotStart(message.get("message"))  # the manager would wait
            await send(message)

        await app(scope, receive, send_or_fail)

    # The transport calls the app itself: through the manager all requests would share one state, unlike on a server.
    async with (
        LifespanManager(heard, startup_timeout=30, shutdown_timeout=30),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


@asynccontextmanager
async def over_aiohttp(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    from aiohttp import web

    runner = web.AppRunner(app)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with over_tcp(runner.addresses[0][1]) as client:
            yield client
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_sanic(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        listening.setblocking(False)
        server = await app.create_server(sock=listening, return_asyncio_server=True)
        await server.startup()
        try:
            await server.before_start()
            await server.after_start()
            async with over_tcp(listening.getsockname()[1]) as client:
                yield client
            await server.before_stop()
        finally:
            await server.close()
            for connection in list(server.connections):
                connection.close_if_idle()
            await server.after_stop()


def over_tcp(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)
