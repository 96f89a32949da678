"""The ledger notes everything, lets nothing be changed, and tells who tampered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

import charmodels as cm
from charmodels import clock
from charmodels.models import UserQuota
from charmodels.querysets import ledger
from tests import factories
from tests.quotas import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    PREMIUM,
    PRO,
    agrees,
    columns,
    entry,
    grant,
    kinds,
    reserve,
    use,
    user,
)


@pytest.fixture(autouse=True)
def noon() -> Iterator[clock.FrozenClock]:
    with clock.frozen(NOON) as stopped:
        yield stopped


async def run(db: cm.Database, statement: str, *values: Any) -> None:
    async with db.acquire() as connection:
        await connection.execute(statement, *values)


async def discrepancies() -> list[tuple[UUID, str, int, int]]:
    found = await cm.QuotaEntry.objects.discrepancies()
    return [(each.user_id, each.what, each.counted, each.accounted) for each in found]


# What it notes


async def test_a_hold(db: cm.Database) -> None:
    ada, generation = await user(), uuid4()
    hold = await reserve(ada.id, 2, "k", expires_in=HOUR, reason="A knight", generation_id=generation)
    assert columns(await entry(ada, "HOLD")) == {
        "id": hold.id,
        "user_id": ada.id,
        "kind": cm.QuotaEntryKind.HOLD,
        "amount": 2,
        "quota_day": NOON.date(),
        "hold_id": hold.id,
        "generation_id": generation,
        "grants": None,
        "key": "k",
        "reason": "A knight",
        "expires_at": NOON + HOUR,
        "created_at": NOON,
    }


@pytest.mark.parametrize(("verb", "kind"), [("commit", "COMMIT"), ("release", "RELEASE")])
async def test_what_closes_a_hold(db: cm.Database, noon: clock.FrozenClock, verb: str, kind: str) -> None:
    ada, generation = await user(), uuid4()
    hold = await reserve(ada.id, 2, "k", reason="A knight", generation_id=generation)
    noon.advance(MINUTE)
    await getattr(hold, verb)(reason="Done")
    found = await entry(ada, kind)
    assert found.id != hold.id
    assert (found.amount, found.hold_id, found.generation_id, found.key) == (2, hold.id, generation, "k")
    assert (found.quota_day, found.reason, found.created_at) == (NOON.date(), "Done", NOON + MINUTE)


@pytest.mark.parametrize("by", ["sweep", "reserve", "commit", "release"])
async def test_an_expiry(db: cm.Database, noon: clock.FrozenClock, by: str) -> None:
    ada = await user()
    hold = await reserve(ada.id, 3, expires_in=MINUTE)
    noon.advance(2 * MINUTE)
    if by == "sweep":
        await cm.QuotaHold.objects.expire()
    elif by == "reserve":
        await reserve(ada.id)
    else:
        await getattr(hold, by)()
    found = await entry(ada, "EXPIRE")
    assert (found.amount, found.hold_id, found.created_at) == (3, hold.id, NOON + 2 * MINUTE)
    assert await agrees()


async def test_a_grant(db: cm.Database) -> None:
    ada = await user()
    made = await grant(ada.id, 20, until=NOON + DAY, key="p", reason="Bought")
    found = await entry(ada, "GRANT")
    assert (found.amount, found.grants, found.key, found.reason) == (20, {str(made.id): 20}, "p", "Bought")
    assert (found.expires_at, found.created_at) == (NOON + DAY, NOON)
    assert (found.quota_day, found.hold_id) == (None, None)


async def test_a_tier_by_subscribe(db: cm.Database) -> None:
    ada = await user()
    await ada.subscribe(PRO, until=NOON + DAY)
    found = await entry(ada, "TIER")
    assert (found.amount, found.reason, found.expires_at) == (0, "FREE to PRO", NOON + DAY)


async def test_a_tier_by_cancelling(db: cm.Database) -> None:
    ada = await user(subscription_tier=PRO)
    await ada.cancel_subscription()
    assert (await entry(ada, "TIER")).reason == "PRO to FREE"


async def test_a_tier_by_save(db: cm.Database) -> None:
    ada = await user()
    ada.subscription_tier = PREMIUM
    await ada.save()
    assert (await entry(ada, "TIER")).reason == "FREE to PREMIUM"


async def test_tiers_by_a_bulk_update(db: cm.Database) -> None:
    ada, eve = await user(), await user(subscription_tier=PRO)
    await cm.User.all().update(subscription_tier=PREMIUM)
    assert (await entry(ada, "TIER")).reason == "FREE to PREMIUM"
    assert (await entry(eve, "TIER")).reason == "PRO to PREMIUM"


async def test_a_tier_by_raw_sql(db: cm.Database) -> None:
    ada = await user()
    await run(db, "UPDATE users SET subscription_tier = 'PRO' WHERE id = $1", ada.id)
    assert (await entry(ada, "TIER")).reason == "FREE to PRO"


async def test_a_longer_subscription(db: cm.Database) -> None:
    ada = await user(subscription_tier=PRO, subscription_expires_at=NOON + DAY)
    await ada.subscribe(PRO, until=NOON + 2 * DAY)
    found = await entry(ada, "TIER")
    assert (found.reason, found.expires_at) == ("PRO to PRO", NOON + 2 * DAY)


async def test_what_is_no_change_of_tier(db: cm.Database) -> None:
    ada = await user(subscription_tier=PRO)
    await ada.subscribe(PRO)
    ada.name = "Ada"
    await ada.save()
    assert await kinds(ada) == []


# What it refuses


async def closed(db: cm.Database) -> cm.User:
    ada = await user()
    await use(ada)
    return ada


@pytest.mark.parametrize(
    "statement", ["UPDATE quota_ledger SET amount = 2", "DELETE FROM quota_ledger", "TRUNCATE quota_ledger"]
)
async def test_raw_sql_changes_no_entry(db: cm.Database, statement: str) -> None:
    ada = await closed(db)
    with pytest.raises(cm.ConstraintViolation) as raised:
        await run(db, statement)
    assert raised.value.constraint == "quota_ledger_append_only"
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_the_truncation_of_users_stops_at_the_ledger(db: cm.Database) -> None:
    ada = await closed(db)
    with pytest.raises(cm.ConstraintViolation):
        await run(db, "TRUNCATE users CASCADE")
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_deleting_the_counter_does_not_take_the_ledger_along(db: cm.Database) -> None:
    ada = await closed(db)
    with pytest.raises(cm.ConstraintViolation):
        await UserQuota.filter(user_id=ada.id).delete()
    assert await kinds(ada) == ["COMMIT", "HOLD"]


async def test_the_models_change_no_entry(db: cm.Database) -> None:
    ada = await closed(db)
    found = await entry(ada, "HOLD")
    found.amount = 2
    for change in (
        lambda: cm.QuotaEntry.all().update(amount=2),
        lambda: cm.QuotaEntry.all().delete(),
        lambda: found.save(),
        lambda: found.delete(),
        lambda: cm.QuotaEntry.bulk_update([found], fields=["amount"]),
    ):
        with pytest.raises(cm.ConstraintViolation):
            await change()
    assert await kinds(ada) == ["COMMIT", "HOLD"]
    assert (await entry(ada, "HOLD")).amount == 1


async def test_entries_go_with_their_user(db: cm.Database) -> None:
    ada, eve = await closed(db), await closed(db)
    await reserve(ada.id)
    await grant(ada.id, 3)
    await ada.delete()
    assert await cm.QuotaEntry.filter(user_id=ada.id).count() == 0
    assert await kinds(eve) == ["COMMIT", "HOLD"]
    await cm.User.all().delete()
    assert await cm.QuotaEntry.all().count() == 0


async def test_a_hold_is_closed_once_in_raw_sql_too(db: cm.Database) -> None:
    ada = await user()
    hold = await use(ada)
    with pytest.raises(cm.Conflict) as raised:
        await run(
            db,
            "INSERT INTO quota_ledger (user_id, kind, amount, quota_day, hold_id) VALUES ($1, 'RELEASE', 1, $2, $3)",
            ada.id,
            hold.quota_day,
            hold.id,
        )
    assert raised.value.constraint == "quota_ledger_closed_once"


# Who tampered


@pytest.fixture
async def ada(db: cm.Database) -> cm.User:
    """Somebody with one of everything: used 2 of the day and 1 of a grant, and holds 1 of each."""
    made = await user(daily_quota=3)
    await grant(made.id, 5)
    await use(made, 2)
    await reserve(made.id, 2)
    await use(made)
    eve = await factories.user()
    await use(eve)
    assert await discrepancies() == []
    return made


@pytest.mark.parametrize(
    ("change", "what", "counted", "accounted"),
    [
        ("UPDATE user_quotas SET daily_used = 2 WHERE user_id = $1", "daily_used", 2, 3),
        ("UPDATE user_quotas SET daily_used = 4 WHERE user_id = $1", "daily_used", 4, 3),
        ("UPDATE user_quotas SET granted_used = 0 WHERE user_id = $1", "granted_used", 0, 2),
        ("DELETE FROM quota_holds WHERE user_id = $1", "open holds", 0, 2),
        ("UPDATE quota_holds SET amount = 1 WHERE user_id = $1", "open holds", 1, 2),
        ("UPDATE quota_holds SET grants = NULL WHERE user_id = $1", "open holds", 2, 2),
        ("UPDATE quota_holds SET quota_day = quota_day + 1 WHERE user_id = $1", "open holds", 2, 2),
        (
            "INSERT INTO quota_holds (user_id, amount, quota_day, expires_at) VALUES ($1, 4, current_date, now())",
            "open holds",
            6,
            2,
        ),
        ("UPDATE quota_grants SET spent = 0 WHERE user_id = $1", "spent of grants", 0, 2),
        ("UPDATE quota_grants SET amount = 9 WHERE user_id = $1", "grants", 9, 5),
        ("INSERT INTO quota_grants (user_id, amount) VALUES ($1, 4)", "grants", 9, 5),
        (
            """INSERT INTO quota_ledger (user_id, kind, amount, quota_day, hold_id)
               SELECT user_id, 'COMMIT', amount, quota_day, id FROM quota_holds WHERE user_id = $1""",
            "open holds",
            2,
            0,
        ),
    ],
)
async def test_each_kind_of_tampering(
    db: cm.Database, ada: cm.User, change: str, what: str, counted: int, accounted: int
) -> None:
    await run(db, change, ada.id)
    assert (ada.id, what, counted, accounted) in await discrepancies()
    assert {each[0] for each in await discrepancies()} == {ada.id}


async def test_a_grant_that_is_gone(db: cm.Database, ada: cm.User) -> None:
    await run(db, "DELETE FROM quota_grants WHERE user_id = $1", ada.id)
    assert await discrepancies() == [(ada.id, "grants", 0, 5), (ada.id, "spent of grants", 0, 2)]


async def test_two_wrongs_that_add_up(db: cm.Database, ada: cm.User) -> None:
    """The sums agree, the grants do not."""
    await grant(ada.id, 5)
    await run(db, "UPDATE quota_grants SET spent = 2 - spent WHERE user_id = $1", ada.id)
    assert await discrepancies() == [(ada.id, "spent of grants", 2, 2)]


@pytest.mark.parametrize("later", [timedelta(), HOUR, DAY, 3 * DAY])
async def test_time_alone_is_no_discrepancy(
    db: cm.Database, ada: cm.User, noon: clock.FrozenClock, later: timedelta
) -> None:
    noon.advance(later)
    assert await agrees()
    await reserve(ada.id)
    assert await agrees()
    await cm.QuotaHold.objects.expire()
    assert await agrees()


async def test_more_users_than_one_statement_compares(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    owners = sorted([await user() for _ in range(5)], key=lambda owner: owner.id)
    for owner in owners:
        await use(owner)
    await run(db, "UPDATE user_quotas SET daily_used = 0 WHERE user_id = $1", owners[4].id)
    lots = [(checked, len(found)) async for checked, found in cm.QuotaEntry.objects.compare()]
    assert lots == [(2, 0), (2, 0), (1, 1)]
    assert await discrepancies() == [(owners[4].id, "daily_used", 0, 1)]


async def test_nobody_to_compare(db: cm.Database) -> None:
    assert await discrepancies() == []


async def test_a_counter_is_never_negative(db: cm.Database) -> None:
    ada = await user()
    with pytest.raises(cm.ConstraintViolation):
        await run(db, "UPDATE user_quotas SET daily_used = -1 WHERE user_id = $1", ada.id)
