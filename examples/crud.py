"""Rows, as a recipe: made, read, changed and deleted, and what is refused on the way.

Run it with `python -m examples.crud`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/crud.py` runs as well

import charmodels as cm
from examples.databases import own_database


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


async def creating(database: cm.Database) -> None:
    """Create: values are checked and normalised before anything is sent."""
    ada = await cm.User.create(email="Ada@Example.com", name="  Ada ")
    say("a name, trimmed", repr(ada.name))
    form = cm.CharacterCreate(name="Ser Osric", prompt="A brave knight at dawn", tags=["Hero", "hero "])
    knight = await cm.Character.objects.create_for(ada.id, form)
    say("a character made of a form", f"{knight.name}, {knight.tags}, {knight.generation_status}")
    for number in range(1, 4):
        await cm.Character.create(user_id=ada.id, name=f"Squire {number}", prompt="A squire", style_type="CARTOON")
    try:
        await cm.Character.create(user_id=ada.id, prompt=" ", style_type="ANIME")
    except cm.InvalidInput as error:
        say("a blank prompt", f"{type(error).__name__}: {error}")
    try:
        await cm.User.create(email="ADA@example.com")
    except cm.Conflict as error:
        say("an address that is taken", f"{type(error).__name__}: {error.reason}")


async def reading(database: cm.Database) -> None:
    """Read: by key, by what is unique, by conditions; nothing is sent until it is awaited."""
    ada = await cm.User.objects.get_by_email("ADA@EXAMPLE.COM")
    say("found by address, however typed", ada.name)
    query = cm.Character.objects.owned_by(ada.id).styled("CARTOON").order_by("name")
    say("hers, as cartoons", ", ".join([str(each.name) async for each in query]))
    say("how many", await query.count())
    first = await query.first()
    say("the first", first and first.name)
    say("is there one of 2020", await query.filter(created_at__year=2020).exists())
    knight = await cm.Character.objects.select_related("user").get(name="Ser Osric")
    say("with its owner, in one statement", f"{knight.name} of {knight.user.name}")
    try:
        await cm.Character.objects.get(name="Nobody")
    except cm.NotFound as error:
        say("what is not there", f"{type(error).__name__}: {error}")


async def updating(database: cm.Database) -> None:
    """Update: one object, or all rows of a query at once."""
    ada = await cm.User.objects.get_by_email("ada@example.com")
    knight = await cm.Character.objects.editable_by(ada.id).get(name="Ser Osric")
    knight.name = "Ser Osric the Bold"
    await knight.save(update_fields=["name"])
    say("renamed; the database noted when", knight.updated_at > knight.created_at)
    squires = cm.Character.objects.owned_by(ada.id).filter(name__startswith="Squire")
    say("rows changed by one statement", await squires.update(style_type=cm.StyleType.VINTAGE))
    try:
        await squires.update(prompt="")
    except cm.InvalidInput as error:
        say("a bad value for all of them", f"{type(error).__name__}: {error}")
    try:
        await database.client.execute_query("UPDATE characters SET prompt = ''")
    except cm.ConstraintViolation as error:
        say("by SQL that no Python code looks at", f"{type(error).__name__}: {error}")
    eve = await cm.User.create(email="eve@example.com", name="Eve")
    try:
        await cm.Character.objects.editable_by(eve.id).get(id=knight.id)
    except cm.NotFound as error:
        say("somebody else's", f"{type(error).__name__}: {error}")
    theme, made = await cm.CharacterTemplate.update_or_create(
        {"prompt": "A knight", "style_type": cm.StyleType.FANTASY}, name="Knight"
    )
    again, made_again = await cm.CharacterTemplate.update_or_create({"prompt": "A knight in armour"}, name="Knight")
    say("updated or created", f"{made}, {made_again}; {again.prompt}; the same row: {theme.id == again.id}")


async def deleting(database: cm.Database) -> None:
    """Delete: what belongs to a row goes with it."""
    ada = await cm.User.objects.get_by_email("ada@example.com")
    squires = cm.Character.objects.owned_by(ada.id).filter(name__startswith="Squire")
    say("rows deleted by one statement", await squires.delete())
    await ada.delete()
    say("Ada is gone, and her characters", await cm.Character.objects.count())
    try:
        await ada.save()
    except cm.NotFound as error:
        say("saving what is gone", f"{type(error).__name__}: {error}")


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings) as database:
            for chapter in (creating, reading, updating, deleting):
                print(f"\n{chapter.__doc__}")
                await chapter(database)


if __name__ == "__main__":
    asyncio.run(main())
