"""What the commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end.

    Arguments:
        work: what the command does.

    Returns:
        Its result.
    """
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        fail("Interrupted; what was not finished was undone.")
        raise typer.Exit(130) from None


def fail(sentence: str) -> None:
    """Say on stderr what went wrong.

    Arguments:
        sentence: without secrets.
    """
    err.print("Error:", style="bold red", end=" ")
    err.print(sentence, markup=False, soft_wrap=True)


def confirm(question: str) -> bool:
    """Ask on stderr.

    Arguments:
        question: to be answered with y or n.

    Returns:
        Whether the answer was yes; no answer is no.
    """
    err.print(question, "[y/N]", markup=False, soft_wrap=True, end=" ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say(sentence: str) -> None:
    """Print a result that is a sentence.

    Arguments:
        sentence: without secrets.
    """
    out.print(sentence, markup=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """Print a result for a program to read.

    Arguments:
        document: of dicts, lists, strings and numbers; also of times, which become ISO 8601, lengths of time, which
            become seconds, and identifiers.
    """
    sys.stdout.write(json.dumps(document, indent=2, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def table(*columns: str, rows: Iterable[tuple[str, ...]]) -> Table:
    """Make a table.

    Arguments:
        columns: their headings.
        rows: of as many cells each, taken as they are, without markup.

    Returns:
        It, to be printed on `out` or `err`.
    """
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def fields(rows: Iterable[tuple[str, str]]) -> Table:
    """Make a table of names and values, without headings.

    Arguments:
        rows: a name and a value each, taken as they are, without markup.

    Returns:
        It, to be printed on `out` or `err`.
    """
    made = table("", "", rows=rows)
    made.show_header = False
    return made


def count(number: int, what: str, many: str | None = None) -> str:
    """Say how many there are of something.

    Arguments:
        number: how many.
        what: one of them.
        many: several of them, if that is not `what` and an s.

    Returns:
        The words.

    Example:
        >>> count(1, "hold"), count(2_000, "entry", "entries")
        ('1 hold', '2,000 entries')
    """
    return f"{number:,} {what if number == 1 else many or what + 's'}"


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar on stderr, if that is a terminal.

    Arguments:
        what: is being done.
        total: how much there is to do, if that is known.

    Yields:
        A function to call with how much is done; None if there is nobody to see it.
    """
    if not err.is_terminal:
        yield None
        return
    known = (TaskProgressColumn(), TimeRemainingColumn())
    columns = known if total is not None else (TextColumn("{task.completed:,}"),)
    with Progress(TextColumn("{task.description}"), BarColumn(), *columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on stderr, if that is a terminal, that something takes time.

    Arguments:
        what: is being done.
    """
    if not err.is_terminal:
        yield
        return
    with err.status(Text(what)):
        yield
