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
        The SQL; a statement's without its comments, which nobody reads on the server and which hide from
            `backend.session` what it does.

    Raises:
        FileNotFoundError: there is no such statement.
    """
    text = (files("charmodels.sql") / f"{name}.sql").read_text(encoding="utf-8")
    lines = text.splitlines()
    if not name.startswith("schema/"):
        lines = [line for line in lines if not line.lstrip().startswith("--")]
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        lines.pop(0)
    return "\n".join(lines).strip()
