"""The raw statements that the ORM cannot say, one file each, named as the caller names them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Read a statement.

    Arguments:
        name: of its file, without `.sql`; `schema/functions`.

    Returns:
        The SQL without the comment at its head.

    Raises:
        FileNotFoundError: there is no such statement.
    """
    text = (files("charmodels.sql") / f"{name}.sql").read_text(encoding="utf-8")
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        lines.pop(0)
    return "\n".join(lines).strip()
