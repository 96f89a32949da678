"""Text that means harm, or nothing: every verb answers, or says by name what is wrong with it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

import charmodels as cm
from charmodels.querysets.search import MARKS, SEPARATOR
from tests import factories
from tests.quotas import statements

TEXTS = {
    "NUL": "kni\x00ght",
    "half a surrogate pair": "kni\ud83dght",
    "two halves the wrong way round": "\udc00\ud800",
    "wild cards": "%_%",
    "one wild card": "_",
    "backslashes": "\\ \\\\ \\' \\",
    "tsquery": "a & ! | <-> :* ' \" ( ) <2> :A",
    "only operators": "& | ! <-> :*",
    "quotes that do not end": '"ice queen \'and "her',
    "minus and nothing": '- -- -"" or or',
    "ors": "or or or or",
    "SQL": "'; DROP TABLE characters; --",
    "SQL in a function": "' || (SELECT cursor_key FROM gallery_settings) || '",
    "parameters": "$1 $2 %s {} %(name)s :name ?",
    "right to left": "\u202eknight\u202c \u05d0\u05d1\u05d2 \u0627\u0644\u0641\u0627\u0631\u0633",
    "combining": "e\u0301\u0302\u0303\u0304" * 20,
    "emoji": "\N{DRAGON}\N{ZERO WIDTH JOINER}\N{CROSSED SWORDS}\ufe0f \N{GRINNING FACE}",
    "invisible": "\u200b\u200d\ufeff\u2060",
    "stop words": "the and of a to is",
    "blank": " \t\n\u00a0\u3000\x1f",
    "empty": "",
    "control characters": "a\x01b\x07c\x1fd\x7fe\x85f",
    "the marks of snippets": "\x02knight\x03",
    "HTML": "<script>alert('knight')</script> &amp; <b>",
    "many words": "knight " * 140,
    "many different words": " ".join(f"w{number}" for number in range(200)),
    "many minuses": "-knight " * 120,
    "one long word": "x" * 1000,
    "one long word of wide letters": "\N{CJK UNIFIED IDEOGRAPH-9F8D}" * 1000,
    "one long word of emoji": "\N{DRAGON}" * 1000,
    "100,000 characters": "knight " * 14_286,
    "100,000 emoji": "\N{DRAGON}" * 100_000,
    "a URL": "https://example.com/a?b=c&d=%00#e",
    "an address": "ada@example.com or /etc/passwd",
    "numbers": "1e400 -0x1F 3.14 1,000 ٣",
    "deep brackets": "(" * 500 + ")" * 500,
    "a phrase far apart": " ".join(['"a b c d e f g h"'] * 40),
}
MODES = ["web", "prefix", "substring"]
WRONG = [None, 7, 1.5, True, b"knight", ["knight"], {"a": 1}, object(), ("knight",), float("nan")]


async def answers(call: Callable[[], Awaitable[Any]]) -> Any:
    """What a call gives, or the error of ours that it raised; any other comes out."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return await call()
        except cm.CharmodelsError as error:
            return error


@pytest.fixture
async def knight(db: cm.Database) -> cm.Character:
    return await factories.character(is_public=True, name="Osric", tags=["hero"], prompt="A knight on a horse")


async def test_searching(knight: cm.Character) -> None:
    for what, text in TEXTS.items():
        for mode in MODES:
            for base in (cm.Character.objects.public(), cm.Character.objects.all()):
                for sort in ("newest", "relevance"):

                    async def ask(base: Any = base, text: str = text, mode: Any = mode, sort: Any = sort) -> Any:
                        query = base.search(text, mode).tagged(none_of=["gore"])
                        return await query.page(sort=sort, with_total=True)

                    found = await answers(ask)
                    assert isinstance(found, cm.Page | cm.InvalidInput), (what, mode, found)
                    refused = len(text) > 1000 or "\x00" in text or "\ud83d" in text
                    assert not refused or isinstance(found, cm.InvalidInput), (what, mode)
                    if isinstance(found, cm.InvalidInput):
                        assert str(found).endswith(".")
                        assert len(str(found)) < 100
    assert await cm.Character.objects.count() == 1


