"""Page cursors: opaque, versioned, signed, and bound to their query.

A cursor holds the sort keys of the last row of a page. It is signed together with the query that it belongs to, which
is not in it: so it cannot be changed, nor used with another sort or other filters. It is no secret: whoever decodes it
reads what stood on the page anyway.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from charmodels.errors import InvalidCursor

VERSION = 1
"""Stands first in every cursor. Cursors of another version are refused, so a change of format is safe."""

LONGEST = 4096
"""Characters in a cursor, at most: what is longer is none, and is not looked at. The longest key that a B-tree of
PostgreSQL's holds, of about 2,700 bytes, fits."""

_SIGNATURE_LENGTH = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(key: bytes, query: bytes, position: Sequence[Any]) -> str:
    """Make a cursor.

    Arguments:
        key: to sign with.
        query: describes the query, its sort and filters.
        position: sort keys: datetimes, dates, UUIDs, numbers, strings.

    Returns:
        The cursor, of letters that need no escaping in a URL.

    Example:
        >>> cursor = encode(b"secret", b"newest knights", [datetime(2026, 3, 1, tzinfo=UTC), 7])
        >>> decode(b"secret", b"newest knights", cursor)
        [datetime.datetime(2026, 3, 1, 0, 0, tzinfo=datetime.timezone.utc), 7]
    """
    plain = ",".join([_write(value) for value in position])
    payload = bytes([VERSION]) + f"[{plain}]".encode()
    return urlsafe_b64encode(payload + _sign(key, query, payload)).rstrip(b"=").decode()


def decode(key: bytes, query: bytes, cursor: str) -> list[Any]:
    """Read a cursor.

    Arguments:
        key: that it was signed with.
        query: describes the query that it is to be used with.
        cursor: as `encode` made it.

    Returns:
        The sort keys.

    Raises:
        InvalidCursor: it is none, was changed, is of another version, or belongs to another query.
    """
    if not isinstance(cursor, str) or len(cursor) > LONGEST:
        raise InvalidCursor(reason="is not one that was given out")
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (Base64Error, ValueError):
        raise InvalidCursor(reason="is not one that was given out") from None
    payload, signature = raw[:-_SIGNATURE_LENGTH], raw[-_SIGNATURE_LENGTH:]
    if payload[:1] and payload[0] != VERSION:
        raise InvalidCursor(reason="is of another version of this library")
    # Base64 has spare bits: only one spelling of a cursor counts.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor or not hmac.compare_digest(
        signature, _sign(key, query, payload)
    ):
        raise InvalidCursor(reason="was changed, or belongs to a query with another sort or other filters")
    return [_restored(value) for value in json.loads(payload[1:])]


def _sign(key: bytes, query: bytes, payload: bytes) -> bytes:
    signature = _keyed(key).copy()
    signature.update(len(query).to_bytes(8, "big") + query + payload)
    return signature.digest()[:_SIGNATURE_LENGTH]


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hmac.HMAC:
    """Begin a signature: half of the work is about the key alone."""
    return hmac.new(key, digestmod="sha256")


def _write(value: Any) -> str:
    """Write a sort key in JSON, exactly."""
    if isinstance(value, datetime):
        return f'{{"t":{(value - _EPOCH) // _MICROSECOND}}}'
    if isinstance(value, UUID):
        return f'{{"u":"{value.hex}"}}'
    if isinstance(value, float):
        return f'{{"f":"{value.hex()}"}}'
    if isinstance(value, date):
        return f'{{"d":"{value.isoformat()}"}}'
    if isinstance(value, Decimal):
        return f'{{"n":"{value}"}}'
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _restored(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    [(kind, inner)] = value.items()
    return _RESTORED[kind](inner)


_RESTORED: dict[str, Callable[[Any], Any]] = {
    "t": lambda inner: _EPOCH + inner * _MICROSECOND,
    "u": UUID,
    "f": float.fromhex,
    "d": date.fromisoformat,
    "n": Decimal,
}
