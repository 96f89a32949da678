"""The gallery's entries follow the characters, whoever changes them and however."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

import charmodels as cm
from charmodels.transactions import transaction
from tests import factories
from tests.galleries import real_characters
from tests.proxy import session

COMPLETED, PENDING = cm.GenerationStatus.COMPLETED, cm.GenerationStatus.PENDING

EXPECTED = """
    SELECT c.id, c.user_id, c.created_at, c.style_type, c.template_id, c.tags,
           (setweight(to_tsvector('english', coalesce(c.name, '')), 'A')
            || setweight(to_tsvector('english', array_to_string(c.tags, ' ')), 'B')
            || setweight(to_tsvector('english', c.prompt), 'C'))::text AS document,
           lower(coalesce(c.name, '') || chr(31) || c.prompt) AS content
    FROM characters AS c
    WHERE c.is_public AND c.generation_status = 'COMPLETED'
    ORDER BY c.id
"""
FOUND = """
    SELECT character_id AS id, user_id, created_at, style_type, template_id, tags, document::text AS document, content
    FROM gallery_entries ORDER BY character_id
"""
FUNCTIONS = """
    SELECT e.character_id FROM gallery_entries AS e JOIN characters AS c ON c.id = e.character_id
    WHERE e.document IS DISTINCT FROM charmodels_document('english', c.name, c.tags, c.prompt)
       OR e.content IS DISTINCT FROM charmodels_content(c.name, c.prompt)
