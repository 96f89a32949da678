"""Backups and their way back, by pg_dump and pg_restore, counted on both ways."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from charmodels import archives, migrations, processes, programs
from charmodels.archives import Manifest, read_manifest
from charmodels.clock import utc_now
from charmodels.copying import Progress
from charmodels.errors import ConfigurationError, Conflict, DatabaseError, InvalidInput
from charmodels.programs import Programs
from charmodels.provisioning import (
    LOCK_WAIT,
    Content,
    connected,
    contents_on,
    describe,
    migrations_wait,
    schema_on,
)
from charmodels.settings import Settings
from charmodels.sql import statement
from charmodels.version import __version__

__all__ = ["Manifest", "RestoreReport", "backup", "read_manifest", "restore"]

TICK = 0.2
"""Seconds between two looks at how far a dump has come."""

COUNTED_WRONG = "CMB01"
"""The SQLSTATE by which a restore fails whose tables do not have the rows that the manifest tells of."""

_HEADER_LINES = 40
_OF_NEWER_SERVERS = b"SET transaction_timeout = 0;"
"""pg_restore of version 17 writes it for every server, and older ones do not know it."""

_ERROR = re.compile(r"(?:ERROR|FATAL|PANIC):\s+([0-9A-Z]{5}): (.*)")
_TELLING = ("0A", "42", "53", "54", "55", "57", "58", COUNTED_WRONG)
"""How the SQLSTATEs begin whose messages name objects alone. Others may quote what is in a row."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did.

    Arguments:
        manifest: of the backup, whose numbers the restored tables have.
        dropped: how many tables were there before, and are gone.
        missing_roles: roles of the backup that this server does not have; no privileges were restored if there are any.
        pending: migrations that the backup had not seen yet.
    """

    manifest: Manifest
    dropped: int
    missing_roles: tuple[str, ...]
    pending: tuple[str, ...]


async def backup(
    path: str | os.PathLike[str],
    settings: Settings | str | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Manifest:
    """Write the schema that holds the tables, with all rows, to a file, as it is at one moment.

    The app may go on meanwhile; migrations wait. The file is there when it is whole, and only its owner may read it.

    Arguments:
        path: the file to write.
        settings: settings, a database URL, or None for the environment.
        force: overwrite a file that is there.
        progress: called with the number of bytes so far, now and then.

    Returns:
        What is in the backup.

    Raises:
        InvalidInput: the file is there already, or cannot be written.
        ConfigurationError: pg_dump of the server's version or a newer one is not found.
        DatabaseUnavailable: the server cannot be reached.
        DatabaseError: pg_dump failed.

    Example:
        >>> async def main() -> None:
        ...     manifest = await backup("monday.backup")
        ...     print(manifest.total, "rows")
    """
    target = Path(path)
    archives.refuse_to_overwrite(target, force=force)
    resolved = Settings.resolve(settings)
    with archives.unfinished(target) as part:
        async with connected(resolved) as connection, migrations_wait(connection):
            found = await programs.find("pg_dump", at_least=connection.get_server_version().major)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                manifest = await _describe(connection, resolved, found)
                snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
                await _dump(found, resolved, manifest.schema, snapshot, part, progress)
        return await asyncio.to_thread(archives.seal, part, manifest)


async def restore(
    path: str | os.PathLike[str],
    settings: Settings | str | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> RestoreReport:
    """Read a backup into the database, in one transaction: all of it, counted, or nothing.

    What is in the schema goes, if that is what `force` says; when the restore fails, it is still there. The objects
    belong to the role that restores. Privileges are restored if the server has all the roles that the backup names.

    Arguments:
        path: the file that `backup` wrote.
        settings: settings, a database URL, or None for the environment.
        force: drop what is in the schema.
        progress: called with the number of rows so far, now and then.

    Returns:
        What was restored.

    Raises:
        InvalidInput: the file is no backup, or is damaged.
        Conflict: the schema is not empty, and `force` is not true.
        ConfigurationError: the backup is of a newer PostgreSQL, newer than the code or of another schema, or pg_restore
            and psql are not found.
        DatabaseUnavailable: the server cannot be reached.
        DatabaseError: the server refused something; nothing was changed.

    Example:
        >>> async def main() -> None:
        ...     report = await restore("monday.backup", "postgresql://app@localhost/fresh")
        ...     print(report.manifest.total, "rows")
    """
    resolved = Settings.resolve(settings)
    manifest = await asyncio.to_thread(read_manifest, path)
    async with connected(resolved) as connection, migrations_wait(connection):
        schema = await schema_on(connection, resolved)
        _refuse_unfit(manifest, schema, connection.get_server_version().major)
        there = await contents_on(connection, schema)
        if there and not force:
            raise Conflict(
                constraint=None,
                reason=f"the schema {schema} is not empty, it holds {describe(there)}; only force drops that",
            )
        found = await programs.find("pg_restore", "psql", at_least=manifest.program)
        target = await _look_at(connection, manifest, there)
        await _restore(found, Path(path), resolved, manifest, target, progress)
        await connection.execute("ANALYZE " + ", ".join(_identity(schema, table) for table in manifest.rows))
    return RestoreReport(
        manifest=manifest,
        dropped=sum(content.kind == "TABLE" for content in there),
        missing_roles=target.missing_roles,
        pending=tuple(name for name in migrations.versions() if name not in manifest.migrations),
    )


def _refuse_unfit(manifest: Manifest, schema: str, server: int) -> None:
    if manifest.server > server:
        raise ConfigurationError(
            reason=f"The backup is of PostgreSQL {manifest.server} and the server is {server}; a backup goes into the "
            "same version or a newer one"
        )
    if manifest.schema != schema:
        raise ConfigurationError(
            variable="DB_SCHEMA",
            reason=f"leads to the schema {schema}, and the backup is of the schema {manifest.schema}",
            example=manifest.schema,
        )
    unknown = [name for name in manifest.migrations if name not in migrations.versions()]
    if unknown:
        raise ConfigurationError(reason=f"The backup is newer than the code, which does not know {', '.join(unknown)}")


# Backing up


async def _describe(connection: asyncpg.Connection[Any], settings: Settings, found: Programs) -> Manifest:
    schema = await schema_on(connection, settings)
    tables = [content for content in await contents_on(connection, schema) if content.kind == "TABLE"]
    if not tables:
        raise ConfigurationError(reason=f"The schema {schema} holds no tables; there is nothing to back up")
    rows = {table.name: await connection.fetchval(f"SELECT count(*) FROM {table.identity}") for table in tables}  # noqa: S608
    return Manifest(
        made_at=utc_now().isoformat(timespec="seconds"),
        version=__version__,
        server=connection.get_server_version().major,
        program=found.major,
        schema=schema,
        migrations=(await migrations.status_on(connection)).applied,
        rows=rows,
        roles=tuple(row["rolname"] for row in await connection.fetch(statement("schema_roles"), schema)),
    )


async def _dump(
    found: Programs, settings: Settings, schema: str, snapshot: str, part: Path, progress: Progress | None
) -> None:
    arguments = (
        "--format=custom",
        f"--file={part}",
        f"--snapshot={snapshot}",
        f"--schema={_quoted(schema)}",
        "--strict-names",
        "--extension=*",
        "--no-password",
    )
    async with processes.running(found.path("pg_dump"), *arguments, env=programs.environment(settings)) as process:
        said = asyncio.create_task(processes.said(process))
        ended = asyncio.create_task(process.wait())
        while not (await asyncio.wait([ended], timeout=TICK))[0]:
            if progress is not None:
                progress(part.stat().st_size)  # noqa: ASYNC240 - it takes no time
        processes.raise_if_failed("pg_dump", process, await said)


# Restoring


@dataclass(frozen=True, slots=True)
class _Target:
    """What there is where a backup is to go."""

    there: list[Content]
    has_schema: bool
    missing_roles: tuple[str, ...]
    extensions: frozenset[str]
    trigrams: str | None  # the schema of pg_trgm, quoted, if that is there


async def _look_at(connection: asyncpg.Connection[Any], manifest: Manifest, there: list[Content]) -> _Target:
    roles = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    extensions = await connection.fetch(statement("possible_extensions"))
    return _Target(
        there=there,
        has_schema=await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", manifest.schema
        ),
        missing_roles=tuple(role for role in manifest.roles if role not in roles),
        extensions=frozenset(row["name"] for row in extensions),
        trigrams=await connection.fetchval(
            "SELECT format('%I', n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace"
            " WHERE e.extname = 'pg_trgm'"
        ),
    )


async def _restore(
    found: Programs, file: Path, settings: Settings, manifest: Manifest, target: _Target, progress: Progress | None
) -> None:
    listed = await _contents(found, file)
    with tempfile.TemporaryDirectory(prefix="charmodels-") as folder:
        wanted = Path(folder) / "contents"
        wanted.write_text("\n".join(line for line in listed if _is_wanted(line, target)) + "\n", encoding="utf-8")
        reading = [f"--use-list={wanted}", "--no-owner", "--file=-", str(file)]
        if target.missing_roles:
            reading.insert(0, "--no-privileges")
        writing = ("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose")
        async with (
            processes.running(found.path("pg_restore"), *reading, reads=False) as reader,
            processes.running(found.path("psql"), *writing, env=programs.environment(settings), writes=True) as writer,
        ):
            unreadable, refused = (
                asyncio.create_task(processes.said(reader)),
                asyncio.create_task(processes.said(writer)),
            )
            await _pass_on(reader, writer, _begin(manifest.schema, target), _end(manifest), progress)
            await writer.wait()
            refusal = await refused
            if writer.returncode != 0:
                await processes.stop(reader)
            await reader.wait()
            _raise_if_refused(writer, refusal)
            if reader.returncode != 0:
                raise InvalidInput(
                    field=archives.FIELD, reason=f"cannot be read by pg_restore: {processes.reason(await unreadable)}"
                )


async def _contents(found: Programs, file: Path) -> list[str]:
    async with processes.running(found.path("pg_restore"), "--list", str(file), reads=False) as process:
        assert process.stdout is not None
        said = asyncio.create_task(processes.said(process))
        listed = (await process.stdout.read()).decode()
        await process.wait()
        if process.returncode != 0:
            raise InvalidInput(
                field=archives.FIELD, reason=f"cannot be read by pg_restore: {processes.reason(await said)}"
            )
    return listed.splitlines()


def _is_wanted(line: str, target: _Target) -> bool:
    """Tell whether an entry of an archive's contents is to be restored, as `2; 3079 16386 EXTENSION - pg_trgm`."""
    entry = re.sub(r"^\d+; \d+ \d+ ", "", line)
    if entry.startswith(("SCHEMA - ", "ACL - SCHEMA ", "COMMENT - SCHEMA ")):
        return not target.has_schema  # it may belong to somebody else, and keeps its privileges
    if entry.startswith("EXTENSION - "):
        return entry.split()[2] in target.extensions
    return not entry.startswith("COMMENT - EXTENSION ")  # only the extension's owner may


