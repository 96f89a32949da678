"""Pages, totals and snippets as values."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import charmodels as cm
from charmodels.querysets.search import MARKS, as_snippet

FEW = settings(max_examples=60, derandomize=True, database=None, deadline=None)


@pytest.mark.parametrize(
    ("total", "text", "written"),
    [
        (cm.Total(0), "0", "Total(0)"),
        (cm.Total(41), "41", "Total(41)"),
        (cm.Total(1000), "1,000", "Total(1000)"),
        (cm.Total(1000, is_exact=False), "more than 1,000", "Total(1000, is_exact=False)"),
    ],
)
def test_a_total_says_what_is_known(total: cm.Total, text: str, written: str) -> None:
    assert str(total) == f"{total}" == text
    assert repr(total) == written


def test_a_total_is_a_number() -> None:
    total = cm.Total(41)
    assert total == 41
    assert total + 1 == 42
    assert hash(total) == hash(41)
    assert sorted([cm.Total(3), 1, cm.Total(2)]) == [1, 2, 3]
    assert json.dumps({"total": total}) == '{"total": 41}'
    assert not cm.Total(0)
    assert total.is_exact
    assert f"{total:>5d}" == "   41"


@pytest.mark.parametrize("total", [cm.Total(41), cm.Total(1000, is_exact=False)])
def test_a_total_survives_being_copied(total: cm.Total) -> None:
    for again in (copy.copy(total), copy.deepcopy(total), pickle.loads(pickle.dumps(total))):
        assert (again, again.is_exact) == (total, total.is_exact)
        assert isinstance(again, cm.Total)


def test_a_page_is_what_stands_on_it() -> None:
    page = cm.Page(["ada", "grace"], next_cursor="abc")
    assert list(page) == page.items == ["ada", "grace"]
    assert (len(page), page.has_more, page.total, page.snippets) == (2, True, None, {})
    assert "ada" in page
    assert pickle.loads(pickle.dumps(page)) == page


def test_the_last_page() -> None:
    page: cm.Page[str] = cm.Page([], next_cursor=None)
    assert (list(page), len(page), page.has_more) == ([], 0, False)


def test_a_page_does_not_change() -> None:
    page = cm.Page([1], next_cursor=None)
    with pytest.raises(AttributeError):
        page.next_cursor = "abc"  # type: ignore[misc]


def test_pages_share_no_snippets() -> None:
    assert cm.Page([1], None).snippets is not cm.Page([1], None).snippets


def test_a_snippet_is_html() -> None:
    snippet = cm.Snippet("a <mark>knight</mark> &amp; a horse")
    assert snippet == "a <mark>knight</mark> &amp; a horse"
    assert type(snippet.__html__()) is str
    assert snippet.__html__() == snippet


@given(st.text(st.sampled_from("<>&\"'/ab \u202e" + MARKS), max_size=60))
@FEW
def test_nothing_but_marks_comes_through(text: str) -> None:
    """What is left when the marks are taken out is what html.escape leaves of a text."""
    snippet = as_snippet(text)
    bare = snippet.replace("<mark>", "").replace("</mark>", "")
    assert not set(bare) & set("<>\"'")
    assert all(part.startswith(("amp;", "lt;", "gt;", "quot;", "#x27;")) for part in bare.split("&")[1:])
    assert snippet.count("<mark>") == text.count(MARKS[0])
    assert snippet.count("</mark>") == text.count(MARKS[1])
