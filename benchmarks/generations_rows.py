"""The rows of the queues that are compared: what waits, and what is finished, put there by SQL, not by their APIs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import procrastinate
from pgqueuer.queries import Queries

from benchmarks import gallery_rows

JOB = "benchmark"
"""What the job is called with those who give it a name."""

USERS = 10_000
"""Among whom our requests are spread; the others know no users."""

CHUNK = 100_000
"""Finished jobs that one statement inserts, so that none takes all memory."""

Connection = Any
"""A plain connection of asyncpg's: its stubs do not tell one of a pool from another."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The tables of one library.

    Arguments:
        name: of the library.
        install: makes the tables that a migrated database of ours does not have, in the database with this URL.
        add_pending: inserts so many jobs that wait.
        add_finished: inserts so many that are done, with all that the library keeps of one.
        pending: counts the jobs that wait.
        finished: counts the jobs that are done.
        tables: to be vacuumed.
    """

    name: str
    install: Callable[[str], Awaitable[None]]
    add_pending: Callable[[Connection, int], Awaitable[None]]
    add_finished: Callable[[Connection, int], Awaitable[None]]
    pending: str
    finished: str
    tables: Sequence[str]

    async def fill(self, connection: Connection, pending: int) -> int:
        """Add jobs until so many wait, and leave the tables as autovacuum would have them.

        Returns:
            How many waited before.
        """
        waited = int(await connection.fetchval(self.pending))
        if waited < pending:
            await self.add_pending(connection, pending - waited)
        await connection.execute(f"VACUUM (ANALYZE) {', '.join(self.tables)}")
        return waited

    async def remember(self, connection: Connection, finished: int) -> None:
        """Add so many finished jobs to the history."""
        for start in range(0, finished, CHUNK):
            await self.add_finished(connection, min(CHUNK, finished - start))
        await connection.execute(f"VACUUM (ANALYZE) {', '.join(self.tables)}")


# Ours. A request is a private character without a picture, its generation, a place in the queue, and a quota that is
# held for it: what enqueuing one leaves behind.
_ADD_USERS = """\
INSERT INTO users (email) SELECT 'user' || number || '@queue.example' FROM generate_series(1, $1::integer) AS number
ON CONFLICT DO NOTHING"""
_NEW_REQUESTS = """\
CREATE TEMPORARY TABLE new_requests ON COMMIT DROP AS
WITH owners AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM users WHERE email LIKE '%@queue.example'
)
SELECT owners.id AS user_id, charmodels_uuidv7() AS character_id, charmodels_uuidv7() AS generation_id,
       charmodels_uuidv7() AS hold_id, {at} AS at
FROM generate_series(0, $1::integer - 1) AS number
JOIN owners ON owners.place = number % (SELECT count(*) FROM owners)"""
_NOW, _LAST_YEAR = "clock_timestamp()", "now() - interval '1 day' - random() * interval '365 days'"

_PENDING = (
    "INSERT INTO characters (id, user_id, prompt) SELECT character_id, user_id, 'a knight at dusk' FROM new_requests",
    """\
INSERT INTO generations (id, user_id, character_id, prompt, style_type)
SELECT generation_id, user_id, character_id, 'a knight at dusk', 'REALISTIC' FROM new_requests""",
    """\
INSERT INTO generation_jobs (generation_id, user_id, hold_id)
SELECT generation_id, user_id, hold_id FROM new_requests""",
    """\
UPDATE user_quotas q
SET daily_used = new.amount + CASE WHEN q.quota_day >= new.today THEN q.daily_used ELSE 0 END,
    quota_day = greatest(q.quota_day, new.today), last_active_at = now()
FROM (
    SELECT user_id, count(*)::integer AS amount, (now() AT TIME ZONE 'UTC')::date AS today
    FROM new_requests GROUP BY user_id
) AS new
WHERE q.user_id = new.user_id""",
    """\
INSERT INTO quota_holds (id, user_id, amount, quota_day, generation_id, expires_at)
SELECT r.hold_id, r.user_id, 1, q.quota_day, r.generation_id, now() + interval '1 day'
FROM new_requests r JOIN user_quotas q USING (user_id)""",
    """\
INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id, generation_id, expires_at)
SELECT r.hold_id, r.user_id, 'HOLD', 1, q.quota_day, r.hold_id, r.generation_id, now() + interval '1 day'
FROM new_requests r JOIN user_quotas q USING (user_id)""",
)
_FINISHED = (
    """\
INSERT INTO characters (id, user_id, prompt, generation_status, image_url, thumbnail_url, created_at)
SELECT character_id, user_id, 'a knight at dusk', 'COMPLETED', 'https://images.example.com/' || generation_id || '.png',
       'https://images.example.com/' || generation_id || '-small.png', at
FROM new_requests""",
    """\
INSERT INTO generations (id, user_id, character_id, prompt, style_type, status, attempts, created_at, started_at,
                         completed_at)
SELECT generation_id, user_id, character_id, 'a knight at dusk', 'REALISTIC', 'COMPLETED', 1, at,
       at + interval '1 second', at + interval '20 seconds'
FROM new_requests""",
    """\
