"""The demo and the quickstart run as they stand."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

import charmodels as cm

# In one worker: they look for what other examples left on the server.
pytestmark = pytest.mark.xdist_group("examples")

ROOT = Path(__file__).parents[2]


def run(module: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", module],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **values},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


async def left_over(db: cm.Database, before: set[str]) -> set[str]:
    """Databases of examples that were not there before and do not go; those of other tests at the same time go."""
    found: set[str] = set()
    for _ in range(300):
        found = {name for name in await databases(db) - before if name.startswith("charmodels_example_")}
        if not found:
            break
        await asyncio.sleep(0.2)  # the server has no event for it
    return found


async def databases(db: cm.Database) -> set[str]:
    async with db.acquire() as connection:
        return {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}


async def test_the_demo_tells_its_story_and_leaves_nothing(db: cm.Database, url: str) -> None:
    before = await databases(db)
    done = run("examples.demo", DATABASE_URL=url)
    assert (done.returncode, done.stderr) == (0, "")
    for sentence in (
        "Imported 40 characters",
        "a second time adds 0.",
        "39 are public; Momo Kazehaya stays at home.",
        "1 of her quota is held for it",
        "the same generation (True)",
        "PROCESSING: attempt 1, ",
        "COMPLETED: Ser Gallopless has the picture, ['knight', 'funny'] and {'seed': 7}",
        "1 of 3 used, 0 on hold",
        "QuotaExceeded: The quota of 3 a day has 0 left and 1 were asked for",
        "PREMIUM: 47 of 50 left today",
        "The ledger: HOLD 1, COMMIT 1, HOLD 1, COMMIT 1, HOLD 1, COMMIT 1, TIER 0",
        "Numbers that do not agree with it: 0",
        "Conflict: ",
        "InvalidInput: prompt must not be blank",
        "NotFound: ",
        "A bad line: Line 1: style ",
    ):
        assert sentence in done.stdout
    assert await left_over(db, before) == set()
    assert await cm.User.all().count() == 0


async def test_the_demo_drops_its_database_when_it_fails(db: cm.Database, url: str) -> None:
    before = await databases(db)
    done = run("examples.demo", DATABASE_URL=url, APP_ENV="production", DB_SSLMODE="disable")
    assert done.returncode == 1
    assert "APP_ENV is production" in done.stderr
    assert await left_over(db, before) == set()


def test_the_quickstart_brings_its_own_server() -> None:
    done = run("examples.quickstart")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Ser Osric ['hero']\n", "")
