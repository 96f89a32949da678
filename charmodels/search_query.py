"""The one search box of the gallery, taken apart: words for full-text search, and fields for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from charmodels import limits
from charmodels.enums import StyleType
from charmodels.errors import InvalidInput, InvalidQuery
from charmodels.tags import normalize_tag

_Field = Literal["style", "tag", "by"]

# Any of them opens and any of them closes: keyboards and word processors disagree on which is which.
_QUOTES = '"\u201c\u201d\u201e'
_HEAD = re.compile(r"(?P<minus>-*)(?:(?P<field>style|tag|by):)?", re.IGNORECASE | re.ASCII)
_QUOTED = re.compile(rf"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]")
_WORD = re.compile(rf"[^\s{_QUOTES}]*")
_VALUE = re.compile(rf"[^\s,{_QUOTES}]*")
_SPACE = re.compile(r"\s*")
_NOT_SPACE = re.compile(r"\S*")
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

_STYLES = {style.value.casefold(): style for style in StyleType}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What was asked for in the search box. Everything that is given must hold; empty means anything.

    `str(query)` writes a parsed query out so that `parse_query` reads the same one, as long as it has room in
    `limits.SEARCH_LENGTH`: a text close to that may be longer when it is written out.

    Arguments:
        text: for `websearch_to_tsquery`: words, "phrases", `-` before what must not be there, `or` between two.
        styles: any of these; a character has one.
        all_of: every one of these tags, normalised.
        any_of: at least one of these tags, normalised; two or more, or none.
        none_of: not one of these tags, normalised.
        by: owned by somebody with one of these public names, as typed, less white space around them.

    Example:
        >>> SearchQuery(text="warrior", all_of=("ice queen",))
        SearchQuery(text='warrior', styles=(), all_of=('ice queen',), any_of=(), none_of=(), by=())
        >>> str(SearchQuery(text="warrior", all_of=("ice queen",)))
        'warrior tag:"ice queen"'
    """

    text: str = ""
    styles: tuple[StyleType, ...] = ()
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [
            self.text,
            _written("style", [style.value.lower() for style in self.styles]),
            *(_written("tag", [tag]) for tag in self.all_of),
            _written("tag", self.any_of),
            _written("-tag", self.none_of),
            _written("by", self.by),
        ]
        return " ".join(filter(None, parts))


