"""BlackSheep."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from blacksheep import Application, Content, Request, Response, Router
from blacksheep.exceptions import HTTPException

import charmodels as cm
from charmodels.contrib.http import GalleryQuery, RequestContextMiddleware, page_body, page_headers, parse_body
from charmodels.contrib.problems import MEDIA_TYPE, Problem, http_problem, problem_of

router = Router()
service = Application(router=router)
app = RequestContextMiddleware(service)


@service.lifespan  # type: ignore[untyped-decorator]
async def database() -> AsyncIterator[None]:
    async with cm.connect():
        yield


def respond(body: bytes | str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    fields = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    data = body.encode() if isinstance(body, str) else body
    return Response(status, fields, Content(b"application/json", data))


def answer(problem: Problem) -> Response:
    fields = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    return Response(problem.status, fields, Content(MEDIA_TYPE.encode(), problem.body()))


@service.exception_handler(cm.CharmodelsError)
async def tell(_: Application, request: Request, error: cm.CharmodelsError) -> Response:
    return answer(problem_of(error))


@service.exception_handler(400)
@service.exception_handler(404)
async def tell_http(_: Application, request: Request, error: HTTPException) -> Response:
    return answer(http_problem(error.status))


@router.get("/characters")
async def gallery(request: Request) -> Response:
    query = request.url.query or b""
    asked = GalleryQuery.from_query(query)
    page = await asked.page(cm.Character.objects.public())
    return respond(page_body(page, cm.CharacterPublic), headers=page_headers(page, request.url.path.decode(), query))


@router.get("/characters/{character_id}")
async def character(character_id: str) -> Response:
    found = await cm.Character.objects.public().get(id=character_id)
    return respond(cm.CharacterPublic.model_validate(found).model_dump_json())


@router.post("/generations")
async def request_generation(request: Request) -> Response:
    order = parse_body(cm.GenerationCreate, await request.read() or b"")
    user_id = (request.get_first_header(b"x-user-id") or b"").decode("latin-1")
    with cm.request_context(actor=user_id or None):
        generation = await cm.Generation.objects.request(user_id, **order.model_dump())
    return respond(cm.GenerationPublic.model_validate(generation).model_dump_json(), 202)


@router.get("/readyz")
async def readyz() -> Response:
    report = await cm.check_health()
    return respond(json.dumps(report.as_dict()), 200 if report.ready else 503)
