"""Errors as answers over HTTP: problem details (RFC 9457), for any framework.

One table says which status each error has. What it does not name is a 500 that tells nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from charmodels import clock
from charmodels.context import current_request
from charmodels.errors import (
    CharmodelsError,
    Conflict,
    DatabaseUnavailable,
    HoldClosed,
    InvalidCursor,
    InvalidInput,
    InvalidQuery,
    InvalidTransition,
    LeaseLost,
    NotFound,
    PermissionDenied,
    PoolTimeout,
    QuotaExceeded,
    SerializationFailure,
    StatementTimeout,
)
from charmodels.values import reason_of

MEDIA_TYPE = "application/problem+json"

DOCUMENTATION = "https://github.com/charmodels/charmodels/blob/main/docs/errors.md"
"""What the type of a problem leads to: the page that tells of it."""

_LONGEST_NAME = 100
"""Characters shown of the name of a field, which may be the caller's invention."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How an error is told over HTTP.

    Arguments:
        status: of the answer.
        title: what is wrong, the same whenever it is.
        detail: what is told of this one; None for the error's own sentence.
        retry_after: seconds after which it may go better, or None.
        shows: attributes of the error that become members of the problem.
    """

    status: HTTPStatus
    title: str
    detail: str | None = None
    retry_after: int | None = None
    shows: tuple[str, ...] = ()


KINDS: Mapping[type[CharmodelsError], Kind] = {
    PermissionDenied: Kind(HTTPStatus.FORBIDDEN, "This is not allowed"),
    NotFound: Kind(HTTPStatus.NOT_FOUND, "There is no such thing"),
    Conflict: Kind(HTTPStatus.CONFLICT, "This clashes with what is there"),
    HoldClosed: Kind(HTTPStatus.CONFLICT, "The hold on the quota is closed", shows=("state",)),
    InvalidTransition: Kind(HTTPStatus.CONFLICT, "The generation cannot go there from its status"),
    LeaseLost: Kind(HTTPStatus.CONFLICT, "The job belongs to another worker by now"),
    InvalidInput: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A value breaks a rule"),
    InvalidQuery: Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "The text of the search cannot be understood", shows=("start", "end")
    ),
    InvalidCursor: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The cursor does not fit"),
    QuotaExceeded: Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "The quota is used up", shows=("limit", "used", "requested", "resets_at")
    ),
    DatabaseUnavailable: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "The service is unavailable", "Try again in a while.", retry_after=5
    ),
    StatementTimeout: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "The service took too long", "Try again in a while.", retry_after=5
    ),
    PoolTimeout: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy", "Try again soon.", retry_after=1),
    SerializationFailure: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy", "Try again soon.", retry_after=1),
}
"""The table. A subclass that is not in it has the kind of its nearest ancestor."""


class Breach(BaseModel):
    """A rule that a request breaks."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="The name of the parameter, or of a field of the body, as `tags.0`.")
    reason: str = Field(description="The rule, as the rest of a sentence that begins with the field.")
    location: str | None = Field(default=None, description="`query`, `path`, `header`, `cookie` or `body`.")


class ProblemDetails(BaseModel):
    """What the body of a problem holds (RFC 9457), for OpenAPI; further members tell more."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(description="Where the kind of problem is told of, or `about:blank`.")
    title: str = Field(description="What is wrong, the same whenever it is.")
    status: int = Field(description="The status of the answer.", ge=400, le=599)
    detail: str | None = Field(default=None, description="What is wrong this time.")
    request_id: str | None = Field(default=None, description="What the request is found by in logs.")
    errors: list[Breach] | None = Field(default=None, description="The rules that the request breaks.")


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer: a status, header fields and a body of the type `application/problem+json`.

    Arguments:
        status: of the answer.
        title: what is wrong, the same whenever it is.
        type: where the kind of problem is told of, or "about:blank" where the status says it all.
        detail: what is wrong this time, or None.
        errors: the rules that the request breaks.
        members: what else the body holds.
        headers: header fields beside Content-Type.

    Example:
        >>> Problem(status=404, title="Not Found").body()
        b'{"type": "about:blank", "title": "Not Found", "status": 404}'
    """

    status: int
    title: str
    type: str = "about:blank"
    detail: str | None = None
    errors: tuple[Breach, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, *, request_id: str | None = None) -> bytes:
        """Write the body.

        Arguments:
            request_id: what the request is found by; None for `cm.current_request()`'s.

        Returns:
            JSON in ASCII.
        """
        known = {
            "type": self.type,
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
            "request_id": request_id or current_request().request_id,
            "errors": [error.model_dump(exclude_none=True) for error in self.errors] or None,
        }
        told = {name: value for name, value in known.items() if value is not None}
        return json.dumps({**told, **self.members}).encode()


