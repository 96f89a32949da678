"""`charmodels health`."""

from __future__ import annotations

import typer

from charmodels.cli import console
from charmodels.health import check_health
from charmodels.health_report import HealthReport
from charmodels.migrations import MigrationStatus
from charmodels.settings import Settings


def health(json: console.Json = False) -> None:
    """Look whether the database is fit for the app to work with.

    Connects, asks the server how it is, and compares the migrations. Takes
    twice HEALTH_TIMEOUT at most, writes nothing, and exits with 1 unless the
    database is ready. It cannot see the pools of the apps that run: their
    own pages /readyz and /metrics tell of those.

    \b
    Examples:
      charmodels health
      charmodels health --json | jq .problems
    """
    settings = Settings.resolve()
    settings.connect_arguments()  # what is wrong with the settings is an error, and no report
    report = console.finish(check_health(settings))
    if json:
        console.print_json(report.as_dict())
    else:
        console.out.print(console.table("What", "Found", rows=_rows(report)))
        if report.problems:
            console.out.print()
        for problem in report.problems:
            console.say(problem)
    if not report.ready:
        raise typer.Exit(1)


def _rows(report: HealthReport) -> list[tuple[str, str]]:
    rows = [("status", report.status.value), ("ready", "yes" if report.ready else "no")]
    if report.server_version is not None:
        rows.append(("server", f"PostgreSQL {report.server_version}"))
    if report.latency is not None:
        rows.append(("latency", f"{report.latency * 1000:.1f} ms"))
    if report.is_read_only is not None:
        rows.append(("takes writes", "no" if report.is_read_only else "yes"))
    if report.migrations is not None:
        rows.append(("migrations", _counted(report.migrations)))
    return rows


def _counted(found: MigrationStatus) -> str:
    counts = {"applied": found.applied, "pending": found.pending, "unknown": found.unknown}
    shown = [f"{len(names)} {state}" for state, names in counts.items() if names]
    return ", ".join(shown) or "none applied"
