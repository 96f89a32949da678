"""Making a database from nothing, and emptying one."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from charmodels import migrations
from charmodels.backend.translation import is_drivers_own, is_refusal, translate
from charmodels.errors import CharmodelsError, ConfigurationError, DatabaseUnavailable
from charmodels.settings import Settings
from charmodels.sql import statement

POLL = 0.25
"""Seconds between two attempts to connect to a server that is not there yet."""

PATIENCE = 86_400.0
"""Seconds that a statement may take here, where it may be about whole tables."""

LOCK_WAIT = "30s"
"""How long to wait for those who use the tables that are to go."""

MAINTENANCE = ("postgres", "template1")
"""Databases from which another one is made."""


@dataclass(frozen=True, slots=True)
class Content:
    """Something in a schema.

    Arguments:
        kind: what it is in SQL's words, as TABLE.
        name: its name.
        identity: its name with its schema, quoted, and a routine's arguments.
    """

    kind: str
    name: str
    identity: str

    @property
    def drop(self) -> str:
        """The statement that drops it; another one may have taken it along by then."""
        return f"DROP {self.kind} IF EXISTS {self.identity} CASCADE"


async def wait_for_server(settings: Settings | str | None = None, *, timeout: float = 60.0) -> bool:
    """Wait until the server answers. The database need not be there.

    Arguments:
        settings: settings, a database URL, or None for the environment.
        timeout: seconds to wait at most; 0 asks once.

    Returns:
        Whether the database is there.

    Raises:
        DatabaseUnavailable: nothing answered in time, or the server refuses the role or its password.
        ConfigurationError: a setting is wrong.

    Example:
        >>> async def main() -> None:
        ...     print(await wait_for_server("postgresql://app@localhost/charmodels", timeout=10))
    """
    resolved = Settings.resolve(settings)
    until = time.monotonic() + timeout
    while True:
        left = until - time.monotonic()
        try:
            connection = await asyncpg.connect(**_patient(resolved, within=max(left, 1.0)))
        except asyncpg.InvalidCatalogNameError:
            return False
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if is_refusal(error) or left <= POLL:
                raise _unavailable(error) from error
        else:
            await connection.close()
            return True
        await asyncio.sleep(POLL)


async def create_database(settings: Settings | str | None = None) -> bool:
    """Create the database that the settings name, if it is missing. Of two at once one creates it.

    The role must be allowed to, and to connect to the database `postgres` or `template1`.

    Arguments:
        settings: settings, a database URL, or None for the environment.

    Returns:
        Whether it was created now.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
        ConfigurationError: the role may not create databases.

    Example:
        >>> async def main() -> None:
        ...     if await create_database("postgresql://app@localhost/charmodels"):
        ...         print("There is one now.")
    """
    resolved = Settings.resolve(settings)
    if await wait_for_server(resolved, timeout=0.0):
        return False
    arguments = _patient(resolved)
    name = arguments["database"] or arguments["user"]
    if name is None:
        raise ConfigurationError(
            variable="DATABASE_URL", reason="names no database", example="postgresql://app@localhost/charmodels"
        )
    connection = await _connect_beside(arguments)
    try:
        return await _create(connection, _quoted(name))
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigurationError(
            reason="The database is missing and the role may not create it; let an administrator do so",
            example="ALTER ROLE app CREATEDB",
        ) from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unavailable(error) from error
    finally:
        await connection.close()


async def _connect_beside(arguments: dict[str, Any]) -> asyncpg.Connection[Any]:
    """Connect to a database from which another one is made."""
    last: BaseException | None = None
    for name in MAINTENANCE:
        try:
            made: asyncpg.Connection[Any] = await asyncpg.connect(**{**arguments, "database": name})
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            last = error
        else:
            return made
    assert last is not None
    raise _unavailable(last) from last


async def _create(connection: asyncpg.Connection[Any], name: str) -> bool:
    """Create a database in UTF-8: out of the server's template, or of the empty one where that has another encoding."""
    encoding = await connection.fetchval(
        "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'template1'"
    )
    made_from = "template1" if encoding == "UTF8" else "template0"
    async with asyncio.timeout(60):
        while True:
            try:
                await connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE {made_from}")
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                return False
            except asyncpg.ObjectInUseError:  # somebody is connected to the template
                await asyncio.sleep(POLL)
            else:
                return True


async def contents(settings: Settings | str | None = None) -> list[Content]:
    """List what is in the schema that holds the tables, apart from what belongs to extensions.

    Arguments:
        settings: settings, a database URL, or None for the environment.

    Returns:
        Tables first; empty where there is no such schema.

    Raises:
        DatabaseUnavailable: the server cannot be reached.

    Example:
        >>> async def is_fresh() -> bool:
        ...     return not await contents()
    """
    async with connected(settings) as connection:
        return await contents_on(connection, await schema_on(connection, Settings.resolve(settings)))


