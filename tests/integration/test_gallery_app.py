"""The gallery's web page, through its ASGI: what it shows, what it refuses, and how it says so."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx
import pytest
import pytest_asyncio
from asgi_lifespan import LifespanManager

import charmodels as cm
from examples.gallery_app.__main__ import arguments
from examples.gallery_app.app import create_app
from examples.gallery_app.visitors import DEMO_USERS
from tests import factories, servers
from tests.integration.test_demo import ROOT, databases, left_over
from tests.proxy import Proxy, settings

HERE = {"Origin": "http://gallery.example"}
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> {{ 7*7 }}"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Provider:
    """Draws when the test says so, and refuses logos."""

    def __init__(self) -> None:
        self.may_draw = asyncio.Event()

    async def __call__(self, job: cm.Job) -> cm.Picture:
        await self.may_draw.wait()
        if "logo" in job.prompt:
            raise cm.GenerationRejected(reason="the provider draws no logos")
        return cm.Picture(image_url=f"/pictures/fantasy/{job.character_id}.svg")


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest_asyncio.fixture
async def client(url: str, provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(url, provider) as client:
        yield client


@asynccontextmanager
async def opened(source: cm.Settings | str, provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, which runs as long as the block."""
    app = create_app(source, provider=provider, secret="a secret of the test")
    async with LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as manager:
        transport = httpx.ASGITransport(manager.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HERE["Origin"], headers=HERE) as client:
            yield client
        provider.may_draw.set()  # what is still to be drawn does not hold up the end


