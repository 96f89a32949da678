"""Read-only projections, as a recipe: no more columns than a page shows, and nothing private in what goes out.

Run it with `python -m examples.read_only_projections`, on an embedded PostgreSQL, or on the server that DATABASE_URL
names, in a database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/read_only_projections.py` runs as well

from tortoise.exceptions import IncompleteInstanceError
from tortoise.functions import Count

import charmodels as cm
from examples.databases import own_database


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


async def schemas(ada: cm.User) -> None:
    """What goes out is a schema: it has the fields that it names, and no address among them."""
    knight = await cm.Character.objects.public().order_by("name").first()
    say("a user to everybody", sorted(cm.UserPublic.model_validate(ada).model_dump()))
    say("a user to themselves", sorted(cm.UserPrivate.model_validate(ada).model_dump()))
    say("a character as JSON has", ", ".join(cm.CharacterPublic.model_validate(knight).model_dump(mode="json")))


async def some_columns(ada: cm.User) -> None:
    """`only` reads some columns into model objects, which cannot be saved."""
    page = await cm.Character.objects.public().only("id", "name", "thumbnail_url").page(size=2)
    knight = page.items[0]
    say("a page of cards", ", ".join(str(each.name) for each in page))
    try:
        say("the prompt", knight.prompt)
    except AttributeError:
        say("the prompt", "was not read")
    try:
        await knight.save()
    except IncompleteInstanceError:
        say("saving a part", "is refused")


async def plain_values(ada: cm.User) -> None:
    """`values` and `values_list` give dicts, tuples and plain values: no model objects at all."""
    query = cm.Character.objects.owned_by(ada.id).order_by("name")
    say("dicts", await query.limit(1).values("name", "is_public"))
    say("tuples", await query.limit(2).values_list("name", "style_type"))
    say("values", await query.values_list("name", flat=True))


async def joined(ada: cm.User) -> None:
    """Columns of the owner come along, renamed, in the same statement."""
    rows = await cm.Character.objects.public().order_by("name").limit(2).values(title="name", artist="user__name")
    say("cards with their artists", [f"{row['title']} by {row['artist']}" for row in rows])


async def grouped(ada: cm.User) -> None:
    """So do counts."""
    rows = await (
        cm.Character.all().annotate(number=Count("id")).group_by("is_public").order_by("is_public")
        .values_list("is_public", "number")
    )  # fmt: skip
    say("private and public", dict(rows))


async def one_moment(ada: cm.User) -> None:
    """Several reads that must agree go into one read-only transaction, which sees one moment."""
    async with cm.transaction(readonly=True, isolation="repeatable_read"):
        page = await cm.Character.objects.public().page(size=10)
        total = await cm.Character.objects.public().count()
    say("the page and the count agree", len(page) == total)


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            for name in ("Osric", "Rosalind", "Kettle"):
                form = cm.CharacterCreate(name=name, prompt="A knight at dawn", is_public=name != "Kettle")
                await cm.Character.objects.create_for(ada.id, form)
            for chapter in (schemas, some_columns, plain_values, joined, grouped, one_moment):
                print(f"\n{chapter.__doc__}")
                await chapter(ada)


if __name__ == "__main__":
    asyncio.run(main())
