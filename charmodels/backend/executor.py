"""The Tortoise executor: the same model objects, filled faster, and saved with what the database changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from pydantic_core import from_json
from tortoise import timezone
from tortoise.backends.asyncpg.executor import AsyncpgExecutor
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.expressions import Expression
from tortoise.fields.base import DatabaseDefault, Field
from tortoise.fields.data import CharEnumFieldInstance, DatetimeField, JSONField, UUIDField
from tortoise.models import Model

from charmodels.errors import NotFound

CHUNK = 2000
"""Rows to turn into objects before the event loop gets a turn, as in Tortoise."""

M = TypeVar("M", bound=Model)

Hydrator: TypeAlias = Callable[[list[Any]], list[Any]]
"""Makes objects of a model out of records of its columns."""

_Converter: TypeAlias = "Callable[[Any], Any] | _Members"


class Executor(AsyncpgExecutor):
    """Runs what querysets and models ask for."""

    async def execute_select(
        self, sql: str, values: list[Any] | None = None, custom_fields: list[str] | None = None
    ) -> list[Any]:
        """Run a SELECT and make model objects of its rows.

        A plain SELECT of every column takes the short way; joined, partial and annotated ones take Tortoise's.
        """
        hydrate = None if custom_fields else self._hydrator()
        if hydrate is None:
            return await super().execute_select(sql, values, custom_fields)
        instances = await select_objects(self.db, hydrate, sql, values or ())
        if self.prefetch_map or self._prefetch_queries:
            await self._execute_prefetch_queries(instances)
        return instances

    def _hydrator(self) -> Hydrator | None:
        index = self.select_related_idx
        if not index or len(index) != 1 or index[0][1] != len(self.model._meta.db_fields):
            return None
        return hydrator(self.model)

    async def execute_update(self, instance: Any, update_fields: Iterable[str] | None) -> int:
        """Write an object's columns and read back what the database keeps itself, as `updated_at`.

        Raises:
            NotFound: the row is gone. (Of a stock Tortoise model, that is not an error.)
        """
        if not hasattr(self.model, "validated"):  # a stock Tortoise model
            return await super().execute_update(instance, update_fields)
        kept = (*getattr(self.model.Meta, "kept_by_database", ()), *self._changed_by_database())
        fields, values, expressions = self._changes(instance, update_fields)
        if not fields:
            return 0
        columns = ", ".join(f'"{name}"' for name in kept or (self.model._meta.db_pk_column,))
        statement = f"{self.get_update_sql(fields, expressions)} RETURNING {columns}"
        values.append(self.model._meta.pk.to_db_value(instance.pk, instance))
        rows = await self.db.fetch(statement, values)  # type: ignore[attr-defined]
        if not rows:
            raise NotFound(model=self.model.__name__)
        instance.__dict__.update((name, rows[0][name]) for name in kept)
        return len(rows)

    async def execute_insert(self, instance: Any) -> None:
        """Insert an object's row and read back what a trigger may have changed on the way, as `tags`."""
        changed = self._changed_by_database()
        if (
            not changed
            or (self.model._meta.pk.generated and not instance._custom_generated_pk)
            or self._has_db_default_values(instance, self.regular_columns_all)
        ):
            await super().execute_insert(instance)
            return
        fields = self.model._meta.fields_map
        values = [fields[name].to_db_value(getattr(instance, name), instance) for name in self.regular_columns_all]
        columns = ", ".join(f'"{name}"' for name in changed)
        [row] = await self.db.fetch(f"{self.insert_query_all} RETURNING {columns}", values)  # type: ignore[attr-defined]
        instance.__dict__.update((name, row[name]) for name in changed)

    def _changed_by_database(self) -> tuple[str, ...]:
        return tuple(getattr(self.model.Meta, "changed_by_database", ()))

    def _changes(
        self, instance: Any, update_fields: Iterable[str] | None
    ) -> tuple[list[str], list[Any], dict[str, Expression]]:
        meta = self.model._meta
        names = meta.fields_db_projection if update_fields is None else update_fields
        fields: list[str] = []
        values: list[Any] = []
        expressions: dict[str, Expression] = {}
        for name in names:
            field = meta.fields_map[name]
            value = getattr(instance, name)
            if field.pk or field.generated or isinstance(value, DatabaseDefault):
                continue
            fields.append(name)
            if isinstance(value, Expression):
                expressions[name] = value
            else:
                values.append(field.to_db_value(value, instance))
        return fields, values, expressions


async def select_objects(client: Any, hydrate: Hydrator, sql: str, values: Sequence[Any]) -> list[Any]:
    """Run a SELECT of every column and make model objects of its rows.

    Arguments:
        client: a `Client`.
        hydrate: the model's (`hydrator`).
        sql: with $1, $2, ...
        values: one for each.

    Returns:
        The objects.
    """
    rows = await client.fetch(sql, values)
    if len(rows) <= CHUNK:
        return hydrate(rows)
    instances = []
    for start in range(0, len(rows), CHUNK):
        instances += hydrate(rows[start : start + CHUNK])
        await asyncio.sleep(0)
    return instances


_hydrators: dict[type[Model], Hydrator | None] = {}


def hydrator(model: type[Model]) -> Hydrator | None:
    """Give the function that turns rows of every column into objects of a model.

    The objects equal those that Tortoise's `_init_from_db` makes, attribute by attribute.

    Arguments:
        model: an initialised Tortoise model.

    Returns:
        A function from records to objects; None for a model whose class takes part in being filled.
    """
    if model not in _hydrators:
        _hydrators[model] = _make_hydrator(model)
    return _hydrators[model]


