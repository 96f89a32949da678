"""Generations, as a recipe: what becomes of requests for pictures, step by step and without a worker process.

Run it with `python -m examples.generations`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own. The clock stands still unless the story moves it, so it prints the same every day.
`python -m examples.worker` shows how workers do all of this by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/generations.py` runs as well

import charmodels as cm
from charmodels.clock import FrozenClock
from examples.databases import own_database

MINUTE = timedelta(minutes=1)
PICTURE = "https://images.example/1.png"


def say(what: str, result: object) -> None:
    print(f"  {what:<40} {result}")


async def request(user: cm.User, prompt: str, key: str | None = None) -> cm.Generation:
    return await cm.Generation.objects.request(user.id, prompt, cm.StyleType.FANTASY, ["hero"], key=key)


async def claim(worker: str = "painter-1", limit: int = 1) -> list[cm.Job]:
    return await cm.Generation.objects.claim(worker, limit=limit, lease=5 * MINUTE)


async def from_request_to_picture(ada: cm.User, clock: FrozenClock) -> None:
    """A request holds quota and makes the character; the picture completes it and charges."""
    generation = await request(ada, "A knight at dawn", key="order 1")
    again = await request(ada, "A knight at dawn", key="order 1")
    say("the same order twice is one", f"{again.id == generation.id}, {again.repeated}")
    say("on hold", (await cm.User.objects.quota(ada.id)).held)
    [job] = await claim()
    await job.complete(PICTURE, metadata={"seed": 7})
    character = await cm.Character.get(id=generation.character_id)
    say("the character", f"{character.generation_status}, {character.image_url}, {character.metadata}")
    try:
        await cm.Generation.objects.request(ada.id, "Four dragons", cm.StyleType.FANTASY, batch_size=4)
    except cm.QuotaExceeded as error:
        say("four more", f"QuotaExceeded: {error}")


async def turns(ada: cm.User, clock: FrozenClock) -> None:
    """Each user's requests are a minute apart, and who pays is up to five minutes ahead."""
    dan = await cm.User.create(email="dan@example.com", name="Dan")
    cleo = await cm.User.create(email="cleo@example.com", name="Cleo")
    await cleo.subscribe(cm.SubscriptionTier.PRO)
    for number in (1, 2, 3):
        await request(ada, f"Ada's {number}")
    clock.advance(MINUTE / 2)
    await request(dan, "Dan's")
    clock.advance(MINUTE)
    await request(cleo, "Cleo's")
    jobs = await claim(limit=8)
    say("served", ", ".join(job.prompt for job in jobs))
    for job in jobs:
        await job.complete(PICTURE)


async def attempts(ada: cm.User, clock: FrozenClock) -> None:
    """What fails is tried again, and given back when it failed for good."""
    generation = await request(ada, "A ship in the fog")
    for _ in range(generation.max_attempts):
        [job] = await claim()
        say(f"attempt {job.attempt} failed", await job.fail("The provider is away"))
        clock.advance(MINUTE)
    say("used by then", (await cm.User.objects.quota(ada.id)).used)
    say("queued once more", await cm.Generation.objects.dead().retry())
    [job] = await claim()
    await job.complete(PICTURE)


async def a_dead_worker(ada: cm.User, clock: FrozenClock) -> None:
    """Whose lease ran out has no say any more."""
    await request(ada, "A castle at night")
    [late] = await claim("painter-1")
    clock.advance(6 * MINUTE)
    say("leases that ran out", await cm.Generation.objects.rescue_stale())
    [job] = await claim("painter-2")
    try:
        await late.complete(PICTURE)
    except cm.LeaseLost as error:
        say("painter-1 comes back", f"LeaseLost: {error}")
    await job.complete(PICTURE)
    say("attempts, rescues", f"{job.attempt}, {job.rescues}")


async def cancelling(ada: cm.User, clock: FrozenClock) -> None:
    """What waits is cancelled at once, what is under way when the worker gives it up."""
    waiting = await request(ada, "A fox")
    say("cancelled while it waits", await waiting.cancel())
    begun = await request(ada, "Another fox")
    [job] = await claim()
    say("cancelled while a worker is at it", await begun.cancel())
    say("shall the worker go on", await job.heartbeat())
    await job.cancel()
    await begun.refresh_from_db()
    say("when the worker has given it up", f"{begun.status}; used {(await cm.User.objects.quota(ada.id)).used}")


async def a_webhook(ada: cm.User, clock: FrozenClock) -> None:
    """A provider that answers later is told by its name for the request; a late picture counts, once."""
    await request(ada, "An owl")
    [job] = await claim()
    await job.attach_provider_request("request-8273")
    clock.advance(6 * MINUTE)
    await cm.Generation.objects.rescue_stale()
    found = await cm.Generation.objects.by_provider_request("request-8273")
    say("before the webhook", found.status)
    say("the webhook comes, and comes again", f"{await found.complete(PICTURE)}, {await found.complete(PICTURE)}")
    say("after it", found.status)


async def numbers(ada: cm.User, clock: FrozenClock) -> None:
    """What there was, and what is left of it after a month."""
    stats = await cm.Generation.objects.stats()
    say("of each status", ", ".join(f"{status} {count}" for status, count in stats.by_status.items()))
    say("waited for the attempt that counts", f"{stats.queue_seconds_p50:.0f} s, or {stats.queue_seconds_p95:.0f} s")
    say("rescues", stats.rescues)
    clock.advance(timedelta(days=30))
    say("records deleted", await cm.Generation.objects.prune(timedelta(days=30)))
    say("characters that stay", await cm.Character.all().count())
    say("numbers that do not agree", len(await cm.QuotaEntry.objects.discrepancies()))


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        with cm.clock.frozen(datetime(2026, 3, 2, 18, tzinfo=UTC)) as clock:
            async with cm.connect(settings):
                ada = await cm.User.create(email="ada@example.com", name="Ada")
                for chapter in (
                    from_request_to_picture, turns, attempts, a_dead_worker, cancelling, a_webhook, numbers,
                ):  # fmt: skip
                    print(f"\n{clock.moment:%B %d}: {chapter.__doc__}")
                    await chapter(ada, clock)
                    clock.advance(timedelta(days=1))


if __name__ == "__main__":
    logging.getLogger("charmodels").setLevel(logging.ERROR)  # that a lease ran out is part of the story
    asyncio.run(main())
