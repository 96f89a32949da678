"""Starlette."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import charmodels as cm
from charmodels.contrib.http import Scope
from charmodels.contrib.starlette import gallery_query, install, page_response, read_body


async def user_of_gateway(scope: Scope) -> str | None:
    return Headers(scope=scope).get("x-user-id")


async def gallery(request: Request) -> Response:
    asked = gallery_query(request)
    return page_response(request, await asked.page(cm.Character.objects.public()), cm.CharacterPublic)


async def character(request: Request) -> Response:
    found = await cm.Character.objects.public().get(id=request.path_params["character_id"])
    return JSONResponse(cm.CharacterPublic.model_validate(found).model_dump(mode="json"))


async def request_generation(request: Request) -> Response:
    order = await read_body(request, cm.GenerationCreate)
    user_id = cm.current_request().actor or ""  # who asks without an id is no user
    generation = await cm.Generation.objects.request(user_id, **order.model_dump())
    return JSONResponse(cm.GenerationPublic.model_validate(generation).model_dump(mode="json"), status_code=202)


async def readyz(request: Request) -> Response:
    report = await cm.check_health()
    return JSONResponse(report.as_dict(), 200 if report.ready else 503)


app = Starlette(
    routes=[
        Route("/characters", gallery),
        Route("/characters/{character_id:uuid}", character),
        Route("/generations", request_generation, methods=["POST"]),
        Route("/readyz", readyz),
    ],
    lifespan=cm.lifespan(),
)
install(app, actor=user_of_gateway)