def parse_query(text: str) -> SearchQuery:
    """Take the text of the search box apart.

    - `warrior`, `"ice queen"`, `-word`, `-"a phrase"`, `one or other`: full-text search. An `or` that does not stand
      between two words or phrases is a word; the text then has it in quotes. A minus sign alone is a dash, and left
      out. A word with a colon behind anything but the three fields is a word.
    - `style:fantasy`, `style:fantasy,anime`: one of the styles. Several terms are one list.
    - `tag:hero`: this tag too. `-tag:gore`, `-tag:gore,blood`: none of these. `tag:a,b`: any of these; there is one
      such list at most, because two would have to hold both, and one list cannot say so.
    - `by:ada`, `by:"Ada Lovelace"`: by this owner. Several, or a list, are alternatives.

    The names of fields and styles may have capitals. A value with white space or a comma stands in quotes. Quotes
    may be straight or curly; there is no way to put one inside of another.

    Arguments:
        text: as a person typed it: at most `limits.SEARCH_LENGTH` characters, and `limits.SEARCH_TERMS` terms, where
            each value of a list counts.

    Returns:
        The query; an empty one for a blank text. What is repeated within a field is kept once, in order of first
        appearance.

    Raises:
        InvalidQuery: a term cannot be understood; it tells where the term is.
        InvalidInput: the text is no string.

    Example:
        >>> parse_query('warrior style:fantasy -tag:gore by:ada "ice queen"')
        SearchQuery(text='warrior "ice queen"', styles=(<StyleType.FANTASY: 'FANTASY'>,), all_of=(), any_of=(), \
none_of=('gore',), by=('ada',))
        >>> try:
        ...     parse_query("warrior style:fantasi")
        ... except InvalidQuery as error:
        ...     print(error)
        query names a style that is not known, at characters 8 to 21.
    """
    _check(text)
    terms = list(_terms(text))
    styles: dict[StyleType, None] = {}
    tags: dict[Literal["all", "any", "none"], dict[str, None]] = {"all": {}, "any": {}, "none": {}}
    names: dict[str, None] = {}
    for term in terms:
        if term.negated and term.field in ("style", "by"):
            raise term.error("excludes by a field; only words, phrases and tags can be excluded")
        if term.field == "style":
            styles |= dict.fromkeys(_style(value) for value in term.values)
        elif term.field == "by":
            names |= dict.fromkeys(value.text.strip() for value in term.values)
        elif term.field == "tag":
            found = dict.fromkeys(_tag(value) for value in term.values)
            if term.negated:
                tags["none"] |= found
            elif len(found) == 1:
                tags["all"] |= found
            elif tags["any"]:
                raise term.error("has a second list of tags to choose from; there can be one")
            else:
                tags["any"] = found
    return SearchQuery(
        text=_text(terms),
        styles=tuple(styles),
        all_of=tuple(tags["all"]),
        any_of=tuple(tags["any"]),
        none_of=tuple(tags["none"]),
        by=tuple(names),
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the text that an error can point at."""

    start: int
    end: int
    text: str

    def error(self, reason: str) -> InvalidQuery:
        return InvalidQuery(reason=reason, start=self.start, end=self.end)


@dataclass(frozen=True, slots=True)
class _Term(_Piece):
    """A word or a phrase as it goes into the text for full-text search, or a field with its values."""

    negated: bool = False
    field: _Field | None = None
    values: tuple[_Piece, ...] = ()


def _check(text: str) -> None:
    """Refuse what cannot be looked at, before it is looked at."""
    if not isinstance(text, str):
        raise InvalidInput(field="query", reason="must be a string")
    if len(text) > limits.SEARCH_LENGTH:
        reason = f"must have at most {limits.SEARCH_LENGTH} characters"
        raise InvalidQuery(reason=reason, start=limits.SEARCH_LENGTH, end=len(text))
    if bad := _NOT_STORABLE.search(text):
        reason = "must not hold a NUL character or half a surrogate pair"
        raise InvalidQuery(reason=reason, start=bad.start(), end=bad.end())


def _terms(text: str) -> Iterator[_Term]:
    """Read the terms from left to right, and count them."""
    count = 0
    place = _end(_SPACE, text, 0)
    while place < len(text):
        term = _term(text, place)
        place = _end(_SPACE, text, term.end)
        if not (term.text or term.field):
            continue
        for piece in term.values or (term,):
            count += 1
            if count > limits.SEARCH_TERMS:
                raise piece.error(f"must have at most {limits.SEARCH_TERMS} terms")
        yield term


def _term(text: str, start: int) -> _Term:
    """Read the term that begins here; one without text or field is a dash."""
    head = _HEAD.match(text, start)
    assert head is not None  # each part of it may be missing
    negated = bool(head["minus"])
    if head["field"]:
        field = cast(_Field, head["field"].lower())
        values, end = _values(text, start, head.end())
        return _Term(start, end, "", negated, field, values)
    sign = "-" if negated else ""
    if not _opens(text, head.end()):
        end = _end(_WORD, text, head.end())
        word = text[head.end() : end]
        return _Term(start, end, sign + word if word else "", negated)
    content, end = _quoted(text, start, head.end())
    term = _Term(start, end, f'{sign}"{" ".join(content.split())}"', negated)
    if not content.strip():
        raise term.error("has nothing between two quotes")
    return term


def _values(text: str, start: int, place: int) -> tuple[tuple[_Piece, ...], int]:
    """Read the values of a field, and tell where they end."""
    values: list[_Piece] = []
    while True:
        if _opens(text, place):
            value, end = _quoted(text, start, place)
        else:
            end = _end(_VALUE, text, place)
            value = text[place:end]
        values.append(_Piece(place, end, value))
        place = end + 1
        if text[end:place] != ",":
            break
    whole = _Piece(start, _end(_NOT_SPACE, text, end), "")
    if whole.end > end:
        raise whole.error("has a value that is only partly in quotes")
    if not all(value.text.strip() for value in values):
        raise whole.error("has a field without a value")
    # Of several values an error shows the one; of one value, the term, which is what a person sees as one.
    return (tuple(values) if len(values) > 1 else (_Piece(start, end, values[0].text),)), end


def _opens(text: str, place: int) -> bool:
    return place < len(text) and text[place] in _QUOTES


def _quoted(text: str, start: int, place: int) -> tuple[str, int]:
    """Read what is quoted here, in the term that began at `start`, and tell where it ends."""
    if found := _QUOTED.match(text, place):
        return found[1], found.end()
    raise InvalidQuery(reason="has a quote that is not closed", start=start, end=len(text.rstrip()))


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    """Where a pattern that matches anything, if only nothing, ends."""
    found = pattern.match(text, place)
    assert found is not None
    return found.end()


def _style(value: _Piece) -> StyleType:
    style = _STYLES.get(value.text.strip().casefold())
    if style is None:
        raise value.error("names a style that is not known")
    return style


def _tag(value: _Piece) -> str:
    try:
        return normalize_tag(value.text)
    except InvalidInput as error:
        raise value.error(f"names a tag that cannot be, as tags {error.reason}") from None


def _text(terms: list[_Term]) -> str:
    """The words and phrases in one line, each `or` in it with the meaning that it had among the fields.

    PostgreSQL takes an `or` for an operator between two operands. With a field beside it, it would come to stand
    between two others when the field is taken out.
    """
    written: list[str] = []
    after_operand = False
    for number, term in enumerate(terms):
        if term.text.lower() != "or":
            written += [term.text] if term.text else []
            after_operand = True
        elif not after_operand or number == len(terms) - 1:
            written.append('"or"')
            after_operand = True
        elif terms[number - 1].field or terms[number + 1].field:
            raise term.error("has an `or` beside a field; it can stand between words and phrases")
        else:
            written.append("or")
            after_operand = False
    return " ".join(written)


def _written(field: str, values: Iterable[str]) -> str:
    """A term as `parse_query` reads it, or nothing without values."""
    quoted = (f'"{value}"' if re.search(r"[\s,]", value) else value for value in values)
    return f"{field}:{found}" if (found := ",".join(quoted)) else ""
