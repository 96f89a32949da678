"""The command's frame: its help, its version, and how it ends."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from charmodels.cli import (
    audit,
    backups,
    console,
    data,
    examine,
    export,
    health,
    migrate,
    queue,
    roles,
    setup,
    shell,
    stats,
    studio,
    tags,
    top,
    upkeep,
    users,
)
from charmodels.errors import CharmodelsError
from charmodels.version import __version__

ORDER = (
    "setup",
    "upgrade",
    "downgrade",
    "migrations",
    "seed",
    "import",
    "export",
    "check",
    "health",
    "doctor",
    "expire-holds",
    "stats",
    "users",
    "tags",
    "queue",
    "audit",
    "top",
    "roles",
    "backup",
    "restore",
    "reset",
    "shell",
    "studio",
    "postgres",
)
"""The commands as the help lists them: in the order in which one needs them."""


class _InOrder(TyperGroup):
    """Lists groups of commands among the commands, where Typer would put them last."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = typer.Typer(
    name="charmodels",
    cls=_InOrder,
    help="Migrate, fill and check the database of an AI character-creation platform.\n\n"
    "The database is what DATABASE_URL says, in the environment or in .env.\n\n"
    "\b\nExample:\n  export DATABASE_URL=postgresql://app@localhost/charmodels\n  charmodels setup",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(setup.setup)
app.command()(migrate.upgrade)
app.command()(migrate.downgrade)
app.command()(migrate.migrations)
app.command()(data.seed)
app.command("import")(data.import_file)
app.command()(export.export)
app.command()(upkeep.check)
app.command()(health.health)
app.command()(examine.doctor)
app.command()(upkeep.expire_holds)
app.command()(stats.stats)
app.add_typer(users.app)
app.add_typer(tags.app)
app.add_typer(queue.app)
app.add_typer(audit.app)
app.command()(top.top)
app.command()(roles.roles)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(setup.reset)
app.command()(shell.shell)
app.command()(studio.studio)
app.command()(data.postgres)


def _show_version(asked: bool) -> None:
    if asked:
        console.out.print(f"charmodels {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def run() -> int:
    """Run the command that the arguments name.

    Returns:
        The exit code.
    """
    try:
        app(prog_name="charmodels")
    except CharmodelsError as error:
        console.fail(str(error))
        return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0