def problem_of(error: BaseException) -> Problem:
    """Say over HTTP what went wrong.

    Arguments:
        error: ours, or any other; of those that the table does not name nothing is told.

    Returns:
        The problem.

    Example:
        >>> import charmodels as cm
        >>> problem = problem_of(cm.NotFound(model="Character"))
        >>> problem.status, problem.title, problem.detail
        (404, 'There is no such thing', 'There is no such Character.')
        >>> problem_of(ZeroDivisionError()).status
        500
    """
    named = kind_of(type(error))
    if named is None:
        return http_problem(HTTPStatus.INTERNAL_SERVER_ERROR)
    named_by, kind = named
    return Problem(
        status=int(kind.status),
        title=kind.title,
        type=f"{DOCUMENTATION}#{named_by.__name__.lower()}",
        detail=str(error) if kind.detail is None else kind.detail,
        errors=(Breach(field=error.field, reason=error.reason),) if isinstance(error, InvalidInput) else (),
        members={name: _plain(getattr(error, name)) for name in kind.shows},
        headers=_headers(error, kind),
    )


def kind_of(error: type[BaseException]) -> tuple[type[CharmodelsError], Kind] | None:
    """Find an error in the table.

    Arguments:
        error: its class.

    Returns:
        The class in the table that it is, or inherits from, with its kind; None where there is none.

    Example:
        >>> import charmodels as cm
        >>> found = kind_of(cm.ConstraintViolation)
        >>> found[0].__name__, int(found[1].status)
        ('InvalidInput', 422)
        >>> kind_of(cm.ConfigurationError) is None
        True
    """
    for ancestor in error.__mro__:
        if ancestor in KINDS:
            return ancestor, KINDS[ancestor]
    return None


def http_problem(status: int, detail: str | None = None, headers: Mapping[str, str] | None = None) -> Problem:
    """Tell a problem that is HTTP's own, as a path that is not there.

    Arguments:
        status: of the answer, 400 to 599.
        detail: what is wrong this time, or None.
        headers: header fields that belong to it, as `Allow`.

    Returns:
        The problem.

    Example:
        >>> http_problem(405, headers={"Allow": "GET"}).title
        'Method Not Allowed'
    """
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    return Problem(status=int(status), title=title, detail=None if detail == title else detail, headers=headers or {})


def validation_problem(errors: Iterable[Mapping[str, Any]], *, located: bool = True) -> Problem:
    """Tell which rules a request breaks, without the values that break them.

    Arguments:
        errors: pydantic's, from a ValidationError's `errors()`.
        located: whether the first part of each `loc` says where in the request it was, as in FastAPI's.

    Returns:
        The problem, a 422.

    Example:
        >>> problem = validation_problem([{"loc": ("query", "size"), "msg": "Input should be a valid integer"}])
        >>> problem.detail
        'size must be a valid integer.'
    """
    breaches = tuple(_breach(error, located=located) for error in errors)
    kind = KINDS[InvalidInput]
    return Problem(
        status=int(kind.status),
        title=kind.title,
        type=f"{DOCUMENTATION}#{InvalidInput.__name__.lower()}",
        detail=f"{breaches[0].field} {breaches[0].reason}." if breaches else None,
        errors=breaches,
    )


def _breach(error: Mapping[str, Any], *, located: bool) -> Breach:
    path = [str(part) for part in error.get("loc", ())]
    location = path.pop(0) if located and path else None
    if error.get("type") == "json_invalid":
        return Breach(field="body", reason="must be JSON", location=location)
    name = ".".join(path) or location or "value"
    shown = name[:_LONGEST_NAME].encode("utf-8", "replace").decode()  # it may hold half a surrogate pair
    return Breach(field=shown, reason=reason_of(error), location=location)


def _headers(error: BaseException, kind: Kind) -> dict[str, str]:
    if isinstance(error, QuotaExceeded):
        if error.status is not None:
            return error.status.headers(error.requested)
        seconds = (error.resets_at - clock.utc_now()).total_seconds()
        return {"Retry-After": str(max(math.ceil(seconds), 0))}
    return {} if kind.retry_after is None else {"Retry-After": str(kind.retry_after)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
