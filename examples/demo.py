"""The main job on real input, as a short story: `make demo`, or `python -m examples.demo`.

It runs on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a database of its own that it drops at
the end.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/demo.py` runs as well

import charmodels as cm
from charmodels.importing import import_characters
from charmodels.seeds import seed
from examples.databases import own_database

CHARACTERS = Path(__file__).parent / "data" / "characters.jsonl"
PAGE = 5


def say(text: str) -> None:
    print(f"  {text}")


def heading(text: str) -> None:
    try:
        from rich.console import Console
    except ImportError:
        print(f"\n{text}")
    else:
        Console(highlight=False).print(f"\n{text}", style="bold cyan", markup=False)


def show(characters: Iterable[cm.Character]) -> None:
    for character in characters:
        say(f"  {character.name:<32} {character.style_type:<11} {', '.join(character.tags)}")


async def migrate_and_seed(settings: cm.Settings) -> None:
    heading("A new database")
    for name in await cm.migrations.upgrade(settings):
        say(f"Applied {name}")
    async with cm.connect(settings):
        report = await seed()
        rows = f"{report.templates.created} templates, {report.users.created} users"
        say(f"Seeded {rows}, {report.characters.created} characters; a second time adds {(await seed()).created}.")


async def sign_up_and_import() -> cm.User:
    heading("Ada signs up and brings her characters along")
    ada = await cm.User.create(email="ada@example.com", name="Ada")
    report = await import_characters(CHARACTERS, owner=ada)
    say(f"Imported {report.imported} characters from {CHARACTERS.name}; they are hers alone.")
    say(f"In the gallery of others: {await cm.Character.objects.owned_by(ada.id).public().count()}")
    return ada


async def publish(ada: cm.User) -> None:
    heading("She publishes all but one")
    async for character in cm.Character.objects.owned_by(ada.id):
        await character.publish()
    first = await cm.Character.objects.owned_by(ada.id).get(name="Momo Kazehaya")
    await first.unpublish()
    say(f"{await cm.Character.objects.owned_by(ada.id).public().count()} are public; {first.name} stays at home.")


async def browse_gallery() -> None:
    heading("A stranger browses the gallery for funny fantasy and cartoons")
    query = cm.Character.objects.public().styled("FANTASY", "CARTOON").tagged(["Funny"])
    page = await query.page(size=PAGE, with_total=True)
    say(f"{page.total} match; the first {PAGE}:")
    show(page)
    say("and the next page:")
    show(await query.page(size=PAGE, after=page.next_cursor))
    found = await cm.Character.objects.public().matching('"afraid of" or tea style:cartoon -tag:city').page(size=3)
    say(f"In one search box: {', '.join(str(character.name) for character in found) or 'nothing'}")
    facets = await query.facets(tags=5)
    say(f"Tags of what matches: {', '.join(f'{tag} ({count})' for tag, count in facets.tags.items())}")


async def make_a_picture(ada: cm.User) -> None:
    heading("Ada asks for a picture, and a worker makes it")
    order = cm.GenerationCreate(
        name="Ser Gallopless", prompt="A knight who is afraid of horses", style_type=cm.StyleType.VINTAGE,
        tags=["Knight", " funny "], key="order 1",
    )  # fmt: skip
    generation = await cm.Generation.objects.request(ada.id, **order.model_dump())
    quota = await cm.User.objects.quota(ada.id)
    say(f"{generation.status}: {quota.held} of her quota is held for it, and a character waits for its picture")
    again = await cm.Generation.objects.request(ada.id, **order.model_dump())
    say(f"She clicks twice: the same key, the same generation ({again.id == generation.id})")

    async def draw(job: cm.Job) -> cm.Picture:
        worker.stop()  # one picture is enough here; what is begun it finishes
        say(f"PROCESSING: attempt {job.attempt}, somewhere '{job.prompt}' is being drawn")
        await asyncio.sleep(0.1)
        return cm.Picture(f"https://images.example/{job.id}.png", metadata={"seed": 7})

    worker = cm.Worker(draw, name="demo worker")
    await worker.run()
    character = await cm.Character.get(id=generation.character_id)
    say(f"{character.generation_status}: {character.name} has the picture, {character.tags} and {character.metadata}")
    quota = await cm.User.objects.quota(ada.id)
    say(f"{quota.used} of {quota.limit} used, {quota.held} on hold")


async def run_out_of_quota(ada: cm.User) -> None:
    heading("She wants more pictures than FREE gives a day, and subscribes")
    try:
        for _ in range(3):
            async with cm.User.objects.reserve_quota(ada.id):
                pass  # another picture
    except cm.QuotaExceeded as error:
        say(f"QuotaExceeded: {error}")
    await ada.subscribe(cm.SubscriptionTier.PREMIUM)
    status = await cm.User.objects.quota(ada.id)
    say(f"PREMIUM: {status.remaining} of {status.limit} left today; what she used is kept.")
    found = [f"{entry.kind} {entry.amount}" async for entry in cm.QuotaEntry.objects.owned_by(ada.id).newest()]
    say(f"The ledger: {', '.join(reversed(found))}")
    say(f"Numbers that do not agree with it: {len(await cm.QuotaEntry.objects.discrepancies())}")


async def run_into_errors(ada: cm.User) -> None:
    heading("What goes wrong has a name")
    try:
        await cm.User.create(email="ADA@Example.com", name="Another Ada")
    except cm.Conflict as error:
        say(f"Conflict: {error.reason}")
    try:
        await cm.Character.create(user_id=ada.id, prompt=" ", style_type=cm.StyleType.ANIME)
    except cm.InvalidInput as error:
        say(f"InvalidInput: {error.field} {error.reason}")
    try:
        await cm.User.objects.get_by_email("nobody@example.com")
    except cm.NotFound as error:
        say(f"NotFound: {error}")
    report = await import_characters(['{"name": "Nameless", "style": "CUBIST", "prompt": "?"}'], owner=ada)
    say(f"A bad line: {report.bad_lines[0]}")


async def main() -> None:
    started = time.monotonic()
    async with own_database() as settings:
        await migrate_and_seed(settings)
        async with cm.connect(settings):
            ada = await sign_up_and_import()
            await publish(ada)
            await browse_gallery()
            await make_a_picture(ada)
            await run_out_of_quota(ada)
            await run_into_errors(ada)
    print(f"\nThat was {time.monotonic() - started:.1f} s; nothing is left of it.")


if __name__ == "__main__":
    asyncio.run(main())
