"""What conditions are written about: the rows of a model, or the entries of the gallery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tortoise.models import Model


class Rows(Protocol):
    """What a condition is written about: the rows of a model, or the entries of the gallery."""

    def column(self, name: str) -> str:
        """Write a column, by the name of its field."""
        raise NotImplementedError

    @property
    def bind(self) -> Callable[[Any], str]:
        """What puts a value beside the statement, and writes where it stands."""
        raise NotImplementedError

    @property
    def document(self) -> str:
        """Write what full-text search reads."""
        raise NotImplementedError

    @property
    def content(self) -> str:
        """Write what substrings are looked for in."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ModelRows:
    """Rows of a model, in a statement of Tortoise's.

    Arguments:
        model: the model.
        name: writes a column, by its name in the database.
        bind: puts a value beside the statement.
    """

    model: type[Model]
    name: Callable[[str], str]
    bind: Callable[[Any], str]

    def column(self, name: str) -> str:
        """Write a column, by the name of its field."""
        return self.name(self.model._meta.fields_db_projection[name])

    @property
    def document(self) -> str:
        """Write what full-text search reads."""
        return (
            "charmodels_document((SELECT charmodels_search_config()), "
            f"{self.column('name')}, {self.column('tags')}, {self.text})"
        )

    @property
    def content(self) -> str:
        """Write what substrings are looked for in."""
        return f"charmodels_content({self.column('name')}, {self.text})"

    @property
    def text(self) -> str:
        """Write what is searched besides the name and the tags."""
        if "description" in self.model._meta.fields_db_projection:
            return f"({self.column('description')} || ' ' || {self.column('prompt')})"
        return self.column("prompt")


@dataclass(frozen=True, slots=True)
class EntryRows:
    """Entries of the gallery.

    Arguments:
        bind: puts a value beside the statement.
        by_tags: whether the index on tags may be used.
        name: what they are called in the statement.
    """

    bind: Callable[[Any], str]
    by_tags: bool = True
    name: str = "e"

    def column(self, name: str) -> str:
        """Write a column, by the name of its field."""
        if name == "tags" and not self.by_tags:
            return f"({self.name}.tags || '{{}}'::text[])"  # the same, but no column
        return f"{self.name}.{'character_id' if name == 'id' else name}"

    @property
    def document(self) -> str:
        """Write what full-text search reads."""
        return f"{self.name}.document"

    @property
    def content(self) -> str:
        """Write what substrings are looked for in."""
        return f"{self.name}.content"
