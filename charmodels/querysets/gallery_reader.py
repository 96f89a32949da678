"""Tells from the conditions of a queryset what it asks of the public gallery."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from tortoise.expressions import Expression, Q
from tortoise.models import Model
from tortoise.queryset import AwaitableQuery

from charmodels.enums import GenerationStatus
from charmodels.querysets.conditions import ON_ENTRIES, Condition, Fixed, InGallery
from charmodels.querysets.gallery import RANGES, GalleryQuery

PUBLIC = '"is_public" = true AND "generation_status" = \'COMPLETED\''
"""The condition of the public gallery, as `public()` compiles it and the partial indexes repeat it."""

SHOWN: dict[str, Any] = {"is_public": True, "generation_status": GenerationStatus.COMPLETED}
"""The same by the names of the fields."""

SHOWN_FILTERS = tuple(Fixed(**{name: value}) for name, value in SHOWN.items())
"""The same as filters."""

_OTHERS = {"template_id": "=", "style_type": "="}
_COMPARED = {**RANGES, **_OTHERS}

_ANY_ROW: Any = None
"""For fields that ask for the row of a value: these give the value for a column, not for a condition."""


def read_gallery(model: type[Model], nodes: Iterable[Q]) -> GalleryQuery | None:
    """Tell what a queryset asks of the gallery.

    Arguments:
        model: the character model.
        nodes: the conditions of the queryset.

    Returns:
        The query; None where it is not on the public gallery, or has a condition that its entries cannot answer.
    """
    query, shown = GalleryQuery(), dict.fromkeys(SHOWN, False)
    for node in _flat(nodes):
        if isinstance(node, InGallery):
            query.conditions.append(node.condition)
        elif isinstance(node, ON_ENTRIES):
            query.conditions.append(node)
        elif (
            isinstance(node, Condition)
            or node.children
            or node._is_negated
            or not node.filters
            or (node.join_type == Q.OR and len(node.filters) > 1)
        ):
            return None
        else:
            for name, value in node.filters.items():
                if name in SHOWN and SHOWN[name] == value:
                    shown[name] = True
                elif not _read_filter(query, model, name, value):
                    return None
    return query if all(shown.values()) else None


def is_public(nodes: Collection[Q]) -> bool:
    """Tell whether conditions keep nothing but what the public gallery shows."""
    if all(map(nodes.__contains__, SHOWN_FILTERS)):
        return True
    found = {
        name
        for node in _flat(nodes)
        if _is_plain(node)
        for name, value in node.filters.items()
        if name in SHOWN and SHOWN[name] == value
    }
    return found == SHOWN.keys()


def _is_plain(node: Q) -> bool:
    """Tell whether a condition is nothing but filters that must all hold."""
    if isinstance(node, Condition) or node.children or node._is_negated:
        return False
    return node.join_type == Q.AND or len(node.filters) <= 1


def _flat(nodes: Iterable[Q]) -> Iterable[Q]:
    for node in nodes:
        if not isinstance(node, Condition) and node.children and node.join_type == Q.AND and not node._is_negated:
            yield from _flat(node.children)
        else:
            yield node


def _read_filter(query: GalleryQuery, model: type[Model], name: str, value: Any) -> bool:
    """Take a filter over, if the entries have its column."""
    if name in ("user", "template"):
        name, value = f"{name}_id", getattr(value, "pk", value)
    if value is None or isinstance(value, Expression | AwaitableQuery | Model):
        return False
    column = model._meta.fields_map.get(name.partition("__")[0])
    if name == "style_type__in" and column is not None:
        query.others.append((name, [column.to_db_value(style, _ANY_ROW) for style in value]))
        return True
    if name not in _COMPARED or column is None:
        return False
    (query.ranges if name in RANGES else query.others).append((name, column.to_db_value(value, _ANY_ROW)))
    return True
