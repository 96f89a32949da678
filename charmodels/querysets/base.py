"""The queryset and the manager that the others build on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Generator, Iterable
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

from pypika_tortoise.terms import Term
from tortoise.backends.base.client import BaseDBAsyncClient, Capabilities
from tortoise.context import get_current_context
from tortoise.exceptions import MultipleObjectsReturned
from tortoise.expressions import Expression
from tortoise.manager import Manager as TortoiseManager
from tortoise.models import Model
from tortoise.queryset import BulkCreateQuery, BulkUpdateQuery
from tortoise.queryset import QuerySet as TortoiseQuerySet
from tortoise.router import router

from charmodels.backend.client import Client
from charmodels.backend.executor import hydrator, select_objects
from charmodels.errors import ConfigurationError, InvalidInput, NotFound
from charmodels.querysets import compiled
from charmodels.sql.binding import Fragment, bind
from charmodels.values import validate

if TYPE_CHECKING:
    import asyncpg
    from tortoise.expressions import Q
    from tortoise.query_utils import Prefetch
    from tortoise.queryset import UpdateQuery

M = TypeVar("M", bound=Model)


class QuerySet(TortoiseQuerySet[M]):
    """Tortoise's queryset, with compiled statements, our errors and a class that a type checker can follow.

    It holds no state of its own. Subclass it to add verbs to a model:

    Example:
        >>> class ActiveQuerySet(QuerySet[M]):
        ...     def active(self) -> Self:
        ...         return self.filter(is_active=True)
    """

    __slots__ = ()

    if TYPE_CHECKING:
        # Tortoise says QuerySet[MODEL] here and returns the class that it was called on.
        def filter(self, *args: Q, **kwargs: Any) -> Self: ...  # noqa: D102
        def exclude(self, *args: Q, **kwargs: Any) -> Self: ...  # noqa: D102
        def order_by(self, *orderings: str) -> Self: ...  # noqa: D102
        def limit(self, limit: int) -> Self: ...  # noqa: D102
        def offset(self, offset: int) -> Self: ...  # noqa: D102
        def __getitem__(self, key: slice) -> Self: ...
        def distinct(self) -> Self: ...  # noqa: D102
        def all(self) -> Self: ...  # noqa: D102
        def only(self, *fields_for_select: str) -> Self: ...  # noqa: D102
        def select_related(self, *fields: str) -> Self: ...  # noqa: D102
        def prefetch_related(self, *args: str | Prefetch) -> Self: ...  # noqa: D102
        def annotate(self, **kwargs: Expression | Term) -> Self: ...  # noqa: D102
        def group_by(self, *fields: str) -> Self: ...  # noqa: D102
        def using_db(self, _db: BaseDBAsyncClient | None) -> Self: ...  # noqa: D102
        def force_index(self, *index_names: str) -> Self: ...  # noqa: D102
        def use_index(self, *index_names: str) -> Self: ...  # noqa: D102
        def select_for_update(  # noqa: D102
            self,
            nowait: bool = False,
            skip_locked: bool = False,
            of: tuple[str, ...] = (),
            no_key: bool = False,
        ) -> Self: ...

    @property
    def capabilities(self) -> Capabilities:
        """What the database can do: always PostgreSQL, so a queryset can be built before one is open."""
        return Client.capabilities

    @capabilities.setter
    def capabilities(self, value: Capabilities) -> None:
        pass

    def _choose_db(self, for_write: bool = False) -> BaseDBAsyncClient:
        alias, context = self.model._meta.default_connection, get_current_context()
        if self._db is None and not router._routers and alias is not None and context is not None:
            return context.connections.get(alias)
        try:
            return super()._choose_db(for_write)
        except RuntimeError as error:
            raise not_open() from error

    def _client(self) -> Client:
        """What this queryset's own statements go to: the open database, or the transaction around the caller."""
        client = self._choose_db(True)
        if not isinstance(client, Client):
            raise ConfigurationError(reason="This needs a database that charmodels opened")
        return client

    def _keys(self) -> Fragment:
        """This queryset as a SELECT of its keys, to stand inside another statement. A join may give a key twice."""
        rows = self._clone()
        rows._fields_for_select, rows._select_related, rows._select_for_update = (), set(), False
        if rows._limit is None and rows._offset is None:
            rows._orderings = []  # or the server would sort them for nothing
        rows._make_query()
        sql, values = rows.query.get_parameterized_sql()
        key = self.model._meta.db_pk_column
        return Fragment(f'SELECT "{key}" FROM ({sql}) AS "chosen"', values)  # noqa: S608 - Tortoise's own SQL

    def _rows(self, *columns: str) -> Fragment:
        """This queryset as a SELECT of some columns, each row once, to stand inside another statement."""
        selected = ", ".join(f'"{column}"' for column in columns)
        rows = self._clone()
        rows._fields_for_select, rows._select_related, rows._select_for_update = (), set(), False
        if rows._limit is None and rows._offset is None:
            rows._orderings = []
        rows._make_query()
        if rows._joined_tables and not rows._distinct:  # a join may give a row twice
            keys = self._keys()
            where = f'"{self.model._meta.db_pk_column}" IN ({keys.sql})'
            return Fragment(f'SELECT {selected} FROM "{self.model._meta.db_table}" WHERE {where}', keys.values)  # noqa: S608
        sql, values = rows.query.get_parameterized_sql()
        return Fragment(f'SELECT {selected} FROM ({sql}) AS "chosen"', values)  # noqa: S608 - Tortoise's own SQL

    async def _ask(self, name: str, /, **values: Any) -> list[asyncpg.Record]:
        """Run a statement about this queryset.

        Arguments:
            name: of a file of `charmodels.sql`, in which `:chosen` stands for the keys of this queryset.
            values: what its other names stand for (`charmodels.sql.binding`).

        Returns:
            Its rows.
        """
        client = self._client()
        chosen = self._keys()
        sql, bound = bind(name, values, parts={"chosen": chosen.sql}, bound=chosen.values)
        return await client.fetch(sql, bound)

    async def _select(self, name: str, /, **values: Any) -> list[M]:
        """Run a statement that gives rows of the model.

        Arguments:
            name: of a file of `charmodels.sql`, in which `:columns` stands for the columns of the model.
            values: what its other names stand for (`charmodels.sql.binding`).

        Returns:
            The objects.
        """
        client = self._client()
        columns = ", ".join(f'"{column}"' for column in self.model._meta.fields_db_projection.values())
        sql, bound = bind(name, values, parts={"columns": columns})
        return await client.executor_class(model=self.model, db=client).execute_select(sql, bound)

    def __await__(self) -> Generator[Any, None, list[M]]:
        # Unlike Tortoise's, an awaited queryset does not keep its connection: run again after a transaction, it
        # would ask the one that is over.
        return self._run().__await__()

    async def __aiter__(self) -> AsyncIterator[M]:
        for row in await self:
            yield row

    def _clone(self) -> Self:
        # Tortoise's own, which goes through copy.copy() for each container and costs twice as much.
        clone = self.__class__.__new__(self.__class__)
        clone.fields = self.fields
        clone.model = self.model
        clone.query = self.query
        clone._single = self._single
        clone._raise_does_not_exist = self._raise_does_not_exist
        clone._db = self._db
        clone._limit = self._limit
        clone._offset = self._offset
        clone._fields_for_select = self._fields_for_select
        clone._distinct = self._distinct
        clone._select_for_update = self._select_for_update
        clone._select_for_update_nowait = self._select_for_update_nowait
        clone._select_for_update_skip_locked = self._select_for_update_skip_locked
        clone._select_for_update_of = self._select_for_update_of
        clone._select_for_update_no_key = self._select_for_update_no_key
        clone._select_related = self._select_related.copy()
        clone._select_related_idx = self._select_related_idx
        clone._force_indexes = self._force_indexes.copy()
        clone._use_indexes = self._use_indexes.copy()
        clone._group_bys = self._group_bys
        clone._prefetch_map = self._prefetch_map.copy()
        clone._prefetch_queries = self._prefetch_queries.copy()
        clone._filter_kwargs = self._filter_kwargs.copy()
        clone._orderings = self._orderings.copy()
        clone._joined_tables = self._joined_tables.copy()
        clone._q_objects = self._q_objects.copy()
        clone._annotations = self._annotations.copy()
        clone._having = self._having.copy()
        clone._custom_filters = self._custom_filters.copy()
        return clone

    async def _run(self) -> Any:
        db = self._db or self._choose_db(self._select_for_update)
        found = compiled.find(self)
        if found is None:
            self._make_query()
            sql, values = self.query.get_parameterized_sql()
            index = self._select_related_idx
        else:
            (sql, index), values = found
            hydrate = hydrator(self.model)
            if hydrate is not None and isinstance(db, Client) and not (self._prefetch_map or self._prefetch_queries):
                rows = await select_objects(db, hydrate, sql, values)
                return self._one_of(rows) if self._single else rows
        executor = db.executor_class(
            model=self.model,
            db=db,
            prefetch_map=self._prefetch_map,
            prefetch_queries=self._prefetch_queries,
            select_related_idx=index,  # type: ignore[arg-type]
        )
        rows = await executor.execute_select(sql, values, custom_fields=list(self._annotations))
        return self._one_of(rows) if self._single else rows

    def _one_of(self, rows: list[M]) -> M | None:
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise MultipleObjectsReturned(self.model)
        if self._raise_does_not_exist:
            raise NotFound(model=self.model.__name__)
        return None

    def sql(self, params_inline: bool = False) -> str:
        """Show the statement; the queryset stays as it was, bound to no connection.

        Arguments:
            params_inline: write the values into it, instead of $1, $2, ...

        Returns:
            SQL.
        """
        return super(QuerySet, self._clone()).sql(params_inline)

    async def explain(self, output_fmt: str | None = None, **options: bool) -> Any:
        """Ask the server for the plan of the statement.

        Arguments:
            output_fmt: of EXPLAIN, as "text" or "json".
            options: of EXPLAIN, as `analyze=True`.

        Returns:
            The plan, as Tortoise gives it.
        """
        return await super(QuerySet, self._clone()).explain(output_fmt, **options)

    def update(self, **kwargs: Any) -> UpdateQuery:
        """Update every row of the queryset in one statement.

        Arguments:
            kwargs: field names and values or expressions.

        Returns:
            A query that, awaited, gives the number of rows.

        Raises:
            InvalidInput: a field is the key, or the owner, which never changes.

        Example:
            >>> import charmodels as cm
            >>> query = cm.CharacterTemplate.objects.filter(name="Knight").update(is_active=False)
        """
        for name in kwargs.keys() & immutable_fields(self.model):
            raise InvalidInput(field=name, reason="never changes")
        return super().update(**{name: self._normal(name, value) for name, value in kwargs.items()})

    def _normal(self, name: str, value: Any) -> Any:
        annotation = getattr(self.model, "validated", {}).get(name)
        if annotation is None or value is None or isinstance(value, Expression | Term):
            return value
        return validate(name, annotation, value)

    def bulk_create(
        self,
        objects: Iterable[M],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_fields: Iterable[str] | None = None,
        on_conflict: Iterable[str] | None = None,
    ) -> BulkCreateQuery[M]:
        """Insert many rows in few statements, after validation.

        Arguments:
            objects: not saved yet.
            batch_size: rows in one statement, or None for all.
            ignore_conflicts: leave out rows that clash with others.
            update_fields, on_conflict: update these fields where those clash.

        Returns:
            A query that, awaited, inserts the rows; those it made are saved objects afterwards.

        Raises:
            InvalidInput: a value breaks a rule.
            Conflict: a row clashes with another one; none of its batch is inserted, those before it are.
        """
        rows = list(objects)
        _normalize(rows, self.model._meta.fields_db_projection)
        query = super().bulk_create(rows, batch_size, ignore_conflicts, update_fields, on_conflict)
        if not (ignore_conflicts or on_conflict) and self.model._meta.pk.default is not None:
            query.__class__ = _BulkCreateQuery  # its keys are known before, so its rows are known after
        return query

    def bulk_update(
        self, objects: Iterable[M], fields: Iterable[str], batch_size: int | None = None
    ) -> BulkUpdateQuery[M]:
        """Update fields of many rows in few statements, after validation.

        Arguments:
            objects: saved ones.
            fields: names of the fields to write.
            batch_size: rows in one statement, or None for all.

        Returns:
            A query that, awaited, updates the rows.

        Raises:
            InvalidInput: a value breaks a rule, or a field never changes.
        """
        rows, names = list(objects), list(fields)
        for name in names:
            if name in immutable_fields(self.model):
                raise InvalidInput(field=name, reason="never changes")
        _normalize(rows, names)
        return super().bulk_update(rows, names, batch_size)


