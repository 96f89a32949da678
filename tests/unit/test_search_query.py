"""The search box: what each term becomes, and what an error points at."""

from __future__ import annotations

import dataclasses
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import charmodels as cm
from charmodels import limits

FANTASY, ANIME = cm.StyleType.FANTASY, cm.StyleType.ANIME


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", cm.SearchQuery()),
        (" \t\n\N{NO-BREAK SPACE}", cm.SearchQuery()),
        (
            'warrior style:fantasy tag:hero -tag:gore by:ada "ice queen"',
            cm.SearchQuery(
                text='warrior "ice queen"', styles=(FANTASY,), all_of=("hero",), none_of=("gore",), by=("ada",)
            ),
        ),
    ],
)
def test_a_search_is_taken_apart(text: str, expected: cm.SearchQuery) -> None:
    assert cm.parse_query(text) == expected


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("warrior  queen\n", "warrior queen"),
        ("-sad", "-sad"),
        ("--sad", "-sad"),
        ('-"ice  age"', '-"ice age"'),
        ("\N{LEFT DOUBLE QUOTATION MARK}ice age\N{RIGHT DOUBLE QUOTATION MARK}", '"ice age"'),
        ("\N{RIGHT DOUBLE QUOTATION MARK}ice age\N{RIGHT DOUBLE QUOTATION MARK}", '"ice age"'),
        ("\N{DOUBLE LOW-9 QUOTATION MARK}ice age\N{LEFT DOUBLE QUOTATION MARK}", '"ice age"'),
        ('"tag:hero -style:x"', '"tag:hero -style:x"'),
        ('rock"and roll"band', 'rock "and roll" band'),
        ("elf or dwarf", "elf or dwarf"),
        ("elf OR -dwarf", "elf or -dwarf"),
        ("http://x/y mood:happy :", "http://x/y mood:happy :"),
        ("-mood:happy (tag:hero)", "-mood:happy (tag:hero)"),
        ("tagline:x bypass:y tag :x", "tagline:x bypass:y tag :x"),
        ("half-elf rock'n'roll", "half-elf rock'n'roll"),
        ("Osric - the knight -", "Osric the knight"),
        ("-- - ---", ""),
        ("\N{CJK UNIFIED IDEOGRAPH-6B66}\N{IDEOGRAPHIC SPACE}\N{CROSSED SWORDS}",
         "\N{CJK UNIFIED IDEOGRAPH-6B66} \N{CROSSED SWORDS}"),
    ],
)  # fmt: skip
def test_words_and_phrases_stay_text(typed: str, text: str) -> None:
    assert cm.parse_query(typed) == cm.SearchQuery(text=text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("or", '"or"'),
        ("or elf", '"or" elf'),
        ("elf or", 'elf "or"'),
        ("elf or -", 'elf "or"'),
        ("elf or or dwarf", 'elf or "or" dwarf'),
        ("elf or or or dwarf", 'elf or "or" or dwarf'),
        ("or or or", '"or" or "or"'),
        ("or tag:hero elf", '"or" elf'),
        ("elf tag:hero or", 'elf "or"'),
        ("elf -or dwarf", "elf -or dwarf"),
    ],
)
def test_an_or_without_two_sides_is_a_word(typed: str, text: str) -> None:
    assert cm.parse_query(typed).text == text


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("style:fantasy", {"styles": (FANTASY,)}),
        ('STYLE:"Fantasy"', {"styles": (FANTASY,)}),
        ("style:fantasy,ANIME", {"styles": (FANTASY, ANIME)}),
        ("style:anime style:fantasy style:anime", {"styles": (ANIME, FANTASY)}),
        ("tag:Hero", {"all_of": ("hero",)}),
        ("tag:hero tag:knight tag:HERO", {"all_of": ("hero", "knight")}),
        ('tag:"Ice  Queen"', {"all_of": ("ice queen",)}),
        ('tag:\N{LEFT DOUBLE QUOTATION MARK}ice, cold"', {"all_of": ("ice, cold",)}),
        ("tag:http://x", {"all_of": ("http://x",)}),
        ("tag:-hero", {"all_of": ("-hero",)}),
        ("tag:hero,knight", {"any_of": ("hero", "knight")}),
        ('tag:"ice queen",hero,HERO', {"any_of": ("ice queen", "hero")}),
        ("tag:hero,HERO tag:a,b", {"all_of": ("hero",), "any_of": ("a", "b")}),
        ("tag:hero tag:hero,elf -tag:hero", {"all_of": ("hero",), "any_of": ("hero", "elf"), "none_of": ("hero",)}),
        ("-tag:gore --tag:blood,gore", {"none_of": ("gore", "blood")}),
        ("by:ada", {"by": ("ada",)}),
        ('By:" Ada  Lovelace "', {"by": ("Ada  Lovelace",)}),
        ('by:ada,Ada by:"Lovelace, Ada" by:ada', {"by": ("ada", "Ada", "Lovelace, Ada")}),
        ('"ice age"tag:hero', {"text": '"ice age"', "all_of": ("hero",)}),
        ("- tag:hero elf", {"text": "elf", "all_of": ("hero",)}),
    ],
)
def test_fields(typed: str, expected: dict[str, object]) -> None:
    assert cm.parse_query(typed) == cm.SearchQuery(**expected)  # type: ignore[arg-type]


