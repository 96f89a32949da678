"""Litestar."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Litestar, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, HeaderParameter, JSONBody

import charmodels as cm
from charmodels.contrib.http import Scope
from charmodels.contrib.litestar import (
    LINK,
    CharmodelsPlugin,
    GalleryQuery,
    PageOf,
    gallery_query,
    page_response,
    problem_responses,
)


async def user_of_gateway(scope: Scope) -> str | None:
    return Request[Any, Any, Any](scope).headers.get("x-user-id")  # type: ignore[arg-type]


@get(
    "/characters",
    dependencies={"asked": Provide(gallery_query)},
    response_headers=[LINK],
    responses=problem_responses(422),
)
async def gallery(
    request: Request[Any, Any, Any], asked: NamedDependency[GalleryQuery]
) -> Response[PageOf[cm.CharacterPublic]]:
    return page_response(request, await asked.page(cm.Character.objects.public()), cm.CharacterPublic)


@get("/characters/{character_id:uuid}", responses=problem_responses(404))
async def character(character_id: FromPath[UUID]) -> cm.CharacterPublic:
    return cm.CharacterPublic.model_validate(await cm.Character.objects.public().get(id=character_id))


@post("/generations", status_code=202, responses=problem_responses(404, 409, 422, 429))
async def request_generation(
    data: JSONBody[cm.GenerationCreate], user_id: Annotated[UUID, HeaderParameter(name="X-User-Id")]
) -> cm.GenerationPublic:
    return cm.GenerationPublic.model_validate(await cm.Generation.objects.request(user_id, **data.model_dump()))


@get("/readyz")
async def readyz() -> Response[dict[str, Any]]:
    report = await cm.check_health()
    return Response(report.as_dict(), status_code=200 if report.ready else 503)


app = Litestar(
    [gallery, character, request_generation, readyz],
    lifespan=[cm.lifespan()],
    plugins=[CharmodelsPlugin(actor=user_of_gateway)],
    logging_config=None,  # how the process logs is its own affair: cm.configure_logging
)
