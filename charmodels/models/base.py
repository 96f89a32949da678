"""The base of every model: validated on the way in, named errors on the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self, cast
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import ConfigurationError as TortoiseConfigurationError
from tortoise.exceptions import DoesNotExist, FieldError, ValidationError
from tortoise.expressions import Expression
from tortoise.fields.base import DatabaseDefault, Field
from tortoise.fields.db_defaults import SqlDefault
from tortoise.fields.relational import RelationalField
from tortoise.models import EMPTY, MetaInfo, ModelMeta
from tortoise.models import Model as TortoiseModel

from charmodels.backend import constraints
from charmodels.backend.translation import register_table
from charmodels.clock import utc_now
from charmodels.errors import CharmodelsError, InvalidInput, NotFound
from charmodels.fields import EmailField, EnumField
from charmodels.identifiers import new_id
from charmodels.querysets.base import Manager, immutable_fields, not_open
from charmodels.values import validate

NOW = SqlDefault("clock_timestamp()")
NEW_ID = SqlDefault("charmodels_uuidv7()")

_UNFIT = (ValueError, TypeError, AttributeError, ArithmeticError, FieldError)
"""What Tortoise's fields raise about a value of the wrong type."""


def _is_filled(field: Field[Any]) -> bool:
    """Whether Tortoise or the database gives the field a value when it has none."""
    return field.generated or getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)


