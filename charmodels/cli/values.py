"""What people type for times, lengths of time and users."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import typer

from charmodels import clock
from charmodels.errors import CharmodelsError, InvalidInput, NotFound
from charmodels.models.user import User
from charmodels.values import Identifier, validate

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(?:\d{1,9}[smhdw])+")
_PART = re.compile(r"(\d+)([smhdw])")


def duration(text: str) -> timedelta:
    """Read a length of time.

    Arguments:
        text: numbers with s, m, h, d or w behind each, as 30d or 1h30m.

    Returns:
        It.

    Raises:
        typer.BadParameter: it is none.

    Example:
        >>> duration("1h30m")
        datetime.timedelta(seconds=5400)
    """
    try:
        if not _DURATION.fullmatch(text):
            raise ValueError
        return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())
    except (ValueError, OverflowError):
        raise typer.BadParameter("must be a length of time such as 90s, 15m, 24h, 30d or 2w") from None


def moment(text: str) -> datetime:
    """Read a date, which stands for its first moment, or a time; UTC unless it says otherwise.

    Arguments:
        text: in ISO 8601, as 2027-01-31 or 2027-01-31T12:00+01:00.

    Returns:
        An aware time, in UTC.

    Raises:
        typer.BadParameter: it is none.

    Example:
        >>> moment("2027-01-31")
        datetime.datetime(2027, 1, 31, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        read = datetime.fromisoformat(text)
        return clock.aware("moment", read if read.tzinfo is not None else read.replace(tzinfo=UTC))
    except (ValueError, InvalidInput):
        raise typer.BadParameter("must be a date such as 2027-01-31, or a time such as 2027-01-31T12:00Z") from None


def past(text: str) -> datetime:
    """Read a time, or how long ago it was.

    Arguments:
        text: as `duration` or `moment` take it.

    Returns:
        An aware time, in UTC.

    Raises:
        typer.BadParameter: it is none.
    """
    if not _DURATION.fullmatch(text):
        return moment(text)
    try:
        return clock.utc_now() - duration(text)
    except OverflowError:
        raise typer.BadParameter("must not reach back before the year 1") from None


def future(at: datetime | None, length: timedelta | None, *, names: str) -> datetime | None:
    """Say when something ends of which either the time or the length was given.

    Arguments:
        at: the time, or None.
        length: from now, or None.
        names: the two options, for the error.

    Returns:
        The time, or None where neither was given.

    Raises:
        typer.BadParameter: both were given, or the end is further away than dates reach.
    """
    if length is None:
        return at
    if at is not None:
        raise typer.BadParameter("give one of the two", param_hint=names)
    try:
        return clock.utc_now() + length
    except OverflowError:
        raise typer.BadParameter("must end before the year 10000", param_hint=names) from None


def generation(text: str) -> UUID:
    """Read the key of a generation.

    Arguments:
        text: a UUID.

    Returns:
        It.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        key: UUID = validate("id", Identifier, text)
    except InvalidInput:
        raise typer.BadParameter("must be the id of a generation, a UUID") from None
    return key


async def find_user(who: str) -> User:
    """Find whom the operator means.

    Arguments:
        who: an email address, or an id.

    Returns:
        The user.

    Raises:
        CharmodelsError: there is no such user. The sentence does not repeat the address.
    """
    try:
        if "@" in who:
            return await User.objects.get_by_email(who)
        return await User.objects.get(id=validate("user", Identifier, who))
    except InvalidInput:
        raise CharmodelsError("A user is named by an email address or an id, which is a UUID.") from None
    except NotFound:
        raise CharmodelsError(f"No user has this {'email address' if '@' in who else 'id'}.") from None
