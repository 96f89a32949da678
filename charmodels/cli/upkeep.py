"""`charmodels check` and `charmodels expire-holds`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Annotated, Literal, TypeAlias

import typer

from charmodels import migrations
from charmodels.cli import console, selftest
from charmodels.cli.opening import opened, patient
from charmodels.database import Database, connect
from charmodels.errors import CharmodelsError, ConfigurationError, MigrationsPending
from charmodels.models.character import Character
from charmodels.models.gallery import GalleryEntry
from charmodels.models.generation import Generation
from charmodels.models.quota import QuotaEntry, QuotaHold, UserQuota
from charmodels.querysets.upkeep import Compared
from charmodels.quota import QuotaDiscrepancy
from charmodels.settings import Settings

PRINTED_DISCREPANCIES = 50


@dataclass(frozen=True, slots=True)
class _Row:
    """A check and what came of it."""

    name: str
    result: Literal["ok", "failed", "not run", "skipped"]
    detail: str


@dataclass(slots=True)
class _Report:
    """What the checks found; of many discrepancies the first `most`."""

    most: int | None
    rows: list[_Row] = field(default_factory=list)
    count: int = 0
    discrepancies: list[QuotaDiscrepancy] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(row.result in ("ok", "skipped") for row in self.rows)

    def note(self, found: list[QuotaDiscrepancy]) -> None:
        self.count += len(found)
        room = len(found) if self.most is None else self.most - len(self.discrepancies)
        self.discrepancies += found[:room]


_Check: TypeAlias = "Callable[[Database, _Report], Awaitable[str]]"
"""Checks one thing. Gives the detail to show, or raises an error whose sentence is the detail."""


def check(
    try_out: Annotated[
        bool, typer.Option("--self-test/--no-self-test", help="Try every model out, in a transaction rolled back.")
    ] = True,
    json: console.Json = False,
) -> None:
    """Prove that the database works and counts right.

    Looks whether the migrations are current. Adds up the quota ledger for
    every user and compares the counter, the open holds and the grants with
    it. Compares the entries of the gallery with its characters, and the
    counts of tags with a recount; and the queue with the open generations.
    Then it tries out every model, its queries and its statistics, in a
    transaction that is rolled back; with --no-self-test it only reads.
    May run while the app does. Exits with 1 if something is wrong, and says
    what.

    \b
    Examples:
      charmodels check
      charmodels check --no-self-test
      charmodels check --json > report.json
    """
    report = _Report(most=None if json else PRINTED_DISCREPANCIES)
    console.finish(_check(report, try_out))
    if json:
        rows = [asdict(row) for row in report.rows]
        found = [{**asdict(each), "user_id": str(each.user_id)} for each in report.discrepancies]
        console.print_json({"ok": report.ok, "checks": rows, "discrepancies": found})
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(1)


def expire_holds(json: console.Json = False) -> None:
    """Write down which holds on quotas ran out.

    Nothing waits for it: a hold counts as given back from the moment it runs
    out. It keeps the table of holds small and the ledger up to date, so run it
    now and then, from cron for instance. Several at once are fine.

    \b
    Examples:
      charmodels expire-holds
      charmodels expire-holds --json
    """
    count = console.finish(_expire_holds())
    if json:
        console.print_json({"expired": count})
    else:
        console.say(f"{console.count(count, 'hold')} ran out.")


async def _expire_holds() -> int:
    async with opened():
        return await QuotaHold.objects.expire()


async def _check(report: _Report, try_out: bool) -> None:
    database = connect(patient(Settings.resolve()))
    missing = None
    try:
        for name, work in _CHECKS.items():
            if missing is not None:
                report.rows.append(_Row(name, "not run", f"needs: {missing}"))
                continue
            try:
                report.rows.append(_Row(name, "ok", await work(database, report)))
            except ConfigurationError:
                raise  # nothing says which database to check
            except CharmodelsError as error:
                report.rows.append(_Row(name, "failed", str(error)))
                missing = name if name in _NEEDED else None
        if try_out:
            report.rows += await _try_out(database, missing)
    finally:
        await database.close()


async def _try_out(database: Database, missing: str | None) -> list[_Row]:
    """Run the self-test, unless there is nothing to run it on."""
    if missing is not None:
        return [_Row(name, "not run", f"needs: {missing}") for name in selftest.NAMES]
    reason = await selftest.why_not(database)
    if reason is not None:
        return [_Row("self-test", "skipped", reason)]
    return [_Row(each.name, "ok" if each.is_well else "failed", each.detail) for each in await selftest.self_test()]


async def _connection(database: Database, report: _Report) -> str:
    await database.open()
    async with database.acquire() as connection:
        return f"PostgreSQL {await connection.fetchval('SHOW server_version')}"


async def _migrations(database: Database, report: _Report) -> str:
    status = await migrations.status()
    if status.pending:
        raise MigrationsPending(pending=status.pending)
    if status.unknown:
        raise CharmodelsError(f"The database is newer than the code, which does not know {', '.join(status.unknown)}.")
    return f"{len(status.applied)} applied"


async def _quota_ledger(database: Database, report: _Report) -> str:
    compared = wrong = 0
    total = await UserQuota.objects.count()
    with console.progress("Adding up the ledger", total) as progress:
        async for users, found in QuotaEntry.objects.compare():
            compared += users
            wrong += len({each.user_id for each in found})
            report.note(found)
            if progress is not None:
                progress(compared)
    if wrong:
        verb = "does" if wrong == 1 else "do"
        raise CharmodelsError(f"Of {console.count(compared, 'user')}, {wrong:,} {verb} not agree with it.")
    return f"{console.count(compared, 'user')} compared"


async def _gallery_entries(database: Database, report: _Report) -> str:
    found = Compared(0, 0, 0, 0)
    total = await Character.objects.public().count()
    with console.progress("Comparing the gallery's entries", total) as progress:
        async for some in GalleryEntry.objects.compare():
            found += some
            if progress is not None:
                progress(found.compared)
    if found.wrong:
        raise CharmodelsError(
            f"Of {console.count(found.compared, 'character')} in the gallery, {found.missing:,} have no entry and "
            f"{found.different:,} a wrong one; {console.count(found.surplus, 'entry', 'entries')} too many."
        )
    return f"{console.count(found.compared, 'entry', 'entries')} compared"


async def _tag_counts(database: Database, report: _Report) -> str:
    found = await GalleryEntry.objects.compare_counts()
    if found.wrong:
        raise CharmodelsError(
            f"Of {console.count(found.compared, 'count')}, {found.missing:,} are missing and "
            f"{found.different:,} are wrong; {found.surplus:,} too many."
        )
    return f"{console.count(found.compared, 'count')} compared"


async def _queue(database: Database, report: _Report) -> str:
    found = await Generation.objects.compare_queue()
    if found.wrong:
        raise CharmodelsError(
            f"Of {console.count(found.compared, 'open generation')}, {found.missing:,} have no job and "
            f"{found.different:,} a wrong one; "
            f"{console.count(found.surplus, 'job or hold', 'jobs and holds')} too many."
        )
    return f"{console.count(found.compared, 'open generation')} compared"


_CHECKS: dict[str, _Check] = {
    "connection": _connection,
    "migrations current": _migrations,
    "quota ledger": _quota_ledger,
    "gallery entries": _gallery_entries,
    "tag counts": _tag_counts,
    "queue": _queue,
}
"""By name, in the order in which they run and are shown."""

_NEEDED = {"connection", "migrations current"}
"""Those without which the ones after them cannot run."""


def _print(report: _Report) -> None:
    rows = [(row.name, row.result, row.detail) for row in report.rows]
    console.out.print(console.table("Check", "Result", "Detail", rows=rows))
    shown = report.discrepancies
    if shown:
        found = [(str(each.user_id), each.what, f"{each.counted:,}", f"{each.accounted:,}") for each in shown]
        console.out.print()
        console.out.print(console.table("User", "What", "Counted", "Accounted", rows=found))
    if report.count > len(shown):
        console.say(f"... and {report.count - len(shown):,} more; --json prints them all.")
