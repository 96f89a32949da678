"""How commands open the database."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from charmodels import migrations
from charmodels.context import request_context
from charmodels.database import Database, connect
from charmodels.settings import Settings

PATIENCE = 600.0
"""Seconds one statement may take of a command that counts everything. That takes longer than what an app asks."""


def patient(settings: Settings) -> Settings:
    """Give the same settings with more time for each statement.

    Arguments:
        settings: those of the environment.

    Returns:
        New settings.
    """
    return settings.replace(db_command_timeout=max(settings.db_command_timeout, PATIENCE))


def actor(way: str = "cli") -> str:
    """Name who runs the command, for the audit trail: the account on this machine.

    Arguments:
        way: by which they act.

    Returns:
        The way, a colon and the name.
    """
    try:
        return f"{way}:{getpass.getuser()}"[:255]
    except (KeyError, OSError, ImportError):  # a container may have no name for its user
        return way


@asynccontextmanager
async def opened(*, long: bool = False) -> AsyncIterator[Database]:
    """Open the database that the environment names, with its schema up to date, on behalf of whoever runs the command.

    Arguments:
        long: whether a statement may take minutes.

    Yields:
        The database.

    Raises:
        MigrationsPending: the database is older than the code.
    """
    settings = Settings.resolve()
    with request_context(actor=actor()):
        async with connect(patient(settings) if long else settings) as database:
            await migrations.require_current()
            yield database
