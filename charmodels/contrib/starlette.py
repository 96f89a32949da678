"""Starlette: errors as problem details, the gallery's parameters and pages, the request's context."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from charmodels.contrib.http import (
    REQUEST_ID,
    Actor,
    GalleryQuery,
    PageOf,
    RequestContextMiddleware,
    page_body,
    page_headers,
    parse_body,
    request_id_of,
)
from charmodels.contrib.problems import MEDIA_TYPE, Problem, http_problem, kind_of, problem_of
from charmodels.errors import CharmodelsError
from charmodels.pages import Page

__all__ = [
    "GalleryQuery",
    "PageOf",
    "RequestContextMiddleware",
    "exception_handlers",
    "gallery_query",
    "install",
    "page_response",
    "problem_response",
    "read_body",
]

logger = logging.getLogger("charmodels.contrib")

S = TypeVar("S", bound=BaseModel)


def install(app: Starlette, *, actor: Actor | None = None) -> None:
    """Give an app the exception handlers and the middleware of this module.

    Arguments:
        app: the app, before it starts.
        actor: tells who acts from the ASGI scope, for `RequestContextMiddleware`.

    Example:
        >>> import charmodels as cm
        >>> app = Starlette(lifespan=cm.lifespan())
        >>> install(app)
    """
    for error, handler in exception_handlers.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(RequestContextMiddleware, actor=actor)


def problem_response(connection: HTTPConnection, problem: Problem) -> Response:
    """Answer with a problem.

    Arguments:
        connection: the request.
        problem: as `problem_of` gives it.

    Returns:
        The response, `application/problem+json`.
    """
    request_id = request_id_of(connection.scope)
    headers = {**problem.headers, **({REQUEST_ID: request_id} if request_id else {})}
    body = problem.body(request_id=request_id)
    return Response(body, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


async def gallery_query(request: Request) -> GalleryQuery:
    """Read what a request asks of the gallery.

    Arguments:
        request: the request.

    Returns:
        What is asked.

    Raises:
        InvalidInput: a parameter breaks a rule.
    """
    return GalleryQuery.from_query(request.scope["query_string"])


async def read_body(request: Request, schema: type[S]) -> S:
    """Read the body of a request.

    Arguments:
        request: the request.
        schema: what it must be, as `cm.GenerationCreate`.

    Returns:
        What is in it.

    Raises:
        InvalidInput: it is no JSON, or a field breaks a rule.
    """
    return parse_body(schema, await request.body())


def page_response(request: Request, page: Page[Any], schema: type[BaseModel]) -> Response:
    """Answer with a page, and with a `Link` to the one after it.

    Arguments:
        request: what asked for it.
        page: the page.
        schema: what is shown of each row, as `cm.CharacterPublic`.

    Returns:
        The response, as `PageOf[schema]` describes it.

    Example:
        >>> import charmodels as cm
        >>> async def gallery(request: Request) -> Response:
        ...     asked = await gallery_query(request)
        ...     return page_response(request, await asked.page(cm.Character.objects.public()), cm.CharacterPublic)
    """
    headers = page_headers(page, request.scope["path"], request.scope["query_string"])
    return Response(page_body(page, schema), headers=headers, media_type="application/json")


async def _answer_ours(request: Request, error: Exception) -> Response:
    if kind_of(type(error)) is None:
        raise error  # so that the server logs it, and what reports errors hears of it
    problem = problem_of(error)
    if problem.status >= 500:
        logger.warning("Answered %d: %s", problem.status, error)
    return problem_response(request, problem)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    detail = error.detail if isinstance(error.detail, str) else None
    return problem_response(request, http_problem(error.status_code, detail, error.headers))


async def _answer_any(request: Request, error: Exception) -> Response:
    return problem_response(request, problem_of(error))


exception_handlers: Mapping[Any, Callable[[Request, Exception], Any]] = {
    CharmodelsError: _answer_ours,
    HTTPException: _answer_http,
    Exception: _answer_any,
}
"""For `Starlette(exception_handlers=...)`; `install` adds them too."""
