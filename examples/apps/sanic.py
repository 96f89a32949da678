"""Sanic."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sanic import HTTPResponse, Request, Sanic, json, raw
from sanic.exceptions import SanicException

import charmodels as cm
from charmodels.contrib.http import GalleryQuery, page_body, page_headers, parse_body
from charmodels.contrib.problems import MEDIA_TYPE, Problem, http_problem, problem_of

app: Sanic[Any, Any] = Sanic("characters", configure_logging=False)  # that is the process's own affair


@app.before_server_start
async def open_database(app: Sanic[Any, Any]) -> None:
    app.ctx.database = await cm.connect().open()


@app.after_server_stop
async def close_database(app: Sanic[Any, Any]) -> None:
    await app.ctx.database.close()


def answer(problem: Problem, request: Request) -> HTTPResponse:
    body = problem.body(request_id=str(request.id))
    return raw(body, problem.status, problem.headers, content_type=MEDIA_TYPE)


@app.exception(cm.CharmodelsError)
async def tell(request: Request, error: cm.CharmodelsError) -> HTTPResponse:
    return answer(problem_of(error), request)


@app.exception(SanicException)
async def tell_http(request: Request, error: SanicException) -> HTTPResponse:
    return answer(http_problem(error.status_code, headers=error.headers), request)


@app.get("/characters")
async def gallery(request: Request) -> HTTPResponse:
    asked = GalleryQuery.from_query(request.query_string)
    page = await asked.page(cm.Character.objects.public())
    headers = page_headers(page, request.path, request.query_string)
    return raw(page_body(page, cm.CharacterPublic), headers=headers, content_type="application/json")


@app.get("/characters/<character_id:uuid>")
async def character(request: Request, character_id: UUID) -> HTTPResponse:
    found = await cm.Character.objects.public().get(id=character_id)
    return json(cm.CharacterPublic.model_validate(found).model_dump(mode="json"))


@app.post("/generations")
async def request_generation(request: Request) -> HTTPResponse:
    order = parse_body(cm.GenerationCreate, request.body)
    user_id = request.headers.get("x-user-id", "")
    with cm.request_context(actor=user_id or None, request_id=str(request.id)):
        generation = await cm.Generation.objects.request(user_id, **order.model_dump())
    return json(cm.GenerationPublic.model_validate(generation).model_dump(mode="json"), 202)


@app.get("/readyz")
async def readyz(request: Request) -> HTTPResponse:
    report = await cm.check_health()
    return json(report.as_dict(), 200 if report.ready else 503)
