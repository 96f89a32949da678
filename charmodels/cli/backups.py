"""`charmodels backup` and `charmodels restore`."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from charmodels import backups
from charmodels.cli import console

File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


def backup(
    file: File,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it is there.")] = False,
    json: console.Json = False,
) -> None:
    """Write the schema with all its rows to a file.

    By pg_dump, as it is at one moment, while the app goes on. Rows are
    counted at the same moment, and the counts stand in the file. The file is
    there when it is whole; only its owner may read it.

    \b
    Examples:
      charmodels backup monday.backup
      charmodels backup --force /var/backups/charmodels.backup
    """
    started = time.monotonic()
    with console.progress("Backing up, bytes") as progress:
        manifest = console.finish(backups.backup(file, force=force, progress=progress))
    if json:
        console.print_json({**asdict(manifest), "seconds": round(time.monotonic() - started, 3)})
        return
    console.say(
        f"Wrote {file}: {manifest.total:,} rows of {len(manifest.rows)} tables, {manifest.size:,} bytes, "
        f"in {time.monotonic() - started:.1f} s."
    )


def restore(
    file: File,
    force: Annotated[bool, typer.Option("--force", help="Drop what is in the schema now.")] = False,
    json: console.Json = False,
) -> None:
    """Read a backup into the database, counted.

    In one transaction: when it fails, what was there is still there. Refuses
    a schema that is not empty, unless --force says that it may go. Stop the
    app meanwhile: what it writes while the restore runs is lost.

    \b
    Examples:
      charmodels restore monday.backup
      charmodels restore --force monday.backup && charmodels check
    """
    started = time.monotonic()
    manifest = backups.read_manifest(file, verify=False)
    with console.progress("Restoring", manifest.total) as show:
        # pg_restore's other lines are counted as rows too.
        progress = None if show is None else lambda lines: show(min(lines, manifest.total))
        report = console.finish(backups.restore(file, force=force, progress=progress))
    if json:
        found = {
            "rows": report.manifest.rows,
            "dropped": report.dropped,
            "missing_roles": report.missing_roles,
            "pending": report.pending,
            "seconds": round(time.monotonic() - started, 3),
        }
        console.print_json(found)
        return
    rows = [(table, f"{count:,}") for table, count in report.manifest.rows.items()]
    console.out.print(console.table("Table", "Rows", rows=rows))
    console.say(
        f"Restored {report.manifest.total:,} rows, as many as were backed up at {report.manifest.made_at}, "
        f"in {time.monotonic() - started:.1f} s."
    )
    if report.missing_roles:
        console.say(f"No privileges were restored: the server has no role {', '.join(report.missing_roles)}.")
    if report.pending:
        console.say(f"The backup is older than the code by {len(report.pending)} migrations; run `charmodels upgrade`.")