def _begin(schema: str, target: _Target) -> str:
    """The beginning of the transaction: what is there goes."""
    # A function of ours sets a parameter of pg_trgm, which only a superuser may before the session has loaded it.
    loaded = [f"SELECT {target.trigrams}.show_limit();"] if target.trigrams else []
    lines = [
        "BEGIN;",
        *loaded,
        f"SET LOCAL lock_timeout = '{LOCK_WAIT}';",
        *(f"{content.drop};" for content in target.there),
    ]
    return "\n".join(lines) + "\n"


def _end(manifest: Manifest) -> str:
    """The end of the transaction, if the tables have the rows that they must have."""
    counted = " UNION ALL ".join(
        f"SELECT {_literal(table)}, {rows}::bigint, (SELECT count(*) FROM {_identity(manifest.schema, table)})"  # noqa: S608
        for table, rows in manifest.rows.items()
    )
    return f"""
        DO $check$
        DECLARE
            wrong record;
        BEGIN
            FOR wrong IN SELECT * FROM ({counted}) AS counts (name, backed_up, restored)
            WHERE backed_up <> restored LOOP
                RAISE EXCEPTION USING ERRCODE = '{COUNTED_WRONG}', MESSAGE = format(
                    'the table %s has %s rows and the backup has %s', wrong.name, wrong.restored, wrong.backed_up);
            END LOOP;
        END
        $check$;
        COMMIT;
        """  # noqa: S608


