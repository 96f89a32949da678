"""Log-in with Auth0, as a recipe: a token is verified, and its user found or made. Passwords stay with Auth0.

In production AUTH0_DOMAIN and AUTH0_AUDIENCE say whose tokens count, and the app is served by

    uvicorn --factory examples.auth0:from_environment

`python -m examples.auth0` plays both parts, with a key pair of its own for Auth0's, on an embedded PostgreSQL or the
server that DATABASE_URL names. It needs `pip install 'charmodels[fastapi,apps,embedded]'`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/auth0.py` runs as well

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt.algorithms import RSAAlgorithm

import charmodels as cm
from charmodels.contrib.fastapi import acting, install, problem_responses
from examples.databases import own_database

CLAIMS = "https://characters.example/"
"""Before what an Action of the tenant adds to access tokens: Auth0 has no email in them, and wants a namespace."""

bearer = HTTPBearer(auto_error=False, bearerFormat="JWT")


class Tenant:
    """Verifies the access tokens that one Auth0 tenant issues for one API."""

    def __init__(self, domain: str, audience: str, keys: jwt.PyJWKClient | None = None) -> None:
        self.issuer = f"https://{domain}/"
        self.audience = audience
        self.keys = keys or jwt.PyJWKClient(f"{self.issuer}.well-known/jwks.json", cache_keys=True)

    async def claims(self, token: str) -> dict[str, Any]:
        """What the token says, once it is known who says so; else a 401."""
        try:
            key = await asyncio.to_thread(self.keys.get_signing_key_from_jwt, token)  # fetches keys now and then
            return jwt.decode(
                token,
                key,
                algorithms=["RS256"],  # never what the token itself asks for
                issuer=self.issuer,
                audience=self.audience,
                options={"require": ["exp", "iat", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise HTTPException(503, "The keys of the log-in cannot be fetched", {"Retry-After": "5"}) from error
        except jwt.PyJWTError as error:
            raise unauthorized("The token is not valid", "invalid_token") from error


def unauthorized(detail: str, error: str | None = None) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": f'Bearer error="{error}"' if error else "Bearer"})


async def log_in(tenant: Tenant, token: str) -> tuple[cm.User, bool]:
    """The user of a token, and whether they are new here."""
    claims = await tenant.claims(token)
    email = claims.get(f"{CLAIMS}email")
    if not email:
        raise unauthorized("The token names no email address", "invalid_token")
    return await cm.User.objects.sync_auth0(claims["sub"], email, claims.get(f"{CLAIMS}name"))


def make_app(tenant: Tenant, settings: cm.Settings | str | None = None) -> FastAPI:
    app = FastAPI(title="Log-in", lifespan=cm.lifespan(settings))
    install(app)

    async def who(given: HTTPAuthorizationCredentials | None = Depends(bearer)) -> cm.User:  # noqa: B008
        if given is None:
            raise unauthorized("Log in first")
        user, _ = await log_in(tenant, given.credentials)
        return user

    @app.get("/me", response_model=cm.UserPrivate, responses=problem_responses(401, 409))
    async def me(user: cm.User = Depends(acting(who))) -> Any:  # noqa: B008
        return user

    return app


def from_environment() -> FastAPI:
    return make_app(Tenant(os.environ["AUTH0_DOMAIN"], os.environ["AUTH0_AUDIENCE"]))


class KeyPair(jwt.PyJWKClient):
    """A tenant's part: signs tokens, and gives out the public key without a network."""

    def __init__(self, kid: str = "2026-03") -> None:
        super().__init__("http://localhost/jwks.json")
        self.kid = kid
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def fetch_data(self) -> Any:
        """Give the keys as the tenant's address would."""
        public: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def issue(self, tenant: Tenant, **changes: Any) -> str:
        """Sign an access token for Ada, with these claims changed."""
        now = int(time.time())
        claims = {
            "iss": tenant.issuer,
            "aud": tenant.audience,
            "sub": "auth0|ada",
            "iat": now,
            "exp": now + 3600,
            f"{CLAIMS}email": "ada@example.com",
            f"{CLAIMS}name": "Ada",
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.private, algorithm="RS256", headers={"kid": self.kid})


async def main() -> None:
    keys = KeyPair()
    tenant = Tenant("characters.eu.auth0.com", "https://api.characters.example", keys)
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            for what, changes in (
                ("Ada logs in", {}),
                ("again, with a new name", {f"{CLAIMS}name": "Ada Lovelace"}),
                ("with a token of yesterday", {"exp": int(time.time()) - 86400}),
                ("with a token for another API", {"aud": "https://other.example"}),
                ("with a token of another tenant", {"iss": "https://other.eu.auth0.com/"}),
            ):
                try:
                    user, is_new = await log_in(tenant, keys.issue(tenant, **changes))
                except HTTPException as error:
                    print(f"  {what:<32} {error.status_code}, {error.detail}")
                else:
                    print(f"  {what:<32} {user.name}, {'new' if is_new else 'known'}, {user.auth0_id}")


if __name__ == "__main__":
    asyncio.run(main())