async def reset(settings: Settings | str | None = None, *, force: bool = False) -> int:
    """Drop everything in the schema that holds the tables, whoever made it, and migrate anew. All rows are lost.

    The dropping is one transaction. Migrations wait for it and it waits for them.

    Arguments:
        settings: settings, a database URL, or None for the environment.
        force: must be true: nothing brings the rows back.

    Returns:
        How many tables were dropped.

    Raises:
        ConfigurationError: APP_ENV is production, or `force` is not true.
        DatabaseUnavailable: the server cannot be reached.
        DatabaseError: others use the tables for more than half a minute, or the role does not own them.

    Example:
        >>> async def start_over() -> None:
        ...     await reset("postgresql://app@localhost/try_out", force=True)
    """
    resolved = Settings.resolve(settings)
    refuse_in_production(resolved)
    if not force:
        raise ConfigurationError(reason="A reset loses all rows; it wants force=True")
    async with connected(resolved) as connection, migrations_wait(connection):
        schema = await schema_on(connection, resolved)
        found = await contents_on(connection, schema)
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
            for content in found:
                await connection.execute(content.drop)
    await migrations.upgrade(resolved)
    return sum(content.kind == "TABLE" for content in found)


def refuse_in_production(settings: Settings) -> None:
    """Refuse to lose a production environment's rows.

    Arguments:
        settings: that say what environment this is.

    Raises:
        ConfigurationError: APP_ENV is production.
    """
    if settings.is_production:
        raise ConfigurationError(
            variable="APP_ENV", reason="is production, where nothing is reset", example="development"
        )


async def schema_on(connection: asyncpg.Connection[Any], settings: Settings) -> str:
    """Tell which schema holds the tables.

    Arguments:
        connection: to the database.
        settings: which may name it.

    Returns:
        Its name.

    Raises:
        ConfigurationError: no schema of the search path is there.
    """
    name = settings.schema_name or await connection.fetchval("SELECT current_schema()")
    if name is None:
        raise ConfigurationError(
            variable="DB_SCHEMA", reason="is not set, and no schema of the search_path is there", example="public"
        )
    return str(name)


async def contents_on(connection: asyncpg.Connection[Any], schema: str) -> list[Content]:
    """As `contents`, on a connection.

    Arguments:
        connection: to the database.
        schema: its name.

    Returns:
        What is in the schema.
    """
    rows = await connection.fetch(statement("schema_contents"), schema)
    return [Content(row["kind"], row["name"], row["identity"]) for row in rows]


def describe(found: list[Content]) -> str:
    """Say how much there is in a schema.

    Arguments:
        found: what is in it.

    Returns:
        As "17 tables, 50 routines".

    Example:
        >>> describe([Content("TABLE", "users", "public.users")])
        '1 table'
    """
    counts = Counter(content.kind for content in found)
    return ", ".join(f"{count} {kind.lower()}{'' if count == 1 else 's'}" for kind, count in counts.items())


@asynccontextmanager
async def connected(settings: Settings | str | None) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Open a connection of its own, for statements that may take long.

    Arguments:
        settings: settings, a database URL, or None for the environment.

    Yields:
        The connection.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
        CharmodelsError: as what the block's statements come to.
    """
    try:
        connection = await asyncpg.connect(**_patient(Settings.resolve(settings)))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unavailable(error) from error
    try:
        yield connection
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if isinstance(error, CharmodelsError) or not is_drivers_own(error):
            raise
        raise translate(error) from error
    finally:
        # A block that was cut short may leave the connection in the middle of something.
        await connection.close(timeout=5) if not connection.is_in_transaction() else connection.terminate()


@asynccontextmanager
async def migrations_wait(connection: asyncpg.Connection[Any]) -> AsyncIterator[None]:
    """Keep migrations from running while a block does.

    Arguments:
        connection: outside of a transaction; it holds the lock.

    Yields:
        When nobody migrates.
    """
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", migrations.LOCK):  # noqa: ASYNC110
        await asyncio.sleep(migrations.LOCK_POLL)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", migrations.LOCK)


def _patient(settings: Settings, within: float | None = None) -> dict[str, Any]:
    arguments = settings.connect_arguments()
    arguments["command_timeout"] = PATIENCE
    if within is not None:
        arguments["timeout"] = min(arguments["timeout"], within)
    return arguments


def _unavailable(error: BaseException) -> BaseException:
    return DatabaseUnavailable(reason="connecting timed out") if isinstance(error, TimeoutError) else translate(error)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
