"""Tags, as a recipe: put on, counted, suggested, and brought into order when people write them in many ways.

Run it with `python -m examples.tags`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/tags.py` runs as well

import charmodels as cm
from examples.databases import own_database

GALLERY = (
    ("FANTASY", ["hero", "knight", "armour"]),
    ("FANTASY", ["hero", "knight", "armour", "castle"]),
    ("FANTASY", ["knight", "hero", "knight errant"]),
    ("ANIME", ["hero", "ice queen", "dragon"]),
    ("ANIME", ["dragon"]),
)


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


def listed(counts: Iterable[cm.TagCount]) -> str:
    return ", ".join(f"{each.tag} {each.count}" for each in counts)


async def create(user: cm.User, style: str, tags: list[str], *, is_public: bool = True) -> cm.Character:
    made = cm.CharacterCreate(
        name="Ser Osric", prompt="A brave knight at dawn", style_type=cm.StyleType(style), tags=tags
    )
    character = await cm.Character.objects.create_for(user.id, made)
    if is_public:
        await character.publish()
    return character


async def tagging(ada: cm.User) -> None:
    """Tags are brought into one form, and changed by one UPDATE each, so that nobody's are lost."""
    typed = ["Hero", "knight ", "ICE   Queen", "hero"]
    character = await create(ada, "FANTASY", typed, is_public=False)
    say("as typed", ", ".join(" ".join(tag.split(" ")) for tag in typed))
    say("as stored", ", ".join(character.tags))
    try:
        await character.add_tags(*(f"tag {number}" for number in range(8)))
    except cm.InvalidInput as error:
        say("one more than ten", f"InvalidInput: {error}")
    await character.set_tags()
    copies = [await cm.Character.objects.get(id=character.id) for _ in range(10)]
    await asyncio.gather(*(copy.add_tags(f"tag {number}") for number, copy in enumerate(copies)))
    await character.refresh_from_db()
    say("tags that ten added at once", len(character.tags))
    await character.delete()


async def counting(ada: cm.User) -> None:
    """The gallery's tags are counted by the database, exactly and at once."""
    for style, tags in GALLERY:
        await create(ada, style, tags)
    await create(ada, "FANTASY", ["secret"], is_public=False)  # private, so it does not count
    say("popular", listed(await cm.Character.objects.popular_tags(3)))
    say("popular as ANIME", listed(await cm.Character.objects.popular_tags(style=cm.StyleType.ANIME)))


async def suggesting(ada: cm.User) -> None:
    """Whoever types gets the tags that begin so, then those that are like it."""
    for typed in ("kn", "dragn"):
        say(f'after "{typed}"', listed(await cm.Character.objects.suggest_tags(typed)))
    say("beside knight", listed(await cm.Character.objects.related_tags("knight")))


async def aliases(ada: cm.User) -> None:
    """Another word for a tag is stored and found as the tag."""
    await cm.TagAlias.objects.add("heros", "hero")
    character = await create(ada, "CARTOON", ["heros"])
    say("a hero typed as heros", ", ".join(character.tags))
    say('after "heros"', listed(await cm.Character.objects.suggest_tags("heros", limit=1)))
    say("found by the alias", await cm.Character.objects.public().tagged(all_of=["heros"]).count())


async def renaming(ada: cm.User) -> None:
    """A tag is renamed on every row, a batch at a time, while the app goes on."""
    await create(ada, "FANTASY", ["castle"], is_public=False)
    so_far: list[int] = []
    renamed = await cm.Character.objects.rename_tag(
        "castle", "fortress", keep_alias=True, batch=1, progress=so_far.append
    )
    say("rows so far", ", ".join(map(str, so_far)))
    say("renamed", renamed)
    say("castle by then", ", ".join((await create(ada, "FANTASY", ["Castle"], is_public=False)).tags))
    say("merged", await cm.Character.objects.merge_tags(["armour", "plate armour"], into="armor"))
    say("armour by then", await cm.Character.objects.public().tagged(all_of=["armour"]).count())


async def proving(ada: cm.User) -> None:
    """A recount agrees."""
    await cm.Character.objects.fold_tag_counts()
    say("what a recount does not agree with", (await cm.GalleryEntry.objects.compare_counts()).wrong)


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            for chapter in (tagging, counting, suggesting, aliases, renaming, proving):
                print(f"\n{chapter.__doc__}")
                await chapter(ada)


if __name__ == "__main__":
    asyncio.run(main())
