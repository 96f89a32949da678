"""`charmodels queue`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import typer

from charmodels.cli import console
from charmodels.cli.opening import opened
from charmodels.cli.values import duration, find_user, generation, past
from charmodels.enums import GenerationStatus
from charmodels.errors import CharmodelsError, NotFound
from charmodels.generations import GenerationStats
from charmodels.models.generation import Generation
from charmodels.querysets.generations import GenerationQuerySet
from charmodels.querysets.queue import FINISHED

app = typer.Typer(
    name="queue",
    no_args_is_help=True,
    help="Look after the queue of generations.\n\n"
    "\b\nExamples:\n  charmodels queue stats --since 24h\n  charmodels queue rescue",
)

Owner: TypeAlias = Annotated[
    str | None, typer.Option("--user", metavar="EMAIL|ID", help="Only this user's generations.")
]


@app.command()
def stats(
    user: Owner = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=past, metavar="WHEN", help="Only those requested since a date, or so long ago, as 24h."),
    ] = None,
    json: console.Json = False,
) -> None:
    """Show how much there is to do, and how fast it goes.

    \b
    Examples:
      charmodels queue stats --since 24h
      charmodels queue stats --user ada@example.com --json
    """

    async def work() -> GenerationStats:
        async with opened(long=True):
            owner = None if user is None else (await find_user(user)).id
            return await Generation.objects.stats(owner, since)

    found = console.finish(work())
    if json:
        console.print_json(asdict(found))
    else:
        console.out.print(console.fields(described(found)))


@app.command()
def dead(
    user: Owner = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 20,
    json: console.Json = False,
) -> None:
    """List the generations that have failed for good, with the reason.

    \b
    Examples:
      charmodels queue dead
      charmodels queue dead --user ada@example.com --limit 100
    """

    async def work() -> list[dict[str, Any]]:
        async with opened():
            found = (await _of(user)).dead().newest().limit(limit)
            return await found.values("id", "user_id", "created_at", "completed_at", "attempts", "error_message")

    found = console.finish(work())
    if json:
        console.print_json(found)
        return
    for each in found:
        when = each["completed_at"] or each["created_at"]
        attempts = console.count(each["attempts"], "attempt")
        console.say(f"{each['id']}  {when:%Y-%m-%d %H:%M} UTC  {attempts}  {each['error_message'] or '-'}")
    if not found:
        console.say("None has failed.")


@app.command()
def rescue(json: console.Json = False) -> None:
    """Take back the jobs of workers that went away.

    Those whose lease ran out: each waits for another attempt, or has failed
    if that was the last, and its quota is given back. Workers do the same
    now and then.

    \b
    Example:
      charmodels queue rescue
    """

    async def work() -> int:
        async with opened():
            return await Generation.objects.rescue_stale()

    count = console.finish(work())
    if json:
        console.print_json({"rescued": count})
    else:
        console.say(f"{console.count(count, 'lease')} ran out.")


@app.command()
def retry(
    ids: Annotated[
        list[UUID] | None, typer.Argument(metavar="ID", parser=generation, show_default=False, help="Which ones.")
    ] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="All that have failed, as far as quotas go.")] = False,
    user: Owner = None,
    json: console.Json = False,
) -> None:
    """Queue once more what has failed.

    For new quota, and with all its attempts. Named ones are queued in their order, up to the first that cannot be.
    With --all-dead those are left out whose user has no quota left.

    \b
    Examples:
      charmodels queue retry 019ab2c4-7d10-7a34-9c51-2f0e6b7d8a90
      charmodels queue retry --all-dead --user ada@example.com
    """
    if bool(ids) == all_dead:
        raise typer.BadParameter("give either ids or --all-dead", param_hint="ID... / --all-dead")
    if user is not None and not all_dead:
        raise typer.BadParameter("goes with --all-dead", param_hint="--user")
    queued, left = console.finish(_retry_dead(user) if all_dead else _retry(ids or []))
    if json:
        console.print_json({"queued": queued, "left_out": left})
    else:
        others = f" {left:,} left out: their users have not enough quota." if left else ""
        console.say(f"{console.count(queued, 'generation')} queued.{others}")


@app.command()
def prune(
    older_than: Annotated[
        timedelta, typer.Option(parser=duration, metavar="TIME", help="How long ago they ended at least, as 30d.")
    ],
    status: Annotated[
        list[GenerationStatus] | None,
        typer.Option(
            case_sensitive=False, metavar="STATUS", help="Which; may be repeated. Else COMPLETED and CANCELLED."
        ),
    ] = None,
    json: console.Json = False,
) -> None:
    """Delete the records of generations that ended long ago.

    Their characters stay. What has failed stays too, unless --status FAILED
    names it. Works in short transactions, so it may run beside the app.

    \b
    Examples:
      charmodels queue prune --older-than 30d
      charmodels queue prune --older-than 180d --status FAILED
    """
    statuses = status or [GenerationStatus.COMPLETED, GenerationStatus.CANCELLED]
    if any(each not in FINISHED for each in statuses):
        raise typer.BadParameter(f"must be one of {', '.join(FINISHED)}", param_hint="--status")

    async def work() -> int:
        async with opened(long=True):
            return await Generation.objects.prune(older_than, statuses)

    count = console.finish(work())
    if json:
        console.print_json({"deleted": count})
    else:
        console.say(f"{console.count(count, 'record')} deleted.")


def described(found: GenerationStats) -> list[tuple[str, str]]:
    """Say in words what the numbers of the queue are.

    Arguments:
        found: the numbers.

    Returns:
        A name and a value for each line.
    """
    rate = "-" if found.success_rate is None else f"{found.success_rate:.1%}"
    oldest = "none waits" if found.oldest_pending is None else _seconds(found.oldest_pending.total_seconds())
    return [
        ("Generations", f"{found.total:,}"),
        *((f"  {status.lower()}", f"{number:,}") for status, number in found.by_status.items()),
        ("Success rate", rate),
        ("In the queue", _two(found.queue_seconds_p50, found.queue_seconds_p95)),
        ("At work", _two(found.processing_seconds_p50, found.processing_seconds_p95)),
        ("Oldest that waits", oldest),
        ("Completed an hour", f"{found.throughput_per_hour:,.1f}"),
        ("Leases that ran out", f"{found.rescues:,}"),
    ]


async def _of(user: str | None) -> GenerationQuerySet:
    chosen = Generation.objects.all()
    return chosen if user is None else chosen.for_user((await find_user(user)).id)


async def _retry(ids: list[UUID]) -> tuple[int, int]:
    async with opened():
        for number, key in enumerate(ids):
            try:
                found = await Generation.objects.get(id=key)
                await found.retry()
            except NotFound:
                raise CharmodelsError(f"There is no generation {key}.{_so_far(number)}") from None
            except CharmodelsError as error:
                raise CharmodelsError(f"Generation {key} is not queued. {error}{_so_far(number)}") from error
    return len(ids), 0


async def _retry_dead(user: str | None) -> tuple[int, int]:
    async with opened(long=True):
        dead = (await _of(user)).dead()
        total = await dead.count()
        queued = await dead.retry()
        return queued, max(total - queued, 0)


def _so_far(number: int) -> str:
    return f" {number:,} before it {'was' if number == 1 else 'were'} queued." if number else ""


def _two(median: float | None, high: float | None) -> str:
    return "-" if median is None or high is None else f"{_seconds(median)} median, {_seconds(high)} p95"


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.1f} days"
