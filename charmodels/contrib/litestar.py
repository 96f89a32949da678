"""Litestar: errors as problem details, the gallery's parameters and pages, the request's context."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

from litestar import Request, Response
from litestar.config.app import AppConfig
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException, ValidationException
from litestar.middleware import DefineMiddleware
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.plugins import InitPlugin
from pydantic import BaseModel

from charmodels import cursors, limits
from charmodels.contrib.http import (
    LINK_DESCRIPTION,
    REQUEST_ID,
    Actor,
    GalleryQuery,
    PageOf,
    RequestContextMiddleware,
    page_headers,
    request_id_of,
)
from charmodels.contrib.problems import (
    MEDIA_TYPE,
    Problem,
    ProblemDetails,
    http_problem,
    problem_of,
    validation_problem,
)
from charmodels.enums import StyleType
from charmodels.errors import CharmodelsError
from charmodels.pages import Page

__all__ = [
    "LINK",
    "CharmodelsPlugin",
    "GalleryQuery",
    "PageOf",
    "RequestContextMiddleware",
    "exception_handlers",
    "gallery_query",
    "page_response",
    "problem_response",
    "problem_responses",
]

logger = logging.getLogger("charmodels.contrib")

S = TypeVar("S", bound=BaseModel)

LINK = ResponseHeader(name="Link", description=LINK_DESCRIPTION, documentation_only=True)
"""For the `response_headers` of a handler that answers with a page: OpenAPI tells of it."""

_Styles = Annotated[list[StyleType] | None, Parameter(description="Any of these styles.")]
_AnyTags = Annotated[list[str] | None, Parameter(description="At least one of these tags.")]
_AllTags = Annotated[list[str] | None, Parameter(description="Every one of these tags.")]
_NoTags = Annotated[list[str] | None, Parameter(description="None of these tags.")]
_Size = Annotated[int, Parameter(ge=1, le=limits.PAGE_SIZE, description="Characters on a page.")]
_After = Annotated[str | None, Parameter(max_length=cursors.LONGEST, description="The cursor of the page before.")]


class CharmodelsPlugin(InitPlugin):
    """Gives an app the exception handlers and the middleware of this module; its own handlers stay.

    Arguments:
        actor: tells who acts from the ASGI scope, for `RequestContextMiddleware`.

    Example:
        >>> import charmodels as cm
        >>> from litestar import Litestar
        >>> app = Litestar(lifespan=[cm.lifespan()], plugins=[CharmodelsPlugin()])
    """

    def __init__(self, *, actor: Actor | None = None) -> None:
        self.actor = actor

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add them.

        Arguments:
            app_config: of the app.

        Returns:
            The same.
        """
        app_config.exception_handlers = {**exception_handlers, **app_config.exception_handlers}
        middleware: Any = RequestContextMiddleware  # Litestar has types of its own for what ASGI says
        app_config.middleware = [DefineMiddleware(middleware, actor=self.actor), *app_config.middleware]
        return app_config


async def gallery_query(
    q: Annotated[str, Parameter(max_length=limits.SEARCH_LENGTH, description="Words to search for, and fields.")] = "",
    style: _Styles = None,
    tags_any: _AnyTags = None,
    tags_all: _AllTags = None,
    tags_none: _NoTags = None,
    sort: Literal["newest", "oldest", "relevance"] = "newest",
    size: _Size = 20,
    after: _After = None,
) -> GalleryQuery:
    """Read what a request asks of the gallery; for `Provide(gallery_query)`.

    Arguments:
        q: the text of the search box.
        style: any of these.
        tags_any: at least one of these.
        tags_all: every one of these.
        tags_none: none of these.
        sort: the order.
        size: rows on a page, 1 to 100.
        after: the `next_cursor` of the page before.

    Returns:
        What is asked.

    Raises:
        InvalidInput: a parameter breaks a rule.

    Example:
        >>> from litestar.di import Provide
        >>> dependencies = {"asked": Provide(gallery_query)}
    """
    return GalleryQuery.of(
        q=q,
        style=style or [],
        tags_any=tags_any or [],
        tags_all=tags_all or [],
        tags_none=tags_none or [],
        sort=sort,
        size=size,
        after=after,
    )


def page_response(request: Request[Any, Any, Any], page: Page[Any], schema: type[S]) -> Response[PageOf[S]]:
    """Answer with a page, and with a `Link` to the one after it.

    Arguments:
        request: what asked for it.
        page: the page.
        schema: what is shown of each row, as `cm.CharacterPublic`.

    Returns:
        The response.

    Example:
        >>> import charmodels as cm
        >>> from litestar import get
        >>> @get("/characters", response_headers=[LINK])
        ... async def gallery(request: Request, asked: GalleryQuery) -> Response[PageOf[cm.CharacterPublic]]:
        ...     return page_response(request, await asked.page(cm.Character.objects.public()), cm.CharacterPublic)
    """
    headers = page_headers(page, request.scope["path"], request.scope["query_string"])
    return Response(PageOf[schema].model_validate(page), headers=headers)  # type: ignore[valid-type]


def problem_response(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """Answer with a problem.

    Arguments:
        request: the request.
        problem: as `problem_of` gives it.

    Returns:
        The response, `application/problem+json`.
    """
    request_id = request_id_of(request.scope)  # type: ignore[arg-type]
    headers = {**problem.headers, **({REQUEST_ID: request_id} if request_id else {})}
    body = problem.body(request_id=request_id)
    return Response(body, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


def problem_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe problems for OpenAPI.

    Arguments:
        statuses: which ones a handler answers with.

    Returns:
        What goes into `responses=`.

    Example:
        >>> sorted(problem_responses(404, 429))
        [404, 429]
    """
    return {
        status: ResponseSpec(
            ProblemDetails,
            generate_examples=False,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
        )
        for status in statuses
    }


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("Answered %d", problem.status, exc_info=error)
    elif problem.status > HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("Answered %d: %s", problem.status, error)
    return problem_response(request, problem)


def _answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _answer(request, error)
    return problem_response(request, http_problem(error.status_code, error.detail, error.headers))


def _answer_invalid(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    found = error.extra if isinstance(error.extra, list) else []
    details = [
        {"loc": (each.get("source", "body"), each.get("key", "value")), "msg": str(each.get("message", "is not valid"))}
        for each in found
        if isinstance(each, dict)
    ]
    return problem_response(request, validation_problem(details))


exception_handlers: Mapping[Any, Callable[..., Response[bytes]]] = {
    CharmodelsError: _answer,
    ValidationException: _answer_invalid,
    HTTPException: _answer_http,
    Exception: _answer,
}
"""For `Litestar(exception_handlers=...)`; `CharmodelsPlugin` adds them too."""
