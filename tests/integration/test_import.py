"""Importing characters into a database."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import pytest

import charmodels as cm
from charmodels.identifiers import new_id
from charmodels.importing import KEPT_BAD_LINES, BadLine, import_characters
from tests import factories

SRD = Path(__file__).parents[2].parent / "shared" / "data" / "srd_characters.jsonl"
MEBIBYTE = 1024 * 1024


def line(name: str = "Osric", **values: Any) -> str:
    return json.dumps({"name": name, "prompt": "A brave knight", "style": "FANTASY", **values})


def stored(character: cm.Character) -> dict[str, Any]:
    """A character as a line of a file says it."""
    return {
        "name": character.name,
        "prompt": character.prompt,
        "style": str(character.style_type),
        "tags": character.tags,
        "metadata": character.metadata,
    }


@contextmanager
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as sink:
        yield source, sink


@pytest.fixture
async def owner(db: cm.Database) -> cm.User:
    return await factories.user(email="Ada@example.com")


async def test_what_is_imported_is_finished_and_private(owner: cm.User) -> None:
    full = {
        "tags": ["Hero", "hero ", "Ice  QUEEN"],
        "image_url": "https://example.com/a.webp",
        "thumbnail_url": "/a-small.webp",
        "metadata": {"nested": [1, 2.5, None, "ü"]},
    }
    report = await import_characters([line("  Osric ", **full)], owner=owner)
    assert (report.read, report.imported, report.bad, report.bad_lines) == (1, 1, 0, ())
    character = await cm.Character.objects.get(name="Osric")
    assert character.user_id == owner.id
    assert character.generation_status is cm.GenerationStatus.COMPLETED
    assert (character.is_public, character.published_at) == (False, None)
    assert character.tags == ["hero", "ice queen"]
    assert character.image_url == full["image_url"]
    assert character.thumbnail_url == full["thumbnail_url"]
    assert character.metadata == full["metadata"]
    assert character.created_at == character.updated_at


async def test_publish_shows_it_in_the_gallery(owner: cm.User) -> None:
    await import_characters([line()], owner=owner, publish=True)
    character = await cm.Character.objects.public().get(user_id=owner.id)
    assert character.published_at == character.created_at


async def test_the_order_of_the_file_is_the_order_of_creation(owner: cm.User) -> None:
    names = [f"Number {number:04}" for number in range(2500)]
    await import_characters(map(line, names), owner=owner)
    assert [each.name for each in await cm.Character.all().order_by("created_at", "id")] == names
    assert [each.name for each in await cm.Character.all().order_by("id")] == names


async def test_the_owner_may_be_a_user_an_id_or_an_address(owner: cm.User) -> None:
    for given in (owner, owner.id, "ADA@EXAMPLE.com"):
        await import_characters([line()], owner=given)
    assert await cm.Character.objects.owned_by(owner.id).count() == 3


@pytest.mark.parametrize("stranger", ["nobody@example.com", UUID(int=1), new_id()])
async def test_an_unknown_owner_is_not_found_before_a_line_is_read(db: cm.Database, stranger: str | UUID) -> None:
    lines = iter([line()])
    with pytest.raises(cm.NotFound):
        await import_characters(lines, owner=stranger)
    assert next(lines) == line()


async def test_bad_lines_import_nothing_and_are_all_named(owner: cm.User) -> None:
    good = [line(f"Number {number}") for number in range(3000)]
    good[4] = "{"
    good[2500] = line(style="CUBIST")
    good[-1] = line(prompt="")
    report = await import_characters(good, owner=owner)
    assert (report.read, report.imported, report.bad) == (3000, 0, 3)
    assert [(bad.number, bad.field) for bad in report.bad_lines] == [(5, None), (2501, "style"), (3000, "prompt")]
    assert await cm.Character.all().count() == 0


async def test_a_bad_last_line_takes_back_what_was_written(owner: cm.User) -> None:
    seen: list[int] = []
    report = await import_characters(
        itertools.chain((line() for _ in range(2000)), ["{"]), owner=owner, progress=seen.append
    )
    assert seen == [1000, 2000, 2001]
    assert report.imported == 0
    assert await cm.Character.all().count() == 0


async def test_keep_going_loads_the_good_lines(owner: cm.User) -> None:
    found: list[BadLine] = []
    report = await import_characters(
        ["{", line("One"), "\n", line(prompt=""), line("Two")],
        owner=owner,
        keep_going=True,
        on_bad_line=found.append,
    )
    assert (report.read, report.imported, report.bad) == (4, 2, 2)
    assert [bad.number for bad in found] == [1, 4]
    assert report.bad_lines == tuple(found)
    assert sorted(each.name or "" for each in await cm.Character.all()) == ["One", "Two"]


async def test_nothing_to_import_is_fine(owner: cm.User) -> None:
    report = await import_characters(io.BytesIO(b"\xef\xbb\xbf\r\n\n"), owner=owner)
    assert (report.read, report.imported, report.bad) == (0, 0, 0)


async def test_a_report_keeps_so_many_bad_lines_and_counts_the_rest(owner: cm.User) -> None:
    found: list[BadLine] = []
    count = 2 * KEPT_BAD_LINES + 1
    report = await import_characters(["{"] * count, owner=owner, on_bad_line=found.append)
    assert report.bad == len(found) == count
    assert report.bad_lines == tuple(found[:KEPT_BAD_LINES])


async def test_a_source_that_fails_leaves_nothing(owner: cm.User) -> None:
    def lines() -> Iterator[str]:
        for _ in range(2000):
            yield line()
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        await import_characters(lines(), owner=owner)
    assert await cm.Character.all().count() == 0


async def test_a_cancelled_import_leaves_nothing_and_gives_its_connection_back(db: cm.Database, owner: cm.User) -> None:
    started = asyncio.Event()
    with pipe() as (source, sink):
        task = asyncio.create_task(import_characters(source, owner=owner, progress=lambda _: started.set()))
        await asyncio.to_thread(sink.write, "".join(line() + "\n" for _ in range(2500)).encode())
        sink.flush()
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert db.pool_status().busy == 0
        assert await cm.Character.all().count() == 0
        sink.close()


async def test_the_event_loop_goes_on_while_the_source_is_slow(owner: cm.User) -> None:
    with pipe() as (source, sink):
        task = asyncio.create_task(import_characters(source, owner=owner))
        assert await cm.Character.all().count() == 0
        sink.write(line().encode())
        sink.close()
        assert (await task).imported == 1


async def test_inside_a_transaction_it_is_part_of_it(owner: cm.User) -> None:
    async def import_and_fail() -> None:
        async with cm.transaction():
            await import_characters([line()], owner=owner)
            raise LookupError

    with pytest.raises(LookupError):
        await import_and_fail()
    assert await cm.Character.all().count() == 0
    async with cm.transaction():
        other = await factories.user()
        assert (await import_characters(["{"], owner=other)).imported == 0
    assert await cm.User.objects.filter(id=other.id).exists()


class Generated:
    """A file that is made while it is read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.lines = lines

    def readline(self, limit: int) -> bytes:
        return next(self.lines, b"")