INSERT INTO quota_ledger (id, user_id, kind, amount, quota_day, hold_id, generation_id, created_at)
SELECT CASE kind WHEN 'HOLD' THEN hold_id ELSE charmodels_uuidv7() END, user_id, kind, 1,
       (at AT TIME ZONE 'UTC')::date, hold_id, generation_id, at
FROM new_requests CROSS JOIN unnest(ARRAY['HOLD', 'COMMIT']) AS kind""",
    """\
UPDATE user_quotas q SET total_generated = total_generated + new.amount
FROM (SELECT user_id, count(*) AS amount FROM new_requests GROUP BY user_id) AS new
WHERE q.user_id = new.user_id""",
)


async def fill_charmodels(connection: Connection, users: int, pending: int, finished: int) -> None:
    """Insert requests that wait, and a history of finished ones, each with what it left in the quota's books.

    Arguments:
        connection: to a migrated database.
        users: how many there shall be at least; those of an earlier call count.
        pending: requests to add that wait.
        finished: requests to add that are done, over the last year, none of them today.
    """
    for count, at, statements in ((pending, _NOW, _PENDING), (finished, _LAST_YEAR, _FINISHED)):
        if count:
            async with connection.transaction():
                await connection.execute(_ADD_USERS, users)
                await connection.execute(_NEW_REQUESTS.format(at=at), count)
                for statement in statements:
                    await connection.execute(statement)


async def _have_tables(url: str) -> None:
    """Ours come with the migrations."""


async def _pending_of_ours(connection: Connection, count: int) -> None:
    await fill_charmodels(connection, USERS, count, 0)


async def _finished_of_ours(connection: Connection, count: int) -> None:
    await fill_charmodels(connection, USERS, 0, count)


CHARMODELS = Queue(
    name="charmodels",
    install=_have_tables,
    add_pending=_pending_of_ours,
    add_finished=_finished_of_ours,
    pending="SELECT count(*) FROM generation_jobs",
    finished="SELECT count(*) FROM generations WHERE status = 'COMPLETED'",
    tables=("users", "user_quotas", "characters", "generations", "generation_jobs", "quota_holds", "quota_ledger"),
)


# procrastinate. A trigger notes the event of a job that comes to wait; the later two are put beside the finished.
_PROCRASTINATE_PENDING = f"""\
INSERT INTO procrastinate_jobs (queue_name, task_name)
SELECT 'default', '{JOB}' FROM generate_series(1, $1::integer)"""
_PROCRASTINATE_FINISHED = f"""\
WITH made AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts)
    SELECT 'default', '{JOB}', 'succeeded', 1 FROM generate_series(1, $1::integer) RETURNING id
)
INSERT INTO procrastinate_events (job_id, type)
SELECT id, type FROM made
CROSS JOIN unnest(ARRAY['deferred', 'started', 'succeeded']::procrastinate_job_event_type[]) AS type"""


async def _install_procrastinate(url: str) -> None:
    async with procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url)).open_async() as app:
        await app.schema_manager.apply_schema_async()


async def _pending_of_procrastinate(connection: Connection, count: int) -> None:
    await connection.execute(_PROCRASTINATE_PENDING, count)


async def _finished_of_procrastinate(connection: Connection, count: int) -> None:
    await connection.execute(_PROCRASTINATE_FINISHED, count)


PROCRASTINATE = Queue(
    name="procrastinate",
    install=_install_procrastinate,
    add_pending=_pending_of_procrastinate,
    add_finished=_finished_of_procrastinate,
    pending="SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'",
    finished="SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'",
    tables=("procrastinate_jobs", "procrastinate_events", "procrastinate_workers"),
)


# pgqueuer. What is done is no longer in the queue; the log has a row for each state that a job was in.
_PGQUEUER_PENDING = f"""\
WITH made AS (
    INSERT INTO pgqueuer (priority, entrypoint, status)
    SELECT 0, '{JOB}', 'queued' FROM generate_series(1, $1::integer) RETURNING id
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', '{JOB}', 0 FROM made"""
_PGQUEUER_FINISHED = f"""\
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority, aggregated)
SELECT id, status, '{JOB}', 0, true
FROM (SELECT nextval(pg_get_serial_sequence('pgqueuer', 'id')) AS id FROM generate_series(1, $1::integer)) AS made
CROSS JOIN unnest(ARRAY['queued', 'picked', 'successful']::pgqueuer_status[]) AS status"""


async def _install_pgqueuer(url: str) -> None:
    connection = await gallery_rows.opened(url)
    try:
        queries = Queries.from_asyncpg_connection(connection)
        await queries.install()
        await queries.optimize_autovacuum()  # what its documents recommend, `pgq autovac`
    finally:
        await connection.close()


async def _pending_of_pgqueuer(connection: Connection, count: int) -> None:
    await connection.execute(_PGQUEUER_PENDING, count)


async def _finished_of_pgqueuer(connection: Connection, count: int) -> None:
    await connection.execute(_PGQUEUER_FINISHED, count)


PGQUEUER = Queue(
    name="pgqueuer",
    install=_install_pgqueuer,
    add_pending=_pending_of_pgqueuer,
    add_finished=_finished_of_pgqueuer,
    pending="SELECT count(*) FROM pgqueuer WHERE status = 'queued'",
    finished="SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'",
    tables=("pgqueuer", "pgqueuer_log"),
)
