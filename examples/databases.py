"""Databases for the examples: made when one begins, gone when it ends."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

import charmodels as cm


@asynccontextmanager
async def own_database() -> AsyncIterator[cm.Settings]:
    """Settings for an empty database that lives as long as the block."""
    with server() as settings:
        name = f"charmodels_example_{secrets.token_hex(4)}"
        await execute(settings, f'CREATE DATABASE "{name}"')
        try:
            if settings.database_url is None:
                yield settings.replace(db_name=name)
            else:
                parts = urlsplit(settings.database_url.get_secret_value())
                yield settings.replace(database_url=urlunsplit(parts._replace(path=f"/{name}")))
        finally:
            await execute(settings, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def server() -> Iterator[cm.Settings]:
    """The server that the environment names, or an embedded one."""
    settings = cm.Settings()
    if settings.database_url is not None or settings.db_host is not None:
        yield settings
        return
    with cm.embedded.postgres() as url:
        yield cm.Settings(database_url=url)


async def execute(settings: cm.Settings, statement: str) -> None:
    connection = await asyncpg.connect(**settings.connect_arguments())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
