"""The app: the database and a worker while it runs, the routes, and what goes wrong as a page."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.staticfiles import StaticFiles

import charmodels as cm
from charmodels.contrib.fastapi import RequestContextMiddleware
from charmodels.contrib.problems import Problem, http_problem, problem_of, validation_problem
from examples.gallery_app import gallery, mine, pictures, visitors
from examples.gallery_app.pages import render

STATIC = Path(__file__).parent / "static"


async def draw(job: cm.Job) -> cm.Picture:
    """A provider of pictures that takes its time. A real one is asked here, by `job.prompt` and `job.style_type`."""
    await asyncio.sleep(4)
    if "logo" in job.prompt.lower():
        raise cm.GenerationRejected(reason="the provider draws no logos")
    address = pictures.address_of(job.style_type, job.character_id or job.id)
    return cm.Picture(image_url=address, thumbnail_url=address)


def create_app(
    settings: cm.Settings | str | None = None,
    *,
    provider: Callable[[cm.Job], Awaitable[cm.Picture]] = draw,
    secret: str | None = None,
) -> FastAPI:
    """Make the app: `uvicorn --factory examples.gallery_app.app:create_app`.

    Arguments:
        settings: settings, a database URL, or None for the environment.
        provider: what the worker has pictures made by.
        secret: signs the cookie; None for one that is good until the app ends.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with cm.lifespan(settings)(app) as state:
            # In production the worker is a process of its own: pictures then go on being made while this one restarts.
            worker = cm.Worker(provider, concurrency=2, grace=timedelta(seconds=1))
            working = asyncio.create_task(worker.run())
            try:
                yield state
            finally:
                worker.stop()
                await working

    app = FastAPI(lifespan=lifespan, openapi_url=None, dependencies=[Depends(visitors.same_origin)])
    # The last is the outermost. "Lax" sends the cookie along when somebody follows a link to us, and with no form.
    app.add_middleware(SessionMiddleware, secret_key=secret or secrets.token_hex(), same_site="lax")
    app.add_middleware(RequestContextMiddleware)
    for router in (gallery.router, mine.router, visitors.router, pictures.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(visitors.SignInNeeded, visitors.to_sign_in)
    for error in (cm.CharmodelsError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(error, error_page)
    return app


async def error_page(request: Request, error: Exception) -> Response:
    """Say on a page what went wrong."""
    problem = as_problem(error)
    return render(request, "error.html", problem.status, headers=problem.headers, problem=problem)


def as_problem(error: Exception) -> Problem:
    """The status and the words for an error."""
    if isinstance(error, HTTPException):
        return http_problem(error.status_code, error.detail, error.headers)
    if isinstance(error, RequestValidationError):
        # An address that cannot be a character's leads nowhere.
        in_path = any(each["loc"][0] == "path" for each in error.errors())
        return http_problem(404) if in_path else validation_problem(error.errors())
    return problem_of(error)
