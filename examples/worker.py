"""Workers, as a recipe: a provider that is slow, fails and refuses, and a worker that dies with a picture half made.

Run it with `python -m examples.worker`, on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a
database of its own. It takes some seconds, for it waits until a lease runs out and for a second attempt.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/worker.py` runs as well

import charmodels as cm
from examples.databases import own_database

OPEN = (cm.GenerationStatus.PENDING, cm.GenerationStatus.PROCESSING)


def say(text: str) -> None:
    print(f"  {text}", flush=True)


class Provider:
    """A slow image provider, which makes one picture for one request, however often it is asked."""

    def __init__(self) -> None:
        self.pictures: dict[UUID, str] = {}

    async def draw(self, job: cm.Job) -> cm.Picture:
        """The handler: what a worker calls."""
        say(f"{job.worker} has '{job.prompt}' drawn, attempt {job.attempt}, rescues {job.rescues}")
        async with asyncio.timeout(10):
            await asyncio.sleep(0.2)
        if "logo" in job.prompt:
            raise cm.GenerationRejected(reason="the provider draws no logos")
        if "fog" in job.prompt and job.attempt == 1:
            raise ConnectionError("the provider is away")
        url = self.pictures.setdefault(job.id, f"https://images.example/{job.id}.png")
        return cm.Picture(url, metadata={"seed": len(self.pictures)})


def doomed(settings: cm.Settings) -> None:
    """What another process runs: a worker that dies with its first picture half made, as by SIGKILL."""

    async def draw(job: cm.Job) -> cm.Picture:
        say(f"{job.worker} begins '{job.prompt}', and its process dies")
        os._exit(1)

    async def work() -> None:
        async with cm.connect(settings):
            await cm.Worker(draw, name="the doomed one", concurrency=1, lease=timedelta(seconds=1)).run()

    asyncio.run(work())


async def ask(user: cm.User, *prompts: str) -> None:
    for prompt in prompts:
        try:
            generation = await cm.Generation.objects.request(user.id, prompt, cm.StyleType.FANTASY)
        except cm.QuotaExceeded as error:
            say(f"{user.name} asks for '{prompt}': QuotaExceeded, {error.limit} a day")
        else:
            say(f"{user.name} asks for '{prompt}', priority {generation.priority}")


async def nothing_is_open() -> None:
    while await cm.Generation.filter(status__in=OPEN).exists():  # noqa: ASYNC110 - in another process too
        await asyncio.sleep(0.1)


async def show(users: list[cm.User], provider: Provider) -> None:
    print("\nWhat became of it")
    print(f"  {'USER':<6} {'PROMPT':<20} {'STATUS':<10} TRIES RESCUES  CHARACTER'S PICTURE")
    for user in users:
        async for record in cm.Generation.objects.for_user(user.id).order_by("id").select_related("character"):
            picture = (record.character and record.character.image_url) or record.error_message
            row = f"{user.name:<6} {record.prompt:<20} {record.status:<10} {record.attempts:>5} {record.rescues:>7}"
            say(f"{row}  {picture}")
    stats = await cm.Generation.objects.stats()
    by_status = ", ".join(f"{number} {status}" for status, number in stats.by_status.items() if number)
    say(f"Of {stats.total}: {by_status}; rescues {stats.rescues}; success rate {stats.success_rate:.2f}")
    for user in users:
        quota = await cm.User.objects.quota(user.id)
        say(f"{user.name}: {quota.used} used, {quota.held} on hold, {quota.remaining} left of {quota.limit} today")
    charged = await cm.QuotaEntry.filter(kind=cm.QuotaEntryKind.COMMIT).count()
    say(f"Pictures drawn {len(provider.pictures)}, charged {charged}")
    say(f"Numbers that do not agree with the ledger: {len(await cm.QuotaEntry.objects.discrepancies())}")


async def main() -> None:
    async with own_database() as settings:
        await cm.migrations.upgrade(settings)
        async with cm.connect(settings):
            print("\nTwo users ask; who pays is served first")
            fay = await cm.User.create(email="fay@example.com", name="Fay")
            paul = await cm.User.create(email="paul@example.com", name="Paul")
            await paul.subscribe(cm.SubscriptionTier.PRO)
            await ask(fay, "a fox in the snow", "a ship in the fog", "a company logo", "a fourth picture")
            await ask(paul, "a castle at night", "a knight at dawn")

            print("\nA worker in a process of its own takes the first, and dies")
            process = multiprocessing.get_context("spawn").Process(target=doomed, args=(settings,))
            process.start()
            await asyncio.to_thread(process.join)
            say(f"It is nobody's now: {await cm.Generation.objects.processing().count()} PROCESSING")

            print("\nTwo workers do the rest, and take back what the dead one left")
            provider = Provider()
            short = {"lease": timedelta(seconds=3), "poll": timedelta(seconds=0.5)}
            workers = [cm.Worker(provider.draw, name=name, concurrency=2, **short) for name in ("Anne", "Bert")]
            running = asyncio.gather(*(worker.run() for worker in workers))
            await nothing_is_open()
            for worker in workers:
                worker.stop()
            await running
            await show([fay, paul], provider)


if __name__ == "__main__":
    logging.getLogger("charmodels").setLevel(logging.ERROR)  # the warnings of workers say what the story says
    asyncio.run(main())
