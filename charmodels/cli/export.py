"""`charmodels export`."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import Annotated, BinaryIO

import typer

from charmodels import exporting
from charmodels.cli import console
from charmodels.cli.opening import opened
from charmodels.enums import StyleType
from charmodels.errors import CharmodelsError, NotFound
from charmodels.models import Character, User
from charmodels.querysets.characters import CharacterQuerySet


def export(
    file: Annotated[
        str, typer.Argument(metavar="FILE.jsonl", help="- writes to stdout; a name with .gz at its end, compressed.")
    ],
    owner: Annotated[str | None, typer.Option(metavar="EMAIL", help="Only this user's characters.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Only what the gallery shows.")] = False,
    style: Annotated[
        list[StyleType] | None,
        typer.Option(metavar="STYLE", case_sensitive=False, help="Only this style, as ANIME; may be repeated."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    json: console.Json = False,
) -> None:
    """Export characters to JSON lines.

    As `charmodels import` reads them: name, prompt, style, tags, addresses of
    pictures, metadata. Not whose they are, nor whether they are public. Oldest
    first. The file is there when it is complete.

    \b
    Examples:
      charmodels export characters.jsonl.gz
      charmodels export - --owner ada@example.com --style ANIME | wc -l
    """
    if file == "-" and json:
        raise typer.BadParameter("does not go with -, which is the characters' own place", param_hint="--json")
    # Not sys.stdout itself, which the interpreter flushes when it ends, also into a pipe that nobody reads.
    target = os.fdopen(sys.stdout.fileno(), "wb", closefd=False) if file == "-" else file
    try:
        report = console.finish(_export(target, owner, public, style or [], force))
    except CharmodelsError:
        raise
    except BrokenPipeError:
        raise typer.Exit(1) from None  # the reader had enough
    except OSError as error:
        raise CharmodelsError(f"The file cannot be written: {error.strerror}.") from error
    if json:
        console.print_json({**asdict(report), "rate": report.rate})
        return
    said = f"Exported {report.exported:,} characters in {report.seconds:.1f} s ({report.rate:,.0f} a second)."
    if report.unnamed:
        said += f" {report.unnamed:,} have no name, and are called {exporting.UNNAMED} there."
    console.err.print(said, markup=False, soft_wrap=True) if file == "-" else console.say(said)


async def _export(
    target: str | BinaryIO, owner: str | None, public: bool, styles: list[StyleType], force: bool
) -> exporting.ExportReport:
    async with opened():
        query = await _chosen(owner, public, styles)
        total = await query.count() if console.err.is_terminal else None
        with console.progress("Exporting", total) as progress:
            return await exporting.export_characters(target, query, force=force, progress=progress)


async def _chosen(owner: str | None, public: bool, styles: list[StyleType]) -> CharacterQuerySet:
    query: CharacterQuerySet = Character.objects.public() if public else Character.objects.all()
    if owner is not None:
        try:
            query = query.filter(user_id=(await User.objects.get_by_email(owner)).id)
        except NotFound as error:
            raise CharmodelsError("No user has the email address that --owner gives.") from error
    return query.styled(*styles) if styles else query
