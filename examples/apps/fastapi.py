"""FastAPI."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request, Response

import charmodels as cm
from charmodels.contrib.fastapi import (
    GalleryParameters,
    acting,
    install,
    page_response,
    page_responses,
    problem_responses,
)

app = FastAPI(title="Characters", lifespan=cm.lifespan())
install(app)


async def user_of_gateway(x_user_id: Annotated[UUID, Header()]) -> UUID:
    return x_user_id


CurrentUser = Annotated[UUID, Depends(acting(user_of_gateway))]


@app.get("/characters", responses=page_responses(cm.CharacterPublic))
async def gallery(request: Request, asked: GalleryParameters) -> Response:
    return page_response(request, await asked.page(cm.Character.objects.public()), cm.CharacterPublic)


@app.get("/characters/{character_id}", responses=problem_responses(404, 422))
async def character(character_id: UUID) -> cm.CharacterPublic:
    return cm.CharacterPublic.model_validate(await cm.Character.objects.public().get(id=character_id))


@app.post("/generations", status_code=202, responses=problem_responses(404, 409, 422, 429))
async def request_generation(user_id: CurrentUser, order: cm.GenerationCreate) -> cm.GenerationPublic:
    return cm.GenerationPublic.model_validate(await cm.Generation.objects.request(user_id, **order.model_dump()))


@app.get("/readyz", responses={503: {"description": "Not ready, and why"}})
async def readyz(response: Response) -> dict[str, Any]:
    report = await cm.check_health()
    response.status_code = 200 if report.ready else 503
    return report.as_dict()
