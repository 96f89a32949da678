"""The audit trail, as a recipe: who did what, what it was before, and that nobody can make it undone.

Run it with `python -m examples.audit`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/audit.py` runs as well

import charmodels as cm
from examples.databases import execute, own_database


def say(what: str, result: object) -> None:
    print(f"  {what:<34} {result}")


async def a_request(ada: cm.User, knight: cm.Character) -> None:
    """A request says once who acts, and whatever it does is known by that name."""
    with cm.request_context(actor="moderator", request_id="request 7"):
        await knight.publish()
        await knight.unpublish()
    async for entry in cm.AuditEntry.objects.for_object(knight).oldest():
        say(f"{entry.action} by {entry.actor}", f"{entry.request_id}, is_public {(entry.after or {})['is_public']}")


async def a_transaction(ada: cm.User, knight: cm.Character) -> None:
    """A transaction may say so itself; rolled back, it leaves no trace."""
    async with cm.transaction(actor="billing"):
        await ada.subscribe("PRO")
        await ada.set_daily_quota(750)
        await cm.User.objects.grant_quota(ada.id, 20, reason="sorry for the delay")
    try:
        async with cm.transaction(actor="clumsy"):
            await ada.delete()
            raise RuntimeError("rather not")
    except RuntimeError as error:
        say("deleted, then", error)
    say("of billing", [entry.action for entry in await cm.AuditEntry.objects.by_actor("billing").oldest()])
    say("of clumsy", len(await cm.AuditEntry.objects.by_actor("clumsy")))


async def an_admin(ada: cm.User, knight: cm.Character) -> None:
    """Whoever goes around the library is caught as well; addresses are masked."""
    settings = cm.database.current().settings
    await execute(settings, "UPDATE users SET email = 'ada@elsewhere.example'")
    entry = await cm.AuditEntry.objects.for_object(ada).newest().first()
    assert entry is not None
    say("actor, and whether a role is known", f"{entry.actor}, {entry.role is not None}")
    say("the address before and after", f"{entry.before}, {entry.after}")


async def a_cascade(ada: cm.User, knight: cm.Character) -> None:
    """What goes with a user is written down one by one, and outlives them."""
    with cm.request_context(actor="ada"):
        await ada.delete()
    gone = await cm.AuditEntry.objects.owned_by(ada.id).filter(action=cm.AuditAction.DELETE)
    for entry in sorted(gone, key=lambda entry: entry.table_name):
        say(
            f"deleted from {entry.table_name}",
            (entry.before or {}).get("prompt") or (entry.before or {}).get("amount", ""),
        )


async def tampering(ada: cm.User, knight: cm.Character) -> None:
    """Nobody changes what is written, or deletes it."""
    for statement in ("UPDATE audit_entries SET actor = 'eve'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"):
        try:
            await cm.database.current().client.fetch(statement)
        except cm.ConstraintViolation as error:
            say(statement.partition(" SET")[0], error)


async def retention(ada: cm.User, knight: cm.Character) -> None:
    """What is old goes, and leaves an entry about that."""
    say("older than a year", await cm.AuditEntry.objects.prune(timedelta(days=365)))
    await asyncio.sleep(0.01)
    with cm.request_context(actor="retention"):
        say("older than a moment", await cm.AuditEntry.objects.prune(timedelta(milliseconds=1)))
    async for entry in cm.AuditEntry.objects.all():
        say(f"{entry.action} by {entry.actor}", f"{(entry.after or {})['entries']} entries")


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            knight = await cm.Character.objects.create_for(ada.id, cm.CharacterCreate(prompt="A brave knight"))
            for chapter in (a_request, a_transaction, an_admin, a_cascade, tampering, retention):
                print(f"\n{chapter.__doc__}")
                await chapter(ada, knight)


if __name__ == "__main__":
    asyncio.run(main())