"""
PUBLISHED = "SELECT id FROM characters WHERE is_public <> (published_at IS NOT NULL)"


async def entries(db: cm.Database) -> int:
    """How many entries there are, after a look that they are those that there should be."""
    async with db.acquire() as connection:
        expected, found = [tuple(row) for row in await connection.fetch(EXPECTED)], await connection.fetch(FOUND)
        assert [tuple(row) for row in found] == expected
        assert await connection.fetch(FUNCTIONS) == []
        assert await connection.fetch(PUBLISHED) == []
    return len(expected)


async def shown(**values: Any) -> cm.Character:
    return await factories.character(**{"is_public": True, **values})


async def test_what_is_inserted(db: cm.Database) -> None:
    await factories.character()
    assert await entries(db) == 0
    await shown(generation_status=PENDING)
    assert await entries(db) == 0
    await shown(name=None, tags=["Hero", "ice queen"], template_id=(await factories.template()).id)
    assert await entries(db) == 1


async def test_what_is_inserted_by_the_many(db: cm.Database) -> None:
    owner = await factories.user()
    rows = [
        cm.Character(
            user_id=owner.id,
            name=row["name"],
            prompt=row["prompt"],
            tags=row["tags"],
            style_type=row["style"],
            is_public=number % 3 > 0,
            generation_status=COMPLETED if number % 4 else PENDING,
        )
        for number, row in enumerate(real_characters()[:60])
    ]
    await cm.Character.objects.bulk_create(rows, batch_size=25)
    assert await entries(db) == len([row for row in rows if row.is_public and row.generation_status is COMPLETED])


async def test_what_is_copied_in(db: cm.Database, tmp_path: Any) -> None:
    owner, file = await factories.user(), tmp_path / "characters.jsonl"
    file.write_text('{"name": "Osric", "prompt": "A brave knight", "style": "FANTASY", "tags": ["hero"]}\n' * 3)
    await cm.import_characters(file, owner=owner, publish=True)
    assert await entries(db) == 3


async def test_what_is_saved(db: cm.Database) -> None:
    character = await shown(tags=["hero"])
    character.name, character.prompt, character.tags = "Vesna", "A river spirit", ["spirit", "river"]
    character.style_type = cm.StyleType.ANIME
    await character.save()
    assert await entries(db) == 1
    character.template_id = (await factories.template()).id
    character.created_at -= timedelta(days=7)
    await character.save(update_fields=["template_id", "created_at"])
    assert await entries(db) == 1
    character.is_public = False
    await character.save()
    assert character.published_at is None
    assert await entries(db) == 0


async def test_publishing_and_unpublishing(db: cm.Database) -> None:
    character = await factories.character()
    for _ in range(2):
        await character.publish()
        published = character.published_at
        assert published is not None
        assert await entries(db) == 1
        await character.publish()
        assert character.published_at == published
        await character.unpublish()
        assert character.published_at is None
        assert await entries(db) == 0


@pytest.mark.parametrize("status", [status for status in cm.GenerationStatus if status is not COMPLETED])
async def test_the_status_counts_too(db: cm.Database, status: cm.GenerationStatus) -> None:
    character = await shown(generation_status=status)
    assert await entries(db) == 0
    await cm.Character.objects.filter(id=character.id).update(generation_status=COMPLETED)
    assert await entries(db) == 1
    await cm.Character.objects.filter(id=character.id).update(generation_status=status)
    assert await entries(db) == 0


async def test_tags(db: cm.Database) -> None:
    character = await shown(tags=["hero"])
    await character.add_tags("knight")
    assert await entries(db) == 1
    await character.remove_tags("hero")
    await character.set_tags()
    assert await entries(db) == 1
    await cm.Character.objects.public().add_tags("ghost")
    assert await entries(db) == 1
    assert await cm.Character.objects.public().search("ghosts").count() == 1


async def test_bulk_updates(db: cm.Database) -> None:
    rows = [await shown(name=f"Knight {number}") for number in range(4)]
    await cm.Character.objects.all().update(name="Squire")
    assert await entries(db) == 4
    for row in rows[:2]:
        row.is_public, row.prompt = False, "A river spirit"
    await cm.Character.objects.bulk_update(rows, ["is_public", "prompt"])
    assert await entries(db) == 2
    await cm.Character.objects.filter(is_public=False).update(is_public=True)
    assert await entries(db) == 4


async def test_raw_sql(db: cm.Database, url: str) -> None:
    owner = await factories.user()
    async with session(url) as connection:
        await connection.execute(
            "INSERT INTO characters (user_id, prompt, tags, is_public, generation_status)"
            " SELECT $1, 'A knight ' || n, ARRAY['hero'], n % 2 = 0, 'COMPLETED' FROM generate_series(1, 10) AS n",
            owner.id,
        )
        assert await entries(db) == 5
        await connection.execute("UPDATE characters SET is_public = NOT is_public, prompt = prompt || ' rides'")
        assert await entries(db) == 5
        await connection.execute("UPDATE characters SET tags = '{}', name = 'Osric', style_type = 'ANIME'")
        assert await entries(db) == 5
        await connection.execute(
            "INSERT INTO characters (id, user_id, prompt, is_public, generation_status)"
            " SELECT id, user_id, 'again', true, 'COMPLETED' FROM characters"
            " ON CONFLICT (id) DO UPDATE SET prompt = excluded.prompt, is_public = excluded.is_public"
        )
        assert await entries(db) == 10
        await connection.execute(
            "MERGE INTO characters AS c USING characters AS other ON c.id = other.id"
            " WHEN MATCHED AND c.name = 'Osric' THEN UPDATE SET generation_status = 'FAILED'"
        )
        assert await entries(db) == 0


async def test_deletes(db: cm.Database) -> None:
    owner = await factories.user()
    rows = [await shown(owner=owner) for _ in range(4)]
    await rows[0].delete()
    assert await entries(db) == 3
    await cm.Character.objects.filter(id=rows[1].id).delete()
    assert await entries(db) == 2
    await shown()
    await owner.delete()
    assert await entries(db) == 1


async def test_a_template_that_is_deleted(db: cm.Database) -> None:
    template = await factories.template()
    await shown(template_id=template.id)
    await shown(template_id=template.id, is_public=False)
    await template.delete()
    assert await entries(db) == 1
    assert await cm.GalleryEntry.filter(template_id__not_isnull=True).count() == 0


async def test_truncate(db: cm.Database, url: str) -> None:
    await shown()
    async with session(url) as connection:
        await connection.execute("TRUNCATE characters CASCADE")
    assert await entries(db) == 0
    await shown()
    assert await entries(db) == 1


async def test_rollback_leaves_nothing(db: cm.Database) -> None:
    stays, goes = await shown(), await shown()
    with pytest.raises(KeyError):
        async with transaction():
            await shown()
            await stays.add_tags("knight")
            await stays.unpublish()
            await goes.delete()
            assert await cm.Character.objects.public().count() == 1
            raise KeyError
    assert await entries(db) == 2
    async with transaction():
        await shown()
        with pytest.raises(KeyError):
            async with transaction():
                await stays.unpublish()
                raise KeyError
    assert await entries(db) == 3


async def test_an_update_that_changes_nothing_rewrites_no_entry(db: cm.Database) -> None:
    character = await shown(tags=["hero"])
    state = "SELECT xmin::text, ctid::text FROM gallery_entries"
    async with db.acquire() as connection:
        before = await connection.fetchrow(state)
        await connection.execute("UPDATE characters SET name = name, tags = tags, is_public = is_public")
        await connection.execute("UPDATE characters SET image_url = '/a.png', metadata = '{\"a\": 1}'")
        assert await connection.fetchrow(state) == before
    await character.add_tags("hero")
    await character.publish()
    async with db.acquire() as connection:
        assert await connection.fetchrow(state) == before


async def test_what_is_private_costs_no_entry(db: cm.Database, url: str) -> None:
    character = await factories.character()
    counts = "SELECT n_tup_ins + n_tup_upd + n_tup_del, seq_scan + idx_scan FROM pg_stat_xact_user_tables"
    async with session(url) as connection, connection.transaction():
        await connection.execute("UPDATE characters SET name = 'Osric' WHERE id = $1", character.id)
        [(written, _)] = await connection.fetch(f"{counts} WHERE relname = 'characters'")
        [found] = await connection.fetch(f"{counts} WHERE relname = 'gallery_entries'")
    assert written == 1
    assert tuple(found) == (0, 0)


# When something was published


async def test_published_at_follows_by_any_way(db: cm.Database, url: str) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    private = await factories.character(published_at=long_ago)
    assert private.published_at is None
    kept = await shown(published_at=long_ago)
    assert kept.published_at == long_ago
    await entries(db)
    async with session(url) as connection:
        await connection.execute("UPDATE characters SET published_at = NULL")
        await entries(db)
        await connection.execute("UPDATE characters SET is_public = NOT is_public")
        await entries(db)
        await connection.execute("UPDATE characters SET published_at = now()")
        await entries(db)
        await connection.execute(
            "INSERT INTO characters (user_id, prompt, is_public, published_at)"
            " VALUES ($1, 'a', true, NULL), ($1, 'b', false, now()), ($1, 'c', true, $2)",
            private.user_id,
            long_ago,
        )
        await entries(db)


async def test_an_object_that_is_behind_does_not_forget_when_it_was_published(db: cm.Database) -> None:
    character = await factories.character()
    behind = await cm.Character.get(id=character.id)
    await character.publish()
    behind.is_public = True
    await behind.save()
    assert behind.published_at == character.published_at
    await entries(db)


async def test_published_at_is_when_it_was_published(db: cm.Database) -> None:
    character = await factories.character()
    async with db.acquire() as connection:
        before = await connection.fetchval("SELECT clock_timestamp()")
        await character.publish()
        after = await connection.fetchval("SELECT clock_timestamp()")
    assert character.published_at is not None
    assert before < character.published_at < after


# Many at once


async def test_many_changes_of_the_same_rows_at_once(db: cm.Database, url: str) -> None:
    owner, rng = await factories.user(), random.Random(5)
    rows = [await shown(owner=owner, tags=["hero"]) for _ in range(3)]

    async def change() -> None:
        chosen = rng.choice(rows)
        how = rng.choice(
            [
                "UPDATE characters SET is_public = NOT is_public WHERE id = $1",
                "UPDATE characters SET name = coalesce(name, '') || 'x' WHERE id = $1",
                "UPDATE characters SET tags = ARRAY['t' || floor(random() * 9)] WHERE id = $1",
                "UPDATE characters SET generation_status = CASE generation_status WHEN 'FAILED' THEN 'COMPLETED'"
                " ELSE 'FAILED' END WHERE id = $1",
            ]
        )
        await db.client.fetch(how, [chosen.id])

    for _ in range(5):
        await asyncio.gather(*(change() for _ in range(20)))
        await entries(db)


async def test_a_rename_that_waits_for_an_unpublish(db: cm.Database, url: str) -> None:
    """Each sees what the other did, though neither had begun when the other looked."""
    character = await shown()

    async def rename() -> None:
        await cm.Character.objects.filter(id=character.id).update(name="Vesna")

    async with session(url) as other:
        block = other.transaction()
        await block.start()
        await other.execute("UPDATE characters SET is_public = false WHERE id = $1", character.id)
        task = asyncio.create_task(rename())
        await asyncio.sleep(0.05)
        await block.commit()
        await task
    assert await entries(db) == 0
    await character.publish()
    assert await cm.Character.objects.public().search("vesna").count() == 1


async def test_an_alias_resolves_whoever_writes(db: cm.Database, url: str) -> None:
    await cm.TagAlias.create(alias="heros", tag="hero")
    await shown(tags=["heros", "knight"])
    async with session(url) as connection:
        await connection.execute("UPDATE characters SET tags = tags || '{heros}'::text[]")
    assert await entries(db) == 1
    assert await cm.Character.objects.all().values_list("tags", flat=True) == [["hero", "knight"]]


async def test_entries_take_nothing_that_a_character_has_not(url: str) -> None:
    async with session(url) as connection:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(
                "INSERT INTO gallery_entries (character_id, user_id, created_at, style_type, tags, document, content)"
                " VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'ANIME', '{}', '', '')"
            )


async def test_a_new_object_knows_what_the_database_made_of_it(db: cm.Database) -> None:
    await cm.TagAlias.create(alias="heros", tag="hero")
    made = await shown(tags=["heros", "Knight", "hero"])
    saved = cm.Character(user_id=made.user_id, prompt="A knight", tags=["heros"], is_public=True)
    await saved.save()
    for character, tags in ((made, ["hero", "knight"]), (saved, ["hero"])):
        assert character.tags == tags
        assert character.published_at == (await cm.Character.get(id=character.id)).published_at is not None
        await character.save()
        assert character.published_at is not None
    await entries(db)
