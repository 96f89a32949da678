"""The ways to reserve quota that are compared, and who reserves with each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

import charmodels as cm
from benchmarks import alchemy
from charmodels.identifiers import new_id

PLENTY = 1_000_000_000
"""A limit that no run comes near to."""

RACED = 50
"""The quota that too many callers race for."""

OURS = "charmodels"
BARE = "asyncpg, UPDATE alone"
BY_HAND = "asyncpg, by hand"
ORM = "SQLAlchemy 2 ORM, check, increment"

Held = Any
"""What a contender's `commit` takes."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work.

    Arguments:
        name: for the table.
        reserve: takes 1 of a user's quota, with the limit for those who do not read it; gives None where that is
            refused.
        commit: makes use of what was reserved; None where there is nothing to commit.
    """

    name: str
    reserve: Callable[[UUID, int], Awaitable[Held | None]]
    commit: Callable[[Held], Awaitable[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Users:
    """Who reserves with one contender; each has users of its own, so nobody trips over another's dead rows.

    Arguments:
        many: who have plenty.
        exhausted: who have nothing left.
        racing: who has `RACED` left.
    """

    many: Sequence[UUID]
    exhausted: Sequence[UUID]
    racing: UUID


async def users(connection: Any, names: Sequence[str], count: int) -> dict[str, Users]:
    """Make the users: for each contender `count` with plenty, a tenth of that with nothing, and one more."""
    made = {}
    for number, name in enumerate(names):
        ids = [new_id() for _ in range(count + max(1, count // 10) + 1)]
        records = [(key, f"user{place}@contender{number}.example") for place, key in enumerate(ids)]
        await connection.copy_records_to_table("users", records=records, columns=("id", "email"))
        made[name] = Users(ids[:count], ids[count:-1], ids[-1])
        limited = "UPDATE user_quotas SET daily_quota = $2 WHERE user_id = ANY($1)"
        await connection.execute(limited, made[name].exhausted, 0)
        await connection.execute(limited, [made[name].racing], RACED)
    # Their first reservation ever should not be what is measured.
    await connection.execute("UPDATE user_quotas SET quota_day = (now() AT TIME ZONE 'UTC')::date")
    await connection.execute("VACUUM (ANALYZE)")
    return made


@asynccontextmanager
async def charmodels(settings: cm.Settings) -> AsyncIterator[Contender]:
    """The library. It reads the limit itself, so it takes no notice of the one that it is given."""

    async def reserve(user_id: UUID, limit: int) -> cm.QuotaHold | None:
        try:
            return await cm.User.objects.reserve_quota(user_id)
        except cm.QuotaExceeded:
            return None

    async def commit(hold: cm.QuotaHold) -> None:
        await hold.commit()

    async with cm.connect(settings):
        yield Contender(OURS, reserve, commit)


_UPDATE = """\
UPDATE user_quotas SET daily_used = daily_used + $2 WHERE user_id = $1 AND daily_used + $2 <= $3 RETURNING daily_used"""

# The same with the user's day, for which there are books.
_UPDATE_TODAY = """\
UPDATE user_quotas q
SET daily_used = $2 + CASE WHEN q.quota_day >= local.today THEN q.daily_used ELSE 0 END,
    quota_day = greatest(q.quota_day, local.today), last_active_at = now()
FROM (SELECT (now() AT TIME ZONE timezone)::date AS today FROM users WHERE id = $1) AS local
WHERE q.user_id = $1 AND $2 + CASE WHEN q.quota_day >= local.today THEN q.daily_used ELSE 0 END <= $3
RETURNING q.quota_day"""
_HOLD = "INSERT INTO quota_holds (id, user_id, amount, quota_day, expires_at) VALUES ($1, $2, $3, $4, now() + $5)"
_ENTER_HOLD = """\
INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id, expires_at)
VALUES ($1, $2, 'HOLD', $3, $4, $1, now() + $5)"""
_CLOSE = "DELETE FROM quota_holds WHERE id = $1 AND user_id = $2 AND expires_at > now() RETURNING amount, quota_day"
_ENTER_COMMIT = """\
INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id) VALUES ($1, $2, 'COMMIT', $3, $4, $5)"""
_COUNT = "UPDATE user_quotas SET total_generated = total_generated + $2 WHERE user_id = $1"
_LIFETIME = timedelta(minutes=15)


@asynccontextmanager
async def plain(settings: cm.Settings) -> AsyncIterator[list[Contender]]:
    """A pool with asyncpg's defaults, for the bare UPDATE and for what keeps the same books as the library."""
    arguments = settings.connect_arguments()
    del arguments["command_timeout"], arguments["statement_cache_size"], arguments["timeout"]
    size = settings.pool_max
    async with asyncpg.create_pool(**arguments, min_size=size, max_size=size) as pool:

        async def update(user_id: UUID, limit: int) -> Held | None:
            return await pool.fetchrow(_UPDATE, user_id, 1, limit)

        async def reserve(user_id: UUID, limit: int) -> tuple[UUID, UUID] | None:
            async with pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(_UPDATE_TODAY, user_id, 1, limit)
                if row is None:
                    return None
                hold_id = new_id()
                await connection.execute(_HOLD, hold_id, user_id, 1, row["quota_day"], _LIFETIME)
                await connection.execute(_ENTER_HOLD, hold_id, user_id, 1, row["quota_day"], _LIFETIME)
                return hold_id, user_id

        async def commit(held: tuple[UUID, UUID]) -> None:
            async with pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(_CLOSE, *held)
                if row is None:
                    raise AssertionError("The hold is gone")
                hold_id, user_id = held
                await connection.execute(_ENTER_COMMIT, new_id(), user_id, row["amount"], row["quota_day"], hold_id)
                await connection.execute(_COUNT, user_id, row["amount"])

        yield [Contender(BARE, update), Contender(BY_HAND, reserve, commit)]


class UserQuota(alchemy.Base):
    """Of the table `user_quotas`, what is checked and incremented."""

    __tablename__ = "user_quotas"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    daily_used: Mapped[int]


@asynccontextmanager
async def sqlalchemy(settings: cm.Settings) -> AsyncIterator[Contender]:
    """Read the row, compare, increment, commit: between the first and the last anybody may have done the same."""
    async with alchemy.opened(settings) as engine:

        async def reserve(user_id: UUID, limit: int) -> Held | None:
            async with AsyncSession(engine) as session:
                row = await session.get_one(UserQuota, user_id)
                if row.daily_used + 1 > limit:
                    return None
                row.daily_used += 1
                await session.commit()
                return user_id

        yield Contender(ORM, reserve)
