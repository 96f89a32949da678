"""Turning pages while others write: what stood throughout is seen once, and nothing is seen twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

import charmodels as cm
from charmodels import limits
from charmodels.querysets.characters import CharacterQuerySet
from tests import factories
from tests.galleries import DAWN, MINUTE
from tests.integration.test_gallery_oracle import use
from tests.proxy import session, settings
from tests.quotas import until_waiting

STANDING = 60
SORTS = ["newest", "oldest", "relevance"]


@pytest.fixture
async def pooled(url: str) -> AsyncIterator[cm.Database]:
    async with cm.connect(settings(url, db_pool_max=6)) as database:
        yield database


def character(owner: cm.User, number: int, **values: Any) -> cm.Character:
    """One that every query here finds, as old as two others, with a rank that its number makes."""
    return cm.Character(
        **{
            "user_id": owner.id,
            "name": "Knight" if number % 5 == 0 else f"Number {number}",
            "prompt": "A knight " + "rides on " * (number % 7),
            "tags": ["hero", *(["knight"] if number % 3 == 0 else [])],
            "is_public": True,
            "generation_status": cm.GenerationStatus.COMPLETED,
            "created_at": DAWN + (number // 3) * MINUTE,
            **values,
        }
    )


class Crowd:
    """Others who write while somebody reads: they leave alone what stands."""

    def __init__(self, owner: cm.User, seed: int) -> None:
        self.owner = owner
        self.rng = random.Random(seed)
        self.moving: list[UUID] = []
        self.edited: set[UUID] = set()
        self.written = 0

    async def fill(self, number: int) -> None:
        rows = [character(self.owner, self.rng.randrange(STANDING), is_public=each % 2 == 0) for each in range(number)]
        await cm.Character.objects.bulk_create(rows)
        self.moving = [row.id for row in rows]

    async def write(self) -> None:
        """Insert, publish, unpublish, delete or retag one row."""
        rng = self.rng
        how = rng.choice(["insert", "insert", "publish", "unpublish", "delete", "retag", "untag", "rename"])
        key = rng.choice(self.moving)
        rows = cm.Character.objects.filter(id=key)
        if how in ("rename", "retag", "untag"):
            self.edited.add(key)
        if how == "insert":
            made = character(self.owner, rng.randrange(-30, STANDING + 30), is_public=rng.random() < 0.7)
            await made.save()
            self.moving.append(made.id)
        elif how == "delete":
            await rows.delete()
        elif how in ("publish", "unpublish"):
            await rows.update(is_public=how == "publish")
        elif how == "rename":
            await rows.update(prompt=rng.choice(["A knight", "A squire", "A knight and a knight and a knight"]))
        else:
            await (rows.add_tags("hero") if how == "retag" else rows.remove_tags("hero"))
        self.written += 1


QUERIES: dict[str, Callable[[cm.User], CharacterQuerySet]] = {
    "public": lambda owner: cm.Character.objects.public(),
    "tagged": lambda owner: cm.Character.objects.public().tagged(any_of=["hero"], none_of=["gore"]),
    "search": lambda owner: cm.Character.objects.public().search("knights"),
    "search and tags": lambda owner: cm.Character.objects.public().search("kni", "prefix").tagged(all_of=["hero"]),
    "substring": lambda owner: cm.Character.objects.public().search("KNIGHT", "substring"),
    "own": lambda owner: cm.Character.objects.owned_by(owner.id).search("knight"),
    "visible": lambda owner: cm.Character.objects.visible_to(owner.id).search("knight").tagged(any_of=["hero"]),
}
NO_RANK = {"public", "tagged", "substring"}


async def turned(
    query: CharacterQuerySet, sort: Any, rng: random.Random, between: Callable[[], Any]
) -> list[cm.Character]:
    """Every row, page after page, with something happening between the pages and while they are read."""
    found: list[cm.Character] = []
    cursor = None
    while True:
        page, *_ = await asyncio.gather(
            query.page(rng.choice([3, 8, 20]), cursor, sort), *(between() for _ in range(4))
        )
        found += page
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("sort", SORTS)
async def test_what_stands_is_seen_once(pooled: cm.Database, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    owner, other = await factories.user(), await factories.user()
    for name in sorted(QUERIES.keys() - (NO_RANK if sort == "relevance" else set())):
        rng = random.Random(f"{name} {sort}")
        standing = [
            character(owner if name == "own" or rng.random() < 0.5 else other, number) for number in range(STANDING)
        ]
        if name in ("own", "visible"):  # private ones stand there as well, the newest among them
            for row in [row for row in standing if row.user_id == owner.id][::2]:
                row.is_public = False
        await cm.Character.objects.bulk_create(standing)
        crowd = Crowd(owner, rng.randrange(1000))
        await crowd.fill(25)
        use(monkeypatch, rng.choice(["as it is", "walk a little", "look up", "walk"]))
        found = [row.id for row in await turned(QUERIES[name](owner), sort, rng, crowd.write)]
        twice = {key for key, times in Counter(found).items() if times > 1}
        assert twice <= (crowd.edited if sort == "relevance" else set())  # what is edited may go to a later place
        assert {row.id for row in standing} <= set(found)
        assert crowd.written >= 12
        await cm.Character.objects.all().delete()


async def test_own_rows_that_are_published_and_unpublished_all_the_time(pooled: cm.Database) -> None:
    """Their owner sees them in any case, also between the two statements that a page takes."""
    owner, rng = await factories.user(), random.Random(7)
    rows = [character(owner, number, is_public=number % 2 == 0) for number in range(30)]
    await cm.Character.objects.bulk_create(rows)

    async def turn() -> None:
        for row in rng.sample(rows, 5):
            await cm.Character.objects.filter(id=row.id).update(is_public=rng.random() < 0.5)

    for sort in SORTS * 2:
        found = [
            row.id for row in await turned(cm.Character.objects.visible_to(owner.id).search("knight"), sort, rng, turn)
        ]
        assert len(found) == len(set(found))
        assert set(found) == {row.id for row in rows}


async def test_more_matches_than_are_ranked(pooled: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are ranked, the same ones on every page, whatever comes in between."""
    monkeypatch.setattr(limits, "RANKED_CANDIDATES", 40)
    owner = await factories.user()
    for name in ("search", "own", "visible"):
        rng, query = random.Random(name), QUERIES[name](owner)
        standing = [character(owner, number) for number in range(100)]
        await cm.Character.objects.bulk_create(standing)
        candidates = sorted(standing, key=lambda row: (row.created_at, row.id))[-40:]

        async def insert(rng: random.Random = rng) -> None:
            """Insert one among the candidates, behind or before them; fewer than there is room for."""
            row = character(owner, rng.randrange(-20, 120))
            row.created_at += timedelta(seconds=1)
            await row.save()

        seen: list[UUID] = []
        cursor = None
        for _ in range(12):
            page = await query.page(rng.choice([6, 9]), cursor, "relevance")
            seen += [row.id for row in page]
            cursor = page.next_cursor
            if cursor is None:
                break
            await asyncio.gather(*(insert() for _ in range(3)))
        assert cursor is None
        assert len(seen) == len(set(seen))
        assert {row.id for row in candidates} <= set(seen)
        await cm.Character.objects.all().delete()


