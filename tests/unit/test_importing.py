"""Reading and checking lines, without a database."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import UUID

import pytest

from charmodels.importing import BATCH_BYTES, BATCH_ROWS, LINE_LENGTH, BadLine, ImportReport, Lines, _checked
from charmodels.population import uuid7
from charmodels.vocabulary import tags

OWNER = UUID(int=1)


def line(**values: Any) -> str:
    return json.dumps({"name": "Osric", "prompt": "A brave knight", "style": "FANTASY", **values})


def check(lines: Lines) -> tuple[list[Any], list[BadLine]]:
    batches = list(_checked(lines, OWNER, False))
    return [row for batch in batches for row in batch.rows], [bad for batch in batches for bad in batch.bad_lines]


def names(lines: Lines) -> list[str]:
    rows, bad = check(lines)
    assert bad == []
    return [row[4] for row in rows]


GOOD = line().encode()

BAD_LINES = [
    (b"{", None, "is not valid JSON: "),
    (b"nonsense\r\n", None, "is not valid JSON: expected ident at column 2"),
    (b"[1]", None, "must be an object"),
    (b'"text"', None, "must be an object"),
    (b"\xff\xfe" + GOOD, None, "is not valid UTF-8"),
    (GOOD.replace(b"Osric", b"\xc3"), None, "is not valid UTF-8"),
    (b'{"name": "Osric", "style": "FANTASY"}', "prompt", "is required"),
    (b'{"prompt": "A knight", "style": "FANTASY"}', "name", "is required"),
    (b'{"name": "Osric", "prompt": "A knight"}', "style_type", "is required"),
    (line(style="CUBIST").encode(), "style", "must be 'REALISTIC'"),
    (line(prompt="").encode(), "prompt", "must have at least 1 character"),
    (line(prompt=" \t").encode(), "prompt", "must not be blank"),
    (line(prompt="x" * 2001).encode(), "prompt", "must have at most 2000 characters"),
    (line(prompt="a\x00b").encode(), "prompt", "must not hold a NUL character"),
    (line(prompt=5).encode(), "prompt", "must be a valid string"),
    (line(name="x" * 101).encode(), "name", "must have at most 100 characters"),
    (line(tags=[str(number) for number in range(11)]).encode(), "tags", "must be at most 10"),
    (line(tags=["x" * 51]).encode(), "tags", "must have at most 50 characters each"),
    (line(tags=[1]).encode(), "tags", "must be strings"),
    (line(tags="hero").encode(), "tags", "must be a list of strings"),
    (line(tags=None).encode(), "tags", "must be a list of strings"),
    (line(tags=7).encode(), "tags", "must be a list of strings"),
    (line(image_url="javascript:alert()").encode(), "image_url", "must be an http(s) address"),
    (line(metadata=[]).encode(), "metadata", "must be an object"),
    (line(metadata={"a": ["\x00"]}).encode(), "metadata", "must not hold a NUL character"),
    (GOOD.replace(b"}", b', "metadata": {"a": NaN}}'), "metadata", "must not hold NaN or infinity"),
    (GOOD.replace(b"}", b', "metadata": {"a": 1e999}}'), "metadata", "must not hold NaN or infinity"),
    (GOOD.replace(b"}", b', "metadata": {"a": ' + b"[" * 300 + b"]" * 300 + b"}}"), None, "is not valid JSON: "),
    (line(user_id="1").encode(), "user_id", "is not a known field"),
    (line(**{"The secret prompt": 1}).encode(), None, "has a field that is not known"),
    (line(**{"\x1b[31m": 1}).encode(), None, "has a field that is not known"),
]


@pytest.mark.parametrize(("bad", "field", "reason"), BAD_LINES)
def test_a_bad_line_is_named_by_number_field_and_reason(bad: bytes, field: str | None, reason: str) -> None:
    rows, bad_lines = check([GOOD, bad, GOOD])
    assert len(rows) == 2
    assert [(found.number, found.field) for found in bad_lines] == [(2, field)]
    assert bad_lines[0].reason.startswith(reason)


def test_a_reason_quotes_nothing_of_the_line() -> None:
    secret = "Xyzzy"
    lines = [
        line(prompt=secret * 500),
        line(style=secret),
        line(image_url=secret),
        line(tags=[secret * 20]),
        line(**{f"{secret} {secret}": 1}),
        f'{{"prompt": "{secret}',
        secret,
    ]
    _, bad = check(lines)
    assert len(bad) == len(lines)
    assert all(secret not in str(found) and secret not in repr(found) for found in bad)


def test_a_bad_line_reads_as_a_sentence() -> None:
    assert str(BadLine(7, "prompt", "is required")) == "Line 7: prompt is required."
    assert str(BadLine(8, None, "is not valid UTF-8")) == "Line 8 is not valid UTF-8."


def test_a_report_knows_its_rate() -> None:
    report = ImportReport(read=100, imported=100, bad=0, bad_lines=(), seconds=0.5)
    assert report.rate == 200.0
    assert ImportReport(read=0, imported=0, bad=0, bad_lines=(), seconds=0.0).rate == 0.0


def test_blank_lines_are_skipped_and_counted() -> None:
    _, bad = check(["\n", line(), "  \r\n", "", "{"])
    assert [found.number for found in bad] == [5]


def test_byte_order_mark_and_crlf_are_fine() -> None:
    text = "\ufeff" + line(name="One") + "\r\n" + line(name="Two") + "\r\n"
    assert names(io.BytesIO(text.encode())) == ["One", "Two"]


def test_a_file_a_path_and_lines_give_the_same(tmp_path: Any) -> None:
    text = line(name="Zoë") + "\n" + line(name="Two")
    path = tmp_path / "characters.jsonl"
    path.write_bytes(text.encode())
    expected = ["Zoë", "Two"]
    assert names(path) == expected
    assert names(str(path)) == expected
    assert names(io.BytesIO(text.encode())) == expected
    assert names(io.StringIO(text)) == expected
    assert names(text.splitlines()) == expected
    assert names(text.encode().splitlines()) == expected


def test_half_a_surrogate_pair_is_a_bad_line() -> None:
    _, bad = check([line().replace("Osric", "\ud800"), line().replace("Osric", "\\ud800")])
    assert [found.number for found in bad] == [1, 2]


def test_a_line_that_is_too_long_is_bad_and_the_next_is_read() -> None:
    fits = line(metadata={"a": "x" * 1000}).encode().ljust(LINE_LENGTH - 1) + b"\n"
    long = line().encode() + b" " * LINE_LENGTH + b"\n"
    rows, bad = check(io.BytesIO(fits + long + GOOD))
    assert len(rows) == 2
    assert bad == [BadLine(2, None, "is longer than 1,048,576 bytes")]


def test_a_batch_ends_with_enough_lines_or_enough_bytes() -> None:
    few = list(_checked((line() for _ in range(BATCH_ROWS + 1)), OWNER, False))
    assert [len(batch.rows) for batch in few] == [BATCH_ROWS, 1]
    padded = line().encode().ljust(LINE_LENGTH - 1) + b"\n"
    many = list(_checked([padded] * 6, OWNER, False))
    assert [len(batch.rows) for batch in many] == [BATCH_BYTES // LINE_LENGTH, 2]


def test_style_type_may_be_called_style() -> None:
    assert [row[6] for row in check([line(), line().replace("style", "style_type")])[0]] == ["FANTASY", "FANTASY"]


def test_the_tags_of_the_vocabulary_are_normal_and_different() -> None:
    from charmodels.tags import normalize_tags

    found = tags(1000)
    assert len(found) == 1000
    assert normalize_tags(found, limit=1000) == list(found)


def test_ids_made_of_moments_sort_as_the_moments_do() -> None:
    from datetime import UTC, datetime, timedelta

    moment = datetime(2025, 6, 1, tzinfo=UTC)
    moments = [moment + timedelta(microseconds=step) for step in (0, 1, 2, 999, 1000, 1001, 86_400_000_000)]
    ids = [uuid7(each, noise) for noise, each in zip(reversed(range(len(moments))), moments, strict=True)]
    assert ids == sorted(ids)
    assert {made.version for made in ids} == {7}
    assert ids[0].int >> 80 == int(moment.timestamp() * 1000)
