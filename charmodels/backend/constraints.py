"""Rules that the database keeps, and what to say when a statement breaks one.

Each rule is written once, as a `Check` in a model's `Meta.checks`. The schema generator makes a CHECK constraint of
it, and the translation of driver errors finds the field and the sentence by the constraint's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint.

    Arguments:
        name: of the constraint, unique in the schema; it begins with the table's.
        condition: SQL over the columns of one row.
        field: the field at fault when it fails.
        reason: the rule, as the rest of a sentence that begins with the field.
    """

    name: str
    condition: str
    field: str
    reason: str

    def describe(self) -> tuple[str, str]:
        """Give the field and the rule, for an error."""
        return self.field, self.reason


_CHECKS: dict[str, Check] = {}


def register(checks: Iterable[Check]) -> None:
    """Make rules known to the translation of errors.

    Arguments:
        checks: of one model.
    """
    _CHECKS.update({check.name: check for check in checks})


def find(name: str | None) -> Check | None:
    """Look a rule up.

    Arguments:
        name: of the constraint, as the server reports it.

    Returns:
        The rule, or None if it is not one of ours.
    """
    return _CHECKS.get(name or "")


def length(table: str, column: str, most: int, *, least: int = 1) -> Check:
    """Bound the length of a text in characters.

    Arguments:
        table: the table's name.
        column: the column's name.
        most: characters at most.
        least: characters at least.

    Returns:
        The rule.

    Example:
        >>> length("users", "name", 100).condition
        'char_length("name") BETWEEN 1 AND 100'
    """
    return Check(
        name=f"{table}_{column}_length",
        condition=f'char_length("{column}") BETWEEN {least} AND {most}',
        field=column,
        reason=f"must have {least} to {most} characters",
    )


def one_of(table: str, column: str, values: type[Enum]) -> Check:
    """Allow only the values of an enum.

    Arguments:
        table: the table's name.
        column: the column's name.
        values: the enum.

    Returns:
        The rule.
    """
    listed = ", ".join(f"'{member.value}'" for member in values)
    return Check(
        name=f"{table}_{column}_value",
        condition=f'"{column}" IN ({listed})',
        field=column,
        reason=f"must be one of {listed}",
    )


def not_negative(table: str, column: str) -> Check:
    """Keep a number from falling below zero.

    Arguments:
        table: the table's name.
        column: the column's name.

    Returns:
        The rule.
    """
    return Check(f"{table}_{column}_not_negative", f'"{column}" >= 0', column, "must not be negative")


def between(table: str, column: str, least: int, most: int) -> Check:
    """Bound a number.

    Arguments:
        table: the table's name.
        column: the column's name.
        least, most: the bounds, both allowed.

    Returns:
        The rule.
    """
    return Check(
        f"{table}_{column}_range",
        f'"{column}" BETWEEN {least} AND {most}',
        column,
        f"must be {least} to {most}",
    )


def tag_list(table: str, column: str, most: int, tag_length: int) -> tuple[Check, Check]:
    """Bound an array of tags: how many, and how long each is.

    A CHECK holds no subquery, so the longest tag is found by a function of the schema.

    Arguments:
        table: the table's name.
        column: the column's name.
        most: tags at most.
        tag_length: characters in each, at most.

    Returns:
        The two rules.
    """
    return (
        Check(f"{table}_{column}_count", f'cardinality("{column}") <= {most}', column, f"must be at most {most}"),
        Check(
            f"{table}_{column}_length",
            f'charmodels_tags_fit("{column}", {tag_length})',
            column,
            f"must each have 1 to {tag_length} characters",
        ),
    )
