"""The tag verbs and pages on an app's own models, which inherit a queryset class and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

import charmodels as cm
from tests import factories
from tests.apps.board.models import APPS, SCHEMA, Event, Note, NoteQuerySet, Offer
from tests.galleries import DAWN, MINUTE, walked
from tests.proxy import session, settings
from tests.quotas import statements


@pytest.fixture
async def board(url: str) -> AsyncIterator[cm.Database]:
    async with session(url) as connection:
        await connection.execute(SCHEMA)
    async with cm.connect(settings(url, db_pool_max=6), apps=APPS) as database:
        yield database


async def notes(number: int, **values: Any) -> list[Note]:
    return [
        await Note.create(**{"posted_at": DAWN + (each // 3) * MINUTE, "labels": [f"l{each % 4}"], **values})
        for each in range(number)
    ]


async def test_pages_with_other_names_and_an_integer_key(board: cm.Database) -> None:
    made = await notes(25)
    expected = [note.number for note in sorted(made, key=lambda note: (note.posted_at, note.number), reverse=True)]
    for sort, keys in (("newest", expected), ("oldest", expected[::-1])):
        found = await walked(Note.objects, sort, lambda: 7)
        assert [note.number for note in found] == keys
        assert all(isinstance(note, Note) for note in found)
    assert [note.number for note in await Note.objects.newest()] == expected
    assert [note.number async for note in Note.objects.stream(batch=4)] == expected
    assert [len(page) async for page in Note.objects.pages(size=10)] == [10, 10, 5]
    page = await Note.objects.tagged(any_of=["L1", "l2"], none_of=["l3"]).page(5, with_total=True)
    assert page.total == len([note for note in made if note.labels[0] in ("l1", "l2")])
    with pytest.raises(cm.InvalidInput, match="sort must be one of newest, oldest"):
        await Note.objects.page(sort="relevance")
    with pytest.raises(cm.InvalidInput, match="snippets"):
        await Note.objects.page(snippets=True)


async def test_chains_keep_their_class(board: cm.Database) -> None:
    await notes(3, length=120)
    query = Note.objects.tagged(all_of=["l1"]).newest().long().filter(length=120).oldest()
    assert type(query) is NoteQuerySet
    assert [note.labels for note in await query] == [["l1"]]
    assert [note.labels for note in await query.page()] == [["l1"]]


async def test_a_page_with_only_some_fields_and_an_owner(board: cm.Database) -> None:
    ada = await factories.user(name="Ada")
    await notes(5, author=ada)
    query = Note.objects.only("length")
    assert [note.length for note in await walked(query, "newest", lambda: 2)] == [0] * 5
    with statements() as seen:
        page = await Note.objects.select_related("author").page(2)
    assert [note.author.name for note in page if note.author] == ["Ada", "Ada"]
    assert len([text for text in seen if "gallery_settings" not in text]) == 1
    page = await Note.objects.prefetch_related("author").page(2, page.next_cursor)
    assert [note.author.name for note in page if note.author] == ["Ada", "Ada"]
    assert len(await Note.objects.filter(author__name="Ada").page()) == 5


async def test_the_tag_verbs(board: cm.Database) -> None:
    [note, other] = await notes(2, labels=["hero"])
    one = Note.objects.filter(number=note.number)
    assert await one.add_tags("Knight ", "HERO") == 1
    assert await one.add_tags("knight") == 0
    note = await Note.get(number=note.number)
    assert note.labels == ["hero", "knight"]
    with pytest.raises(cm.InvalidInput) as raised:
        await Note.objects.all().add_tags("a", "b")
    assert (raised.value.field, raised.value.reason) == ("labels", "must be at most 3")
    with pytest.raises(cm.InvalidInput, match="labels must be at most 3"):
        await one.set_tags("a", "b", "c", "d")
    assert await Note.objects.all().remove_tags("hero") == 2
    assert await Note.objects.newest().limit(1).set_tags("x", "y", "z") == 1
    assert (await Note.get(number=other.number)).labels == ["x", "y", "z"]


async def test_aliases_of_the_gallery_are_not_theirs(board: cm.Database) -> None:
    await cm.TagAlias.create(alias="heros", tag="hero")
    await notes(1, labels=["heros"])
    assert await Note.objects.tagged(all_of=["heros"]).count() == 1
    assert await Note.objects.all().add_tags("hero") == 1
    assert await Note.objects.tagged(all_of=["hero", "heros"]).count() == 1


async def test_tags_added_at_once_all_survive(board: cm.Database) -> None:
    [note] = await notes(1, labels=[])
    await asyncio.gather(*(Note.objects.filter(number=note.number).add_tags(f"t{each}") for each in range(3)))
    note = await Note.get(number=note.number)
    assert sorted(note.labels) == ["t0", "t1", "t2"]


async def test_a_date_and_a_text_for_a_key(board: cm.Database) -> None:
    slugs = [
        "a",
        "",
        "\N{DRAGON}" * 255,
        "\N{LATIN SMALL LETTER E WITH ACUTE}" * 255,
        "x" * 255,
        "a'b\"c\\",
        "%",
        "Z",
        "z",
    ]
    made = [(date(2026, 2, 27) + timedelta(days=number % 3), slug) for number, slug in enumerate(slugs)]
    await Event.objects.bulk_create([Event(slug=slug, day=day) for day, slug in made])
    async with board.acquire() as connection:
        rows = await connection.fetch("SELECT slug FROM board_events ORDER BY day DESC, slug DESC")
    expected = [row["slug"] for row in rows]
    for size in (1, 2, 4):
        assert [event.slug for event in await walked(Event.objects, "newest", lambda size=size: size)] == expected
        assert [event.slug for event in await walked(Event.objects, "oldest", lambda size=size: size)] == expected[::-1]


async def test_a_number_to_sort_by(board: cm.Database) -> None:
    prices = [Decimal(each) for each in ("0", "-1.5", "999999999.999", "0.001", "7", "7", "7.000", "7.0")]
    for price in prices:
        await Offer.create(price=price)
    found = await walked(Offer.objects, "newest", lambda: 1)
    assert [offer.price for offer in found] == sorted(prices, reverse=True)
    assert len({offer.id for offer in found}) == len(prices)


async def test_cursors_of_one_model_do_not_fit_another(board: cm.Database) -> None:
    await notes(2)
    for price in (1, 2):
        await Offer.create(price=Decimal(price))
    cursor = (await Note.objects.page(1)).next_cursor
    for query in (Offer.objects, Event.objects, cm.Character.objects, Note.objects.long()):
        with pytest.raises(cm.InvalidCursor):
            await query.page(1, cursor)  # type: ignore[attr-defined]
