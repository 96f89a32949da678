"""The exceptions of charmodels, one tree.

    CharmodelsError
    ├── ConfigurationError       a setting is wrong, or the library is used before it is open
    ├── DatabaseUnavailable      the server cannot be reached, or went away   (a Tortoise DBConnectionError)
    ├── PoolTimeout              every connection was busy for too long       (a TimeoutError)
    ├── StatementTimeout         the server took too long to answer           (a TimeoutError)
    ├── MigrationsPending        the schema is older than the code            (a Tortoise OperationalError)
    ├── DatabaseError            the server refused for another reason        (a Tortoise OperationalError)
    │   └── SerializationFailure lost a race to another transaction; run it again
    ├── NotFound                 no such row                                  (a Tortoise DoesNotExist)
    ├── PermissionDenied         the row is there, the right to it is not
    ├── InvalidInput             a value breaks a rule                        (a Tortoise ValidationError, a ValueError)
    │   ├── ConstraintViolation  the database itself refused the value        (a Tortoise IntegrityError)
    │   └── InvalidQuery         the text of a search cannot be understood
    ├── Conflict                 the row would clash with another one         (a Tortoise IntegrityError)
    ├── QuotaExceeded            more was asked for than the day allows
    ├── HoldClosed               the hold on quota was released or expired before its work was done
    ├── InvalidTransition        a generation cannot go from here to there
    ├── InvalidCursor            a page cursor is not one of ours, or of another query
    ├── LeaseLost                the job belongs to another worker by now
    ├── GenerationRejected       what a worker's handler raises to fail a generation for good
    └── RepeatedStatement        a guarded block ran one statement too often

Every class takes keyword arguments, keeps them as attributes and says a whole sentence. A sentence holds names of
fields, tables and constraints; never a password, a connection string, an email address or a prompt.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tortoise import exceptions as tortoise

if TYPE_CHECKING:
    from charmodels.quota import QuotaStatus


class CharmodelsError(Exception):
    """Anything that charmodels raises on purpose.

    Example:
        >>> try:
        ...     raise NotFound(model="Character")
        ... except CharmodelsError as error:
        ...     print(error)
        There is no such Character.
    """

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(cls: type[CharmodelsError], args: tuple[Any, ...], state: dict[str, Any]) -> CharmodelsError:
    """Unpickle an error without calling its keyword-only constructor."""
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(CharmodelsError):
    """A setting is wrong or missing, or a call came before its time.

    Arguments:
        variable: the environment variable to change, or None when it is not one variable's fault.
        reason: what is wrong with it, without the value.
        example: a right value.
    """

    def __init__(self, *, reason: str, variable: str | None = None, example: str | None = None) -> None:
        sentence = f"{variable} {reason}." if variable else f"{reason}."
        if example is not None:
            sentence += f" Example: {f'{variable}=' if variable else ''}{example}"
        super().__init__(sentence)
        self.variable = variable
        self.reason = reason
        self.example = example


class DatabaseUnavailable(CharmodelsError, tortoise.DBConnectionError):
    """The server cannot be reached, refuses the connection, or cut it.

    A statement that was under way when the connection broke may or may not have taken effect.

    Arguments:
        reason: what went wrong, without address or credentials.
        attempts: how often connecting was tried, or None when it was not connecting that failed.
    """

    def __init__(self, *, reason: str, attempts: int | None = None) -> None:
        tried = f" after {attempts} attempts" if attempts and attempts > 1 else ""
        super().__init__(f"The database is unavailable{tried}: {reason}.")
        self.reason = reason
        self.attempts = attempts


class PoolTimeout(CharmodelsError, TimeoutError):
    """No connection became free in time.

    Arguments:
        timeout: how long the caller waited, in seconds.
        size: connections in the pool, all of them busy.
    """

    def __init__(self, *, timeout: float, size: int) -> None:
        super().__init__(
            f"None of the pool's {size} connections became free within {timeout:g} s. "
            "Raise DB_POOL_MAX, or look for code that holds a connection while it waits for something else."
        )
        self.timeout = timeout
        self.size = size


class StatementTimeout(CharmodelsError, tortoise.OperationalError, TimeoutError):
    """A statement ran longer than DB_COMMAND_TIMEOUT or the server's own statement_timeout, and was cancelled."""

    def __init__(self, *, timeout: float | None = None) -> None:
        limit = f" within {timeout:g} s" if timeout is not None else " in time"
        super().__init__(f"The statement did not finish{limit} and was cancelled.")
        self.timeout = timeout


