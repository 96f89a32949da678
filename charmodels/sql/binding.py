"""Puts values and querysets into the statements that name their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from charmodels.sql import statement

_STRING_OR_NAME = re.compile(r"'[^']*'|(?<!:):([a-z]\w*)")


class Fragment(NamedTuple):
    """A part of a statement that is made when it is asked.

    Arguments:
        sql: with $1, $2, ...
        values: one for each.
    """

    sql: str
    values: list[Any]


def bind(
    name: str, values: Mapping[str, Any], *, parts: Mapping[str, str] | None = None, bound: Sequence[Any] = ()
) -> Fragment:
    """Fill in a statement whose parts have names.

    In the file `:now::timestamptz` stands for the value `now`, with the type that the server is to take it for. Other
    names stand for parts of the statement: a queryset's SELECT of its keys, the columns of a model, conditions.

    Arguments:
        name: of the statement's file, without `.sql`.
        values: by the names in the file. Those that the file does not name are left out.
        parts: SQL, by the names in the file.
        bound: the values of $1, $2, ... in the parts; the others come after them.

    Returns:
        The statement and its values.

    Raises:
        KeyError: the file names what is not given.

    Example:
        >>> ada = Fragment('SELECT "id" FROM "users" WHERE "name"=$1', ["Ada"])
        >>> bind("user_stats", {"now": 3, "since": 2}, parts={"chosen": ada.sql}, bound=ada.values).values
        ['Ada', 3, 2]
    """
    parts = parts or {}
    placed = list(bound)
    numbers: dict[str, int] = {}

    def fill(found: re.Match[str]) -> str:
        key = found[1]
        if key is None:
            return found[0]  # a string, which may hold a colon
        if key in parts:
            return parts[key]
        if key not in numbers:
            placed.append(values[key])
            numbers[key] = len(placed)
        return f"${numbers[key]}"

    return Fragment(_STRING_OR_NAME.sub(fill, statement(name)), placed)
