"""Migrations: what is applied, what is pending, and the way up and down, one at a time.

Aerich does the work. This module finds the migrations inside the installed package, lets one process at a time
migrate, and answers what is pending without loading Aerich.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from charmodels.backend.translation import is_drivers_own, translate
from charmodels.database import APP, current, tortoise_config
from charmodels.documents import apply_search_config
from charmodels.errors import CharmodelsError, ConfigurationError, DatabaseUnavailable, MigrationsPending, NotFound
from charmodels.settings import Settings

LOCK = 0x63686D6F64656C73
"""The advisory lock under which migrations run: "chmodels" in ASCII, as a bigint."""

LOCK_POLL = 0.1
"""Seconds between attempts to get the lock. Waiting inside the server would hold a snapshot, and CREATE INDEX
CONCURRENTLY in the process that has the lock waits for every snapshot."""


_Work: TypeAlias = "Callable[[Any, MigrationStatus], Awaitable[list[str]]]"
"""What to do with an Aerich Command under the lock, given where the database stands."""


_Finish: TypeAlias = "Callable[[asyncpg.Connection[Any], Settings], Awaitable[None]]"
"""What to do under the lock when the migrations are applied."""


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a database stands.

    Arguments:
        applied: file names of the migrations that ran, oldest first.
        pending: those still to run, oldest first.
        unknown: those that ran but are not part of this version of the package: the database is newer than the code.
    """

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether database and code agree."""
        return not self.pending and not self.unknown


def location() -> Path:
    """Tell where the migrations are.

    Returns:
        The folder: inside the package when installed from a wheel, beside it in a checkout.
    """
    package = Path(__file__).parent
    shipped = package / "aerich_migrations"
    return shipped if shipped.is_dir() else package.parent / "aerich_migrations"


def versions() -> tuple[str, ...]:
    """List the migrations of this version of the package.

    Returns:
        File names, oldest first.

    Example:
        >>> versions()[0]
        '0_20261124000000_init.py'
    """
    names = [path.name for path in (location() / APP).glob("[0-9]*_*.py")]
    return tuple(sorted(names, key=lambda name: int(name.split("_")[0])))


async def status(settings: Settings | str | None = None) -> MigrationStatus:
    """Compare the database with this version of the package. Writes nothing.

    Arguments:
        settings: settings, a database URL, or None for the open database, or the environment if none is open.

    Returns:
        What is applied, pending and unknown.

    Raises:
        DatabaseUnavailable: the server cannot be reached.

    Example:
        >>> async def is_ready() -> bool:
        ...     return (await status()).is_current
    """
    async with _connection(settings) as connection:
        return await status_on(connection)


async def require_current(settings: Settings | str | None = None) -> None:
    """Refuse to go on with a database that is older than the code.

    Arguments:
        settings: as for `status`.

    Raises:
        MigrationsPending: it is.
    """
    found = await status(settings)
    if found.pending:
        raise MigrationsPending(pending=found.pending)


async def upgrade(settings: Settings | str | None = None) -> tuple[str, ...]:
    """Apply every pending migration; of two processes at once, one works and the other waits.

    It also puts two settings into effect: SEARCH_CONFIG, which makes the gallery's documents anew where it changed, and
    AUDIT_MASK.

    Arguments:
        settings: as for `status`.

    Returns:
        File names of what was applied now; empty when nothing was pending.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
        DatabaseError: a migration failed; what came before it stays.
        ConfigurationError: SEARCH_CONFIG names no text-search configuration of the server.

    Example:
        >>> async def start() -> None:
        ...     await upgrade("postgresql://app@localhost/charmodels")
    """

    async def work(command: Any, before: MigrationStatus) -> list[str]:
        return list(await command.upgrade(run_in_transaction=True))

    return await _migrate(settings, work, _apply_settings)


async def downgrade(settings: Settings | str | None = None, *, version: int = -1) -> tuple[str, ...]:
    """Undo migrations, and lose what they hold.

    Arguments:
        settings: as for `status`.
        version: the number of the oldest one to undo, with all after it; -1 for the last one alone.

    Returns:
        File names of what was undone, newest first.

    Raises:
        NotFound: no such migration is applied.
        ConfigurationError: one is applied that this version of the package does not know.
        DatabaseUnavailable: the server cannot be reached.

    Example:
        >>> async def start_over() -> None:
        ...     await downgrade("postgresql://app@localhost/charmodels", version=0)
    """

    async def work(command: Any, before: MigrationStatus) -> list[str]:
        from aerich.exceptions import DowngradeError

        if before.unknown:
            raise ConfigurationError(
                reason=f"The database is newer than the code, which does not know {', '.join(before.unknown)}; "
                "downgrade with the version that made it so"
            )
        try:
            return list(await command.downgrade(version, delete=False))
        except DowngradeError as error:
            raise NotFound(model="applied migration") from error

    return await _migrate(settings, work)


async def _migrate(settings: Settings | str | None, work: _Work, finish: _Finish | None = None) -> tuple[str, ...]:
    resolved = _resolve(settings)
    async with _connection(resolved) as connection:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110
            await asyncio.sleep(LOCK_POLL * random.uniform(0.5, 1.5))
        try:
            if resolved.schema_name:
                await _make_schema(connection, resolved.schema_name)
            before = await status_on(connection)
            # A task of its own: Tortoise.init() puts its state into the context of the task that calls it.
            done = await asyncio.create_task(_run_aerich(resolved, work, before))
            if finish is not None:
                await finish(connection, resolved)
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)
    return tuple(done)


async def _apply_settings(connection: asyncpg.Connection[Any], settings: Settings) -> None:
    """Write into the database what all its users must agree on."""
    await apply_search_config(connection, settings.search_config)
    if settings.audit_mask is not None:
        await connection.execute(
            "INSERT INTO audit_settings (id, mask) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET mask = excluded.mask",
            settings.audit_mask,
        )


async def _make_schema(connection: asyncpg.Connection[Any], name: str) -> None:
    """Make a schema if it is missing. IF NOT EXISTS asks for the right to make one even when it is there."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", name):
        quoted = name.replace('"', '""')
        await connection.execute(f'CREATE SCHEMA "{quoted}"')


