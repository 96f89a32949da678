"""Trouble between a test and its server: a session that ends others, and a network that hangs or breaks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self
from urllib.parse import quote

import asyncpg

import charmodels as cm


def settings(url: str, **changes: Any) -> cm.Settings:
    """Settings for a test: no retries, so that what fails fails at once."""
    return cm.Settings(**{"database_url": url, "app_env": "test", "db_connect_retries": 0, **changes})


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event announces."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def session(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of nobody's pool."""
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        yield connection
    finally:
        await connection.close()


async def terminate(url: str, *pids: int) -> None:
    """End other sessions of the database, all of them or those given, and wait until they are gone."""
    async with session(url) as connection:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND (cardinality($1::int[]) = 0 OR pid = ANY($1))",
            list(pids),
        )


async def sessions(url: str) -> int:
    """How many other sessions the database has."""
    async with session(url) as connection:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    return found


class Proxy:
    """A TCP port that leads to the server of a URL.

    The port is taken at once; until `start`, it refuses connections as a server does that is not up.
    """

    def __init__(self, url: str) -> None:
        self._address = cm.Settings(database_url=url).address
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self.accepted = 0

    @property
    def url(self) -> str:
        user, password = (quote(part or "", safe="") for part in (self._address.user, self._address.password))
        port = self._socket.getsockname()[1]
        return f"postgresql://{user}{f':{password}' if password else ''}@127.0.0.1:{port}/{self._address.database}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._socket)

    def hang(self) -> None:
        """Forward nothing from now on, in connections old and new."""
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        """Break every connection; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """In the block every connection is broken, old ones and new ones."""
        self._refusing = True
        self.cut()
        try:
            yield
        finally:
            self._refusing = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self.resume()
        if self._server is not None:
            self._server.close()
            await until(lambda: not self._writers)
        self._socket.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._refusing:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            upstream_reader, upstream_writer = await self._connect()
            self._writers.add(upstream_writer)
            try:
                await asyncio.gather(self._pump(reader, upstream_writer), self._pump(upstream_reader, writer))
            finally:
                upstream_writer.transport.abort()
                self._writers.discard(upstream_writer)
        except OSError:
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = self._address.hosts[0] if self._address.hosts else "localhost"
        port = self._address.ports[0] if self._address.ports else 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
