"""Conditions that Tortoise has no words for. They stand among its own in a queryset and compile into its statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from pypika_tortoise.context import SqlContext
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Field, ValueWrapper
from tortoise.expressions import Q, ResolveContext
from tortoise.models import Model
from tortoise.query_utils import QueryModifier

from charmodels.querysets.rows import EntryRows, ModelRows, Rows


class Keys(Protocol):
    """A statement that gives keys of rows."""

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on besides the values."""
        ...

    def values(self) -> list[Any]:
        """Give the values in the order in which `write` puts them beside the statement."""
        ...

    def write(self, place: Callable[[Any], str]) -> str:
        """Write a SELECT of keys, with the function that puts values beside it."""
        ...


class Fixed(Q):
    """Filters that never change and put no value beside the statement, made once for all querysets.

    The cache of statements knows them by the object. One is equal to itself alone.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def describe(self, values: list[Any]) -> tuple[Any, ...]:
        """Describe the filters to the cache of statements, which have no values to take."""
        return (self,)


class Condition(Q):
    """A condition that writes its own SQL."""

    __slots__ = ()

    def __init__(self) -> None:
        # As Q's own, which looks through arguments first.
        self.children = ()
        self.filters = {}
        self.join_type = Q.AND
        self._is_negated = False

    def __bool__(self) -> bool:
        return True

    def __invert__(self) -> Q:
        negated = Q(self)
        negated.negate()
        return negated

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and type(self) is type(other) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((type(self), self._parts()))

    def _parts(self) -> tuple[Any, ...]:
        """Give what makes the condition what it is."""
        raise NotImplementedError

    def write(self, rows: Rows) -> str:
        """Write the condition.

        Arguments:
            rows: what it is about.

        Returns:
            SQL that may stand between AND.
        """
        raise NotImplementedError

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        """Give Tortoise the condition."""
        return QueryModifier(where_criterion=_Written(self, resolve_context.model, resolve_context.table))

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on besides the values: the same shape, the same SQL."""
        raise NotImplementedError

    def values(self) -> list[Any]:
        """Give the values in the order in which `write` puts them beside the statement."""
        raise NotImplementedError

    def describe(self, values: list[Any]) -> tuple[Any, ...]:
        """Describe the condition to the cache of statements.

        Arguments:
            values: takes its values.

        Returns:
            Its shape.
        """
        values += self.values()
        return (type(self).__name__, *self.shape())


class _Written(Criterion):
    """A condition inside a statement of pypika's."""

    def __init__(self, condition: Condition, model: type[Model], table: Table) -> None:
        super().__init__()
        self.condition = condition
        self.model = model
        self.table = table

    def get_sql(self, ctx: SqlContext) -> str:
        def name(column: str) -> str:
            return Field(column, table=self.table).get_sql(ctx)

        def bind(value: Any) -> str:
            if ctx.parameterizer is None and isinstance(value, list):
                return f"ARRAY[{', '.join(map(bind, value))}]"
            return ValueWrapper(value).get_sql(ctx)

        return self.condition.write(ModelRows(self.model, name, bind))


class HasTags(Condition):
    """Has tags, or has not.

    Arguments:
        field: the field that holds them.
        any_of: at least one of these, where there are any.
        all_of: every one of these.
        none_of: none of these.
        resolves_aliases: whether the database knows aliases for them.
    """

    __slots__ = ("all_of", "any_of", "field", "none_of", "resolves_aliases")

    def __init__(
        self,
        field: str,
        *,
        any_of: tuple[str, ...] = (),
        all_of: tuple[str, ...] = (),
        none_of: tuple[str, ...] = (),
        resolves_aliases: bool = False,
    ) -> None:
        super().__init__()
        self.field = field
        self.any_of = any_of
        self.all_of = all_of
        self.none_of = none_of
        self.resolves_aliases = resolves_aliases

    def _parts(self) -> tuple[Any, ...]:
        return self.field, self.any_of, self.all_of, self.none_of, self.resolves_aliases

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return (self.field, bool(self.all_of), bool(self.any_of), bool(self.none_of), self.resolves_aliases)

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return [list(tags) for tags in (self.all_of, self.any_of, self.none_of) if tags]

    def write(self, rows: Rows) -> str:
        """Write the condition."""

        column = rows.column(self.field)
        written = []
        if self.all_of:
            written.append(f"{column} @> {self._array(rows, self.all_of)}")
        if self.any_of:
            written.append(f"{column} && {self._array(rows, self.any_of)}")
        if self.none_of:
            written.append(f"({column} && {self._array(rows, self.none_of)}) IS NOT TRUE")
        return f"({' AND '.join(written)})"  # it may be negated, or stand beside an OR

    def write_frequency(self, rows: Rows) -> str:
        """Write how many characters of the gallery have these tags at most, as far as the counters know by now."""
        counts = []
        for tags, sum_of in ((self.all_of, "min"), (self.any_of, "sum")):
            if tags:
                counts.append(
                    f"(SELECT {sum_of}(coalesce(t.count, 0)) FROM unnest({self._array(rows, tags)}) AS asked "  # noqa: S608
                    "LEFT JOIN tag_totals AS t ON t.style_type = '' AND t.tag = asked)"
                )
        return f"least({', '.join(counts)})::bigint"

    def _array(self, rows: Rows, tags: tuple[str, ...]) -> str:
        bound = f"{rows.bind(list(tags))}::text[]"
        # A subquery is asked once, not for every row; and the planner, who does not see what comes of it, looks for an
        # index whatever the statistics say of these tags.
        return f"(SELECT {f'charmodels_canonical_tags({bound})' if self.resolves_aliases else bound})"


