"""Templates, as a recipe: a catalogue, and characters that are made of it.

Run it with `python -m examples.templates`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/templates.py` runs as well

import charmodels as cm
from examples.databases import own_database


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


def names(templates: Iterable[cm.CharacterTemplate]) -> str:
    return ", ".join(template.name for template in templates)


async def filling() -> None:
    """Templates are checked like everything else, and known by their names."""
    for template in (
        cm.CharacterTemplateCreate(
            name="Knight", prompt="A knight in worn armour", style_type=cm.StyleType.FANTASY, tags=["hero", "Knight"]
        ),
        cm.CharacterTemplateCreate(
            name="Ice queen", prompt="A queen in a palace of ice", style_type=cm.StyleType.ANIME, tags=["winter"]
        ),
        cm.CharacterTemplateCreate(
            name="Dragon", prompt="A dragon asleep on gold", style_type=cm.StyleType.FANTASY, tags=["dragon", "gold"]
        ),
    ):
        await cm.CharacterTemplate.create(**template.model_dump())
    try:
        await cm.CharacterTemplate.create(name="Knight", prompt="Another", style_type=cm.StyleType.FANTASY)
    except cm.Conflict as error:
        say("a second Knight", f"{type(error).__name__}: {error.reason}")
    say("in the catalogue", await cm.CharacterTemplate.objects.active().count())


async def browsing() -> None:
    """The catalogue is narrowed by the verbs of the gallery."""
    active = cm.CharacterTemplate.objects.active()
    say("as FANTASY", names(await active.styled("FANTASY").order_by("name")))
    say("tagged hero", names(await active.tagged(["Hero"])))
    say('with the word "palaces"', names(await active.search("palaces")))


async def making(ada: cm.User) -> None:
    """A character is made of a template by one statement, which counts the use as well."""
    knight = await cm.CharacterTemplate.objects.active().get(name="Knight")
    osric = await knight.instantiate(ada.id, name="Ser Osric", extra_prompt="in the rain", tags=["rain"])
    say("its prompt", osric.prompt)
    say("its tags", ", ".join(osric.tags))
    for number in range(3):
        await knight.instantiate(ada.id, name=f"Knight {number}")
    dragon = await cm.CharacterTemplate.objects.active().get(name="Dragon")
    try:
        await dragon.instantiate(ada.id, extra_prompt="x" * 2000)
    except cm.InvalidInput as error:
        say("a prompt that gets too long", f"{type(error).__name__}: {error}")
    say("the most used first", ", ".join(
        f"{each.name} {each.usage_count}" for each in await cm.CharacterTemplate.objects.active().popular()
    ))  # fmt: skip


async def withdrawing(ada: cm.User) -> None:
    """What is withdrawn is not offered any more; what was made of it stays."""
    knight = await cm.CharacterTemplate.objects.get(name="Knight")
    knight.is_active = False
    await knight.save()
    try:
        await knight.instantiate(ada.id)
    except cm.NotFound as error:
        say("a withdrawn one", f"{type(error).__name__}: {error}")
    say("still made of it", await cm.Character.objects.from_template(knight).count())
    await knight.delete()
    osric = await cm.Character.objects.get(name="Ser Osric")
    say("and when it is deleted", f"{osric.name} stays, without a template: {osric.template_id is None}")
    stats = await cm.CharacterTemplate.objects.stats()
    say("all together", f"{stats.active} of {stats.total} are offered, used {stats.used} times")


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            print(f"\n{filling.__doc__}")
            await filling()
            print(f"\n{browsing.__doc__}")
            await browsing()
            for chapter in (making, withdrawing):
                print(f"\n{chapter.__doc__}")
                await chapter(ada)


if __name__ == "__main__":
    asyncio.run(main())
