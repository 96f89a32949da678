"""On whose behalf the code runs: the request's actor and id, for the audit trail and the logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from charmodels.values import Key, validate


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Who acts, and in which request.

    Attributes:
        actor: a user's id, or a name as "nightly-import"; None if nobody said.
        request_id: what the request is found by in logs and traces, or None.
    """

    actor: str | None = None
    request_id: str | None = None


NOBODY = RequestContext()
"""What holds outside of any `request_context`."""

_current: ContextVar[RequestContext] = ContextVar("charmodels_request_context", default=NOBODY)


def current_request() -> RequestContext:
    """Say on whose behalf the code runs.

    Returns:
        What the innermost `request_context` around it says; nobody and no request outside of any.

    Example:
        >>> current_request().actor is None
        True
    """
    return _current.get()


@contextmanager
def request_context(actor: UUID | str | None = None, request_id: str | None = None) -> Iterator[RequestContext]:
    """Say on whose behalf a block runs, and the tasks that it starts.

    Transactions that begin in the block tell the database, and so does each statement outside of one that the audit
    trail is about: its entries name the actor and the request. Log records carry both.
    A block inside another takes over what it does not say itself.

    Arguments:
        actor: a user's id, or a name; at most 255 characters.
        request_id: what the request is found by; at most 255 characters.

    Returns:
        A context manager that gives what holds inside it.

    Raises:
        InvalidInput: one of them is empty, or too long.

    Example:
        >>> import charmodels as cm
        >>> async def publish(character: cm.Character, user: cm.User, request_id: str) -> None:
        ...     with cm.request_context(actor=user.id, request_id=request_id):
        ...         await character.publish()
    """
    outer = _current.get()
    inner = RequestContext(
        actor=outer.actor if actor is None else validate("actor", Key, str(actor)),
        request_id=outer.request_id if request_id is None else validate("request_id", Key, request_id),
    )
    token = _current.set(NOBODY if inner == NOBODY else inner)
    try:
        yield inner
    finally:
        _current.reset(token)