class Page(HTMLParser):
    """A page, as far as the tests look: whether its tags are closed in order, its texts, its elements."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(answer.text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed out of order"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]

    def one(self, tag: str, **attributes: str) -> dict[str, str]:
        [found] = self.all(tag, **attributes)
        return found

    @property
    def cards(self) -> list[str]:
        """The ids of the characters that are shown."""
        return [found["href"].rpartition("/")[2] for found in self.all("a") if is_of_character(found["href"])]


def is_of_character(href: str) -> bool:
    return href.startswith("/characters/")


def assert_is_well_formed(answer: httpx.Response) -> Page:
    """What any page must be: closed tags, one title and heading, labels, texts for pictures, ids that are there."""
    page = Page(answer)
    assert answer.text.startswith("<!doctype html>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert page.one("html")["lang"] == "en"
    assert len(page.all("title")) == len(page.all("h1")) == len(page.all("main")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in page.all("label")}
    for tag in ("input", "select", "textarea"):
        for found in page.all(tag):
            assert found.get("type") == "hidden" or found["id"] in labelled
    assert all("alt" in picture for picture in page.all("img"))
    for _, attributes in page.elements:
        named = f"{attributes.get('aria-labelledby', '')} {attributes.get('aria-describedby', '')}".split()
        assert set(named) <= set(ids)
        assert not [name for name in attributes if name.startswith("on") or name == "style"], "the CSP forbids it"
    return page


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> Page:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
    return assert_is_well_formed(answer)


async def sign_in(client: httpx.AsyncClient, tier: cm.SubscriptionTier = cm.SubscriptionTier.FREE) -> cm.User:
    user = await factories.user(email=DEMO_USERS[0], name="Wren", subscription_tier=tier)
    answer = await client.post("/sign-in", data={"email": user.email})
    assert (answer.status_code, answer.headers["location"]) == (303, "/mine")
    return user


async def public(name: str, **values: object) -> cm.Character:
    return await factories.character(**{"name": name, "is_public": True, **values})


async def test_the_gallery_shows_what_is_public(client: httpx.AsyncClient) -> None:
    shown = await public("Osric", style_type=cm.StyleType.ANIME, tags=["hero"])
    await factories.character(name="Secret")
    page = await get(client, "/")
    assert page.cards == [str(shown.id)]
    assert "1 character" in page.text
    assert "Popular tags" in page.text
    assert "Tags of these" in (await get(client, "/?q=knight")).text
    assert "Anime 1" in page.text
    assert page.one("a", title="1 character")["href"] == "/?tags_all=hero"
    assert page.one("img", src=f"/pictures/anime/{shown.id}.svg")["alt"] == ""


async def test_an_empty_gallery_says_so(client: httpx.AsyncClient) -> None:
    assert "Nobody is like that" in (await get(client, "/")).text


async def test_the_search_box_searches(client: httpx.AsyncClient) -> None:
    knight = await public("Osric", prompt="Two knights & a horse", style_type=cm.StyleType.ANIME)
    await public("Nettle", prompt="A witch")
    page = await get(client, "/?q=knight+style:anime&sort=relevance")
    assert page.cards == [str(knight.id)]
    assert page.one("input", id="q")["value"] == "knight style:anime"
    answer = await client.get("/?q=knight")
    assert "<mark>knights</mark> &amp; a horse" in answer.text
    assert (await get(client, "/?q=dragon")).cards == []
    # Without words there is no relevance; the form sends what was chosen before.
    assert len((await get(client, "/?q=&sort=relevance")).cards) == 2


async def test_a_search_that_cannot_be_understood_points_at_the_term(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", params={"q": "knight style:<b>cubist</b> tag:hero"})
    assert answer.status_code == 422
    page = assert_is_well_formed(answer)
    assert "The search names a style that is not known" in page.text
    assert "knight <mark>style:&lt;b&gt;cubist&lt;/b&gt;</mark> tag:hero" in answer.text
    assert page.one("input", id="q")["aria-invalid"] == "true"
    assert page.one("input", id="q")["value"] == "knight style:<b>cubist</b> tag:hero"


async def test_filters_narrow_and_widen(client: httpx.AsyncClient) -> None:
    await public("A", style_type=cm.StyleType.ANIME, tags=["hero", "ice queen"])
    await public("B", style_type=cm.StyleType.FANTASY, tags=["hero"])
    await public("C", style_type=cm.StyleType.FANTASY, tags=["villain"])
    page = await get(client, "/?style=FANTASY&tags_all=hero")
    assert len(page.cards) == 1
    assert "Anime 1" in page.text, "another style to choose shows what it would give"
    assert page.all("a", href="/?tags_all=hero", aria_current="true"), "the chosen style leads back"
    assert page.all("a", href="/?style=FANTASY", aria_label="Without the tag hero")
    both = next(
        found["href"] for found in page.all("a") if found["href"].count("style=") == 2 and "ANIME" in found["href"]
    )
    assert len((await get(client, both)).cards) == 2
    assert len((await get(client, "/?tags_all=Ice+Queen")).cards) == 1


async def test_pages_lead_to_the_end_without_doubles(client: httpx.AsyncClient) -> None:
    for number in range(60):
        await public(f"Number {number}", prompt="a knight" if number % 2 else "a witch")
    for start, count in (("/", 60), ("/?q=knight", 30), ("/?q=knight&sort=relevance", 30), ("/?sort=oldest", 60)):
        seen: list[str] = []
        path: str | None = start
        while path:
            page = await get(client, path)
            seen += page.cards
            following = page.all("a", rel="next")
            path = following[0]["href"] if following else None
        assert (len(seen), len(set(seen))) == (count, count)


async def test_a_script_gets_only_what_comes_next(client: httpx.AsyncClient) -> None:
    for number in range(30):
        await public(f"Knight {number}")
    following = (await get(client, "/")).one("a", rel="next")
    assert following["hx-get"] == following["href"]
    answer = await client.get(following["href"], headers=HTMX)
    part = Page(answer)
    assert len(part.cards) == 6
    assert part.elements[0][0] == "li"
    assert not part.all("html")
    assert "HX-Request" in answer.headers["vary"]


async def test_what_cannot_be_asked_is_a_friendly_page(client: httpx.AsyncClient) -> None:
    for path, said in (
        ("/?after=nonsense", "The cursor"),
        ("/?style=CUBIST", "style"),
        ("/?q=" + "a" * 1001, "1000"),
        ("/?q=%00", "NUL"),
    ):
        page = await get(client, path, 422)
        assert said in page.text
        assert page.all("a", href="/")


async def test_a_character_has_a_page(client: httpx.AsyncClient) -> None:
    ada = await factories.user(name="Ada Lovelace")
    osric = await factories.character(ada, name="Osric", tags=["hero", "ice & snow"], is_public=True)
    other = await public("Nettle", tags=["ice & snow"])
    page = await get(client, f"/characters/{osric.id}")
    assert page.all("img", alt="Portrait of Osric, in the style fantasy")
    assert "A brave knight" in page.text
    assert page.cards == [str(other.id)]
    by_ada = page.one("a", href="/?q=by%3A%22Ada%20Lovelace%22")
    assert (await get(client, by_ada["href"])).cards == [str(osric.id)]
    tagged = page.one("a", href="/?tags_all=ice%20%26%20snow")
    assert len((await get(client, tagged["href"])).cards) == 2


async def test_what_is_not_there_or_not_public_is_not_found(client: httpx.AsyncClient) -> None:
    hidden = await factories.character(name="Secret")
    for path in (f"/characters/{hidden.id}", f"/characters/{factories.missing()}", "/characters/none", "/nowhere"):
        page = await get(client, path, 404)
        assert "Secret" not in page.text
        assert page.all("a", href="/")
    assert (await client.get("/pictures/cubist/00000000-0000-0000-0000-000000000001.svg")).status_code == 404
    assert (await client.post("/", headers=HERE)).status_code == 405


async def test_hostile_names_are_names(client: httpx.AsyncClient) -> None:
    mallory = await factories.user(email=DEMO_USERS[0], name=HOSTILE)
    tag = '"><b>'
    evil = await factories.character(mallory, name=HOSTILE, prompt=f"a knight {HOSTILE}", tags=[tag], is_public=True)
    await client.post("/sign-in", data={"email": mallory.email})
    for path in ("/", "/?q=knight", f"/?q={HOSTILE[:8]}", f"/characters/{evil.id}", "/mine", "/sign-in"):
        page = await get(client, path)
        assert [found.get("src") for found in page.all("script")] == ["/static/htmx.min.js"]
        assert not [found for found in page.all("img") if found["src"] == "x"]
        assert "{{ 7*7 }}" in page.text or path == "/sign-in"
    assert (await get(client, "/?tags_all=" + tag)).cards == [str(evil.id)]


async def test_my_characters_are_for_those_who_are_signed_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/mine")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?back=/mine")
    assert (await client.get("/mine", headers=HTMX)).status_code == 401
    user = await sign_in(client)
    mine = await factories.character(user, name="Mine")
    await public("Somebody else's")
    page = await get(client, "/mine")
    assert page.cards == [str(mine.id)]
    assert "3 of 3 pictures left" in page.text
    assert page.one("meter")["value"] == "0"
    assert page.one("p", id="news")["role"] == "status"
    assert (await client.post("/sign-out")).status_code == 303
    assert (await client.get("/mine")).status_code == 303


async def test_nobody_else_can_be_signed_in_as(client: httpx.AsyncClient) -> None:
    other = await factories.user(email="ada@example.com")
    assert (await client.post("/sign-in", data={"email": other.email})).status_code == 403
    client.cookies.set("session", "eyJ1c2VyX2lkIjogIjEifQ==.forged.signature")
    assert (await client.get("/mine")).status_code == 303


async def test_somebody_who_was_deleted_is_signed_out(client: httpx.AsyncClient) -> None:
    user = await sign_in(client)
    await user.delete()
    assert (await client.get("/mine")).status_code == 303


async def test_the_way_back_stays_here(client: httpx.AsyncClient) -> None:
    await factories.user(email=DEMO_USERS[0])
    for back in ("//evil.example", "/\\evil.example", "https://evil.example/", "evil", "/\t/evil.example"):
        answer = await client.post("/sign-in", data={"email": DEMO_USERS[0], "back": back})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_forms_of_other_sites_are_refused(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    form = {"prompt": "A knight", "style": "FANTASY"}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await client.post("/mine/generations", data=form, headers=headers)
        assert answer.status_code == 403
        assert_is_well_formed(answer)
    assert await cm.Generation.all().count() == 0
    assert (
        "samesite=lax" in (await client.post("/sign-in", data={"email": DEMO_USERS[0]})).headers["set-cookie"].lower()
    )


async def test_a_picture_is_asked_for_and_comes(client: httpx.AsyncClient, provider: Provider) -> None:
    user = await sign_in(client)
    key = (await get(client, "/mine")).one("input", name="key")["value"]
    form = {"prompt": "A knight", "style": "FANTASY", "name": "Osric", "tags": "Hero, ice queen,", "key": key}
    answer = await client.post("/mine/generations", data=form)
    again = await client.post("/mine/generations", data=form)
    assert answer.status_code == again.status_code == 303
    assert answer.headers["location"] == again.headers["location"], "sent twice it is one picture"
    made = await cm.Character.objects.owned_by(user.id).get()
    assert (made.name, made.tags) == ("Osric", ["hero", "ice queen"])

    page = await get(client, "/mine")
    assert "2 of 3 pictures left" in page.text
    [card] = [found for found in page.all("li") if found.get("id") == f"c-{made.id}"]
    assert card["hx-trigger"] == "every 1s"
    provider.may_draw.set()
    done = await told(client, card["hx-get"].partition("?")[0], "COMPLETED")
    assert "hx-get" not in done.one("li")
    assert "Osric: done." in done.text
    assert done.one("p", id="news")["hx-swap-oob"] == "innerHTML"
    assert done.all("img", src=f"/pictures/fantasy/{made.id}.svg")
    assert "2 of 3 pictures left" in done.text


async def told(client: httpx.AsyncClient, path: str, status: str) -> Page:
    """Ask for news as the page does, until the character has a status."""
    was = "PENDING"
    async with asyncio.timeout(60):
        while True:
            answer = await client.get(path, params={"was": was}, headers=HTMX)
            if answer.status_code == 204:
                await asyncio.sleep(0.05)
                continue
            assert answer.status_code == 200
            page = Page(answer)
            if status.lower() in page.one("li")["class"].split():
                return page
            [address] = [found["hx-get"] for found in page.all("li")]
            was = parse_qs(urlsplit(address).query)["was"][0]


async def test_a_picture_that_cannot_be_made_says_why_and_costs_nothing(
    client: httpx.AsyncClient, provider: Provider
) -> None:
    user = await sign_in(client)
    provider.may_draw.set()
    await client.post("/mine/generations", data={"prompt": "A company's logo", "style": "FANTASY"})
    made = await cm.Character.objects.owned_by(user.id).get()
    page = await told(client, f"/mine/characters/{made.id}", "FAILED")
    assert "the provider draws no logos" in page.text
    assert "3 of 3 pictures left" in page.text
    assert "the provider draws no logos" in (await get(client, "/mine")).text


async def test_when_the_quota_is_used_up_the_form_says_so(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    for number in range(3):
        await client.post("/mine/generations", data={"prompt": f"A knight {number}", "style": "FANTASY"})
    answer = await client.post("/mine/generations", data={"prompt": "One <more>", "style": "ANIME"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) <= timedelta(days=1).total_seconds()
    page = assert_is_well_formed(answer)
    assert "Nothing is left for today." in page.text
    assert "0 of 3 pictures left" in page.text
    assert "One &lt;more&gt;</textarea>" in answer.text, "what was typed is kept"
    assert page.all("option", value="ANIME", selected="")
    assert await cm.Generation.all().count() == 3


async def test_a_form_that_breaks_a_rule_says_which(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    for form, said in (
        ({"prompt": " "}, "Prompt must not be blank."),
        ({"style": "CUBIST"}, "Style must be"),
        ({"tags": ",".join("abcdefghijkl")}, "Tags must be at most 10."),
        ({"name": "n" * 101}, "Name must have at most 100 characters."),
    ):
        answer = await client.post("/mine/generations", data={"prompt": "A knight", "style": "FANTASY", **form})
        assert answer.status_code == 422
        assert said in assert_is_well_formed(answer).text
    assert await cm.Generation.all().count() == 0


async def test_a_key_that_was_used_for_something_else_is_refused(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    await client.post("/mine/generations", data={"prompt": "A knight", "style": "FANTASY", "key": "1"})
    answer = await client.post("/mine/generations", data={"prompt": "A witch", "style": "FANTASY", "key": "1"})
    assert answer.status_code == 409
    assert assert_is_well_formed(answer).one("input", name="key")["value"] != "1"


async def test_publishing_shows_and_hides_and_is_audited(client: httpx.AsyncClient) -> None:
    user = await sign_in(client)
    mine = await factories.character(user, name="Mine")
    assert (await get(client, "/")).cards == []
    page = await get(client, f"/characters/{mine.id}")
    action = f"/mine/characters/{mine.id}/publish"
    assert page.all("form", action=action, method="post")
    answer = await client.post(action)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/characters/{mine.id}")
    assert (await get(client, "/")).cards == [str(mine.id)]
    part = Page(await client.post(action.replace("publish", "unpublish"), headers=HTMX))
    assert "Private" in part.text
    assert (await get(client, "/")).cards == []
    entries = await cm.AuditEntry.all().filter(object_id=mine.id).order_by("id")
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("PUBLISH", str(user.id)),
        ("UNPUBLISH", str(user.id)),
    ]


async def test_nobody_publishes_what_is_somebody_elses(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    other = await factories.character(name="Secret")
    assert (await client.post(f"/mine/characters/{other.id}/publish")).status_code == 404
    assert (await client.get(f"/mine/characters/{other.id}", headers=HTMX)).status_code == 404
    await other.refresh_from_db()
    assert not other.is_public


async def test_pictures_are_well_formed_and_kept() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app()), base_url=HERE["Origin"]) as client:
        for style, number in itertools.product(cm.StyleType, range(20)):
            path = f"/pictures/{style.lower()}/00000000-0000-0000-0000-{number:012}.svg"
            answer = await client.get(path)
            assert ET.fromstring(answer.text).tag == "{http://www.w3.org/2000/svg}svg"
            named = set(re.findall(r'id="(\w+)"', answer.text))
            assert set(re.findall(r"url\(#(\w+)\)", answer.text)) <= named
            assert answer.headers["content-type"] == "image/svg+xml"
            assert "immutable" in answer.headers["cache-control"]
            assert (await client.get(path)).text == answer.text


async def test_a_fault_is_a_page_that_tells_nothing(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("examples.gallery_app.gallery.cloud", fail)
    page = await get(client, "/", 500)
    assert "What it was is in the log" in page.text
    assert "secret" not in page.text


async def test_a_database_that_is_away_is_a_page_and_passes(url: str, provider: Provider) -> None:
    provider.may_draw.set()
    async with Proxy(url) as proxy, opened(settings(proxy.url), provider) as client:
        user = await sign_in(client)
        async with proxy.away():
            answer = await client.get("/")
            assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
            assert "closed for a moment" in assert_is_well_formed(answer).text
        await client.post("/mine/generations", data={"prompt": "A knight", "style": "FANTASY"})
        made = await cm.Character.objects.owned_by(user.id).get()
        await told(client, f"/mine/characters/{made.id}", "COMPLETED")  # the worker has outlived it


def test_its_help_helps(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["--help"])
    said = capsys.readouterr().out
    assert "python -m examples.gallery_app" in said
    for option in ("--port", "--host", "--characters", "DATABASE_URL"):
        assert option in said


@pytest.mark.xdist_group("examples")  # as in test_demo
async def test_it_starts_and_ends_and_leaves_nothing(db: cm.Database, url: str) -> None:
    before = await databases(db)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "examples.gallery_app", "--port", "0", "--characters", "50",
        cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=servers.heed_interrupts,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            await process.stdout.readline()
            said = (await process.stdout.readline()).decode()
            [address] = re.findall(r"http://127\.0\.0\.1:\d+/", said)
            async with httpx.AsyncClient(base_url=address) as client:
                assert len((await get(client, "/")).cards) == 24
            process.send_signal(signal.SIGINT)
            said, wrong = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, said.decode().strip(), wrong.decode()) == (0, "The gallery is closed.", "")
    assert await left_over(db, before) == set()


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "examples.gallery_app", "--port", port],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Cannot listen on port {port}" in done.stderr
    assert "Traceback" not in done.stderr
