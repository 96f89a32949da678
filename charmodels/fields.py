"""Tortoise fields that put into the SQL what Tortoise's own do not."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar, cast

from pypika_tortoise.functions import Lower
from pypika_tortoise.terms import Term, ValueWrapper
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.data import CharEnumFieldInstance

from charmodels.errors import InvalidInput

E = TypeVar("E", bound=Enum)


class _Truth(Enum):
    """True and false as pypika writes enums: into the statement, not beside it."""

    TRUE = True
    FALSE = False


class LiteralBooleanField(fields.BooleanField[bool]):
    """A boolean that stands in a condition as a literal.

    A partial index `WHERE is_public` serves a statement that says `is_public = true`; one that says `is_public = $1`
    loses it as soon as PostgreSQL plans generically.
    """

    writes_literals = True

    def to_db_value(self, value: Any, instance: Any) -> Any:
        """Give the value for a row as it is, the value for a condition as a literal."""
        if isinstance(instance, type) and value is not None:
            return _Truth.TRUE if value else _Truth.FALSE
        return super().to_db_value(value, instance)


class EnumField(CharEnumFieldInstance):
    """An enum in a text column, with a clear error for what is not in it.

    Arguments:
        enum_type: the enum.
        keywords: those of a Tortoise field.
    """

    writes_literals = False

    def __init__(self, enum_type: type[E], **keywords: Any) -> None:
        super().__init__(enum_type, **{"description": "", **keywords})

    @property
    def SQL_TYPE(self) -> str:  # type: ignore[override]  # noqa: N802 - Tortoise's name
        """The column is text; a CHECK allows the values."""
        return "TEXT"

    def to_python_value(self, value: Any) -> Any:
        """Turn a string into a member."""
        return None if value is None else self._member(value)

    def to_db_value(self, value: Any, instance: Any) -> Any:
        """Turn a member, or the string of one, into a string."""
        return None if value is None else self._member(value).value

    def _member(self, value: Any) -> Enum:
        if type(value) is self.enum_type:
            return value
        try:
            return self.enum_type(value)
        except ValueError:
            known = ", ".join(str(member.value) for member in self.enum_type)
            raise InvalidInput(field=self.model_field_name, reason=f"must be one of {known}") from None


class LiteralEnumField(EnumField):
    """An enum that stands in a condition as a literal, for the sake of partial indexes."""

    writes_literals = True

    def to_db_value(self, value: Any, instance: Any) -> Any:
        """Give the value for a row as a string, the value for a condition as a literal."""
        if isinstance(instance, type) and value is not None:
            return self._member(value)
        return super().to_db_value(value, instance)


def enum_field(enum_type: type[E], *, is_literal: bool = False, **keywords: Any) -> E:
    """Make an enum field, which a type checker takes for the enum that it holds.

    Arguments:
        enum_type: the enum.
        is_literal: write it into conditions as a literal, for the sake of partial indexes.
        keywords: those of a Tortoise field.

    Returns:
        An EnumField.
    """
    field: Any = (LiteralEnumField if is_literal else EnumField)(enum_type, **keywords)
    return cast("E", field)


class _LowerValue(Lower):
    """The lower case of a parameter, by the server: Python's differs from it for some letters."""

    def __init__(self, parameter: str) -> None:
        super().__init__(ValueWrapper(parameter))
        self.parameter = parameter


_COMPARED = {"", "not", "in", "not_in", "gte", "gt", "lte", "lt", "range", "contains", "startswith", "endswith"}
"""Conditions on an address that disregard case; those that begin with an i do so by themselves."""


class OfLower:
    """An operator of a condition, put to the lower case of the column."""

    def __init__(self, compare: Any) -> None:
        self.compare = compare

    def __call__(self, column: Term, value: Any) -> Any:
        """Write the condition."""
        if isinstance(value, Term) and not isinstance(value, Lower):
            value = Lower(value)
        return self.compare(Lower(column), value)


class EmailField(fields.TextField):
    """An email address: stored as typed, compared without regard to case, by an index on lower(...)."""

    def lower_in_filters(self, filters: dict[str, Any]) -> None:
        """Make conditions on the address disregard case.

        Arguments:
            filters: of the model, by the name of the condition.
        """
        for name, found in filters.items():
            field, _, condition = name.partition("__")
            if field == self.model_field_name and condition in _COMPARED and type(found["operator"]) is not OfLower:
                found["operator"] = OfLower(found["operator"])
        for part in ("contains", "startswith", "endswith"):
            filters[f"{self.model_field_name}__{part}"]["value_encoder"] = lambda value, *_: str(value).lower()

    def to_db_value(self, value: Any, instance: Any) -> Any:
        """Give the value for a row as typed, the value for a condition in lower case."""
        if isinstance(instance, type) and isinstance(value, str):
            return _LowerValue(value)
        return super().to_db_value(value, instance)


class TextArrayField(ArrayField):
    """An array of text."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(element_type="text", **keywords)

    def to_python_value(self, value: Any) -> Any:
        """Make a list of any other collection; a string is one value, not a collection of letters."""
        if value is None or isinstance(value, list):
            return value
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise InvalidInput(field=self.model_field_name, reason="must be a list of strings")
        return list(value)


class TextSearchField(fields.Field[str]):
    """A tsvector that the database keeps."""

    field_type = str
    SQL_TYPE = "TSVECTOR"
