"""A reservation that can be awaited, or entered as a block."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charmodels.models.quota import QuotaHold


class Reservation(Coroutine[Any, Any, "QuotaHold"]):
    """What `reserve_quota` gives: awaited, it is the hold; entered with `async with`, the block of the hold.

    It is a coroutine, for `asyncio.gather`, `create_task` and task groups.

    Arguments:
        coroutine: reserves.

    Example:
        >>> import charmodels as cm
        >>> async def draw(user: cm.User) -> None:
        ...     async with cm.User.objects.reserve_quota(user.id) as hold:
        ...         print(hold.amount)
    """

    __slots__ = ("_coroutine", "_hold")

    def __init__(self, coroutine: Coroutine[Any, Any, QuotaHold]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, None, QuotaHold]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        """Go on, as a coroutine does."""
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise inside, as a coroutine does."""
        return self._coroutine.throw(*error)

    def close(self) -> None:
        """Give up, as a coroutine does."""
        self._coroutine.close()

    async def __aenter__(self) -> QuotaHold:
        self._hold = await self._coroutine
        return await self._hold.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._hold.__aexit__(kind, error, traceback)
