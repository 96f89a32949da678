"""`charmodels export`, and that `charmodels import` reads it back equal."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import charmodels as cm
from tests import factories
from tests.integration.test_backups import names
from tests.integration.test_cli import COMMAND, environment, run, with_password

HOSTILE: list[dict[str, Any]] = [
    {"name": 'Quoted "name"', "prompt": "two\nlines\u2028and more\\", "tags": ["día", "日本"]},
    {"name": "😀", "prompt": "é" * 2000, "metadata": {"deep": [1, 2.5, None, {"a": "\u0001"}], "big": 2**70}},
    {"name": "Plain", "prompt": "A knight", "image_url": "https://example.com/ä?b=%20", "tags": ["hero"] * 1},
]


async def contents(user: cm.User) -> list[tuple[Any, ...]]:
    """What a user's characters are, whenever they were made."""
    fields = ("name", "prompt", "style_type", "tags", "image_url", "thumbnail_url", "metadata")
    found = await cm.Character.objects.owned_by(user.id).oldest()
    return sorted((tuple(getattr(each, field) for field in fields) for each in found), key=repr)


async def make(user: cm.User) -> None:
    for values in HOSTILE:
        await cm.Character.create(user=user, style_type=cm.StyleType.ANIME, **values)


def lines(path: Path) -> list[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        return [json.loads(each) for each in file]


@pytest.mark.parametrize("name", ["characters.jsonl", "characters.jsonl.gz"])
async def test_what_is_exported_is_imported_equal(db: cm.Database, tmp_path: Path, name: str) -> None:
    ada, bob = await factories.user(email="ada@example.com"), await factories.user(email="bob@example.com")
    await make(ada)
    path = tmp_path / name
    report = await cm.export_characters(path, cm.Character.objects.owned_by(ada.id))
    assert (report.exported, report.unnamed) == (len(HOSTILE), 0)
    assert [each["name"] for each in lines(path)] == [each["name"] for each in HOSTILE]
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        imported = await cm.import_characters(file, owner=bob)  # type: ignore[arg-type]
    assert (imported.imported, imported.bad) == (len(HOSTILE), 0)
    assert await contents(bob) == await contents(ada)


async def test_more_than_a_batch_in_constant_memory(db: cm.Database, tmp_path: Path) -> None:
    ada, bob = await factories.user(email="ada@example.com"), await factories.user(email="bob@example.com")
    path = tmp_path / "a.jsonl"
    many = (json.dumps({"name": f"N{n}", "prompt": "é" * 1500, "style": "ANIME"}) for n in range(2500))
    await cm.import_characters(many, owner=ada)
    seen: list[int] = []
    tracemalloc.start()
    await cm.export_characters(path, progress=seen.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == [500, 1000, 1500, 2000, 2500]
    assert peak < 12_000_000  # all of them would be twice that
    await cm.import_characters(path, owner=bob)
    assert await contents(bob) == await contents(ada)


async def test_characters_without_a_name_are_called_unnamed(db: cm.Database) -> None:
    ada = await factories.user()
    await cm.Character.create(user=ada, prompt="A knight")
    file = io.BytesIO()
    report = await cm.export_characters(file)
    assert (report.exported, report.unnamed) == (1, 1)
    assert json.loads(file.getvalue())["name"] == "Unnamed"


async def test_a_file_that_is_there_stays(db: cm.Database, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("precious")
    with pytest.raises(cm.InvalidInput, match="The file is there already"):
        await cm.export_characters(path)
    broken = cm.Character.objects.filter(prompt="x").order_by("prompt").limit(3)
    with pytest.raises(cm.InvalidInput):  # pages have an order of their own
        await cm.export_characters(path, broken, force=True)
    assert names(tmp_path) == ["a.jsonl"]
    assert path.read_text() == "precious"
    await cm.export_characters(path, force=True)
    assert path.read_text() == ""


async def test_the_command_chooses(url: str, db: cm.Database, tmp_path: Path) -> None:
    ada, bob = await factories.user(email="ada@example.com"), await factories.user(email="bob@example.com")
    await make(ada)
    await cm.Character.create(user=bob, name="Bobs", prompt="A dragon", style_type=cm.StyleType.FANTASY)
    shown = await cm.Character.create(
        user=bob, name="Shown", prompt="A king", generation_status=cm.GenerationStatus.COMPLETED
    )
    await shown.publish()
    path = tmp_path / "a.jsonl"
    done = run("export", str(path), "--owner", "BOB@example.com", url=with_password(url))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Exported 2 characters in ")
    assert [each["name"] for each in lines(path)] == ["Bobs", "Shown"]
    printed = run("export", "-", "--public", url=url)
    assert [json.loads(each)["name"] for each in printed.stdout.splitlines()] == ["Shown"]
    assert printed.stderr.startswith("Exported 1 characters")
    styled = run("export", str(path), "--force", "--style", "anime", "--style", "FANTASY", "--json", url=url)
    assert json.loads(styled.stdout)["exported"] == len(HOSTILE) + 1
    unknown = run("export", "-", "--owner", "nobody@example.com", url=url)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "Error: No user has the email address that --owner gives.\n"


def test_wrong_usage() -> None:
    assert run("export", "-", "--json").returncode == 2


async def test_a_reader_that_has_enough_ends_it_quietly(url: str, db: cm.Database) -> None:
    ada = await factories.user()
    many = (json.dumps({"name": f"N{n}", "prompt": "é" * 1500, "style": "ANIME"}) for n in range(1000))
    await cm.import_characters(many, owner=ada)
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "export", "-", env=environment(url), stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    try:
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(os.read, reading, 1) == b"{"
    finally:
        os.close(reading)
    async with asyncio.timeout(60):
        assert await process.communicate() == (None, b"")
    assert process.returncode == 1
