"""FastAPI: errors as problem details, the gallery's parameters and pages, the request's context, and OpenAPI of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import Response

from charmodels.context import request_context
from charmodels.contrib import starlette
from charmodels.contrib.http import LINK_DESCRIPTION, Actor, GalleryQuery, PageOf, RequestContextMiddleware
from charmodels.contrib.problems import MEDIA_TYPE, ProblemDetails, validation_problem
from charmodels.contrib.starlette import page_response, problem_response

__all__ = [
    "GalleryParameters",
    "GalleryQuery",
    "PageOf",
    "RequestContextMiddleware",
    "acting",
    "exception_handlers",
    "install",
    "page_response",
    "page_responses",
    "problem_response",
    "problem_responses",
]

GalleryParameters: TypeAlias = Annotated[GalleryQuery, Query()]
"""The parameter of an endpoint that has what is asked of the gallery: `asked: GalleryParameters`."""

_SCHEMA = "Problem"
_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_SCHEMA}"}}}
_SECONDS = {"schema": {"type": "integer", "minimum": 0}}
_HEADERS: Mapping[int, dict[str, Any]] = {
    429: {
        "Retry-After": {"description": "Seconds until the quota's next day.", **_SECONDS},
        "RateLimit": {"description": "What is left, and for how long.", "schema": {"type": "string"}},
        "RateLimit-Policy": {"description": "What a day allows.", "schema": {"type": "string"}},
    },
    503: {"Retry-After": {"description": "Seconds after which it may go better.", **_SECONDS}},
}


def install(app: FastAPI, *, actor: Actor | None = None) -> None:
    """Give an app the exception handlers and the middleware of this module, and tell OpenAPI of problems.

    Call it before the app gets its routes: those that come later say that whatever else they answer is a problem.

    Arguments:
        app: the app.
        actor: tells who acts from the ASGI scope, for `RequestContextMiddleware`; `acting` makes a dependency of it.

    Example:
        >>> import charmodels as cm
        >>> app = FastAPI(lifespan=cm.lifespan())
        >>> install(app)
        >>> @app.get("/characters", responses=page_responses(cm.CharacterPublic))
        ... async def gallery(request: Request, asked: GalleryParameters) -> Response:
        ...     return page_response(request, await asked.page(cm.Character.objects.public()), cm.CharacterPublic)
    """
    for error, handler in exception_handlers.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(RequestContextMiddleware, actor=actor)
    app.router.responses = {"default": _documented("A problem"), **app.router.responses}
    write = app.openapi

    def openapi() -> dict[str, Any]:
        document = write()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault(_SCHEMA, _problem_schema())
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def acting(actor: Callable[..., Any]) -> Callable[..., AsyncIterator[Any]]:
    """Make a dependency that tells transactions and log records who acts, until the answer is made.

    Arguments:
        actor: a dependency that gives a user, or the id of one: whoever is logged in.

    Returns:
        A dependency that gives the same.

    Example:
        >>> import charmodels as cm
        >>> from fastapi import Header
        >>> from uuid import UUID
        >>> async def from_gateway(x_user_id: Annotated[UUID, Header()]) -> UUID:
        ...     return x_user_id
        >>> CurrentUser = Annotated[UUID, Depends(acting(from_gateway))]
        >>> async def publish(user_id: CurrentUser, character_id: UUID) -> None:
        ...     async with cm.transaction():  # the audit trail names the user
        ...         await (await cm.Character.objects.editable_by(user_id).get(id=character_id)).publish()
    """

    async def dependency(found: Any = Depends(actor)) -> AsyncIterator[Any]:  # noqa: B008 - FastAPI's way
        with request_context(actor=getattr(found, "id", found)):
            yield found

    return dependency


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problems for OpenAPI.

    Arguments:
        statuses: which ones an endpoint answers with.

    Returns:
        What goes into `responses=`.

    Example:
        >>> sorted(problem_responses(404, 429))
        [404, 429]
    """
    return {status: _documented(HTTPStatus(status).phrase, _HEADERS.get(status)) for status in statuses}


def page_responses(schema: type[BaseModel], *problems: int) -> dict[int | str, dict[str, Any]]:
    """Describe a page for OpenAPI, with its `Link`.

    Arguments:
        schema: what is shown of each row.
        problems: statuses of problems that the endpoint answers with, beside 422.

    Returns:
        What goes into `responses=`.

    Example:
        >>> import charmodels as cm
        >>> sorted(page_responses(cm.CharacterPublic, 403))
        [200, 403, 422]
    """
    page = {
        "model": PageOf[schema],  # type: ignore[valid-type]
        "description": "A page",
        "headers": {"Link": {"description": LINK_DESCRIPTION, "schema": {"type": "string"}}},
    }
    return {200: page, **problem_responses(*sorted({422, *problems}))}


def _documented(description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": description, "content": _CONTENT, **({"headers": headers} if headers else {})}


def _problem_schema() -> dict[str, Any]:
    schema = ProblemDetails.model_json_schema()
    breach = schema.pop("$defs")["Breach"]
    schema["properties"]["errors"]["anyOf"][0]["items"] = breach
    return schema


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(request, validation_problem(error.errors()))


exception_handlers: Mapping[Any, Callable[[Request, Exception], Any]] = {
    **starlette.exception_handlers,
    RequestValidationError: _answer_invalid,
}
"""For `FastAPI(exception_handlers=...)`; `install` adds them too."""
