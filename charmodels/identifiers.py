"""Primary keys and times, made by the client."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make a primary key: a UUIDv7 (RFC 9562, 5.7), so a new row lands at the hot end of its index.

    Returns:
        A UUID whose first 48 bits are the Unix time in milliseconds.

    Example:
        >>> new_id().version
        7
    """
    return uuid7()


def utc_now() -> datetime:
    """Tell the time.

    Returns:
        An aware datetime in UTC.

    Example:
        >>> utc_now().tzinfo
        datetime.timezone.utc
    """
    return datetime.now(UTC)
