"""`charmodels check` on the queue."""

from __future__ import annotations

import pytest

import charmodels as cm
from tests.gallery_counts import execute
from tests.integration.test_cli import run
from tests.integration.test_cli_quota import checks
from tests.queues import PICTURE, claim, request, user


@pytest.fixture
async def queue(db: cm.Database) -> cm.User:
    """One that waits, one under way, one finished."""
    owner = await user()
    for _ in range(3):
        await request(owner)
    done, _ = await claim(2)
    await done.complete(PICTURE)
    return owner


@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ("SELECT", ("ok", "2 open generations compared")),
        (
            "DELETE FROM generation_jobs WHERE attempt_token IS NULL",
            ("failed", "Of 2 open generations, 1 have no job and 0 a wrong one; 1 job or hold too many."),
        ),
        (
            "UPDATE generation_jobs SET attempt_token = NULL, lease_expires_at = NULL",
            ("failed", "Of 2 open generations, 0 have no job and 1 a wrong one; 0 jobs and holds too many."),
        ),
        (
            "UPDATE generation_jobs SET hold_id = NULL WHERE attempt_token IS NULL",
            ("failed", "Of 2 open generations, 0 have no job and 1 a wrong one; 1 job or hold too many."),
        ),
        (
            "UPDATE generations SET status = 'CANCELLED' WHERE status = 'PENDING'",
            ("failed", "Of 1 open generation, 0 have no job and 0 a wrong one; 1 job or hold too many."),
        ),
    ],
)
async def test_the_queue_is_compared(
    url: str, db: cm.Database, queue: cm.User, statement: str, result: tuple[str, str]
) -> None:
    await execute(db, statement)
    done = run("check", "--json", url=url)
    assert checks(done.stdout)["queue"] == result
    assert done.returncode == (0 if result[0] == "ok" else 1)
