"""The pytest plugin, in a small project of a user's."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import charmodels as cm
from charmodels import testing
from tests import servers
from tests.proxy import session

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tests" / "apps" / "guild"
OPTIONS = """[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
pythonpath = .
"""
ROLE = "charmodels_tester"

pytestmark = pytest.mark.xdist_group("testing")  # the role is the server's


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__*"))
    (folder / "pytest.ini").write_text(OPTIONS)
    return folder


@pytest.fixture
async def tester_url(server_url: str) -> AsyncIterator[str]:
    """The URL of a plain role that may make databases."""
    await servers.execute(server_url, f"CREATE ROLE {ROLE} LOGIN CREATEDB")
    parts = urlsplit(server_url)
    yield parts._replace(netloc=f"{ROLE}@{parts.netloc.rpartition('@')[2]}").geturl()
    await servers.execute(server_url, f"DROP ROLE {ROLE}")  # refused while the role has a database


async def test_a_project_of_a_user_under_xdist(project: Path, tester_url: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "DATABASE_URL": tester_url},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout
    async with session(tester_url) as connection:
        left = await connection.fetch("SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = $1", ROLE)
    assert left == []


async def test_a_role_that_may_not_make_databases(server_url: str, tester_url: str) -> None:
    await servers.execute(server_url, f"ALTER ROLE {ROLE} NOCREATEDB")
    with pytest.raises(cm.ConfigurationError, match="the role of DATABASE_URL may not"):
        await servers.create(tester_url)


def test_production_is_refused(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "Production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@production/shop")
    with pytest.raises(pytest.UsageError, match="APP_ENV is production"):
        testing.pytest_configure(pytestconfig)


@pytest.mark.parametrize(
    "url", ["postgresql:///one", "postgresql://app@/one?host=/tmp/a", "postgresql://app:s@db:5/one"]
)
def test_the_url_of_another_database(url: str) -> None:
    assert servers.with_database(url, "two") == url.replace("/one", "/two")
