"""The fixtures that users of the package get, under shorter names, away from the developer's own settings."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest

import charmodels as cm
from tests import factories

pytest_plugins = ["charmodels.testing"]
collect_ignore_glob = ["apps/*"]  # projects of users, whose tests run on their own

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")

SETTINGS = {name.upper() for name in cm.Settings.model_fields}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's, no .env, reaches a test."""
    for name in os.environ:
        if name.upper() in SETTINGS or name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def server_url(charmodels_server_url: str) -> str:
    return charmodels_server_url


@pytest.fixture(scope="session")
def template(charmodels_template: str) -> str:
    """The name of a database with the schema and no rows."""
    return charmodels_template


@pytest.fixture
def url(charmodels_url: str) -> str:
    """The URL of a database with the schema, the test's own."""
    return charmodels_url


@pytest.fixture
def empty_url(charmodels_empty_url: str) -> str:
    """The URL of a database with nothing in it, the test's own."""
    return charmodels_empty_url


@pytest.fixture
def db(charmodels_database: cm.Database) -> cm.Database:
    """An open database with the schema, the test's own."""
    return charmodels_database


@pytest.fixture
def fastadmin() -> None:
    """Skips the test where Studio cannot run."""
    pytest.importorskip("fastadmin", reason="needs Python 3.12 and the extra studio")


@pytest.fixture
async def read_only(url: str) -> AsyncIterator[cm.Database]:
    """As the command opens the database without --write."""
    settings = cm.Settings(database_url=url, app_env="test")
    async with cm.connect(settings):
        await factories.character(await factories.user(email="ada@example.com", name="Ada"), is_public=True)
    async with cm.connect(settings.replace(db_read_only=True)) as database:
        yield database
