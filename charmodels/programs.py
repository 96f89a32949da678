"""PostgreSQL's own programs, `pg_dump` and the like: where they are, and how they are told which database to open."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from charmodels import embedded
from charmodels.errors import ConfigurationError
from charmodels.settings import Settings

FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian and Ubuntu
    "/usr/pgsql-*/bin",  # the packages of postgresql.org for Red Hat and its kin
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)
"""Where packages put programs of several versions beside each other."""

VERSION_TIME = 20.0
"""Seconds in which a program must have told its version."""


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of programs of one version.

    Arguments:
        folder: where they are.
        major: the number of PostgreSQL's major version.
    """

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """Give the path of a program.

        Arguments:
            name: as `pg_dump`.

        Returns:
            The path.

        Example:
            >>> Programs(Path("bin"), 15).path("pg_dump").startswith("bin")
            True
        """
        return str(self.folder / name)


async def find(*names: str, at_least: int) -> Programs:
    """Find programs that go together, of the lowest version that will do.

    It looks on PATH, where `pg_config` says, where packages put them, and last into the embedded PostgreSQL.

    Arguments:
        names: of the programs, all of which must be in one folder.
        at_least: the lowest major version that will do.

    Returns:
        Where they are.

    Raises:
        ConfigurationError: there are none, or only older ones.

    Example:
        >>> async def show() -> None:
        ...     print((await find("pg_dump", at_least=15)).folder)
    """
    found: list[Programs] = []
    for folder in await _folders():
        if all(_is_there(folder, name) for name in names):
            major = await _major(folder / names[0])
            if major is None:
                continue
            found.append(Programs(folder, major))
            if major == at_least:
                return found[-1]
    fitting = [programs for programs in found if programs.major >= at_least]
    if fitting:
        return min(fitting, key=lambda programs: programs.major)
    wanted = " and ".join(names)
    newest = max((programs.major for programs in found), default=None)
    trouble = "was not found" if newest is None else f"is needed, and only version {newest} was found"
    raise ConfigurationError(
        reason=f"{wanted} of PostgreSQL {at_least} or newer {trouble}",
        example=f"apt install postgresql-client-{at_least}, or pip install 'charmodels[embedded]'",
    )


def environment(settings: Settings) -> dict[str, str]:
    """Tell PostgreSQL's programs which database to open, and how.

    The password goes into the environment, which other users cannot read, never into the arguments, which they can.

    Arguments:
        settings: of the database.

    Returns:
        The environment of this process with what libpq reads. Holds the password.

    Raises:
        ConfigurationError: nothing says where the database is.

    Example:
        >>> settings = Settings(database_url="postgresql://app@db/shop?sslmode=require")
        >>> environment(settings)["PGSSLMODE"]
        'require'
    """
    arguments, parameters = settings.connect_arguments(), settings.address.parameters
    mode = settings.sslmode()
    verifies = mode in ("verify-ca", "verify-full")
    given = str(settings.db_sslrootcert or parameters.get("sslrootcert") or "system")
    authorities = given if given != "system" else (_system_authorities() if verifies else None)
    values = {
        "PGHOST": ",".join(arguments["host"] or ()),
        "PGPORT": ",".join(map(str, arguments["port"] or ())),
        "PGUSER": arguments["user"],
        "PGPASSWORD": arguments["password"],
        "PGDATABASE": arguments["database"],
        "PGSSLMODE": mode,
        "PGSSLROOTCERT": authorities,
        "PGSSLCERT": parameters.get("sslcert"),
        "PGSSLKEY": parameters.get("sslkey"),
        "PGAPPNAME": arguments["server_settings"]["application_name"],
        "PGOPTIONS": parameters.get("options"),
        "PGCONNECT_TIMEOUT": str(max(int(arguments["timeout"]), 2)),
        "PGCLIENTENCODING": "UTF8",
        "LC_ALL": "C",  # what they say is read by a program
    }
    return {**os.environ, **{name: value for name, value in values.items() if value}}


def _system_authorities() -> str | None:
    """The file of the authorities that the system trusts; libpq knows the word "system" only since version 16."""
    return ssl.get_default_verify_paths().cafile


def _is_there(folder: Path, name: str) -> bool:
    return shutil.which(name, path=str(folder)) is not None


async def _folders() -> list[Path]:
    """Folders to look into, the best ones first, each once."""
    return list(dict.fromkeys([*_on_path(), *await _configured(), *_packaged(), *_embedded()]))


def _on_path() -> Iterable[Path]:
    return [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]


async def _configured() -> list[Path]:
    program = shutil.which("pg_config")
    said = await _ask(program, "--bindir") if program is not None else None
    return [Path(said.strip())] if said else []


def _packaged() -> Iterator[Path]:
    for pattern in FOLDERS:
        yield from map(Path, sorted(glob(pattern)))  # noqa: PTH207 - the pattern is a whole path


def _embedded() -> list[Path]:
    try:
        return [embedded.binaries()]
    except ConfigurationError:
        return []


async def _major(program: Path) -> int | None:
    said = await _ask(str(program), "--version")
    number = re.search(r"\(PostgreSQL\) (\d+)", said or "")
    return int(number[1]) if number else None


async def _ask(program: str, question: str) -> str | None:
    """What a program answers, or None if it does not."""
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            question,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(VERSION_TIME):
            said, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode(errors="replace") if process.returncode == 0 else None