class MigrationsPending(CharmodelsError, tortoise.OperationalError):
    """The database is older than the code.

    Arguments:
        pending: file names of the migrations to apply, oldest first; empty when only a missing table told.
        missing: the table or column that a statement did not find, if that is how it came to light.
    """

    def __init__(self, *, pending: tuple[str, ...] = (), missing: str | None = None) -> None:
        what = f"{missing} is missing" if missing else f"{len(pending)} migrations are pending"
        super().__init__(f"The database is older than the code: {what}. Run `charmodels upgrade`.")
        self.pending = pending
        self.missing = missing


class DatabaseError(CharmodelsError, tortoise.OperationalError):
    """The server refused a statement for a reason that has no class of its own.

    Arguments:
        sqlstate: the five characters of PostgreSQL's error code (its manual, appendix A), or None when the driver
            refused before the server saw the statement.
        reason: the server's message; it names objects, not values.
    """

    def __init__(self, *, sqlstate: str | None, reason: str) -> None:
        code = f" (SQLSTATE {sqlstate})" if sqlstate else ""
        super().__init__(f"The database refused the statement{code}: {reason}.")
        self.sqlstate = sqlstate
        self.reason = reason


class SerializationFailure(DatabaseError):
    """The transaction lost against a concurrent one, by a serialization failure (40001) or a deadlock (40P01).

    Nothing of it took effect: run the whole transaction again. `cm.transaction` does so when it is given a function. A
    statement outside of any transaction has then run four times already.
    """


class NotFound(CharmodelsError, tortoise.DoesNotExist):
    """There is no such row, or it is not the caller's to see.

    Arguments:
        model: the name of the model, kept as `model_name`; `model` is Tortoise's, and None.
    """

    def __init__(self, *, model: str) -> None:
        super().__init__(f"There is no such {model}.")
        self.model_name = model
        self.model = None


class PermissionDenied(CharmodelsError):
    """The row is there, but the caller may not do this with it.

    Arguments:
        action: what was tried, as a verb ("publish").
        model: the name of the model.
    """

    def __init__(self, *, action: str, model: str) -> None:
        super().__init__(f"The caller may not {action} this {model}.")
        self.action = action
        self.model_name = model


class InvalidInput(CharmodelsError, tortoise.ValidationError, ValueError):
    """A value breaks a rule of the schema.

    Arguments:
        field: the name of the field.
        reason: the rule, as the rest of a sentence that begins with the field ("must have 1 to 100 characters").
    """

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}.")
        self.field = field
        self.reason = reason


class ConstraintViolation(InvalidInput, tortoise.IntegrityError):
    """The database refused a value that no Python code had looked at, as in a bulk update or raw SQL.

    Arguments:
        constraint: the name of the CHECK or NOT NULL constraint.
        field: the name of the field.
        reason: the rule.
    """

    def __init__(self, *, constraint: str | None, field: str, reason: str) -> None:
        super().__init__(field=field, reason=reason)
        self.constraint = constraint


class InvalidQuery(InvalidInput):
    """The text of a search cannot be understood.

    Arguments:
        reason: what is wrong, as the rest of a sentence that begins with "query", without what was typed.
        start: where the term begins that is wrong, in characters from the beginning of the text.
        end: where it ends; the character there is not part of it any more.
    """

    def __init__(self, *, reason: str, start: int, end: int) -> None:
        super().__init__(field="query", reason=f"{reason}, at characters {start} to {end}")
        self.reason = reason
        self.start = start
        self.end = end

    def pointer(self, text: str) -> str:
        """Draw where the term is, for whoever typed it. It holds the text, so keep it out of logs.

        Arguments:
            text: what was parsed.

        Returns:
            The text in one line, and below it carets under the term; for a terminal, where Chinese, Japanese and
            Korean characters are two columns wide.

        Example:
            >>> error = InvalidQuery(reason="names a style that is not known", start=8, end=17)
            >>> print(error.pointer("warrior style:ice hero"))
            warrior style:ice hero
                    ^^^^^^^^^
        """
        line = "".join(map(_drawn, text))
        before, term = line[: self.start], line[self.start : self.end]
        return f"{line}\n{' ' * _columns(before)}{'^' * max(_columns(term), 1)}"


