"""Quart."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

import charmodels as cm
from charmodels.contrib.http import GalleryQuery, RequestContextMiddleware, page_body, page_headers, parse_body
from charmodels.contrib.problems import MEDIA_TYPE, Problem, http_problem, problem_of

app = Quart(__name__)
app.asgi_app = RequestContextMiddleware(app.asgi_app)  # type: ignore[method-assign, arg-type, assignment]


@app.while_serving
async def database() -> AsyncGenerator[None, None]:
    async with cm.connect():
        yield


def answer(problem: Problem) -> Response:
    return Response(problem.body(), problem.status, problem.headers, content_type=MEDIA_TYPE)


@app.errorhandler(cm.CharmodelsError)
async def tell(error: cm.CharmodelsError) -> Response:
    problem = problem_of(error)
    if problem.status == 500:
        app.logger.error("Answered 500", exc_info=error)
    return answer(problem)


@app.errorhandler(HTTPException)
async def tell_http(error: HTTPException) -> Response:
    return answer(http_problem(error.code or 500, headers=dict(error.get_headers())))


@app.get("/characters")
async def gallery() -> Response:
    asked = GalleryQuery.from_query(request.query_string)
    page = await asked.page(cm.Character.objects.public())
    headers = page_headers(page, request.path, request.query_string)
    return Response(page_body(page, cm.CharacterPublic), 200, headers, content_type="application/json")


@app.get("/characters/<uuid:character_id>")
async def character(character_id: str) -> Response:
    found = await cm.Character.objects.public().get(id=character_id)
    return Response(cm.CharacterPublic.model_validate(found).model_dump_json(), content_type="application/json")


@app.post("/generations")
async def request_generation() -> Response:
    order = parse_body(cm.GenerationCreate, await request.get_data(as_text=False))
    user_id = request.headers.get("X-User-Id", "")
    with cm.request_context(actor=user_id or None):
        generation = await cm.Generation.objects.request(user_id, **order.model_dump())
    body = cm.GenerationPublic.model_validate(generation).model_dump_json()
    return Response(body, 202, content_type="application/json")


@app.get("/readyz")
async def readyz() -> tuple[dict[str, Any], int]:
    report = await cm.check_health()
    return report.as_dict(), 200 if report.ready else 503
