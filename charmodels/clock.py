"""What time it is, and how a test says so.

Quotas, holds and subscriptions go by the database's clock: app servers whose clocks disagree must not disagree about a
user's day. `frozen` puts another in its place, for the whole process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from charmodels.errors import InvalidInput


class FrozenClock:
    """A clock that stands still until it is moved.

    Arguments:
        moment: what it shows; aware.

    Raises:
        InvalidInput: the moment has no time zone, or is none of UTC's years 1 to 9999.
    """

    def __init__(self, moment: datetime) -> None:
        self.move_to(moment)

    @property
    def moment(self) -> datetime:
        """What it shows; aware, UTC."""
        return self._moment

    def move_to(self, moment: datetime) -> None:
        """Set it, forwards or backwards.

        Arguments:
            moment: what it is to show; aware.

        Raises:
            InvalidInput: the moment has no time zone, or is none of UTC's years 1 to 9999.
        """
        self._moment = aware("moment", moment)

    def advance(self, by: timedelta) -> None:
        """Let time pass.

        Arguments:
            by: how much.
        """
        self._moment += by


_frozen: FrozenClock | None = None


@contextmanager
def frozen(moment: datetime) -> Iterator[FrozenClock]:
    """Stop the clock of this process for the length of a block, for tests.

    What the database itself writes, such as `updated_at`, still goes by the server's clock.

    Arguments:
        moment: what the clock is to show; aware.

    Yields:
        The clock, to be moved.

    Raises:
        InvalidInput: the moment has no time zone, or is none of UTC's years 1 to 9999.

    Example:
        >>> with frozen(datetime(2028, 2, 29, 23, 59, tzinfo=UTC)) as clock:
        ...     clock.advance(timedelta(minutes=1))
        ...     print(utc_now())
        2028-03-01 00:00:00+00:00
    """
    global _frozen
    before = _frozen
    _frozen = FrozenClock(moment)
    try:
        yield _frozen
    finally:
        _frozen = before


def aware(field: str, moment: datetime) -> datetime:
    """Check that a time says what it is a time of.

    Arguments:
        field: the field's name, for the error.
        moment: aware.

    Returns:
        The moment in UTC.

    Raises:
        InvalidInput: it is no datetime, has no time zone or one without an offset, or is none of UTC's years 1 to 9999.

    Example:
        >>> aware("moment", datetime.fromisoformat("2026-03-01T01:00+01:00"))
        datetime.datetime(2026, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidInput(field=field, reason="must be a datetime with a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(field=field, reason="must be in the years 1 to 9999") from None


def utc_now() -> datetime:
    """Tell the time.

    Returns:
        An aware datetime in UTC.

    Example:
        >>> utc_now().tzinfo
        datetime.timezone.utc
    """
    return datetime.now(UTC) if _frozen is None else _frozen.moment


def for_server() -> datetime | None:
    """Tell a statement what time it is.

    Returns:
        What a frozen clock shows, or None, by which the statement goes by the server's clock.
    """
    return None if _frozen is None else _frozen.moment