def _drawn(character: str) -> str:
    """What stands for a character in one line of a terminal: a line break or a tab would move what follows."""
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return " " if category in ("Cc", "Zl", "Zp") else character


def _columns(line: str) -> int:
    """The width of a line in a terminal."""
    invisible = ("Mn", "Me", "Cf")
    return sum(
        0 if unicodedata.category(character) in invisible else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in line
    )


class Conflict(CharmodelsError, tortoise.IntegrityError):
    """The row would clash with one that is there, or refer to one that is not.

    Arguments:
        constraint: the name of the unique, foreign key or exclusion constraint.
        reason: what clashes, without the value.
    """

    def __init__(self, *, constraint: str | None, reason: str) -> None:
        super().__init__(f"Conflict: {reason}.")
        self.constraint = constraint
        self.reason = reason


class QuotaExceeded(CharmodelsError):
    """More was asked for than the user's day and grants have left.

    Arguments:
        limit: what the plan allows a day.
        used: what of the day is used or held, out of grants too.
        requested: what was asked for.
        resets_at: when the next day begins for this user; aware, UTC.
        status: where the user stands, if that is known; `status.headers(requested)` are fields for an HTTP answer.
    """

    def __init__(
        self, *, limit: int, used: int, requested: int, resets_at: datetime, status: QuotaStatus | None = None
    ) -> None:
        remaining = max(limit - used, 0) if status is None else status.remaining
        super().__init__(
            f"The quota of {limit} a day has {remaining} left and {requested} were asked for; "
            f"it resets at {resets_at.isoformat(timespec='seconds')}."
        )
        self.limit = limit
        self.used = used
        self.requested = requested
        self.resets_at = resets_at
        self.status = status


class HoldClosed(CharmodelsError):
    """The hold was released or expired, so that the work of its block is not charged.

    Arguments:
        state: what became of it, RELEASED or EXPIRED.
    """

    def __init__(self, *, state: str) -> None:
        super().__init__(f"The hold on the quota is {state}; what it held was given back.")
        self.state = state


class InvalidTransition(CharmodelsError):
    """A generation cannot go from one status to the other.

    Arguments:
        from_: the status that it has.
        to: the status that was asked for.
    """

    def __init__(self, *, from_: str, to: str) -> None:
        super().__init__(f"A generation cannot go from {from_} to {to}.")
        self.from_ = from_
        self.to = to


class InvalidCursor(CharmodelsError):
    """A page cursor was changed on its way, or belongs to another query.

    Arguments:
        reason: what does not fit, as the rest of a sentence that begins with "The cursor".
    """

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"The cursor {reason}.")
        self.reason = reason


class LeaseLost(CharmodelsError):
    """The job's lease ran out and the job belongs to another attempt by now.

    Arguments:
        worker: the name of the worker that held it.
    """

    def __init__(self, *, worker: str) -> None:
        super().__init__(f"Worker {worker} no longer holds the lease on this job.")
        self.worker = worker


class GenerationRejected(CharmodelsError):
    """A picture will not be made, however often it is tried; a worker's handler raises it.

    Arguments:
        reason: for the record, as the rest of the sentence; not the prompt.

    Example:
        >>> raise GenerationRejected(reason="the provider does not draw that")
        Traceback (most recent call last):
        charmodels.errors.GenerationRejected: The generation was rejected: the provider does not draw that.
    """

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"The generation was rejected: {reason}.")
        self.reason = reason


class RepeatedStatement(CharmodelsError):
    """A block under `guard_n_plus_one` ran the same statement more often than it may.

    Arguments:
        statement: its shape, without the values in it.
        count: how often the block wanted to run it so far.
        limit: how often it may.
    """

    def __init__(self, *, statement: str, count: int, limit: int) -> None:
        shown = statement if len(statement) <= 300 else f"{statement[:300]} ..."
        super().__init__(
            f"The same statement was to run {count} times in a block that allows {limit}: {shown}. "
            "Fetch the rows together: with select_related, prefetch_related or a filter like id__in."
        )
        self.statement = statement
        self.count = count
        self.limit = limit
