"""What tests of the quota ask, and the statements that they watch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

import charmodels as cm
from charmodels.models import UserQuota
from tests import factories
from tests.proxy import session

FREE, PREMIUM, PRO = cm.SubscriptionTier
OPEN, COMMITTED, RELEASED, EXPIRED = cm.HoldState
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

reserve = cm.User.objects.reserve_quota
grant = cm.User.objects.grant_quota
quota = cm.User.objects.quota


async def user(daily_quota: int | None = None, **values: Any) -> cm.User:
    """A user, with an override of the daily quota if it is given."""
    made = await factories.user(**values)
    if daily_quota is not None:
        await made.set_daily_quota(daily_quota)
    return made


async def use(owner: cm.User, amount: int = 1) -> cm.QuotaHold:
    hold = await reserve(owner.id, amount)
    assert await hold.commit() is COMMITTED
    return hold


async def admitted(owner: cm.User, amount: int = 1, **keywords: Any) -> bool:
    """Whether there was room."""
    try:
        await reserve(owner.id, amount, **keywords)
    except cm.QuotaExceeded:
        return False
    return True


async def numbers(owner: cm.User) -> tuple[int, int, int]:
    """Used, held and remaining."""
    status = await quota(owner.id)
    return status.used, status.held, status.remaining


async def remaining(owner: cm.User) -> int:
    return (await quota(owner.id)).remaining


async def kinds(owner: cm.User) -> list[str]:
    """The kinds of the user's entries in the ledger, in the order of the alphabet: a clock that stands gives none."""
    return sorted([entry.kind for entry in await cm.QuotaEntry.filter(user_id=owner.id)])


async def entry(owner: cm.User, kind: str) -> cm.QuotaEntry:
    """The only one of its kind."""
    return await cm.QuotaEntry.get(user_id=owner.id, kind=kind)


def columns(row: cm.Model) -> dict[str, Any]:
    """What the object has of its row."""
    return {name: getattr(row, name) for name in row._meta.fields_db_projection}


async def day(owner: cm.User) -> date:
    """The day that the user's counter is in."""
    found: date | None = (await counter(owner)).quota_day
    assert found is not None
    return found


async def counter(owner: cm.User) -> UserQuota:
    return await UserQuota.get(user_id=owner.id)


async def agrees() -> bool:
    """Whether the counters and the ledger do."""
    found = await cm.QuotaEntry.objects.discrepancies()
    assert found == []
    return not found


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that goes to the server in the block."""
    seen: list[str] = []

    class Seen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())

    logger, handler = logging.getLogger("charmodels.statements"), Seen()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield seen
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


async def versions(db: cm.Database) -> list[Any]:
    """What changes when a row is written, even with what it holds already."""
    tables = ("users", "user_quotas", "quota_holds", "quota_ledger", "quota_grants")
    rows = [await db.client.fetch(f"SELECT xmin::text, ctid::text, * FROM {table} ORDER BY 2") for table in tables]
    return [tuple(row) for found in rows for row in found]


async def until_waiting(connection: asyncpg.Connection[Any], number: int = 1) -> None:
    """Return when so many statements wait for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(30):
        while True:
            await connection.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees what it saw before
            if await connection.fetchval(waiting) >= number:
                return
            await asyncio.sleep(0.005)


async def until_idle(db: cm.Database) -> None:
    """Return when no connection of the pool is busy."""
    async with asyncio.timeout(30):
        while True:
            if db.pool_status().busy == 0:
                return
            await asyncio.sleep(0.005)


@asynccontextmanager
async def locked(url: str, *owners: cm.User) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Somebody else's long transaction has the users' rows."""
    async with session(url) as other, other.transaction():
        ids = [owner.id for owner in owners]
        await other.fetch("SELECT FROM user_quotas WHERE user_id = ANY ($1) FOR UPDATE", ids)
        yield other


async def until_noted(url: str, owner: cm.User, kind: str) -> None:
    """Return when the ledger has such an entry, asked around the library."""
    noted = "SELECT EXISTS (SELECT FROM quota_ledger WHERE user_id = $1 AND kind = $2)"
    async with session(url) as other, asyncio.timeout(30):
        while not await other.fetchval(noted, owner.id, kind):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.005)
