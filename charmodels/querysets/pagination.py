"""Pages by keyset: each begins after the last row of the one before, by an index, however deep it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from enum import Enum
from hashlib import blake2b
from typing import Any, ClassVar, Self

from pypika_tortoise.enums import Order
from tortoise.expressions import Expression, Q
from tortoise.models import Model
from tortoise.queryset import AwaitableQuery

from charmodels import cursors, limits
from charmodels.backend.client import Client
from charmodels.errors import InvalidInput
from charmodels.pages import Page, Snippet, Sort, Total
from charmodels.querysets import compiled
from charmodels.querysets.base import M, QuerySet
from charmodels.querysets.conditions import After, Condition
from charmodels.sql.binding import Fragment
from charmodels.values import whole_number


class PagedQuerySet(QuerySet[M]):
    """Queries that come in pages. A model of yours has them by a queryset that inherits this class.

    Rows are ordered by `recency`, a field that is set once and never NULL, and by the key, which breaks ties. An index
    on both, in this order, makes every page cost the same.

    Attributes:
        recency: name of the field.

    Example:
        >>> class PostQuerySet(PagedQuerySet[M]):
        ...     recency = "posted_at"
    """

    __slots__ = ()

    recency: ClassVar[str] = "created_at"
    sorts: ClassVar[tuple[str, ...]] = ("newest", "oldest")

    def newest(self) -> Self:
        """Put the newest first; the key breaks ties.

        Returns:
            The ordered queryset.
        """
        return self.order_by(f"-{self.recency}", f"-{self.model._meta.pk_attr}")

    def oldest(self) -> Self:
        """Put the oldest first; the key breaks ties.

        Returns:
            The ordered queryset.
        """
        return self.order_by(self.recency, self.model._meta.pk_attr)

    async def page(
        self,
        size: int = 20,
        after: str | None = None,
        sort: Sort = "newest",
        *,
        with_total: bool = False,
        snippets: bool = False,
    ) -> Page[M]:
        """Read one page.

        Rows that are there while somebody turns the pages are seen once, whatever is inserted or deleted meanwhile. By
        relevance the newest 300 of what is found are ranked, and a row whose text or tags are edited meanwhile may be
        seen at its old and its new place.

        Arguments:
            size: rows on the page, 1 to 100.
            after: the `next_cursor` of the page before, or None for the first.
            sort: "newest", "oldest", or, where a text is searched, "relevance".
            with_total: count the rows of all pages too, up to 1,000.
            snippets: give the pieces of text that were found, as safe HTML; where a text is searched.

        Returns:
            The page.

        Raises:
            InvalidInput: the size or the sort is none, or the queryset has an order, a limit or an offset that a page
                cannot keep.
            InvalidCursor: the cursor was changed, or belongs to a query with another sort or other filters.

        Example:
            >>> import charmodels as cm
            >>> async def first_two_pages() -> list[cm.Character]:
            ...     query = cm.Character.objects.public()
            ...     first = await query.page(size=50)
            ...     return [*first, *await query.page(size=50, after=first.next_cursor)]
        """
        whole_number("size", size, most=limits.PAGE_SIZE)
        self._require_pages(sort)
        if snippets:
            self._require_snippets()
        query = self._with_sort_keys()
        key, described = b"", b""
        position: list[Any] | None = None
        if after is not None:
            key, described = await self._cursor_key(), self._fingerprint(sort)
            position = cursors.decode(key, described, after)
        rows, positions = await query._read(sort, position, size + 1)
        next_cursor = None
        if len(rows) > size:
            rows, key = rows[:size], key or await self._cursor_key()
            next_cursor = cursors.encode(key, described or self._fingerprint(sort), positions[size - 1])
        total = await self.count_up_to() if with_total else None
        return Page(rows, next_cursor, total, await self._snippets(rows) if snippets else {})

    async def pages(self, size: int = 20, sort: Sort = "newest") -> AsyncIterator[Page[M]]:
        """Read page after page.

        Arguments:
            size: rows on a page, 1 to 100.
            sort: as for `page`.

        Yields:
            Pages; at least one, which may be empty.

        Raises:
            InvalidInput: as for `page`.

        Example:
            >>> import charmodels as cm
            >>> async def count() -> int:
            ...     return sum([len(page) async for page in cm.Character.objects.public().pages(size=100)])
        """
        cursor = None
        while True:
            page = await self.page(size, cursor, sort)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return

    async def stream(self, sort: Sort = "newest", *, batch: int = 500) -> AsyncIterator[M]:
        """Read every row, in constant memory; for exports.

        No transaction is held open, so it is not one moment that is read: what comes or goes meanwhile may be seen.

        Arguments:
            sort: "newest" or "oldest".
            batch: rows to read at a time, at least 1.

        Yields:
            The rows.

        Raises:
            InvalidInput: as for `page`.

        Example:
            >>> import charmodels as cm
            >>> async def export(user: cm.User) -> None:
            ...     async for character in cm.Character.objects.filter(user_id=user.id).stream():
            ...         print(character.id, character.name)
        """
        self._require_pages(sort)
        if sort == "relevance":
            raise InvalidInput(field="sort", reason="must be newest or oldest for a stream")
        whole_number("batch", batch)
        query = self._with_sort_keys()
        position: list[Any] | None = None
        while True:
            rows, positions = await query._read(sort, position, batch)
            for row in rows:
                yield row
            if len(rows) < batch:
                return
            position = positions[-1]

    async def count_up_to(self, most: int | None = None) -> Total:
        """Count the rows, but not further than it takes.

        Arguments:
            most: where to stop; None for 1,000.

        Returns:
            The count; `is_exact` is False where there are more than `most`.

        Raises:
            InvalidInput: `most` is no whole number, or less than 0.

        Example:
            >>> import charmodels as cm
            >>> async def show() -> None:
            ...     print(await cm.Character.objects.public().count_up_to(1000), "characters")
        """
        most = limits.COUNTED_ROWS if most is None else whole_number("most", most, least=0)
        statement, values = self._write_count(most + 1)
        [row] = await self._client().fetch(statement, values)
        return Total(min(row["found"], most), is_exact=row["found"] <= most)

    # What a subclass may do in another way

    def _write_count(self, most: int) -> Fragment:
        chosen = self._keys()
        counted = f"SELECT count(*) AS found FROM (SELECT FROM ({chosen.sql}) AS chosen LIMIT {most}) AS counted"  # noqa: S608
        return Fragment(counted, chosen.values)

    async def _read(self, sort: Sort, position: list[Any] | None, rows: int) -> tuple[list[M], Sequence[list[Any]]]:
        """Read up to so many rows after a position, with the position of each."""
        descending = sort == "newest"
        keys = (self.recency, self.model._meta.pk_attr)
        query = self._in_order(descending=descending)
        query._limit = rows
        if position is not None:
            query._q_objects.append(After(keys, tuple(position), descending=descending))
        found = await query
        return found, Positions(found, keys)

    def _in_order(self, *, descending: bool) -> Self:
        """Give a clone in the order of `newest` or `oldest`."""
        query = self._clone()
        order = Order.desc if descending else Order.asc
        query._orderings = [(self.recency, order), (self.model._meta.pk_attr, order)]
        return query

    async def _snippets(self, rows: list[M]) -> dict[Any, Snippet]:
        raise NotImplementedError

    def _require_snippets(self) -> None:
        raise InvalidInput(field="snippets", reason="need a text that is searched, which these rows have not")

    def _require_pages(self, sort: str) -> None:
        if sort not in self.sorts:
            raise InvalidInput(field="sort", reason=f"must be one of {', '.join(self.sorts)}")
        if self._limit is not None or self._offset is not None:
            raise InvalidInput(field="limit", reason="and offset cannot be combined with pages")
        if self._distinct or self._group_bys or self._annotations:
            raise InvalidInput(field="query", reason="cannot be distinct, grouped or annotated and come in pages")
        if self._orderings and self._orderings not in (self.newest()._orderings, self.oldest()._orderings):
            raise InvalidInput(field="order_by", reason="cannot be combined with pages, which have a sort of their own")

    def _with_sort_keys(self) -> Self:
        """Read the sort keys, also where `only` leaves them out."""
        if not self._fields_for_select:
            return self
        return self.only(*dict.fromkeys((*self._fields_for_select, self.model._meta.pk_attr, self.recency)))

    # Cursors

    async def _cursor_key(self) -> bytes:
        return await cursor_key(self._client())

    def _fingerprint(self, sort: str) -> bytes:
        """Describe the query, so that a cursor of another one does not fit."""
        shape = compiled.shape_of(self)
        if shape is None:
            return self._describe(sort)
        values = tuple([tuple(value) if isinstance(value, list) else value for value in shape.values])
        try:
            described = _fingerprints.get((sort, shape.key, values))
        except TypeError:  # a value that cannot be a key
            return self._describe(sort)
        if described is None:
            if len(_fingerprints) >= compiled.CAPACITY:
                _fingerprints.pop(next(iter(_fingerprints)), None)
            described = _fingerprints[sort, shape.key, values] = self._describe(sort)
        return described

    def _describe(self, sort: str) -> bytes:
        try:
            conditions = [_plain(node) for node in self._q_objects]
        except _UnknownValueError:
            conditions = [repr(self._keys())]
        described = repr((self.model.__name__, sort, conditions))
        return blake2b(described.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Positions(Sequence[list[Any]]):
    """The sort keys of rows, read off when they are asked for: a page needs those of its last row.

    Arguments:
        rows: in their order.
        keys: names of the sort keys.
    """

    __slots__ = ("_keys", "_rows")

    def __init__(self, rows: Sequence[Any], keys: tuple[str, ...]) -> None:
        self._rows = rows
        self._keys = keys

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: Any) -> Any:
        row = self._rows[number]
        return [getattr(row, key) for key in self._keys]


_fingerprints: dict[tuple[Any, ...], bytes] = {}
"""Descriptions of queries that were seen before; the oldest goes when another comes."""


class _UnknownValueError(Exception):
    """A condition holds something that is not told apart by what is printed of it."""


def _plain(value: Any) -> Any:
    """Write what a condition says, the same in every process."""
    if isinstance(value, Condition):
        return type(value).__name__, _plain(value._parts())
    if isinstance(value, Q):
        return value.join_type, value._is_negated, _plain(value.filters), _plain(value.children)
    if isinstance(value, Model):
        return type(value).__name__, _plain(value.pk)
    if isinstance(value, Expression | AwaitableQuery):
        raise _UnknownValueError
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, dict):
        return sorted((key, _plain(item)) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return sorted(map(repr, map(_plain, value)))
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return repr(value)


async def cursor_key(client: Client) -> bytes:
    """Give the key by which cursors are signed: the setting CURSOR_KEY, or what all processes find in the database.

    Arguments:
        client: of the open database.

    Returns:
        The key.
    """
    root = client.root
    if root.cursor_key is None:
        [row] = await client.fetch("SELECT cursor_key FROM gallery_settings")
        root.cursor_key = row["cursor_key"]
    return root.cursor_key
