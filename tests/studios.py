"""Studio as a browser talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from charmodels.studio.access import Access

API = "/admin/api"

needs_fastadmin = pytest.mark.usefixtures("fastadmin")
"""Skips a test where Studio cannot run."""


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
