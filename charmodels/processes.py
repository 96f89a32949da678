"""Programs as processes: run for the length of a block, and understood when they fail."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from charmodels.errors import DatabaseError, DatabaseUnavailable

BLOCK = 256 * 1024
"""Bytes that are read from a program at a time."""


@asynccontextmanager
async def running(
    program: str, *arguments: str, env: dict[str, str] | None = None, reads: bool = True, writes: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program for the length of a block, and end it when the block is cut short.

    It has a session of its own, so that an interrupt from the keyboard reaches it only through this process.

    Arguments:
        program: its path.
        arguments: as it is given them.
        env: its environment; None for this process's own, with messages in English.
        reads: it writes no output that is to be read.
        writes: it is written to.

    Yields:
        The process, whose errors are to be read by `said`.
    """
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env={**os.environ, "LC_ALL": "C"} if env is None else env,
        stdin=asyncio.subprocess.PIPE if writes else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL if reads else asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        await stop(process)


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a program that may wait for somebody to read what it writes.

    Arguments:
        process: of `running`.
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    # asyncio takes a process for ended when its pipes are; one that is full must be read to its end for that.
    while process.stdout is not None and await process.stdout.read(BLOCK):
        pass
    await process.wait()


async def said(process: asyncio.subprocess.Process) -> str:
    """Read what a program says of errors, to its end.

    Arguments:
        process: of `running`.

    Returns:
        The text.
    """
    assert process.stderr is not None
    return (await process.stderr.read()).decode(errors="replace")


def raise_if_failed(name: str, process: asyncio.subprocess.Process, text: str) -> None:
    """Raise what a program of PostgreSQL's failed of.

    Arguments:
        name: of the program.
        process: which has ended.
        text: what it said.

    Raises:
        DatabaseUnavailable: it could not connect.
        DatabaseError: it failed otherwise.
    """
    if process.returncode == 0:
        return
    if "connection to server" in text:  # what follows names the server and the role
        raise DatabaseUnavailable(reason=f"{name} could not connect as this process could")
    raise DatabaseError(sqlstate=None, reason=f"{name} failed: {reason(text)}")


def reason(text: str) -> str:
    """Find the first error that a program told of.

    Arguments:
        text: what it said.

    Returns:
        The error, without the program's name and the full stop.

    Example:
        >>> reason("pg_dump: error: query failed: ERROR:  permission denied for table users.")
        'permission denied for table users'
    """
    lines = [line for line in text.splitlines() if "error:" in line] or text.splitlines() or ["it did not say why"]
    return re.sub(r"^.*?error: (query failed: ERROR: +)?", "", lines[0]).strip().rstrip(".")
