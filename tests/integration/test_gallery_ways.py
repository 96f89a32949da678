"""A page of the gallery comes by a glance, a walk or an index: whichever it is, it shows the same rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import charmodels as cm
from charmodels import limits
from tests import factories

ROWS = 120
FIRST = datetime(2026, 1, 1, tzinfo=UTC)

HOLDERS = {
    "everywhere": lambda number: True,
    "half": lambda number: number % 2 == 0,
    "eighth": lambda number: number % 8 == 3,
    "died": lambda number: number < 40,
    "new": lambda number: number >= 110,
    "single": lambda number: number == 61,
    "nowhere": lambda number: False,
}
"""Which of the characters, the oldest first, have a tag and a word of this name."""

WAYS = {
    "glance": {"GLANCED_ENTRIES": 1000, "GLANCED_FAR": 1000, "WALKED_FAR": 1000},
    "walk": {"GLANCED_ENTRIES": 5, "WALKED_ENTRIES": 1000, "GLANCED_FAR": 5, "WALKED_FAR": 1000},
    "walk too short": {"GLANCED_ENTRIES": 5, "WALKED_ENTRIES": 30, "GLANCED_FAR": 5, "WALKED_FAR": 30},
    "index": {"FEW_TAGGED": 1000, "GLANCED_ENTRIES": 0, "WALKED_ENTRIES": 0, "GLANCED_FAR": 0, "WALKED_FAR": 0},
}


@pytest.fixture
async def characters(db: cm.Database) -> list[cm.Character]:
    owner = await factories.user()
    made = [
        await factories.character(
            owner,
            created_at=FIRST + timedelta(minutes=number),
            tags=[f"tag {name}" for name, holds in HOLDERS.items() if holds(number)],
            prompt=" ".join(["A knight", *(name for name, holds in HOLDERS.items() if holds(number))]),
            is_public=True,
        )
        for number in range(ROWS)
    ]
    async with db.acquire() as connection:
        await connection.execute("SELECT charmodels_fold_tags(1000)")
    return made


def queries(name: str) -> dict[str, cm.querysets.characters.CharacterQuerySet]:
    public = cm.Character.objects.public()
    return {
        "tag": public.tagged(any_of=[f"tag {name}"]),
        "word": public.search(name),
        "substring": public.search(name, mode="substring"),
        "both": public.search(name).tagged(all_of=[f"tag {name}"]),
        "span": public.search(name).created_between(FIRST + timedelta(minutes=20), FIRST + timedelta(minutes=100)),
    }


def expected(name: str, kind: str, characters: list[cm.Character]) -> list[Any]:
    span = range(20, 100) if kind == "span" else range(ROWS)
    return [character.id for number, character in enumerate(characters) if number in span and HOLDERS[name](number)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("candidates", [15, 500])
async def test_every_way_shows_the_same_rows(
    characters: list[cm.Character], way: str, candidates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit, value in {"FEW_TAGGED": 0, "RANKED_CANDIDATES": candidates, **WAYS[way]}.items():
        monkeypatch.setattr(limits, limit, value)
    for name in HOLDERS:
        for kind, query in queries(name).items():
            oldest = expected(name, kind, characters)
            newest = oldest[::-1]
            found = [[row.id for row in page] async for page in query.pages(size=7)]
            assert [key for page in found for key in page] == newest, (name, kind)
            assert [row.id async for page in query.pages(size=50, sort="oldest") for row in page] == oldest, (
                name,
                kind,
            )
            assert await query.count_up_to(30) == min(30, len(oldest)), (name, kind)
            if kind in ("word", "both", "span"):
                ranked = [row.id async for page in query.pages(size=4, sort="relevance") for row in page]
                assert len(ranked) == len(set(ranked)), (name, kind)
                assert set(ranked) == set(newest[:candidates]), (name, kind)
