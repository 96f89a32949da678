"""Primary keys, made by the client."""

from __future__ import annotations

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
