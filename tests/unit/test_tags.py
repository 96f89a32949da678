from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import charmodels as cm


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Hero", "hero"),
        ("  Ice \t QUEEN\n", "ice queen"),
        ("Stra\N{LATIN SMALL LETTER SHARP S}e", "strasse"),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}x", "i\N{COMBINING DOT ABOVE}x"),
        ("\N{NO-BREAK SPACE}dragon\N{NO-BREAK SPACE}rider", "dragon rider"),
        ("x" * 50, "x" * 50),
    ],
)
def test_a_tag_has_one_form(typed: str, stored: str) -> None:
    assert cm.normalize_tag(typed) == stored


@pytest.mark.parametrize("tag", ["", "   ", "x" * 51, "a\x00b", "a\x07b", "\ud800", None, 7])
def test_what_is_no_tag_is_refused_by_name(tag: object) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        cm.normalize_tag(tag)  # type: ignore[arg-type]
    assert caught.value.field == "tags"


def test_duplicates_go_and_order_stays() -> None:
    assert cm.normalize_tags(["Knight", "hero", "KNIGHT ", "Hero"]) == ["knight", "hero"]


def test_the_limit_counts_different_tags() -> None:
    assert len(cm.normalize_tags([f"tag{number % 10}" for number in range(30)])) == 10
    with pytest.raises(cm.InvalidInput, match="at most 10"):
        cm.normalize_tags([f"tag{number}" for number in range(11)])


@pytest.mark.parametrize("tags", ["hero", b"hero", {"hero": 1}, {}, 7, None])
def test_what_is_no_list_is_refused(tags: Any) -> None:
    with pytest.raises(cm.InvalidInput):
        cm.normalize_tags(tags)


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(tag: str) -> None:
    try:
        once = cm.normalize_tag(tag)
    except cm.InvalidInput:
        return
    assert cm.normalize_tag(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert 1 <= len(once) <= 50
