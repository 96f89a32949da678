"""Roles of least privilege: one that owns the tables, one for apps, one that only reads.

They are groups without a log-in. Who logs in, and by which password, is the admin's affair, who makes them members.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from typing import Any, Self

import asyncpg

from charmodels import migrations, models
from charmodels.errors import ConfigurationError, InvalidInput, MigrationsPending
from charmodels.settings import Settings
from charmodels.sql import statement

PREFIX = "charmodels"
"""How the names of the roles begin, unless the caller says otherwise."""

LONGEST_NAME = 63
"""Bytes in the name of a role, at most; PostgreSQL would cut off the rest."""

LOCK_TIMEOUT = "5s"
"""How long to wait for a table: a change of owner needs it alone for a moment, and whoever comes later waits behind."""

READ_ONLY = frozenset({"audit_entries", "audit_settings", "gallery_settings", "aerich"})
"""Tables that apps do not write to: triggers with the owner's rights do, and who migrates."""

APPEND_ONLY = frozenset({"quota_ledger"})
"""Tables that apps add rows to and change none of."""

CONTEXT = "audit_context"
"""The view by which a statement says who acts."""

OWNERS_ALONE = ("charmodels_audit", "charmodels_prune_audit")
"""Functions that nobody else calls: one writes to the trail with the owner's rights, the other deletes from it."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of the three roles.

    Arguments:
        owner: owns tables and functions; migrations run as it.
        app: reads and writes rows. It makes and changes no tables, and cannot write to the audit trail.
        read: reads.

    Raises:
        InvalidInput: a name is empty, too long or reserved, or two are the same.

    Example:
        >>> Roles.named("shop").app
        'shop_app'
    """

    owner: str = f"{PREFIX}_owner"
    app: str = f"{PREFIX}_app"
    read: str = f"{PREFIX}_read"

    def __post_init__(self) -> None:
        for what, name in zip(("owner", "app", "read"), astuple(self), strict=True):
            if not isinstance(name, str) or not name or not name.isprintable():
                raise InvalidInput(field=what, reason="must be the name of a role")
            if len(name.encode(errors="replace")) > LONGEST_NAME:
                raise InvalidInput(field=what, reason=f"must be the name of a role, of at most {LONGEST_NAME} bytes")
            if name.startswith("pg_") or name in ("public", "none", "postgres"):
                raise InvalidInput(field=what, reason="must not be a name that PostgreSQL keeps for itself")
        if len(set(astuple(self))) < 3:
            raise InvalidInput(field="app", reason="and the other two must have names of their own")

    @classmethod
    def named(cls, prefix: str = PREFIX) -> Self:
        """Give names that begin alike.

        Arguments:
            prefix: how they begin.

        Returns:
            The names.

        Raises:
            InvalidInput: one of them cannot be the name of a role.
        """
        return cls(f"{prefix}_owner", f"{prefix}_app", f"{prefix}_read")


@dataclass(frozen=True, slots=True)
class RolesPlan:
    """What gives the roles their rights in one database.

    Arguments:
        roles: their names.
        database: the database.
        schema: the schema of the tables.
        created: which of the roles are not there yet.
        statements: SQL, in its order. It may run again: what is as it should be stays so.
    """

    roles: Roles
    database: str
    schema: str
    created: tuple[str, ...]
    statements: tuple[str, ...] = field(repr=False)


async def plan(settings: Settings | str | None = None, roles: Roles | None = None) -> RolesPlan:
    """Write the statements that make the roles and give them their rights. Changes nothing.

    Arguments:
        settings: settings, a database URL, or None for the open database, or the environment if none is open.
        roles: their names; None for those that begin with charmodels.

    Returns:
        The statements, and what they are about.

    Raises:
        MigrationsPending: the database is older than the code, so that not all tables are there yet.
        ConfigurationError: a role for apps or readers is a superuser, or owns the tables by way of another.
        DatabaseUnavailable: the server cannot be reached.

    Example:
        >>> async def show() -> None:
        ...     print(";\\n".join((await plan("postgresql://admin@localhost/charmodels")).statements))
    """
    async with migrations._connection(settings) as connection:
        return await _plan(connection, roles or Roles())


