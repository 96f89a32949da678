"""The workflow of one generation: what each step does, and what it refuses."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

import charmodels as cm
from charmodels import limits
from charmodels.models import GenerationJob
from tests import factories
from tests.proxy import session
from tests.queues import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    PICTURE,
    PROCESSING,
    SMALL,
    claim,
    claimed,
    is_sound,
    request,
    statuses,
    user,
)
from tests.quotas import NOON, kinds, numbers

pytestmark = pytest.mark.usefixtures("db")


# Requests


async def test_a_request_makes_everything() -> None:
    ada = await user()
    generation = await cm.Generation.objects.request(
        ada.id, "A brave knight", "FANTASY", ["Hero ", "hero", "Knight"], name=" Osric ", batch_size=3, key="k"
    )
    stored = await cm.Generation.get(id=generation.id)
    assert {name: getattr(generation, name) for name in stored._meta.fields_db_projection} == {
        name: getattr(stored, name) for name in stored._meta.fields_db_projection
    }
    assert generation.tags == ["hero", "knight"]
    character = await cm.Character.get(id=generation.character_id)
    assert (character.name, character.prompt, character.style_type) == ("Osric", "A brave knight", cm.StyleType.FANTASY)
    assert (character.tags, character.generation_status, character.is_public) == (["hero", "knight"], PENDING, False)
    assert character.created_at == generation.created_at
    [hold] = await cm.QuotaHold.all()
    assert (hold.amount, hold.generation_id, hold.user_id) == (3, generation.id, ada.id)
    [job] = await GenerationJob.all()
    assert (job.generation_id, job.hold_id, job.turn_at) == (generation.id, hold.id, generation.created_at)
    assert await numbers(ada) == (3, 3, 97)
    assert await kinds(ada) == ["HOLD"]
    assert await is_sound()


async def test_the_same_key_is_the_same_generation() -> None:
    ada, eve = await user(), await user()
    asked = [request(ada, key="k") for _ in range(10)]
    generations = await asyncio.gather(*asked)
    assert len({generation.id for generation in generations}) == 1
    assert sorted(generation.repeated for generation in generations) == [False] + [True] * 9
    assert (await request(eve, key="k")).id != generations[0].id
    assert await numbers(ada) == (1, 1, 99)
    for change in ({"prompt": "Another"}, {"batch_size": 2}):
        with pytest.raises(cm.Conflict, match="this key was used for another"):
            await request(ada, **{"key": "k", **change})
    assert await is_sound()


async def test_too_much_leaves_nothing() -> None:
    ada = await user(2)
    template = await factories.template()
    with pytest.raises(cm.QuotaExceeded) as refused:
        await request(ada, batch_size=3, template=template)
    assert (refused.value.limit, refused.value.requested) == (2, 3)
    assert (
        await cm.Generation.all().count() == await cm.Character.all().count() == await GenerationJob.all().count() == 0
    )
    assert (await cm.CharacterTemplate.get(id=template.id)).usage_count == 0
    assert await kinds(ada) == []


async def test_of_a_template() -> None:
    ada, template, old = await user(), await factories.template(), await factories.template(is_active=False)
    generation = await request(ada, template=template)
    assert (await cm.Character.get(id=generation.character_id)).template_id == template.id
    assert (await cm.CharacterTemplate.get(id=template.id)).usage_count == 1
    for missing in (old, factories.missing()):
        with pytest.raises(cm.NotFound, match="There is no such CharacterTemplate"):
            await request(ada, template=missing)
    assert await numbers(ada) == (1, 1, 99)


async def test_of_nobody() -> None:
    with pytest.raises(cm.NotFound, match="There is no such User"):
        await cm.Generation.objects.request(uuid4(), "A brave knight", cm.StyleType.FANTASY)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("prompt", {"prompt": " "}),
        ("prompt", {"prompt": "x" * 2001}),
        ("prompt", {"prompt": "\0"}),
        ("style_type", {"style_type": "OIL"}),
        ("tags", {"tags": [str(number) for number in range(11)]}),
        ("name", {"name": "x" * 101}),
        ("template", {"template": "none"}),
        ("batch_size", {"batch_size": 0}),
        ("batch_size", {"batch_size": 11}),
        ("key", {"key": ""}),
        ("priority", {"priority": 2**15}),
        ("priority", {"priority": True}),
        ("max_attempts", {"max_attempts": 0}),
        ("user_id", {"user_id": "ada"}),
    ],
)
async def test_a_request_that_breaks_a_rule(field: str, values: dict[str, object]) -> None:
    ada = await user()
    arguments = {"user_id": ada.id, "prompt": "A brave knight", "style_type": "FANTASY", **values}
    with pytest.raises(cm.InvalidInput) as refused:
        await cm.Generation.objects.request(**arguments)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert await cm.Generation.all().count() == 0


async def test_a_request_in_a_transaction_goes_with_it() -> None:
    ada = await user()
    with pytest.raises(ZeroDivisionError):
        async with cm.transaction():
            await request(ada)
            raise ZeroDivisionError
    assert await cm.Generation.all().count() == 0
    assert await numbers(ada) == (0, 0, 100)


# From claim to picture


async def test_a_claim_leases_the_work() -> None:
    ada = await user()
    with cm.clock.frozen(NOON):
        generation = await request(ada, tags=["hero"], batch_size=2, priority=7)
    with cm.clock.frozen(NOON + timedelta(seconds=30)):
        [job] = await claim(8)
    assert (job.id, job.user_id, job.character_id) == (generation.id, ada.id, generation.character_id)
    assert (job.prompt, job.style_type, job.tags, job.batch_size) == (
        "A brave knight", cm.StyleType.FANTASY, ["hero"], 2
    )  # fmt: skip
    assert (job.priority, job.attempt, job.max_attempts, job.rescues) == (7, 1, 3, 0)
    assert job.created_at == NOON
    assert job.started_at == NOON + timedelta(seconds=30)
    assert job.lease_expires_at == job.started_at + timedelta(minutes=5)
    assert await statuses(generation) == (PROCESSING, PROCESSING)
    assert await claim() == []
    assert await is_sound()


async def test_complete() -> None:
    ada = await user()
    generation, job = await claimed(ada, batch_size=2)
    await job.complete(PICTURE, SMALL, {"seed": 7})
    record = await cm.Generation.get(id=generation.id).select_related("character")
    assert (record.status, record.image_url, record.thumbnail_url, record.metadata) == (
        COMPLETED, PICTURE, SMALL, {"seed": 7}
    )  # fmt: skip
    assert record.attempts == 1
    assert record.started_at <= record.completed_at
    character = record.character
    assert (character.generation_status, character.image_url, character.thumbnail_url, character.metadata) == (
        COMPLETED, PICTURE, SMALL, {"seed": 7}
    )  # fmt: skip
    assert await GenerationJob.all().count() == await cm.QuotaHold.all().count() == 0
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    assert await numbers(ada) == (2, 0, 98)
    assert (await cm.UserQuota.get(user_id=ada.id)).total_generated == 2
    assert await is_sound()


async def test_complete_takes_effect_once() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    await asyncio.gather(*(job.complete(PICTURE) for _ in range(5)))
    await job.complete("https://images.example/2.png")
    assert (await cm.Generation.get(id=generation.id)).image_url == PICTURE
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    with pytest.raises(cm.LeaseLost):
        await job.fail("Too late")


async def test_many_complete_together() -> None:
    users = [await user() for _ in range(8)]
    for owner in users * 3:
        await request(owner)
    jobs = await claim(24)
    await asyncio.gather(*(job.complete(PICTURE) for job in jobs))
    assert await cm.Generation.filter(status=COMPLETED).count() == 24
    assert [await numbers(owner) for owner in users] == [(3, 0, 97)] * 8
    assert await is_sound()


@pytest.mark.parametrize(
    ("field", "arguments"),
    [("image_url", ["ftp://x/y"]), ("thumbnail_url", [PICTURE, "nowhere"]), ("metadata", [PICTURE, None, {"a": "\0"}])],
)
async def test_no_picture(field: str, arguments: list[object]) -> None:
    generation, job = await claimed(await user())
    with pytest.raises(cm.InvalidInput) as refused:
        await job.complete(*arguments)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert await statuses(generation) == (PROCESSING, PROCESSING)


async def test_a_character_that_is_gone_takes_no_picture_with_it() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    await cm.Character.filter(id=generation.character_id).delete()
    await job.complete(PICTURE)
    assert await statuses(generation) == (COMPLETED, None)
    assert (await cm.Generation.get(id=generation.id)).image_url == PICTURE
    assert await numbers(ada) == (1, 0, 99)


async def test_a_finished_character_keeps_its_picture_until_there_is_another() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    await job.complete(PICTURE, SMALL)
    character = await cm.Character.get(id=generation.character_id)
    await character.publish()
    again = await factories.generation(ada, character_id=character.id)
    await cm.Generation.filter(id=again.id).update(status=PROCESSING)
    assert await cm.Character.objects.public().count() == 1
    await cm.Generation.filter(id=again.id).update(status=FAILED)
    await character.refresh_from_db()
    assert (character.generation_status, character.image_url) == (COMPLETED, PICTURE)


async def test_a_report_in_a_transaction_goes_with_it() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    with pytest.raises(ZeroDivisionError):
        async with cm.transaction():
            await job.complete(PICTURE)
            raise ZeroDivisionError
    assert await statuses(generation) == (PROCESSING, PROCESSING)
    await job.complete(PICTURE)
    assert await is_sound()


# Attempts that fail


async def test_a_failed_attempt_is_tried_again_later() -> None:
    ada = await user()
    with cm.clock.frozen(NOON):
        generation, job = await claimed(ada)
        assert await job.fail("The provider is away", delay=timedelta(seconds=10)) is PENDING
        record = await cm.Generation.get(id=generation.id)
        assert (record.status, record.error_message, record.attempts) == (PENDING, "The provider is away", 1)
        assert await statuses(generation) == (PENDING, PENDING)
        assert await claim() == []
    with cm.clock.frozen(NOON + timedelta(seconds=10)):
        [again] = await claim()
        assert (again.id, again.attempt) == (generation.id, 2)
        assert (await cm.Generation.get(id=generation.id)).error_message is None
        for report in (job.complete(PICTURE), job.fail("Late"), job.heartbeat(), job.release(), job.cancel()):
            with pytest.raises(cm.LeaseLost, match="Worker w1 no longer holds the lease"):
                await report
        await again.complete(PICTURE)
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    assert await is_sound()


async def test_the_last_attempt_fails_for_good() -> None:
    ada = await user()
    generation = await request(ada, max_attempts=2, batch_size=2)
    for expected in (PENDING, FAILED):
        [job] = await claim()
        assert await job.fail("No luck", delay=timedelta()) is expected
    assert await statuses(generation) == (FAILED, FAILED)
    assert (await cm.Generation.get(id=generation.id)).completed_at is not None
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert await numbers(ada) == (0, 0, 100)
    assert await claim() == []
    assert await is_sound()


async def test_without_a_retry_the_first_is_the_last() -> None:
    ada = await user()
    _, job = await claimed(ada)
    assert await asyncio.gather(*(job.fail("Never", retry=False) for _ in range(3))) == [FAILED] * 3
    assert await kinds(ada) == ["HOLD", "RELEASE"]


async def test_a_long_reason_is_cut() -> None:
    generation, job = await claimed(await user())
    await job.fail("x" * 5000, retry=False)
    assert (await cm.Generation.get(id=generation.id)).error_message == "x" * limits.ERROR_LENGTH


async def test_a_reason_that_is_no_text() -> None:
    generation, job = await claimed(await user())
    for report in (job.fail(None), generation.fail(7)):  # type: ignore[arg-type]
        with pytest.raises(cm.InvalidInput, match="reason"):
            await report
    assert await statuses(generation) == (PROCESSING, PROCESSING)


async def test_a_released_job_is_as_if_it_had_not_been() -> None:
    generation, job = await claimed(await user())
    await job.release()
    record = await cm.Generation.get(id=generation.id)
    assert (record.status, record.attempts) == (PENDING, 0)
    [again] = await claim()
    assert again.attempt == 1
    assert await is_sound()


@pytest.mark.parametrize("delay", [timedelta(seconds=-1), timedelta(days=400)])
async def test_a_delay_out_of_range(delay: timedelta) -> None:
    _, job = await claimed(await user())
    with pytest.raises(cm.InvalidInput, match="delay"):
        await job.fail("No", delay=delay)


# Leases


async def test_a_heartbeat_renews_the_lease() -> None:
    with cm.clock.frozen(NOON):
        _, job = await claimed(await user())
    with cm.clock.frozen(NOON + timedelta(minutes=4)):
        assert await job.heartbeat()
        assert job.lease_expires_at == NOON + timedelta(minutes=9)
        assert await job.heartbeat(timedelta(hours=1))
        assert job.lease_expires_at == NOON + timedelta(minutes=64)
    with cm.clock.frozen(NOON + timedelta(minutes=30)):
        assert await cm.Generation.objects.rescue_stale() == 0


async def test_a_lease_that_ran_out_is_rescued() -> None:
    ada = await user()
    with cm.clock.frozen(NOON):
        generation, job = await claimed(ada)
        assert await cm.Generation.objects.stale().count() == 0
    with cm.clock.frozen(NOON + timedelta(minutes=5)):
        assert await cm.Generation.objects.stale().values_list("id", flat=True) == [generation.id]
        assert await cm.Generation.objects.rescue_stale() == 1
        assert await cm.Generation.objects.rescue_stale() == 0
        record = await cm.Generation.get(id=generation.id)
        assert (record.status, record.rescues, record.attempts) == (PENDING, 1, 1)
        assert record.error_message == "The lease of worker w1 ran out."
        with pytest.raises(cm.LeaseLost):
            await job.complete(PICTURE)
        [again] = await claim(worker="w2")
        assert (again.attempt, again.rescues) == (2, 1)
        await again.complete(PICTURE)
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    assert await is_sound()


async def test_a_late_worker_may_still_complete_what_nobody_took() -> None:
    with cm.clock.frozen(NOON):
        generation, job = await claimed(await user())
    with cm.clock.frozen(NOON + timedelta(hours=1)):
        await job.complete(PICTURE)
    assert await statuses(generation) == (COMPLETED, COMPLETED)


async def test_a_rescue_after_the_last_attempt_fails_and_refunds() -> None:
    ada = await user()
    with cm.clock.frozen(NOON):
        generation, _ = await claimed(ada, max_attempts=1)
    with cm.clock.frozen(NOON + timedelta(hours=1)):
        rescued = await asyncio.gather(*(cm.Generation.objects.rescue_stale() for _ in range(4)))
    assert sum(rescued) == 1
    assert await statuses(generation) == (FAILED, FAILED)
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert (await cm.Generation.get(id=generation.id)).rescues == 1
    assert await is_sound()


@pytest.mark.parametrize("lease", [timedelta(), timedelta(days=2), 300])
async def test_a_lease_out_of_range(lease: timedelta) -> None:
    with pytest.raises(cm.InvalidInput, match="lease"):
        await claim(lease=lease)


@pytest.mark.parametrize("arguments", [{"limit": 0}, {"limit": 1001}, {"worker": ""}, {"worker": "x" * 101}])
async def test_a_claim_out_of_range(arguments: dict[str, object]) -> None:
    with pytest.raises(cm.InvalidInput, match=min(arguments)):
        await claim(**arguments)  # type: ignore[arg-type]


# Cancelling


async def test_cancel_what_waits() -> None:
    ada = await user()
    generation = await request(ada)
    assert await generation.cancel() is CANCELLED
    assert generation.status is CANCELLED
    assert await generation.cancel() is CANCELLED
    assert await statuses(generation) == (CANCELLED, CANCELLED)
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert await claim() == []
    assert await is_sound()


async def test_cancel_what_is_under_way() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    assert await job.heartbeat()
    assert await generation.cancel() is PROCESSING
    assert not await job.heartbeat()
    await job.cancel()
    assert await statuses(generation) == (CANCELLED, CANCELLED)
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert await is_sound()


async def test_what_was_cancelled_is_not_tried_again() -> None:
    with cm.clock.frozen(NOON):
        ada = await user()
        first, failing = await claimed(ada)
        second, _ = await claimed(ada)
        await asyncio.gather(first.cancel(), second.cancel())
        assert await failing.fail("No") is CANCELLED
    with cm.clock.frozen(NOON + timedelta(hours=1)):
        await cm.Generation.objects.rescue_stale()
    assert [await statuses(each) for each in (first, second)] == [(CANCELLED, CANCELLED)] * 2
    assert await is_sound()


async def test_a_picture_that_is_there_is_kept_though_it_was_to_be_cancelled() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    await generation.cancel()
    await job.complete(PICTURE)
    assert await statuses(generation) == (COMPLETED, COMPLETED)
    with pytest.raises(cm.InvalidTransition, match="from COMPLETED to CANCELLED"):
        await generation.cancel()


async def test_cancel_what_is_gone() -> None:
    generation = await request(await user())
    await generation.delete()
    with pytest.raises(cm.NotFound):
        await generation.cancel()
    with pytest.raises(cm.NotFound):
        await generation.complete(PICTURE)
    with pytest.raises(cm.NotFound):
        await generation.fail("No")


# Trying again


async def test_retry_what_failed() -> None:
    ada = await user(1)
    generation, job = await claimed(ada)
    await job.fail("No", retry=False)
    assert await cm.Generation.objects.dead().values_list("id", flat=True) == [generation.id]
    await generation.retry()
    assert (generation.status, generation.attempts, generation.error_message) == (PENDING, 0, None)
    assert await numbers(ada) == (1, 1, 0)
    with pytest.raises(cm.InvalidTransition, match="from PENDING to PENDING"):
        await generation.retry()
    [again] = await claim()
    await again.complete(PICTURE)
    assert await kinds(ada) == ["COMMIT", "HOLD", "HOLD", "RELEASE"]
    assert await statuses(generation) == (COMPLETED, COMPLETED)
    assert await is_sound()


async def test_retry_needs_quota() -> None:
    ada = await user(2)
    for _ in range(2):
        _, job = await claimed(ada)
        await job.fail("No", retry=False)
    await request(ada)
    dead = await cm.Generation.objects.dead()
    assert await cm.Generation.objects.for_user(ada.id).retry() == 1
    [left] = await cm.Generation.objects.dead()
    assert left.id in {each.id for each in dead}
    with pytest.raises(cm.QuotaExceeded) as refused:
        await left.retry()
    assert (refused.value.limit, refused.value.used, refused.value.requested) == (2, 2, 1)
    assert await is_sound()


# Providers


async def test_a_webhook_that_comes_twice_completes_once() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    await job.attach_provider_request("request-1")
    found = [await cm.Generation.objects.by_provider_request("request-1") for _ in range(4)]
    assert {each.id for each in found} == {generation.id}
    assert sorted(await asyncio.gather(*(each.complete(PICTURE) for each in found))) == [False, False, False, True]
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    await job.complete(SMALL)  # of the same attempt, so it changes nothing
    assert (await cm.Generation.get(id=generation.id)).image_url == PICTURE
    assert await is_sound()


async def test_a_picture_that_comes_after_the_lease_is_not_lost() -> None:
    with cm.clock.frozen(NOON):
        generation, job = await claimed(await user())
        await job.attach_provider_request("request-1")
    with cm.clock.frozen(NOON + timedelta(hours=1)):
        await cm.Generation.objects.rescue_stale()
        assert await (await cm.Generation.objects.by_provider_request("request-1")).complete(PICTURE)
    assert await statuses(generation) == (COMPLETED, COMPLETED)
    assert await claim() == []
    assert await is_sound()


async def test_a_webhook_that_says_no() -> None:
    ada = await user()
    generation, job = await claimed(ada)
    await job.attach_provider_request("request-1")
    assert await generation.fail("Try later", retry_in=timedelta(minutes=1)) is PENDING
    assert await generation.fail("The provider does not draw that") is FAILED
    assert generation.error_message == "The provider does not draw that"
    with pytest.raises(cm.InvalidTransition, match="from FAILED to COMPLETED"):
        await generation.complete(PICTURE)
    assert await kinds(ada) == ["HOLD", "RELEASE"]
    assert await is_sound()


async def test_a_provider_request_is_one_generations() -> None:
    ada = await user()
    first, job = await claimed(ada)
    second = await request(ada)
    await first.attach_provider_request("request-1")
    with pytest.raises(cm.Conflict):
        await second.attach_provider_request("request-1")
    await job.attach_provider_request("request-2")
    with pytest.raises(cm.NotFound):
        await cm.Generation.objects.by_provider_request("request-1")
    await job.release()
    with pytest.raises(cm.LeaseLost):
        await job.attach_provider_request("request-3")


# What the database guards


@pytest.mark.parametrize("before", list(cm.GenerationStatus))
@pytest.mark.parametrize("after", list(cm.GenerationStatus))
async def test_transitions(before: cm.GenerationStatus, after: cm.GenerationStatus, url: str) -> None:
    """Whoever writes, by the model, in bulk or in SQL."""
    allowed = {
        (PENDING, PROCESSING), (PENDING, CANCELLED), (PROCESSING, COMPLETED), (PROCESSING, FAILED),
        (PROCESSING, CANCELLED), (PROCESSING, PENDING), (FAILED, PENDING),
    }  # fmt: skip
    generation = await factories.generation(status=before)
    row = cm.Generation.filter(id=generation.id)
    if before is after or (before, after) in allowed:
        await row.update(status=after)
        assert (await row.get()).status is after
        return
    with pytest.raises(cm.InvalidTransition, match=f"from {before} to {after}") as refused:
        await row.update(status=after)
    assert (refused.value.from_, refused.value.to) == (before, after)
    generation.status = after
    with pytest.raises(cm.InvalidTransition):
        await generation.save()
    async with session(url) as other:
        with pytest.raises(Exception, match=f"{before} to {after}"):
            await other.execute("UPDATE generations SET status = $1", after)


async def test_a_status_changed_by_hand_poisons_no_claim() -> None:
    ada = await user()
    first, second = await request(ada), await request(ada)
    await cm.Generation.filter(id=first.id).update(status=CANCELLED)
    assert [job.id for job in await claim(8)] == [second.id]


@pytest.mark.parametrize("by_hand", [COMPLETED, FAILED, CANCELLED])
async def test_a_status_changed_by_hand_holds_up_no_rescue(by_hand: cm.GenerationStatus) -> None:
    ada = await user()
    with cm.clock.frozen(NOON):
        changed, other = await request(ada), await request(ada)
        await claim(2)
        await cm.Generation.filter(id=changed.id).update(status=by_hand)
    with cm.clock.frozen(NOON + timedelta(hours=1)):
        assert await cm.Generation.objects.rescue_stale() == 2
    assert await statuses(other) == (PENDING, PENDING)
    assert await statuses(changed) == (by_hand, by_hand)
    assert await kinds(ada) == ["HOLD", "HOLD", "RELEASE"]
    assert await is_sound()


async def test_deleting_an_open_generation_gives_its_hold_back() -> None:
    ada = await user()
    waiting, finished = await request(ada), await request(ada)
    _, job = await claim(2)
    await job.complete(PICTURE)
    assert job.id == finished.id
    await asyncio.gather(waiting.delete(), finished.delete())
    assert await kinds(ada) == ["COMMIT", "HOLD", "HOLD", "RELEASE"]
    assert await numbers(ada) == (1, 0, 99)
    assert await is_sound()


async def test_deleting_a_user_takes_the_work_along() -> None:
    ada = await user()
    _, job = await claimed(ada)
    await request(ada)
    await ada.delete()
    assert await GenerationJob.all().count() == await cm.Generation.all().count() == 0
    with pytest.raises(cm.LeaseLost):
        await job.complete(PICTURE)
    assert await claim() == []
