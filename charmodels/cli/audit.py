"""`charmodels audit list` and `charmodels audit prune`."""

from __future__ import annotations

import json as json_library
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from charmodels import clock, limits, migrations
from charmodels.cli import console
from charmodels.cli.spans import SPANS, moment, span
from charmodels.context import request_context
from charmodels.database import connect
from charmodels.enums import AuditAction
from charmodels.errors import ConfigurationError
from charmodels.models.audit import AuditEntry
from charmodels.pages import Page
from charmodels.querysets.audit import AuditQuerySet
from charmodels.settings import Settings

CHANGE_LENGTH = 200
"""Characters of what changed that a table shows; --json shows all."""

app = typer.Typer(
    name="audit",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read the audit trail, and delete what is old.\n\n"
    "\b\nExamples:\n"
    "  charmodels audit list --actor ada --since 7d\n"
    "  charmodels audit prune --older-than 365d",
)


@app.command("list")
def list_entries(
    about: Annotated[UUID | None, typer.Option("--object", metavar="ID", help="Of one row, by its key.")] = None,
    user: Annotated[UUID | None, typer.Option(metavar="ID", help="Of a user, and of all that is theirs.")] = None,
    table: Annotated[str | None, typer.Option(metavar="TABLE", help="Of one table, as characters.")] = None,
    actor: Annotated[str | None, typer.Option(metavar="NAME", help="By one actor: a user's id, or a name.")] = None,
    action: Annotated[
        AuditAction | None,
        typer.Option(metavar="ACTION", case_sensitive=False, help="Of one kind, as publish, tier or delete."),
    ] = None,
    request: Annotated[str | None, typer.Option(metavar="ID", help="Of one request.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="WHEN", help=f"Since when: how long ago, {SPANS}, or when."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(parser=moment, metavar="WHEN", help="Before when.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=limits.PAGE_SIZE, help="How many.")] = 20,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Go on behind a page: what --json gave as next_cursor.")
    ] = None,
    json: console.Json = False,
) -> None:
    """Show who changed what, the newest first.

    In brackets: as which role of the database somebody had logged in who did
    not say who they are. Addresses and prompts are masked, unless AUDIT_MASK
    said otherwise when it happened.

    \b
    Examples:
      charmodels audit list --action publish --since 7d
      charmodels audit list --user 01a20f2b-57be-764c-a593-03b3ab23da38
      charmodels audit list --table users --until 2026-03-02 --json
    """
    entries = AuditEntry.objects.between(since, until)
    values = {"object_id": about, "user_id": user, "table_name": table, "action": action, "request_id": request}
    entries = entries.filter(**{field: value for field, value in values.items() if value is not None})
    page = console.finish(_page(entries if actor is None else entries.by_actor(actor), limit, after))
    if json:
        console.print_json({"entries": [_document(entry) for entry in page], "next_cursor": page.next_cursor})
        return
    rows = [
        (f"{entry.created_at:%Y-%m-%d %H:%M:%S}", entry.action, f"{entry.table_name} {entry.object_id or ''}".rstrip(),
         entry.actor or f"({entry.role})", _change(entry))
        for entry in page
    ]  # fmt: skip
    console.out.print(console.table("Time (UTC)", "Action", "Of", "By", "Change", rows=rows))
    if page.has_more:
        console.err.print(f"There are more: --limit shows up to {limits.PAGE_SIZE}, --after goes on.", soft_wrap=True)


@app.command()
def prune(
    older_than: Annotated[timedelta, typer.Option(parser=span, metavar="AGE", help=f"How old they are: {SPANS}.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Production insists on it.")] = False,
    json: console.Json = False,
) -> None:
    """Delete old entries of the audit trail.

    It is the one way by which entries go, and leaves an entry about it. It
    works in batches and holds nobody up; interrupted, it takes up where it was
    the next time. Needs the rights of whoever owns the tables.

    \b
    Examples:
      charmodels audit prune --older-than 90d
      charmodels audit prune --older-than 52w --yes
    """
    settings = Settings.resolve()
    if not yes:
        _confirm(settings, older_than)
    count = console.finish(_prune(settings, older_than))
    if json:
        console.print_json({"pruned": count})
    else:
        console.say(f"Deleted {count:,} {'entry' if count == 1 else 'entries'}.")


async def _page(entries: AuditQuerySet, limit: int, after: str | None) -> Page[AuditEntry]:
    async with connect():
        await migrations.require_current()
        return await entries.page(size=limit, after=after)


def _confirm(settings: Settings, older_than: timedelta) -> None:
    if settings.is_production:
        raise ConfigurationError(
            variable="APP_ENV", reason="is production; what is deleted there is gone, so confirm it with --yes"
        )
    until = clock.utc_now() - older_than

    async def count() -> int:
        async with connect(settings):
            await migrations.require_current()
            return await AuditEntry.objects.between(until=until).count()

    if not console.confirm(f"This deletes {console.finish(count()):,} entries made before {until:%Y-%m-%d}. Go on?"):
        console.fail("Nothing was deleted.")
        raise typer.Exit(1)


async def _prune(settings: Settings, older_than: timedelta) -> int:
    async with connect(settings):
        await migrations.require_current()
        with request_context(actor="charmodels audit prune"), console.progress("Deleting entries") as progress:
            return await AuditEntry.objects.prune(older_than, progress=progress)


def _document(entry: AuditEntry) -> dict[str, Any]:
    """What JSON can hold."""
    return {
        "id": str(entry.id),
        "created_at": entry.created_at.isoformat(),
        "action": entry.action,
        "table_name": entry.table_name,
        "object_id": entry.object_id and str(entry.object_id),
        "user_id": entry.user_id and str(entry.user_id),
        "actor": entry.actor,
        "request_id": entry.request_id,
        "role": entry.role,
        "before": entry.before,
        "after": entry.after,
    }


def _change(entry: AuditEntry) -> str:
    before, after = entry.before or {}, entry.after or {}
    both = before.keys() & after.keys()
    parts = [
        f"{field}: {_value(before[field])} to {_value(after[field])}" if field in both
        else f"{field}: {_value((before | after)[field])}"
        for field in before | after
    ]  # fmt: skip
    text = "; ".join(parts)
    return text if len(text) <= CHANGE_LENGTH else f"{text[:CHANGE_LENGTH]} ..."


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json_library.dumps(value, ensure_ascii=False)
