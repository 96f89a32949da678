"""Testing your app, as a recipe: these are tests, and run as they stand, with the fixtures of `charmodels.testing`.

Run it with `python -m examples.testing_your_app`, or with `pytest examples/testing_your_app.py`. Each test has a
database of its own, on an embedded PostgreSQL, or on the server that DATABASE_URL names.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import charmodels as cm
from charmodels.testing import factories

pytest_plugins = ["charmodels.testing"]  # in an app this line stands in conftest.py


# The app: what is to be tested.


async def draw(user: cm.User, prompt: str, click: str) -> cm.Generation:
    """Ask for a picture, once for each click of a button."""
    async with cm.transaction(actor=user.id):
        return await cm.Generation.objects.request(user.id, prompt, cm.StyleType.FANTASY, key=click)


# The tests.


async def test_a_picture_is_asked_for_once(charmodels_database: cm.Database) -> None:
    ada = await factories.user()
    first, second = await draw(ada, "a fox", "click 1"), await draw(ada, "a fox", "click 1")
    assert first.id == second.id
    assert (await cm.User.objects.quota(ada.id)).held == 1


async def test_nobody_else_is_in_the_way(charmodels_database: cm.Database) -> None:
    """The rows of the other tests are not here: this database is another one."""
    assert await cm.Generation.objects.count() == 0


async def test_the_quota_ends_and_comes_back(
    charmodels_database: cm.Database, charmodels_clock: cm.clock.FrozenClock
) -> None:
    """Time stands still, and passes when the test says so."""
    ada = await factories.user(subscription_tier=cm.SubscriptionTier.FREE)
    for click in ("1", "2", "3"):
        await draw(ada, "a fox", click)
    with pytest.raises(cm.QuotaExceeded) as raised:
        await draw(ada, "a fox", "4")
    charmodels_clock.move_to(raised.value.resets_at)
    assert (await draw(ada, "a fox", "4")).status == cm.GenerationStatus.PENDING


async def test_races_are_real(charmodels_database: cm.Database) -> None:
    """Each caller has a connection, so what the app does at the same time happens at the same time."""
    ada = await factories.user()
    ends = await asyncio.gather(*(draw(ada, "a fox", str(click)) for click in range(8)), return_exceptions=True)
    assert sum(isinstance(end, cm.Generation) for end in ends) == 3


@pytest.mark.parametrize("style", ["FANTASY", "ANIME"])
async def test_quickly(charmodels_rolled_back: cm.Database, style: str) -> None:
    """What needs no second connection may share a database, and is rolled back."""
    await factories.character(style_type=cm.StyleType(style), tags=["hero"], is_public=True)
    assert await cm.Character.objects.public().tagged(["hero"]).count() == 1


async def test_a_worker(charmodels_database: cm.Database) -> None:
    """A worker is an object like any other: here it makes one picture, and stops."""
    ada = await factories.user()
    asked = await draw(ada, "a fox", "click 1")

    async def handler(job: cm.Job) -> cm.Picture:
        worker.stop()
        return cm.Picture(image_url="https://images.example/1.png")

    worker = cm.Worker(handler, poll=timedelta(seconds=0.5))
    await worker.run()
    await asked.refresh_from_db()
    assert asked.status == cm.GenerationStatus.COMPLETED


if __name__ == "__main__":
    options = ["-v", "--no-header", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(Path(__file__).parent)]
    loops = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", *options, *loops, __file__]))  # noqa: S603 - nothing of it is given
