"""The fixtures that users of the package get, under shorter names, away from the developer's own settings."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

import charmodels as cm

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
