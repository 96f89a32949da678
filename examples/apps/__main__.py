"""Serves one of the apps in a database of its own, with sample characters."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import os
import socket
from typing import Any

import uvicorn

import charmodels as cm
from charmodels.seeds import seed
from examples.databases import own_database

FRAMEWORKS = ("fastapi", "starlette", "litestar", "quart", "sanic", "blacksheep", "aiohttp")


async def serve(framework: str, port: int) -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            await seed()
            user = await cm.User.objects.all().first()
        assert settings.database_url is not None
        assert user is not None
        os.environ["DATABASE_URL"] = settings.database_url.get_secret_value()
        app = importlib.import_module(f"examples.apps.{framework}").app
        # What listens before the app has started takes requests already, and they wait.
        with socket.create_server(("127.0.0.1", port)) as listening:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            print(f"{address}/characters, and pictures for X-User-Id: {user.id}", flush=True)
            if framework == "aiohttp":
                await serve_aiohttp(app, listening)
            else:
                with contextlib.suppress(asyncio.CancelledError):  # uvicorn passes a Ctrl+C on when it is done
                    await uvicorn.Server(uvicorn.Config(app, lifespan="on")).serve([listening])
                    await asyncio.sleep(0)


async def serve_aiohttp(app: Any, listening: socket.socket) -> None:
    from aiohttp import web

    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m examples.apps", description=__doc__)
    parser.add_argument("framework", choices=FRAMEWORKS)
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.framework, arguments.port))
