"""One app in seven frameworks: each does the same, starts or fails with a named error, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

import charmodels as cm
from tests import factories
from tests.apps_under_test import FRAMEWORKS, served
from tests.proxy import Proxy, sessions, settings

POOL = 4
ORDER = {"prompt": "A knight at dawn", "style_type": "FANTASY", "tags": ["hero"]}

pytestmark = pytest.mark.parametrize("framework", FRAMEWORKS)


@pytest.fixture(autouse=True)
def _environment(request: pytest.FixtureRequest, framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the apps read at their start."""
    if "url" in request.fixturenames:
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("url"))
    monkeypatch.setenv("DB_POOL_MAX", str(POOL))
    monkeypatch.setenv("DB_CONNECT_RETRIES", "0")
    monkeypatch.setenv("APP_ENV", "test")
    if framework == "sanic":
        sanic = pytest.importorskip("sanic")
        monkeypatch.setattr(sanic.Sanic, "test_mode", True)  # so that a process may have the app a second time


async def fill(url: str) -> tuple[cm.User, cm.Character]:
    """Seven public knights, of whom five are heroes in the style FANTASY, and a private one."""
    async with cm.connect(settings(url)):
        ada = await factories.user(name="Ada")
        for number in range(7):
            await factories.character(
                ada,
                name=f"Knight {number}",
                tags=["hero"] if number < 6 else ["villain"],
                style_type=cm.StyleType.ANIME if number == 0 else cm.StyleType.FANTASY,
                is_public=True,
            )
        return ada, await factories.character(ada)


async def test_it_does_its_work(framework: str, url: str) -> None:
    ada, private = await fill(url)
    async with served(framework) as client:
        assert (await client.get("/readyz")).status_code == 200
        names = await walk(client, "/characters?q=knight&tags_all=Hero&tags_none=gore&style=FANTASY&size=2")
        assert names == ["Knight 5", "Knight 4", "Knight 3", "Knight 2", "Knight 1"]
        await look(client, ada, private)
        await mistake(client)
        await order_at_once(client, ada)
        assert 1 <= await sessions(url) <= POOL
    assert await sessions(url) == 0
    with pytest.raises(cm.ConfigurationError):
        await cm.User.objects.count()


async def walk(client: httpx.AsyncClient, path: str) -> list[str]:
    """Follow the links from page to page."""
    names: list[str] = []
    pages = 0
    while path:
        answer = await client.get(path, headers={"x-request-id": "walk-1"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/json")
        page = answer.json()
        names += [item["name"] for item in page["items"]]
        assert all(set(item) == set(cm.CharacterPublic.model_fields) for item in page["items"])
        assert ("next" in answer.links) == (page["next_cursor"] is not None)
        path = answer.links["next"]["url"] if "next" in answer.links else ""
        pages += 1
    assert pages == 3
    return names


async def look(client: httpx.AsyncClient, ada: cm.User, private: cm.Character) -> None:
    [newest] = (await client.get("/characters?size=1")).json()["items"]
    found = await client.get(f"/characters/{newest['id']}")
    assert (found.status_code, found.json()) == (200, newest)
    assert newest["user_id"] == str(ada.id)
    for missing in (private.id, uuid4()):
        problem = told(await client.get(f"/characters/{missing}"), 404)
        assert problem["detail"] == "There is no such Character."


async def mistake(client: httpx.AsyncClient) -> None:
    """Whatever is asked wrongly is a problem, and says what."""
    for query, detail in (
        ("size=0", "size must be "),
        ("size=many", "size must be "),
        ("style=CUBIST", "style"),
        ("sort=relevance", "sort "),
        ("q=style:ice", "query names a style that is not known, at characters 0 to 9."),
        ("q=%00", "q must not hold a NUL character."),
        ("tags_any=%00", "tags"),
        ("after=abc", "The cursor was changed"),
    ):
        assert told(await client.get(f"/characters?{query}"), 422)["detail"].startswith(detail), query
    assert (await client.get("/characters?q=%ed%a0%80%ff")).status_code == 200  # not UTF-8, read as U+FFFD
    for key in ("abc", "%00", "%ed%a0%80", "1" * 5000):
        told(await client.get(f"/characters/{key}"), 404, 422)
    told(await client.get("/nowhere"), 404)
    told(await client.delete("/readyz"), 404, 405)
    user = {"x-user-id": str(uuid4())}
    for body in (b"", b"{", b"\xff", b"[]", b'{"prompt": "\\ud800", "style_type": "ANIME"}', b"[" * 5000):
        headers = {**user, "content-type": "application/json"}
        told(await client.post("/generations", content=body, headers=headers), 400, 422)
    problem = told(await client.post("/generations", json={**ORDER, "prompt": "a\x00"}, headers=user), 422)
    assert problem["detail"] == "prompt must not hold a NUL character."
    told(await client.post("/generations", json=ORDER, headers=user), 404)
    for nobody in ({}, {"x-user-id": "x"}, {"x-user-id": "x" * 300}):
        told(await client.post("/generations", json=ORDER, headers=nobody), 422)


async def order_at_once(client: httpx.AsyncClient, ada: cm.User) -> None:
    """Of twelve requests at once, among others who look, as many pass as the quota has: three."""
    headers = {"x-user-id": str(ada.id)}
    answers = await asyncio.gather(
        *(client.post("/generations", json=ORDER, headers=headers) for _ in range(12)),
        *(client.get("/characters") for _ in range(24)),
    )
    orders, pages = answers[:12], answers[12:]
    assert {page.status_code for page in pages} == {200}
    assert sorted(order.status_code for order in orders) == [202] * 3 + [429] * 9
    accepted = [order.json() for order in orders if order.status_code == 202]
    assert {order["status"] for order in accepted} == {"PENDING"}
    for order in orders:
        if order.status_code == 429:
            problem = told(order, 429)
            assert (problem["limit"], problem["used"], problem["requested"]) == (3, 3, 1)
            assert int(order.headers["retry-after"]) >= 0
            assert order.headers["ratelimit-policy"] == '"daily";q=3;w=86400'
            assert order.headers["ratelimit"].startswith('"daily";r=0;t=')


def told(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The problem that an answer tells."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    return problem


async def test_without_a_database_it_does_not_start(
    framework: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:secret@localhost/charmodels?host=/nowhere")
    with caplog.at_level(logging.ERROR), pytest.raises(BaseException) as caught:  # noqa: PT011 - a framework may wrap it
        async with served(framework):
            pytest.fail("it started")
    # A framework that keeps the error to itself tells its log.
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert any(isinstance(error, cm.DatabaseUnavailable) for error in [*chain(caught.value), *logged])
    assert "secret" not in caplog.text + str(caught.value)
    with pytest.raises(cm.ConfigurationError):
        await cm.User.objects.count()


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def test_while_the_database_is_away_it_says_so(framework: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, _ = await fill(url)
    headers = {"x-user-id": str(ada.id)}
    async with Proxy(url) as proxy:
        monkeypatch.setenv("DATABASE_URL", proxy.url)
        async with served(framework) as client:
            async with proxy.away():
                for answer in (
                    await client.get("/characters"),
                    await client.post("/generations", json=ORDER, headers=headers),
                ):
                    assert told(answer, 503)["title"] == "The service is unavailable"
                    assert answer.headers["retry-after"] == "5"
                assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/characters")).status_code == 200
            assert (await client.post("/generations", json=ORDER, headers=headers)).status_code == 202
