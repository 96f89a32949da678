"""Putting one tag in the place of others, on every row and among the aliases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from charmodels import limits
from charmodels.backend.client import Client
from charmodels.backend.transaction import TransactionClient
from charmodels.errors import InvalidInput, SerializationFailure, StatementTimeout
from charmodels.sql.binding import bind

if TYPE_CHECKING:
    import asyncpg

Progress: TypeAlias = Callable[[int], None]
"""Called now and then with how many rows are changed so far."""

TABLES = ("characters", "character_templates", "generations")
"""Those with tags. A generation's are those of its character to be."""

PAUSE = 0.05
"""Seconds between two looks whether a transaction is over."""

ATTEMPTS = 10
"""How often a batch is tried that loses against others."""

_LOCK = "LOCK TABLE tag_aliases IN SHARE ROW EXCLUSIVE MODE"


async def retag(
    client: Client,
    olds: Sequence[str],
    into: str,
    *,
    keep: bool,
    batch: int = 1000,
    progress: Progress | None = None,
) -> int:
    """Put a tag in the place of others.

    Arguments:
        client: of the open database, or the transaction to do it all in.
        olds: normalised, each another tag than `into`.
        into: normalised; an alias stands for its tag.
        keep: make the old ones aliases.
        batch: rows to change in one transaction, at most.
        progress: called after every batch.

    Returns:
        How many rows changed.

    Raises:
        InvalidInput: an old tag is the new one, or the batch is not positive.
    """
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
        raise InvalidInput(field="batch", reason="must be a whole number of at least 1")
    if into in olds:
        raise InvalidInput(field="new", reason="must be another tag than the old one")
    async with client._in_transaction() as tx:
        await tx.fetch(_LOCK)
        target = await _resolve(tx, into)
        if target in olds:  # it was an alias of what goes now: it takes its place
            target = into
            await tx.fetch("DELETE FROM tag_aliases WHERE alias = $1", [into])
        await point(tx, olds, target, keep=keep)
    return await replace(client, olds, target, wait=keep, batch=batch, progress=progress)


async def point(tx: Client, olds: Sequence[str], target: str, *, keep: bool) -> None:
    """Let the aliases of tags be aliases of another, and the tags themselves, if they are kept.

    Arguments:
        tx: a transaction that has the lock on the aliases.
        olds: the tags.
        target: the other, no alias.
        keep: make the tags aliases.
    """
    await tx.fetch("UPDATE tag_aliases SET tag = $2 WHERE tag = ANY ($1::text[])", [list(olds), target])
    if keep:
        await tx.fetch(
            "INSERT INTO tag_aliases (alias, tag) SELECT old, $2 FROM unnest($1::text[]) AS old "
            "ON CONFLICT (alias) DO UPDATE SET tag = excluded.tag WHERE tag_aliases.tag <> excluded.tag",
            [list(olds), target],
        )


async def _resolve(tx: Client, tag: str) -> str:
    [row] = await tx.fetch("SELECT charmodels_canonical_tags(ARRAY[$1::text]) AS tags", [tag])
    found: str = row["tags"][0]
    return found


async def make_alias(client: Client, name: str, tag: str, *, progress: Progress | None) -> None:
    """Make a tag an alias of another, and rename the rows that have it.

    Arguments:
        client: of the open database, or the transaction to do it all in.
        name: the alias, normalised.
        tag: what it stands for, normalised; an alias stands for its own tag.
        progress: called after every batch.

    Raises:
        InvalidInput: it would stand for itself.
    """
    async with client._in_transaction() as tx:
        await tx.fetch(_LOCK)
        target = await _resolve(tx, tag)
        if target == name:
            raise InvalidInput(field="alias", reason="would stand for itself")
        await point(tx, [name], target, keep=True)
    await replace(client, [name], target, wait=True, progress=progress)


async def replace(
    client: Client,
    olds: Sequence[str],
    into: str,
    *,
    wait: bool,
    batch: int = 1000,
    progress: Progress | None = None,
) -> int:
    """Change every row that has one of the old tags, a batch at a time.

    Arguments:
        client: of the open database, or the transaction to do it all in.
        olds: normalised.
        into: what takes their place.
        wait: first let the transactions end that may not know the aliases.
        batch: rows to change in one transaction, at most.
        progress: called after every batch.

    Returns:
        How many rows changed.
    """
    if wait and not isinstance(client, TransactionClient):
        await _let_writers_end(client)
    total = 0
    for table in TABLES:
        after: UUID | None = UUID(int=0)
        while after is not None:
            asked = {"olds": list(olds), "into": into, "after": after, "walk": limits.RENAMED_WALK, "batch": batch}
            row = await _run(client, *bind("retag", asked, parts={"table": table}))
            if row["changed"]:
                total += row["changed"]
                if progress is not None:
                    progress(total)
            after = row["reached"]
    return total


async def _run(client: Client, sql: str, values: list[Any]) -> asyncpg.Record:
    """Change one batch; again after a deadlock with somebody who changes several of its rows."""
    for attempt in range(ATTEMPTS):
        try:
            [row] = await client.fetch(sql, values)
        except SerializationFailure:
            if isinstance(client, TransactionClient) or attempt == ATTEMPTS - 1:
                raise
        else:
            return row
    raise AssertionError("the last attempt returns or raises")


async def _let_writers_end(client: Client) -> None:
    """Wait for the transactions that wrote rows with tags before the aliases were there. Their rows cannot be seen yet.

    As CREATE INDEX CONCURRENTLY waits. A lock on the tables would be simpler, but whoever writes would queue behind it.

    Raises:
        StatementTimeout: one did not end for as long as a statement may take.
    """
    given: list[str] | None = None
    limit = client.command_timeout
    try:
        async with asyncio.timeout(limit):
            while True:
                [row] = await client.fetch(*bind("writers", {"given": given}))
                given = row["writers"]
                if not given:
                    return
                await asyncio.sleep(PAUSE)
    except TimeoutError as error:
        raise StatementTimeout(timeout=limit) from error
