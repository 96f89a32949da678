"""The FastAPI example under load: uvicorn in a process of its own, many clients at once, each request after the last.

Whether anything fails, whether the pool keeps to its maximum, and how much of the server's processor time is the
library's: the newest page is also had from the same app without a database (benchmarks/web_still.py), and what the
example costs above that is the library's share, with driver and round trip. What an app by hand on asyncpg's own pool
(benchmarks/web_bare.py) costs above it is the measure of that.

Run with: python -m benchmarks.web
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import charmodels as cm
from benchmarks import compare
from benchmarks.rows import migrated
from tests import servers

EXAMPLE = "examples.apps.fastapi:app"
BARE = "benchmarks.web_bare:app"
STILL = "benchmarks.web_still:app"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Arguments:
        characters: rows in the table, of which 40 % are public.
        clients: at once.
        seconds: under load.
        share_seconds: for each of the three apps that are compared.
        pool: connections, at most.
    """

    characters: int = 20_000
    clients: int = 64
    seconds: float = 20
    share_seconds: float = 8
    pool: int = 8


@dataclass(slots=True)
class Load:
    """What the clients saw.

    Arguments:
        seconds: that it lasted.
        times: of answers, in seconds, by kind of request.
        statuses: how often each was answered, by kind of request.
        connections: of the app to the database, at most.
        processor: seconds of the server's processor time.
    """

    seconds: float = 0
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    connections: int = 0
    processor: float = 0

    @property
    def requests(self) -> int:
        return sum(map(len, self.times.values()))

    @property
    def milliseconds(self) -> float:
        """Processor time of the server, a request."""
        return 1000 * self.processor / max(self.requests, 1)


class Client:
    """One connection that is kept, and what is asked over it; as light as can be, to leave the processor to the app."""

    def __init__(self, port: int, load: Load) -> None:
        self.port = port
        self.load = load

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def ask(self, kind: str, path: str, body: bytes | None = None, user: str = "") -> tuple[int, bytes]:
        began = time.perf_counter()
        method = "GET" if body is None else "POST"
        head = f"{method} {path} HTTP/1.1\r\nhost: test\r\n"
        if body is not None:
            head += f"x-user-id: {user}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.writer.write(f"{head}\r\n".encode() + (body or b""))
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(answer.partition("\r\ncontent-length: ")[2].partition("\r\n")[0])
        content = await self.reader.readexactly(length)
        status = int(answer[9:12])
        self.load.times[kind].append(time.perf_counter() - began)
        self.load.statuses[kind][status] += 1
        return status, content


@asynccontextmanager
async def serving(app: str, url: str, pool: int) -> AsyncIterator[tuple[int, int]]:
    """Run an app under uvicorn; give its port and its process's id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "warning", "--no-access-log"),
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DB_POOL_MAX": str(pool), "PYTHONPATH": str(ROOT)},
    )
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.returncode is None, "the app did not start"
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


async def watch_connections(url: str, load: Load, stop: asyncio.Event) -> None:
    """Count the app's connections now and then, from outside."""
    async with cm.connect(cm.Settings(database_url=url, db_pool_max=1)) as database, database.acquire() as connection:
        while not stop.is_set():
            found = await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            load.connections = max(load.connections, found)
            try:
                await asyncio.wait_for(stop.wait(), 0.1)
            except TimeoutError:
                continue


