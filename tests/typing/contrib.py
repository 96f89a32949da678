"""What `charmodels.contrib` gives, under the type checkers."""

from __future__ import annotations

from typing import Any, assert_type

import litestar
from starlette.requests import Request
from starlette.responses import Response

import charmodels as cm
from charmodels.contrib import fastapi as for_fastapi
from charmodels.contrib import litestar as for_litestar
from charmodels.contrib import starlette as for_starlette
from charmodels.contrib.http import GalleryQuery, PageOf, parse_body
from charmodels.querysets.characters import CharacterQuerySet


async def parameters(asked: for_fastapi.GalleryParameters) -> None:
    assert_type(asked, GalleryQuery)
    assert_type(asked.narrow(cm.Character.objects.public()), CharacterQuerySet)
    assert_type(await asked.page(cm.Character.objects.public()), cm.Page[cm.Character])
    assert_type(GalleryQuery.from_query("q=knight"), GalleryQuery)
    assert_type(await for_litestar.gallery_query(q="knight"), GalleryQuery)


async def answers(request: Request, other: litestar.Request[Any, Any, Any], page: cm.Page[cm.Character]) -> None:
    assert_type(for_fastapi.page_response(request, page, cm.CharacterPublic), Response)
    assert_type(await for_starlette.read_body(request, cm.GenerationCreate), cm.GenerationCreate)
    assert_type(parse_body(cm.GenerationCreate, b"{}"), cm.GenerationCreate)
    assert_type(
        for_litestar.page_response(other, page, cm.CharacterPublic), litestar.Response[PageOf[cm.CharacterPublic]]
    )
