"""What the audit trail costs: the same verbs with its triggers and without, and what it costs to say who acts.

Through the models, one pool. With and without take turns, round by round, and a ratio is taken within each round, so
that a machine with other things to do bothers both alike. A ratio of 1.05 says: 5 % slower than without. In the end
there must be an entry for each change that was made with the triggers, and none for the others.

Run with: python -m benchmarks.audit
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import charmodels as cm
from benchmarks import compare, rows
from benchmarks.compare import Ratio, Spent
from charmodels.backend.behalf import AUDITED

WITHOUT = "without"
WITH = "with triggers"
SAID = "and who acts"
CONTENDERS = (WITHOUT, WITH, SAID)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        rounds: how often each gets its turn.
        requests: each caller makes in a turn.
        concurrency: how many callers at once; each has rows of its own.
    """

    rounds: int = 60
    requests: int = 10
    concurrency: tuple[int, ...] = (1, 8)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a request cost.

    Arguments:
        task: what was done.
        concurrency: how many callers at once.
        contender: WITHOUT the triggers, WITH them, or with them inside a `request_context`.
        milliseconds: a request, in the median round: time passed by requests made.
        fastest: likewise, in the fastest round, which nobody else disturbed.
        ratio: this one's time by that of WITHOUT.
    """

    task: str
    concurrency: int
    contender: str
    milliseconds: float
    fastest: float
    ratio: Ratio


@dataclass(slots=True)
class Caller:
    """Somebody with rows of their own."""

    user: cm.User
    character: cm.Character
    made: int = 0
    """Entries that the trail must have."""
    counts: bool = field(default=False)
    """Whether what is done now makes entries."""


Verb = Callable[[Caller, int], Awaitable[int]]
"""Makes a request, and tells how many entries it ought to make."""


async def publish(caller: Caller, number: int) -> int:
    """Publish or take back, by turns: an UPDATE with an entry, and the reading back of what the database set."""
    await (caller.character.unpublish() if caller.character.is_public else caller.character.publish())
    return 1


async def subscribe(caller: Caller, number: int) -> int:
    """Change the tier, to another one each time."""
    await caller.user.subscribe("PREMIUM" if caller.user.subscription_tier == "PRO" else "PRO")
    return 1


async def reserve(caller: Caller, number: int) -> int:
    """Reserve quota and give it back, which nobody audits."""
    await (await cm.User.objects.reserve_quota(caller.user.id)).release()
    return 0


async def edit(caller: Caller, number: int) -> int:
    """Save another prompt, which nobody audits; all columns are written."""
    caller.character.prompt = f"A brave knight, number {number}"
    await caller.character.save()
    return 0


async def read(caller: Caller, number: int) -> int:
    """Read a character by its key."""
    await cm.Character.objects.get(id=caller.character.id)
    return 0


TASKS: dict[str, Verb] = {
    "publish or unpublish": publish,
    "subscribe": subscribe,
    "reserve and release quota": reserve,
    "edit a prompt": edit,
    "read by key": read,
}


async def measure(url: str, plan: Plan) -> list[Figure]:
    """Let all do every task at every concurrency.

    Arguments:
        url: of a migrated database.
        plan: how much.

    Returns:
        The figures.

    Raises:
        AssertionError: the trail has more entries or fewer than it ought to have.
    """
    most = max(plan.concurrency)
    settings = cm.Settings(database_url=url, db_pool_min=most, db_pool_max=most)
    figures: list[Figure] = []
    async with cm.connect(settings) as database:
        callers = [await _caller(number) for number in range(most)]
        before = await cm.AuditEntry.objects.count()
        for task, verb in TASKS.items():
            for concurrency in plan.concurrency:
                figures += await _take_turns(database, task, verb, callers[:concurrency], plan)
        found = await cm.AuditEntry.objects.count() - before
    made = sum(caller.made for caller in callers)
    if found != made:
        raise AssertionError(f"The trail has {found} entries of {made} changes")
    return figures


async def _caller(number: int) -> Caller:
    user = await cm.User.create(email=f"user{number}@example.com", subscription_tier="PRO")
    character = await cm.Character.objects.create_for(
        user.id, cm.CharacterCreate(prompt="A brave knight", name="Osric")
    )
    return Caller(user, character)


async def _take_turns(
    database: cm.Database, task: str, verb: Verb, callers: Sequence[Caller], plan: Plan
) -> list[Figure]:
    spent: dict[str, list[Spent]] = {name: [] for name in CONTENDERS}

    async def request(number: int) -> None:
        caller = callers[number // plan.requests]
        made = await verb(caller, number)
        caller.made += made * caller.counts

    await database.client.execute_script("ANALYZE")  # or plans for empty tables would be kept
    for turn, order in enumerate(compare.turns(CONTENDERS, plan.rounds + 1)):
        for name in order:
            await _switch(database, name != WITHOUT)
            for caller in callers:
                caller.counts = name != WITHOUT
            with _context(name):
                taken = await compare.spend(request, len(callers), plan.requests)
            if turn:  # the first one warms up
                spent[name].append(taken)
    await _switch(database, True)
    seconds = {name: [one.seconds for one in turns] for name, turns in spent.items()}
    return [
        Figure(
            task=task,
            concurrency=len(callers),
            contender=name,
            milliseconds=statistics.median(seconds[name]) * 1000,
            fastest=min(seconds[name]) * 1000,
            ratio=compare.ratio(seconds[name], seconds[WITHOUT]),
        )
        for name in CONTENDERS
    ]


@contextmanager
def _context(name: str) -> Iterator[Any]:
    with cm.request_context(actor="benchmark", request_id="r1") if name == SAID else nullcontext():
        yield


async def _switch(database: cm.Database, audits: bool) -> None:
    """Switch the triggers of the trail on or off."""
    found = await database.client.fetch(
        "SELECT tgrelid::regclass::text AS name, tgname FROM pg_trigger "
        "WHERE starts_with(tgname, 'charmodels_audit_') AND tgrelid::regclass::text = ANY ($1::text[])",
        [list(AUDITED)],
    )
    how = "ENABLE" if audits else "DISABLE"
    await database.client.execute_script(
        ";".join(f"ALTER TABLE {row['name']} {how} TRIGGER {row['tgname']}" for row in found)
    )


def table(figures: Sequence[Figure]) -> str:
    """Lay figures out for reading."""
    lines = []
    for figure in figures:
        if figure.contender == WITHOUT:
            callers = f"{figure.concurrency} caller{'s' if figure.concurrency > 1 else ''}"
            lines.append(
                f"{figure.task + ', ' + callers:<40}{'ms':>7}{'fastest':>9}  ratio to {WITHOUT} (least to greatest)"
            )
        lines.append(f"  {figure.contender:<38}{figure.milliseconds:>7.3f}{figure.fastest:>9.3f}  {figure.ratio}")
    return "\n".join(lines)


def run(plan: Plan) -> list[Figure]:
    """Start a server, or use DATABASE_URL's, and measure."""
    return rows.on_a_server(rows.migrated, lambda url: measure(url, plan))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the file."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of each")
    parser.add_argument("--requests", type=int, default=usual.requests, help="requests of a caller in a turn")
    parser.add_argument("--concurrency", type=int, nargs="+", default=usual.concurrency, help="callers at once")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "audit.json", help="file for the figures")
    given = parser.parse_args(arguments)
    plan = Plan(given.rounds, given.requests, tuple(given.concurrency))
    figures = run(plan)
    print(table(figures))
    compare.write(given.output, {**compare.describe_machine(), "plan": plan, "figures": figures})


if __name__ == "__main__":
    main()
