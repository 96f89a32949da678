"""Each event is logged by what it is about, on a real database, with its fields and no address or prompt."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import charmodels as cm
from charmodels import events
from tests import factories

PAGE = Path(__file__).parents[2] / "docs" / "logging.md"
LATER = timedelta(hours=1)
PROMPT = "A secret knight"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    """What was logged of events so far, names and fields; it grows."""
    found: list[tuple[str, dict[str, Any]]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            name = vars(record)["event_name"]
            event = events.EVENTS[name]
            fields = {field: vars(record)[field] for field in event.fields if field in vars(record)}
            assert record.levelno == event.level
            assert record.getMessage().startswith(name)
            assert "secret" not in record.getMessage()
            assert "@" not in record.getMessage()
            found.append((name, fields))

    caplog.set_level(logging.DEBUG, "charmodels.events")
    handler = Handler()
    events.logger.addHandler(handler)
    yield found  # type: ignore[misc]
    events.logger.removeHandler(handler)


Said = list[tuple[str, dict[str, Any]]]


async def requested(user: cm.User, **values: Any) -> tuple[cm.Generation, cm.Job]:
    generation = await cm.Generation.objects.request(user.id, PROMPT, **values)
    [job] = await cm.Generation.objects.claim("w1", lease=timedelta(minutes=1))
    return generation, job


async def test_a_refused_quota(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    before = events.counts["quota.refused"]
    with pytest.raises(cm.QuotaExceeded) as raised:
        await cm.User.objects.reserve_quota(user.id, 10)
    with pytest.raises(cm.QuotaExceeded):
        await cm.Generation.objects.request(user.id, PROMPT, batch_size=4)
    fields = {
        "user_id": str(user.id), "remaining": 3, "limit": 3, "resets_at": raised.value.resets_at.isoformat(),
    }  # fmt: skip
    assert said == [("quota.refused", {**fields, "requested": 10}), ("quota.refused", {**fields, "requested": 4})]
    assert events.counts["quota.refused"] == before + 2


async def test_a_user_that_is_not_there_is_no_refusal(db: cm.Database, said: Said) -> None:
    with pytest.raises(cm.NotFound):
        await cm.User.objects.reserve_quota(factories.missing())
    assert said == []


async def test_another_tier(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    until = cm.clock.utc_now() + timedelta(days=31)
    await user.subscribe(cm.SubscriptionTier.PRO, until=until)
    await user.subscribe(cm.SubscriptionTier.PRO, until=until + LATER)
    await user.cancel_subscription()
    who = {"user_id": str(user.id)}
    assert said == [
        ("tier.changed", {**who, "from_tier": "FREE", "to_tier": "PRO", "until": until.isoformat()}),
        ("tier.changed", {**who, "from_tier": "PRO", "to_tier": "FREE"}),
    ]


async def test_a_tier_that_was_not_written_did_not_change(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    await user.delete()
    with pytest.raises(cm.NotFound):
        await user.subscribe(cm.SubscriptionTier.PRO)
    assert said == []


async def test_an_attempt_that_is_retried_and_a_generation_that_failed(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    generation, job = await requested(user, max_attempts=2)
    which = {"generation_id": str(generation.id), "user_id": str(user.id)}
    await job.fail("secret", delay=timedelta())
    [job] = await cm.Generation.objects.claim("w1")
    await job.fail("secret")
    assert await job.fail("secret") is cm.GenerationStatus.FAILED  # said again, it happens once
    assert said == [
        ("generation.retried", {**which, "attempt": 1}),
        ("generation.failed", {**which, "attempt": 2}),
    ]


async def test_a_generation_that_fails_without_its_worker(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    generation, _ = await requested(user)
    await generation.fail("secret")
    assert said == [("generation.failed", {"generation_id": str(generation.id), "user_id": str(user.id)})]


async def test_what_its_user_cancelled_or_its_worker_gave_back_has_not_failed(db: cm.Database, said: Said) -> None:
    generation, job = await requested(await factories.user())
    await job.release()
    [job] = await cm.Generation.objects.claim("w1")
    await generation.cancel()
    assert await job.fail("secret") is cm.GenerationStatus.CANCELLED
    assert said == []


async def test_rescued_and_dead(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    generation, _ = await requested(user, max_attempts=2)
    which = {"generation_id": str(generation.id), "user_id": str(user.id)}
    with cm.clock.frozen(cm.clock.utc_now() + LATER):
        assert await cm.Generation.objects.rescue_stale() == 1
        assert await cm.Generation.objects.rescue_stale() == 0
        await cm.Generation.objects.claim("w2")
    with cm.clock.frozen(cm.clock.utc_now() + 2 * LATER):
        assert await cm.Generation.objects.rescue_stale() == 1
    assert said == [("generation.rescued", {**which, "status": "PENDING"}), ("generation.dead", which)]


async def test_workers_that_sweep_at_once_tell_of_each_rescue_once(db: cm.Database, said: Said) -> None:
    users = [await factories.user() for _ in range(6)]
    for user in users:
        await requested(user)
    with cm.clock.frozen(cm.clock.utc_now() + LATER):
        await asyncio.gather(*(cm.Generation.objects.rescue_stale() for _ in range(5)))
    assert sorted(fields["user_id"] for _, fields in said) == sorted(str(user.id) for user in users)
    assert {name for name, _ in said} == {"generation.rescued"}


async def test_holds_that_ran_out(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    hold = await cm.User.objects.reserve_quota(user.id, 2)
    await cm.User.objects.reserve_quota(user.id)
    with cm.clock.frozen(cm.clock.utc_now() + timedelta(days=2)):
        assert await cm.QuotaHold.objects.expire() == 2
        assert await cm.QuotaHold.objects.expire() == 0
        assert await hold.commit() is cm.HoldState.EXPIRED
    late = {"hold_id": str(hold.id), "user_id": str(user.id), "amount": 2}
    assert said == [("hold.expired", {"holds": 2}), ("hold.late", late)]


async def test_a_hold_that_was_closed_in_time_is_not_late(db: cm.Database, said: Said) -> None:
    user = await factories.user()
    hold = await cm.User.objects.reserve_quota(user.id)
    await hold.commit()
    await hold.commit()
    other = await cm.User.objects.reserve_quota(user.id)
    await other.release()
    assert said == []


async def test_an_event_belongs_to_its_request(db: cm.Database, caplog: pytest.LogCaptureFixture) -> None:
    user = await factories.user()
    caplog.set_level(logging.INFO)
    caplog.handler.addFilter(narrow := cm.RequestFilter())
    try:
        with cm.request_context(actor=user.id, request_id="r-17"):
            await user.subscribe(cm.SubscriptionTier.PREMIUM)
    finally:
        caplog.handler.removeFilter(narrow)
    [record] = [record for record in caplog.records if record.name == "charmodels.events"]
    fields = vars(record)
    assert (fields["actor"], fields["request_id"], fields["trace_id"]) == (str(user.id), "r-17", None)


def test_a_field_that_the_event_has_not_got_is_refused() -> None:
    with pytest.raises(AssertionError, match="email"):
        events.emit("quota.refused", email="ada@example.com")


def test_the_page_lists_each_event_with_its_level_and_fields() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \| (\w+) \| (.*) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = {name: (level, tuple(re.findall(r"`(\w+)`", fields))) for name, level, fields, _ in rows}
    assert shown == {name: (logging.getLevelName(event.level), event.fields) for name, event in events.EVENTS.items()}
