"""Imports run one way, from the bottom of this list to its top; what only the type checker reads does not count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import charmodels

PACKAGE = Path(charmodels.__file__).parent
LAYERS = [
    {"version", "enums", "errors", "limits", "identifiers", "sql", "vocabulary", "services"},
    {"plans", "tags", "clock", "quota", "dsn", "embedded", "pages", "cursors", "gallery", "generations", "events"}
    | {"archives"},
    {"values", "search_query"},
    {"schemas", "settings", "context"},
    {"samples", "monitoring", "logs", "programs", "processes"},
    {"backend", "fields"},
    {"querysets"},
    {"models"},
    {"database"},
    {"transactions", "documents", "copying"},
    {"migrations", "worker", "findings"},
    {"importing", "seeds", "health_report", "roles", "provisioning", "exporting", "doctor"},
    {"population", "health", "backups"},
    {"health_checker", "metrics"},
    {"asgi"},
    {"__init__"},
    {"contrib", "testing"},
    {"studio"},
    {"cli"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FILES = [path for path in PACKAGE.rglob("*.py") if "aerich_migrations" not in path.parts]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """The rooms that a file needs as soon as it is imported."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "charmodels":
            parts = (node.module or "").split(".")
            yield from [parts[1]] if len(parts) > 1 else [name.name for name in node.names]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    own = room(path)
    for other in imported(path):
        assert other == own or RANK[other] < RANK[own], f"{own} imports {other}"


def test_every_room_has_its_place() -> None:
    assert {room(path) for path in FILES} == set(RANK)