class MatchesText(Condition):
    """Is found by full-text search.

    Arguments:
        text: in the syntax of `websearch_to_tsquery`, or of `to_tsquery` if it is one.
        is_query: whether it is the syntax of `to_tsquery`.
    """

    __slots__ = ("is_query", "text")

    def __init__(self, text: str, *, is_query: bool = False) -> None:
        super().__init__()
        self.text = text
        self.is_query = is_query

    def _parts(self) -> tuple[Any, ...]:
        return self.text, self.is_query

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return (self.is_query,)

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return [self.text]

    def write(self, rows: Rows) -> str:
        """Write the condition."""
        return f"{rows.document} @@ {self.write_query(rows)}"

    def write_query(self, rows: Rows) -> str:
        """Write the tsquery."""
        function = "to_tsquery" if self.is_query else "websearch_to_tsquery"
        return f"(SELECT {function}(charmodels_search_config(), {rows.bind(self.text)}::text))"


class ContainsText(Condition):
    """Contains a text as it is, in any case, or has it as a tag.

    Arguments:
        text: what to look for.
        tag: the text as a tag, or None where it could not be one.
    """

    __slots__ = ("tag", "text")

    def __init__(self, text: str, tag: str | None) -> None:
        super().__init__()
        self.text = text
        self.tag = tag

    def _parts(self) -> tuple[Any, ...]:
        return self.text, self.tag

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return (self.tag is None,)

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return [self.text] if self.tag is None else [self.text, [self.tag]]

    def write(self, rows: Rows) -> str:
        """Write the condition."""
        contains = f"{rows.content} LIKE (SELECT charmodels_pattern({rows.bind(self.text)}::text))"
        if self.tag is None:
            return contains
        tags = f"(SELECT charmodels_canonical_tags({rows.bind([self.tag])}::text[]))"
        return f"({contains} OR {rows.column('tags')} @> {tags})"


class MadeBy(Condition):
    """Belongs to a user with one of some names.

    Arguments:
        names: public names; their case does not matter.
    """

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names

    def _parts(self) -> tuple[Any, ...]:
        return (self.names,)

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return ()

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return [list(self.names)]

    def write(self, rows: Rows) -> str:
        """Write the condition."""
        named = f"(SELECT lower(name) FROM unnest({rows.bind(list(self.names))}::text[]) AS name)"  # noqa: S608
        owners = f"(SELECT array_agg(u.id) FROM users AS u WHERE lower(u.name) IN {named})"  # noqa: S608
        return f"{rows.column('user_id')} = ANY ({owners}::uuid[])"


ON_ENTRIES = (HasTags, MatchesText, ContainsText, MadeBy)
"""What the entries of the gallery can answer."""


class InGallery(Condition):
    """Has an entry in the gallery that meets a condition; for rows that are public in any case.

    Arguments:
        condition: what the entry must meet.
    """

    __slots__ = ("condition",)

    def __init__(self, condition: Condition) -> None:
        super().__init__()
        self.condition = condition

    def _parts(self) -> tuple[Any, ...]:
        return (self.condition,)

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return (type(self.condition).__name__, *self.condition.shape())

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return self.condition.values()

    def write(self, rows: Rows) -> str:
        """Write the condition."""
        entry = self.condition.write(EntryRows(rows.bind))
        return f"{rows.column('id')} IN (SELECT e.character_id FROM gallery_entries AS e WHERE {entry})"  # noqa: S608


class VisibleTo(Condition):
    """Is public, or the user's own.

    Arguments:
        user_id: the user.
    """

    __slots__ = ("user_id",)

    def __init__(self, user_id: UUID) -> None:
        super().__init__()
        self.user_id = user_id

    def _parts(self) -> tuple[Any, ...]:
        return (self.user_id,)

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return ()

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return [self.user_id]

    def write(self, rows: Rows) -> str:
        """Write the condition."""
        public = f"{rows.column('is_public')} = true AND {rows.column('generation_status')} = 'COMPLETED'"
        return f"({public} OR {rows.column('user_id')} = {rows.bind(self.user_id)})"


class After(Condition):
    """Comes after a row, in an order that its sort keys make.

    Arguments:
        fields: the sort keys.
        position: that row's values of them.
        descending: whether the greatest comes first.
        inclusive: whether that row is meant too.
    """

    __slots__ = ("descending", "fields", "inclusive", "position")

    def __init__(
        self, fields: tuple[str, ...], position: tuple[Any, ...], *, descending: bool, inclusive: bool = False
    ) -> None:
        super().__init__()
        self.fields = fields
        self.position = position
        self.descending = descending
        self.inclusive = inclusive

    def _parts(self) -> tuple[Any, ...]:
        return self.fields, self.position, self.descending, self.inclusive

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return (self.fields, self.descending, self.inclusive)

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return list(self.position)

    def write(self, rows: Rows) -> str:
        """Write the condition."""
        columns = ", ".join(map(rows.column, self.fields))
        values = ", ".join(map(rows.bind, self.position))
        return f"({columns}) {'<' if self.descending else '>'}{'=' if self.inclusive else ''} ({values})"


class FoundBy(Condition):
    """Is one of the rows that a statement of keys finds.

    Arguments:
        keys: the statement.
    """

    __slots__ = ("keys",)

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self.keys = keys

    def _parts(self) -> tuple[Any, ...]:
        return (self.keys,)

    def shape(self) -> tuple[Any, ...]:
        """Give what the SQL depends on."""
        return self.keys.shape()

    def values(self) -> list[Any]:
        """Give the values in their order."""
        return self.keys.values()

    def write(self, rows: Rows) -> str:
        """Write the condition."""
        return f"{rows.column('id')} IN ({self.keys.write(rows.bind)})"
