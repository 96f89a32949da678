"""Studio: who gets in, and what they see."""

from __future__ import annotations

from datetime import timedelta

import pytest

import charmodels as cm
from charmodels.clock import utc_now
from charmodels.studio.access import OPERATOR, Access
from tests import factories
from tests.studios import API, browser, ids, listed, needs_fastadmin, sign_in, signed_in

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