async def apply(settings: Settings | str | None = None, roles: Roles | None = None) -> RolesPlan:
    """Make the roles and give them their rights, in one transaction; of two callers at once, one waits.

    Rights that the roles for apps and readers have on our tables besides these are taken away. Run it again after each
    upgrade: what a new table is for, no role knows before.

    Arguments:
        settings: as for `plan`. To make roles and change owners, log in as a superuser, or as a role with CREATEROLE
            that owns the database and its tables.
        roles: as for `plan`.

    Returns:
        What was done.

    Raises:
        MigrationsPending, ConfigurationError, DatabaseUnavailable: as for `plan`.
        DatabaseError: the role that is logged in may not do this, or somebody kept a table locked for too long.

    Example:
        >>> async def deploy(admin_url: str) -> None:
        ...     import charmodels as cm
        ...     await cm.migrations.upgrade(admin_url)
        ...     await apply(admin_url)
    """
    async with migrations._connection(settings) as connection:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", migrations.LOCK):  # noqa: ASYNC110
            await asyncio.sleep(migrations.LOCK_POLL * random.uniform(0.5, 1.5))
        try:
            found = await _plan(connection, roles or Roles())
            async with connection.transaction():
                await connection.execute("SELECT set_config('lock_timeout', $1, true)", LOCK_TIMEOUT)
                for each in found.statements:
                    await connection.execute(each)
        finally:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # closing gives it back too
                await connection.execute("SELECT pg_advisory_unlock($1)", migrations.LOCK)
    return found


async def _plan(connection: asyncpg.Connection[Any], roles: Roles) -> RolesPlan:
    status = await migrations.status_on(connection)
    if status.pending:
        raise MigrationsPending(pending=status.pending)
    tables = sorted({getattr(models, name)._meta.db_table for name in models.__all__} | {"aerich"})
    row = await connection.fetchrow(
        statement("roles"), list(astuple(roles)), [*tables, CONTEXT], list(OWNERS_ALONE), roles.owner
    )
    assert row is not None
    for name in row["superusers"]:
        if name != roles.owner:
            raise ConfigurationError(reason=f"The role {name} is a superuser, to whom no right can be refused")
    for name in row["members"]:
        if name != roles.owner:
            raise ConfigurationError(reason=f"The role {name} is a member of {roles.owner}, so it owns the tables too")
    created = tuple(name for name in astuple(roles) if name not in row["present"])
    return RolesPlan(
        roles=roles,
        database=row["database"],
        schema=row["schema"],
        created=created,
        statements=(*_roles(roles), *_surroundings(roles, row), *_owners(roles, row), *_rights(roles, row, tables)),
    )


def _roles(roles: Roles) -> Iterable[str]:
    for name in astuple(roles):
        # Roles belong to the server and not to the database: another database may make them at the same time.
        quote = "$make$"
        while quote in name:
            quote = f"$_{quote[1:]}"
        yield (
            f"DO {quote} BEGIN\n"
            f"    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {_literal(name)}) THEN\n"
            f"        CREATE ROLE {_name(name)} NOLOGIN;\n"
            f"    END IF;\n"
            f"EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\n"
            f"END {quote}"
        )


def _surroundings(roles: Roles, found: asyncpg.Record) -> Iterable[str]:
    owner, app, read = map(_name, astuple(roles))
    database, schema = _name(found["database"]), _name(found["schema"])
    yield f"GRANT CONNECT ON DATABASE {database} TO {owner}, {app}, {read}"
    yield f"GRANT CREATE ON DATABASE {database} TO {owner}"
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {app}, {read}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {app}, {read}"
    yield f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner}"


def _owners(roles: Roles, found: asyncpg.Record) -> Iterable[str]:
    """Let the owner own what it does not own yet: each such statement needs its table alone for a moment."""
    if found["foreign_objects"] and not found["is_superuser"] and found["me"] != roles.owner:
        yield f"GRANT {_name(roles.owner)} TO CURRENT_USER"  # who gives a thing away must be a member of who gets it
    for kind, quoted in zip(found["kinds"], found["foreign_objects"], strict=True):
        yield f"ALTER {kind} {quoted} OWNER TO {_name(roles.owner)}"


def _rights(roles: Roles, found: asyncpg.Record, tables: list[str]) -> Iterable[str]:
    app, read = _name(roles.app), _name(roles.read)

    def listed(names: Iterable[str]) -> str:
        return ", ".join(f"{_name(found['schema'])}.{_name(name)}" for name in names)

    others = [name for name in tables if name not in READ_ONLY | APPEND_ONLY]
    yield f"REVOKE ALL ON TABLE {listed([*tables, CONTEXT])} FROM PUBLIC, {app}, {read}"
    yield f"GRANT SELECT ON TABLE {listed([*tables, CONTEXT])} TO {app}, {read}"
    yield f"GRANT INSERT, UPDATE, DELETE ON TABLE {listed(others)} TO {app}"
    yield f"GRANT INSERT ON TABLE {listed([*sorted(APPEND_ONLY), CONTEXT])} TO {app}"
    yield f"REVOKE ALL ON FUNCTION {', '.join(found['guarded'])} FROM PUBLIC, {app}, {read}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return " E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in text else f"'{quoted}'"
