"""Looks at settings, versions and the server, and says in words what is wrong and what could be better."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import Any

import asyncpg
from pydantic import SecretStr

from charmodels import clock, findings, migrations
from charmodels.backend.translation import translate
from charmodels.errors import DatabaseError, DatabaseUnavailable
from charmodels.findings import Finding, Severity
from charmodels.settings import Settings
from charmodels.sql import statement
from charmodels.version import __version__

PACKAGES = ("tortoise-orm", "asyncpg", "aerich", "pydantic", "pydantic-settings", "uuid-utils")


@dataclass(slots=True)
class Diagnosis:
    """What was found out.

    Arguments:
        settings: all of them, by name, secrets masked.
        changed: the names of those that are not as they come.
        where: the database, without a password.
        versions: of Python, of the package and of what it stands on, and of the server, if it answered.
        extensions: of the database, to their versions.
        findings: the problems first.
    """

    settings: dict[str, Any]
    changed: tuple[str, ...]
    where: str
    versions: dict[str, str]
    extensions: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong; there may be advice."""
        return all(each.severity is not Severity.PROBLEM for each in self.findings)


async def diagnose(settings: Settings | str | None = None) -> Diagnosis:
    """Look at everything. Only reads, by a connection of its own, and does not need the migrations to be applied.

    Arguments:
        settings: settings, a database URL, or None for the environment.

    Returns:
        What was found out; if the server cannot be reached, that.

    Raises:
        ConfigurationError: a setting is wrong, so that nobody knows which database is meant.

    Example:
        >>> async def report() -> None:
        ...     for finding in (await diagnose()).findings:
        ...         print(finding.severity, finding.sentence, finding.advice)
    """
    resolved = Settings.resolve(settings)
    found = Diagnosis(
        settings=_masked(resolved), changed=_changed(resolved), where=_where(resolved), versions=_versions()
    )
    found.findings += findings.judge_settings(resolved)
    try:
        async with migrations._connection(resolved) as connection:
            await _examine(connection, resolved, found)
    except DatabaseUnavailable as error:
        advice = "Look whether the server runs, and at DATABASE_URL."
        found.findings.append(findings.problem("connection", str(error), advice))
    except DatabaseError as error:
        found.findings.append(_not_examined("migrations", error))
    found.findings.sort(key=lambda each: each.severity is not Severity.PROBLEM)
    return found


async def _examine(connection: asyncpg.Connection[Any], settings: Settings, found: Diagnosis) -> None:
    [server] = await _read(connection, "server", found) or [None]
    if server is not None:
        found.versions["server"] = server["version"]
        found.findings += findings.judge_server(server, settings)
    extensions = await _read(connection, "extensions", found)
    found.extensions = {row["name"]: row["installed"] for row in extensions}
    found.findings += findings.judge_extensions(extensions)
    found.findings += findings.judge_transactions(
        await _read(connection, "transactions", found, findings.LONG_TRANSACTION)
    )
    status = await migrations.status_on(connection)
    found.findings += findings.judge_migrations(status)
    if status.pending:
        return  # what is not there yet is not missing
    since = None if server is None else server["statistics_since"]
    counted_long = since is None or clock.utc_now() - since >= findings.UNUSED_FOR
    found.findings += findings.judge_indexes(await _read(connection, "indexes", found), counted_long=counted_long)
    found.findings += findings.judge_tables(await _read(connection, "tables", found))
    found.findings += findings.judge_backlog(
        await _read(connection, "backlog", found, findings.MANY_NOTES, findings.OLD_HOLD, findings.OLD_LEASE)
    )


async def _read(connection: asyncpg.Connection[Any], name: str, found: Diagnosis, *values: Any) -> list[Any]:
    """Ask one thing. What this role may not ask keeps nobody from the rest."""
    try:
        return list(await connection.fetch(statement(f"doctor/{name}"), *values))
    except asyncpg.PostgresError as error:
        found.findings.append(_not_examined(name, translate(error)))
        return []


def _not_examined(name: str, error: BaseException) -> Finding:
    advice = "Run it as a role that may, such as the owner of the tables."
    return findings.advise("not-examined", f"The {name} could not be looked at. {error}", advice)


def _masked(settings: Settings) -> dict[str, Any]:
    return {name: _plain(getattr(settings, name)) for name in type(settings).model_fields}


def _plain(value: Any) -> Any:
    """What can be printed, and holds no secret."""
    if isinstance(value, SecretStr):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): asdict(each) for key, each in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _changed(settings: Settings) -> tuple[str, ...]:
    fields = type(settings).model_fields
    return tuple(
        name for name, each in fields.items() if getattr(settings, name) != each.get_default(call_default_factory=True)
    )


def _where(settings: Settings) -> str:
    address = settings.address
    hosts = ", ".join(address.hosts) or "the usual place"
    return f"{address.database or 'the default'} on {hosts} as {address.user or 'the default role'}"


def _versions() -> dict[str, str]:
    found = {"charmodels": __version__, "python": platform.python_version()}
    return {**found, **{name: metadata.version(name) for name in PACKAGES}}
