"""A gallery of realistic characters, with two trends in it that died, kept between runs where that is wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

import charmodels as cm
from charmodels import population
from tests import servers

SEED = 7

MADE = "A gallery for benchmarks, version 1"
"""The comment on a database that is complete; without it, it is made anew."""

BARE, INDEXED = "old_bare", "old_indexed"
"""Copies of the characters for the old layer's queries: as its set-up left the table, and with good indexes."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Something that characters had for a while.

    Arguments:
        tag: that they had; it stands in front of their others.
        word: that ends their prompts.
        until: the share of all the time after which it was over.
        share: of the characters of that time.
    """

    tag: str
    word: str
    until: float
    share: float


TRAP = Trend("planking", "fidgetspinner", until=0.05, share=0.4)
"""2 % of the rows, all among the oldest 5 %."""

DENSE_TRAP = Trend("dabbing", "vaporwave", until=0.5, share=0.2)
"""10 % of the rows, all in the older half."""

# The trends come in with the rows, so that the table lies on the disk as if they had been there. By the last digits of
# the id, which are random, and by the date, which is not.
_TRENDS = f"""\
CREATE FUNCTION benchmark_trends() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF NEW.created_at < TIMESTAMPTZ '{{trap_end}}'
            AND ('x' || right(NEW.id::text, 4))::bit(16)::int < {TRAP.share * 65536:.0f} THEN
        NEW.tags := ARRAY['{TRAP.tag}'] || NEW.tags[1:9];
        NEW.prompt := NEW.prompt || ', {TRAP.word}';
    END IF;
    IF NEW.created_at < TIMESTAMPTZ '{{dense_end}}'
            AND ('x' || left(right(NEW.id::text, 8), 4))::bit(16)::int < {DENSE_TRAP.share * 65536:.0f} THEN
        NEW.tags := ARRAY['{DENSE_TRAP.tag}'] || NEW.tags[1:9];
        NEW.prompt := NEW.prompt || ', {DENSE_TRAP.word}';
    END IF;
    RETURN NEW;
END
$function$;
CREATE TRIGGER benchmark_trends BEFORE INSERT ON characters FOR EACH ROW EXECUTE FUNCTION benchmark_trends();
"""

_SEARCH_INDEXES = """\
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = current_schema AND tablename = 'gallery_entries' AND indexdef LIKE '% USING gin %'"""

_OLD_INDEXES = (
    "CREATE INDEX ON old_indexed (created_at)",
    "CREATE INDEX ON old_indexed (style_type)",
    "CREATE INDEX ON old_indexed (user_id)",
    "CREATE INDEX ON old_indexed USING gin (tags)",
    "CREATE INDEX ON old_indexed USING gin (name gin_trgm_ops)",
    "CREATE INDEX ON old_indexed USING gin (prompt gin_trgm_ops)",
)


@asynccontextmanager
async def database(server_url: str, characters: int, *, keep: bool = False, old: bool = True) -> AsyncIterator[str]:
    """Make a gallery, or find the one that was kept.

    Arguments:
        server_url: a database on the server; nothing in it is touched.
        characters: how many, 40 % of them public.
        keep: leave it there for the next time, and take it if it is there.
        old: with the copies for the old layer.

    Yields:
        Its URL.
    """
    name = f"benchmark_gallery_{characters}" if keep else servers.new_name()
    url = servers.with_database(server_url, name)
    if not (keep and await _is_made(server_url, name)):
        await servers.drop(server_url, url)
        await servers.execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
        await cm.migrations.upgrade(url)
        await _load(url, characters, old=old)
        await servers.execute(server_url, f"""COMMENT ON DATABASE "{name}" IS '{MADE}'""")
    try:
        await cm.migrations.upgrade(url)
        yield url
    finally:
        if not keep:
            await servers.drop(server_url, url)


async def opened(url: str) -> Any:
    """Open a plain connection.

    Arguments:
        url: of a database.

    Returns:
        A connection of asyncpg's, to be closed.
    """
    return await asyncpg.connect(**_settings(url).connect_arguments())


def _settings(url: str) -> cm.Settings:
    return cm.Settings(database_url=url, db_pool_max=2, db_command_timeout=3600)


async def _is_made(server_url: str, name: str) -> bool:
    connection = await opened(server_url)
    try:
        comment = await connection.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", name
        )
    finally:
        await connection.close()
    return bool(comment == MADE)


async def _load(url: str, characters: int, *, old: bool) -> None:
    async with cm.connect(_settings(url)):
        connection = await opened(url)
        try:
            await connection.execute(_TRENDS.format(trap_end=_end(TRAP), dense_end=_end(DENSE_TRAP)))
            indexes = await connection.fetch(_SEARCH_INDEXES)
            for index in indexes:  # made at once they take a fraction of the time
                await connection.execute(f'DROP INDEX "{index["indexname"]}"')
            await cm.populate(characters, seed=SEED)
            await connection.execute("SET maintenance_work_mem = '256MB'")
            for index in indexes:
                await connection.execute(index["indexdef"])
            await connection.execute("DROP TRIGGER benchmark_trends ON characters; DROP FUNCTION benchmark_trends")
            while await connection.fetchval("SELECT charmodels_fold_tags(100000)"):
                pass
            if old:
                await _copy_for_the_old_layer(connection)
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()


async def _copy_for_the_old_layer(connection: Any) -> None:
    for table in (BARE, INDEXED):
        await connection.execute(f"CREATE TABLE {table} (LIKE characters INCLUDING DEFAULTS, PRIMARY KEY (id))")
        await connection.execute(f"INSERT INTO {table} SELECT * FROM characters")
    for statement in _OLD_INDEXES:
        await connection.execute(statement)


def _end(trend: Trend) -> datetime:
    start = population.SEEDED_END - population.PUBLISHED_AFTER - population.SPAN
    return start + population.SPAN * trend.until
