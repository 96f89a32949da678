"""The ways to get a page of the gallery, and one character, that are compared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.queryset import QuerySet as TortoiseQuerySet

import charmodels as cm

PAGE = 20
"""Rows on a page."""

BASELINE = "asyncpg, pool.acquire()"
"""Whom the others are compared with: a plain asyncpg pool as its manual shows it, which gives records."""

OURS = "charmodels"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work.

    Arguments:
        name: for the table.
        page: gives the newest rows of the public gallery.
        get: gives one row by its key.
        id_of: gives the key of what these two give.
    """

    name: str
    page: Callable[[], Awaitable[Iterable[Any]]]
    get: Callable[[UUID], Awaitable[Any]]
    id_of: Callable[[Any], UUID]


@asynccontextmanager
async def charmodels(settings: cm.Settings) -> AsyncIterator[Contender]:
    """Models through charmodels."""

    async def page() -> list[cm.Character]:
        return await cm.Character.objects.public().newest().limit(PAGE)

    async def get(key: UUID) -> cm.Character:
        return await cm.Character.get(id=key)

    async with cm.connect(settings):
        yield Contender(OURS, page, get, attrgetter("id"))


@asynccontextmanager
async def plain(settings: cm.Settings) -> AsyncIterator[list[Contender]]:
    """Records out of an asyncpg pool with asyncpg's defaults, by the very statements that charmodels sends."""
    page_statement = cm.Character.objects.public().newest().limit(PAGE).sql()
    get_statement = cm.Character.get(id=UUID(int=0)).sql()
    arguments = settings.connect_arguments()
    del arguments["command_timeout"], arguments["statement_cache_size"], arguments["timeout"]
    size = settings.pool_max
    async with asyncpg.create_pool(**arguments, min_size=size, max_size=size) as pool:

        async def acquired_page() -> list[Any]:
            async with pool.acquire() as connection:
                return await connection.fetch(page_statement, PAGE)

        async def acquired_get(key: UUID) -> Any:
            async with pool.acquire() as connection:
                return await connection.fetchrow(get_statement, key, 2)

        async def page() -> list[Any]:
            return await pool.fetch(page_statement, PAGE)

        async def get(key: UUID) -> Any:
            return await pool.fetchrow(get_statement, key, 2)

        yield [
            Contender(BASELINE, acquired_page, acquired_get, itemgetter("id")),
            Contender("asyncpg, pool.fetch()", page, get, itemgetter("id")),
        ]


@asynccontextmanager
async def tortoise(settings: cm.Settings) -> AsyncIterator[Contender]:
    """The same model through Tortoise's own queryset and backend."""
    arguments = settings.connect_arguments()
    size = settings.pool_max
    client = AsyncpgDBClient(
        **{**arguments, "host": (arguments["host"] or [None])[0], "port": (arguments["port"] or [5432])[0]},
        minsize=size,
        maxsize=size,
        connection_name="tortoise",
    )
    await client.create_connection(with_db=True)
    shown = {"is_public": True, "generation_status": cm.GenerationStatus.COMPLETED}

    def query() -> TortoiseQuerySet[cm.Character]:
        return TortoiseQuerySet(cm.Character).using_db(client)

    async def page() -> list[cm.Character]:
        return await query().filter(**shown).order_by("-created_at", "-id").limit(PAGE)

    async def get(key: UUID) -> cm.Character:
        return await query().get(id=key)

    try:
        yield Contender("Tortoise's own", page, get, attrgetter("id"))
    finally:
        await client.close()
