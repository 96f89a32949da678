"""`charmodels studio`."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from charmodels import studio as site
from charmodels.cli import console
from charmodels.errors import CharmodelsError
from charmodels.settings import Settings
from charmodels.studio.access import PREFIX, USERNAME, Access, is_loopback

PORT = 8070


def studio(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 takes any that is free.")] = PORT,
    write: Annotated[bool, typer.Option("--write", help="Let rows be changed. Without it, nothing can be.")] = False,
    actor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who changes are made by, for the audit trail.")
    ] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Allow an address that other machines can reach, without TLS.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing in production.")] = False,
) -> None:
    """Open an admin site over the models until interrupted.

    Prints its address and a password, which works once. The site only
    reads, and so do its sessions in the database, unless --write is given.
    Needs Python 3.12 or newer and the extra: pip install 'charmodels[studio]'.

    \b
    Examples:
      charmodels studio
      charmodels studio --port 9000 --write
    """
    site.require()
    if not remote and not is_loopback(host):
        raise typer.BadParameter("is not loopback; --remote allows it", param_hint="--host")
    settings = Settings()
    if write and settings.is_production and not (yes or console.confirm("Let rows of production be changed?")):
        raise CharmodelsError("Nothing was opened: writing in production was not confirmed.")
    _run(settings, Access(actor=actor or _actor(), write=write, host=host, announce=_announce), port)


def _run(settings: Settings, access: Access, port: int) -> None:
    from charmodels.studio import server

    with server.listen(access.host, port) as listening:
        bound = listening.getsockname()[1]
        console.finish(server.serve(settings, access, listening, lambda: _welcome(access, bound)))
    console.err.print("Stopped.")


def _welcome(access: Access, port: int) -> None:
    name = f"[{access.host}]" if ":" in access.host else access.host
    console.say(f"Studio: http://{name}:{port}{PREFIX}/")
    console.say(f"Sign in as {USERNAME} with this password, which works once: {access.password}")
    sys.stdout.flush()
    mode = "Rows can be changed" if access.write else "Read-only; --write lets rows be changed"
    console.err.print(f"{mode}. Stop it with Ctrl-C.")
    if not is_loopback(access.host):
        console.err.print("Others can reach this address, and what is sent to it is not encrypted.")


def _announce(password: str) -> None:
    console.say(f"Somebody signed in. The next sign-in needs this password: {password}")
    sys.stdout.flush()


def _actor() -> str:
    try:
        return f"{USERNAME}:{getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # a container may know no name for its user
        return USERNAME
