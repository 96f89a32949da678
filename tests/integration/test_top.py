"""`charmodels top`, on a server of its own that has pg_stat_statements loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator

import asyncpg
import pytest

import charmodels as cm
from tests import servers
from tests.integration.test_cli import run

pytestmark = [pytest.mark.xdist_group("top"), pytest.mark.slow]


@pytest.fixture(scope="module")
def loaded() -> Iterator[str]:
    """The URL of a server with the library loaded, and the extension in a schema with an odd name."""
    import asyncio

    with servers.new_folder() as folder:
        with cm.embedded.postgres(folder) as url:
            asyncio.run(servers.execute(url, "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'"))
        with cm.embedded.postgres(folder) as url:
            asyncio.run(servers.execute(url, 'CREATE SCHEMA "odd ""name"'))
            asyncio.run(servers.execute(url, 'CREATE EXTENSION pg_stat_statements SCHEMA "odd ""name"'))
            yield url


async def some_work(url: str) -> None:
    connection = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
    try:
        for number in range(7):
            await connection.execute(f"SELECT {number} AS often, 'a secret'")
        await connection.execute("SELECT pg_sleep(0.2)")
        await connection.execute("SET application_name = 'a secret'")
        await connection.execute("CREATE ROLE somebody PASSWORD 'a secret'")
        await connection.execute("DROP ROLE somebody")
    finally:
        await connection.close()


async def test_it_shows_what_took_the_servers_time(loaded: str) -> None:
    await some_work(loaded)
    done = run("top", "--json", "--limit", "1000", url=loaded)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "a secret" not in done.stdout
    [slept] = [each for each in found if "pg_sleep" in each["statement"]]
    assert slept["calls"] == 1
    assert 200 <= slept["total_ms"] <= 10_000
    assert slept["mean_ms"] == slept["max_ms"] == slept["total_ms"]
    [often] = [each for each in found if "often" in each["statement"]]
    assert (often["calls"], often["rows"]) == (7, 7)
    assert [each["total_ms"] for each in found] == sorted((each["total_ms"] for each in found), reverse=True)
    assert sum(each["share"] for each in found) == pytest.approx(1)
    for sort, field in (("mean", "mean_ms"), ("calls", "calls")):
        sorted_by = json.loads(run("top", "--json", "--sort", sort, url=loaded).stdout)
        assert [each[field] for each in sorted_by] == sorted((each[field] for each in sorted_by), reverse=True)


async def test_the_table_fits_80_columns(loaded: str) -> None:
    await servers.execute(loaded, "SELECT pg_sleep(0.3) AS slowest_of_all")
    done = run("top", "--limit", "3", url=loaded)
    assert done.returncode == 0, done.stderr
    assert "pg_sleep" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


async def test_statements_of_other_databases_do_not_show(loaded: str) -> None:
    other = await servers.create(loaded)
    try:
        await servers.execute(other, "SELECT 1 AS in_another_database")
        await servers.execute(loaded, "SELECT 1 AS in_this_database")
        shown = run("top", "--json", "--limit", "1000", url=loaded).stdout
        missing = run("top", url=other)
    finally:
        await servers.drop(loaded, other)
    assert "in_this_database" in shown
    assert "in_another_database" not in shown
    assert missing.returncode == 1
    assert "is not installed in this database" in missing.stderr
    assert "CREATE EXTENSION pg_stat_statements" in missing.stderr


async def test_a_role_that_may_not_see_them_is_told_what_to_grant(loaded: str) -> None:
    await servers.execute(loaded, "SELECT 1 AS of_the_superuser")
    await servers.execute(loaded, "CREATE ROLE watcher LOGIN")
    await servers.execute(loaded, 'GRANT USAGE ON SCHEMA "odd ""name" TO watcher')
    try:
        done = run("top", url=loaded.replace("postgres@", "watcher@"))
    finally:
        await servers.execute(loaded, 'REVOKE USAGE ON SCHEMA "odd ""name" FROM watcher')
        await servers.execute(loaded, "DROP ROLE watcher")
    assert done.returncode == 0, done.stderr
    assert "of_the_superuser" not in done.stdout
    assert "GRANT pg_read_all_stats" in done.stderr


async def test_a_server_that_has_not_loaded_it_is_said_to_have_not(empty_url: str) -> None:
    """The extension may be there without the library, which the server then refuses to read."""
    connection = await asyncpg.connect(**cm.Settings(database_url=empty_url).connect_arguments())
    try:
        if "pg_stat_statements" in await connection.fetchval("SHOW shared_preload_libraries"):
            pytest.skip("this server has it loaded")
        if not await connection.fetchval(
            "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'"
        ):
            pytest.skip("this server has not got it at all")
        await connection.execute("CREATE EXTENSION pg_stat_statements")
    finally:
        await connection.close()
    done = run("top", url=empty_url)
    assert done.returncode == 1
    assert "The server has not loaded pg_stat_statements." in done.stderr
    assert "shared_preload_libraries" in done.stderr
