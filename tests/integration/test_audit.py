"""The audit trail: what is written down, whoever makes the change and by whatever way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

import charmodels as cm
from charmodels.copying import copy_characters
from tests import factories

Said = tuple[str, str, Any, Any]
"""Action, table, before and after."""


@asynccontextmanager
async def psql(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection that knows nothing of us."""
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        yield connection
    finally:
        await connection.close()


async def entries() -> list[cm.AuditEntry]:
    return await cm.AuditEntry.objects.all().oldest()


async def said(skip: int = 0) -> list[Said]:
    return [(each.action, each.table_name, each.before, each.after) for each in (await entries())[skip:]]


async def test_a_tier_and_its_end(db: cm.Database) -> None:
    ada = await factories.user()
    until = datetime(2099, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    await ada.subscribe("PRO", until=until)
    await ada.subscribe("PRO", until=until)  # the same again is no change
    await ada.cancel_subscription()
    first, second = await entries()
    assert (first.action, first.table_name, first.object_id, first.user_id) == ("TIER", "users", ada.id, ada.id)
    assert first.before == {"subscription_tier": "FREE", "subscription_expires_at": None}
    assert first.after is not None
    assert first.after["subscription_tier"] == "PRO"
    assert datetime.fromisoformat(first.after["subscription_expires_at"]) == until
    assert second.before == first.after
    assert second.after == first.before


async def test_whoever_signs_up_with_a_tier(db: cm.Database) -> None:
    await factories.user()
    await factories.user(subscription_tier=cm.SubscriptionTier.PREMIUM)
    assert await said() == [
        ("TIER", "users", None, {"subscription_tier": "PREMIUM", "subscription_expires_at": None})
    ]  # fmt: skip


async def test_an_override_of_the_quota_and_its_end_with_the_tier(db: cm.Database) -> None:
    ada = await factories.user()
    await ada.set_daily_quota(20)
    await ada.subscribe("PRO")
    found = await entries()
    assert await said() == [
        ("QUOTA", "user_quotas", {"daily_quota": None}, {"daily_quota": 20}),
        ("TIER", "users", {"subscription_tier": "FREE"}, {"subscription_tier": "PRO"}),
        ("QUOTA", "user_quotas", {"daily_quota": 20}, {"daily_quota": None}),
    ]
    assert {(each.object_id, each.user_id) for each in found} == {(ada.id, ada.id)}


async def test_grants_but_not_what_is_spent_of_them(db: cm.Database) -> None:
    ada = await factories.user()
    grant = await cm.User.objects.grant_quota(ada.id, 5, key="payment 1", reason="a top-up")
    await cm.User.objects.grant_quota(ada.id, 5, key="payment 1")
    await (await cm.User.objects.reserve_quota(ada.id, amount=7)).commit()
    assert (await cm.QuotaGrant.objects.get(id=grant.id)).spent == 4
    await cm.QuotaGrant.objects.filter(id=grant.id).update(amount=6)
    await cm.QuotaGrant.objects.filter(id=grant.id).delete()
    rest = {"key": "payment 1", "reason": "a top-up", "expires_at": None}
    assert await said() == [
        ("GRANT", "quota_grants", None, {"amount": 5, **rest}),
        ("UPDATE", "quota_grants", {"amount": 5}, {"amount": 6}),
        ("DELETE", "quota_grants", {"amount": 6, "spent": 4, **rest}, None),
    ]
    assert {(each.object_id, each.user_id) for each in await entries()} == {(grant.id, ada.id)}


async def test_publishing_and_taking_back(db: cm.Database) -> None:
    character = await factories.character()
    await character.publish()
    await character.publish()
    await character.unpublish()
    await character.unpublish()
    public = await factories.character(is_public=True)
    published, unpublished, born_public = await entries()
    assert (published.action, unpublished.action, born_public.action) == ("PUBLISH", "UNPUBLISH", "PUBLISH")
    assert published.before == {"is_public": False, "published_at": None}
    assert published.after is not None
    assert published.after["is_public"] is True
    assert (unpublished.before, unpublished.after) == (published.after, published.before)
    assert (born_public.before, born_public.object_id) == (None, public.id)
    assert {each.user_id for each in (published, unpublished)} == {character.user_id}


async def test_templates(db: cm.Database) -> None:
    template = await factories.template(name="Knight", tags=["hero"])
    template.prompt = "A braver knight"
    template.tags = ["hero", "brave"]
    await template.save()
    await template.save()
    await template.instantiate((await factories.user()).id)
    await template.delete()
    whole = {
        "name": "Knight", "description": "", "prompt": "*** (14 characters)", "style_type": "FANTASY",
        "tags": ["hero"], "is_active": True,
    }  # fmt: skip
    changed = {"prompt": "*** (15 characters)", "tags": ["hero", "brave"]}
    assert await said() == [
        ("CREATE", "character_templates", None, whole),
        ("UPDATE", "character_templates", {"prompt": whole["prompt"], "tags": ["hero"]}, changed),
        ("DELETE", "character_templates", {**whole, **changed}, None),
    ]
    assert {(each.object_id, each.user_id) for each in await entries()} == {(template.id, None)}


async def test_addresses_and_deletions_are_masked_unless_the_database_says_otherwise(db: cm.Database, url: str) -> None:
    async def change() -> None:
        ada = await factories.user(email="ada@example.com")
        await factories.character(ada, name="Osric", prompt="A secret knight", tags=["hero"])
        await cm.User.objects.filter(id=ada.id).update(email="ada@other.example")
        await ada.delete()

    await change()
    texts = json.dumps(await said())
    assert "example" not in texts
    assert "secret" not in texts
    masked, user, character = await said()
    assert masked == ("EMAIL", "users", {"email": "***"}, {"email": "***"})
    assert character[2]["prompt"] == "*** (15 characters)"
    assert (character[2]["name"], character[2]["tags"], character[3]) == ("Osric", ["hero"], None)
    assert user[:2] == ("DELETE", "users")
    assert (user[2]["email"], user[2]["subscription_tier"]) == ("***", "FREE")

    await cm.migrations.upgrade(cm.Settings(database_url=url, audit_mask=False))
    await cm.migrations.upgrade(url)  # which leaves it as it is
    await change()
    shown, user, character = await said(skip=3)
    assert shown == ("EMAIL", "users", {"email": "ada@example.com"}, {"email": "ada@other.example"})
    assert character[2]["prompt"] == "A secret knight"
    assert user[2]["email"] == "ada@other.example"

    async with psql(url) as connection:
        await connection.execute("DELETE FROM audit_settings")
    await factories.template(prompt="Another secret")
    await cm.migrations.upgrade(cm.Settings(database_url=url, audit_mask=False))
    await factories.template(prompt="Another secret")
    await cm.migrations.upgrade(cm.Settings(database_url=url, audit_mask=True))
    await factories.template(prompt="Another secret")
    assert [after["prompt"] for *_, after in await said(skip=6)] == [
        "*** (14 characters)", "Another secret", "*** (14 characters)"
    ]  # fmt: skip


async def test_what_happens_all_day_is_not_audited(db: cm.Database) -> None:
    ada = await factories.user()
    character = await factories.character(ada)
    template = await factories.template()
    before = len(await entries())
    ada.name = "Ada"
    await ada.save()
    await ada.save(update_fields=["email"])
    await cm.User.objects.sync_auth0("auth0|1", "eve@example.com")
    await cm.User.objects.sync_auth0("auth0|1", "eve@example.com", "Eve")
    async with cm.User.objects.reserve_quota(ada.id):
        pass
    await (await cm.User.objects.reserve_quota(ada.id)).release()
    character.prompt = "A braver knight"
    await character.save()
    await character.add_tags("hero")
    await character.set_tags("knight")
    await template.instantiate(ada.id)
    await cm.Generation.objects.request(ada.id, prompt="A knight", style_type=cm.StyleType.FANTASY, tags=[])
    [job] = await cm.Generation.objects.claim(worker="w1", limit=8, lease=timedelta(minutes=5))
    await job.complete(image_url="https://images.example/1.png")
    await cm.Character.objects.popular_tags()
    assert (await entries())[before:] == []


async def test_bulk_verbs(db: cm.Database) -> None:
    ada = await factories.user()
    made = [
        cm.Character(user_id=ada.id, prompt="A knight", is_public=number % 2 == 0) for number in range(4)
    ]  # fmt: skip
    await cm.Character.objects.bulk_create(made)
    assert [each[0] for each in await said()] == ["PUBLISH"] * 2
    assert await cm.Character.objects.owned_by(ada.id).update(is_public=True) == 4
    assert [each[0] for each in await said(2)] == ["PUBLISH"] * 2
    for character in made:
        character.is_public = False
    await cm.Character.objects.bulk_update(made, ["is_public"])
    assert [each[0] for each in await said(4)] == ["UNPUBLISH"] * 4
    await cm.Character.objects.owned_by(ada.id).delete()
    assert [each[0] for each in await said(8)] == ["DELETE"] * 4
    assert {each.object_id for each in (await entries())[8:]} == {each.id for each in made}


async def test_rows_that_are_copied_in(db: cm.Database) -> None:
    ada = await factories.user()
    keys = [cm.Character(user_id=ada.id, prompt="A knight").id for _ in range(3)]
    now = datetime.now(UTC)
    rows = [
        (key, now, now, ada.id, "Osric", "A knight", "FANTASY", [], None, None, "{}", number > 0, "COMPLETED", None)
        for number, key in enumerate(keys)
    ]
    async with cm.transaction(actor="import") as tx:
        await copy_characters(tx, rows)  # type: ignore[arg-type]
    found = await entries()
    assert [(each.action, each.object_id, each.actor) for each in found] == [
        ("PUBLISH", keys[1], "import"), ("PUBLISH", keys[2], "import")
    ]  # fmt: skip


async def test_an_admin_in_psql(db: cm.Database, url: str) -> None:
    ada = await factories.user(email="ada@example.com")
    async with psql(url) as admin:
        role = await admin.fetchval("SELECT session_user")
        await admin.execute("UPDATE users SET subscription_tier = 'PRO', email = 'ada@other.example'")
        await admin.execute("UPDATE user_quotas SET daily_quota = 7, daily_used = 1")
        await admin.execute("INSERT INTO quota_grants (user_id, amount) SELECT id, 3 FROM users")
        await admin.execute("SET charmodels.actor = 'ops'; SET charmodels.request_id = 'ticket 7'")
        await admin.execute("DELETE FROM users")
    found = await entries()
    assert [(each.action, each.table_name) for each in found] == [
        ("EMAIL", "users"), ("TIER", "users"), ("QUOTA", "user_quotas"), ("GRANT", "quota_grants"),
        ("DELETE", "users"), ("DELETE", "quota_grants"),
    ]  # fmt: skip
    assert {each.user_id for each in found} == {ada.id}
    assert {each.role for each in found} == {role}
    assert [(each.actor, each.request_id) for each in found] == [(None, None)] * 4 + [("ops", "ticket 7")] * 2


async def test_a_name_that_is_too_long_stops_nobody(db: cm.Database, url: str) -> None:
    await factories.user()
    async with psql(url) as admin:
        await admin.execute("SELECT set_config('charmodels.actor', repeat('x', 300), false)")
        await admin.execute("UPDATE users SET subscription_tier = 'PRO'")
    [entry] = await entries()
    assert entry.actor == "x" * 255


async def test_what_goes_with_a_user_is_caught(db: cm.Database) -> None:
    ada, eve = await factories.user(), await factories.user()
    characters = [await factories.character(ada) for _ in range(3)]
    await factories.character(eve)
    await factories.generation(ada)
    grant = await cm.User.objects.grant_quota(ada.id, 5)
    async with cm.transaction(actor=eve.id, request_id="r1"):
        await ada.delete()
    gone = [each for each in await entries() if each.action == "DELETE"]
    assert {(each.table_name, each.object_id) for each in gone} == {
        ("users", ada.id), ("quota_grants", grant.id), *(("characters", each.id) for each in characters)
    }  # fmt: skip
    assert {(each.user_id, each.actor, each.request_id) for each in gone} == {(ada.id, str(eve.id), "r1")}


@pytest.mark.parametrize("table", ["characters", "character_templates", "quota_grants"])
async def test_whole_tables(db: cm.Database, url: str, table: str) -> None:
    await factories.character()
    async with psql(url) as admin:
        await admin.execute("SET charmodels.actor = 'ops'")
        await admin.execute(f"TRUNCATE {table} CASCADE")
    found = await entries()
    assert (table, "TRUNCATE", None, None, "ops") in [
        (each.table_name, each.action, each.object_id, each.before, each.actor) for each in found
    ]


async def test_what_is_rolled_back_was_not(db: cm.Database) -> None:
    character = await factories.character()
    with pytest.raises(ZeroDivisionError):
        async with cm.transaction(actor="ada"):
            await character.publish()
            assert len(await entries()) == 1
            raise ZeroDivisionError
    assert await entries() == []
    async with cm.transaction(actor="ada"):
        with pytest.raises(ZeroDivisionError):
            async with cm.transaction(actor="eve"):
                await character.publish()
                raise ZeroDivisionError
        await character.delete()
    assert [(each.action, each.actor) for each in await entries()] == [("DELETE", "ada")]


async def test_a_change_that_the_database_refuses_leaves_no_entry(db: cm.Database) -> None:
    ada = await factories.user()
    await factories.user(email="taken@example.com")
    with cm.request_context(actor="ada"), pytest.raises(cm.Conflict):
        await cm.User.objects.filter(id=ada.id).update(email="taken@example.com")
    assert await entries() == []