LONG = "x" * 51


@pytest.mark.parametrize(
    ("text", "term", "reason"),
    [
        ("warrior style:fantasi hero", "style:fantasi", "names a style that is not known"),
        ("style:anime,fantasi,x", "fantasi", "names a style that is not known"),
        ('style:anime,"x y"', '"x y"', "names a style that is not known"),
        ("a tag: b", "tag:", "has a field without a value"),
        ("style:", "style:", "has a field without a value"),
        ('by:" " b', 'by:" "', "has a field without a value"),
        ("-tag:a, b", "-tag:a,", "has a field without a value"),
        ("tag:a,,b", "tag:a,,b", "has a field without a value"),
        ("tag:,", "tag:,", "has a field without a value"),
        ("a -style:anime", "-style:anime", "excludes by a field; only words, phrases and tags can be excluded"),
        ("--by:ada b", "--by:ada", "excludes by a field; only words, phrases and tags can be excluded"),
        ('elf "ice age ', '"ice age', "has a quote that is not closed"),
        ('elf -tag:a,"ice age', '-tag:a,"ice age', "has a quote that is not closed"),
        ('elf -"', '-"', "has a quote that is not closed"),
        ('5" tall', '" tall', "has a quote that is not closed"),
        ('a -"" b', '-""', "has nothing between two quotes"),
        ('a " " b', '" "', "has nothing between two quotes"),
        ('tag:"ice"queen hero', 'tag:"ice"queen', "has a value that is only partly in quotes"),
        ('by:O"Hara b" c', 'by:O"Hara', "has a value that is only partly in quotes"),
        (f"a tag:{LONG} b", f"tag:{LONG}", "names a tag that cannot be, as tags must have at most 50 characters each"),
        (f"tag:a,{LONG}", LONG, "names a tag that cannot be, as tags must have at most 50 characters each"),
        ("tag:a\x07 b", "tag:a\x07",
         "names a tag that cannot be, as tags must not hold control characters or half a surrogate pair"),
        ("tag:a,b tag:c tag:d,e", "tag:d,e", "has a second list of tags to choose from; there can be one"),
        ("elf or tag:hero", "or", "has an `or` beside a field; it can stand between words and phrases"),
        ("tag:hero OR elf", "OR", "has an `or` beside a field; it can stand between words and phrases"),
        ("elf or - tag:hero", "or", "has an `or` beside a field; it can stand between words and phrases"),
        ("a\x00b", "\x00", "must not hold a NUL character or half a surrogate pair"),
        ("\N{CROSSED SWORDS}\ud800", "\ud800", "must not hold a NUL character or half a surrogate pair"),
        ("x" * 1001, "x", "must have at most 1000 characters"),
        (" " * 1000 + "tag:", "tag:", "must have at most 1000 characters"),
        ("a " * 20 + "tag:hero c", "tag:hero", "must have at most 20 terms"),
        ("tag:" + ",".join("abcdefghijklmnopqrstuvw"), "u", "must have at most 20 terms"),
    ],
)  # fmt: skip
def test_an_error_points_at_the_term(text: str, term: str, reason: str) -> None:
    with pytest.raises(cm.InvalidQuery) as caught:
        cm.parse_query(text)
    error = caught.value
    assert (text[error.start : error.end], error.field, error.reason) == (term, "query", reason)
    assert str(error) == f"query {reason}, at characters {error.start} to {error.end}."


@pytest.mark.parametrize("text", [None, 7, b"warrior"])
def test_what_is_no_text_is_refused(text: object) -> None:
    with pytest.raises(cm.InvalidInput, match=r"^query must be a string\.$"):
        cm.parse_query(text)  # type: ignore[arg-type]


def test_as_much_as_is_allowed() -> None:
    longest = "x" * limits.SEARCH_LENGTH
    assert cm.parse_query(longest).text == longest
    most = " - ".join(["a"] * limits.SEARCH_TERMS)
    assert cm.parse_query(most).text.split() == ["a"] * limits.SEARCH_TERMS


