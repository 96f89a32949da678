"""`charmodels seed` and `charmodels import`."""

from __future__ import annotations

import json as json_library
import os
import signal
import stat
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from charmodels import embedded, importing, population, seeds
from charmodels.cli import console
from charmodels.database import connect
from charmodels.errors import CharmodelsError, NotFound

PRINTED_BAD_LINES = 20


def seed(
    characters: Annotated[
        int | None, typer.Option(min=1, help="Make this many realistic characters instead of the sample data.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--seed", help="With --characters: the same number makes the same rows.")
    ] = None,
    json: console.Json = False,
) -> None:
    """Write sample data to try things with.

    Ten templates and some users and characters; what is there already is
    kept, so it can be run again. With --characters it makes realistic ones by
    the thousand. Refuses in production.

    \b
    Examples:
      charmodels seed
      charmodels seed --characters 100000 --seed 7
    """
    if characters is not None:
        _populate(characters, number, json)
        return
    if number is not None:
        raise typer.BadParameter("goes with --characters", param_hint="--seed")
    report = asdict(console.finish(_seed()))
    if json:
        console.print_json(report)
        return
    rows = [(kind, str(count["created"]), str(count["kept"])) for kind, count in report.items()]
    console.out.print(console.table("Sample data", "Created", "Kept", rows=rows))


async def _seed() -> seeds.SeedReport:
    async with connect():
        return await seeds.seed()


def _populate(characters: int, number: int | None, json: bool) -> None:
    async def work() -> population.PopulateReport:
        async with connect():
            with console.progress("Making characters", characters) as progress:
                return await population.populate(characters, seed=number, progress=progress)

    report = console.finish(work())
    if json:
        console.print_json({**asdict(report), "rate": report.rate})
    else:
        console.say(
            f"Made {report.characters:,} characters of {report.users:,} users "
            f"in {report.seconds:.1f} s ({report.rate:,.0f} a second)."
        )


def import_file(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE.jsonl", help="- reads stdin."),
    ],
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="The user who is to own the characters.")],
    publish: Annotated[bool, typer.Option("--publish", help="Show them in the gallery at once.")] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Load the good lines in spite of bad ones.")] = False,
    json: console.Json = False,
) -> None:
    """Import characters from JSON lines, all or none.

    Each line has "name", "prompt" and "style", and may have "tags",
    "image_url", "thumbnail_url" and "metadata". Bad lines are named by number
    and reason. Exits with 1 if bad lines kept everything from being loaded;
    with 0 if --keep-going loaded the others.

    \b
    Examples:
      charmodels import characters.jsonl --owner ada@example.com
      zcat huge.jsonl.gz | charmodels import - --owner ada@example.com --publish
    """
    sink = _BadLines() if json else None
    # Left open: closing it would wait for a thread that still reads from it when the command is interrupted.
    lines = _open(file)
    report = console.finish(_import(lines, owner, publish, keep_going, sink))
    if sink is not None:
        sink.end(report)
    else:
        _print_import(report)
    if report.bad and not report.imported:
        raise typer.Exit(1)


def postgres(
    folder: Annotated[
        Path | None, typer.Argument(help="Keep the data here for the next time; without it, it goes at the end.")
    ] = None,
) -> None:
    """Run a PostgreSQL for development until interrupted.

    Prints its URL. It trusts every local user: never for data that matters.

    \b
    Examples:
      charmodels postgres
      charmodels postgres /tmp/charmodels-data
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the server would outlive the command
    try:
        with embedded.postgres(folder) as url:
            console.say(f"DATABASE_URL={url}")
            sys.stdout.flush()
            console.err.print("Running; stop it with Ctrl-C.")
            threading.Event().wait()
    except KeyboardInterrupt:
        console.err.print("Stopped.")


def _open(file: str) -> BinaryIO:
    try:
        # Not sys.stdin itself, which the interpreter closes when it ends.
        return os.fdopen(sys.stdin.fileno(), "rb", closefd=False) if file == "-" else Path(file).open("rb")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise typer.BadParameter(reason, param_hint="FILE.jsonl") from error


async def _import(
    lines: BinaryIO, owner: str, publish: bool, keep_going: bool, sink: _BadLines | None
) -> importing.ImportReport:
    async with connect():
        size = os.fstat(lines.fileno())
        total = size.st_size if stat.S_ISREG(size.st_mode) else None
        with console.progress("Importing", total) as show:
            progress = show if total is None or show is None else lambda _: show(lines.tell())
            try:
                return await importing.import_characters(
                    lines,
                    owner=owner,
                    publish=publish,
                    keep_going=keep_going,
                    progress=progress,
                    on_bad_line=sink,
                )
            except NotFound as error:
                raise CharmodelsError("No user has the email address that --owner gives.") from error


class _BadLines:
    """Prints the bad lines of a report as JSON while they are found, so that their number does not matter."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, line: importing.BadLine) -> None:
        sys.stdout.write('{"bad_lines": [\n  ' if not self.count else ",\n  ")
        sys.stdout.write(json_library.dumps(asdict(line)))
        self.count += 1

    def end(self, report: importing.ImportReport) -> None:
        sys.stdout.write("\n], " if self.count else '{"bad_lines": [], ')
        counts = {name: getattr(report, name) for name in ("read", "imported", "bad", "seconds", "rate")}
        sys.stdout.write(json_library.dumps(counts).removeprefix("{") + "\n")


def _print_import(report: importing.ImportReport) -> None:
    shown = report.bad_lines[:PRINTED_BAD_LINES]
    if shown:
        rows = [(str(line.number), f"{line.field or 'the line'} {line.reason}") for line in shown]
        console.err.print(console.table("Bad line", "Reason", rows=rows))
    if report.bad > len(shown):
        console.err.print(f"... and {report.bad - len(shown):,} more; --json prints them all.")
    if report.bad and not report.imported:
        console.fail(f"Nothing was imported: {report.bad:,} of {report.read:,} lines are bad.")
        return
    skipped = f", {report.bad:,} bad lines left out" if report.bad else ""
    console.say(
        f"Imported {report.imported:,} characters{skipped}, in {report.seconds:.1f} s "
        f"({report.rate:,.0f} lines a second)."
    )