async def test_what_stands_for_itself(db: cm.Database) -> None:
    """In mode substring nothing is a wild card; a text is found as it was typed."""
    owner = await factories.user()
    kept = {}
    for what, text in TEXTS.items():
        if (
            text.strip()
            and not set(text) & {"\x00", SEPARATOR}
            and len(text) <= 900
            and not re.search("[\ud800-\udfff]", text)
        ):
            kept[what] = await factories.character(owner, name=None, prompt=f"({text})", is_public=True)
    for what, character in kept.items():
        for query in (cm.Character.objects.public(), cm.Character.objects.owned_by(owner.id)):
            found = await query.search(TEXTS[what].upper() if TEXTS[what].isascii() else TEXTS[what], "substring")
            expected = {each for each, row in kept.items() if TEXTS[what].lower() in row.prompt.lower()}
            assert {each for each, row in kept.items() if row in found} == expected, what
            assert character in found


async def test_tags(knight: cm.Character) -> None:
    before = (await cm.Character.get(id=knight.id)).updated_at
    for what, text in TEXTS.items():
        for ask in (
            lambda text=text: cm.Character.objects.public().tagged(any_of=[text], none_of=["a"]).page(),
            lambda text=text: cm.Character.objects.tagged(all_of=[text]).count(),
            lambda text=text: cm.Character.objects.filter(id=factories.missing()).add_tags(text),
            lambda text=text: cm.Character.objects.filter(id=factories.missing()).set_tags(text),
        ):

            async def call(ask: Any = ask) -> Any:
                return await ask()

            found = await answers(call)
            assert isinstance(found, cm.Page | int | cm.InvalidInput), (what, found)
            assert not text or len(text) <= 50 or isinstance(found, cm.InvalidInput) or "knight" in text, what
    assert (await cm.Character.get(id=knight.id)).updated_at == before


async def test_tags_that_are_stored_are_found(db: cm.Database) -> None:
    for what, text in TEXTS.items():
        try:
            [tag] = cm.normalize_tags([text])
        except cm.InvalidInput:
            continue
        character = await factories.character(is_public=True)
        await character.add_tags(text)
        assert character.tags == [tag], what
        for query in (cm.Character.objects.public(), cm.Character.objects.all()):
            assert await query.tagged(all_of=[text]).get() == character, what
            assert character not in await query.tagged(none_of=[text])
        await character.remove_tags(text)
        assert character.tags == []
        await character.delete()


async def test_cursors(knight: cm.Character) -> None:
    await factories.character(is_public=True)
    cursor = (await cm.Character.objects.public().page(1)).next_cursor
    assert cursor is not None
    for what, text in {**TEXTS, "nearly": cursor[:-1], "twice": cursor + cursor}.items():
        for query in (cm.Character.objects.public(), cm.Character.objects.public().search("knight")):
            for sort in ("newest", "relevance") if "search" in repr(query) else ("newest",):
                found = await answers(lambda query=query, text=text, sort=sort: query.page(1, text, sort))
                assert isinstance(found, cm.InvalidCursor), what
    for value in WRONG[1:]:
        with pytest.raises(cm.InvalidCursor):
            await cm.Character.objects.public().page(after=value)


async def test_a_cursor_fits_its_own_query_alone(db: cm.Database) -> None:
    owner = await factories.user()
    for _ in range(3):
        await factories.character(owner, is_public=True, tags=["hero", "knight"], prompt="A knight")
    public, own = cm.Character.objects.public(), cm.Character.objects.owned_by(owner.id)
    queries: dict[str, tuple[Any, Any]] = {
        "public": (public, "newest"),
        "oldest": (public, "oldest"),
        "own": (own, "newest"),
        "somebody else's": (cm.Character.objects.owned_by(uuid4()), "newest"),
        "visible": (cm.Character.objects.visible_to(owner.id), "newest"),
        "visible to another": (cm.Character.objects.visible_to(uuid4()), "newest"),
        "tagged": (public.tagged(any_of=["hero"]), "newest"),
        "tagged otherwise": (public.tagged(any_of=["knight"]), "newest"),
        "all of": (public.tagged(all_of=["hero"]), "newest"),
        "none of": (public.tagged(none_of=["gore"]), "newest"),
        "search": (public.search("knight"), "newest"),
        "search by relevance": (public.search("knight"), "relevance"),
        "search otherwise": (public.search("a knight"), "newest"),
        "prefix": (public.search("knight", "prefix"), "newest"),
        "substring": (public.search("knight", "substring"), "newest"),
        "styled": (public.styled("FANTASY"), "newest"),
        "styles": (public.styled("FANTASY", "ANIME"), "newest"),
        "excluded": (public.exclude(style_type="ANIME"), "newest"),
        "named": (public.filter(name__not="x"), "newest"),
    }
    cursors = {name: (await query.page(1, sort=sort)).next_cursor for name, (query, sort) in queries.items()}
    for name, (query, sort) in queries.items():
        for other, cursor in cursors.items():
            if cursor is None:
                assert other == "somebody else's"
            elif name == other:
                assert len(await query.page(1, cursor, sort)) == 1
                assert len(await query.select_related("user").only("id", "user__name").page(2, cursor, sort)) == 2
            else:
                with pytest.raises(cm.InvalidCursor):
                    await query.page(1, cursor, sort)