def made_of(model: type[M], values: dict[str, Any]) -> M:
    """Make the object of a row that the caller knows by heart, without reading it.

    Arguments:
        model: an initialised Tortoise model.
        values: of every column, by field, as the object is to have them.

    Returns:
        The object, as if it was read.
    """
    meta = model._meta
    instance = object.__new__(model)
    state = {
        **values,
        "_partial": False,
        "_saved_in_db": True,
        "_custom_generated_pk": meta.db_pk_column not in meta.generated_db_fields,
        "_await_when_save": {},
    }
    object.__setattr__(instance, "__dict__", state)
    return instance


def forget_hydrators() -> None:
    """Make every hydrator anew: the models were initialised again, perhaps with another time zone."""
    _hydrators.clear()


def _make_hydrator(model: type[Model]) -> Hydrator | None:
    meta = model._meta
    filled = {
        *meta.fields_db_projection,
        "_partial",
        "_saved_in_db",
        "_custom_generated_pk",
        "_await_when_save",
    }
    takes_part = (
        model._init_from_db.__func__ is not Model._init_from_db.__func__  # type: ignore[attr-defined]
        or any(hasattr(getattr(model, name, None), "__set__") for name in filled)
        or any("__slots__" in vars(base) for base in model.__mro__ if base is not object)
    )
    if takes_part:
        return None
    names = {column: name for name, column in meta.fields_db_projection.items()}
    converters: dict[str, _Converter] = {name: field.field_type for _, name, field in meta.db_default_fields}
    converters |= {name: _converted(field) for _, name, field in meta.db_complex_fields}
    constants = {
        "_partial": False,
        "_saved_in_db": True,
        "_custom_generated_pk": meta.db_pk_column not in meta.generated_db_fields,
    }
    by_columns: dict[tuple[str, ...], Hydrator] = {}

    def hydrate(rows: list[Any]) -> list[Any]:
        if not rows:
            return []
        columns = tuple(rows[0].keys())
        fill = by_columns.get(columns)
        if fill is None:
            fill = by_columns[columns] = _write_fill(
                model, [names[column] for column in columns], converters, constants
            )
        return fill(rows)

    return hydrate


def _write_fill(
    model: type[Model], names: list[str], converters: dict[str, _Converter], constants: dict[str, bool]
) -> Hydrator:
    """Write the function that fills objects from rows of these columns, as dataclasses write their `__init__`.

    A loop over the columns of every row costs a third more, and so does a dict that is built key by key: one that was
    built before is copied, keys and all. For columns "id" and "style_type" it reads:

        for v0, v1 in rows:
            state = copy()
            state["id"] = v0
            state["style_type"] = c1[v1]
            instance = new(model)
            set_attribute(instance, "__dict__", state)
            append(instance)
    """
    state: dict[str, Any] = {
        **constants,
        "_await_when_save": {},  # one for all: only a new object has defaults to await, and save() puts another there
        **dict.fromkeys(names),
    }
    scope: dict[str, Any] = {
        "copy": state.copy,
        "model": model,
        "new": object.__new__,
        "set_attribute": object.__setattr__,  # Tortoise's own looks for each name in the class first
    }
    lines = []
    for number, name in enumerate(names):
        convert = converters.get(name, _as_it_is)
        scope[f"c{number}"] = convert
        if convert is _as_it_is:
            value = f"v{number}"
        elif isinstance(convert, _Members):
            value = f"c{number}[v{number}]"
        elif isinstance(convert, _Document):  # most are empty, and a call each costs a twentieth of a page
            value = f"{{}} if v{number} == '{{}}' else None if v{number} is None else c{number}(v{number})"
        else:
            value = f"None if v{number} is None else c{number}(v{number})"
        lines.append(f"state[{name!r}] = {value}")
    variables = "".join(f"v{number}, " for number in range(len(names)))
    filling = "\n        ".join(lines)
    source = f"""
def fill(rows):
    instances = []
    append = instances.append
    for {variables} in rows:
        state = copy()
        {filling}
        instance = new(model)
        set_attribute(instance, "__dict__", state)
        append(instance)
    return instances
"""
    exec(source, scope)  # noqa: S102 - made of the names of fields and nothing else
    return cast("Hydrator", scope["fill"])


class _Members(dict[Any, Any]):
    """The members of an enum by value, and None for NULL; a value that is none is left to the field."""

    def __init__(self, field: CharEnumFieldInstance) -> None:
        super().__init__({None: None, **field.enum_type._value2member_map_})
        self.field = field

    def __missing__(self, value: Any) -> Any:
        return self.field.to_python_value(value)


class _Document:
    """Reads JSON as a field would, faster."""

    __slots__ = ("field",)

    def __init__(self, field: JSONField[Any]) -> None:
        self.field = field

    def __call__(self, text: Any) -> Any:
        try:
            return from_json(text)  # pydantic's, four times as fast as json.loads on a small object
        except ValueError:
            return self.field.to_python_value(text)  # which can nest deeper, and says what is wrong


def _as_it_is(value: Any) -> Any:
    return value


def _converted(field: Field[Any]) -> _Converter:
    if isinstance(field, CharEnumFieldInstance):
        return _Members(field)
    if isinstance(field, ArrayField):
        return _as_it_is  # asyncpg gives a list
    if type(field) is UUIDField:
        return _as_it_is  # asyncpg gives a UUID
    if type(field) is DatetimeField and timezone.get_use_tz() and timezone.get_timezone() == "UTC":
        return _as_it_is  # asyncpg gives an aware datetime in UTC
    if type(field) is JSONField and field.decoder is json.loads and not isinstance(field.field_type, type):
        return _Document(field)
    return field.to_python_value
