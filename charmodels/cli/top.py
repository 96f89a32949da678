"""`charmodels top`."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated

import typer

from charmodels.cli import console
from charmodels.database import connect
from charmodels.errors import CharmodelsError, DatabaseError
from charmodels.monitoring.shapes import describe
from charmodels.sql import statement

_NOT_LOADED = "55000"
_NO_SUCH_COLUMN = "42703"

INSTALL = (
    "Set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, restart the server, and run "
    "CREATE EXTENSION pg_stat_statements in this database, as a superuser."
)

_COLUMNS = re.compile(r"^SELECT [^()]{40,}? FROM\b")

HIDDEN = "<insufficient privilege>"
"""What the server shows of other roles' statements to whom it does not trust."""


class Sort(StrEnum):
    """By what the statements are sorted."""

    TOTAL = "total"
    MEAN = "mean"
    CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement took since the server's statistics were reset.

    Arguments:
        statement: its text, without values.
        calls: how often it ran.
        total_ms, mean_ms, max_ms: how long the server took, in milliseconds.
        rows: how many rows it gave or changed.
        share: its part of the time of all, 0 to 1.
    """

    statement: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    share: float


def top(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many statements to show.")] = 10,
    sort: Annotated[Sort, typer.Option("--sort", help="By all time together, the mean, or the number of calls.")] = (
        Sort.TOTAL
    ),
    json: console.Json = False,
) -> None:
    """Show which statements take the server's time.

    Reads pg_stat_statements, which the server must have loaded, and shows
    this database's statements only, without the values in them. The times
    are the server's own, of all apps, since its statistics were reset. To
    see the text of other roles' statements, the role needs
    pg_read_all_stats.

    \b
    Examples:
      charmodels top
      charmodels top --sort mean --limit 20
      charmodels top --json > top.json
    """
    found = console.finish(_top(limit, sort))
    if json:
        console.print_json([asdict(each) for each in found])
        return
    rows = [
        (f"{each.share:.0%}", f"{each.calls:,}", _ms(each.total_ms), _ms(each.mean_ms), _ms(each.max_ms),
         f"{each.rows:,}", _short(each.statement))
        for each in found
    ]  # fmt: skip
    console.out.print(console.table("Share", "Calls", "Total ms", "Mean", "Max", "Rows", "Statement", rows=rows))
    if any(each.statement == HIDDEN for each in found):
        console.err.print(
            "Some statements are hidden: GRANT pg_read_all_stats to this role shows them.", soft_wrap=True
        )


async def _top(limit: int, sort: Sort) -> list[Statement]:
    async with connect() as database:
        schemas = await database.client.fetch(
            "SELECT quote_ident(n.nspname) AS name FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
            "WHERE e.extname = 'pg_stat_statements'"
        )
        if not schemas:
            raise CharmodelsError(f"The extension pg_stat_statements is not installed in this database. {INSTALL}")
        # The server quoted the name.
        text = statement("top_statements").format(schema=schemas[0]["name"])
        try:
            rows = await database.client.fetch(text, [sort.value, limit])
        except DatabaseError as error:
            if error.sqlstate == _NOT_LOADED:
                raise CharmodelsError(f"The server has not loaded pg_stat_statements. {INSTALL}") from error
            if error.sqlstate == _NO_SUCH_COLUMN:
                raise CharmodelsError(
                    "The extension pg_stat_statements is too old: run ALTER EXTENSION pg_stat_statements UPDATE in "
                    "this database."
                ) from error
            raise
    return [Statement(**{**row, "statement": _shown(row["statement"]), "share": row["share"] or 0.0}) for row in rows]


def _shown(text: str) -> str:
    """Without values: the server leaves them in what it does not plan, as SET and ALTER ROLE."""
    return text if text == HIDDEN else describe(text).shape


def _short(text: str) -> str:
    """Without a long list of columns, and cut: --json has the whole."""
    text = _COLUMNS.sub("SELECT ... FROM", text, count=1)
    return text if len(text) <= 160 else f"{text[:160]} ..."


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.2f}"