async def test_what_is_of_the_wrong_type(knight: cm.Character) -> None:
    public = cm.Character.objects.public()
    for value in WRONG:
        for refused in (
            lambda value=value: public.search(value),
            lambda value=value: public.search("knight", value),
            lambda value=value: public.tagged(any_of=[value]),
            lambda value=value: public.created_between(value, 7),
            lambda value=value: public.styled(value),
            lambda value=value: public.visible_to(value),
            lambda value=value: public.editable_by(value),
        ):
            if value == b"knight":
                continue
            with pytest.raises(cm.InvalidInput):
                refused()
        for call in (
            lambda value=value: public.page(value),
            lambda value=value: public.page(sort=value),
            lambda value=value: knight.add_tags(value),
            lambda value=value: knight.set_tags(value),
            lambda value=value: public.remove_tags(value),
            lambda value=value: public.count_up_to([value]),
        ):
            found = await answers(call)
            assert isinstance(found, cm.InvalidInput | cm.Page | int), value
        for tags in (value, [[value]]):
            if isinstance(tags, dict | tuple) or tags == ["knight"]:
                continue
            with pytest.raises(cm.InvalidInput):
                public.tagged(all_of=tags)
    for size in (0, -1, 101, 10**30, "20", 1.0, True, None):
        with pytest.raises(cm.InvalidInput, match="size must be a whole number from 1 to 100"):
            await public.page(size)  # type: ignore[arg-type]
    for sort in ("best", "", None, 7, "NEWEST", "created_at"):
        with pytest.raises(cm.InvalidInput, match="sort must be one of newest, oldest, relevance"):
            await public.page(sort=sort)  # type: ignore[arg-type]
    for most in (-1, "7", 1.5, True, 2**70):
        with pytest.raises(cm.InvalidInput, match="most"):
            await public.count_up_to(most)  # type: ignore[arg-type]
    for batch in (0, "7", 1.5):
        with pytest.raises(cm.InvalidInput, match="batch"):
            [row async for row in public.stream(batch=batch)]  # type: ignore[arg-type]
    for user_id in ("nobody", 7, b"x"):
        for query in (cm.Character.objects.owned_by(user_id), public.owned_by(user_id).search("x")):  # type: ignore[arg-type]
            with pytest.raises(cm.InvalidInput):
                await query.page()


async def test_what_a_page_cannot_keep_is_refused(knight: cm.Character) -> None:
    public = cm.Character.objects.public()
    for query in (public.limit(5), public.offset(5), public[1:3], public.order_by("name"), public.distinct()):
        for asked in (query, query.search("knight")):
            with pytest.raises(cm.InvalidInput):
                await asked.page()
            with pytest.raises(cm.InvalidInput):
                [row async for row in asked.stream()]
    assert len(await public.oldest().page(sort="newest")) == 1
    for query in (public, public.search("knight", "substring"), public.search(" ")):
        with pytest.raises(cm.InvalidInput, match="sort by relevance needs a text"):
            await query.page(sort="relevance")
        with statements() as seen, pytest.raises(cm.InvalidInput, match="snippets need a text"):
            await query.page(snippets=True)
        assert seen == []
    with pytest.raises(cm.InvalidInput, match="newest or oldest"):
        [row async for row in public.search("knight").stream("relevance")]