async def peak(lines: Any, owner: cm.User) -> tuple[int, int]:
    """Bytes that an import takes at its peak, and the characters that it made."""
    await import_characters([line()], owner=owner)  # what is loaded once is loaded now
    tracemalloc.start()
    try:
        report = await import_characters(lines, owner=owner, keep_going=True)
        return tracemalloc.get_traced_memory()[1], report.imported
    finally:
        tracemalloc.stop()


async def test_memory_does_not_grow_with_the_file(owner: cm.User) -> None:
    text = (line(prompt="x" * 1000) + "\n").encode()
    bad = (line(prompt="x" * 2001) + "\n").encode()
    size = len(text) * 40_000 + len(bad) * 10_000
    lines = (bad if number % 5 == 0 else text for number in range(50_000))
    most, imported = await peak(Generated(lines), owner)
    assert imported == 40_000
    assert size > 50 * MEBIBYTE
    assert most < 12 * MEBIBYTE


async def test_memory_does_not_grow_with_a_line(owner: cm.User) -> None:
    class Endless(io.RawIOBase):
        left = 100

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            if not self.left:
                return 0
            self.left -= 1
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    most, imported = await peak(io.BufferedReader(Endless(), buffer_size=MEBIBYTE), owner)
    assert imported == 0
    assert most < 8 * MEBIBYTE


@pytest.mark.skipif(not SRD.is_file(), reason="the shared data are not there")
async def test_the_characters_of_the_reference_document_read_back_equal(owner: cm.User) -> None:
    expected = [json.loads(text) for text in SRD.read_text(encoding="utf-8").splitlines()]
    report = await import_characters(SRD, owner=owner)
    assert report.imported == len(expected) == 341
    assert [stored(each) for each in await cm.Character.objects.owned_by(owner.id).order_by("id")] == expected