async def _pass_on(
    reader: asyncio.subprocess.Process,
    writer: asyncio.subprocess.Process,
    begin: str,
    end: str,
    progress: Progress | None,
) -> None:
    """Have psql run what pg_restore writes, between a beginning and, if all of it came, an end."""
    assert reader.stdout is not None
    assert writer.stdin is not None
    lines = 0
    with suppress(ConnectionError):  # psql ended; it says why
        writer.stdin.write(begin.encode())
        for _ in range(_HEADER_LINES):
            line = await reader.stdout.readline()
            if line.rstrip() != _OF_NEWER_SERVERS:
                writer.stdin.write(line)
        while block := await reader.stdout.read(processes.BLOCK):
            writer.stdin.write(block)
            await writer.stdin.drain()
            lines += block.count(b"\n")
            if progress is not None:
                progress(lines)
        if await reader.wait() == 0:
            writer.stdin.write(end.encode())
        await writer.stdin.drain()
    # Without the end there is no COMMIT, and what was done is undone.
    with suppress(ConnectionError):
        writer.stdin.close()
        await writer.stdin.wait_closed()


def _raise_if_refused(writer: asyncio.subprocess.Process, said: str) -> None:
    if writer.returncode == 0:
        return
    found = _ERROR.search(said)
    if found is None:
        processes.raise_if_failed("psql", writer, said)
        return
    state, message = found.groups()
    telling = state.startswith(_TELLING)
    raise DatabaseError(
        sqlstate=state, reason=f"nothing was restored, {message if telling else 'a row or a statement does not fit'}"
    )


def _identity(schema: str, name: str) -> str:
    return f"{_quoted(schema)}.{_quoted(name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
