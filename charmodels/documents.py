"""The language of full-text search: what the setting SEARCH_CONFIG says, put into effect."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

import asyncpg

from charmodels.errors import ConfigurationError
from charmodels.sql import statement

logger = logging.getLogger("charmodels.gallery")

BATCH = 1000
"""Documents to make anew in one statement; their characters are locked that long."""


async def apply_search_config(connection: asyncpg.Connection[Any], wanted: str | None) -> int:
    """Let the gallery's documents be stemmed by another text-search configuration, if they are not yet.

    Searches and what is published go by it at once; the documents that are there are made anew, some at a time, while
    the app goes on. Interrupted, it takes up where it is not finished the next time.

    Arguments:
        connection: to a migrated database.
        wanted: name of the configuration, or None to leave it as it is.

    Returns:
        How many documents were made anew.

    Raises:
        ConfigurationError: the server has no such configuration.
    """
    row = await connection.fetchrow("SELECT search_config, documents_config FROM gallery_settings")
    assert row is not None  # the migration made it
    config: str = row["search_config"]
    if wanted is not None and wanted != config:
        try:
            await connection.execute("SELECT $1::text::regconfig", wanted)
        except asyncpg.PostgresError as error:
            raise ConfigurationError(
                variable="SEARCH_CONFIG", reason="names no text-search configuration of the server", example="german"
            ) from error
        await connection.execute("UPDATE gallery_settings SET search_config = $1", wanted)
        config = wanted
    if config == row["documents_config"]:
        return 0
    done, after = 0, UUID(int=0)
    while True:
        made = await connection.fetchrow(statement("rebuild_documents"), after, BATCH)
        if made is None or not made["documents"]:
            break
        done, after = done + made["documents"], made["last"]
    await connection.execute("UPDATE gallery_settings SET documents_config = $1", config)
    logger.info("Made %d documents anew, by the configuration %s", done, config)
    return done