def processor_seconds(pid: int) -> float:
    """Processor time that a process used so far, where the system tells; else 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def visit(client: Client, choose: random.Random, user: str, until: float) -> None:
    """What a visitor does: looks at the newest, turns pages, searches, filters, opens one; now and then orders one."""
    order = json.dumps({"prompt": "A knight at dawn", "style_type": "FANTASY", "tags": ["hero"]}).encode()
    keys: list[str] = []
    cursor: str | None = None
    while time.perf_counter() < until:
        what = choose.random()
        if what < 0.4:
            _, content = await client.ask("newest", "/characters")
            page = json.loads(content)
            keys, cursor = [item["id"] for item in page["items"]], page["next_cursor"]
        elif what < 0.6 and cursor:
            _, content = await client.ask("next page", f"/characters?after={cursor}")
            cursor = json.loads(content)["next_cursor"]
        elif what < 0.7:
            await client.ask("filtered", "/characters?tags_any=hero&tags_any=knight&style=FANTASY")
        elif what < 0.8:
            await client.ask("searched", f"/characters?q={choose.choice(('knight', 'brave', 'night', 'dragon'))}")
        elif what < 0.97 and keys:
            await client.ask("one", f"/characters/{choose.choice(keys)}")
        else:
            await client.ask("order", "/generations", order, user)


async def browse(client: Client, choose: random.Random, user: str, until: float) -> None:
    """Look at the newest page only."""
    while time.perf_counter() < until:
        await client.ask("newest", "/characters")


async def burden(
    app: str, url: str, plan: Plan, seconds: float, visitor: Callable[..., object], users: Sequence[str]
) -> Load:
    """Put an app under load."""
    load = Load()
    async with serving(app, url, plan.pool) as (port, pid):
        stop = asyncio.Event()
        watching = asyncio.create_task(watch_connections(url, load, stop))
        used, began = processor_seconds(pid), time.perf_counter()

        async def one(number: int) -> None:
            async with Client(port, load) as client:
                await visitor(client, random.Random(number), users[number], began + seconds)  # type: ignore[misc]

        try:
            async with asyncio.TaskGroup() as clients:
                for number in range(plan.clients):
                    clients.create_task(one(number))
        finally:
            load.seconds, load.processor = time.perf_counter() - began, processor_seconds(pid) - used
            stop.set()
            await watching
    return load


@dataclass(slots=True)
class Figures:
    """What came out.

    Arguments:
        load: of the mix of requests.
        example: of the newest page alone.
        bare: of the same, by hand.
        still: of the same, without a database.
    """

    load: Load
    example: Load
    bare: Load
    still: Load

    @property
    def share(self) -> float:
        """The part of the server's processor time for a page that is the library's, driver included: 0 to 1."""
        return 1 - self.still.milliseconds / max(self.example.milliseconds, 1e-9)

    @property
    def to_bare(self) -> float:
        """What the library and the driver take, as a multiple of what the app by hand takes for the same."""
        by_hand = self.bare.milliseconds - self.still.milliseconds
        return (self.example.milliseconds - self.still.milliseconds) / max(by_hand, 1e-9)


async def measure(server_url: str, plan: Plan) -> Figures:
    """Make the rows, and put the apps under load.

    Raises:
        AssertionError: a request failed, a connection was too many, or a quota was not kept.
    """
    async with migrated(server_url) as url:
        async with cm.connect(cm.Settings(database_url=url, db_pool_max=2)):
            await cm.populate(plan.characters, seed=1)
            users = [str((await cm.User.create(email=f"visitor{n}@example.com")).id) for n in range(plan.clients)]
        load = await burden(EXAMPLE, url, plan, plan.seconds, visit, users)
        example = await burden(EXAMPLE, url, plan, plan.share_seconds, browse, users)
        bare = await burden(BARE, url, plan, plan.share_seconds, browse, users)
        still = await burden(STILL, url, plan, plan.share_seconds, browse, users)
        async with cm.connect(cm.Settings(database_url=url, db_pool_max=2)):
            orders = await cm.Generation.all().count()
            discrepancies = await cm.QuotaEntry.objects.discrepancies()
    for seen in (load, example, bare, still):
        for kind, statuses in seen.statuses.items():
            assert set(statuses) <= ({202, 429} if kind == "order" else {200}), f"{kind} was answered {statuses}"
        assert seen.connections <= plan.pool, f"{seen.connections} connections of a pool of {plan.pool}"
    assert orders == load.statuses["order"][202], "what was accepted is not what is there"
    assert not discrepancies, "quota and ledger disagree"
    return Figures(load, example, bare, still)


def table(figures: Figures, plan: Plan) -> str:
    """Lay figures out for reading."""
    load = figures.load
    lines = [
        f"{plan.clients} clients for {load.seconds:.0f} s: {load.requests:,} requests, "
        f"{load.requests / load.seconds:,.0f} a second, none failed",
        f"Connections: {load.connections} at most, of a pool of {plan.pool}",
        "",
        f"{'request':<12}{'number':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}",
    ]
    for kind, times in sorted(load.times.items(), key=lambda item: -len(item[1])):
        cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
        shown = "".join(f"{1000 * cuts[cut - 1]:>9.1f}" for cut in (50, 95, 99))
        lines.append(f"{kind:<12}{len(times):>8,}{shown}")
    accepted, refused = load.statuses["order"][202], load.statuses["order"][429]
    lines += [
        "",
        f"Orders: {accepted} accepted, {refused:,} refused by the quota",
        "",
        f"{'the newest page alone':<28}{'ms of processor':>16}{'pages a second':>16}",
    ]
    for what, seen in (
        ("the example", figures.example),
        ("by hand on asyncpg's pool", figures.bare),
        ("without a database", figures.still),
    ):
        lines.append(f"  {what:<26}{seen.milliseconds:>16.2f}{seen.requests / seen.seconds:>16,.0f}")
    lines.append(
        f"The library's share, driver and round trip included: {figures.share:.0%}; "
        f"{figures.to_bare:.2f} times what it takes by hand"
    )
    return "\n".join(lines)


def summary(figures: Figures) -> dict[str, object]:
    """What goes into the file."""
    return {
        name: {
            "requests": seen.requests,
            "seconds": seen.seconds,
            "connections": seen.connections,
            "processor_milliseconds": seen.milliseconds,
            "statuses": {kind: dict(statuses) for kind, statuses in seen.statuses.items()},
        }
        for name, seen in (
            ("mix", figures.load),
            ("page", figures.example),
            ("page_by_hand", figures.bare),
            ("page_without_database", figures.still),
        )
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the file."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--characters", type=int, default=usual.characters, help="rows in the table")
    parser.add_argument("--clients", type=int, default=usual.clients, help="at once")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="under load")
    parser.add_argument("--share-seconds", type=float, default=usual.share_seconds, help="for each of three apps")
    parser.add_argument("--pool", type=int, default=usual.pool, help="connections, at most")
    parser.add_argument("--output", type=Path, default=compare.RESULTS / "web.json", help="file for the figures")
    given = parser.parse_args(arguments)
    plan = Plan(given.characters, given.clients, given.seconds, given.share_seconds, given.pool)
    with servers.server() as server_url:
        figures = asyncio.run(measure(server_url, plan))
    print(table(figures, plan))
    compare.write(
        given.output,
        {
            **compare.describe_machine(),
            "plan": plan,
            "share": figures.share,
            "to_bare": figures.to_bare,
            **summary(figures),
        },
    )


if __name__ == "__main__":
    main()
