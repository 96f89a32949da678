"""The FastAPI example without its database: each answer is one that was read at the start.

What it costs is the framework's, the server's and the writing of the answer; what the example costs above it is the
library's, with driver and round trip.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response

import charmodels as cm
from charmodels.contrib.fastapi import GalleryParameters, install, page_response, page_responses

read: dict[str, Any] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with cm.connect():
        read["page"] = await cm.Character.objects.public().page()
        read["character"] = read["page"].items[0]
    yield


app = FastAPI(lifespan=lifespan)
install(app)


@app.get("/characters", responses=page_responses(cm.CharacterPublic))
async def gallery(request: Request, asked: GalleryParameters) -> Response:
    return page_response(request, read["page"], cm.CharacterPublic)


@app.get("/characters/{character_id}")
async def character(character_id: UUID) -> cm.CharacterPublic:
    return cm.CharacterPublic.model_validate(read["character"])