class _ModelMeta(ModelMeta):
    """Keeps Tortoise from reading the source of every model at import, in search of comments on columns."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> ModelMeta:
        return super().__new__(cls, name, bases, {"_no_comments": True, **attributes})


class _Meta(MetaInfo):
    """What Tortoise knows of a model, with our error where no database is open."""

    __slots__ = ()

    def _generate_filters(self) -> None:
        # A key that is a relation gets its column after Tortoise has looked for what "pk" stands for.
        key = str(self.pk_attr)
        for name, found in list(self._filters.items()):
            if name == key or name.startswith(f"{key}__"):
                self._filters.setdefault("pk" + name.removeprefix(key), found)
        super()._generate_filters()

    @property
    def db(self) -> BaseDBAsyncClient:
        try:
            return super().db
        except (RuntimeError, TortoiseConfigurationError) as error:
            raise not_open() from error


class Model(TortoiseModel, metaclass=_ModelMeta):
    """A Tortoise model that validates and raises the errors of `charmodels.errors`.

    What a subclass may say in its `Meta`, besides Tortoise's own:

    - `checks` and `foreign_keys`: constraints (`charmodels.backend.constraints`, `charmodels.backend.schema`),
    - `functions` and `triggers`: names of files under `charmodels/sql/schema/`,
    - `immutable`: fields that never change after the first save,
    - `kept_by_database`: columns that a trigger fills; they are read back after an update,
    - `changed_by_database`: columns that are written and that a trigger may change on the way; they are read back after
      an insert and an update.

    `validated` maps fields to types of `charmodels.values`.
    """

    validated: ClassVar[Mapping[str, Any]] = {}

    class Meta:
        abstract = True

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._meta.__class__ = _Meta
        manager = cls.__dict__.get("objects")
        if isinstance(manager, Manager):
            cls._meta.manager = manager
        for field in cls._meta.fields_map.values():
            if isinstance(field, EmailField):
                field.lower_in_filters(cls._meta._filters)
        constraints.register(getattr(cls.Meta, "checks", ()))
        if cls.__module__.startswith("charmodels.") and not cls._meta.abstract:
            register_table(cls._meta.db_table)

    def __init__(self, **values: Any) -> None:
        unknown = values.keys() - self._meta.fields
        if unknown:  # Tortoise would drop the value
            raise InvalidInput(field=min(unknown), reason=f"is not a field of {type(self).__name__}")
        try:
            super().__init__(**values)
        except InvalidInput:
            raise
        except _UNFIT:
            raise self._blame(values) from None

    def update_from_dict(self, data: dict[str, Any]) -> Self:
        """Set fields from a dict; keys that are no fields are left out.

        Arguments:
            data: names and values.

        Returns:
            The object itself.

        Raises:
            InvalidInput: a value has the wrong type.
        """
        try:
            return super().update_from_dict(data)
        except InvalidInput:
            raise
        except _UNFIT:
            raise self._blame(data) from None

    @classmethod
    def _blame(cls, values: Mapping[str, Any]) -> InvalidInput:
        """Find the field that Tortoise could not set, whose error does not name it."""
        for name, value in values.items():
            field = cls._meta.fields_map.get(name)
            if field is None:
                continue
            if value is None and not field.null:
                return InvalidInput(field=name, reason="is required")
            if isinstance(field, RelationalField):
                if not isinstance(value, field.related_model):
                    return InvalidInput(field=name, reason=f"must be a {field.related_model.__name__}")
                continue
            try:
                field.to_python_value(value)
            except InvalidInput as error:
                return error
            except _UNFIT:
                return InvalidInput(field=name, reason=f"does not fit a {type(field).__name__}")
        return InvalidInput(field=cls.__name__, reason="has a value of the wrong type")

    @classmethod
    async def _getbypk(cls, key: Any) -> Self:
        return cast("Self", await cls._db_queryset().get(pk=key))

    @classmethod
    def _db_queryset(cls, using_db: BaseDBAsyncClient | None = None, for_write: bool = False) -> Any:
        # Unlike Tortoise's, it asks for a connection when it is awaited: made outside a transaction, it may run
        # inside, and the other way round.
        return cls._meta.manager.get_queryset().using_db(using_db)

    def clone(self, pk: Any = EMPTY) -> Self:
        """Make a copy that is saved as a row of its own.

        Arguments:
            pk: its key, or nothing for a new one.

        Returns:
            The copy, not saved yet.
        """
        default = self._meta.pk.default
        return super().clone(default() if pk is EMPTY and callable(default) else pk)

    def normalize(self, names: Iterable[str]) -> None:
        """Check fields, and put the normalised values in their place.

        Arguments:
            names: of the columns that are to be written.

        Raises:
            InvalidInput: a value breaks a rule.
        """
        for name in names:
            value = getattr(self, name, None)
            if isinstance(value, Expression | DatabaseDefault):
                continue
            field = self._meta.fields_map[name]
            if value is None:
                if not (field.null or _is_filled(field)):
                    raise InvalidInput(field=name, reason="is required")
            elif name in self.validated:
                setattr(self, name, validate(name, self.validated[name], value))
            elif isinstance(field, EnumField):
                setattr(self, name, field.to_python_value(value))

    async def save(
        self,
        using_db: BaseDBAsyncClient | None = None,
        update_fields: Iterable[str] | None = None,
        force_create: bool = False,
        force_update: bool = False,
    ) -> None:
        """Insert or update the row, after validation.

        An update writes neither the key nor the owner, which never change, nor what the database keeps itself.

        Arguments:
            using_db: a client or transaction, or None for the open database.
            update_fields: names of the fields to write, or None for all that may change.
            force_create: insert in any case.
            force_update: update in any case.

        Raises:
            InvalidInput: a value breaks a rule, or `update_fields` names a field that never changes.
            Conflict: the row would clash with another one.
            NotFound: the row to update was deleted.

        Example:
            >>> async def rename(user: "User") -> None:
            ...     user.name = "Ada"
            ...     await user.save(update_fields=["name"])
        """
        names = None if update_fields is None else tuple(update_fields)
        if force_create or not (force_update or self._saved_in_db or names):
            self.normalize(self._meta.fields_db_projection)
        else:
            names = self._changeable(names)
            self.normalize(names or ())
        try:
            await super().save(using_db, names, force_create, force_update)
        except _UNFIT as error:
            if isinstance(error, CharmodelsError):
                raise
            self._blame_stored(names)
            raise
        except ValidationError as error:
            if isinstance(error, InvalidInput):
                raise
            # What a field's own validator says begins with its name and quotes the value.
            field = str(error).partition(":")[0]
            raise InvalidInput(field=field, reason="does not pass the checks of its field") from None

    def _blame_stored(self, names: Iterable[str] | None) -> None:
        """Raise InvalidInput for the field whose value cannot be written, if there is one."""
        for name in self._meta.fields_db_projection if names is None else names:
            value = getattr(self, name, None)
            if value is None or isinstance(value, Expression | DatabaseDefault):
                continue
            field = self._meta.fields_map[name]
            try:
                field.to_db_value(value, self)
            except _UNFIT:
                raise InvalidInput(field=name, reason=f"does not fit a {type(field).__name__}") from None

    async def refresh_from_db(
        self, fields: Iterable[str] | None = None, using_db: BaseDBAsyncClient | None = None
    ) -> None:
        """Read the row again.

        Arguments:
            fields: names of the fields to read, or None for all.
            using_db: a client or transaction, or None for the open database.

        Raises:
            NotFound: the row was deleted.
        """
        try:
            await super().refresh_from_db(fields, using_db)
        except DoesNotExist as error:
            raise NotFound(model=type(self).__name__) from error

    def _changeable(self, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        fixed = immutable_fields(type(self))
        if names is not None:
            for name in names:
                if name in fixed:
                    raise InvalidInput(field=name, reason="never changes")
                if name not in self._meta.fields_db_projection:
                    raise InvalidInput(field=name, reason="is not a column")
            return names
        if self._partial:
            return None  # Tortoise says what is wrong with saving a part
        kept = getattr(self.Meta, "kept_by_database", ())
        return tuple(name for name in self._meta.fields_db_projection if name not in fixed and name not in kept)


def primary_key() -> UUID:
    """Make a primary key field: a UUIDv7 by the client, or by the database for whoever inserts in SQL."""
    return fields.UUIDField(primary_key=True, default=new_id, db_default=NEW_ID)


class Entity(Model):
    """Adds a key and two times: `updated_at` is kept by the trigger `touch`, which the subclass names in its `Meta`."""

    id = primary_key()
    created_at = fields.DatetimeField(default=utc_now, db_default=NOW)
    updated_at = fields.DatetimeField(default=utc_now, db_default=NOW)

    class Meta:
        abstract = True
