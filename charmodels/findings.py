"""What `charmodels doctor` makes of what it read: what is wrong, what could be better, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from charmodels import limits, models
from charmodels.backend.schema import Index
from charmodels.version import __version__

if TYPE_CHECKING:
    from tortoise.models import Model

    from charmodels.migrations import MigrationStatus
    from charmodels.settings import Settings

OLDEST_SERVER = 150_000
"""PostgreSQL 15, as the server writes it."""

COMPILES_PRESCRIBED_PLANS = 180_000
"""Before PostgreSQL 18 a plan with a forbidden node seems to cost so much that it is compiled first."""

NEEDED_EXTENSIONS = ("pg_trgm",)

SMALL_BUFFERS = 128 * 1024**2
"""Bytes of shared_buffers with which a server is delivered."""

DISK_PAGE_COST = 4.0
"""The random_page_cost with which a server is delivered, for disks that turn."""

DEAD_ROWS = 10_000
"""Dead rows of a table about which to say something, if they are also many beside those that live."""

DEAD_SHARE = 0.2
"""Which part of the rows of a table may be dead. Autovacuum begins at about that."""

MANY_ROWS = 10_000
"""Rows of a table that was never analyzed about which to say something."""

UNUSED_BYTES = 10 * 1024**2
"""The size of an unused index about which to say something."""

UNUSED_FOR = timedelta(days=7)
"""How long the server must have counted before an index is called unused."""

LONG_TRANSACTION = timedelta(minutes=5)

MANY_NOTES = 10 * limits.UNFOLDED_NOTES
"""Notes on the counts of tags that wait to be folded; readers fold when there are more than a tenth of that."""

OLD_HOLD = timedelta(days=1)
"""How long ago a hold ran out of which nobody has written so."""

OLD_LEASE = timedelta(minutes=10)
"""How long ago a lease ran out that nobody has taken back."""


class Severity(StrEnum):
    """How bad a finding is: something is wrong, or something could be better."""

    PROBLEM = "problem"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that somebody should know.

    Arguments:
        code: a short name for its kind, as "index-missing".
        severity: whether something is wrong.
        sentence: what is so.
        advice: what to do about it.
    """

    code: str
    severity: Severity
    sentence: str
    advice: str


def judge_settings(settings: Settings) -> Iterator[Finding]:
    """Judge the settings.

    Arguments:
        settings: to be judged.

    Yields:
        Findings.
    """
    if settings.is_production and not settings.address.is_unix_socket and settings.sslmode() != "verify-full":
        yield advise(
            "tls",
            f"In production the server is not fully verified: sslmode is {settings.sslmode()}.",
            "Set DB_SSLMODE=verify-full, and DB_SSLROOTCERT to the certificate of the server's authority.",
        )


def judge_server(server: Mapping[str, Any], settings: Settings) -> Iterator[Finding]:
    """Judge how the server is set.

    Arguments:
        server: the row of `doctor/server.sql`.
        settings: for the size of the pool.

    Yields:
        Findings.
    """
    if server["version_number"] < OLDEST_SERVER:
        yield problem(
            "server-version", f"The server is PostgreSQL {server['version']}.", "Move to PostgreSQL 15 or newer."
        )
    if server["jit"] and server["version_number"] < COMPILES_PRESCRIBED_PLANS:
        yield advise(
            "jit",
            "jit is on: before PostgreSQL 18 it compiles short statements for longer than they run.",
            "Set jit = off in postgresql.conf, or ALTER DATABASE ... SET jit = off.",
        )
    if server["shared_buffers"] <= SMALL_BUFFERS and server["database_size"] > server["shared_buffers"]:
        yield advise(
            "shared-buffers",
            f"shared_buffers is {_size(server['shared_buffers'])}, and the database has "
            f"{_size(server['database_size'])}.",
            "Set shared_buffers to about a quarter of the machine's memory, and restart the server.",
        )
    if server["random_page_cost"] >= DISK_PAGE_COST:
        yield advise(
            "random-page-cost",
            f"random_page_cost is {server['random_page_cost']:g}, as for disks that turn.",
            "On solid-state or network storage set random_page_cost = 1.1, so that indexes are used.",
        )
    if not server["track_counts"]:
        yield problem("track-counts", "track_counts is off: autovacuum does not run.", "Set track_counts = on.")
    elif not server["autovacuum"]:
        yield problem(
            "autovacuum", "autovacuum is off: tables grow, and plans go by old statistics.", "Set autovacuum = on."
        )
    if not server["fsync"]:
        severity = Severity.PROBLEM if settings.is_production else Severity.ADVICE
        sentence = "fsync is off: when the machine stops, the database may be lost."
        yield Finding("fsync", severity, sentence, "Set fsync = on, except for tests.")
    if not server["sees_all_sessions"]:
        yield advise(
            "sessions-hidden",
            "This role does not see the transactions of other roles.",
            "Run it as a role that has pg_read_all_stats.",
        )
    yield from _judge_connections(server, settings)