def test_an_error_does_not_repeat_what_was_typed() -> None:
    for text in ("style:hunter2", "tag:hunter2" + LONG, 'by:"hunter2', "-by:hunter2"):
        with pytest.raises(cm.InvalidQuery) as caught:
            cm.parse_query(text)
        assert "hunter2" not in f"{caught.value!r} {vars(caught.value)} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("text", "start", "end", "drawn"),
    [
        ("a style:x b", 2, 9, "a style:x b\n  ^^^^^^^"),
        ("a\tb\n style:x", 5, 12, "a b  style:x\n     ^^^^^^^"),
        ("\N{CJK UNIFIED IDEOGRAPH-6B66} tag:", 2, 6, "\N{CJK UNIFIED IDEOGRAPH-6B66} tag:\n   ^^^^"),
        ("e\N{COMBINING ACUTE ACCENT} tag:", 3, 7, "e\N{COMBINING ACUTE ACCENT} tag:\n  ^^^^"),
        ("a\ud800b", 1, 2, "a\N{REPLACEMENT CHARACTER}b\n ^"),
        ("a\x00b", 1, 2, "a b\n ^"),
        ("\N{COMBINING ACUTE ACCENT}", 0, 1, "\N{COMBINING ACUTE ACCENT}\n^"),
    ],
)
def test_a_pointer_is_drawn_under_the_term(text: str, start: int, end: int, drawn: str) -> None:
    pointer = cm.InvalidQuery(reason="is wrong", start=start, end=end).pointer(text)
    assert pointer == drawn
    pointer.encode()


def test_a_query_stays_as_it_is() -> None:
    query = cm.parse_query("warrior tag:hero")
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.text = "other"  # type: ignore[misc]
    assert not hasattr(query, "__dict__")
    assert len({query, cm.parse_query("warrior  tag:HERO")}) == 1


# What holds for any text

PARTS = ["style:", "tag:", "by:", "-", '"', "\N{LEFT DOUBLE QUOTATION MARK}", ",", " ", "or", "a", "Anime", "ice queen"]
TYPED = st.text() | st.lists(st.sampled_from(PARTS) | st.characters(), max_size=30).map("".join)


def outcome(text: str) -> cm.SearchQuery | cm.InvalidQuery:
    try:
        return cm.parse_query(text)
    except cm.InvalidQuery as error:
        return error


@given(TYPED)
@example('tag:"')
@example("\N{LATIN SMALL LETTER LONG S}tyle:anime")
@example("tag:\N{GREEK SMALL LETTER IOTA WITH DIALYTIKA AND TONOS}")
def test_any_text_gives_a_query_or_an_error_with_a_place(text: str) -> None:
    found = outcome(text)
    if isinstance(found, cm.SearchQuery):
        written = str(found)
        assert len(written) > limits.SEARCH_LENGTH or cm.parse_query(written) == found
        return
    assert 0 <= found.start < found.end <= len(text)
    if not found.reason.startswith("must"):  # those may point at a part of a term
        term = text[found.start : found.end]
        assert term == term.strip()
    line, carets = found.pointer(text).split("\n")
    assert len(line) == len(text)
    assert carets.strip(" ") == "^" * len(carets.strip(" "))


WORDS = st.text(st.characters(categories=["L", "N", "S"]), min_size=1, max_size=5).filter(
    lambda word: word.lower() != "or"
)
PHRASES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


def distinct(values: st.SearchStrategy[str], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=least, max_size=most, unique=True).map(tuple)


TAGS = PHRASES.map(cm.normalize_tag)
QUERIES = st.builds(
    cm.SearchQuery,
    text=st.lists(
        st.builds(str.__add__, st.sampled_from(["", "-"]), WORDS | PHRASES.map('"{}"'.format)), max_size=5
    ).map(" ".join),
    styles=st.lists(st.sampled_from(cm.StyleType), max_size=3, unique=True).map(tuple),
    all_of=distinct(TAGS),
    any_of=st.just(()) | distinct(TAGS, least=2),
    none_of=distinct(TAGS),
    by=distinct(PHRASES),
)  # fmt: skip


@given(QUERIES, st.randoms(use_true_random=False))
def test_every_term_lands_once_wherever_it_stands(query: cm.SearchQuery, random: Random) -> None:
    fields = [
        *(f"style:{style}" for style in query.styles),
        *(f'tag:"{tag}"' for tag in query.all_of),
        *(["tag:" + ",".join(f'"{tag}"' for tag in query.any_of)] if query.any_of else []),
        *(f'-tag:"{tag}"' for tag in query.none_of),
        *(f'by:"{name}"' for name in query.by),
    ]
    # The fields in any order, the text in front, behind, or among them; the order within a field is that of the text.
    random.shuffle(fields)
    place = random.randint(0, len(fields))
    found = cm.parse_query(" ".join([*fields[:place], query.text, *fields[place:]]))
    assert found.text == query.text
    assert found.any_of == query.any_of
    for name in ("styles", "all_of", "none_of", "by"):
        assert sorted(getattr(found, name)) == sorted(getattr(query, name))


@given(QUERIES)
def test_a_query_written_out_reads_back(query: cm.SearchQuery) -> None:
    assert cm.parse_query(str(query)) == query
    assert cm.parse_query(str(query).replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}")) == query
