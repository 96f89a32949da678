"""Aliases of tags, and tags that are renamed and merged on every row, while others write."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

import charmodels as cm
from tests import factories
from tests.gallery_counts import agrees, publish, until, value
from tests.proxy import settings

characters = cm.Character.objects
aliases = cm.TagAlias.objects


async def known() -> dict[str, str]:
    return {row.alias: row.tag for row in await cm.TagAlias.all()}


async def tags_of(row: cm.Character | cm.CharacterTemplate | cm.Generation) -> list[str]:
    await row.refresh_from_db()
    return row.tags


# Aliases


async def test_an_alias_is_stored_and_asked_for_as_its_tag(db: cm.Database) -> None:
    row = await aliases.add(" Heros ", "HERO")
    assert (row.alias, row.tag) == ("heros", "hero")
    made = await factories.character(tags=["Heros", "knight", "hero"], is_public=True)
    assert await tags_of(made) == ["hero", "knight"]
    await made.add_tags("heros", "witch")
    assert made.tags == ["hero", "knight", "witch"]
    assert [each.id for each in await characters.public().tagged(all_of=["heros"])] == [made.id]
    await made.remove_tags("heros")
    assert made.tags == ["knight", "witch"]


async def test_rows_that_have_the_alias_get_the_tag(db: cm.Database) -> None:
    private = await factories.character(tags=["a", "heros", "b"])
    public = await factories.character(tags=["heros", "hero", "c"], is_public=True)
    template = await factories.template(tags=["heros"])
    generation = await factories.generation(tags=["x", "heros"])
    untouched = await factories.character(tags=["heroic"])
    before = untouched.updated_at
    seen: list[int] = []
    await aliases.add("heros", "hero", progress=seen.append)
    assert await tags_of(private) == ["a", "hero", "b"]
    assert await tags_of(public) == ["hero", "c"]
    assert await tags_of(template) == ["hero"]
    assert await tags_of(generation) == ["x", "hero"]
    assert await tags_of(untouched) == ["heroic"]
    assert untouched.updated_at == before
    assert seen == [2, 3, 4]
    assert await characters.popular_tags() == [cm.TagCount("c", 1), cm.TagCount("hero", 1)]
    assert await agrees()


async def test_there_are_no_chains(db: cm.Database) -> None:
    await aliases.add("a", "b")
    await aliases.add("c", "a")  # an alias of an alias
    assert await known() == {"a": "b", "c": "b"}
    row = await factories.character(tags=["b"])
    await aliases.add("b", "d")  # a tag with aliases becomes one
    assert await known() == {"a": "d", "b": "d", "c": "d"}
    assert await tags_of(row) == ["d"]
    assert await tags_of(await factories.character(tags=["a", "b", "c", "d"])) == ["d"]


async def test_adding_again_changes_nothing_and_another_tag_repoints(db: cm.Database) -> None:
    first = await aliases.add("heros", "hero")
    again = await aliases.add("heros", "hero")
    assert (again.alias, again.tag, again.created_at) == (first.alias, first.tag, first.created_at)
    await aliases.add("heros", "champion")
    assert await known() == {"heros": "champion"}


async def test_an_alias_does_not_stand_for_itself(db: cm.Database) -> None:
    await aliases.add("a", "b")
    await aliases.add("c", "b")
    for alias, tag in [("hero", "Hero "), ("b", "a"), ("b", "c")]:
        with pytest.raises(cm.InvalidInput, match="alias would stand for itself"):
            await aliases.add(alias, tag)
    assert await known() == {"a": "b", "c": "b"}


@pytest.mark.parametrize("text", ["", "  ", "x" * 51, "a\x00", "\ud800", None, 7])
async def test_what_is_no_tag_is_no_alias(db: cm.Database, text: Any) -> None:
    for call, field in [
        (aliases.add(text, "hero"), "alias"),
        (aliases.add("heros", text), "tag"),
        (aliases.remove(text), "alias"),
        (characters.rename_tag(text, "hero"), "old"),
        (characters.rename_tag("hero", text), "new"),
        (characters.merge_tags(["hero"], text), "into"),
    ]:
        with pytest.raises(cm.InvalidInput) as caught:
            await call
        assert caught.value.field == field


async def test_an_alias_that_is_removed_is_a_tag_again(db: cm.Database) -> None:
    await aliases.add("heros", "hero")
    row = await factories.character(tags=["heros"])
    assert await aliases.remove(" HEROS")
    assert not await aliases.remove("heros")
    assert await tags_of(row) == ["hero"]
    assert await tags_of(await factories.character(tags=["heros"])) == ["heros"]


async def test_what_is_created_by_tortoise_is_normalised(db: cm.Database) -> None:
    row = await cm.TagAlias.create(alias=" HEROS", tag="Hero")
    assert (row.alias, row.tag) == ("heros", "hero")
    with pytest.raises(cm.InvalidInput, match="alias must be another word than its tag"):
        await cm.TagAlias.create(alias="Same", tag="same ")


async def test_many_who_add_aliases_at_once_make_no_chain(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=8)):
        rng = random.Random(5)
        words = [f"word{number}" for number in range(8)]

        async def add(alias: str, tag: str) -> None:
            with suppress(cm.InvalidInput):
                await aliases.add(alias, tag)

        await asyncio.gather(*(add(*rng.sample(words, 2)) for _ in range(40)))
        found = await known()
        assert found
        assert not set(found) & set(found.values())


async def test_a_row_that_was_under_way_gets_the_tag_as_well(url: str, db: cm.Database) -> None:
    """Whoever began before the alias was there does not know it, and nobody sees the row before it is committed."""
    owner = await factories.user()
    connection = await asyncpg.connect(**settings(url).connect_arguments())
    try:
        await connection.execute("BEGIN")
        await connection.execute(
            "INSERT INTO characters (user_id, prompt, tags) VALUES ($1, 'A knight', '{heros}')", owner.id
        )
        adding = asyncio.create_task(aliases.add("heros", "hero"))
        await until(known)
        assert await tags_of(await factories.character(owner, tags=["heros"])) == ["hero"]  # nobody else waits
        assert not adding.done()
        await connection.execute("COMMIT")
        await adding
    finally:
        await connection.close()
    assert await value(db, "SELECT count(*) FROM characters WHERE tags = '{hero}'") == 2


async def test_a_transaction_that_does_not_end_is_not_waited_for_in_vain(url: str) -> None:
    async with cm.connect(settings(url, db_command_timeout=1.0)):
        owner = await factories.user()
        connection = await asyncpg.connect(**settings(url).connect_arguments())
        try:
            await connection.execute("BEGIN")
            await connection.execute(
                "INSERT INTO characters (user_id, prompt, tags) VALUES ($1, 'A knight', '{heros}')", owner.id
            )
            with pytest.raises(cm.StatementTimeout):
                await aliases.add("heros", "hero")
            await connection.execute("COMMIT")
        finally:
            await connection.close()
        assert await known() == {"heros": "hero"}
        await aliases.add("heros", "hero")
        assert (await characters.get()).tags == ["hero"]


async def test_inside_a_transaction_it_is_part_of_that(db: cm.Database) -> None:
    row = await factories.character(tags=["heros", "old"])
    with pytest.raises(ConnectionError):
        async with cm.transaction():
            await aliases.add("heros", "hero")
            await characters.rename_tag("old", "new")
            assert await tags_of(row) == ["hero", "new"]
            raise ConnectionError
    assert await tags_of(row) == ["heros", "old"]
    assert await known() == {}


# Renaming and merging


async def test_a_tag_is_renamed_on_every_row(db: cm.Database) -> None:
    owner = await factories.user()
    private = await factories.character(owner, tags=["a", "old", "b"])
    both = await factories.character(owner, tags=["old", "x", "new"], is_public=True)
    other = await factories.character(owner, tags=["older"], is_public=True)
    template = await factories.template(tags=["new", "old"])
    generation = await factories.generation(owner, tags=["old"])
    assert await characters.rename_tag(" OLD ", "New") == 4
    assert await tags_of(private) == ["a", "new", "b"]
    assert await tags_of(both) == ["new", "x"]
    assert await tags_of(other) == ["older"]
    assert await tags_of(template) == ["new"]
    assert await tags_of(generation) == ["new"]
    assert [each.id for each in await characters.public().tagged(all_of=["new"])] == [both.id]
    assert await known() == {}
    assert await characters.rename_tag("old", "new") == 0
    assert await agrees()


async def test_a_renamed_tag_may_stay_as_an_alias(db: cm.Database) -> None:
    await aliases.add("oldest", "old")
    assert await characters.rename_tag("old", "new", keep_alias=True) == 0
    assert await known() == {"old": "new", "oldest": "new"}
    await aliases.add("other", "thing")
    row = await factories.character(tags=["thing"])
    assert await characters.rename_tag("thing", "object") == 1  # without: its aliases go along all the same
    assert await known() == {"old": "new", "oldest": "new", "other": "object"}
    assert await tags_of(row) == ["object"]


async def test_a_tag_is_renamed_to_an_alias_of_its_own_or_of_another(db: cm.Database) -> None:
    await aliases.add("heros", "hero")
    row = await factories.character(tags=["hero"])
    assert await characters.rename_tag("hero", "heros", keep_alias=True) == 1
    assert await known() == {"hero": "heros"}
    assert await tags_of(row) == ["heros"]
    await aliases.add("champ", "champion")
    assert await characters.rename_tag("heros", "champ") == 1
    assert await tags_of(row) == ["champion"]
    assert await known() == {"champ": "champion", "hero": "champion"}


async def test_several_tags_become_one(db: cm.Database) -> None:
    owner = await factories.user()
    await publish(owner, [["heros", "x", "heroine"], ["hero", "heros"], ["heroine"]])
    ten = await factories.character(owner, tags=["heros", "heroine", *(f"tag{number}" for number in range(8))])
    assert await characters.merge_tags(["Heros", "heroine", "hero"], into="hero") == 4
    found = [row.tags for row in await characters.public().oldest()]
    assert found == [["hero", "x"], ["hero"], ["hero"]]
    assert await tags_of(ten) == ["hero", *(f"tag{number}" for number in range(8))]
    assert await known() == {"heroine": "hero", "heros": "hero"}
    assert await characters.popular_tags(1) == [cm.TagCount("hero", 3)]
    assert await agrees()
    await characters.merge_tags(["hero"], "person", keep_aliases=False)
    assert await known() == {"heroine": "person", "heros": "person"}


@pytest.mark.parametrize("batch", [1, 7, 1000])
async def test_rows_are_changed_in_batches(db: cm.Database, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charmodels.limits.RENAMED_WALK", 10)
    owner = await factories.user()
    await publish(owner, [["old"] if number % 3 else ["new"] for number in range(60)])
    await publish(owner, [["rare"]] * 25)
    await publish(owner, [["old", "x"]] * 5)
    seen: list[int] = []
    assert await characters.rename_tag("old", "new", batch=batch, progress=seen.append) == 45
    assert seen == sorted(set(seen))
    assert seen[-1] == 45
    assert all(more - fewer <= batch for fewer, more in zip([0, *seen], seen, strict=False))
    assert await characters.filter(tags__contains=["old"]).count() == 0
    assert await agrees()


async def test_a_renaming_that_was_interrupted_goes_on(db: cm.Database) -> None:
    await publish(await factories.user(), [["old"]] * 30)

    def stop(done: int) -> None:
        if done >= 20:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await characters.rename_tag("old", "new", keep_alias=True, batch=10, progress=stop)
    assert await characters.public().tagged(all_of=["new"]).count() == 20
    assert await characters.rename_tag("old", "new", keep_alias=True, batch=10) == 10
    assert await agrees()


@pytest.mark.parametrize("batch", [0, -1, 2.5, True, "9"])
async def test_a_batch_that_is_none(db: cm.Database, batch: Any) -> None:
    with pytest.raises(cm.InvalidInput, match="batch must be"):
        await characters.rename_tag("old", "new", batch=batch)
    with pytest.raises(cm.InvalidInput, match="batch must be"):
        await characters.merge_tags(["old"], "new", batch=batch)


async def test_what_cannot_be_renamed_or_merged(db: cm.Database) -> None:
    with pytest.raises(cm.InvalidInput, match="new must be another tag"):
        await characters.rename_tag("old", " OLD")
    for olds in ([], ["into"]):
        with pytest.raises(cm.InvalidInput, match="olds must hold another tag"):
            await characters.merge_tags(olds, "into")
    with pytest.raises(cm.InvalidInput, match="must be a list of strings"):
        await characters.merge_tags("old", "into")


@pytest.mark.parametrize("keep_alias", [False, True])
async def test_tags_that_others_add_meanwhile_stay(url: str, keep_alias: bool) -> None:
    async with cm.connect(settings(url, db_pool_max=8)):
        owner = await factories.user()
        await publish(owner, [["old", "kept"]] * 120)
        rows = await characters.all()
        hold = [row.id for row in rows]

        async def add(number: int) -> None:
            rng = random.Random(number)
            for key in rng.sample(hold, len(hold)):
                row = await characters.get(id=key)
                await row.add_tags(f"mine{number}")

        async def add_to_many(number: int) -> None:
            for _ in range(5):
                with suppress(cm.SerializationFailure):  # locks rows in another order
                    await characters.owned_by(owner.id).add_tags(f"many{number}")

        renaming = characters.rename_tag("old", "new", keep_alias=keep_alias, batch=10)
        changed, *_ = await asyncio.gather(renaming, *map(add, range(4)), add_to_many(0))
        # Where there is an alias, whoever adds to a row renames its tag as well, perhaps all of them.
        assert 0 <= changed <= 120 if keep_alias else changed == 120
        expected = {"new", "kept", *(f"mine{number}" for number in range(4))}
        for row in await characters.all():
            assert expected <= set(row.tags)
            assert row.tags[:2] == ["new", "kept"]
            assert "old" not in row.tags
        assert await agrees()


async def test_a_row_that_somebody_is_changing_is_renamed_from_what_it_becomes(url: str, db: cm.Database) -> None:
    row = await factories.character(tags=["old"], is_public=True)
    connection = await asyncpg.connect(**settings(url).connect_arguments())
    try:
        await connection.execute("BEGIN")
        await connection.execute("UPDATE characters SET tags = tags || '{added}' WHERE id = $1", row.id)
        renaming = asyncio.create_task(characters.rename_tag("old", "new"))
        await until(lambda: value(db, "SELECT count(*) FROM pg_locks WHERE NOT granted"))
        await connection.execute("COMMIT")
        assert await renaming == 1
    finally:
        await connection.close()
    assert await tags_of(row) == ["new", "added"]
    assert await agrees()