def _judge_connections(server: Mapping[str, Any], settings: Settings) -> Iterator[Finding]:
    if settings.address.parameters.get("pgbouncer", "").lower() == "true":
        return  # the pooler decides how many there are
    room = server["max_connections"] - server["reserved_connections"]
    room = min([room, *(limit for limit in (server["role_limit"], server["database_limit"]) if limit >= 0)])
    pool = settings.pool_max
    if pool > room:
        yield problem(
            "connections",
            f"The pool may open {pool:,} connections, and the server gives this role {room:,} at most.",
            f"Set DB_POOL_MAX to less than {room:,}, raise max_connections, or put PgBouncer between them.",
        )
    elif 2 * pool > room:
        yield advise(
            "connections-tight",
            f"The pool may open {pool:,} connections of {room:,}: there is no room for a second process.",
            f"Set DB_POOL_MAX to {room:,} divided by the number of processes, or raise max_connections.",
        )


def judge_extensions(extensions: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Judge which extensions there are.

    Arguments:
        extensions: the rows of `doctor/extensions.sql`.

    Yields:
        Findings.
    """
    if not extensions:
        return  # not even plpgsql: they could not be read
    installed = {row["name"] for row in extensions}
    for name in NEEDED_EXTENSIONS:
        if name not in installed:
            yield problem(
                "extension-missing",
                f"The extension {name} is missing.",
                f"Run CREATE EXTENSION {name}, or charmodels upgrade on a new database, and look at missing indexes.",
            )
    if "pg_stat_statements" not in installed:
        yield advise(
            "pg-stat-statements",
            "The extension pg_stat_statements is missing, so nobody knows which statements take the server's time.",
            "Set shared_preload_libraries = 'pg_stat_statements', restart the server, and run "
            "CREATE EXTENSION pg_stat_statements. Then charmodels top tells.",
        )
    for row in extensions:
        if row["available"] not in (None, row["installed"]):
            yield advise(
                "extension-outdated",
                f"The extension {row['name']} is at {row['installed']}, and the server has {row['available']}.",
                f"Run ALTER EXTENSION {row['name']} UPDATE.",
            )


def judge_migrations(status: MigrationStatus) -> Iterator[Finding]:
    """Judge whether database and code go together.

    Arguments:
        status: of the migrations.

    Yields:
        Findings.
    """
    if status.pending:
        yield problem(
            "migrations-pending", f"{len(status.pending)} of the migrations are not applied.", "Run charmodels upgrade."
        )
    if status.unknown:
        yield problem(
            "migrations-unknown",
            f"The database is newer than the code, which does not know {', '.join(status.unknown)}.",
            f"Install a newer version of charmodels than {__version__}.",
        )


def judge_indexes(
    indexes: list[Mapping[str, Any]],
    *,
    counted_long: bool = True,
    of: Mapping[str, tuple[type[Model], Index]] | None = None,
) -> Iterator[Finding]:
    """Judge the indexes.

    Arguments:
        indexes: the rows of `doctor/indexes.sql`.
        counted_long: whether the server has counted for long enough to call one unused.
        of: those that should be there, by name; None for those of our models.

    Yields:
        Findings.
    """
    if not indexes:
        return
    declared = declared_indexes() if of is None else of
    there = {row["name"] for row in indexes}
    for name, (model, index) in declared.items():
        if name not in there:
            create = index.get_sql(None, model, safe=False).replace("INDEX ", "INDEX CONCURRENTLY ", 1)
            yield problem("index-missing", f"The index {name} on {model._meta.db_table} is missing.", f"Run {create}")
    for row in indexes:
        name, size = row["name"], _size(row["bytes"])
        if not row["is_valid"]:
            yield problem(
                "index-invalid",
                f"The index {name} on {row['table_name']} is not valid: it was not finished, and no query uses it.",
                f'Run REINDEX INDEX CONCURRENTLY "{name}", or drop it if it is a left-over.',
            )
        elif (
            counted_long
            and name not in declared
            and not row["is_unique"]
            and not row["scans"]
            and row["bytes"] >= UNUSED_BYTES
        ):
            yield advise(
                "index-unused",
                f"The index {name} on {row['table_name']} takes {size} and was never used on this server.",
                f'If no replica uses it either, run DROP INDEX CONCURRENTLY "{name}".',
            )


def declared_indexes() -> dict[str, tuple[type[Model], Index]]:
    """List the indexes that our models declare.

    Returns:
        By name, the model and the index.

    Example:
        >>> declared_indexes()["users_email_key"][1].unique
        True
    """
    found = {}
    for name in models.__all__:
        model = getattr(models, name)
        for index in model._meta.indexes:
            if isinstance(index, Index) and index.name:
                found[index.name] = (model, index)
    return found


def judge_tables(tables: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Judge what is dead in the tables.

    Arguments:
        tables: the rows of `doctor/tables.sql`.

    Yields:
        Findings.
    """
    for row in tables:
        name, live, dead = row["name"], row["live"], row["dead"]
        if dead >= DEAD_ROWS and dead > DEAD_SHARE * (live + dead):
            yield advise(
                "bloat",
                f"Of the rows of {name}, {dead:,} are dead and {live:,} live.",
                f'Look for a long transaction first, then run VACUUM (ANALYZE) "{name}".',
            )
        if row["never_analyzed"] and live >= MANY_ROWS:
            yield advise(
                "not-analyzed",
                f"{name} has {live:,} rows and was never analyzed, so its plans are guesses.",
                f'Run ANALYZE "{name}", as after every restore.',
            )
        if not row["autovacuum"]:
            yield advise(
                "autovacuum-table",
                f"autovacuum is off for {name}.",
                f'Run ALTER TABLE "{name}" RESET (autovacuum_enabled).',
            )


def judge_transactions(transactions: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Judge transactions that began long ago.

    Arguments:
        transactions: the rows of `doctor/transactions.sql`.

    Yields:
        Findings.
    """
    for row in transactions:
        age = f"{row['seconds'] / 60:,.0f} minutes"
        name = f" of {row['name']}" if row["name"] else ""
        if row["is_prepared"]:
            yield problem(
                "transaction-prepared",
                f"The prepared transaction {row['name']} waits for its end since {age}.",
                "Run COMMIT PREPARED or ROLLBACK PREPARED; until then vacuum clears nothing away.",
            )
        elif row["is_active"]:
            yield advise(
                "transaction-long",
                f"A transaction{name} runs since {age} (process {row['pid']}).",
                "Until it ends vacuum clears nothing away. Find out what it does, "
                f"or run SELECT pg_cancel_backend({row['pid']}).",
            )
        else:
            yield problem(
                "transaction-idle",
                f"A transaction{name} is open since {age} and does nothing (process {row['pid']}).",
                "Vacuum clears nothing away, and its locks stay. Look for code that waits inside a transaction; "
                f"SELECT pg_terminate_backend({row['pid']}) ends it, idle_in_transaction_session_timeout all such.",
            )


def judge_backlog(backlog: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Judge what waits to be tidied up.

    Arguments:
        backlog: the row of `doctor/backlog.sql`.

    Yields:
        Findings.
    """
    for row in backlog:
        if row["notes"] >= MANY_NOTES:
            yield advise(
                "tag-notes",
                f"{row['notes']:,} changes of the counts of tags or more are not folded: every reader adds them up.",
                "Run charmodels tags fold.",
            )
        if row["holds"]:
            yield advise(
                "expired-holds",
                f"{row['holds']:,} holds on quotas ran out over a day ago, and the ledger does not say so.",
                "Run charmodels expire-holds, now and then, from cron for instance.",
            )
        if row["leases"]:
            yield advise(
                "stale-leases",
                f"The leases of {row['leases']:,} jobs ran out over ten minutes ago, and nobody took them back.",
                "Look whether a worker runs, or run charmodels queue rescue.",
            )


def problem(code: str, sentence: str, advice: str) -> Finding:
    """Make a finding of something that is wrong."""
    return Finding(code, Severity.PROBLEM, sentence, advice)


def advise(code: str, sentence: str, advice: str) -> Finding:
    """Make a finding of something that could be better."""
    return Finding(code, Severity.ADVICE, sentence, advice)


def _size(count: int) -> str:
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if count >= size:
            return f"{count / size:,.0f} {unit}"
    return f"{count} bytes"
