"""What a status says, and how it is told in HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import charmodels as cm

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def status(left: timedelta = timedelta(hours=6), **values: Any) -> cm.QuotaStatus:
    return cm.QuotaStatus(
        **{
            "limit": 3, "used": 1, "held": 1, "granted": 0, "remaining": 2,
            "resets_at": MIDNIGHT, "as_of": MIDNIGHT - left, **values,
        }
    )  # fmt: skip


def test_fields_when_something_is_left() -> None:
    expected = {"RateLimit-Policy": '"daily";q=3;w=86400', "RateLimit": '"daily";r=2;t=21600'}
    assert status().headers() == expected
    assert status().headers(2) == expected


def test_fields_when_too_little_is_left() -> None:
    assert status().headers(3) == {
        "RateLimit-Policy": '"daily";q=3;w=86400',
        "RateLimit": '"daily";r=2;t=21600',
        "Retry-After": "21600",
    }


def test_fields_when_nothing_is_left() -> None:
    assert status(used=3, remaining=0).headers() == {
        "RateLimit-Policy": '"daily";q=3;w=86400',
        "RateLimit": '"daily";r=0;t=21600',
        "Retry-After": "21600",
    }


def test_grants_belong_to_the_policy() -> None:
    assert status(granted=20, remaining=22).headers() == {
        "RateLimit-Policy": '"daily";q=23;w=86400',
        "RateLimit": '"daily";r=22;t=21600',
    }


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        (timedelta(microseconds=1), "1"),
        (SECOND, "1"),
        (SECOND + timedelta(microseconds=1), "2"),
        (timedelta(), "0"),
        (-SECOND, "0"),
        (timedelta(hours=25), "90000"),
    ],
)
def test_seconds_are_rounded_up_and_never_negative(left: timedelta, seconds: str) -> None:
    fields = status(left, used=3, remaining=0).headers()
    assert fields["Retry-After"] == seconds
    assert fields["RateLimit"] == f'"daily";r=0;t={seconds}'


def test_exceeded_and_retry_after() -> None:
    assert (status().exceeded, status().retry_after) == (False, None)
    spent = status(timedelta(seconds=90), used=3, remaining=0)
    assert (spent.exceeded, spent.retry_after) == (True, timedelta(seconds=90))


def test_a_status_stays_as_it_is() -> None:
    with pytest.raises(AttributeError):
        status().used = 2  # type: ignore[misc]
    assert status() == status()
    assert len({status(), status()}) == 1
