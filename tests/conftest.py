"""A server a worker, or DATABASE_URL's for all; a template database with the schema a worker; a clone of it a test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest

import charmodels as cm
from tests import servers

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")

SETTINGS = {name.upper() for name in cm.Settings.model_fields}


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with servers.careless_server() as url:
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a database with the schema and no rows."""

    async def make() -> str:
        url = await servers.create(server_url)
        await cm.migrations.upgrade(url)
        return url

    url = asyncio.run(make())
    yield urlsplit(url).path[1:]
    asyncio.run(servers.drop(server_url, url))


@pytest.fixture(autouse=True)
def _clean_environment(server_url_if_needed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's, no .env, reaches a test."""
    for name in os.environ:
        if name.upper() in SETTINGS or name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server_url_if_needed(request: pytest.FixtureRequest) -> None:
    """Read DATABASE_URL before it is scrubbed, in tests that use a server at all."""
    if {"server_url", "template", "url", "db", "empty_url"} & set(request.fixturenames):
        request.getfixturevalue("server_url")


@pytest.fixture
async def url(server_url: str, template: str) -> AsyncIterator[str]:
    """The URL of a database with the schema, the test's own."""
    made = await servers.create(server_url, template=template)
    yield made
    await servers.drop(server_url, made)


@pytest.fixture
async def empty_url(server_url: str) -> AsyncIterator[str]:
    """The URL of a database with nothing in it, the test's own."""
    made = await servers.create(server_url)
    yield made
    await servers.drop(server_url, made)


@pytest.fixture
async def db(url: str) -> AsyncIterator[cm.Database]:
    """An open database with the schema, the test's own."""
    async with cm.connect(cm.Settings(database_url=url, app_env="test")) as database:
        yield database
