"""Databases to test on: on the server that DATABASE_URL names, or on an embedded one."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg

import charmodels as cm

T = TypeVar("T")

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made in it
"""Where Linux keeps files in memory."""

ROOM = 2 * 1024**3
"""Bytes that must be free there; a run needs a tenth of that."""

PREFIX = "charmodels_test_"
"""How the names of all databases begin that are made here."""

_process = secrets.token_hex(3)  # two machines may test on one server
_numbers = itertools.count(1)


@contextmanager
def server(url: str | None = None) -> Iterator[str]:
    """Give a server for the length of a block.

    Arguments:
        url: of a database on a server that runs already; None for DATABASE_URL's or, without that, an embedded one.

    Yields:
        The URL of a database on a server where others can be made.

    Raises:
        ConfigurationError: the extra `embedded` is missing, or the server did not start.

    Example:
        >>> def main() -> None:
        ...     with server() as url:
        ...         print(url)
    """
    given = url or os.environ.get("DATABASE_URL")
    if given:
        yield given
    else:
        with cm.embedded.postgres() as made:
            yield made


@contextmanager
def careless_server(url: str | None = None) -> Iterator[str]:
    """As `server`, but an embedded one keeps its files in memory where it can, and waits for no disk.

    Each test clones a database of 370 files and drops it again: on a disk that takes half a second, in memory 30 ms.

    Arguments:
        url: of a database on a server that runs already; None for DATABASE_URL's or, without that, an embedded one.

    Yields:
        The URL of a database on a server where others can be made.

    Raises:
        ConfigurationError: the extra `embedded` is missing, or the server did not start.
    """
    given = url or os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    with (
        tempfile.TemporaryDirectory(prefix="charmodels-", dir=MEMORY if in_memory else None) as folder,
        cm.embedded.postgres(folder) as made,
    ):
        run(do_not_wait_for_disks(made))
        yield made


async def do_not_wait_for_disks(url: str) -> None:
    """Let a server lose everything when the machine stops; it is faster by that.

    Arguments:
        url: of a database on it.
    """
    for setting in ("fsync = off", "full_page_writes = off", "max_wal_size = '256MB'"):
        await execute(url, f"ALTER SYSTEM SET {setting}")
    await execute(url, "SELECT pg_reload_conf()")


@contextmanager
def new_folder() -> Iterator[Path]:
    """Make a folder for a server.

    Not one of pytest's: each run of pytest closes the folder above them to other users, also while another run is under
    way, and for root a server is another user. Nor would a long name fit the address of a Unix socket.

    Yields:
        The folder, which is removed at the end.
    """
    with tempfile.TemporaryDirectory(prefix="charmodels-") as folder:
        yield Path(folder).resolve()


def run(work: Coroutine[None, None, T]) -> T:
    """Run a coroutine to its end from code that is not async, also where an event loop is running already.

    Arguments:
        work: the coroutine.

    Returns:
        What it returns.

    Example:
        >>> async def three() -> int:
        ...     return 3
        >>> run(three())
        3
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def with_database(url: str, name: str) -> str:
    """Give the URL of another database on the same server.

    Arguments:
        url: of one database.
        name: of the other.

    Returns:
        The other's URL.

    Example:
        >>> with_database("postgresql://app@/one?host=/tmp", "two")
        'postgresql://app@/two?host=/tmp'
    """
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


def new_name() -> str:
    """Make up a name for a database, which no other process makes up."""
    return f"{PREFIX}{os.getpid()}_{_process}_{next(_numbers)}"


async def execute(url: str, statement: str) -> None:
    """Run a statement outside of any pool and transaction.

    Arguments:
        url: the database's.
        statement: SQL, without parameters.
    """
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def create(server_url: str, *, template: str = "template0") -> str:
    """Make a database.

    Arguments:
        server_url: of any database on the server.
        template: the name of the database to copy; nobody may be connected to it.

    Returns:
        The URL of the new one.

    Raises:
        ConfigurationError: the role may not make databases.
    """
    name = new_name()
    try:
        # Copying files is faster than writing so small a database through the log.
        await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    except asyncpg.InsufficientPrivilegeError as error:
        raise cm.ConfigurationError(
            reason="Tests make databases of their own, and the role of DATABASE_URL may not",
            example="ALTER ROLE app CREATEDB",
        ) from error
    return with_database(server_url, name)


async def drop(server_url: str, url: str) -> None:
    """Drop a database, whoever is connected to it.

    Arguments:
        server_url: of another database on the server.
        url: of the one to drop.
    """
    await execute(server_url, f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')
