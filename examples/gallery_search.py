"""Searching the gallery, as a recipe: verbs, pages, relevance, snippets, facets, one search box.

Run it with `python -m examples.gallery_search`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in
a database of its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/gallery_search.py` runs as well

import charmodels as cm
from examples.databases import own_database

CHARACTERS = Path(__file__).parent / "data" / "characters.jsonl"


def heading(text: str | None) -> None:
    print(f"\n{text}")


def show(page: cm.Page[cm.Character]) -> None:
    for character in page:
        print(f"  {character.name:<28} {character.style_type:<11} {', '.join(character.tags)}")


async def verbs() -> None:
    """Verbs narrow, in any order; nothing is sent before the page is awaited."""
    query = cm.Character.objects.public().styled("FANTASY", "CARTOON").tagged(any_of=["Funny"], none_of=["night"])
    page = await query.page(size=4, with_total=True)
    show(page)
    print(f"  that was {len(page)} of {page.total}")


async def pages() -> None:
    """A page begins where the one before ended, however deep it is."""
    query = cm.Character.objects.public().tagged(["portrait"])
    first = await query.page(size=3)
    show(first)
    print("  --")
    show(await query.page(size=3, after=first.next_cursor))
    total = sum([len(page) async for page in query.pages(size=10)])
    print(f"  all pages together have {total}")
    try:
        await query.styled("ANIME").page(after=first.next_cursor)
    except cm.InvalidCursor as error:
        print(f"  on another query: {error}")


async def relevance() -> None:
    """By relevance: a find in the name comes before one in the prompt; snippets are safe HTML."""
    page = await cm.Character.objects.public().search("knights or goblin").page(size=4, sort="relevance", snippets=True)
    for character in page:
        print(f"  {character.name:<20} {page.snippets[character.id]}")


async def three_modes() -> None:
    """Words in any of their forms, beginnings of words, and text as it is."""
    public = cm.Character.objects.public()
    for found in (
        await public.search("goblins -rain").page(size=3),
        await public.search("accord", mode="prefix").page(size=3),
        await public.search("KETTL", mode="substring").page(size=3),
    ):
        print("  " + (", ".join(str(character.name) for character in found) or "nothing"))


async def one_box() -> None:
    """What people type into one box; an error points at the term."""
    show(await cm.Character.objects.public().matching("style:anime,fantasy -tag:night robot or knight").page(size=3))
    typed = "knight style:cubist"
    try:
        cm.parse_query(typed)
    except cm.InvalidQuery as error:
        print("  " + error.pointer(typed).replace("\n", "\n  "))
        print(f"  {error}")


async def facets() -> None:
    """Counts for the very query, for a sidebar."""
    found = await cm.Character.objects.public().tagged(["portrait"]).facets(tags=5)
    print("  " + ", ".join(f"{style} {count}" for style, count in found.styles.items()))
    print("  " + ", ".join(f"{tag} {count}" for tag, count in found.tags.items()))


async def alike() -> None:
    """What is most like a character: shared tags, rare ones first."""
    one = (await cm.Character.objects.public().tagged(["portrait"]).page(size=1)).items[0]
    print(f"  {one.name}: {', '.join(one.tags)}")
    for other in await one.similar(limit=3):
        print(f"    {other.name}: {', '.join(tag for tag in other.tags if tag in one.tags)}")


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            ada = await cm.User.create(email="ada@example.com", name="Ada")
            await cm.import_characters(CHARACTERS, owner=ada, publish=True)
            for chapter in (verbs, pages, relevance, three_modes, one_box, facets, alike):
                heading(chapter.__doc__)
                await chapter()


if __name__ == "__main__":
    asyncio.run(main())