async def test_nothing_but_punctuation_finds_nothing_in_every_sort(knight: cm.Character) -> None:
    for query in (cm.Character.objects.public(), cm.Character.objects.all(), cm.Character.objects.visible_to(uuid4())):
        for sort in ("newest", "oldest", "relevance"):
            page = await query.search("!? ...", "prefix").page(sort=sort, with_total=True, snippets=True)  # type: ignore[arg-type]
            assert (len(page), page.total, page.snippets) == (0, 0, {})
        assert await query.search("the", "web").count() == 0


async def test_nothing_is_found_across_name_and_prompt(knight: cm.Character) -> None:
    for query in (cm.Character.objects.public(), cm.Character.objects.all()):
        for text in ("OsricA", "Osric A", "c A", "ricA kn"):
            assert await query.search(text, "substring").count() == 0
        for text in ("Osric\x1fA", "\x1fA", "Osric\x1f", "\x1f|\x1f"):
            with pytest.raises(cm.InvalidInput, match="separator of units"):
                query.search(text, "substring")


# Snippets

TAG = re.compile(r"</?mark>")


def assert_safe(snippet: cm.Snippet) -> None:
    """Nothing in it is markup but marks, which open and close in turn."""
    assert re.fullmatch(r"[^<>\"']*", TAG.sub("", snippet))
    assert re.search(r"&(?!(amp|lt|gt|quot|#x27);)", snippet) is None
    marks = TAG.findall(snippet)
    assert marks == ["<mark>", "</mark>"] * (len(marks) // 2)
    assert not set(snippet) & set(MARKS)


PROMPTS = [
    "<script>alert('knight')</script> a knight & a <b>horse</b>",
    "knight <img src=x onerror=alert(1)> knight",
    "\x02knight\x03 knight \x03knight\x02 \x02\x02",
    "<mark>knight</mark> &lt;knight&gt; &amp;knight; &#x27;knight&#39;",
    "knight\"onmouseover=\"alert(1) 'knight' `knight`",
    "</mark></script><svg/onload=knight> knight",
    "StartSel=<b> knight StopSel=</b> … knight",
    "\u202eknight\u202c \N{DRAGON} knight \u2028 knight",
    "javascript:knight http://knight.example/<knight>?a=knight&b='",
    "knight " * 280,
    "<" * 900 + " knight " + ">" * 900,
    "]]> <!-- knight --> <![CDATA[ knight",
]


async def test_snippets_are_safe(db: cm.Database) -> None:
    owner = await factories.user()
    rows = [await factories.character(owner, prompt=prompt, is_public=True, tags=["<b>"]) for prompt in PROMPTS]
    for text, mode in (("knight", "web"), ("kni", "prefix"), ('"a knight" or knight', "web"), ("knights -gore", "web")):
        for query in (cm.Character.objects.public(), cm.Character.objects.owned_by(owner.id)):
            for sort in ("newest", "relevance"):
                page = await query.search(text, mode).page(sort=sort, snippets=True)  # type: ignore[arg-type]
                assert {row.id for row in page} == {row.id for row in rows}
                assert page.snippets.keys() == {row.id for row in page}
                for snippet in page.snippets.values():
                    assert_safe(snippet)
                    assert "<mark>" in snippet


async def test_snippets_of_what_was_found_elsewhere(db: cm.Database) -> None:
    """The name or a tag may be what was found: then there is nothing to mark in the prompt."""
    character = await factories.character(name="<b>Knight</b>", prompt="A horse & a cart", is_public=True)
    page = await cm.Character.objects.public().search("knight").page(snippets=True)
    assert page.snippets == {character.id: "A horse &amp; a cart"}
    assert isinstance(page.snippets[character.id], cm.Snippet)


async def test_snippets_whatever_is_searched(db: cm.Database) -> None:
    await factories.character(prompt=" ".join(TEXTS["HTML"].split()) + " knight a b c", is_public=True)
    for text in TEXTS.values():
        for mode in ("web", "prefix"):

            async def ask(text: str = text, mode: Any = mode) -> Any:
                return await cm.Character.objects.public().search(f"{text} or knight", mode).page(snippets=True)

            found = await answers(ask)
            assert isinstance(found, cm.Page | cm.InvalidInput)
            if isinstance(found, cm.Page):
                for snippet in found.snippets.values():
                    assert_safe(snippet)