async def _run_aerich(settings: Settings, work: _Work, before: MigrationStatus) -> list[str]:
    from aerich import Command  # half the import time of everything else together
    from tortoise import Tortoise

    # One connection is enough, and no statement of a migration is too slow.
    config = tortoise_config(settings.replace(db_pool_min=0, db_pool_max=2, db_command_timeout=86_400.0))
    # First, and in this task's context: Aerich would take a database that is open in the process for its own.
    await Tortoise.init(config=config)
    command = Command(tortoise_config=config, app=APP, location=str(location()))
    async with command:
        return await work(command, before)


async def status_on(connection: asyncpg.Connection[Any]) -> MigrationStatus:
    """Compare a database with this version of the package, on a connection to it. Writes nothing.

    Arguments:
        connection: of the caller's.

    Returns:
        What is applied, pending and unknown.

    Raises:
        asyncpg.PostgresError: the server refused to say.
    """
    known = versions()
    if await connection.fetchval("SELECT to_regclass('aerich') IS NULL"):
        return MigrationStatus(applied=(), pending=known, unknown=())
    rows = await connection.fetch("SELECT version FROM aerich WHERE app = $1 ORDER BY id", APP)
    applied = tuple(row["version"] for row in rows)
    return MigrationStatus(
        applied=applied,
        pending=tuple(name for name in known if name not in applied),
        unknown=tuple(name for name in applied if name not in known),
    )


def _resolve(settings: Settings | str | None) -> Settings:
    from charmodels import database

    if settings is None and database._open is not None and database._open.is_open:
        return current().settings
    return Settings.resolve(settings)


@asynccontextmanager
async def _connection(settings: Settings | str | None) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection outside the pool: one that waits for a lock must not keep others from the pool's."""
    try:
        connection = await asyncpg.connect(**_resolve(settings).connect_arguments())
    except TimeoutError as error:
        raise DatabaseUnavailable(reason="connecting timed out") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise translate(error) from error
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        if isinstance(error, CharmodelsError) or not is_drivers_own(error):
            raise
        raise translate(error) from error
    finally:
        await connection.close()
