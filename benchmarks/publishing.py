"""What counting tags costs whoever publishes: characters inserted and published with the counting trigger and without.

Every publisher has one connection and writes one row at a time, each in a transaction of its own, through plain
asyncpg, so that nothing but the server is measured. With and without take turns, round by round, and a ratio is taken
within each round, so that a machine with other things to do bothers both alike. In the end it must count right.

Run with: python -m benchmarks.publishing
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

import charmodels as cm
from benchmarks import compare, rows
from benchmarks.compare import Ratio, Spent
from charmodels.identifiers import new_id

WITH, WITHOUT = "counted", "not counted"

TRIGGERS = ("charmodels_count_tags", "charmodels_count_tags_on_update")

HOT = "hot"
"""A tag that every character has, as the most popular one has it."""

INSERT = """
    INSERT INTO characters (id, user_id, name, prompt, style_type, tags, is_public, generation_status, published_at)
    VALUES ($1, $2, 'Ser Osric', $3, 'FANTASY', $4, $5, 'COMPLETED', CASE WHEN $5 THEN now() END)
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        rounds: how often each gets its turn.
        rows: written in one turn.
        concurrency: how many publishers at once.
    """

    rounds: int = 20
    rows: int = 400
    concurrency: int = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """What one way of writing cost.

    Arguments:
        task: what was written.
        contender: with the trigger or without.
        milliseconds: a row, in the median round: time passed by rows written.
        ratio: its time by the time without the trigger.
    """

    task: str
    contender: str
    milliseconds: float
    ratio: Ratio


Write = Callable[[Any, int], Awaitable[Any]]
"""Writes one row through a connection."""


class Publisher:
    """Makes rows to write.

    Arguments:
        owner: of the characters.
    """

    def __init__(self, owner: UUID) -> None:
        self.owner = owner
        self.choose = random.Random(20)
        self.private: list[UUID] = []

    async def insert(self, connection: Any, is_public: bool) -> UUID:
        """Insert a character, as published or as private."""
        key = new_id()
        words = " ".join(self.choose.choices(rows._WORDS, k=30))
        tags = [HOT, *(f"tag{number}" for number in self.choose.sample(range(1000), k=4))]
        await connection.execute(INSERT, key, self.owner, words, tags, is_public)
        return key

    async def insert_private(self, connection: Any, number: int) -> None:
        """Insert a private one, which is not counted."""
        await self.insert(connection, False)

    async def insert_public(self, connection: Any, number: int) -> None:
        """Insert one that the gallery shows at once."""
        await self.insert(connection, True)

    async def publish(self, connection: Any, number: int) -> None:
        """Publish one of those that `prepare` made."""
        await connection.execute("UPDATE characters SET is_public = true WHERE id = $1", self.private[number])

    async def prepare(self, connection: Any, count: int) -> None:
        """Insert private ones to publish."""
        self.private = [await self.insert(connection, False) for _ in range(count)]


def _tasks(publisher: Publisher) -> dict[str, Write]:
    return {
        "insert private": publisher.insert_private,
        "insert public": publisher.insert_public,
        "publish": publisher.publish,
    }


async def measure(url: str, plan: Plan) -> list[Figure]:
    """Write with and without the trigger.

    Arguments:
        url: of a migrated database.
        plan: how much.

    Returns:
        The figures.

    Raises:
        AssertionError: the counts do not equal a recount.
    """
    arguments = cm.Settings(database_url=url).connect_arguments()
    async with cm.connect(cm.Settings(database_url=url)):
        publisher = Publisher((await cm.User.create(email="ada@example.com")).id)
        connections = [await asyncpg.connect(**arguments) for _ in range(plan.concurrency)]
        keeper = await asyncpg.connect(**arguments)
        try:
            figures = []
            for name, write in _tasks(publisher).items():
                figures += _figures(name, await _take_turns(publisher, write, connections, keeper, plan))
            await _audit(keeper)
        finally:
            for connection in (keeper, *connections):
                await connection.close()
    return figures


async def _take_turns(
    publisher: Publisher, write: Write, connections: Sequence[Any], keeper: Any, plan: Plan
) -> dict[str, list[Spent]]:
    samples: dict[str, list[Spent]] = {WITH: [], WITHOUT: []}
    each = max(1, plan.rows // plan.concurrency)

    async def request(number: int) -> None:
        await write(connections[number // each], number)

    for turn, names in enumerate(compare.turns(list(samples), plan.rounds + 1)):
        for name in names:
            await _switch(keeper, name == WITH)
            await publisher.prepare(keeper, each * plan.concurrency)
            spent = await compare.spend(request, plan.concurrency, each)
            if turn:  # the first one warms up
                samples[name].append(spent)
            await keeper.execute("SELECT charmodels_fold_tags(1000000)")
    return samples


async def _switch(keeper: Any, counts: bool) -> None:
    how = "ENABLE" if counts else "DISABLE"
    for trigger in TRIGGERS:
        await keeper.execute(f"ALTER TABLE gallery_entries {how} TRIGGER {trigger}")


async def _audit(keeper: Any) -> None:
    """See that what was counted was counted right; what was not, is left out."""
    await _switch(keeper, True)
    await keeper.execute("TRUNCATE characters CASCADE")
    publisher = Publisher(await keeper.fetchval("SELECT id FROM users"))
    for number in range(20):
        await publisher.insert_public(keeper, number)
    found = await cm.GalleryEntry.objects.compare_counts()
    if found.wrong or not found.compared:
        raise AssertionError(f"The counts are not what a recount gives: {found}")


def _figures(task: str, samples: Mapping[str, Sequence[Spent]]) -> list[Figure]:
    seconds = {name: [spent.seconds for spent in spending] for name, spending in samples.items()}
    return [
        Figure(task, name, statistics.median(taken) * 1000, compare.ratio(taken, seconds[WITHOUT]))
        for name, taken in seconds.items()
    ]


def table(figures: Sequence[Figure], plan: Plan) -> str:
    """Lay figures out for reading."""
    lines = [f"{f'a row, {plan.concurrency} publishers at once':<40}{'ms':>7}  ratio to {WITHOUT} (least to greatest)"]
    for figure in figures:
        name = f"{figure.task}, {figure.contender}"
        lines.append(f"  {name:<38}{figure.milliseconds:>7.3f}  {figure.ratio}")
    return "\n".join(lines)


def run(plan: Plan) -> list[Figure]:
    """Start a server, or use DATABASE_URL's, and measure."""
    return rows.on_a_server(rows.migrated, lambda url: measure(url, plan))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the file."""
    usual = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.publishing", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns with and without")
    parser.add_argument("--rows", type=int, default=usual.rows, help="rows in a turn")
    parser.add_argument("--concurrency", type=int, default=usual.concurrency, help="publishers at once")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "publishing.json", help="file for the figures")
    given = parser.parse_args(arguments)
    plan = Plan(given.rounds, given.rows, given.concurrency)
    figures = run(plan)
    print(table(figures, plan))
    compare.write(given.output, {**compare.describe_machine(), "plan": plan, "figures": figures})


if __name__ == "__main__":
    main()
