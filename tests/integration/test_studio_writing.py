"""Studio: what is refused without --write, and what is written with it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

import charmodels as cm
from charmodels import models
from charmodels.clock import utc_now
from charmodels.studio.access import READ_ONLY
from tests import factories
from tests.studios import API, ids, listed, needs_fastadmin, signed_in

# Read-only


@needs_fastadmin
async def test_without_write_the_site_refuses_every_write(read_only: cm.Database) -> None:
    character = await cm.Character.objects.get()
    writes = [
        ("POST", "add/User", {"email": "eve@example.com"}),
        ("PATCH", f"change/Character/{character.id}", {"name": "Eve"}),
        ("DELETE", f"delete/User/{character.user_id}", None),
        ("POST", "action/Generation/cancel", {"ids": []}),
        ("PATCH", f"change-password/{character.user_id}", {"password": "x", "confirm_password": "x"}),
        ("POST", "upload-file/Character/image_url", None),
        ("PUT", "whatever", {}),
    ]
    async with signed_in() as client:
        for method, path, body in writes:
            answer = await client.request(method, f"{API}/{path}", json=body)
            assert (answer.status_code, answer.json()["detail"]) == (403, READ_ONLY), path


@needs_fastadmin
async def test_without_write_the_database_refuses_too(read_only: cm.Database) -> None:
    """The site says yes to everything, and it is the session that says no."""
    character = await cm.Character.objects.get()
    async with signed_in(write=True) as client:
        answer = await client.patch(f"{API}/change/Character/{character.id}", json={"name": "Eve"})
        assert (answer.status_code, answer.json()["detail"]) == (403, READ_ONLY)
        answer = await client.delete(f"{API}/delete/Character/{character.id}")
        assert (answer.status_code, answer.json()["detail"]) == (403, READ_ONLY)
    assert (await cm.Character.objects.get()).name == character.name


async def test_sessions_of_db_read_only_refuse_writes_whoever_had_them_before(url: str) -> None:
    settings = cm.Settings(database_url=url, app_env="test", db_pool_max=1)
    async with cm.connect(settings):
        user = await factories.user(name="Ada")
    async with cm.connect(settings.replace(db_read_only=True)) as database:
        async with database.acquire() as connection:
            await connection.execute("SET default_transaction_read_only = off")
        for write in (user.delete, lambda: cm.User.objects.filter(id=user.id).update(name="Eve"), factories.user):
            with pytest.raises(cm.DatabaseError) as caught:
                await write()
            assert caught.value.sqlstate == "25006"
        with pytest.raises(cm.DatabaseError):
            async with cm.transaction():
                await cm.User.objects.filter(id=user.id).delete()
        assert (await cm.User.objects.get(id=user.id)).name == "Ada"


# Writing


@needs_fastadmin
async def test_a_change_writes_what_changed(db: cm.Database) -> None:
    character = await factories.character(name="Osric", tags=["hero"], metadata={"seed": 7})
    async with signed_in(write=True) as client:
        form = (await client.get(f"{API}/retrieve/Character/{character.id}")).json()
        await cm.Character.objects.filter(id=character.id).update(prompt="Changed meanwhile")
        form = {**form, "name": "Ser Osric", "tags": ["Hero", "knight "], "is_public": True}
        del form["prompt"]
        answer = await client.patch(f"{API}/change/Character/{character.id}", json=form)
        assert answer.status_code == 200, answer.text
    changed = await cm.Character.objects.get(id=character.id)
    assert (changed.name, changed.tags, changed.is_public) == ("Ser Osric", ["hero", "knight"], True)
    assert (changed.prompt, changed.metadata) == ("Changed meanwhile", {"seed": 7})
    assert (await cm.Character.objects.public().search("osric").count()) == 1


@needs_fastadmin
async def test_a_form_sent_back_as_it_is_writes_nothing(db: cm.Database) -> None:
    user = await factories.user(subscription_expires_at=utc_now() + timedelta(days=3))
    character = await factories.character(user, metadata={"seed": 7})
    template, quota = await factories.template(), await models.UserQuota.get(user_id=user.id)
    rows: list[Any] = [user, character, template]
    for row in rows:
        await row.refresh_from_db()
    async with signed_in(write=True) as client:
        for row in (*rows, quota):
            path = f"{type(row).__name__}/{row.pk}"
            form = (await client.get(f"{API}/retrieve/{path}")).json()
            for name, value in form.items():  # as FastAdmin's page sends it
                if name.endswith("_at") and value:
                    form[name] = datetime.fromisoformat(value).replace(microsecond=0).isoformat()
                elif isinstance(value, dict):
                    form[name] = json.dumps(value, indent=4)
            assert (await client.patch(f"{API}/change/{path}", json=form)).status_code == 200
    for row in rows:
        before = dict(row)
        await row.refresh_from_db()
        assert dict(row) == before
    assert dict(await models.UserQuota.get(user_id=user.id)) == dict(quota)


@needs_fastadmin
async def test_what_may_not_be_changed_is_left_alone(db: cm.Database) -> None:
    character, other = await factories.character(), await factories.user()
    sent = {"generation_status": "FAILED", "published_at": None, "id": str(other.id)}
    async with signed_in(write=True) as client:
        answer = await client.patch(f"{API}/change/Character/{character.id}", json=sent)
        assert answer.status_code == 200
        answer = await client.patch(f"{API}/change/Character/{character.id}", json={"user": str(other.id)})
        assert (answer.status_code, answer.json()["detail"]) == (422, "user_id never changes.")
    again = await cm.Character.objects.get(id=character.id)
    assert (again.user_id, again.generation_status) == (character.user_id, character.generation_status)


@needs_fastadmin
async def test_changes_pass_the_models_rules(db: cm.Database) -> None:
    user, character = await factories.user(email="ada@example.com"), await factories.character()
    await factories.user(email="eve@example.com")
    bad: list[tuple[str, dict[str, Any], int, str]] = [
        (f"User/{user.id}", {"email": "nonsense"}, 422, "email"),
        (f"User/{user.id}", {"email": None}, 422, "email"),
        (f"User/{user.id}", {"email": "EVE@example.com"}, 409, "email"),
        (f"User/{user.id}", {"subscription_tier": "GOLD"}, 422, "subscription_tier"),
        (f"User/{user.id}", {"subscription_expires_at": "2001-01-01T00:00:00Z"}, 422, "until"),
        (f"User/{user.id}", {"timezone": "Mars/Olympus"}, 422, "timezone"),
        (f"Character/{character.id}", {"prompt": "x" * 2001}, 422, "prompt"),
        (f"Character/{character.id}", {"tags": [str(number) for number in range(11)]}, 422, "tags"),
        (f"Character/{character.id}", {"metadata": "[]"}, 422, "metadata"),
        (f"UserQuota/{user.id}", {"daily_quota": -1}, 422, "daily_quota"),
    ]
    async with signed_in(write=True) as client:
        for path, values, status, word in bad:
            answer = await client.patch(f"{API}/change/{path}", json=values)
            assert (answer.status_code, word in answer.json()["detail"]) == (status, True), (values, answer.text)
            assert "EVE@" not in answer.text


@needs_fastadmin
async def test_rows_come_and_go(db: cm.Database) -> None:
    async with signed_in(write=True) as client:
        user = (await client.post(f"{API}/add/User", json={"email": "ada@example.com", "name": "Ada"})).json()
        values = {"user": user["id"], "prompt": "A brave knight", "style_type": "FANTASY", "tags": ["Hero"]}
        character = (await client.post(f"{API}/add/Character", json=values)).json()
        assert (character["tags"], character["user"]) == (["hero"], user["id"])
        values = {"name": "Knight", "prompt": "A knight", "style_type": "FANTASY"}
        assert (await client.post(f"{API}/add/CharacterTemplate", json=values)).status_code == 200
        assert (await client.post(f"{API}/add/CharacterTemplate", json=values)).status_code == 409
        assert (await client.delete(f"{API}/delete/User/{user['id']}")).status_code == 200
        assert (await client.delete(f"{API}/delete/User/{user['id']}")).status_code == 404
        answer = await client.post(f"{API}/add/Character", json={**values, "user": user["id"]})
        assert answer.status_code in (409, 422)
    assert await cm.User.objects.count() == await cm.Character.objects.count() == 0
    assert await cm.CharacterTemplate.objects.count() == 1


@needs_fastadmin
async def test_aliases_rename_the_tag_on_all_rows(db: cm.Database) -> None:
    character = await factories.character(tags=["heros"])
    async with signed_in(write=True) as client:
        added = await client.post(f"{API}/add/TagAlias", json={"alias": "Heros", "tag": "hero"})
        assert (added.status_code, added.json()["id"]) == (200, "heros")
        assert (await cm.Character.objects.get(id=character.id)).tags == ["hero"]
        changed = await client.patch(f"{API}/change/TagAlias/heros", json={"tag": "champion"})
        assert (changed.status_code, changed.json()["tag"]) == (200, "champion")
        assert (await client.post(f"{API}/add/TagAlias", json={"alias": "x", "tag": "x"})).status_code == 422
        other = {"alias": "heroes", "tag": "hero"}
        assert (await client.patch(f"{API}/change/TagAlias/heros", json=other)).status_code == 422
        assert (await client.patch(f"{API}/change/TagAlias/nobody", json={"tag": "hero"})).status_code == 404
        assert (await client.delete(f"{API}/delete/TagAlias/heros")).status_code == 200
        assert (await client.delete(f"{API}/delete/TagAlias/heros")).status_code == 404


@needs_fastadmin
async def test_a_subscription_and_a_quota_change_as_the_verbs_do_it(db: cm.Database) -> None:
    user = await factories.user()
    async with signed_in(write=True) as client:
        path = f"{API}/change/UserQuota/{user.id}"
        assert (await client.patch(path, json={"daily_quota": 7, "daily_used": 0})).status_code == 200
        assert (await cm.User.objects.quota(user.id)).limit == 7
        path = f"{API}/change/User/{user.id}"
        assert (await client.patch(path, json={"subscription_tier": "PRO", "name": "Ada"})).status_code == 200
    assert (await cm.User.objects.quota(user.id)).limit == 500
    assert await models.QuotaEntry.filter(user_id=user.id, kind="TIER").count() == 1
    assert (await cm.User.get(id=user.id)).name == "Ada"


@needs_fastadmin
async def test_generations_are_cancelled_and_retried(db: cm.Database) -> None:
    user = await factories.user()
    waiting = await cm.Generation.objects.request(user.id, "A brave knight", cm.StyleType.FANTASY)
    done = await factories.generation(user, status=cm.GenerationStatus.COMPLETED)
    async with signed_in(write=True) as client:
        answer = await client.post(f"{API}/action/Generation/cancel", json={"ids": [str(waiting.id), str(done.id)]})
        assert answer.status_code == 200
        assert answer.json()["data"].startswith("Cancel: 1 done. 1 not: ")
        refused = await client.post(f"{API}/action/Generation/retry", json={"ids": [str(done.id)]})
        assert refused.status_code == 409
        assert (await client.delete(f"{API}/delete/Generation/{done.id}")).status_code == 403
        assert (await client.patch(f"{API}/change/Generation/{done.id}", json={"prompt": "x"})).status_code == 403
    assert (await cm.Generation.get(id=waiting.id)).status is cm.GenerationStatus.CANCELLED
    assert (await cm.User.objects.quota(user.id)).used == 0


@needs_fastadmin
async def test_ledger_holds_and_audit_are_read_only_whatever_was_allowed(db: cm.Database) -> None:
    user = await factories.user()
    await cm.User.objects.reserve_quota(user.id)
    await cm.User.objects.grant_quota(user.id, 5)  # which is audited
    async with signed_in(write=True) as client:
        for model in ("QuotaEntry", "QuotaHold", "QuotaGrant", "AuditEntry", "GenerationJob"):
            key = (await ids(client, model) or [str(factories.missing())])[0]
            assert (await client.patch(f"{API}/change/{model}/{key}", json={"amount": 9})).status_code == 403
            assert (await client.delete(f"{API}/delete/{model}/{key}")).status_code == 403
            assert (await client.post(f"{API}/add/{model}", json={})).status_code == 403
        path = f"{API}/change-password/{user.id}"
        assert (await client.patch(path, json={"password": "x", "confirm_password": "x"})).status_code == 403
        files = {"file": ("x.png", b"x")}
        assert (await client.post(f"{API}/upload-file/Character/image_url", files=files)).status_code == 422


@needs_fastadmin
async def test_changes_land_in_the_audit_trail_with_their_actor(db: cm.Database) -> None:
    user = await factories.user()
    character = await factories.character(user)
    changes: list[tuple[str, dict[str, Any]]] = [
        (f"User/{user.id}", {"subscription_tier": "PRO"}),
        (f"UserQuota/{user.id}", {"daily_quota": 7}),
        (f"Character/{character.id}", {"is_public": True}),
    ]
    async with signed_in(write=True, actor="studio:ada") as client:
        for path, values in changes:
            assert (await client.patch(f"{API}/change/{path}", json=values)).status_code == 200
        assert (await client.delete(f"{API}/delete/Character/{character.id}")).status_code == 200
        entries = (await listed(client, "AuditEntry", search="studio:ada"))["results"]
        noted = {(entry["table_name"], entry["object_id"]): entry for entry in entries}
        assert noted.keys() == {
            ("users", str(user.id)), ("user_quotas", str(user.id)), ("characters", str(character.id))
        }  # fmt: skip
        assert len({entry["request_id"] for entry in entries}) == len(changes) + 1
        assert noted["user_quotas", str(user.id)]["after"] == {"daily_quota": 7}
        assert set(await ids(client, "AuditEntry", search=str(user.id))) >= {entry["id"] for entry in entries}