def _normalize(rows: Iterable[Any], names: Collection[str]) -> None:
    for row in rows:
        if hasattr(row, "normalize"):  # a stock Tortoise model validates in its own way
            row.normalize(names)


class _BulkCreateQuery(BulkCreateQuery[M]):
    """Tortoise's, whose objects know afterwards that they are saved."""

    __slots__ = ()

    async def _execute_many(self, *arguments: Any, **keywords: Any) -> None:
        await super()._execute_many(*arguments, **keywords)
        for row in self._objects:
            row._saved_in_db = True


def immutable_fields(model: type[Model]) -> frozenset[str]:
    """Give the fields of a model that no update may change.

    Arguments:
        model: a Tortoise model; `Meta.immutable` names the fields beside the key.

    Returns:
        Their names.
    """
    return frozenset((model._meta.pk_attr, "pk", *getattr(model.Meta, "immutable", ())))


def not_open() -> ConfigurationError:
    """Make the error for a query before the database is open."""
    return ConfigurationError(
        reason="No database is open",
        example="async with charmodels.connect() as database: ...",
    )


S = TypeVar("S", bound=QuerySet[Any])


class Manager(TortoiseManager, Generic[S]):
    """Hands out a queryset class: `objects` on a model is a fresh queryset of it.

    A subclass names the class, for Tortoise makes managers without arguments.

    Example:
        >>> class ActiveQuerySet(QuerySet[M]): ...
        >>> class ActiveManager(Manager[ActiveQuerySet]):
        ...     queryset_class = ActiveQuerySet
    """

    queryset_class: ClassVar[type[Any]] = QuerySet

    def get_queryset(self) -> S:
        """Give a fresh queryset of the model."""
        return cast("S", self.queryset_class(self._model))

    def __get__(self, instance: Model | None, owner: type[Model]) -> S:
        """Give a fresh queryset when the manager is read off its model."""
        if self._model is owner:
            return self.get_queryset()
        bound = copy(self)  # of an abstract base, which several models share
        bound._model = owner
        return bound.get_queryset()
