"""Who is served when, and what many workers at once see."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

import charmodels as cm
from charmodels import limits
from charmodels.sql import statement
from tests.proxy import session, settings, until
from tests.queues import COMPLETED, FAILED, PENDING, PICTURE, PROCESSING, claim, is_sound, request, user
from tests.quotas import NOON, PREMIUM, PRO, SECOND

AGEING_BOUND = (cm.PLANS[PRO].priority - cm.PLANS[cm.SubscriptionTier.FREE].priority) * limits.HEAD_START


async def served(batch: int = 8) -> list[UUID]:
    """Whose requests are claimed, in order."""
    order = []
    while jobs := await claim(batch):
        order += [job.user_id for job in jobs]
    return order


# Order


async def test_first_come_first_served(db: cm.Database) -> None:
    users = [await user() for _ in range(5)]
    asked = [(await request(owner)).id for owner in users]
    assert [job.id for job in await claim(3)] == asked[:3]
    assert [job.id for job in await claim(3)] == asked[3:]


async def test_a_thousand_requests_do_not_delay_anothers_one(db: cm.Database) -> None:
    crowd, single = await user(1000), await user()
    for _ in range(20):
        await asyncio.gather(*(request(crowd) for _ in range(50)))
    await request(single)
    assert single.id in [job.user_id for job in [*await claim(8), *await claim(8)]]


async def test_two_crowds_take_turns(db: cm.Database) -> None:
    ada, eve = await user(), await user()
    for owner in (ada, eve):
        for _ in range(20):
            await request(owner)
    order = await served()
    assert all(abs(order[:number].count(ada.id) - order[:number].count(eve.id)) <= 1 for number in range(40))


async def test_who_pays_is_served_first(db: cm.Database) -> None:
    free, premium, pro = await user(), await user(subscription_tier=PREMIUM), await user(subscription_tier=PRO)
    with cm.clock.frozen(NOON):
        for owner in (free, premium, pro):
            await request(owner)
        assert await served() == [pro.id, premium.id, free.id]


async def test_nobody_waits_for_ever(db: cm.Database) -> None:
    """Once the bound is past, who pays no longer comes before."""
    free, pros = await user(), [await user(subscription_tier=PRO) for _ in range(3)]
    with cm.clock.frozen(NOON):
        await request(free)
    with cm.clock.frozen(NOON + AGEING_BOUND - SECOND):
        await request(pros[0])
    with cm.clock.frozen(NOON + AGEING_BOUND + SECOND):
        await request(pros[1])
    with cm.clock.frozen(NOON + AGEING_BOUND * 2):
        await request(pros[2])
        assert await served(1) == [pros[0].id, free.id, pros[1].id, pros[2].id]


async def test_a_subscription_that_ran_out_gives_no_priority(db: cm.Database) -> None:
    with cm.clock.frozen(NOON):
        lapsed = await user()
        await lapsed.subscribe(PRO, until=NOON + SECOND)
        assert (await request(lapsed)).priority == cm.PLANS[PRO].priority
    with cm.clock.frozen(NOON + SECOND):
        assert (await request(lapsed)).priority == 0


async def test_priorities_of_the_settings(url: str) -> None:
    plans = {"FREE": {"priority": 7}}
    async with cm.connect(cm.Settings(database_url=url, plans=plans, app_env="test")):
        assert (await request(await user())).priority == 7


async def test_what_is_delayed_holds_up_nobody(db: cm.Database) -> None:
    """When a provider is away, thousands wait for another attempt; they are not looked at."""
    ada = await user()
    with cm.clock.frozen(NOON):
        for number in range(20):
            await request(ada, prompt=f"Number {number}")
        for job in await claim(10):
            await job.fail("Away", delay=timedelta(minutes=10))
        assert len(await claim(20)) == 10
    with cm.clock.frozen(NOON + timedelta(minutes=10)):
        assert len(await claim(4)) == 4
        assert len(await claim(20)) == 6


async def test_after_a_retry_it_is_its_turn_again(db: cm.Database) -> None:
    first, second = await user(), await user()
    with cm.clock.frozen(NOON):
        asked = await request(first)
        [job] = await claim()
    with cm.clock.frozen(NOON + SECOND):
        await request(second)
        await job.fail("Away", delay=SECOND)
    with cm.clock.frozen(NOON + SECOND * 2):
        assert [each.id for each in await claim(1)] == [asked.id]


# Races


async def test_no_job_has_two_workers(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=8)):
        users = [await user() for _ in range(10)]
        for owner in users:
            await asyncio.gather(*(request(owner) for _ in range(10)))
        claims = await asyncio.gather(*(claim(7, worker=f"w{number}") for number in range(20)))
        seen = Counter(job.id for jobs in claims for job in jobs)
        while rest := await claim(100):
            seen.update(job.id for job in rest)
        assert set(seen.values()) == {1}
        assert len(seen) == 100
        assert await is_sound()


@pytest.mark.parametrize(
    "locking",
    [
        "SELECT FROM generation_jobs WHERE generation_id = $1 FOR UPDATE",
        "SELECT FROM generations WHERE id = $1 FOR UPDATE",
        "SELECT FROM characters WHERE id = (SELECT character_id FROM generations WHERE id = $1) FOR UPDATE",
    ],
    ids=["job", "generation", "character"],
)
async def test_a_claim_waits_for_nobody(db: cm.Database, url: str, locking: str) -> None:
    ada = await user()
    first, second = await request(ada), await request(ada)
    async with session(url) as other:
        async with other.transaction():
            await other.fetch(locking, first.id)
            async with asyncio.timeout(2):
                assert [job.id for job in await claim(8)] == [second.id]
        assert [job.id for job in await claim(8)] == [first.id]


async def test_a_claim_does_not_wait_for_quota(db: cm.Database, url: str) -> None:
    ada = await user()
    await request(ada)
    async with session(url) as other, other.transaction():
        await other.fetch("SELECT FROM user_quotas FOR UPDATE")
        async with asyncio.timeout(2):
            assert len(await claim(8)) == 1


@pytest.mark.parametrize("first", ["complete", "fail", "cancel", "rescue", "heartbeat"])
@pytest.mark.parametrize("second", ["complete", "fail", "cancel", "rescue"])
async def test_two_who_end_the_same_job(url: str, first: str, second: str) -> None:
    """Whichever comes first, it ends once; nothing deadlocks."""
    async with cm.connect(settings(url, db_pool_max=8)):
        users = [await user() for _ in range(4)]
        with cm.clock.frozen(NOON):
            generations = [await request(owner, max_attempts=1) for owner in users for _ in range(5)]
            jobs = {job.id: job for job in await claim(20)}

        async def act(how: str, generation: cm.Generation) -> None:
            job = jobs[generation.id]
            try:
                match how:
                    case "complete":
                        await job.complete(PICTURE)
                    case "fail":
                        await job.fail("No", retry=False)
                    case "cancel":
                        await generation.cancel()
                    case "heartbeat":
                        await job.heartbeat()
                    case _:
                        await cm.Generation.objects.rescue_stale()
            except (cm.LeaseLost, cm.InvalidTransition):
                pass

        await asyncio.gather(*(act(how, each) for each in generations for how in (first, second)))
        await cm.Generation.objects.rescue_stale()
        ended = await cm.Generation.filter(status__in=[COMPLETED, FAILED, cm.GenerationStatus.CANCELLED]).count()
        assert ended == await cm.QuotaEntry.filter(kind__in=["COMMIT", "RELEASE"]).count()
        assert await is_sound()


async def test_leases_are_renewed_together_without_a_wait(db: cm.Database, url: str) -> None:
    ada = await user()
    for _ in range(3):
        await request(ada)
    jobs = await claim(3)
    values = [[job.id for job in jobs], [job.attempt_token for job in jobs], timedelta(hours=1), None, True]
    async with session(url) as other, other.transaction():
        await other.fetch("SELECT FROM generation_jobs WHERE generation_id = $1 FOR UPDATE", jobs[0].id)
        async with asyncio.timeout(2):
            rows = await db.client.fetch(statement("heartbeat"), values)
    assert {row["generation_id"] for row in rows} == {job.id for job in jobs[1:]}


# Numbers, and what is old


async def test_querysets_and_stats(db: cm.Database) -> None:
    ada, eve = await user(), await user()
    with cm.clock.frozen(NOON):
        for _ in range(4):
            await request(ada)
        await request(eve, max_attempts=1)
    with cm.clock.frozen(NOON + 10 * SECOND):
        jobs = await claim(4)
    with cm.clock.frozen(NOON + 30 * SECOND):
        for job in jobs[:2]:
            await job.complete(PICTURE)
        await jobs[2].fail("No", retry=False)
    objects = cm.Generation.objects
    with cm.clock.frozen(NOON + timedelta(hours=2)):
        assert await objects.pending().count() == 1
        assert await objects.processing().count() == await objects.stale().count() == 1
        assert await objects.finished().count() == 3
        assert await objects.dead().count() == 1
        await objects.rescue_stale()
        stats = await objects.stats()
        assert stats.total == 5
        assert stats.by_status[COMPLETED] == 2
        assert set(stats.by_status) == set(cm.GenerationStatus)
        assert stats.success_rate == pytest.approx(2 / 3)
        assert (stats.queue_seconds_p50, stats.queue_seconds_p95) == (10, 10)
        assert (stats.processing_seconds_p50, stats.processing_seconds_p95) == (20, 20)
        assert stats.oldest_pending == timedelta(hours=2)
        assert stats.throughput_per_hour == 1
        assert stats.rescues == 1
        of_eve = await objects.stats(user_id=eve.id)
        assert of_eve.total == 1
        since = await objects.stats(since=NOON + SECOND)
        assert (since.total, since.success_rate, since.queue_seconds_p50, since.oldest_pending) == (0, None, None, None)
        assert since.throughput_per_hour == 0
    with pytest.raises(cm.InvalidInput, match="user_id"):
        await objects.stats(user_id="ada")
    with pytest.raises(cm.InvalidInput, match="since"):
        await objects.stats(since=NOON.replace(tzinfo=None))


async def test_prune(db: cm.Database) -> None:
    ada = await user()
    with cm.clock.frozen(NOON):
        for _ in range(9):
            await request(ada)
        jobs = await claim(8)
        for job in jobs[:4]:
            await job.complete(PICTURE)
        for job in jobs[4:6]:
            await job.fail("No", retry=False)
        await (await cm.Generation.get(id=jobs[6].id)).cancel()
        await jobs[6].cancel()
    day = timedelta(days=1)
    with cm.clock.frozen(NOON + day):
        assert await cm.Generation.objects.prune(day) == 0
    with cm.clock.frozen(NOON + day + SECOND):
        assert await cm.Generation.objects.prune(day, batch=2) == 5
        assert await cm.Generation.objects.prune(day) == 0
        assert await cm.Generation.objects.dead().count() == 2
        assert await cm.Generation.objects.prune(day, [FAILED]) == 2
        assert sorted(await cm.Generation.all().values_list("status", flat=True)) == [PENDING, PROCESSING]
    assert await cm.Character.all().count() == 9
    for arguments in ([-day], [day, []], [day, [PENDING]], [30]):
        with pytest.raises(cm.InvalidInput):
            await cm.Generation.objects.prune(*arguments)  # type: ignore[arg-type]
    with pytest.raises(cm.InvalidInput, match="batch"):
        await cm.Generation.objects.prune(day, batch=0)


async def test_what_is_finished_later_than_asked_for_is_pruned_by_its_end(db: cm.Database) -> None:
    day = timedelta(days=1)
    with cm.clock.frozen(NOON):
        await request(await user())
    with cm.clock.frozen(NOON + 3 * day):
        [job] = await claim()
        await job.complete(PICTURE)
    with cm.clock.frozen(NOON + 3 * day + SECOND):
        assert await cm.Generation.objects.prune(day) == 0
    with cm.clock.frozen(NOON + 4 * day + SECOND):
        assert await cm.Generation.objects.prune(day) == 1


async def test_pages_of_generations(db: cm.Database) -> None:
    ada = await user()
    asked = [(await request(ada)).id for _ in range(5)]
    page = await cm.Generation.objects.for_user(ada.id).page(size=3)
    rest = await cm.Generation.objects.for_user(ada.id).page(size=3, after=page.next_cursor)
    assert [each.id for each in [*page, *rest]] == asked[::-1]


# Listening


async def test_listen_wakes_at_once(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=4)):
        ada = await user()
        heard: list[cm.Job] = []

        async def work() -> None:
            async for job in cm.Generation.objects.listen("w1", poll=timedelta(minutes=10)):
                heard.append(job)
                await job.complete(PICTURE)

        task = asyncio.create_task(work())
        await asyncio.sleep(0.5)
        async with asyncio.timeout(5):
            for number in range(1, 4):
                await request(ada)
                while len(heard) < number or await cm.Generation.objects.processing().count():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await is_sound()


async def test_listen_outlives_its_connection(url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with cm.connect(settings(url, db_pool_max=4)):
        ada, heard = await user(), asyncio.Event()

        async def work() -> None:
            async for _ in cm.Generation.objects.listen("w1", poll=timedelta(minutes=10)):
                heard.set()

        task = asyncio.create_task(work())
        await asyncio.sleep(0.5)
        async with session(url) as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE 'LISTEN%'"
            )
        await asyncio.sleep(0.1)
        async with asyncio.timeout(10):
            while True:
                try:
                    await request(ada)
                    break
                except cm.DatabaseUnavailable:
                    continue
            await heard.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_listen_says_when_it_cannot_and_polls(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pooler in transaction mode, where LISTEN lasts only as long as its transaction."""

    async def listen_in_vain(self: asyncpg.Connection[asyncpg.Record], channel: str, callback: object) -> None:
        await self.execute(f"LISTEN {channel}; UNLISTEN *")

    monkeypatch.setattr(asyncpg.Connection, "add_listener", listen_in_vain)
    monkeypatch.setattr("charmodels.backend.listener._PROVEN_WITHIN", 0.2)
    async with cm.connect(settings(url, db_pool_max=4)) as db:
        ada = await user()
        stream = cm.Generation.objects.listen("w1", poll=timedelta(milliseconds=50))
        task = asyncio.create_task(anext(stream))
        await until(lambda: "Notifications do not arrive" in caplog.text)
        await until(lambda: db.pool_status().busy == 0)  # the listener's connection is given back
        await request(ada)
        async with asyncio.timeout(5):
            assert (await task).user_id == ada.id
        await stream.aclose()  # type: ignore[attr-defined]
