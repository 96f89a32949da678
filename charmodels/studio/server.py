"""Serving the site until somebody says stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from charmodels.database import connect
from charmodels.errors import ConfigurationError
from charmodels.settings import Settings
from charmodels.studio.access import Access
from charmodels.studio.site import create_app

PATIENCE = 3
"""Seconds that requests under way are given at the end."""


def listen(host: str, port: int) -> socket.socket:
    """Take a port.

    Arguments:
        host: a name or an IP address of this machine.
        port: its number; 0 for any that is free.

    Returns:
        A socket that listens.

    Raises:
        ConfigurationError: the address is not this machine's, or the port is taken.

    Example:
        >>> taken = listen("127.0.0.1", 0)
        >>> taken.close()
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise ConfigurationError(reason=f"There is no address to listen at for {host!r}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(reason=f"Cannot listen on port {port} of {host}: {reason}") from error
    return listening


async def serve(settings: Settings, access: Access, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Open the database and serve the site until SIGINT or SIGTERM; then end what is under way, and close both.

    Arguments:
        settings: where the database is. Without `access.write` its sessions are read-only.
        access: who may do what.
        listening: where the site is to be found.
        ready: called when the database is open.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
        ConfigurationError: a setting is wrong.
    """
    port = listening.getsockname()[1]
    async with connect(settings if access.write else settings.replace(db_read_only=True)):
        config = uvicorn.Config(
            create_app(access, cookie=f"charmodels_studio_{port}"),
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=PATIENCE,
        )
        ready()
        await _Server(config).serve(sockets=[listening])


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal. Uvicorn's own raises it once more at the end, which would cut closing the pool short."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
