"""Statistics, as a recipe: how many there are of what, counted by the database in one statement each.

Run it with `python -m examples.stats`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own. The characters are the same every time.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/stats.py` runs as well

import charmodels as cm
from examples.databases import own_database


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


def counts(of: Mapping[Any, int], most: int = 4) -> str:
    return ", ".join(f"{name} {count}" for name, count in list(of.items())[:most])


async def characters() -> None:
    """Characters: everything, or what any query chooses."""
    for what, query in (
        ("all", cm.Character.objects.all()),
        ("public and tagged knight", cm.Character.objects.public().tagged(["knight"])),
        ("of 2025", cm.Character.objects.created_between(datetime(2025, 1, 1, tzinfo=UTC))),
    ):
        stats = await query.stats()
        say(what, f"{stats.total}, {stats.public} of them public")
        say("  by style", counts(stats.by_style))
        say("  by status", counts(stats.by_status))
        say("  tags", counts(stats.tags))


async def facets() -> None:
    """Facets: what stands beside a search box."""
    query = cm.Character.objects.public().search("light")
    found = await query.facets(tags=4)
    say('styles of "light"', counts(found.styles))
    say('tags of "light"', counts(found.tags))
    page = await query.page(size=1, with_total=True)
    say("their number", page.total)
    say("counted to 100 at most", await cm.Character.objects.public().count_up_to(100))


async def users() -> None:
    """Users: by what they pay for now."""
    first = await cm.User.objects.order_by("email").first()
    assert first is not None
    await first.subscribe(cm.SubscriptionTier.PRO)
    stats = await cm.User.objects.stats()
    say("users", f"{stats.total}; {counts(stats.by_tier)}")


async def templates() -> None:
    """Templates: what is offered, and how much it is used."""
    await cm.seed()
    stats = await cm.CharacterTemplate.objects.stats()
    say("templates", f"{stats.active} of {stats.total} offered, used {stats.used} times")


async def generations() -> None:
    """Generations: how the queue does; for all, or for one user."""
    ada = await cm.User.create(email="ada@example.com", name="Ada")
    for prompt in ("a fox", "a ship", "a logo"):
        await cm.Generation.objects.request(ada.id, prompt, cm.StyleType.VINTAGE)
    jobs = await cm.Generation.objects.claim("painter", limit=2)
    await jobs[0].complete("https://images.example/1.png")
    await jobs[1].fail("the provider draws no ships", retry=False)
    stats = await cm.Generation.objects.stats()
    say("of each status", counts(stats.by_status, most=5))
    say("success rate", stats.success_rate)
    say("waited less than a minute", (stats.queue_seconds_p95 or 0) < 60)
    say("one waits still", (stats.oldest_pending or timedelta()) > timedelta())
    say("of Ada's characters", counts((await cm.Character.objects.owned_by(ada.id).stats()).by_status))


async def groups() -> None:
    """Whatever else: Tortoise's own annotations and groups."""
    from tortoise.functions import Count

    query = cm.Character.objects.filter(is_public=True).annotate(number=Count("id")).group_by("user_id")
    rows = await query.order_by("-number", "user_id").limit(3).values_list("number", flat=True)
    say("the most that one user shows", ", ".join(map(str, rows)))


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            await cm.populate(2000, seed=7)
            for chapter in (characters, facets, users, templates, generations, groups):
                print(f"\n{chapter.__doc__}")
                await chapter()


if __name__ == "__main__":
    asyncio.run(main())
