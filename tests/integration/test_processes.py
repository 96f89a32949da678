"""The library in a process of its own: event loops one after another, uvloop, and what importing does."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import charmodels as cm

ROOT = Path(__file__).parents[2]


def python(program: str, *arguments: str) -> str:
    """Run a program in a process of its own, with warnings as errors, and give what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Event loops


def test_one_loop_after_another(server_url: str) -> None:
    output = python(
        """
        import asyncio, sys
        import charmodels as cm

        async def main():
            async with cm.connect(sys.argv[1]) as db:
                print(await db.client.execute_query_dict("SELECT 1 AS one"))

        for _ in range(3):
            asyncio.run(main())
        """,
        server_url,
    )
    assert output.splitlines() == ["[{'one': 1}]"] * 3


ABANDONED = """
    import asyncio, sys, warnings
    import charmodels as cm

    warnings.simplefilter("ignore", ResourceWarning)  # the abandoned sockets
    db = cm.connect(sys.argv[1])

    async def one(db):
        return (await db.client.execute_query_dict("SELECT 1 AS one"))[0]["one"]

    async def open_and_use(db):
        await db.open()
        return await one(db)

    print(asyncio.run(open_and_use(db)))
"""


def test_a_database_whose_loop_is_gone_makes_room(server_url: str) -> None:
    output = python(f"{ABANDONED}\n    print(asyncio.run(open_and_use(cm.connect(sys.argv[1]))))\n", server_url)
    assert output.split() == ["1", "1"]


def test_a_database_whose_loop_is_gone_opens_again(server_url: str) -> None:
    output = python(f"{ABANDONED}\n    print(asyncio.run(open_and_use(db)))\n", server_url)
    assert output.split() == ["1", "1"]


def test_a_database_whose_loop_is_gone_can_be_closed(server_url: str) -> None:
    output = python(
        f"{ABANDONED}\n    asyncio.run(db.close())\n    print(asyncio.run(open_and_use(cm.connect(sys.argv[1]))))\n",
        server_url,
    )
    assert output.split() == ["1", "1"]


@pytest.mark.parametrize(
    "use",
    [
        "cm.User.objects.count()",
        "cm.transaction().run(asyncio.sleep, 0)",
        "db.acquire().__aenter__()",
        "db.client.fetch('SELECT 1')",
    ],
)
def test_use_in_another_loop_says_so(server_url: str, use: str) -> None:
    output = python(
        f"""
        import asyncio, sys, threading
        import charmodels as cm

        async def main():
            async with cm.connect(sys.argv[1]) as db:
                async def use():
                    try:
                        await asyncio.wait_for({use}, 5)
                    except cm.ConfigurationError as error:
                        print(error)
                await asyncio.to_thread(asyncio.run, use())
                await db.client.fetch("SELECT 1")

        asyncio.run(main())
        """,
        server_url,
    )
    assert "another event loop" in output


def test_uvloop(server_url: str) -> None:
    pytest.importorskip("uvloop")
    output = python(
        """
        import asyncio, sys, uvloop
        import charmodels as cm

        async def main():
            assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
            async with cm.connect(sys.argv[1]) as db:
                async with cm.transaction(actor="ada") as tx:
                    await tx.fetch("SELECT 1")
                try:
                    await db.client.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
                except cm.DatabaseUnavailable:
                    print("unavailable")
                tasks = [asyncio.create_task(db.client.fetch("SELECT pg_sleep(60)")) for _ in range(3)]
                await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                print(await db.client.execute_query_dict("SELECT 1 AS one"), db.pool_status().busy)

        uvloop.run(main())
        uvloop.run(main())
        """,
        server_url,
    )
    assert output.splitlines() == ["unavailable", "[{'one': 1}] 0"] * 2


# Importing


def test_use_before_the_first_database_of_a_process(server_url: str) -> None:
    output = python(
        """
        import asyncio
        import charmodels as cm

        async def main():
            for use in (
                lambda: cm.User.objects.all(),
                lambda: cm.User.objects.count(),
                lambda: cm.User.filter(name="Ada").exists(),
                lambda: cm.User.all().values_list("id"),
                lambda: cm.User.objects.filter(name="Ada").update(name="Eve"),
                lambda: cm.User.objects.filter(name="Ada").delete(),
                lambda: cm.User.create(email="ada@example.com"),
                lambda: cm.User.bulk_create([cm.User(email="ada@example.com")]),
                lambda: cm.User(email="ada@example.com").save(),
                lambda: cm.User.get_or_create(email="ada@example.com"),
                lambda: cm.migrations.status(),
                lambda: cm.transaction().run(asyncio.sleep, 0),
            ):
                try:
                    await use()
                except cm.ConfigurationError:
                    print("refused")
                except BaseException as error:
                    print(repr(error))

        asyncio.run(main())
        """
    )
    assert output.splitlines() == ["refused"] * 12


def test_importing_opens_nothing_and_reads_no_setting() -> None:
    output = python(
        """
        import os, sys

        sockets, read = [], []
        sys.addaudithook(lambda event, arguments: sockets.append(event) if event.startswith("socket.") else None)

        class Environment(type(os.environ)):
            def __getitem__(self, name):
                read.append(name)
                return super().__getitem__(name)

        os.environ.__class__ = Environment
        import charmodels as cm

        names = {name.upper() for name in cm.Settings.model_fields}
        print(sockets, sorted(names & set(read)))
        cm.connect(), cm.lifespan(), cm.transaction()
        print(sockets, sorted(names & set(read)))
        """
    )
    assert output.splitlines() == ["[] []", "[] []"]


def test_the_configuration_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        monkeypatch.setenv("DATABASE_URL", f"postgresql://app@localhost/{name}")
        assert cm.TORTOISE_ORM["connections"]["default"]["credentials"]["database"] == name
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(cm.ConfigurationError, match="DATABASE_URL"):
        cm.TORTOISE_ORM  # noqa: B018
    with pytest.raises(AttributeError, match="NO_SUCH_NAME"):
        cm.NO_SUCH_NAME  # noqa: B018
