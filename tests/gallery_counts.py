"""What tests of the gallery's counts ask: the same counted in plain Python, and rows in bulk."""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import charmodels as cm

STYLES = tuple(style.value for style in cm.StyleType)


async def execute(db: cm.Database, statement: str, *values: Any) -> None:
    async with db.acquire() as connection:
        await connection.execute(statement, *values)


async def value(db: cm.Database, statement: str, *values: Any) -> Any:
    async with db.acquire() as connection:
        return await connection.fetchval(statement, *values)


async def unfolded(db: cm.Database) -> int:
    found: int = await value(db, "SELECT count(*) FROM tag_deltas")
    return found


async def publish(owner: cm.User, tag_lists: Iterable[Sequence[str]], style: str = "FANTASY") -> None:
    """Make public characters with these tags, the first the oldest."""
    await cm.Character.bulk_create(
        [
            cm.Character(
                user_id=owner.id,
                prompt="A knight",
                style_type=style,
                tags=list(tags),
                is_public=True,
                generation_status="COMPLETED",
            )
            for tags in tag_lists
        ]
    )


def counts(**expected: int) -> list[cm.TagCount]:
    return [cm.TagCount(tag, count) for tag, count in expected.items()]


def ordered(counts: Counter[str], limit: int) -> list[cm.TagCount]:
    """By count, then by the alphabet."""
    found = sorted(((tag, count) for tag, count in counts.items() if count > 0), key=lambda each: (-each[1], each[0]))
    return [cm.TagCount(tag, count) for tag, count in found[:limit]]


async def shown() -> list[cm.Character]:
    """The gallery, read whole, the newest first."""
    return [each async for each in cm.Character.objects.public().stream()]


def popular(rows: Sequence[cm.Character], limit: int, style: str | None = None) -> list[cm.TagCount]:
    return ordered(Counter(tag for row in rows if style in (None, row.style_type) for tag in row.tags), limit)


def trigrams(text: str) -> set[str]:
    """As pg_trgm makes them of ASCII."""
    return {
        padded[start : start + 3]
        for word in re.findall(r"[a-z0-9]+", text.lower())
        for padded in [f"  {word} "]
        for start in range(len(padded) - 2)
    }


def likeness(one: str, other: str) -> float:
    ours, theirs = trigrams(one), trigrams(other)
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0


def suggested(
    rows: Sequence[cm.Character], prefix: str, limit: int, aliases: dict[str, str] | None = None
) -> list[cm.TagCount]:
    """What is suggested in a gallery of less than 300 tags."""
    counts = Counter(tag for row in rows for tag in row.tags)
    meant = {tag for alias, tag in (aliases or {}).items() if alias.startswith(prefix)}
    begins = Counter({tag: count for tag, count in counts.items() if tag.startswith(prefix) or tag in meant})
    like = [tag for tag in counts if tag not in begins and likeness(prefix, tag) >= 0.3 - 1e-6]
    like.sort(key=lambda tag: (-round(likeness(prefix, tag), 6), -counts[tag], tag))
    return (ordered(begins, limit) + [cm.TagCount(tag, counts[tag]) for tag in like])[:limit]


def related(rows: Sequence[cm.Character], tag: str, limit: int, looked_at: int = 500) -> list[cm.TagCount]:
    totals = Counter(each for row in rows for each in row.tags)
    chosen = [row for row in rows if tag in row.tags][:looked_at]
    met = Counter(each for row in chosen for each in row.tags if each != tag)
    kept = [each for each in met if met[each] * len(rows) >= len(chosen) * totals[each]]
    kept.sort(key=lambda each: (-met[each] / math.sqrt(totals[each]), each))
    return [cm.TagCount(each, met[each]) for each in kept[:limit]]


async def until(ask: Callable[[], Awaitable[object]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while True:
            if await ask():
                return
            await asyncio.sleep(0.01)


async def agrees() -> bool:
    """Whether entries are what they should be, and counts equal a recount."""
    wrong = [found.wrong async for found in cm.GalleryEntry.objects.compare()]
    return sum(wrong) == 0 and (await cm.GalleryEntry.objects.compare_counts()).wrong == 0
