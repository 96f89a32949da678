"""A cursor is read by whom it was made for, and by nobody after the least change."""

from __future__ import annotations

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import charmodels as cm
from charmodels import cursors
from charmodels.cursors import decode, encode

KEY, QUERY = b"k" * 32, b"newest knights"
POSITION = [datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC), UUID("01890a5d-ac96-774b-bcce-b302099a8057")]
CURSOR = encode(KEY, QUERY, POSITION)
LETTERS = string.ascii_letters + string.digits + "-_"

FEW = settings(max_examples=60, derandomize=True, database=None, deadline=None)
positions = st.lists(
    st.datetimes(timezones=st.just(UTC))
    | st.uuids()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.none()
    | st.dates()
    | st.decimals(allow_nan=False, places=4)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    max_size=5,
)


def test_what_was_given_out_stays_good() -> None:
    given_out = (
        "AVt7InQiOjE3NzIzNjgyMDAxMjM0NTZ9LHsidSI6IjAxODkwYTVkYWM5Njc3NGJiY2NlYjMwMjA5OWE4MDU3In1dRNO7UvlDffQgV1PnxombKQ"
    )
    assert given_out == CURSOR
    assert decode(KEY, QUERY, given_out) == POSITION


@given(key=st.binary(max_size=64), query=st.binary(max_size=64), position=positions)
@FEW
def test_what_goes_in_comes_out(key: bytes, query: bytes, position: list[Any]) -> None:
    cursor = encode(key, query, position)
    assert set(cursor) <= set(LETTERS)
    found = decode(key, query, cursor)
    assert found == position
    assert [type(value) for value in found] == [type(value) for value in position]


@pytest.mark.parametrize(
    "value",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        5e-324,
        float("inf"),
        0.1 + 0.2,
        0.060792710632085800171,
        2**63 - 1,
        UUID(int=0),
        UUID(int=2**128 - 1),
        date(2026, 2, 28),
        Decimal("10.50"),
        "",
        '{"t": 1}',
        "\N{GRINNING FACE}" * 255,
    ],
)
def test_sort_keys_are_kept_exactly(value: Any) -> None:
    [found] = decode(KEY, QUERY, encode(KEY, QUERY, [value]))
    assert repr(found) == repr(value)


def test_times_of_other_zones_are_the_same_moments() -> None:
    moment = datetime(2026, 3, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    [found] = decode(KEY, QUERY, encode(KEY, QUERY, [moment]))
    assert found == moment
    assert found.tzinfo is UTC


def test_every_changed_letter_shows() -> None:
    for place, letter in enumerate(CURSOR):
        for other in LETTERS:
            if other != letter:
                with pytest.raises(cm.InvalidCursor):
                    decode(KEY, QUERY, CURSOR[:place] + other + CURSOR[place + 1 :])


def test_every_missing_added_or_swapped_letter_shows() -> None:
    changed = {CURSOR[:place] + CURSOR[place + 1 :] for place in range(len(CURSOR))}
    changed |= {CURSOR[:place] + letter + CURSOR[place:] for place in range(len(CURSOR) + 1) for letter in "A=\n +/.~"}
    changed |= {
        CURSOR[:place] + CURSOR[place + 1] + CURSOR[place] + CURSOR[place + 2 :] for place in range(len(CURSOR) - 1)
    }
    changed |= {CURSOR[:length] for length in range(len(CURSOR))}
    for cursor in changed - {CURSOR}:
        with pytest.raises(cm.InvalidCursor):
            decode(KEY, QUERY, cursor)


@pytest.mark.parametrize("decoration", ["{}=", "{}==", "={}", " {}", "{} ", "{}\n", "\ufeff{}", "{0}{0}"])
def test_one_spelling_counts(decoration: str) -> None:
    with pytest.raises(cm.InvalidCursor):
        decode(KEY, QUERY, decoration.format(CURSOR))


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 33, b"K" * 32])
def test_another_key(key: bytes) -> None:
    with pytest.raises(cm.InvalidCursor, match="was changed, or belongs to a query with another sort or other filters"):
        decode(key, QUERY, CURSOR)


@pytest.mark.parametrize("query", [b"", b"oldest knights", QUERY + b" ", QUERY[:-1]])
def test_another_query(query: bytes) -> None:
    with pytest.raises(cm.InvalidCursor, match="another sort or other filters"):
        decode(KEY, query, CURSOR)


def test_where_the_query_ends_and_the_position_begins_is_signed_too() -> None:
    raw = urlsafe_b64decode(CURSOR + "=" * (-len(CURSOR) % 4))
    for taken in (1, 2, 8):
        shifted = urlsafe_b64encode(raw[taken:]).rstrip(b"=").decode()
        with pytest.raises(cm.InvalidCursor):
            decode(KEY, QUERY + raw[:taken], shifted)


def test_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "VERSION", 2)
    with pytest.raises(cm.InvalidCursor) as raised:
        decode(KEY, QUERY, CURSOR)
    assert raised.value.reason == "is of another version of this library"
    assert str(raised.value) == "The cursor is of another version of this library."
    newer = encode(KEY, QUERY, POSITION)
    monkeypatch.undo()
    with pytest.raises(cm.InvalidCursor, match="another version"):
        decode(KEY, QUERY, newer)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "A",
        "AQ",
        "=",
        "====",
        "\x00",
        "null",
        "../../etc/passwd",
        "1' OR '1'='1",
        "\N{GREEK SMALL LETTER ALPHA}" * 20,
        "\ud800",
        "\N{GRINNING FACE}",
        CURSOR.replace(CURSOR[5], "\N{FULLWIDTH LATIN CAPITAL LETTER A}"),
        "A" * 100_000,
        CURSOR + "A" * 100_000,
        "\N{GRINNING FACE}" * 100_000,
    ],
)
def test_garbage(garbage: str) -> None:
    with pytest.raises(cm.InvalidCursor):
        decode(KEY, QUERY, garbage)


@pytest.mark.parametrize("value", [None, 7, 1.5, True, CURSOR.encode(), [CURSOR], {"after": CURSOR}, object()])
def test_what_is_no_string(value: Any) -> None:
    with pytest.raises(cm.InvalidCursor, match="is not one that was given out"):
        decode(KEY, QUERY, value)


@given(st.text(max_size=200))
@FEW
def test_any_text_at_all(text: str) -> None:
    with pytest.raises(cm.InvalidCursor):
        decode(KEY, QUERY, text)


@given(st.binary(max_size=100))
@FEW
def test_any_bytes_at_all(raw: bytes) -> None:
    with pytest.raises(cm.InvalidCursor):
        decode(KEY, QUERY, urlsafe_b64encode(bytes([cursors.VERSION]) + raw).rstrip(b"=").decode())


def test_the_longest_key_of_an_index_fits() -> None:
    """PostgreSQL's B-tree holds about 2,700 bytes in a row."""
    for text in ("x" * 2700, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 1350, "\N{GRINNING FACE}" * 675):
        assert decode(KEY, QUERY, encode(KEY, QUERY, [text, 1])) == [text, 1]


def test_a_cursor_of_ours_is_short() -> None:
    assert len(CURSOR) < 120
    assert len(encode(KEY, QUERY, [0.1, UUID(int=1), *POSITION[:1] * 4])) < 250
