"""Who acts: told by transactions, and outside of them by each statement itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

import charmodels as cm
from tests import factories

Verb = Callable[[cm.User, cm.Character, cm.CharacterTemplate], Awaitable[Any]]


async def raw(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.User._meta.db.execute_query("DELETE FROM characters WHERE id = $1", [character.id])


async def script(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.User._meta.db.execute_script("UPDATE public.characters SET is_public = true;")


async def many(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.User._meta.db.execute_many("UPDATE users SET email = $1 WHERE id = $2", [["eve@example.com", user.id]])


async def with_a_common_table(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    rows = await cm.User._meta.db.execute_query_dict(
        "WITH RECURSIVE chosen AS (SELECT $1::uuid AS id) "
        'DELETE FROM ONLY "characters" USING chosen WHERE characters.id = chosen.id RETURNING name',
        [character.id],
    )
    assert [row["name"] for row in rows] == [character.name]


async def saved(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    template.is_active = False
    await template.save()


async def made_once(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.CharacterTemplate.get_or_create(
        name="Another", defaults={"prompt": "A knight", "style_type": cm.StyleType.FANTASY}
    )


async def in_bulk(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.Character.objects.bulk_create([cm.Character(user_id=user.id, prompt="A knight", is_public=True)])


async def renamed(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.CharacterTemplate.objects.filter(id=template.id).add_tags("brave")


async def logged_in(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.User.objects.filter(id=user.id).update(auth0_id="auth0|1")
    await cm.User.objects.sync_auth0("auth0|1", "other@example.com")


async def merged(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    await cm.User._meta.db.execute_query(
        "MERGE INTO users USING (SELECT $1::uuid AS id) AS chosen ON users.id = chosen.id "
        "WHEN MATCHED THEN UPDATE SET subscription_tier = 'PRO'",
        [user.id],
    )


async def borrowed(user: cm.User, character: cm.Character, template: cm.CharacterTemplate) -> None:
    async with cm.database.current().acquire() as connection:
        name = "DELETE FROM characters WHERE id = $1 RETURNING name"
        assert await connection.fetchval(name, character.id) == character.name
        assert await connection.fetchrow(name, character.id) is None
        assert await connection.fetchmany(name, [[character.id]]) == []


VERBS: dict[str, Verb] = {
    "publish": lambda user, character, template: character.publish(),
    "subscribe": lambda user, character, template: user.subscribe("PRO"),
    "set_daily_quota": lambda user, character, template: user.set_daily_quota(7),
    "grant_quota": lambda user, character, template: cm.User.objects.grant_quota(user.id, 5),
    "update": lambda user, character, template: cm.Character.objects.owned_by(user.id).update(is_public=True),
    "delete": lambda user, character, template: character.delete(),
    "delete of all": lambda user, character, template: cm.Character.objects.all().delete(),
    "a cascade": lambda user, character, template: user.delete(),
    "create": lambda user, character, template: factories.template(),
    "save": saved,
    "get_or_create": made_once,
    "bulk_create": in_bulk,
    "add_tags": renamed,
    "sync_auth0": logged_in,
    "raw SQL": raw,
    "a script": script,
    "execute_many": many,
    "WITH": with_a_common_table,
    "MERGE": merged,
    "a connection of the pool": borrowed,
}


@pytest.mark.parametrize("name", VERBS)
async def test_inside_a_context_each_verb_says_who_acts(db: cm.Database, name: str) -> None:
    user = await factories.user()
    character, template = await factories.character(user), await factories.template()
    before = await cm.AuditEntry.objects.count()
    with cm.request_context(actor=user.id, request_id="r1"):
        await VERBS[name](user, character, template)
    found = (await cm.AuditEntry.objects.all().oldest())[before:]
    assert found
    assert {(each.actor, each.request_id) for each in found} == {(str(user.id), "r1")}
    await factories.template()  # on the same connection: nothing of it is left
    last = await cm.AuditEntry.objects.all().newest().first()
    assert last is not None
    assert (last.actor, last.request_id) == (None, None)


async def test_it_takes_one_statement_and_none_more(url: str) -> None:
    async with cm.connect(cm.Settings(database_url=url, app_env="test", metrics=True)) as db:
        character = await factories.character()

        async def count(work: Awaitable[Any]) -> tuple[int, set[str]]:
            before = db.metrics.stats().count
            await work
            return db.metrics.stats().count - before, {each.statement for each in db.metrics.slowest(100)}

        plain, _ = await count(character.publish())
        with cm.request_context(actor="ada", request_id="r1"):
            told, shapes = await count(character.unpublish())
        assert told == plain
        assert not any("audit_context" in shape for shape in shapes)  # they are counted as they were written
        entry = await cm.AuditEntry.objects.all().newest().first()
        assert entry is not None
        assert (entry.action, entry.actor) == ("UNPUBLISH", "ada")


async def test_a_request_without_an_actor_and_the_other_way_round(db: cm.Database) -> None:
    with cm.request_context(request_id="r1"):
        await factories.template()
    with cm.request_context(actor="ada"):
        await factories.template()
    found = await cm.AuditEntry.objects.all().oldest()
    assert [(each.actor, each.request_id) for each in found] == [(None, "r1"), ("ada", None)]


async def test_what_a_transaction_says_goes_before_the_context(db: cm.Database) -> None:
    with cm.request_context(actor="ada", request_id="r1"):
        async with cm.transaction(actor="admin"):
            await factories.template()
            async with cm.transaction(actor="robot", request_id="r2"):
                await factories.template()
            await factories.template()
        async with in_transaction():
            await factories.template()
        async with cm.transaction():
            with cm.request_context(actor="too late"):
                await factories.template()
    await factories.template()
    found = await cm.AuditEntry.objects.all().oldest()
    assert [(each.actor, each.request_id) for each in found] == [
        ("admin", "r1"), ("robot", "r2"), ("admin", "r1"), ("ada", "r1"), ("ada", "r1"), (None, None),
    ]  # fmt: skip


async def test_a_transaction_outside_any_context_says_nothing_of_one_inside(db: cm.Database) -> None:
    async with cm.transaction(actor="admin"):
        with cm.request_context(actor="ada"):
            await factories.template()
    [entry] = await cm.AuditEntry.objects.all()
    assert entry.actor == "admin"


async def test_of_many_at_once_each_is_known_by_their_own_name(url: str) -> None:
    async with cm.connect(cm.Settings(database_url=url, app_env="test", db_pool_max=3)):
        characters = [await factories.character() for _ in range(20)]

        async def act(character: cm.Character, way: int) -> None:
            with cm.request_context(actor=f"actor {character.id}"):
                if way % 3 == 0:
                    await character.publish()
                elif way % 3 == 1:
                    async with cm.transaction():
                        await character.publish()
                else:
                    await cm.User.objects.grant_quota(character.user_id, 1)

        await asyncio.gather(*(act(character, way) for way, character in enumerate(characters)))
        found = await cm.AuditEntry.objects.all()
        owners: dict[UUID | None, str] = {each.user_id: f"actor {each.id}" for each in characters}
        assert len(found) == 20
        assert all(each.actor == owners[each.user_id] for each in found)


async def test_of_two_who_publish_at_once_one_did(db: cm.Database) -> None:
    character = await factories.character()
    copies = [await cm.Character.objects.get(id=character.id) for _ in range(5)]

    async def publish(copy: cm.Character, actor: str) -> None:
        with cm.request_context(actor=actor):
            await copy.publish()

    await asyncio.gather(*(publish(copy, str(number)) for number, copy in enumerate(copies)))
    [entry] = await cm.AuditEntry.objects.all()
    assert entry.action == "PUBLISH"


async def test_what_is_repeated_after_a_lost_race_is_there_once(db: cm.Database) -> None:
    character = await factories.character()
    tries = 0

    async def publish() -> None:
        nonlocal tries
        tries += 1
        copy = await cm.Character.objects.get(id=character.id)
        if tries == 1:  # somebody else is faster
            await cm.Character.objects.filter(id=character.id).using_db(outside).update(name="Eve")
        await copy.publish()

    outside = cm.User._meta.db
    await cm.transaction(actor="ada", isolation="repeatable_read").run(publish)
    assert tries == 2
    assert [each.actor for each in await cm.AuditEntry.objects.all()] == ["ada"]
