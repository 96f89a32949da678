"""Compiled statements: a queryset of a shape that was seen before costs a look-up, not a walk through pypika.

Building the SQL is a third of what a page of 20 rows costs through Tortoise. Two querysets that differ only in their
values have the same SQL. So the shape of a queryset (its model, the keys and operators of its conditions, its order,
whether it has a limit) is the key under which its statement is kept, and the values are put beside it.

Only shapes whose parameters are known to stand in the order of the conditions are kept: plain comparisons of the
model's own columns, joined by AND, OR and NOT. Before a statement is kept, the values found here are compared with
those that Tortoise made; a shape that disagrees is left to Tortoise. So is everything else.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

from pypika_tortoise.terms import Term
from tortoise import filters
from tortoise.expressions import Expression, Q
from tortoise.models import Model
from tortoise.queryset import AwaitableQuery, QuerySet

from charmodels.fields import OfLower
from charmodels.querysets.conditions import Condition, Fixed

LARGEST_LIST = 100
"""Values in an `__in` list, at most, for its shape to be kept."""

CAPACITY = 1024
"""Statements to keep; the oldest goes when another comes."""

_ONE_VALUE = {operator.eq, operator.lt, operator.le, operator.gt, operator.ge, filters.not_equal}
_MANY_VALUES = {filters.is_in, filters.not_in}
_NOT_CONSTANT = (Expression, Term, AwaitableQuery, Model)
_NO_VALUE = {filters.is_null, filters.not_null}


class Statement(NamedTuple):
    """A statement with what the executor has to know of it."""

    sql: str
    select_related_idx: list[Any]


class Shape(NamedTuple):
    """What a queryset's SQL depends on, and the values that go beside it."""

    key: tuple[Any, ...]
    values: list[Any]


class _UnknownShapeError(Exception):
    """The queryset holds something whose SQL is not known to depend on its shape alone."""


_statements: dict[tuple[Any, ...], Statement] = {}


def find(queryset: QuerySet[Any]) -> tuple[Statement, list[Any]] | None:
    """Give the statement and the values of a queryset, compiled on first sight of its shape.

    Arguments:
        queryset: about to be run.

    Returns:
        The statement and its values; None when the queryset is to be compiled by Tortoise.
    """
    shape = shape_of(queryset)
    if shape is None:
        return None
    statement = _statements.get(shape.key)
    if statement is not None:
        return statement, shape.values
    queryset._make_query()
    sql, values = queryset.query.get_parameterized_sql()
    statement = Statement(sql, queryset._select_related_idx)
    if values != shape.values:
        return statement, values
    if len(_statements) >= CAPACITY:
        _statements.pop(next(iter(_statements)), None)
    _statements[shape.key] = statement
    return statement, values


def forget() -> None:
    """Drop every statement; a model may have been initialised anew."""
    _statements.clear()


def shape_of(queryset: QuerySet[Any]) -> Shape | None:
    """Describe a queryset.

    Arguments:
        queryset: about to be run.

    Returns:
        Its shape; None if it holds an annotation, a join, a lock or a condition that is not known here.
    """
    if (
        queryset._annotations
        or queryset._select_for_update
        or queryset._select_related
        or queryset._fields_for_select
        or queryset._group_bys
        or queryset._having
    ):
        return None
    values: list[Any] = []
    try:
        conditions = tuple([_describe(node, queryset.model, values) for node in queryset._q_objects])
    except _UnknownShapeError:
        return None
    values += [bound for bound in (queryset._limit, queryset._offset) if bound is not None]
    key = (
        queryset.model,
        conditions,
        tuple(queryset._orderings),
        queryset._limit is None,
        queryset._offset is None,
        queryset._distinct,
    )
    return Shape(key, values)


def _describe(node: Q, model: type[Model], values: list[Any]) -> tuple[Any, ...]:
    if isinstance(node, (Condition, Fixed)):
        return node.describe(values)
    if node.filters:
        parts = tuple([_condition(model, key, value, values) for key, value in node.filters.items()])
    else:
        parts = tuple([_describe(child, model, values) for child in node.children])
    return node.join_type, node._is_negated, parts


def _condition(model: type[Model], key: str, value: Any, values: list[Any]) -> tuple[Any, ...]:
    meta = model._meta
    if key in meta.fk_fields:
        relation = meta.fields_map[key]
        if isinstance(value, relation.related_model):  # type: ignore[attr-defined]
            value = getattr(value, relation.to_field_instance.model_field_name)  # type: ignore[attr-defined]
        key = str(relation.source_field)
    found = meta.filters.get(key)
    if found is None or "table" in found or isinstance(value, _NOT_CONSTANT):
        raise _UnknownShapeError
    if value is None:
        return key, None
    compare = found["operator"]
    if isinstance(compare, OfLower):
        compare = compare.compare
    if compare in _NO_VALUE:
        return key, bool(value)
    field = meta.fields_map[found["field"]]
    if compare in _ONE_VALUE:
        encoded = field.to_db_value(value, model)
        if getattr(field, "writes_literals", False):
            return key, "literal", encoded._value_
        values.append(getattr(encoded, "parameter", encoded))  # a function of the value may stand in the statement
        return key, "value"
    if compare in _MANY_VALUES and isinstance(value, list | tuple | set | frozenset):
        if not 0 < len(value) <= LARGEST_LIST:
            raise _UnknownShapeError
        many = [field.to_db_value(item, model) for item in value]
        if getattr(field, "writes_literals", False):
            return key, "literals", tuple(many)
        values.extend(getattr(encoded, "parameter", encoded) for encoded in many)
        return key, len(many)
    raise _UnknownShapeError
