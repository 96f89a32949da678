"""`charmodels doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.padding import Padding
from rich.text import Text

from charmodels.cli import console
from charmodels.doctor import Diagnosis, diagnose
from charmodels.findings import Severity


def doctor(json: console.Json = False) -> None:
    """Look for what is wrong, or could be better.

    Settings, without their secrets; versions; extensions; indexes that are
    missing, invalid or unused; dead rows; long transactions; how the server
    is set; and what waits to be tidied up. Each finding comes with advice.
    Only reads. Exits with 1 if something is wrong, not for advice.

    \b
    Examples:
      charmodels doctor
      charmodels doctor --json > diagnosis.json
    """
    found = console.finish(diagnose())
    if json:
        console.print_json({"ok": found.is_well, **asdict(found)})
    else:
        _print(found)
    if not found.is_well:
        raise typer.Exit(1)


def _print(found: Diagnosis) -> None:
    rows = [
        ("Database", found.where),
        *((name.upper(), str(found.settings[name])) for name in found.changed),
        *found.versions.items(),
        ("extensions", ", ".join(f"{name} {version}" for name, version in found.extensions.items()) or "-"),
    ]
    console.out.print(console.fields(rows))
    for each in found.findings:
        is_problem = each.severity is Severity.PROBLEM
        heading = Text(f"{each.severity.capitalize()}: ", style="bold red" if is_problem else "bold yellow")
        console.out.print()
        console.out.print(heading.append(Text(f"{each.sentence} ({each.code})", style="default not bold")))
        console.out.print(Padding(Text(each.advice), (0, 0, 0, 2)))
    if not found.findings:
        console.out.print()
        console.say("Nothing is wrong.")
