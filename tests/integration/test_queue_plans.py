"""The queue is read by index, and no further than it takes, also where the statistics are those of an empty table."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pytest

import charmodels as cm
from charmodels.backend.transaction import TransactionClient
from tests.queues import PICTURE, SMALL, claim

pytestmark = pytest.mark.plans

WAITING, LEASED, DELAYED, FINISHED = 10_000, 3_000, 3_000, 5_000

FILL = f"""
    ANALYZE;  -- of nothing: so stale are they when a queue fills
    INSERT INTO users (email) SELECT 'u' || n || '@example.com' FROM generate_series(1, 2000) n;
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
        SELECT n, id AS user_id, charmodels_uuidv7() AS character_id, charmodels_uuidv7() AS generation_id,
               charmodels_uuidv7() AS hold_id, now() - n * interval '1 second' AS at
        FROM generate_series(1, {WAITING + LEASED + DELAYED + FINISHED}) n
        JOIN (SELECT id, row_number() OVER () AS place FROM users) u ON u.place = 1 + n % 2000;
    INSERT INTO characters (id, user_id, prompt) SELECT character_id, user_id, 'A knight' FROM made;
    INSERT INTO generations (id, user_id, character_id, prompt, style_type, status, created_at, started_at,
                             completed_at)
        SELECT generation_id, user_id, character_id, 'A knight', 'FANTASY',
               CASE WHEN n <= {WAITING} THEN 'PENDING' WHEN n <= {WAITING + LEASED} THEN 'PROCESSING'
                    WHEN n <= {WAITING + LEASED + DELAYED} THEN 'PENDING'
                    WHEN n % 2 = 0 THEN 'COMPLETED' ELSE 'FAILED' END,
               at, at, CASE WHEN n > {WAITING + LEASED + DELAYED} THEN at END
        FROM made;
    INSERT INTO generation_jobs (generation_id, user_id, hold_id, turn_at, delayed_until, attempt_token, worker,
                                 lease_expires_at)
        SELECT generation_id, user_id, hold_id, at,
               CASE WHEN n > {WAITING + LEASED} THEN now() + n * interval '1 second' END,
               CASE WHEN n > {WAITING} AND n <= {WAITING + LEASED} THEN generation_id END,
               CASE WHEN n > {WAITING} AND n <= {WAITING + LEASED} THEN 'gone' END,
               CASE WHEN n > {WAITING} AND n <= {WAITING + LEASED} THEN now() - n * interval '1 second' END
        FROM made WHERE n <= {WAITING + LEASED + DELAYED};
    INSERT INTO quota_holds (id, user_id, amount, quota_day, generation_id, expires_at)
        SELECT hold_id, user_id, 1, current_date, generation_id, now() + interval '1 day' FROM made
        WHERE n <= {WAITING + LEASED + DELAYED};
    UPDATE user_quotas SET daily_used = 1000, quota_day = current_date, daily_quota = 100000;
"""
TABLES = ("generation_jobs", "generations", "characters", "quota_holds", "user_quotas", "quota_ledger")


class Read(NamedTuple):
    """What a table was read by in the transaction: how often whole, and how many rows by index."""

    whole: int
    rows: int


async def reads(tx: TransactionClient) -> dict[str, Read]:
    rows = await tx.fetch(
        "SELECT relname, seq_scan, coalesce(idx_tup_fetch, 0) AS fetched FROM pg_stat_xact_user_tables"
    )
    return {row["relname"]: Read(row["seq_scan"], row["fetched"]) for row in rows if row["relname"] in TABLES}


@pytest.fixture
async def filled(db: cm.Database) -> None:
    async with db.acquire() as connection:
        async with connection.transaction():
            await connection.execute(FILL)
        await connection.execute("SELECT pg_stat_force_next_flush()")  # what was read so far is not to be counted


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("limit", [1, 8])
async def test_a_claim_looks_at_what_it_takes(limit: int) -> None:
    async with cm.transaction() as tx:
        jobs = await claim(limit)
        read = await reads(tx)
    assert len(jobs) == limit
    assert {table for table in TABLES if read[table].whole} == set()
    # Each row is looked up once to be chosen and once to be changed; an index may give a row more at the end.
    assert max(read[table].rows for table in ("generation_jobs", "generations", "characters")) <= 4 * limit + 2


@pytest.mark.usefixtures("filled")
async def test_reports_and_rescues_look_at_what_they_change(db: cm.Database) -> None:
    jobs = await claim(20)
    async with cm.transaction() as tx:
        await jobs[0].complete(PICTURE, SMALL)
        await jobs[1].fail("No")
        await jobs[2].fail("No", retry=False)
        await jobs[3].heartbeat()
        await jobs[4].release()
        await (await cm.Generation.objects.for_user(jobs[5].user_id).get(id=jobs[5].id)).cancel()
        await cm.Generation.objects.request(jobs[0].user_id, "A knight", cm.StyleType.FANTASY)
        await tx.fetch("SELECT charmodels_rescue(5, NULL)")
        read = await reads(tx)
    assert {table for table in TABLES if read[table].whole} == set()
    assert max(read[table].rows for table in TABLES) < 100


@pytest.mark.usefixtures("filled")
async def test_a_rescue_takes_the_longest_overdue_by_index() -> None:
    async with cm.transaction() as tx:
        rows = await tx.fetch("SELECT * FROM charmodels_rescue(5, NULL)")
        read = await reads(tx)
    assert len(rows) == 5
    assert {table for table in TABLES if read[table].whole} == set()
    assert read["generation_jobs"].rows < 30
    assert await cm.Generation.objects.stale().count() == LEASED - 5


@pytest.mark.usefixtures("filled")
async def test_pruning_walks_by_index(db: cm.Database) -> None:
    """What is kept stands in between and is passed once, whatever the size of a batch."""
    async with cm.transaction() as tx:
        pruned = await cm.Generation.objects.prune(timedelta(), batch=500)
        read = await reads(tx)
    assert pruned == FINISHED // 2
    assert read["generations"].whole == 0
    assert read["generations"].rows < 2 * (FINISHED + WAITING + LEASED + DELAYED)


async def test_no_prescribed_plan_is_compiled_first(db: cm.Database) -> None:
    """Before PostgreSQL 18 a plan with a forbidden node seems to cost 10 thousand millions, far more than jit asks."""
    found = await db.client.fetch(
        "SELECT proname, proconfig FROM pg_proc WHERE array_to_string(proconfig, ' ') LIKE '%enable_%'"
    )
    prescribed = {row["proname"]: row["proconfig"] for row in found}
    assert "charmodels_claim" in prescribed
    assert {name for name, settings in prescribed.items() if "jit=off" not in settings} == set()
