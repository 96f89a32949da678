"""The one seam where what the driver raises becomes an error of ours.

By SQLSTATE (PostgreSQL's manual, appendix A) and by the name of the constraint; never by the words of a message,
which depend on the server's language, except to find a constraint's name where a proxy drops the field.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import traceback

import asyncpg
from tortoise.exceptions import BaseORMException

from charmodels.backend import constraints
from charmodels.errors import (
    CharmodelsError,
    ConfigurationError,
    Conflict,
    ConstraintViolation,
    DatabaseError,
    DatabaseUnavailable,
    InvalidInput,
    InvalidTransition,
    MigrationsPending,
    SerializationFailure,
    StatementTimeout,
)

_UNAVAILABLE_CLASSES = ("08", "57P", "53")
_REFUSED = {
    "28000": "the server refused the role",
    "28P01": "the server refused the user name or the password",
    "3D000": "the database does not exist",
}
_MISSING = {"42P01", "42883"}
_QUOTED_NAME = re.compile(r"[\"«»„“”']([A-Za-z_]\w*)[\"«»„“”']")  # as the server's languages quote
_OWN_FUNCTION = re.compile(r"\bcharmodels_\w+")  # which the server does not quote
_SHARD_SUFFIX = re.compile(r"_\d+\Z")

# The server ended an idle session and said so, and the socket is not closed yet: asyncpg then waits for the end of a
# message that will not come (its state PROTOCOL_ERROR_CONSUME, 2), and refuses to begin another.
_SAID_GOODBYE = "another operation (2) is in progress"

_own_tables: set[str] = set()


def register_table(name: str) -> None:
    """Make a table known as one that our migrations create.

    Arguments:
        name: the table's name.
    """
    _own_tables.add(name)


_TRANSITION = "generations_status_transition"
"""What a trigger calls the rule which status may follow which; its message says "PENDING to COMPLETED"."""


def translate(error: BaseException, *, command_timeout: float | None = None) -> BaseException:
    """Turn an error of the driver into one of ours.

    Arguments:
        error: what came out of asyncpg or the event loop.
        command_timeout: seconds a statement may take, to say so in the error.

    Returns:
        A CharmodelsError, to be raised from the original; or the original, if it is not the driver's.
    """
    if isinstance(error, CharmodelsError | BaseORMException):
        return error
    if isinstance(error, asyncpg.PostgresError):
        return _from_server(error, command_timeout)
    if isinstance(error, asyncpg.ClientConfigurationError):
        return ConfigurationError(reason="The driver cannot use the settings of the connection")
    if isinstance(error, asyncpg.InterfaceError):
        return _from_driver(error)
    if isinstance(error, asyncpg.InternalClientError) and _SAID_GOODBYE in str(error):
        return DatabaseUnavailable(reason="the connection is closed")
    if isinstance(error, TimeoutError):
        return StatementTimeout(timeout=command_timeout)
    if isinstance(error, OSError):
        return DatabaseUnavailable(reason=_network_reason(error))
    return error


def _network_reason(error: OSError) -> str:
    """Say what went wrong, by its kind or number: what asyncio says of a failed connection holds the address."""
    if isinstance(error, socket.gaierror):
        return "the host name is not known"
    if isinstance(error, FileNotFoundError):
        return "no server listens on that socket"
    if isinstance(error, ssl.SSLCertVerificationError):  # whose number is that of another error of the system
        return "the server's certificate cannot be verified"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if "rejected SSL upgrade" in str(error):  # asyncpg's words
        return "the server offers no TLS"
    said = os.strerror(error.errno) if error.errno else "the connection failed"
    return f"{type(error).__name__}, {said}"


DRIVER = ("asyncpg", "charmodels.backend.deadlines")
"""How the names of modules begin that raise what a statement comes to."""


def is_drivers_own(error: BaseException) -> bool:
    """Tell whether an error came up through asyncpg, and not from files, sockets and clocks of the caller's.

    Arguments:
        error: caught around code of the caller's that talks to the database.

    Returns:
        True when a frame of asyncpg's stands in its traceback, or of what gives statements their time.
    """
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__", "").startswith(DRIVER) for frame, _ in frames)


def is_refusal(error: BaseException) -> bool:
    """Tell whether the server will refuse just the same when asked again.

    Arguments:
        error: what connecting raised.

    Returns:
        True for a wrong password, a missing database and the like.
    """
    final = {*_REFUSED, "42501"}
    return getattr(error, "sqlstate", None) in final or isinstance(error, asyncpg.ClientConfigurationError)


def _from_server(error: asyncpg.PostgresError, command_timeout: float | None) -> CharmodelsError:
    state = error.sqlstate or ""
    # DETAIL quotes rows and keys: a prompt, an address. It goes no further, not even in the chained traceback.
    error.detail = None
    if state in _REFUSED:
        return DatabaseUnavailable(reason=_REFUSED[state])
    if state == "57014":
        return StatementTimeout(timeout=command_timeout)
    if state in ("40001", "40P01"):
        return SerializationFailure(sqlstate=state, reason=_first_line(error))
    if state.startswith("23"):
        return _from_constraint(error, state)
    if state.startswith("22"):
        return _from_data(error)
    if state in _MISSING and (missing := _missing_of_ours(error)):
        return MigrationsPending(missing=missing)
    if state.startswith(_UNAVAILABLE_CLASSES):
        return DatabaseUnavailable(reason=f"{_first_line(error)} (SQLSTATE {state})")
    return DatabaseError(sqlstate=state or None, reason=_first_line(error))


def _from_driver(error: asyncpg.InterfaceError) -> CharmodelsError:
    if isinstance(error, ValueError):
        return _from_data(error)
    message = str(error.args[0]) if error.args else type(error).__name__
    if any(word in message for word in ("closed", "closing", "released back to the pool")):
        return DatabaseUnavailable(reason="the connection is closed")
    return DatabaseError(sqlstate=None, reason=message.rstrip("."))


def _from_constraint(error: asyncpg.PostgresError, state: str) -> CharmodelsError:
    name = constraint_name(error)
    if name == _TRANSITION:
        from_, _, to = _first_line(error).partition(" to ")
        return InvalidTransition(from_=from_, to=to)
    check = constraints.find(name)
    if check is not None:
        return ConstraintViolation(constraint=name, field=check.field, reason=check.reason)
    table = error.table_name or "the table"
    if state == "23502":
        return ConstraintViolation(constraint=name, field=error.column_name or table, reason="is required")
    if state == "23514":
        return ConstraintViolation(constraint=name, field=table, reason=f"breaks the rule {name}")
    if state == "23503":
        return Conflict(
            constraint=name,
            reason=f"a row of {table} refers to a row that is not there, or is referred to ({name})",
        )
    return Conflict(constraint=name, reason=f"{table} already has such a row ({name})")


def _from_data(error: BaseException) -> InvalidInput:
    """Name the argument that could not be stored, not its value, which the driver's message quotes."""
    error.args = (re.sub(r":.*", "", str(error.args[0]), flags=re.DOTALL) if error.args else "",)
    error.__cause__ = error.__context__ = None  # what the encoder said quotes it too
    position = re.search(r"query argument \$(\d+)", str(error.args[0]))
    what = f"value {position.group(1)} of the statement" if position else "a value of the statement"
    state = getattr(error, "sqlstate", None)
    reason = {
        "22021": "holds a character that PostgreSQL cannot store",
        "22P05": "holds a character that PostgreSQL cannot store",
        "22001": "is too long for its column",
        "22003": "is out of range for its column",
        "22000": "does not fit the type of its column",
        "22007": "does not fit the type of its column",
        "22008": "is out of range for its column",
        "22P02": "does not fit the type of its column",
        "22023": "is not known to the server, as a time zone of a newer list may not be",
    }.get(state or "22000", f"cannot be used there (SQLSTATE {state})")
    return InvalidInput(field=what, reason=reason)


def constraint_name(error: asyncpg.PostgresError) -> str | None:
    """Find the name of the constraint that a statement broke.

    A Citus worker reports the name of the shard's constraint, with the shard's number behind it, and a proxy may
    report it in the message alone.

    Arguments:
        error: of class 23.

    Returns:
        The name as the schema declares it, or None.
    """
    name = error.constraint_name
    if name is None:
        found = _QUOTED_NAME.findall(str(error.args[0])) if error.args else []
        name = found[-1] if found else None
    return _SHARD_SUFFIX.sub("", name) if name else None


def _missing_of_ours(error: asyncpg.PostgresError) -> str | None:
    message = str(error.args[0])
    if error.sqlstate == "42P01":
        return next((f"table {name}" for name in _QUOTED_NAME.findall(message) if name in _own_tables), None)
    function = _OWN_FUNCTION.search(message)
    return function and f"function {function[0]}"


def _first_line(error: asyncpg.PostgresError) -> str:
    return str(error.args[0]).splitlines()[0].rstrip(".") if error.args else type(error).__name__
