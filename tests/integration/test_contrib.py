"""What `charmodels.contrib` gives FastAPI, Starlette and Litestar, beyond what the example apps use."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import litestar
import pytest
from fastapi import Depends, FastAPI, Header
from litestar.exceptions import InternalServerException
from litestar.params import JSONBody
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import charmodels as cm
from charmodels.contrib import fastapi as for_fastapi
from charmodels.contrib import litestar as for_litestar
from charmodels.contrib import starlette as for_starlette
from charmodels.contrib.http import Scope
from tests.apps_under_test import load, over_asgi
from tests.proxy import settings


async def told_to_the_database() -> dict[str, str | None]:
    """Who acts, and in which request, as the triggers of the audit trail see it."""
    async with cm.transaction() as tx:
        [row] = await tx.fetch(
            "SELECT current_setting('charmodels.actor', true) AS actor,"
            " current_setting('charmodels.request_id', true) AS request_id"
        )
    return dict(row)


async def by_header(scope: Scope) -> str | None:
    found = dict(scope["headers"]).get(b"x-user-id")
    return None if found is None else found.decode()


async def user(x_user_id: Annotated[UUID | None, Header()] = None) -> UUID | None:
    return x_user_id


def make_fastapi(url: str) -> FastAPI:
    app = FastAPI(lifespan=cm.lifespan(settings(url)))
    for_fastapi.install(app)

    @app.get("/who")
    async def who(actor: Annotated[UUID | None, Depends(for_fastapi.acting(user))]) -> dict[str, str | None]:
        return await told_to_the_database()

    @app.get("/fail/{kind}")
    async def fail(kind: str) -> None:
        raise errors()[kind]

    return app


def make_starlette(url: str) -> Starlette:
    async def who(request: Request) -> Response:
        return JSONResponse(await told_to_the_database())

    async def fail(request: Request) -> Response:
        raise errors()[request.path_params["kind"]]

    app = Starlette(routes=[Route("/who", who), Route("/fail/{kind}", fail)], lifespan=cm.lifespan(settings(url)))
    for_starlette.install(app, actor=by_header)
    return app


def make_litestar(url: str) -> litestar.Litestar:
    @litestar.get("/who")
    async def who() -> dict[str, str | None]:
        return await told_to_the_database()

    @litestar.get("/fail/{kind:str}")
    async def fail(request: litestar.Request[Any, Any, Any]) -> None:
        raise errors()[request.path_params["kind"]]

    @litestar.post("/orders")
    async def order(data: JSONBody[cm.GenerationCreate]) -> None:
        return None

    return litestar.Litestar(
        [who, fail, order],
        lifespan=[cm.lifespan(settings(url))],
        plugins=[for_litestar.CharmodelsPlugin(actor=by_header)],
        logging_config=None,
    )


def errors() -> dict[str, Exception]:
    return {
        "missing": cm.NotFound(model="Character"),
        "busy": cm.PoolTimeout(timeout=1, size=3),
        "setting": cm.ConfigurationError(reason="secret"),
        "bug": ZeroDivisionError("secret"),
        "depth": RecursionError("secret"),
        "framework": InternalServerException("secret"),
        "teapot": HTTPException(418, {"not": "text"}),  # type: ignore[arg-type]
        "unchanged": HTTPException(304, headers={"etag": "1"}),
    }


MAKERS: dict[str, Callable[[str], Any]] = {
    "fastapi": make_fastapi,
    "starlette": make_starlette,
    "litestar": make_litestar,
}


@pytest.fixture(params=MAKERS)
async def client(request: pytest.FixtureRequest, url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with over_asgi(MAKERS[request.param](url)) as client:
        # As a server does: the answer counts, and the error behind it is logged.
        client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
        yield client


async def test_who_acts_reaches_the_database(client: httpx.AsyncClient) -> None:
    user = str(uuid4())
    answer = await client.get("/who", headers={"x-user-id": user, "x-request-id": "r-1"})
    assert answer.json() == {"actor": user, "request_id": "r-1"}
    assert answer.headers["x-request-id"] == "r-1"
    answer = await client.get("/who")
    assert answer.json() == {"actor": "", "request_id": answer.headers["x-request-id"]}


async def test_an_error_of_ours_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/missing", headers={"x-request-id": "r-1"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "r-1"


async def test_what_is_the_server_s_fault_is_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/fail/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    [record] = [record for record in caplog.records if record.name == "charmodels.contrib"]
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("Answered 503: None of the pool's 3 connections")


@pytest.mark.parametrize("kind", ["setting", "bug", "depth", "framework"])
async def test_a_failure_tells_nothing(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.get(f"/fail/{kind}", headers={"x-request-id": "r-1"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "request_id": "r-1",
    }


@pytest.mark.parametrize("make", [make_fastapi, make_starlette])
async def test_a_failure_reaches_the_server(make: Callable[[str], Any], url: str) -> None:
    """So that the server logs it, and what reports errors hears of it."""
    async with over_asgi(make(url)) as client:
        for path, error in (("/fail/setting", cm.ConfigurationError), ("/fail/bug", ZeroDivisionError)):
            with pytest.raises(error):
                await client.get(path)


async def test_litestar_logs_a_failure(url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with over_asgi(make_litestar(url)) as client:
        await client.get("/fail/bug")
    [record] = [record for record in caplog.records if record.name == "charmodels.contrib"]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("make", [make_fastapi, make_starlette])
async def test_an_error_of_http_keeps_what_it_says(make: Callable[[str], Any], url: str) -> None:
    async with over_asgi(make(url)) as client:
        assert (await client.get("/fail/teapot")).json()["title"] == "I'm a Teapot"
        unchanged = await client.get("/fail/unchanged")
        assert (unchanged.status_code, unchanged.headers["etag"], unchanged.content) == (304, "1", b"")


async def test_litestar_names_the_fields_of_a_body(url: str) -> None:
    async with over_asgi(make_litestar(url)) as client:
        answer = await client.post("/orders", json={"prompt": "", "style_type": "secret"})
    assert answer.status_code == 422
    assert [(error["field"], error["location"]) for error in answer.json()["errors"]] == [
        ("prompt", "body"),
        ("style_type", "body"),
    ]
    assert "secret" not in answer.text


async def test_the_examples_tell_openapi_of_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = load("fastapi").app.openapi()
    gallery = document["paths"]["/characters"]["get"]
    assert {parameter["name"] for parameter in gallery["parameters"]} == set(for_fastapi.GalleryQuery.model_fields)
    assert gallery["responses"]["200"]["headers"]["Link"]["description"].startswith("Leads to the page after")
    for status in ("422", "default"):
        [(kind, content)] = gallery["responses"][status]["content"].items()
        assert (kind, content["schema"]["$ref"]) == ("application/problem+json", "#/components/schemas/Problem")
    order = document["paths"]["/generations"]["post"]["responses"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} == set(order["429"]["headers"])
    schemas = document["components"]["schemas"]
    assert {"status", "title", "type", "detail", "errors", "request_id"} == set(schemas["Problem"]["properties"])
    assert "HTTPValidationError" not in schemas
    assert set(schemas["CharacterPublic"]["properties"]) == set(cm.CharacterPublic.model_fields)
    assert schemas["CharacterPublic"]["description"] == "A character as the gallery shows it."

    monkeypatch.setenv("DATABASE_URL", url)
    described = load("litestar").app.openapi_schema.to_schema()["paths"]
    gallery = described["/characters"]["get"]
    assert {parameter["name"] for parameter in gallery["parameters"]} == set(for_fastapi.GalleryQuery.model_fields)
    assert "Link" in gallery["responses"]["200"]["headers"]
    assert set(described["/generations"]["post"]["responses"]["429"]["content"]) == {"application/problem+json"}
