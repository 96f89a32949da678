"""Transactions, as a recipe: all or nothing, who acts, and running again after a lost race.

Run it with `python -m examples.transactions`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/transactions.py` runs as well

import charmodels as cm
from examples.databases import own_database


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


async def character(owner: cm.User, name: str) -> cm.Character:
    return await cm.Character.objects.create_for(owner.id, cm.CharacterCreate(name=name, prompt="A knight"))


async def all_or_nothing(database: cm.Database, ada: cm.User) -> None:
    """What a block does is kept as a whole, or not at all."""
    async with cm.transaction():
        await character(ada, "Osric")
        await character(ada, "Rosalind")
    say("after a block that ended well", await cm.Character.objects.count())
    try:
        async with cm.transaction():
            await cm.Character.objects.owned_by(ada.id).delete()
            say("inside a block", await cm.Character.objects.count())
            raise RuntimeError("on second thoughts")
    except RuntimeError as error:
        say(f"after an error, {error}", await cm.Character.objects.count())


async def savepoints(database: cm.Database, ada: cm.User) -> None:
    """A block inside another is a savepoint: it fails alone."""
    async with cm.transaction():
        await character(ada, "Kettle")
        try:
            async with cm.transaction():
                await character(ada, "Teapot")
                await cm.User.create(email="ADA@example.com")  # is taken
        except cm.Conflict as error:
            say("inside", f"{type(error).__name__}: {error.reason}")
        say("the outer one goes on", await cm.Character.objects.filter(name__in=["Kettle", "Teapot"]).count())


async def who_acts(database: cm.Database, ada: cm.User) -> None:
    """The database is told who acts, and in which request."""
    async with cm.transaction(actor=ada.id, request_id="request 7") as transaction:
        [row] = await transaction.execute_query_dict(
            "SELECT current_setting('charmodels.actor') AS actor, current_setting('charmodels.request_id') AS request"
        )
    say("it was Ada", row["actor"] == str(ada.id))
    say("in", row["request"])


async def reading_only(database: cm.Database, ada: cm.User) -> None:
    """A block may promise to read only, and sees one moment."""
    async with cm.transaction(readonly=True, isolation="repeatable_read"):
        before = await cm.Character.objects.count()
        async with database.acquire() as connection:  # which takes no part in the transaction
            await connection.execute("INSERT INTO characters (user_id, prompt) VALUES ($1, 'A knight')", ada.id)
        say("before and after somebody's INSERT", f"{before}, {await cm.Character.objects.count()}")
    say("after the block", await cm.Character.objects.count())
    try:
        async with cm.transaction(readonly=True):
            await character(ada, "Nobody")
    except cm.DatabaseError as error:
        say("writing", f"{type(error).__name__}, SQLSTATE {error.sqlstate}")


async def losing_a_race(database: cm.Database, ada: cm.User) -> None:
    """Of two that read what the other changes, one loses; a function then runs again, a block does not."""
    both_have_read = asyncio.Barrier(2)
    tries = 0

    async def add_one(key: UUID) -> None:
        nonlocal tries
        tries += 1
        knight = await cm.Character.objects.get(id=key)
        if tries <= 2:
            await both_have_read.wait()  # so that they meet for certain
        knight.metadata = {"wins": knight.metadata.get("wins", 0) + 1}
        await knight.save(update_fields=["metadata"])

    async def as_a_block(key: UUID) -> None:
        async with cm.transaction(isolation="repeatable_read"):
            await add_one(key)

    knight = await character(ada, "Twice")
    ends = await asyncio.gather(as_a_block(knight.id), as_a_block(knight.id), return_exceptions=True)
    lost = [type(error).__name__ for error in ends if error is not None]
    await knight.refresh_from_db()
    say("two blocks", f"{', '.join(lost)}; wins {knight.metadata['wins']}")

    tries, knight = 0, await character(ada, "Thrice")
    as_a_function = cm.transaction(isolation="repeatable_read", retries=5)(add_one)
    await asyncio.gather(as_a_function(knight.id), as_a_function(knight.id))
    await knight.refresh_from_db()
    say("two functions", f"{tries} tries; wins {knight.metadata['wins']}")


async def without_a_race(database: cm.Database, ada: cm.User) -> None:
    """Better than running again: let one statement, or a lock on the row, do it."""

    async def add_one(key: UUID) -> None:
        async with cm.transaction():
            knight = await cm.Character.objects.select_for_update().get(id=key)
            knight.metadata = {"wins": knight.metadata.get("wins", 0) + 1}
            await knight.save(update_fields=["metadata"])

    knight = await character(ada, "Ten times")
    await asyncio.gather(*(add_one(knight.id) for _ in range(10)))
    await knight.refresh_from_db()
    say("ten with a lock: wins", knight.metadata["wins"])


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings) as database:
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            for chapter in (all_or_nothing, savepoints, who_acts, reading_only, losing_a_race, without_a_race):
                print(f"\n{chapter.__doc__}")
                await chapter(database, ada)


if __name__ == "__main__":
    asyncio.run(main())
