"""The one normaliser of tags: schemas, models, querysets and imports all call it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from charmodels import limits
from charmodels.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag and a number of characters that have it.

    Arguments:
        tag: as it is stored.
        count: of characters.

    Example:
        >>> TagCount("hero", 3)
        TagCount(tag='hero', count=3)
    """

    tag: str
    count: int


def normalize_tag(tag: str) -> str:
    """Bring a tag into the one form in which it is stored and compared.

    Unicode NFC, case-folded, trimmed, inner white space to one space. Case folding can undo NFC, so NFC comes last
    too (Unicode Standard, section 3.13, D145 ff.).

    Arguments:
        tag: as a person typed it.

    Returns:
        The tag, 1 to 50 characters.

    Raises:
        InvalidInput: it is no string, empty, too long, or holds control characters or half a surrogate pair.

    Example:
        >>> normalize_tag("  Ice   QUEEN ")
        'ice queen'
    """
    if not isinstance(tag, str):
        raise InvalidInput(field="tags", reason="must be strings")
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", tag).casefold())
    normal = " ".join(folded.split())
    if not normal:
        raise InvalidInput(field="tags", reason="must not hold an empty tag")
    if len(normal) > limits.TAG_LENGTH:
        raise InvalidInput(field="tags", reason=f"must have at most {limits.TAG_LENGTH} characters each")
    if not normal.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in normal):
        raise InvalidInput(field="tags", reason="must not hold control characters or half a surrogate pair")
    return normal


def normalize_tags(tags: Iterable[str], *, limit: int = limits.CHARACTER_TAGS) -> list[str]:
    """Normalise tags, drop the duplicates and keep the order of first appearance.

    Arguments:
        tags: as typed.
        limit: how many different ones there may be.

    Returns:
        The tags as stored.

    Raises:
        InvalidInput: a tag is not valid, or there are too many different ones.

    Example:
        >>> normalize_tags(["Hero", "hero ", "Knight"])
        ['hero', 'knight']
    """
    if isinstance(tags, str | Mapping) or not isinstance(tags, Iterable):
        raise InvalidInput(field="tags", reason="must be a list of strings")
    normal = list(dict.fromkeys(map(normalize_tag, tags)))
    if len(normal) > limit:
        raise InvalidInput(field="tags", reason=f"must be at most {limit}")
    return normal
