"""aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

from aiohttp import web

import charmodels as cm
from charmodels.contrib.http import GalleryQuery, page_body, page_headers, parse_body
from charmodels.contrib.problems import MEDIA_TYPE, Problem, http_problem, problem_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
routes = web.RouteTableDef()


async def database(app: web.Application) -> AsyncIterator[None]:
    async with cm.connect():
        yield


def answer(problem: Problem) -> web.Response:
    return web.Response(body=problem.body(), status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


@web.middleware
async def in_context(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say whose request it is, and tell errors as problems."""
    with cm.request_context(request_id=str(uuid4())):
        try:
            with cm.request_context(actor=request.headers.get("X-User-Id")):
                return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
            return answer(http_problem(error.status, headers=allow))
        except cm.CharmodelsError as error:
            problem = problem_of(error)
            if problem.status == 500:
                raise  # aiohttp logs it, and answers
            return answer(problem)


@routes.get("/characters")
async def gallery(request: web.Request) -> web.Response:
    asked = GalleryQuery.from_query(request.rel_url.raw_query_string)
    page = await asked.page(cm.Character.objects.public())
    headers = page_headers(page, request.path, request.rel_url.raw_query_string)
    return web.Response(body=page_body(page, cm.CharacterPublic), headers=headers, content_type="application/json")


@routes.get("/characters/{character_id}")
async def character(request: web.Request) -> web.Response:
    found = await cm.Character.objects.public().get(id=request.match_info["character_id"])
    return web.json_response(text=cm.CharacterPublic.model_validate(found).model_dump_json())


@routes.post("/generations")
async def request_generation(request: web.Request) -> web.Response:
    order = parse_body(cm.GenerationCreate, await request.read())
    user_id = cm.current_request().actor or ""  # who asks without an id is no user
    generation = await cm.Generation.objects.request(user_id, **order.model_dump())
    return web.json_response(text=cm.GenerationPublic.model_validate(generation).model_dump_json(), status=202)


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    report = await cm.check_health()
    return web.json_response(report.as_dict(), status=200 if report.ready else 503)


app = web.Application(middlewares=[in_context])
app.cleanup_ctx.append(database)
app.add_routes(routes)
