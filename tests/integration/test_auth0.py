"""The log-in recipe: a good token finds or makes its user, any other is a 401."""

from __future__ import annotations

import asyncio
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import charmodels as cm
from examples.auth0 import CLAIMS, KeyPair, Tenant, main, make_app
from tests import factories
from tests.apps_under_test import over_asgi
from tests.proxy import settings

KEYS = KeyPair()
TENANT = Tenant("characters.eu.auth0.com", "https://api.characters.example", KEYS)


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with over_asgi(make_app(TENANT, settings(url))) as client:
        yield client


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_token_finds_or_makes_its_user(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get("/me", headers=bearing(KEYS.issue(TENANT))) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    [user] = await cm.User.all()
    assert {answer.json()["id"] for answer in answers} == {str(user.id)}
    assert (user.auth0_id, user.email, user.name) == ("auth0|ada", "ada@example.com", "Ada")
    renamed = KEYS.issue(TENANT, **{f"{CLAIMS}name": "Ada Lovelace"})
    assert (await client.get("/me", headers=bearing(renamed))).json()["name"] == "Ada Lovelace"


async def test_nothing_of_a_password_is_stored(db: cm.Database) -> None:
    columns = await db.client.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = 'users'")
    assert not [row["column_name"] for row in columns if "pass" in row["column_name"] or "hash" in row["column_name"]]


def unsigned() -> str:
    return jwt.encode(jwt.decode(KEYS.issue(TENANT), options={"verify_signature": False}), None, algorithm="none")


def without_algorithm() -> str:
    """As `alg: none`, but with the key's id, so that the key is found."""
    head = encoded(b'{"alg":"none","typ":"JWT","kid":"2026-03"}')
    return f"{head}.{KEYS.issue(TENANT).split('.')[1]}."


def by_the_public_key() -> str:
    """Signed with what everybody knows, in an algorithm that takes it for a secret; PyJWT itself refuses to."""
    public = KEYS.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = encoded(b'{"alg":"HS256","typ":"JWT","kid":"2026-03"}')
    signed = f"{head}.{KEYS.issue(TENANT).split('.')[1]}"
    return f"{signed}.{encoded(hmac.digest(public, signed.encode(), 'sha256'))}"


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def changed() -> str:
    head, claims, signature = KEYS.issue(TENANT).split(".")
    other = KEYS.issue(TENANT, sub="auth0|eve").split(".")[1]
    assert claims != other
    return f"{head}.{other}.{signature}"


TOKENS: dict[str, Any] = {
    "expired": lambda: KEYS.issue(TENANT, exp=int(time.time()) - 1),
    "not yet issued": lambda: KEYS.issue(TENANT, iat=int(time.time()) + 3600),
    "wrong audience": lambda: KEYS.issue(TENANT, aud="https://other.example"),
    "no audience": lambda: KEYS.issue(TENANT, aud=None),
    "wrong issuer": lambda: KEYS.issue(TENANT, iss="https://other.eu.auth0.com/"),
    "no expiry": lambda: KEYS.issue(TENANT, exp=None),
    "no subject": lambda: KEYS.issue(TENANT, sub=None),
    "no email": lambda: KEYS.issue(TENANT, **{f"{CLAIMS}email": None}),
    "another's key": lambda: KeyPair().issue(TENANT),
    "unknown key": lambda: KeyPair("2020-01").issue(TENANT),
    "unsigned": unsigned,
    "alg none": without_algorithm,
    "signed with the public key": by_the_public_key,
    "changed": changed,
    "nonsense": lambda: "nonsense",
    "empty parts": lambda: "..",
}


@pytest.mark.parametrize("kind", TOKENS)
async def test_any_other_token_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.get("/me", headers=bearing(TOKENS[kind]()))
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["detail"].startswith("The token ")
    assert await cm.User.all().count() == 0


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer"}])
async def test_who_shows_no_token_is_asked_for_one(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/me", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_another_s_address_is_not_taken_over(client: httpx.AsyncClient) -> None:
    await factories.user(email="ADA@example.com")
    answer = await client.get("/me", headers=bearing(KEYS.issue(TENANT)))
    assert (answer.status_code, "ada" in answer.text.lower()) == (409, False)


async def test_keys_that_cannot_be_fetched_are_no_fault_of_the_token(url: str) -> None:
    away = Tenant("characters.eu.auth0.com", TENANT.audience, jwt.PyJWKClient("http://127.0.0.1:9/jwks.json"))
    async with over_asgi(make_app(away, settings(url))) as client:
        answer = await client.get("/me", headers=bearing(KEYS.issue(TENANT)))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_the_recipe_shows_what_it_says(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    await main()
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "Ada logs in Ada, new, auth0|ada",
        "again, with a new name Ada Lovelace, known, auth0|ada",
        "with a token of yesterday 401, The token is not valid",
        "with a token for another API 401, The token is not valid",
        "with a token of another tenant 401, The token is not valid",
    ]
