"""What the pages of all models have in common: how they are listed, read and changed."""

# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false
# FastAdmin is not there on Python 3.11. It gives arguments by position.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from fastadmin import AdminApiException, TortoiseModelAdmin, WidgetType
from tortoise.exceptions import FieldError
from tortoise.fields import BooleanField, JSONField, TextField
from tortoise.models import Model

from charmodels.errors import CharmodelsError, InvalidInput, NotFound
from charmodels.fields import EmailField, EnumField, TextArrayField
from charmodels.studio.access import READ_ONLY, Access
from charmodels.transactions import transaction

REACH = 10_000
"""How many rows of a list can be paged through, and are counted: the database skips what is before a page."""

_SAME_MOMENT = timedelta(seconds=1)
"""The form sends no fractions of a second: a time that came back with a smaller difference was not changed."""

_UNFIT = (ValueError, TypeError, FieldError)


class Page(TortoiseModelAdmin):
    """The pages of a model: a list, and a form for each row.

    Subclasses say what of it may be changed. Nothing may, unless Studio was started with `--write`, whatever they say.
    The form is there in any case, to look at a row.
    """

    access: Access = Access()

    list_per_page = 20
    ordering: Sequence[str] = ("-id",)
    # Sorting by anything without an index would read and sort the whole table. Keys are ordered by time.
    sortable_by: Sequence[str] = ("id",)

    adds: ClassVar[bool] = False
    deletes: ClassVar[bool] = False
    editable: ClassVar[tuple[str, ...]] = ()
    """The fields that a form may change."""
    initial: ClassVar[tuple[str, ...]] = ()
    """The fields that only a new row may be given."""

    def __init__(self, model: type[Model]) -> None:
        self._widgets: list[Any] | None = None
        names = [name for name, field in model._meta.fields_map.items() if not getattr(field, "reference", False)]
        open_to_change = (*self.editable, *self.initial) if self.access.write else ()
        self.readonly_fields = tuple(name for name in names if name not in open_to_change)
        super().__init__(model)

    # What may be done

    async def has_add_permission(self, user_id: Any = None) -> bool:
        """Say whether rows may be added."""
        return self.access.write and self.adds

    async def has_change_permission(self, user_id: Any = None) -> bool:
        """Say yes: without it there is no page to look at a row. `save_model` and `Guard` refuse."""
        return True

    async def has_delete_permission(self, user_id: Any = None) -> bool:
        """Say whether rows may be deleted."""
        return self.access.write and self.deletes

    async def has_action_permission(self, user_id: Any = None) -> bool:
        """Say whether actions may be run."""
        return self.access.write

    # Fields

    def get_model_fields_with_widget_types(self, with_m2m: bool | None = None) -> list[Any]:
        """Choose widgets for our kinds of fields too, and show what the database keeps."""
        if with_m2m:
            return []
        if self._widgets is None:
            self._widgets = [self._with_widget(widget) for widget in super().get_model_fields_with_widget_types()]
        return self._widgets

    def _with_widget(self, widget: Any) -> Any:
        field = self.model_cls._meta.fields_map[widget.name]
        if widget.form_widget_type is WidgetType.AsyncSelect:
            widget.form_widget_props["required"] = not field.null
        elif isinstance(field, TextArrayField):
            widget.form_widget_type = widget.filter_widget_type = WidgetType.Select
            widget.form_widget_props["mode"] = widget.filter_widget_props["mode"] = "tags"
            widget.form_widget_props["required"] = False
        elif isinstance(field, BooleanField):
            widget.form_widget_type, widget.filter_widget_type = WidgetType.Switch, WidgetType.RadioGroup
            widget.form_widget_props["required"] = False
            widget.filter_widget_props["options"] = [{"label": "Yes", "value": True}, {"label": "No", "value": False}]
        elif isinstance(field, EnumField):
            options = [{"label": member.value, "value": member.value} for member in field.enum_type]
            widget.form_widget_type = widget.filter_widget_type = WidgetType.Select
            widget.form_widget_props["options"] = widget.filter_widget_props["options"] = options
            widget.filter_widget_props["mode"] = "multiple"
        elif isinstance(field, EmailField):
            widget.form_widget_type = WidgetType.EmailInput
        elif isinstance(field, TextField) and widget.name not in ("prompt", "description", "error_message", "reason"):
            widget.form_widget_type = widget.filter_widget_type = WidgetType.Input
        elif isinstance(field, JSONField):
            widget.form_widget_props["required"] = False
        widget.is_immutable = widget.name == "id"
        return widget

    async def serialize_obj_attributes(
        self, obj: Any, attributes: list[Any], list_view: bool = False
    ) -> dict[str, Any]:
        """Write a row for the browser, which knows it by "id"."""
        shown = {field.name: getattr(obj, field.column_name) for field in attributes}
        return {"id": obj.pk, **shown, "__str__": str(obj)}

    # Reading

    async def orm_get_list(
        self,
        offset: int | None = None,
        limit: int | None = None,
        search: str | None = None,
        sort_by: str | None = None,
        filters: Mapping[tuple[str, str], Any] | None = None,
    ) -> tuple[list[Any], int]:
        """Read a part of a list, and count its rows as far as it reaches."""
        if sort_by is not None and sort_by.removeprefix("-") not in self.sortable_by:
            raise AdminApiException(422, detail=f"This list is not sorted by {sort_by.removeprefix('-')}.")
        first = offset or 0
        if first >= REACH:
            raise AdminApiException(422, detail=f"Lists reach {REACH:,} rows far. Search or filter to narrow this one.")
        try:
            rows = self.rows()
            for (name, condition), value in (filters or {}).items():
                rows = self.narrow(rows, name, condition, value)
            if search and search.strip():
                rows = await self.find(rows, search.strip())
            total = len(await rows.limit(REACH).values_list(self._pk, flat=True))
            order = [sort_by] if sort_by else self.ordering
            rows = rows.order_by(*map(self._resolve_ordering_field, order)).offset(first)
            found = rows.limit(min(limit or self.list_per_page, REACH - first))
            return await found.select_related(*self.list_select_related), total
        except _UNFIT as error:
            if isinstance(error, CharmodelsError) or not filters:
                raise
            raise InvalidInput(field="filter", reason="does not fit the column") from error

    def rows(self) -> Any:
        """Give the queryset of all rows."""
        return self.model_cls._meta.manager.get_queryset()

    def narrow(self, rows: Any, name: str, condition: str, value: Any) -> Any:
        """Narrow a list by one filter.

        Arguments:
            rows: the queryset.
            name: of the column.
            condition: FastAdmin's, which are Tortoise's: "exact", "in", "gte", ...
            value: text, or a list of texts.

        Returns:
            The narrowed queryset.
        """
        if name == "tags":
            return rows.tagged(value if isinstance(value, list) else [value])
        if "contains" not in condition and value is not None:
            read = self.model_cls._meta.fields_map[name].to_python_value
            value = [read(each) for each in value] if isinstance(value, list) else read(value)
        return rows.filter(**{name if condition == "exact" else f"{name}__{condition}": value})

    async def find(self, rows: Any, text: str) -> Any:
        """Narrow a list by the search box: to a row by its key, unless a subclass knows more.

        Arguments:
            rows: the queryset.
            text: not blank.

        Returns:
            The narrowed queryset.
        """
        key = self._key(text)
        return self.none(rows) if key is None else rows.filter(**{self._pk: key})

    def none(self, rows: Any) -> Any:
        """Narrow a list to nothing.

        Arguments:
            rows: the queryset.

        Returns:
            The narrowed queryset.
        """
        return rows.filter(**{f"{self._pk}__in": []})

    @property
    def _pk(self) -> str:
        return str(self.model_cls._meta.pk_attr)

    def _key(self, text: Any) -> Any | None:
        try:
            return self.model_cls._meta.pk.to_python_value(str(text))
        except _UNFIT:
            return None

    async def orm_get_obj(self, key: Any) -> Any | None:
        """Read a row by its key; what is no key is nobody's."""
        found = self._key(key)
        if found is None:
            return None
        return await self.rows().select_related(*self.list_select_related).get_or_none(**{self._pk: found})

    # Writing

    async def save_model(self, key: Any, payload: dict[str, Any]) -> dict[str, Any] | None:
        """Add a row, or change what was changed in its form."""
        if not (self.access.write and (self.editable if key is not None else self.adds)):
            raise AdminApiException(403, detail=self._refusal)
        allowed = (*self.editable, *self.initial)  # the model refuses what never changes
        columns = {field.name: field.column_name for field in self.get_model_fields_with_widget_types()}
        values = {
            columns[name]: self._typed(name, value)
            for name, value in payload.items()
            if name in columns and name in allowed
        }
        obj = await self._save(key, values)
        return None if obj is None else await self.get_obj(obj.pk)

    async def _save(self, key: Any, values: dict[str, Any]) -> Any | None:
        async with transaction():
            if key is None:
                return await self.add({name: value for name, value in values.items() if value is not None})
            obj = await self.orm_get_obj(key)
            if obj is not None:
                changed = self._changed(obj, values)
                if changed:
                    await self.change(obj, changed)
            return obj

    def _typed(self, name: str, value: Any) -> Any:
        field = self.model_cls._meta.fields_map[name]
        if value == "" and field.null:
            return None
        if isinstance(field, TextArrayField) and value is None:
            return []
        return value

    def _changed(self, obj: Any, values: dict[str, Any]) -> dict[str, Any]:
        """Find the values that are others than the row's, so that nothing else is written."""
        before = {name: getattr(obj, name) for name in values}
        obj.update_from_dict(values)
        after = {name: getattr(obj, name) for name in values}
        obj.update_from_dict(before)
        return {name: value for name, value in after.items() if not _same(value, before[name])}

    async def add(self, values: dict[str, Any]) -> Any:
        """Add a row.

        Arguments:
            values: by column.

        Returns:
            Its object.
        """
        return await self.model_cls.create(**values)

    async def change(self, obj: Any, changed: dict[str, Any]) -> None:
        """Change a row.

        Arguments:
            obj: as it is.
            changed: by column.
        """
        obj.update_from_dict(changed)
        await obj.save(update_fields=list(changed))

    async def orm_delete_obj(self, key: Any) -> None:
        """Delete a row."""
        if not (self.access.write and self.deletes):
            raise AdminApiException(403, detail=self._refusal)
        async with transaction():
            obj = await self.orm_get_obj(key)
            if obj is None:
                raise NotFound(model=self.model_cls.__name__)
            await obj.delete()

    async def upload_file(self, *arguments: Any, **keywords: Any) -> str:
        """Refuse: pictures stand elsewhere, only their addresses are here."""
        raise AdminApiException(422, detail="There are no files here, only addresses of pictures.")

    @property
    def _refusal(self) -> str:
        return f"{self.model_cls.__name__} is read-only here." if self.access.write else READ_ONLY


def _same(value: Any, before: Any) -> bool:
    if isinstance(value, datetime) and isinstance(before, datetime) and value.tzinfo and before.tzinfo:
        return abs(value - before) < _SAME_MOMENT
    return bool(value == before)
