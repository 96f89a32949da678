"""Adding, removing and setting tags: in order, each once, within limits, and nobody's lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

import charmodels as cm
from tests import factories
from tests.proxy import session, settings
from tests.quotas import statements, until_waiting


@pytest.fixture
async def pooled(url: str) -> AsyncIterator[cm.Database]:
    async with cm.connect(settings(url, db_pool_min=1, db_pool_max=10)) as database:
        yield database


async def stored(character: cm.Character) -> list[str]:
    return (await cm.Character.get(id=character.id)).tags


async def agrees(character: cm.Character) -> bool:
    """Whether the object is as its row is."""
    row = await cm.Character.get(id=character.id)
    return (character.tags, character.updated_at) == (row.tags, row.updated_at)


async def test_on_one(db: cm.Database) -> None:
    character = await factories.character(tags=["hero"])
    before = character.updated_at
    await character.add_tags("Knight ", "HERO", "ice \t queen", "knight")
    assert character.tags == ["hero", "knight", "ice queen"]
    assert character.updated_at > before
    assert await agrees(character)
    await character.remove_tags(" HERO", "nobody has this", "Ice Queen")
    assert character.tags == ["knight"]
    assert await agrees(character)
    await character.set_tags("z", "A", "z ", "m")
    assert character.tags == ["z", "a", "m"]
    assert await agrees(character)
    await character.set_tags()
    assert character.tags == []
    assert await agrees(character)


async def test_what_changes_nothing_writes_nothing(db: cm.Database) -> None:
    character = await factories.character(tags=["hero", "knight"])
    before = character.updated_at
    character.tags = ["what", "the", "object", "thinks"]
    await character.add_tags("KNIGHT", "hero")
    assert character.tags == ["hero", "knight"]
    await character.remove_tags("ghost")
    await character.set_tags("hero", "knight")
    assert character.updated_at == before
    assert await agrees(character)
    rows = cm.Character.objects.filter(id=character.id)
    assert [await rows.add_tags("hero"), await rows.remove_tags("ghost"), await rows.set_tags("hero", "knight")] == [
        0
    ] * 3
    assert await agrees(character)
    await character.set_tags("knight", "hero")  # another order is a change
    assert character.tags == ["knight", "hero"]


async def test_on_many(db: cm.Database) -> None:
    ada, eve = await factories.user(), await factories.user()
    rows = [await factories.character(ada, tags=tags) for tags in (["hero"], ["knight", "hero"], [])]
    other = await factories.character(eve)
    own = cm.Character.objects.owned_by(ada.id)
    assert await own.add_tags("knight", "ghost") == 3
    assert [await stored(row) for row in rows] == [
        ["hero", "knight", "ghost"],
        ["knight", "hero", "ghost"],
        ["knight", "ghost"],
    ]
    assert await own.remove_tags("hero") == 2
    assert await own.tagged(any_of=["ghost"]).set_tags("a", "b") == 3
    assert await own.newest().limit(1).set_tags("newest") == 1
    assert await stored(rows[-1]) == ["newest"]
    assert await own.oldest().limit(1).offset(1).add_tags("second") == 1
    assert await stored(rows[1]) == ["a", "b", "second"]
    assert await stored(other) == []
    assert await cm.Character.objects.none().add_tags("hero") == 0
    assert await cm.Character.objects.filter(id=factories.missing()).add_tags("hero") == 0


async def test_each_is_one_statement(db: cm.Database) -> None:
    character = await factories.character()
    for call in (character.add_tags, character.remove_tags, character.set_tags):
        with statements() as seen:
            await call("hero")
        assert len(seen) == 1
        assert seen[0].startswith("UPDATE")


async def test_on_the_gallery(db: cm.Database) -> None:
    """A queryset that is asked through the entries changes the characters, and with them the entries."""
    shown = [await factories.character(is_public=True, tags=["hero"], prompt="A knight") for _ in range(3)]
    hidden = await factories.character(tags=["hero"], prompt="A knight")
    query = cm.Character.objects.public().tagged(any_of=["hero"]).search("knights")
    assert await query.add_tags("found") == 3
    assert await query.tagged(all_of=["found"]).remove_tags("hero") == 3
    assert await query.count() == 0
    assert await cm.Character.objects.public().tagged(all_of=["found"], none_of=["hero"]).count() == 3
    assert [await stored(row) for row in (*shown, hidden)] == [["found"]] * 3 + [["hero"]]


async def test_templates_may_have_more(db: cm.Database) -> None:
    assert await factories.template(tags=[f"t{number}" for number in range(20)])


# Limits


async def test_too_many_are_refused_and_nothing_changes(db: cm.Database) -> None:
    owner = await factories.user()
    full = await factories.character(owner, tags=[f"t{number}" for number in range(10)])
    room = await factories.character(owner, tags=["t0"])
    rows = cm.Character.objects.owned_by(owner.id)
    state = [await stored(full), await stored(room), full.updated_at, room.updated_at]
    eleven = [f"n{number}" for number in range(11)]
    for call in (
        lambda: full.add_tags("one more"),
        lambda: room.add_tags(*eleven),
        lambda: room.set_tags(*eleven),
        lambda: rows.add_tags("one more"),
        lambda: rows.set_tags(*eleven),
        lambda: room.add_tags(*[f"n{number}" for number in range(101)]),
    ):
        with pytest.raises(cm.InvalidInput) as raised:
            await call()
        assert raised.value.field == "tags"
        assert raised.value.reason in ("must be at most 10", "must be at most 100")
    assert full.tags == state[0]
    assert [await stored(full), await stored(room)] == state[:2]
    assert [row.updated_at for row in await rows.oldest()] == state[2:]
    await full.add_tags("t3")  # which it has
    assert await rows.add_tags("t5") == 1
    await full.remove_tags("t9")
    await full.add_tags("one more")
    assert len(full.tags) == 10


NO_TAGS: list[Any] = ["", "  ", "x" * 51, "a\x00", None, 7, ["hero"], "\ud800", b"hero"]


async def test_what_is_no_tag(db: cm.Database) -> None:
    character = await factories.character(tags=["hero"])
    for tag in NO_TAGS:
        for target in (character, cm.Character.objects.all()):
            for verb in ("add_tags", "remove_tags", "set_tags"):
                with pytest.raises(cm.InvalidInput) as raised:
                    await getattr(target, verb)("knight", tag)
                assert raised.value.field == "tags"
    for target in (character, cm.Character.objects.all()):
        for verb in ("add_tags", "remove_tags"):
            with pytest.raises(cm.InvalidInput, match="needs at least one"):
                await getattr(target, verb)()
    assert await agrees(character)


async def test_a_refusal_inside_a_savepoint_leaves_the_transaction_usable(db: cm.Database) -> None:
    character = await factories.character(tags=[f"t{number}" for number in range(10)])
    async with cm.transaction():
        await character.remove_tags("t0")
        with pytest.raises(cm.InvalidInput):
            async with cm.transaction():
                await character.add_tags("a", "b")
        await character.add_tags("a")
    assert await stored(character) == [*(f"t{number}" for number in range(1, 10)), "a"]


# Many at once


async def test_10_concurrent_add_tags_all_survive(pooled: cm.Database) -> None:
    character = await factories.character()
    objects = [await cm.Character.get(id=character.id) for _ in range(10)]
    await asyncio.gather(*(each.add_tags(f"t{number}") for number, each in enumerate(objects)))
    assert sorted(await stored(character)) == [f"t{number}" for number in range(10)]


async def test_10_connections_that_all_waited_add_theirs(pooled: cm.Database, url: str) -> None:
    """None can have read the tags before the others wrote: all wait for the same lock."""
    character = await factories.character()
    rows = cm.Character.objects.filter(id=character.id)
    async with session(url) as other, session(url) as watcher:
        block = other.transaction()
        await block.start()
        await other.execute("UPDATE characters SET tags = '{first}' WHERE id = $1", character.id)
        adding = [asyncio.create_task(rows.add_tags(f"t{number}")) for number in range(9)]
        await until_waiting(watcher, 9)
        await block.commit()
        assert await asyncio.gather(*adding) == [1] * 9
    assert sorted(await stored(character)) == ["first", *(f"t{number}" for number in range(9))]


async def test_11_at_once_and_room_for_10(pooled: cm.Database) -> None:
    character = await factories.character()
    results = await asyncio.gather(
        *(cm.Character.objects.filter(id=character.id).add_tags(f"t{number}") for number in range(11)),
        return_exceptions=True,
    )
    assert sorted(map(str, results)) == ["1"] * 10 + ["tags must be at most 10."]
    assert len(await stored(character)) == 10


async def test_adding_and_removing_at_once(pooled: cm.Database) -> None:
    character = await factories.character(tags=[f"old{number}" for number in range(5)])
    objects = [await cm.Character.get(id=character.id) for _ in range(10)]
    calls = [each.remove_tags(f"old{number}") for number, each in enumerate(objects[:5])]
    calls += [each.add_tags(f"new{number}") for number, each in enumerate(objects[5:])]
    await asyncio.gather(*random.Random(1).sample(calls, 10))
    assert sorted(await stored(character)) == [f"new{number}" for number in range(5)]


async def test_a_row_that_is_deleted_meanwhile(pooled: cm.Database, url: str) -> None:
    character = await factories.character()
    async with session(url) as other, session(url) as watcher:
        block = other.transaction()
        await block.start()
        await other.execute("DELETE FROM characters WHERE id = $1", character.id)
        adding = asyncio.create_task(character.add_tags("hero"))
        many = asyncio.create_task(cm.Character.objects.all().add_tags("hero"))
        await until_waiting(watcher, 2)
        await block.commit()
        with pytest.raises(cm.NotFound):
            await adding
        assert await many == 0
    for verb in ("add_tags", "remove_tags", "set_tags"):
        with pytest.raises(cm.NotFound):
            await getattr(character, verb)("hero")
    with pytest.raises(cm.NotFound):
        await cm.Character(user_id=uuid4(), prompt="A knight").add_tags("hero")


# Objects that are only part of a row


async def test_partial_objects(db: cm.Database) -> None:
    made = await factories.character(tags=["hero"])
    for fields in (("id",), ("id", "name"), ("id", "user_id", "tags"), ("id", "updated_at")):
        part = await cm.Character.objects.only(*fields).get(id=made.id)
        await part.add_tags("knight")
        assert part.tags == ["hero", "knight"]
        assert await agrees(part)
        await part.remove_tags("knight")
        assert await agrees(part)


async def test_a_partial_object_without_its_key_says_so(db: cm.Database) -> None:
    await factories.character(tags=["hero"])
    part = await cm.Character.objects.only("name").first()
    assert part is not None
    for verb, arguments in (("add_tags", ("a",)), ("set_tags", ()), ("publish", ()), ("unpublish", ())):
        with pytest.raises(cm.InvalidInput, match="id"):
            await getattr(part, verb)(*arguments)


# Aliases


async def test_aliases_resolve_wherever_tags_are_named(db: cm.Database) -> None:
    await cm.TagAlias.create(alias="heros", tag="hero")
    await cm.TagAlias.create(alias="cavalier", tag="knight")
    character = await factories.character(is_public=True, tags=["Heros", "hero", "ghost"])
    assert character.tags == ["hero", "ghost"]
    await character.add_tags("HEROS", "cavalier", "knight")
    assert character.tags == ["hero", "ghost", "knight"]
    assert await agrees(character)
    for query in (cm.Character.objects.public(), cm.Character.objects.all(), cm.Character.objects.visible_to(uuid4())):
        assert len(await query.tagged(all_of=["heros", "cavalier"]).page()) == 1
        assert len(await query.tagged(any_of=["heros"]).page()) == 1
        assert len(await query.tagged(none_of=["heros"]).page()) == 0
        assert len(await query.search("heros", "substring").page()) == 1
        assert await query.tagged(any_of=["Cavalier"]).count() == 1
        assert (await query.tagged(any_of=["Cavalier"]).page(with_total=True)).total == 1
    await character.remove_tags("heros")
    assert character.tags == ["ghost", "knight"]
    await character.set_tags("heros", "hero", "cavalier")
    assert character.tags == ["hero", "knight"]
    assert await cm.Character.objects.all().add_tags("heros") == 0
    assert await cm.Character.objects.all().remove_tags("heros") == 1


async def test_an_alias_counts_as_its_tag(db: cm.Database) -> None:
    await cm.TagAlias.create(alias="heros", tag="hero")
    character = await factories.character(tags=["hero", *(f"t{number}" for number in range(9))])
    await character.add_tags("heros")
    await character.set_tags("heros", *character.tags)
    assert len(character.tags) == 10


async def test_templates_resolve_aliases(db: cm.Database) -> None:
    await cm.TagAlias.create(alias="heros", tag="hero")
    template = await factories.template(tags=["heros", "knight", "hero"])
    assert template.tags == ["hero", "knight"]
