"""`charmodels upgrade`, `downgrade` and `migrations`."""

from __future__ import annotations

from typing import Annotated

import typer

from charmodels import migrations as library
from charmodels.cli import console
from charmodels.errors import ConfigurationError, NotFound
from charmodels.settings import Settings


def upgrade() -> None:
    """Apply every migration that is pending.

    Of two processes at once, one works and the other waits, so it is safe to
    run wherever the app starts.

    \b
    Example:
      charmodels upgrade
    """
    applied = console.finish(library.upgrade())
    for name in applied:
        console.say(f"Applied {name}")
    if not applied:
        console.say("Nothing to apply: the database is up to date.")


def downgrade(
    version: Annotated[
        int,
        typer.Option(min=-1, help="Number of the oldest migration to undo, with all after it; -1: the last alone."),
    ] = -1,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Production insists on it.")] = False,
) -> None:
    """Undo migrations, and lose what they hold.

    \b
    Examples:
      charmodels downgrade                   the last migration
      charmodels downgrade --version 0       all of them
    """
    settings = Settings.resolve()
    undone = _to_undo(console.finish(library.status(settings)), version)
    if not yes:
        _confirm(settings, undone)
    for name in console.finish(library.downgrade(settings, version=version)):
        console.say(f"Undid {name}")


def _to_undo(status: library.MigrationStatus, version: int) -> list[str]:
    """List the migrations that a downgrade undoes, newest first."""
    newest_first = list(reversed(status.applied))
    numbers = [int(name.partition("_")[0]) for name in newest_first]
    if not newest_first or (version >= 0 and version not in numbers):
        raise NotFound(model="applied migration")
    return newest_first[:1] if version < 0 else newest_first[: numbers.index(version) + 1]


def _confirm(settings: Settings, undone: list[str]) -> None:
    if settings.is_production:
        raise ConfigurationError(
            variable="APP_ENV", reason="is production; a downgrade loses data there, so confirm it with --yes"
        )
    if not console.confirm(f"This undoes {', '.join(undone)} and loses what it holds. Go on?"):
        console.fail("Nothing was undone.")
        raise typer.Exit(1)


def migrations(
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if something is pending or unknown.")] = False,
    json: console.Json = False,
) -> None:
    """List the migrations and their states.

    Applied, pending, or unknown: applied by a newer version of the package.

    \b
    Examples:
      charmodels migrations
      charmodels migrations --check && start-the-app
    """
    status = console.finish(library.status())
    groups = {"applied": status.applied, "pending": status.pending, "unknown": status.unknown}
    if json:
        console.print_json(groups)
    else:
        states = {name: state for state, names in groups.items() for name in names}
        console.out.print(console.table("Migration", "State", rows=states.items()))
    if check and not status.is_current:
        raise typer.Exit(1)
