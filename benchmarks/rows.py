"""A database of the benchmark's own, filled with characters."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import charmodels as cm
from charmodels.clock import utc_now
from charmodels.identifiers import new_id
from tests import servers

T = TypeVar("T")

OWNERS = 50

_COLUMNS = (
    "id",
    "user_id",
    "created_at",
    "updated_at",
    "name",
    "prompt",
    "style_type",
    "image_url",
    "thumbnail_url",
    "metadata",
    "tags",
    "is_public",
    "generation_status",
    "published_at",
)
_WORDS = ("brave", "silent", "amber", "ruined", "gentle", "fallen", "starlit", "iron", "knight", "witch", "pilot")
_TAGS = ("hero", "knight", "night", "portrait", "armour", "forest", "neon", "sea")


def on_a_server(
    make: Callable[[str], AbstractAsyncContextManager[str]], measure: Callable[[str], Coroutine[None, None, T]]
) -> T:
    """Start a server, or use DATABASE_URL's, make a database on it, and measure there.

    Arguments:
        make: gives the database's URL, given the server's, for the length of a block.
        measure: given the database's URL.

    Returns:
        What was measured.
    """

    async def work(server_url: str) -> T:
        async with make(server_url) as url:
            return await measure(url)

    with servers.server() as server_url:
        return asyncio.run(work(server_url))


@asynccontextmanager
async def migrated(server_url: str) -> AsyncIterator[str]:
    """Make a migrated database without rows, and drop it afterwards.

    Arguments:
        server_url: a database on the server; nothing in it is touched.

    Yields:
        Its URL.
    """
    url = await servers.create(server_url)
    try:
        await cm.migrations.upgrade(url)
        yield url
    finally:
        await servers.drop(server_url, url)


@asynccontextmanager
async def database(server_url: str, characters: int) -> AsyncIterator[str]:
    """Make a migrated database with characters, vacuumed and analysed, and drop it afterwards.

    Arguments:
        server_url: a database on the server; nothing in it is touched.
        characters: how many.

    Yields:
        Its URL.
    """
    async with migrated(server_url) as url:
        async with cm.connect(cm.Settings(database_url=url, db_pool_max=1)) as opened:
            owners = [await cm.User.create(email=f"owner{number}@example.com") for number in range(OWNERS)]
            async with opened.acquire() as connection:
                await connection.copy_records_to_table(
                    "characters", records=_records(characters, [owner.id for owner in owners]), columns=_COLUMNS
                )
                await connection.execute("VACUUM (ANALYZE) characters")
        yield url


def _records(count: int, owners: list[UUID]) -> Iterator[tuple[Any, ...]]:
    """Two years of characters, four of five in the public gallery; the same ones each time, but for keys and dates."""
    choose = random.Random(20)
    now = utc_now()
    for number in range(count):
        created_at = now - timedelta(days=730) * (1 - number / count)
        is_public = choose.random() < 0.8
        image = f"https://images.example.com/{number:08}"
        yield (
            new_id(),
            choose.choice(owners),
            created_at,
            created_at,
            f"Character {number}",
            " ".join(choose.choices(_WORDS, k=30)),
            choose.choice(list(cm.StyleType)).value,
            f"{image}.png",
            f"{image}-small.png",
            json.dumps({"seed": choose.randrange(2**31), "steps": 30, "model": "painter-2"}),
            choose.sample(_TAGS, k=3),
            is_public,
            "COMPLETED",
            created_at if is_public else None,
        )
