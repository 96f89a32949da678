"""The command's frame: its help, its version, and how it ends."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from charmodels.cli import console, data, migrate, queue, stats, studio, tags, top, upkeep, users
from charmodels.errors import CharmodelsError
from charmodels.version import __version__

_AFTER = {"stats": "expire-holds", "users": "stats", "tags": "users", "queue": "tags"}
"""Groups of commands stand among the commands in the help: each behind which one. Typer would put them last."""


class _InOrder(TyperGroup):
    """Lists commands in the order in which one needs them."""

    def list_commands(self, ctx: Any) -> list[str]:
        names = list(super().list_commands(ctx))
        for name, before in _AFTER.items():
            names.remove(name)
            names.insert(names.index(before) + 1, name)
        return names


app = typer.Typer(
    name="charmodels",
    cls=_InOrder,
    help="Migrate, fill and check the database of an AI character-creation platform.\n\n"
    "The database is what DATABASE_URL says, in the environment or in .env.\n\n"
    "\b\nExample:\n  export DATABASE_URL=postgresql://app@localhost/charmodels\n  charmodels upgrade",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(migrate.upgrade)
app.command()(migrate.downgrade)
app.command()(migrate.migrations)
app.command()(data.seed)
app.command("import")(data.import_file)
app.command()(upkeep.check)
app.command()(upkeep.expire_holds)
app.command()(stats.stats)
app.add_typer(users.app)
app.add_typer(tags.app)
app.add_typer(queue.app)
app.command()(top.top)
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
