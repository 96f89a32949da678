"""Studio: the admin site as a browser talks to it, and the command that serves it."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

import charmodels as cm
from charmodels import models
from charmodels.cli import studio as command
from charmodels.clock import utc_now
from charmodels.studio.access import OPERATOR, READ_ONLY, Access
from tests import factories

COMMAND = [sys.executable, "-m", "charmodels.cli", "studio"]
API = "/admin/api"


@pytest.fixture
def _installed() -> None:
    pytest.importorskip("fastadmin", reason="needs Python 3.12 and the extra studio")


needs_fastadmin = pytest.mark.usefixtures("_installed")


@asynccontextmanager
async def browser(access: Access, host: str = "localhost:8070", **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has not signed in."""
    from charmodels.studio.site import create_app

    transport = httpx.ASGITransport(create_app(access), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, password: str, username: str = "studio") -> int:
    answer = await client.post(f"{API}/sign-in", json={"username": username, "password": password})
    return answer.status_code


@asynccontextmanager
async def signed_in(**allowed: Any) -> AsyncIterator[httpx.AsyncClient]:
    access = Access(**allowed)
    async with browser(access) as client:
        assert await sign_in(client, access.password) == 200
        yield client


async def listed(client: httpx.AsyncClient, model: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get(f"{API}/list/{model}", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(client: httpx.AsyncClient, model: str, **parameters: Any) -> list[str]:
    return [row["id"] for row in (await listed(client, model, **parameters))["results"]]


@pytest.fixture
async def read_only(url: str) -> AsyncIterator[cm.Database]:
    """As the command opens the database without --write."""
    settings = cm.Settings(database_url=url, app_env="test")
    async with cm.connect(settings):
        await factories.character(await factories.user(email="ada@example.com", name="Ada"), is_public=True)
    async with cm.connect(settings.replace(db_read_only=True)) as database:
        yield database


# Signing in


@needs_fastadmin
async def test_nothing_is_shown_before_signing_in(db: cm.Database) -> None:
    await factories.user()
    async with browser(Access(write=True)) as client:
        assert (await client.get(f"{API}/list/User")).status_code == 401
        assert (await client.get(f"{API}/me")).status_code == 401
        assert (await client.post(f"{API}/export/User", json={"format": "CSV"})).status_code == 401
        assert (await client.post(f"{API}/add/User", json={"email": "eve@example.com"})).status_code == 401
        assert (await client.get(f"{API}/configuration")).json()["models"] == []
    assert await cm.User.objects.count() == 1


@needs_fastadmin
async def test_only_the_password_signs_in(db: cm.Database) -> None:
    access = Access()
    async with browser(access) as client:
        assert await sign_in(client, "") == 401
        assert await sign_in(client, "wrong") == 401
        assert await sign_in(client, "pässwörd") == 401
        assert await sign_in(client, access.password, username="admin") == 401
        assert (await client.get(f"{API}/me")).status_code == 401
        assert await sign_in(client, access.password) == 200
        assert (await client.get(f"{API}/me")).json()["id"] == str(OPERATOR)


@needs_fastadmin
async def test_a_password_works_once_and_the_next_is_announced(db: cm.Database) -> None:
    announced: list[str] = []
    access = Access(announce=announced.append)
    first = access.password
    async with browser(access) as client:
        assert await sign_in(client, first) == 200
    async with browser(access) as client:
        assert await sign_in(client, first) == 401
        assert await sign_in(client, announced[0]) == 200
    assert len({first, *announced}) == 3


@needs_fastadmin
async def test_a_session_ends_with_the_site(db: cm.Database) -> None:
    async with signed_in() as client:
        cookies = dict(client.cookies)
    async with browser(Access()) as client:
        client.cookies.update(cookies)
        assert (await client.get(f"{API}/me")).status_code == 401


@needs_fastadmin
async def test_the_cookie_is_not_for_scripts_or_other_sites(db: cm.Database) -> None:
    access = Access()
    async with browser(access) as client:
        answer = await client.post(f"{API}/sign-in", json={"username": "studio", "password": access.password})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert access.password not in cookie


# What is refused before the site sees it


@needs_fastadmin
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8070", "127.0.0.1.evil.example", "10.0.0.1", "[::", ""])
async def test_a_name_that_leads_here_is_refused(host: str) -> None:
    async with browser(Access()) as client:
        answer = await client.get("/admin/", headers={"host": host})
        assert (answer.status_code, "host name" in answer.json()["detail"]) == (400, True)


@needs_fastadmin
@pytest.mark.parametrize("host", ["localhost:8070", "LOCALHOST", "127.0.0.1:8070", "127.0.0.2", "[::1]:8070"])
async def test_loopback_has_several_names(host: str) -> None:
    async with browser(Access()) as client:
        answer = await client.get("/admin/", headers={"host": host})
        assert answer.status_code == 200
        assert answer.headers["x-frame-options"] == "DENY"


def test_a_remote_address_is_known_by_addresses_and_its_own_name() -> None:
    access = Access(host="box.internal")
    known = [access.knows_host(host) for host in ("box.internal:8070", "10.0.0.1", "localhost", "evil.example")]
    assert known == [True, True, True, False]


@needs_fastadmin
async def test_another_sites_page_cannot_write(db: cm.Database) -> None:
    async with signed_in(write=True) as client:
        new = {"email": "eve@example.com"}
        for origin in ("http://evil.example", "http://localhost:3000", "null"):
            assert (await client.post(f"{API}/add/User", json=new, headers={"origin": origin})).status_code == 403
        own = {"origin": "http://localhost:8070"}
        assert (await client.post(f"{API}/add/User", json=new, headers=own)).status_code == 200
    assert await cm.User.objects.count() == 1


# Reading


@needs_fastadmin
async def test_each_model_is_listed_and_shown(db: cm.Database) -> None:
    user = await factories.user(email="ada@example.com")
    await user.subscribe(cm.SubscriptionTier.PRO)
    await cm.User.objects.grant_quota(user.id, 5, reason="thanks")
    await cm.Generation.objects.request(user.id, "A brave knight", cm.StyleType.FANTASY)
    await factories.template()
    await cm.TagAlias.objects.add("heros", "hero")
    if not await models.AuditEntry.all().count():
        await models.AuditEntry.create(table_name="users", action="UPDATE", object_id=user.id, after={"name": "Ada"})
    async with signed_in() as client:
        configured = (await client.get(f"{API}/configuration")).json()["models"]
        names = [model["name"] for model in configured]
        for model in configured:
            page = await listed(client, model["name"])
            assert page["total"] >= 1, model["name"]
            row = page["results"][0]
            shown = [field["name"] for field in model["fields"] if field["list_configuration"] is not None]
            assert row.keys() >= {"id", *shown}
            one = await client.get(f"{API}/retrieve/{model['name']}/{row['id']}")
            assert (one.status_code, one.json()["id"]) == (200, row["id"])
            assert set(model["permissions"]) == {"Change", "Export"}  # a form to look at; it is refused when saved
    assert names == [
        "User", "Character", "Generation", "GenerationJob", "CharacterTemplate", "TagAlias",
        "UserQuota", "QuotaHold", "QuotaGrant", "QuotaEntry", "AuditEntry",
    ]  # fmt: skip


@needs_fastadmin
async def test_users_are_found_by_address_name_or_key(db: cm.Database) -> None:
    ada = await factories.user(email="Ada@example.com", name="Ada L", auth0_id="auth0|7")
    await factories.user()
    async with signed_in() as client:
        for text in ("ada@EXAMPLE.com", "ada l", "auth0|7", str(ada.id)):
            assert await ids(client, "User", search=text) == [str(ada.id)]
        assert await ids(client, "User", search="da") == []


@needs_fastadmin
async def test_characters_are_found_by_owner_key_or_words(db: cm.Database) -> None:
    ada = await factories.user(email="ada@example.com")
    knight = await factories.character(ada, prompt="A brave knight", tags=["hero"], is_public=True)
    secret = await factories.character(ada, prompt="A shy knight")
    other = await factories.character(prompt="A dragon", is_public=True, style_type=cm.StyleType.ANIME)
    both = {str(knight.id), str(secret.id)}
    async with signed_in() as client:
        assert set(await ids(client, "Character", search="ada@example.com")) == both
        assert set(await ids(client, "Character", search=str(ada.id))) == both
        assert await ids(client, "Character", search=str(other.id)) == [str(other.id)]
        assert await ids(client, "Character", search="knights") == [str(knight.id)]
        assert await ids(client, "Character", search="nobody@example.com") == []
        assert set(await ids(client, "Character", user__in=f"{ada.id}")) == both
        assert await ids(client, "Character", tags__in="Hero,villain") == [str(knight.id)]
        assert await ids(client, "Character", style_type__in="ANIME,CARTOON") == [str(other.id)]
        assert await ids(client, "Character", is_public="false") == [str(secret.id)]
        assert await ids(client, "Character", created_at__gte=(utc_now() + timedelta(days=1)).isoformat()) == []
        row = (await listed(client, "Character", search=str(knight.id)))["results"][0]
        assert (row["owner"], row["user"]) == (ada.name, str(ada.id))


@needs_fastadmin
async def test_generations_are_found_by_the_providers_request(db: cm.Database) -> None:
    found = await factories.generation(provider_request_id="req-7")
    await factories.generation()
    async with signed_in() as client:
        assert await ids(client, "Generation", search="req-7") == [str(found.id)]
        assert await ids(client, "Generation", search="req-8") == []
        assert await ids(client, "Generation", search=str(found.user_id)) == [str(found.id)]


@needs_fastadmin
async def test_lists_come_newest_first_and_sort_only_by_an_index(db: cm.Database) -> None:
    made = [str((await factories.user()).id) for _ in range(5)]
    async with signed_in() as client:
        assert await ids(client, "User") == made[::-1]
        assert await ids(client, "User", offset=1, limit=2) == made[2:4][::-1]
        assert await ids(client, "User", sort_by="id") == made
        assert (await client.get(f"{API}/list/User?sort_by=name")).status_code == 422


@needs_fastadmin
async def test_a_long_list_is_counted_and_paged_as_far_as_it_reaches(
    db: cm.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from charmodels.studio import admin

    monkeypatch.setattr(admin, "REACH", 4)
    for _ in range(6):
        await factories.user()
    async with signed_in() as client:
        page = await listed(client, "User", offset=3, limit=3)
        assert (page["total"], len(page["results"])) == (4, 1)
        beyond = await client.get(f"{API}/list/User?offset=4")
        assert (beyond.status_code, "Search or filter" in beyond.json()["detail"]) == (422, True)


@needs_fastadmin
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("list/User?created_at__gte=yesterday", 422),
        ("list/User?subscription_tier__in=GOLD", 422),
        ("list/User?name=Ada", 422),  # no filter of that list
        ("list/Character?tags=" + "x" * 51, 422),
        ("list/Character?user__in=nobody", 422),
        ("list/Character?search=style:nosuch", 422),
        ("list/User?search=%00", 422),
        ("list/Secret", 404),
        ("retrieve/User/nobody", 404),
        ("retrieve/User/00000000-0000-0000-0000-000000000001", 404),
        ("retrieve/TagAlias/7", 404),
    ],
)
async def test_bad_questions_get_a_sentence(db: cm.Database, path: str, status: int) -> None:
    async with signed_in() as client:
        answer = await client.get(f"{API}/{path}")
        assert (answer.status_code, bool(answer.json().get("detail"))) == (status, True), answer.text


@needs_fastadmin
async def test_the_first_page_shows_the_gallerys_counts(read_only: cm.Database) -> None:
    async with signed_in() as client:
        page = await client.get("/admin/")
        assert "<title>charmodels Studio</title>" in page.text
        assert "anticon-save" in page.text  # the rule that hides what would be refused
        for name in ("popular_tags", "styles"):
            answer = await client.post(f"{API}/widget-action/Character/{name}", json={"query": []})
            assert answer.status_code == 200
        assert answer.json()["data"] == [{"style": "FANTASY", "characters": 1}]


@needs_fastadmin
async def test_lists_can_be_exported(read_only: cm.Database) -> None:
    async with signed_in() as client:
        for kind in ("CSV", "JSON"):
            answer = await client.post(f"{API}/export/User", json={"format": kind})
            assert (answer.status_code, "ada@example.com" in answer.text) == (200, True)


@needs_fastadmin
async def test_a_database_that_went_away_is_said_in_a_sentence(db: cm.Database) -> None:
    async with signed_in() as client:
        await db.close()
        answer = await client.get(f"{API}/list/User")
        assert answer.status_code == 409
        assert "open" in answer.json()["detail"]


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
async def test_without_write_the_database_refuses_too(read_only: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site says yes to everything, and it is the session that says no, whichever connection it is."""
    character = await cm.Character.objects.get()
    with pytest.raises(cm.DatabaseError) as caught:
        await character.unpublish()
    assert caught.value.sqlstate == "25006"
    async with signed_in(write=True) as client:
        for _ in range(3):
            answer = await client.patch(f"{API}/change/Character/{character.id}", json={"name": "Eve"})
            assert (answer.status_code, answer.json()["detail"]) == (403, READ_ONLY)
        answer = await client.delete(f"{API}/delete/Character/{character.id}")
        assert (answer.status_code, answer.json()["detail"]) == (403, READ_ONLY)
    assert (await cm.Character.objects.get()).name == character.name


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
    await cm.User.objects.grant_quota(user.id, 5)
    await models.AuditEntry.create(table_name="users", action="UPDATE")
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
async def test_the_database_is_told_who_acts(db: cm.Database) -> None:
    user = await factories.user()
    await db.client.execute_script(
        "CREATE TABLE seen (actor text, request text);"
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES "
        "(current_setting('charmodels.actor', true), current_setting('charmodels.request_id', true)); "
        "RETURN NULL; END $$;"
        "CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION see();"
    )
    async with signed_in(write=True, actor="studio:ada") as client:
        new = (await client.post(f"{API}/add/User", json={"email": "eve@example.com"})).json()
        assert (await client.patch(f"{API}/change/User/{user.id}", json={"name": "Eve"})).status_code == 200
        assert (await client.delete(f"{API}/delete/User/{new['id']}")).status_code == 200
    seen = await db.client.execute_query_dict("SELECT * FROM seen")
    assert [row["actor"] for row in seen] == ["studio:ada"] * 3
    assert len({row["request"] for row in seen}) == 3


# The command


@contextmanager
def running(url: str, *arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The command, its address, and its password."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        env={**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address, password = told(process, r"Studio: (\S+)"), told(process, r"works once: (\S+)")
        yield process, address, password
    finally:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str], pattern: str) -> str:
    """What the command says; a line at a time, so that nothing is read ahead of `select`."""
    assert process.stdout is not None
    deadline = time.monotonic() + 60
    line = ""
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 1)[0]:
            letter = os.read(process.stdout.fileno(), 1).decode()
            assert letter, process.stderr and process.stderr.read()
            line += letter
            if letter == "\n":
                break
    found = re.search(pattern, line)
    assert found, line
    return found[1]


def until_served(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert httpx.get(address, timeout=60).status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@needs_fastadmin
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_it_is_stopped(url: str, number: signal.Signals) -> None:
    async with cm.connect(url):
        user = await factories.user(name="Ada")
    with running(url) as (process, address, password):
        until_served(address)
        async with httpx.AsyncClient(base_url=address.removesuffix("/admin/"), timeout=60) as client:
            answer = await client.post(f"{API}/sign-in", json={"username": "studio", "password": password})
            assert answer.status_code == 200
            assert told(process, r"needs this password: (\S+)") != password
            assert (await client.get(f"{API}/list/User")).json()["total"] == 1
            assert (await client.patch(f"{API}/change/User/{user.id}", json={"name": "Eve"})).status_code == 403
            process.send_signal(number)  # with a connection that is kept alive
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stopped." in err
    assert "Traceback" not in err
    assert password not in out + err


@needs_fastadmin
async def test_the_command_writes_when_it_is_told_to(url: str) -> None:
    async with cm.connect(url):
        user = await factories.user(name="Ada")
    with running(url, "--write") as (_, address, password):
        until_served(address)
        async with httpx.AsyncClient(base_url=address.removesuffix("/admin/"), timeout=60) as client:
            assert (
                await client.post(f"{API}/sign-in", json={"username": "studio", "password": password})
            ).status_code == 200
            assert (await client.patch(f"{API}/change/User/{user.id}", json={"name": "Eve"})).status_code == 200
    async with cm.connect(url):
        assert (await cm.User.get(id=user.id)).name == "Eve"


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "works once" not in done.stdout
    return done.returncode, done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Studio runs here")
def test_on_an_older_python_the_command_says_what_it_needs() -> None:
    assert run() == (
        1,
        "Error: Studio needs Python 3.12 or newer, and this is Python 3.11; the rest of charmodels does not.\n",
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python itself is too old")
def test_without_the_extra_the_command_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(cm.ConfigurationError, match=r"pip install 'charmodels\[studio\]'"):
        command.studio()


@needs_fastadmin
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_other_addresses_need_a_word(host: str) -> None:
    code, err = run("--host", host)
    assert (code, "--remote" in err) == (2, True)


@needs_fastadmin
def test_writing_in_production_needs_a_yes() -> None:
    code, err = run("--write", APP_ENV="production", DATABASE_URL="postgresql://app@localhost:1/none")
    assert (code, "was not confirmed" in err) == (1, True)


@needs_fastadmin
def test_a_database_that_is_not_there_is_said_in_a_sentence() -> None:
    code, err = run("--port", "0", DATABASE_URL="postgresql://app@127.0.0.1:1/none", DB_CONNECT_RETRIES="0")
    assert (code, "The database is unavailable" in err) == (1, True)


@needs_fastadmin
def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    from charmodels.studio.server import listen

    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        code, err = run("--port", port, DATABASE_URL="postgresql://app@127.0.0.1:1/none")
    assert (code, f"Cannot listen on port {port}" in err) == (1, True)
