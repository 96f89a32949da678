"""`charmodels setup` and `charmodels reset`, as processes of their own."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

import charmodels as cm
from charmodels import provisioning
from tests import servers
from tests.integration.test_cli import COMMAND, SECRET, environment, run, with_password
from tests.proxy import Proxy, until

PRODUCTION = {"APP_ENV": "production", "DB_SSLMODE": "disable"}


@pytest.fixture
async def new_url(server_url: str) -> AsyncIterator[str]:
    """The URL of a database that is not there."""
    made = servers.with_database(server_url, servers.new_name())
    yield made
    await servers.drop(server_url, made)


async def fetch(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


def steps(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {step["name"]: step["result"] for step in json.loads(done.stdout)["steps"]}


def test_setup_makes_everything_and_then_keeps_it(new_url: str) -> None:
    url = with_password(new_url)
    done = run("setup", url=url)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [re.split(r" {2,}", line)[:2] for line in done.stdout.splitlines()]
    assert rows == [
        ["Step", "Result"],
        ["server", "done"],
        ["database", "done"],
        ["migrations", "done"],
        ["sample data", "done"],
        ["check", "done"],
    ]
    again = run("setup", "--json", url=url)
    assert again.returncode == 0
    assert steps(again) == {
        "server": "done",
        "database": "kept",
        "migrations": "kept",
        "sample data": "kept",
        "check": "done",
    }


async def test_two_setups_at_once_make_one_database(new_url: str, server_url: str) -> None:
    both = [
        await asyncio.create_subprocess_exec(
            *COMMAND,
            "setup",
            "--json",
            env=environment(new_url, DB_CONNECT_RETRIES="5"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(120):
        said = [await process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert [err for _, err in said] == [b"", b""]
    reports = [{step["name"]: step for step in json.loads(out)["steps"]} for out, _ in said]
    assert sorted(report["database"]["result"] for report in reports) == ["done", "kept"]
    assert sorted(report["migrations"]["result"] for report in reports) == ["done", "kept"]
    name = urlsplit(new_url).path[1:]
    assert len(await fetch(server_url, f"SELECT FROM pg_database WHERE datname = '{name}'")) == 1
    counts = await fetch(new_url, "SELECT (SELECT count(*) FROM users) AS users, count(*) FROM character_templates")
    assert tuple(counts[0]) == (6, 10)


async def test_setup_without_sample_data(new_url: str) -> None:
    done = run("setup", "--no-seed", "--json", url=new_url)
    assert (done.returncode, steps(done)["sample data"]) == (0, "skipped")
    assert len(await fetch(new_url, "SELECT FROM users")) == 0


def test_production_gets_no_sample_data(url: str) -> None:
    refused = run("setup", "--seed", url=url, **PRODUCTION)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: APP_ENV is production")
    done = run("setup", "--json", url=url, **PRODUCTION)
    assert (done.returncode, steps(done)["sample data"]) == (0, "skipped")


def test_setup_without_a_server_says_so_and_runs_nothing_else() -> None:
    done = run("setup", "--wait", "0", "--json", url=f"postgresql://app:{SECRET}@127.0.0.1:1/none")
    assert done.returncode == 1
    assert list(steps(done).values()) == ["failed", *["not run"] * 4]
    assert done.stderr.startswith("Error: The database is unavailable")
    assert len(done.stderr.splitlines()) == 1


async def test_a_server_that_is_late_is_waited_for(url: str) -> None:
    async with Proxy(url) as proxy:
        async with proxy.away():
            with pytest.raises(cm.DatabaseUnavailable):
                await provisioning.wait_for_server(proxy.url, timeout=0)
            before = proxy.accepted
            waiting = asyncio.create_task(provisioning.wait_for_server(proxy.url, timeout=60))
            await until(lambda: proxy.accepted > before)
        assert await waiting


async def test_a_role_that_may_not_create_databases_is_told(server_url: str, new_url: str) -> None:
    role = servers.new_name()
    await servers.execute(server_url, f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
    try:
        parts = urlsplit(new_url)
        host = parts.netloc.rpartition("@")[2]
        done = run("setup", url=parts._replace(netloc=f"{role}:{SECRET}@{host}").geturl())
        assert done.returncode == 1
        assert "the role may not create it" in done.stderr
    finally:
        await servers.execute(server_url, f"DROP ROLE {role}")


async def test_reset_wants_yes_and_loses_everything(url: str) -> None:
    async with cm.connect(url):
        await cm.seed()
    await servers.execute(url, "CREATE VIEW names AS SELECT name FROM users; CREATE TABLE others (a int)")
    await servers.execute(url, "CREATE TYPE mood AS ENUM ('good'); CREATE DOMAIN word AS text")
    refused = run("reset", url=url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.search(r"drops \d+ tables, \d+ views, .*with all rows.* wants --yes\.", refused.stderr)
    assert len(await fetch(url, "SELECT FROM users")) == 6
    done = run("reset", "--yes", "--json", url=with_password(url))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["applied"] == len(cm.migrations.versions())
    assert len(await fetch(url, "SELECT FROM users")) == 0
    found = {(content.kind, content.name) for content in await provisioning.contents(url)}
    assert not found & {("VIEW", "names"), ("TABLE", "others"), ("TYPE", "mood"), ("DOMAIN", "word")}
    assert (await cm.migrations.status(url)).is_current


async def test_reset_keeps_to_its_schema(empty_url: str) -> None:
    settings = cm.Settings(database_url=empty_url, db_schema="app one")
    await cm.migrations.upgrade(settings)
    await servers.execute(empty_url, "CREATE TABLE public.kept (a int)")
    assert await provisioning.reset(settings, force=True) > 10
    assert len(await fetch(empty_url, "SELECT FROM public.kept")) == 0
    assert (await cm.migrations.status(settings)).is_current


def test_production_is_never_reset(url: str) -> None:
    done = run("reset", "--yes", url=url, **PRODUCTION)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: APP_ENV is production")


async def test_reset_from_code_wants_force(url: str) -> None:
    with pytest.raises(cm.ConfigurationError, match="force=True"):
        await provisioning.reset(url)
