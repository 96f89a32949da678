"""`charmodels roles`."""

from __future__ import annotations

from dataclasses import asdict, astuple
from typing import Annotated

import typer

from charmodels import roles as library
from charmodels.cli import console

_RIGHTS = {
    "owner": "owns tables and functions; migrations run as it",
    "app": "reads and writes rows; no DDL, no writing to the audit trail",
    "read": "reads",
}


def roles(
    apply: Annotated[bool, typer.Option("--apply", help="Make the roles and give them their rights.")] = False,
    prefix: Annotated[str, typer.Option(metavar="PREFIX", help="How the names of the roles begin.")] = library.PREFIX,
    owner: Annotated[str | None, typer.Option(metavar="ROLE", help="The role that owns the tables.")] = None,
    app: Annotated[str | None, typer.Option(metavar="ROLE", help="The role for apps and workers.")] = None,
    read: Annotated[str | None, typer.Option(metavar="ROLE", help="The role for who only reads.")] = None,
    json: console.Json = False,
) -> None:
    """Print or apply roles of least privilege.

    Three groups that nobody logs in as: one owns the tables and migrates, one
    is for apps, one only reads. Without --apply it prints the SQL that makes
    them and gives them their rights, and changes nothing. Run it again after
    an upgrade: a new table is nobody's but the owner's. Several at once are
    fine. Then make members of those who log in:
    GRANT "charmodels_app" TO web.

    \b
    Examples:
      charmodels roles > roles.sql
      charmodels roles --apply
      charmodels roles --prefix shop --read analysts --apply
    """
    usual = library.Roles.named(prefix)
    names = library.Roles(owner or usual.owner, app or usual.app, read or usual.read)
    found = console.finish(library.apply(roles=names) if apply else library.plan(roles=names))
    if json:
        console.print_json(
            {
                "roles": asdict(found.roles),
                "database": found.database,
                "schema": found.schema,
                "created": list(found.created),
                "applied": apply,
                "statements": list(found.statements),
            }
        )
    elif apply:
        states = ["created" if name in found.created else "there already" for name in astuple(names)]
        rows = zip(astuple(names), states, _RIGHTS.values(), strict=True)
        console.out.print(console.table("Role", "State", "Rights", rows=rows))
    else:
        console.say("BEGIN;\n" + ";\n".join(found.statements) + ";\nCOMMIT;")
