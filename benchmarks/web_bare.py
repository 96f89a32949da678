"""The newest page of the FastAPI example by hand: asyncpg's own pool, and the SQL written out.

What it costs above `web_still` is the driver's and the round trip's; what the example costs above this, the library's.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response

import charmodels as cm
from charmodels.contrib.fastapi import GalleryParameters, PageOf, install, page_responses
from charmodels.contrib.http import page_headers

NEWEST = """
SELECT id, user_id, name, prompt, style_type, tags, image_url, thumbnail_url, is_public, generation_status, created_at,
    published_at
FROM characters
WHERE is_public AND generation_status = 'COMPLETED'
ORDER BY created_at DESC, id DESC
LIMIT $1
"""

opened: dict[str, Any] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    size = int(os.environ["DB_POOL_MAX"])
    async with asyncpg.create_pool(**cm.Settings().connect_arguments(), min_size=1, max_size=size) as pool:
        opened["pool"] = pool
        yield


app = FastAPI(lifespan=lifespan)
install(app)


@app.get("/characters", responses=page_responses(cm.CharacterPublic))
async def gallery(request: Request, asked: GalleryParameters) -> Response:
    rows = await opened["pool"].fetch(NEWEST, asked.size + 1)
    cursor = None
    if len(rows) > asked.size:
        rows = rows[: asked.size]
        cursor = urlsafe_b64encode(f"{rows[-1]['created_at'].isoformat()}/{rows[-1]['id']}".encode()).decode()
    body = PageOf[cm.CharacterPublic].model_validate({"items": [dict(row) for row in rows], "next_cursor": cursor})
    headers = page_headers(cm.Page([], cursor), request.scope["path"], request.scope["query_string"])
    return Response(body.model_dump_json(), headers=headers, media_type="application/json")
