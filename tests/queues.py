"""What tests of the workflow of generations ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import charmodels as cm
from charmodels.models import GenerationJob
from tests import quotas
from tests.quotas import agrees

PENDING, PROCESSING, COMPLETED, FAILED, CANCELLED = cm.GenerationStatus
LEASE = timedelta(minutes=5)
PICTURE = "https://images.example/1.png"
SMALL = "https://images.example/1-small.png"


async def user(daily_quota: int | None = 100, **values: Any) -> cm.User:
    """A user who may ask for much."""
    return await quotas.user(daily_quota, **values)


async def request(owner: cm.User, prompt: str = "A brave knight", **keywords: Any) -> cm.Generation:
    return await cm.Generation.objects.request(owner.id, prompt, cm.StyleType.FANTASY, **keywords)


async def claim(limit: int = 1, worker: str = "w1", lease: timedelta = LEASE) -> list[cm.Job]:
    return await cm.Generation.objects.claim(worker, limit=limit, lease=lease)


async def claimed(owner: cm.User, **keywords: Any) -> tuple[cm.Generation, cm.Job]:
    """A generation that a worker has, when no other waits."""
    generation = await request(owner, **keywords)
    [job] = await claim()
    assert job.id == generation.id
    return generation, job


async def statuses(generation: cm.Generation) -> tuple[str, str | None]:
    """The generation's and its character's."""
    record = await cm.Generation.get(id=generation.id).select_related("character")
    return record.status, record.character and record.character.generation_status


async def is_sound() -> bool:
    """Whether jobs, holds and counters agree with the generations and the ledger."""
    open_ = await cm.Generation.filter(status__in=[PENDING, PROCESSING]).values_list("id", flat=True)
    jobs = await GenerationJob.all()
    assert {job.generation_id for job in jobs} == set(open_)
    holds = await cm.QuotaHold.filter(generation_id__isnull=False)
    assert {hold.id for hold in holds} == {job.hold_id for job in jobs}
    leased = {job.generation_id for job in jobs if job.attempt_token is not None}
    assert leased == set(await cm.Generation.filter(status=PROCESSING).values_list("id", flat=True))
    for generation in await cm.Generation.filter(character_id__isnull=False).select_related("character"):
        assert generation.character.generation_status == generation.status
        assert generation.character.image_url == generation.image_url
    return await agrees()
