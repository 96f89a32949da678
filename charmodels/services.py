"""What runs beside an open database: modules above it take part in its life cycle, and it does not know them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from charmodels.database import Database

Service: TypeAlias = "Callable[[Database], AbstractAsyncContextManager[Any]]"
"""Given an open database, makes what is entered when it has been opened, and left before it is closed."""

_services: list[Service] = []


def register(service: Service) -> None:
    """Have something run beside every database that is opened from now on.

    Arguments:
        service: entered after those that were registered before it, and left before them. What entering it raises,
            `Database.open` raises.

    Example:
        >>> from collections.abc import AsyncIterator
        >>> from contextlib import asynccontextmanager
        >>> @asynccontextmanager
        ... async def greet(database: Database) -> AsyncIterator[None]:
        ...     print("Hello")
        ...     yield
        ...     print("Good-bye")
        >>> register(greet)
        >>> _services.remove(greet)
    """
    _services.append(service)


async def begin(database: Database) -> AsyncExitStack:
    """Enter all that are registered.

    Arguments:
        database: just opened.

    Returns:
        What leaves them again, the last one first.

    Raises:
        Exception: as one of them raised; those before it are left by then.
    """
    async with AsyncExitStack() as entered:
        for service in _services:
            await entered.enter_async_context(service(database))
        return entered.pop_all()
