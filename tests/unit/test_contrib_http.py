"""The gallery's parameters, its pages and the request's context, without a framework."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

import charmodels as cm
from charmodels import limits
from charmodels.contrib.http import (
    GalleryQuery,
    Message,
    PageOf,
    RequestContextMiddleware,
    Scope,
    page_body,
    page_headers,
    parse_body,
    request_id_of,
)


@pytest.mark.parametrize("module", ["charmodels", "charmodels.contrib", "charmodels.contrib.http"])
def test_no_framework_is_imported_unless_asked_for(module: str) -> None:
    frameworks = {"fastapi", "starlette", "litestar", "quart", "sanic", "blacksheep", "aiohttp"}
    code = f"import sys, {module}; print(sorted({frameworks!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_parameters_are_read() -> None:
    asked = GalleryQuery.from_query(
        "q=ice+queen&style=FANTASY&style=ANIME&tags_any=Hero&tags_any=%20King&tags_all=a&tags_none=gore"
        "&sort=relevance&size=5&after=abc&utm_source=mail"
    )
    assert asked == GalleryQuery(
        q="ice queen",
        style=[cm.StyleType.FANTASY, cm.StyleType.ANIME],
        tags_any=["hero", "king"],
        tags_all=["a"],
        tags_none=["gore"],
        sort="relevance",
        size=5,
        after="abc",
    )


def test_what_a_form_leaves_empty_is_not_asked() -> None:
    assert GalleryQuery.from_query(b"q=&style=&tags_any=&sort=&size=&after=") == GalleryQuery()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=%00", "q"),
        ("q=" + "x" * (limits.SEARCH_LENGTH + 1), "q"),
        ("style=CUBIST", "style.0"),
        ("tags_any=%00", "tags_any.0"),
        ("tags_none=" + "x" * (limits.TAG_LENGTH + 1), "tags_none.0"),
        ("&".join(f"tags_all={number}" for number in range(limits.ASKED_TAGS + 1)), "tags_all"),
        ("sort=best", "sort"),
        ("size=0", "size"),
        ("size=101", "size"),
        ("size=many", "size"),
        ("after=" + "x" * 5000, "after"),
    ],
)
def test_a_parameter_that_breaks_a_rule_is_named(query: str, field: str) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        GalleryQuery.from_query(query)
    assert caught.value.field == field


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(cm.InvalidInput):
        GalleryQuery.of(q="\ud800")
    assert GalleryQuery.from_query(b"q=%ed%a0%80\xff").q == "\ufffd" * 3 + "\xff"


def test_a_page_leads_to_the_next() -> None:
    page: cm.Page[Any] = cm.Page([], next_cursor="c1")
    assert page_headers(page, "/a b/ü", "") == {"Link": '</a%20b/%C3%BC?after=c1>; rel="next"'}
    asked = b"tags_any=a&after=c0&tags_any=b%26c&%61fter=x&q=%00"
    assert page_headers(page, "/", asked) == {"Link": '</?tags_any=a&tags_any=b%26c&q=%00&after=c1>; rel="next"'}
    assert page_headers(cm.Page([], next_cursor=None), "/", asked) == {}


def test_a_link_ends_nowhere_else() -> None:
    [link] = page_headers(cm.Page([], next_cursor="c1"), '/\r\n>"', b'q=>;"\r\nX: y\xff').values()
    assert link == '</%0D%0A%3E%22?q=%3E;%22%0D%0AX:%20y%C3%BF&after=c1>; rel="next"'


def test_a_page_shows_no_more_than_its_schema() -> None:
    row = SimpleNamespace(id=uuid4(), name="Ada", avatar_url=None, email="ada@example.com")
    page = cm.Page([row], next_cursor="c1")
    shown = {"id": str(row.id), "name": "Ada", "avatar_url": None}
    assert json.loads(page_body(page, cm.UserPublic)) == {"items": [shown], "next_cursor": "c1"}
    assert PageOf[cm.UserPublic].model_validate(page).items[0].name == "Ada"


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"{", "body", "must be JSON"),
        (b"\xff", "body", "must be JSON"),
        (b"[" * 10_000, "body", "must be JSON"),
        (b'{"prompt": "\\ud800", "style_type": "ANIME"}', "body", "must be JSON"),
        (b"[]", "body", "must be an object"),
        (b'{"style_type": "ANIME"}', "prompt", "is required"),
        (b'{"prompt": "\\u0000", "style_type": "ANIME"}', "prompt", "must not hold a NUL character"),
    ],
)
def test_a_body_that_breaks_a_rule_is_named(body: bytes, field: str, reason: str) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        parse_body(cm.GenerationCreate, body)
    assert (caught.value.field, caught.value.reason) == (field, reason)


async def run(middleware: RequestContextMiddleware, *headers: tuple[bytes, bytes], kind: str = "http") -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await middleware({"type": kind, "headers": list(headers)}, receive, send)
    return sent


async def answer(scope: Scope, receive: Any, send: Any) -> None:
    request = cm.current_request()
    assert scope["type"] == "lifespan" or request.request_id == request_id_of(scope)
    headers = [(b"X-Request-Id", b"of the app"), (b"x-actor", str(request.actor).encode())]
    start = "websocket.accept" if scope["type"] == "websocket" else "http.response.start"
    await send({"type": start, "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def headers_of(sent: list[Message]) -> dict[bytes, bytes]:
    return dict(sent[0]["headers"])


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_request_keeps_its_id(kind: str) -> None:
    sent = await run(RequestContextMiddleware(answer), (b"X-Request-ID", b"abc-1"), kind=kind)
    assert headers_of(sent) == {b"x-request-id": b"abc-1", b"x-actor": b"None"}
    assert cm.current_request() == cm.RequestContext()


@pytest.mark.parametrize("given", [b"", b" ", b"a b", b"x" * 256, b"a\nb", b"\xff", b"\x00"])
async def test_an_id_that_is_none_is_replaced(given: bytes) -> None:
    sent = await run(RequestContextMiddleware(answer), (b"x-request-id", given))
    made = UUID(headers_of(sent)[b"x-request-id"].decode())
    assert made != UUID(headers_of(await run(RequestContextMiddleware(answer)))[b"x-request-id"].decode())


async def test_the_actor_is_asked_for() -> None:
    user = uuid4()

    async def actor(scope: Scope) -> UUID | None:
        return user if scope["headers"] else None

    middleware = RequestContextMiddleware(answer, actor=actor)
    assert headers_of(await run(middleware, (b"authorization", b"x")))[b"x-actor"] == str(user).encode()
    assert headers_of(await run(middleware))[b"x-actor"] == b"None"


@pytest.mark.parametrize(
    ("error", "status"),
    [(cm.PermissionDenied(action="use", model="Character"), 403), (cm.PoolTimeout(timeout=1, size=2), 503)],
)
async def test_what_keeps_the_actor_from_being_known_is_the_answer(error: Exception, status: int) -> None:
    async def actor(scope: Scope) -> UUID:
        raise error

    start, body = await run(RequestContextMiddleware(answer, actor=actor), (b"x-request-id", b"r1"))
    assert start["status"] == status
    assert headers_of([start])[b"content-type"] == b"application/problem+json"
    assert headers_of([start])[b"x-request-id"] == b"r1"
    assert json.loads(body["body"])["request_id"] == "r1"
    with pytest.raises(type(error)):
        await run(RequestContextMiddleware(answer, actor=actor), kind="websocket")


async def test_an_actor_that_cannot_be_is_refused() -> None:
    async def actor(scope: Scope) -> str:
        return "x" * 256

    assert request_id_of({}) is None
    [start, body] = await run(RequestContextMiddleware(answer, actor=actor))
    assert start["status"] == 422
    assert json.loads(body["body"])["detail"] == "actor must have at most 255 characters."


async def test_an_app_that_fails_to_know_the_actor_fails() -> None:
    async def actor(scope: Scope) -> str:
        raise cm.ConfigurationError(reason="nobody told")

    with pytest.raises(cm.ConfigurationError):
        await run(RequestContextMiddleware(answer, actor=actor))


async def test_a_lifespan_is_no_request() -> None:
    sent = await run(RequestContextMiddleware(answer), kind="lifespan")
    assert headers_of(sent)[b"X-Request-Id"] == b"of the app"
