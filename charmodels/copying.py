"""Loading characters in bulk: batches prepared on the side, and written by binary COPY."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import TypeAlias, TypeVar
from uuid import UUID

from charmodels.backend.client import Client

T = TypeVar("T")

COLUMNS = (
    "id",
    "created_at",
    "updated_at",
    "user_id",
    "name",
    "prompt",
    "style_type",
    "tags",
    "image_url",
    "thumbnail_url",
    "metadata",
    "is_public",
    "generation_status",
    "published_at",
)
"""The columns that `copy_characters` fills; the others keep the database's default."""

Row: TypeAlias = tuple[
    UUID,
    datetime,
    datetime,
    UUID,
    str,
    str,
    str,
    list[str],
    str | None,
    str | None,
    str,
    bool,
    str,
    datetime | None,
]
"""One character, in the order of COLUMNS; `metadata` is JSON text."""

Progress: TypeAlias = Callable[[int], None]
"""Called now and then with how much is done so far, on the event loop."""


async def copy_characters(client: Client, rows: list[Row]) -> None:
    """Insert characters by binary COPY, which no statement of the ORM matches for speed.

    The rows must be valid: the models' own checks are not run, only those of the database.

    Arguments:
        client: of the transaction that the rows are to be part of.
        rows: any number; none is fine.

    Raises:
        CharmodelsError: the database refused a row, and with it all of them.
    """
    if rows:
        async with client.connection() as connection:
            await connection.copy_records_to_table("characters", records=rows, columns=COLUMNS)


async def prepared(batches: Iterator[T]) -> AsyncGenerator[T, None]:
    """Run a generator in a thread, one batch ahead: the next is made while the last is written.

    Arguments:
        batches: whatever takes time, by reading or computing.

    Yields:
        What it yields.
    """

    def take() -> list[T]:
        return [batch for batch in (next(batches, None),) if batch is not None]

    ahead = _in_thread(take)
    try:
        while batch := await ahead:
            ahead = _in_thread(take)
            yield batch[0]
    finally:
        ahead.cancel()


def _in_thread(function: Callable[[], T]) -> asyncio.Future[T]:
    """Run a function in a thread of its own.

    It is a daemon, unlike the threads of `asyncio.to_thread`, so a read from a pipe where nothing comes keeps no
    process from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, failure = None, None
        try:
            result = function()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop was closed meanwhile, so nobody waits
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, name="charmodels-prepare", daemon=True).start()
    return future
