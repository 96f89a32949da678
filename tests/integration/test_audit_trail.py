"""What the trail can be asked; that nobody changes it; and how old entries leave it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import charmodels as cm
from charmodels.models.audit import AuditSettings
from tests import factories
from tests.integration.test_audit import psql

DAY = timedelta(days=1)

OLD = """
    INSERT INTO audit_entries (table_name, object_id, action, created_at)
    SELECT 'characters', gen_random_uuid(), 'DELETE', now() - n * interval '1 day' FROM generate_series(1, $1::int) n
"""


async def fill(db: cm.Database, days: int) -> None:
    """An entry for each of the last days."""
    await db.client.fetch(OLD, [days])


async def left() -> int:
    """Entries that are about something else than prunes."""
    return await cm.AuditEntry.objects.exclude(action=cm.AuditAction.PRUNE).count()


async def test_of_an_object_of_an_actor_and_of_a_time(db: cm.Database) -> None:
    with cm.request_context(actor="ada"):
        user = await factories.user(subscription_tier="PRO")
        character = await factories.character(user, is_public=True)
    await user.set_daily_quota(9)
    middle = await db.client.fetch("SELECT clock_timestamp() AS now")
    await character.unpublish()
    await character.delete()
    await factories.template()

    async def actions(query: Any) -> list[str]:
        return [each.action for each in await query.oldest()]

    trail = cm.AuditEntry.objects
    assert await actions(trail.for_object(character)) == ["PUBLISH", "UNPUBLISH", "DELETE"]
    assert await actions(cm.AuditEntry.objects.for_object(cm.Character, str(character.id))) == [
        "PUBLISH", "UNPUBLISH", "DELETE"
    ]  # fmt: skip
    assert await actions(cm.AuditEntry.objects.for_object(user)) == ["TIER", "QUOTA"]
    assert await actions(cm.AuditEntry.objects.for_object(cm.Character, user.id)) == []
    assert await actions(cm.AuditEntry.objects.by_actor("ada")) == ["TIER", "PUBLISH"]
    assert await actions(cm.AuditEntry.objects.owned_by(user.id)) == [
        "TIER", "PUBLISH", "QUOTA", "UNPUBLISH", "DELETE"
    ]  # fmt: skip
    now = middle[0]["now"]
    assert await actions(cm.AuditEntry.objects.between(until=now)) == ["TIER", "PUBLISH", "QUOTA"]
    assert await actions(cm.AuditEntry.objects.between(now)) == ["UNPUBLISH", "DELETE", "CREATE"]
    assert await actions(cm.AuditEntry.objects.between(now - DAY, now).for_object(character)) == ["PUBLISH"]
    assert len(await cm.AuditEntry.objects.between()) == 6


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda trail: trail.for_object(cm.Character), "key"),
        (lambda trail: trail.for_object(cm.Character, "no key"), "key"),
        (lambda trail: trail.for_object(AuditSettings(id=1)), "key"),
        (lambda trail: trail.by_actor(""), "actor"),
        (lambda trail: trail.by_actor("x" * 256), "actor"),
        (lambda trail: trail.between(datetime(2026, 1, 1)), "since"),
        (lambda trail: trail.between(None, datetime(2026, 1, 1)), "until"),
    ],
)
def test_what_cannot_be_asked(ask: Any, field: str) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        ask(cm.AuditEntry.objects)
    assert caught.value.field == field


async def test_it_comes_in_pages(db: cm.Database) -> None:
    await fill(db, 25)
    first = await cm.AuditEntry.objects.all().page(size=10)
    second = await cm.AuditEntry.objects.all().page(size=10, after=first.next_cursor)
    third = await cm.AuditEntry.objects.all().page(size=10, after=second.next_cursor)
    times = [each.created_at for page in (first, second, third) for each in page]
    assert len(times) == 25
    assert times == sorted(times, reverse=True)
    assert third.next_cursor is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'nobody'",
        "UPDATE audit_entries SET actor = actor WHERE false",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE created_at < now() - interval '10 days'",
        "TRUNCATE audit_entries",
        "TRUNCATE audit_entries, audit_settings CASCADE",
    ],
)
async def test_nobody_changes_what_is_written(db: cm.Database, url: str, statement: str) -> None:
    await fill(db, 20)
    with pytest.raises(cm.ConstraintViolation) as caught:
        await db.client.fetch(statement)
    assert caught.value.constraint == "audit_entries_append_only"
    assert str(caught.value) == (
        "audit_entries is append-only: an entry never changes, and goes by `charmodels audit prune` alone."
    )
    async with psql(url) as admin:
        with pytest.raises(Exception, match="audit_entries is append-only"):
            await admin.execute(statement)
        assert await admin.fetchval("SELECT count(*) FROM audit_entries WHERE actor IS NULL") == 20


async def test_nor_by_the_models(db: cm.Database) -> None:
    await fill(db, 1)
    entry = await cm.AuditEntry.objects.get()
    entry.actor = "somebody else"
    with pytest.raises(cm.ConstraintViolation, match="append-only"):
        await entry.save()
    with pytest.raises(cm.ConstraintViolation, match="append-only"):
        await entry.delete()
    with pytest.raises(cm.ConstraintViolation, match="append-only"):
        await cm.AuditEntry.objects.all().update(actor="somebody else")
    with pytest.raises(cm.ConstraintViolation, match="append-only"):
        await cm.AuditEntry.objects.all().delete()
    assert (await cm.AuditEntry.objects.get()).actor is None


async def test_an_entry_of_a_prune_excuses_no_other_deletion(db: cm.Database, url: str) -> None:
    await fill(db, 10)
    await cm.AuditEntry.objects.prune(5 * DAY)
    prune = await cm.AuditEntry.objects.get(action="PRUNE")
    async with psql(url) as admin:
        for forged in (str(prune.id), "", str(factories.missing())):
            await admin.execute("SELECT set_config('charmodels.audit_prune', $1, false)", forged)
            for rows in ("id = $1", "id <> $1"):
                with pytest.raises(Exception, match="append-only"):
                    await admin.execute(f"DELETE FROM audit_entries WHERE {rows}", prune.id)
    assert await left() == 4


async def test_a_prune_deletes_what_is_old_and_says_so(db: cm.Database, caplog: pytest.LogCaptureFixture) -> None:
    await fill(db, 30)
    caplog.set_level(logging.INFO, "charmodels.events")
    with cm.request_context(actor="retention", request_id="nightly 7"):
        assert await cm.AuditEntry.objects.prune(10 * DAY) == 21
    assert await left() == 9
    entry = await cm.AuditEntry.objects.get(action=cm.AuditAction.PRUNE)
    assert (entry.table_name, entry.object_id, entry.user_id) == ("audit_entries", None, None)
    assert (entry.actor, entry.request_id, entry.before) == ("retention", "nightly 7", None)
    assert entry.after is not None
    assert entry.after["entries"] == 21
    assert abs(datetime.fromisoformat(entry.after["until"]) - (datetime.now(UTC) - 10 * DAY)) < timedelta(minutes=5)
    [record] = caplog.records
    assert record.getMessage() == "audit.pruned entries=21 older_than=10 days, 0:00:00"


async def test_a_prune_of_nothing_says_nothing(db: cm.Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "charmodels.events")
    await fill(db, 3)
    assert await cm.AuditEntry.objects.prune(10 * DAY) == 0
    assert await cm.AuditEntry.objects.prune(timedelta(days=10**6)) == 0
    assert await cm.AuditEntry.objects.count() == 3
    assert caplog.records == []


@pytest.mark.parametrize("batch", [1, 7, 20, 21, 100])
async def test_a_prune_in_batches_accounts_for_each(db: cm.Database, batch: int) -> None:
    await fill(db, 30)
    assert await cm.AuditEntry.objects.prune(timedelta(days=9, hours=12), batch=batch) == 21
    assert await left() == 9
    said = [each.after for each in await cm.AuditEntry.objects.filter(action="PRUNE")]
    assert sum(each["entries"] for each in said if each) == 21
    assert max(each["entries"] for each in said if each) == min(batch, 21)


async def test_entries_of_the_same_moment_all_go(db: cm.Database) -> None:
    await db.client.fetch(
        "INSERT INTO audit_entries (table_name, action, created_at) "
        "SELECT 'users', 'DELETE', now() - interval '1 year' FROM generate_series(1, 10)"
    )
    assert await cm.AuditEntry.objects.prune(DAY, batch=3) == 10
    assert await left() == 0


async def test_prunes_take_turns(db: cm.Database) -> None:
    await fill(db, 200)
    pruned = await asyncio.gather(*(cm.AuditEntry.objects.prune(100 * DAY, batch=7) for _ in range(4)))
    assert sum(pruned) == 101
    assert await left() == 99
    said = [each.after for each in await cm.AuditEntry.objects.filter(action="PRUNE")]
    assert sum(each["entries"] for each in said if each) == 101


async def test_a_prune_that_is_rolled_back_never_was(db: cm.Database) -> None:
    await fill(db, 30)
    with pytest.raises(ZeroDivisionError):
        async with cm.transaction(actor="ops"):
            assert await cm.AuditEntry.objects.prune(10 * DAY) == 21
            raise ZeroDivisionError
    assert await cm.AuditEntry.objects.count() == 30


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"older_than": timedelta()}, "older_than"),
        ({"older_than": -DAY}, "older_than"),
        ({"older_than": 90}, "older_than"),
        ({"older_than": DAY, "batch": 0}, "batch"),
    ],
)
async def test_what_is_no_age(db: cm.Database, values: dict[str, Any], field: str) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        await cm.AuditEntry.objects.prune(**values)
    assert caught.value.field == field


async def test_pages_and_prunes_read_by_index(db: cm.Database) -> None:
    await db.client.fetch(
        "INSERT INTO audit_entries (user_id, table_name, object_id, action, actor, created_at) "
        "SELECT md5((n % 50)::text)::uuid, 'characters', md5(n::text)::uuid, 'PUBLISH', 'actor ' || n % 50, "
        "now() - n * interval '1 minute' FROM generate_series(1, 20000) n"
    )
    await db.client.execute_script("ANALYZE audit_entries")
    trail = cm.AuditEntry.objects
    some = await trail.all().newest().first()
    assert some is not None
    assert some.actor is not None
    assert some.user_id is not None
    async with cm.transaction() as tx:
        for query in (
            cm.AuditEntry.objects.all(),
            cm.AuditEntry.objects.for_object(cm.Character, some.object_id or ""),
            cm.AuditEntry.objects.by_actor(some.actor),
            cm.AuditEntry.objects.owned_by(some.user_id),
            cm.AuditEntry.objects.between(some.created_at - DAY, some.created_at),
        ):
            assert len(await query.page(size=20)) >= 1
        assert await cm.AuditEntry.objects.prune(timedelta(minutes=19_900)) == 101
        [row] = await tx.fetch(
            "SELECT seq_scan, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'audit_entries'"
        )
    assert row["seq_scan"] == 0
    assert row["idx_tup_fetch"] < 1000  # of 20,000
