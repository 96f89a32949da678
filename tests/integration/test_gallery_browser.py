"""The gallery's web page in a browser: what scripts add, what is there without them, and who can use it."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import uvicorn

import charmodels as cm
from charmodels.testing import servers
from examples.gallery_app.app import create_app
from examples.gallery_app.visitors import DEMO_USERS
from tests import factories

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]

OpenPage = Callable[..., "sync_api.Page"]

PATIENCE = 60_000
"""Milliseconds that a busy machine may take."""

CHARACTERS = 60
PHONE = {"width": 360, "height": 740}
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"

CONTRAST = """() => {
    const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
    const ground = element => {
        for (; element; element = element.parentElement) {
            const [red, green, blue, alpha = 1] = parts(getComputedStyle(element).backgroundColor);
            if (alpha === 1) return [red, green, blue];
        }
        return [255, 255, 255];
    };
    const poor = [];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility() || element.closest("[aria-hidden=true], .unseen, noscript")) continue;
        const [one, other] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < 4.5) poor.push(`${element.outerHTML.slice(0, 120)} ${ratio.toFixed(2)}`);
    }
    return poor;
}"""

NAMELESS = """() => {
    const text = element => (element.getAttribute("aria-label") || element.textContent ||
        [...element.querySelectorAll("img")].map(picture => picture.alt).join("")).trim();
    const labelled = element => element.labels.length > 0 || element.hasAttribute("aria-label");
    return [
        ...[...document.querySelectorAll("a, button")].filter(element => !text(element)),
        ...[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(each => !labelled(each)),
        ...[...document.querySelectorAll("meter:not([aria-label]):not([aria-labelledby])")],
        ...[...document.querySelectorAll("img:not([alt])")],
        ...[...document.querySelectorAll("nav:not([aria-label]):not([aria-labelledby])")],
    ].map(element => element.outerHTML.slice(0, 120));
}"""

HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3, h4')].map(heading => Number(heading.tagName[1]))"


@dataclass
class Site:
    """The app under a real server, and a provider that draws when the test says so."""

    url: str
    may_draw: threading.Event = field(default_factory=threading.Event)

    async def draw(self, job: cm.Job) -> cm.Picture:
        while not self.may_draw.is_set():  # noqa: ASYNC110 - the event is another thread's
            await asyncio.sleep(0.05)
        return cm.Picture(image_url=f"/pictures/fantasy/{job.character_id}.svg")


async def fill(url: str) -> None:
    async with cm.connect(url):
        wren = await factories.user(email=DEMO_USERS[0], name="Wren", subscription_tier=cm.SubscriptionTier.PRO)
        for number in range(CHARACTERS - 1):
            await factories.character(name=f"Number {number}", tags=["hero"], is_public=True)
        await factories.character(wren, name=LONG, prompt=LONG * 2, tags=["ice queen", LONG[:50]], is_public=True)


@pytest.fixture(scope="module")
def site(charmodels_server_url: str, charmodels_template: str) -> Iterator[Site]:
    url = servers.run(servers.create(charmodels_server_url, template=charmodels_template))
    servers.run(fill(url))
    site = Site("")
    server = uvicorn.Server(uvicorn.Config(create_app(url, provider=site.draw), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.05)  # uvicorn has no event for it
    assert server.started
    site.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield site
    site.may_draw.set()
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive()
    servers.run(servers.drop(charmodels_server_url, url))


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


def is_complaint(message: sync_api.ConsoleMessage) -> bool:
    """Whether a message on the console is of something wrong; that a search was refused is not."""
    return message.type == "error" and "status of 422" not in message.text


@pytest.fixture
def open_page(browser: sync_api.Browser, site: Site) -> Iterator[OpenPage]:
    """Open pages; at the end nothing may have come from elsewhere, and the CSP may have had nothing to refuse."""
    complaints: list[str] = []
    contexts: list[sync_api.BrowserContext] = []

    def open_one(path: str = "/", *, signed_in: bool = False, **options: object) -> sync_api.Page:
        context = browser.new_context(base_url=site.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(site.url) else complaints.append(sent.url))
        if signed_in:
            page.goto("/sign-in")
            page.get_by_role("button", name="Wren").click()
            page.wait_for_url("**/mine")
        if not (signed_in and path == "/mine"):
            page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def ids(page: sync_api.Page) -> list[str]:
    return page.eval_on_selector_all(".card > a", "links => links.map(link => link.pathname)")


def ask(page: sync_api.Page, name: str) -> sync_api.Locator:
    """Send the form, and give the card of what comes of it."""
    page.get_by_label("Who is it").fill("A knight")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Draw it").click()
    card = page.locator("li.card", has_text=name)
    card.wait_for()
    return card


def test_scrolling_brings_more_until_the_end(open_page: OpenPage) -> None:
    page = open_page("/")
    assert len(ids(page)) == 24
    for _ in range(20):
        more = page.get_by_role("link", name="Next page")
        if not more.count():
            break
        before = len(ids(page))
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.locator(".card").nth(before).wait_for()
    assert (len(ids(page)), len(set(ids(page)))) == (CHARACTERS, CHARACTERS)
    assert urlsplit(page.url).path == "/"
    assert not urlsplit(page.url).query


def test_without_scripts_everything_is_there(open_page: OpenPage, site: Site) -> None:
    site.may_draw.clear()
    page = open_page("/", java_script_enabled=False)
    seen = {link.get_attribute("href") for link in page.locator(".card > a").all()}
    for expected in (48, CHARACTERS):
        page.get_by_role("link", name="Next page").click()
        seen |= {link.get_attribute("href") for link in page.locator(".card > a").all()}
        assert len(seen) == expected
    page.get_by_label("Search the characters").fill("style:cubist")
    page.get_by_role("button", name="Search").click()
    assert page.locator("#wrong mark").text_content() == "style:cubist"
    page.get_by_label("Search the characters").fill('tag:"ice queen"')
    page.get_by_role("button", name="Search").click()
    assert page.locator(".card").count() == 1

    page.get_by_role("link", name="My characters").click()
    page.get_by_role("button", name="Wren").click()
    card = ask(page, "Plain Jane")
    assert re.search("Waiting|Being drawn", card.inner_text())
    page.get_by_role("link", name="See how it stands").click()
    site.may_draw.set()
    for _ in range(PATIENCE // 200):
        if "Private" in card.inner_text():
            break
        page.wait_for_timeout(200)
        page.reload()
    page.get_by_role("button", name="Publish Plain Jane").click()
    assert "In the gallery" in page.locator("main").inner_text()


def test_the_status_updates_itself(open_page: OpenPage, site: Site) -> None:
    site.may_draw.clear()
    page = open_page("/mine", signed_in=True)
    card = ask(page, "Sir Wait")
    assert re.search("Waiting|Being drawn", card.inner_text())
    assert page.locator("#news").text_content() == ""
    address = page.url
    site.may_draw.set()
    card.get_by_text("Private").wait_for()
    assert page.locator("#news").inner_text() == "Sir Wait: done."
    assert page.locator("#news").get_attribute("role") == "status"
    assert card.locator("img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
    assert page.url == address

    card.get_by_role("button", name="Publish Sir Wait").click()
    card.get_by_text("In the gallery").wait_for()
    assert page.evaluate("document.activeElement.ariaLabel") == "Unpublish Sir Wait", "the focus stays"
    assert page.url == address


def test_nothing_is_wider_than_a_phone(open_page: OpenPage) -> None:
    page = open_page("/mine", signed_in=True, viewport=PHONE)
    found = page.locator(".card > a", has_text=LONG).get_attribute("href")
    for path in ("/", "/?q=knight&sort=relevance&tags_all=hero", f"/?q={LONG}", found, "/mine", "/sign-in"):
        page.goto(path)
        wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= room, path


def test_a_keyboard_is_enough(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert skip.evaluate("link => link === document.activeElement && link.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.type('tag:"ice queen"')
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    assert page.locator(".card").count() == 1
    page.locator(".card a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/characters/*")
    assert page.title().startswith(LONG)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_read_and_have_names_for_everything(open_page: OpenPage, scheme: str) -> None:
    page = open_page("/mine", signed_in=True, color_scheme=scheme)
    mine = page.locator(".card > a").first.get_attribute("href")
    for path in ("/", "/?q=knight&style=FANTASY&tags_all=hero", mine, "/mine", "/sign-in"):
        page.goto(path)
        assert page.evaluate(CONTRAST) == [], path
        assert page.evaluate(NAMELESS) == [], path
        levels = page.evaluate(HEADINGS)
        assert levels[0] == 1
        assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels)), (path, levels)
        for landmark in ("banner", "main", "contentinfo"):
            assert page.get_by_role(landmark).count() == 1
