"""Times on the command line: how long ago, or when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

from charmodels import clock

_SPAN = re.compile(r"(\d{1,9})\s*([mhdw])", re.IGNORECASE)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

SPANS = "as 90m, 12h, 30d or 2w"


def span(text: str) -> timedelta:
    """Read how long.

    Arguments:
        text: a whole number of minutes, hours, days or weeks.

    Returns:
        The time, more than zero.

    Raises:
        typer.BadParameter: it is none.

    Example:
        >>> span("90d").days
        90
    """
    found = _SPAN.fullmatch(text.strip())
    try:
        length = None if found is None else int(found[1]) * _UNITS[found[2].lower()]
    except OverflowError:
        length = None
    if not length:
        raise typer.BadParameter(f"must be a time {SPANS}")
    return length


def moment(text: str) -> datetime:
    """Read when: how long ago, or a date with or without a time, in UTC unless it says otherwise.

    Arguments:
        text: as `span` takes it, or ISO 8601.

    Returns:
        An aware datetime.

    Raises:
        typer.BadParameter: it is none.

    Example:
        >>> moment("2026-03-02T18:00").isoformat()
        '2026-03-02T18:00:00+00:00'
    """
    try:
        if _SPAN.fullmatch(text.strip()):
            return clock.utc_now() - span(text)
        when = datetime.fromisoformat(text.strip())
        return (when.replace(tzinfo=UTC) if when.tzinfo is None else when).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"must be how long ago, {SPANS}, or a time as 2026-03-02T18:00") from None
