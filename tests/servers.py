"""Databases for the tests: on the server that DATABASE_URL names, or on an embedded one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

import charmodels as cm

_numbers = itertools.count(1)


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database on a server where others can be made."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
    else:
        with cm.embedded.postgres() as url:
            yield url


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def new_name() -> str:
    return f"charmodels_test_{os.getpid()}_{next(_numbers)}"


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def create(server_url: str, *, template: str = "template0") -> str:
    """Make a database and give its URL."""
    name = new_name()
    # Copying files is faster than writing so small a database through the log.
    await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return with_database(server_url, name)


async def drop(server_url: str, url: str) -> None:
    await execute(server_url, f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')
