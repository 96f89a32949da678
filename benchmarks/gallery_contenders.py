"""What a task of the gallery is compared with: the same statements by hand, the obvious one, and the old layer's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

import charmodels as cm
from charmodels.querysets.gallery_reader import PUBLIC

OURS = "charmodels"
BY_HAND = "by hand"
OBVIOUS = "obvious"

PAGE = 20
"""Rows on a page."""

Statement = tuple[str, Sequence[Any]]
"""SQL and its values."""

Ask = Callable[[int], Awaitable[Any]]
"""Makes the request with this number."""


@dataclass(frozen=True, slots=True)
class Old:
    """How the old layer answered, ported from Prisma to asyncpg.

    Arguments:
        statements: sent one after another; `{table}` stands for the copy of the characters.
        tallies: whether the last one gives tags of rows, which were counted in the app.
    """

    statements: Sequence[Statement]
    tallies: bool = False

    def on(self, table: str, connection: Connection) -> Ask:
        """Make the request.

        Arguments:
            table: the copy to ask.
            connection: to send it on.
        """
        statements = [(sql.format(table=table), values) for sql, values in self.statements]

        async def ask(number: int) -> Any:
            answers = [await connection.fetch(sql, *values) for sql, values in statements]
            if self.tallies:
                return Counter(tag for row in answers[-1] for tag in row["tags"]).most_common(20)
            return answers

        return ask


Connection = Any
"""An asyncpg connection, out of a pool or not."""


def old_page(where: str, *values: Any, skip: int = 0) -> Old:
    """Give the rows of one page by OFFSET, and the number of all, as a page with numbers below it needs."""
    return Old(
        [
            (f"SELECT * FROM {{table}} WHERE {where} ORDER BY created_at DESC LIMIT {PAGE} OFFSET {skip}", values),
            (f"SELECT count(*) FROM {{table}} WHERE {where}", values),
        ]
    )


def old_search(text: str) -> Old:
    """Look for a text in name and prompt, or for the tag."""
    where = "is_public AND (name ILIKE $1 OR prompt ILIKE $1 OR tags @> ARRAY[$2::text])"
    return old_page(where, f"%{text}%", text)


def old_stats(where: str, *values: Any) -> Old:
    """Count once for each number, and load the tags of all rows."""
    return Old(
        [
            (f"SELECT count(*) FROM {{table}} WHERE {where}", values),
            (f"SELECT count(*) FROM {{table}} WHERE {where} AND is_public", values),
            (f"SELECT style_type, count(*) FROM {{table}} WHERE {where} GROUP BY 1", values),
            (f"SELECT generation_status, count(*) FROM {{table}} WHERE {where} GROUP BY 1", values),
            (f"SELECT count(*) FROM {{table}} WHERE {where} AND template_id IS NOT NULL", values),
            (f"SELECT tags FROM {{table}} WHERE {where}", values),
        ],
        tallies=True,
    )


def old_facets(where: str, *values: Any) -> Old:
    """Group by style, and load the tags of what is found."""
    return Old(
        [
            (f"SELECT style_type, count(*) FROM {{table}} WHERE {where} GROUP BY 1", values),
            (f"SELECT tags FROM {{table}} WHERE {where}", values),
        ],
        tallies=True,
    )


def old_tags() -> Old:
    """Load the tags of the whole gallery."""
    return Old([("SELECT tags FROM {table} WHERE is_public", ())], tallies=True)


def obvious_page(where: str, *values: Any, order: str = "e.created_at DESC, e.character_id DESC") -> list[Statement]:
    """Give a page as one writes it by hand on these tables: the index is the planner's choice."""
    found = f"SELECT e.character_id FROM gallery_entries AS e WHERE {where} ORDER BY {order} LIMIT {PAGE + 1}"
    page = f"SELECT * FROM characters WHERE id IN ({found}) ORDER BY created_at DESC, id DESC"
    return [(page, values)]


def obvious_facets(where: str, *values: Any) -> list[Statement]:
    """Count styles and tags of what is found, one after the other."""
    return [
        (f"SELECT style_type, count(*) FROM gallery_entries AS e WHERE {where} GROUP BY 1", values),
        (
            f"SELECT tag, count(*) FROM gallery_entries AS e, unnest(e.tags) AS tag WHERE {where} "
            "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
            values,
        ),
    ]


def obvious_stats(where: str, *values: Any) -> list[Statement]:
    """Count everything in one pass, and the tags in another."""
    return [
        (
            f"SELECT style_type, generation_status, count(*), count(*) FILTER (WHERE {PUBLIC}) AS public, "
            f"count(template_id) FROM characters WHERE {where} GROUP BY 1, 2",
            values,
        ),
        (
            f"SELECT tag, count(*) FROM characters, unnest(tags) AS tag WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1 "
            "LIMIT 20",
            values,
        ),
    ]


@contextmanager
def noted(connection: Connection) -> Iterator[list[Statement]]:
    """Note what is sent on a connection.

    Arguments:
        connection: of asyncpg's.

    Yields:
        The statements so far.
    """
    sent: list[Statement] = []

    def note(query: Any) -> None:
        sent.append((query.query, tuple(query.args)))

    connection.add_query_logger(note)
    try:
        yield sent
    finally:
        connection.remove_query_logger(note)


async def statements_of(database: cm.Database, ask: Ask, variants: int) -> list[list[Statement]]:
    """Find out what charmodels sends for a task.

    Arguments:
        database: open, with one connection.
        ask: the task.
        variants: how many different requests it makes.

    Returns:
        By variant, the statements and their values.
    """
    async with database.acquire() as borrowed:
        connection: Connection = borrowed._con  # type: ignore[attr-defined]
    await ask(0)  # the key of the cursors is asked for once
    found = []
    for number in range(variants):
        with noted(connection) as sent:
            await ask(number)
            await asyncio.sleep(0)  # asyncpg tells its loggers in the loop's next turn
        if not sent:
            raise AssertionError("Nothing was sent on the one connection")
        found.append(list(sent))
    return found


@asynccontextmanager
async def plain_pool(settings: cm.Settings, size: int = 1) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Open a pool with asyncpg's own defaults.

    Arguments:
        settings: of the database.
        size: connections.

    Yields:
        The pool.
    """
    arguments = settings.connect_arguments()
    del arguments["command_timeout"], arguments["statement_cache_size"], arguments["timeout"]
    async with asyncpg.create_pool(**arguments, min_size=size, max_size=size) as pool:
        yield pool


def by_hand(pool: asyncpg.Pool[Any], variants: Sequence[Sequence[Statement]]) -> Ask:
    """Send statements through a plain pool, and take records.

    Arguments:
        pool: of asyncpg's.
        variants: the statements of each request.

    Returns:
        The request.
    """

    async def ask(number: int) -> list[Any]:
        async with pool.acquire() as connection:
            return [await connection.fetch(sql, *values) for sql, values in variants[number % len(variants)]]

    return ask
