"""Databases for the tests: on the server that DATABASE_URL names, or on an embedded one."""

from __future__ import annotations

from charmodels.testing.servers import (
    careless_server,
    create,
    drop,
    execute,
    new_folder,
    new_name,
    server,
    with_database,
)

__all__ = ["careless_server", "create", "drop", "execute", "new_folder", "new_name", "server", "with_database"]