async def test_a_row_that_goes_between_ranking_and_reading_does_not_end_the_walk(pooled: cm.Database, url: str) -> None:
    owner = await factories.user()
    rows = [character(owner, 1) for _ in range(12)]
    await cm.Character.objects.bulk_create(rows)
    query = cm.Character.objects.public().search("knight")
    await query.page(1, sort="relevance")  # learns the key of cursors
    best = [row.id for row in await query.page(12, sort="relevance")]
    async with session(url) as other, session(url) as watcher:
        block = other.transaction()
        await block.start()
        await other.execute("LOCK TABLE characters IN ACCESS EXCLUSIVE MODE")
        page = asyncio.create_task(query.page(4, sort="relevance"))
        await until_waiting(watcher)
        await other.execute("DELETE FROM characters WHERE id = $1", best[0])
        await other.execute("UPDATE characters SET is_public = false WHERE id = $1", best[1])
        await block.commit()
        first = await page
    assert [row.id for row in first] == best[2:6]
    assert first.next_cursor is not None
    second = await query.page(20, first.next_cursor, "relevance")
    assert [row.id for row in second] == best[6:]


async def test_what_is_newer_but_of_lower_rank_is_on_a_later_page(db: cm.Database) -> None:
    """Of what somebody sees, their private rows may all be newer than the public ones, or all older."""
    owner = await factories.user()
    for minutes in (-60, 60):
        private = [
            character(owner, 6, name=None, is_public=False, created_at=DAWN + minutes * MINUTE + each * MINUTE)
            for each in range(5)
        ]
        public = [character(owner, 0, created_at=DAWN + each * MINUTE) for each in range(5)]
        await cm.Character.objects.bulk_create([*private, *public])
        query, found, cursor = cm.Character.objects.visible_to(owner.id).search("knight"), [], None
        while True:
            page = await query.page(3, cursor, "relevance")
            found += [row.id for row in page]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(found) == len(set(found)) == 10
        assert set(found[5:]) == {row.id for row in private}
        await cm.Character.objects.all().delete()


async def test_a_stream_beside_writers(pooled: cm.Database) -> None:
    owner = await factories.user()
    standing = [character(owner, number) for number in range(STANDING)]
    await cm.Character.objects.bulk_create(standing)
    crowd = Crowd(owner, 3)
    await crowd.fill(20)
    found = []
    async for row in cm.Character.objects.public().tagged(any_of=["hero"]).stream(batch=5):
        found.append(row.id)
        if len(found) % 5 == 0:
            await crowd.write()
    assert len(found) == len(set(found))
    assert {row.id for row in standing} <= set(found)
