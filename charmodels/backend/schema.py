"""The schema generator: Tortoise's tables, with the constraints, indexes and triggers that its fields cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tortoise.backends.base_postgres.schema_generator import BasePostgresSchemaGenerator
from tortoise.indexes import Index as TortoiseIndex
from tortoise.models import Model

from charmodels.backend.constraints import Check
from charmodels.sql import statement


class Index(TortoiseIndex):
    """An index as PostgreSQL writes it, for what Tortoise's own cannot say.

    Arguments:
        definition: what stands in the parentheses, `"user_id", "created_at" DESC`.
        name: of the index.
        fields: the fields it stands on; Tortoise wants to know them.
        using: the access method, when it is not btree.
        unique: whether it allows each key once.
        where: the condition of a partial index.
        options: storage parameters, as `fastupdate = off`.
    """

    def __init__(
        self,
        definition: str,
        *,
        name: str,
        fields: tuple[str, ...],
        using: str = "",
        unique: bool = False,
        where: str = "",
        options: str = "",
    ) -> None:
        super().__init__(fields=fields, name=name)
        self.definition = definition
        self.unique = unique
        self.where = where
        self.options = options
        self.using = using
        self.INDEX_TYPE = using

    def describe(self) -> dict[str, Any]:
        """Describe the index to Aerich, which compares descriptions to find changes."""
        return {
            **super().describe(),
            "extra": f"({self.definition}){self._options()}{f' WHERE {self.where}' if self.where else ''}",
            "unique": self.unique,
        }

    def _options(self) -> str:
        return f" WITH ({self.options})" if self.options else ""

    def get_sql(self, schema_generator: Any, model: type[Model], safe: bool) -> str:
        """Write CREATE INDEX."""
        return (
            f"CREATE {'UNIQUE ' if self.unique else ''}INDEX {'IF NOT EXISTS ' if safe else ''}"
            f'"{self.name}" ON "{model._meta.db_table}"'
            f"{f' USING {self.using}' if self.using else ''} ({self.definition}){self._options()}"
            f"{f' WHERE {self.where}' if self.where else ''};"
        )


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key to another table than the one that the relation of the same column leads to; ON DELETE CASCADE.

    The relation then says `db_constraint=False`.

    Arguments:
        name: of the constraint.
        column: of this table.
        table: referred to.
        target: its column.
    """

    name: str
    column: str
    table: str
    target: str

    def get_sql(self) -> str:
        """Write the constraint, as it stands in CREATE TABLE."""
        return (
            f'CONSTRAINT "{self.name}" FOREIGN KEY ("{self.column}") '
            f'REFERENCES "{self.table}" ("{self.target}") ON DELETE CASCADE'
        )


class SchemaGenerator(BasePostgresSchemaGenerator):
    """Writes the whole declared schema: what `Meta.checks`, `Meta.triggers` and `Index` say besides the fields."""

    def _get_models_to_create(self) -> list[type[Model]]:
        models = super()._get_models_to_create()
        apps = getattr(self.client, "schema_apps", None)
        return models if apps is None else [model for model in models if model._meta.app in apps]

    def get_create_schema_sql(self, safe: bool = True) -> str:
        """Write the DDL for every model of this connection."""
        models = self._get_models_to_create()
        ours = any(_declared(model, "triggers") or _declared(model, "checks") for model in models)
        parts = [
            *([statement("schema/extensions"), statement("schema/functions")] if ours else []),
            super().get_create_schema_sql(safe),
            *(statement(f"schema/{name}") for model in models for name in _declared(model, "functions")),
            *(trigger for model in models for trigger in self._triggers(model)),
        ]
        return "\n".join(parts)

    def _get_table_sql(self, model: type[Model], safe: bool = True) -> dict[str, Any]:
        table = super()._get_table_sql(model, safe)
        # What another app's migrations create is there already.
        created = {each._meta.db_table for each in self._get_models_to_create()}
        table["references"] = {name for name in table["references"] if name in created}
        keys: tuple[ForeignKey, ...] = _declared(model, "foreign_keys")
        checks: tuple[Check, ...] = _declared(model, "checks")
        table["references"] |= {key.table for key in keys}
        rules = [
            *(key.get_sql() for key in keys),
            *(f'CONSTRAINT "{check.name}" CHECK ({check.condition})' for check in checks),
        ]
        creation = str(table["table_creation_string"])
        end = creation.index("\n)")
        table["table_creation_string"] = creation[:end] + "".join(f",\n    {rule}" for rule in rules) + creation[end:]
        return table

    @staticmethod
    def _triggers(model: type[Model]) -> list[str]:
        table = model._meta.db_table
        return [statement(f"schema/{name}").replace(":table", f'"{table}"') for name in _declared(model, "triggers")]


def _declared(model: type[Model], name: str) -> tuple[Any, ...]:
    return tuple(getattr(model.Meta, name, ()))
