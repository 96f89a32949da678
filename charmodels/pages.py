"""What a page of results is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")

Sort: TypeAlias = Literal["newest", "oldest", "relevance"]
"""The orders in which a page can be had."""


class Total(int):
    """How many rows a query finds: exact up to a cap, and at the cap "more than".

    Arguments:
        count: rows, at most the cap.
        is_exact: False where there are more than `count`.

    Example:
        >>> str(Total(41)), str(Total(10_000, is_exact=False))
        ('41', 'more than 10,000')
    """

    is_exact: bool

    def __new__(cls, count: int, *, is_exact: bool = True) -> Total:
        """Make a total."""
        total = super().__new__(cls, count)
        total.is_exact = is_exact
        return total

    def __getnewargs_ex__(self) -> tuple[tuple[int], dict[str, bool]]:
        return (int(self),), {"is_exact": self.is_exact}

    def __str__(self) -> str:
        return f"{int(self):,}" if self.is_exact else f"more than {int(self):,}"

    def __repr__(self) -> str:
        return f"Total({int(self)}{'' if self.is_exact else ', is_exact=False'})"


class Snippet(str):
    """A piece of a text with what was searched for in `<mark>`. Everything else in it is escaped: it is safe HTML.

    Example:
        >>> Snippet("a <mark>knight</mark> &amp; a horse").__html__()
        'a <mark>knight</mark> &amp; a horse'
    """

    __slots__ = ()

    def __html__(self) -> str:
        """Give the HTML, by which Jinja and MarkupSafe know that it is escaped."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of results; it can be looped over.

    Arguments:
        items: the rows, in order.
        next_cursor: gives the page after this one, passed as `after` to the same query; None on the last page.
        total: how many rows the query finds, if that was asked for.
        snippets: by the key of an item, the piece of its text that was found, if that was asked for.

    Example:
        >>> page = Page(["Ada", "Grace"], next_cursor=None)
        >>> list(page), page.has_more
        (['Ada', 'Grace'], False)
    """

    items: list[T]
    next_cursor: str | None
    total: Total | None = None
    snippets: Mapping[Any, Snippet] = field(default_factory=dict)

    @property
    def has_more(self) -> bool:
        """Whether there is a page after this one."""
        return self.next_cursor is not None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
