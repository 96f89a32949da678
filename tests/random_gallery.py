"""Galleries to test with: characters drawn at random, the same ones each time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import charmodels as cm
from tests import factories

START = datetime(2026, 1, 1, tzinfo=UTC)
TAGS = ("hero", "knight", "witch", "forest", "ice queen", "dragon", "robot", "sea", "moon", "gore")
WORDS = ("brave", "castles", "running", "silver", "wizard", "storms", "lonely", "queen", "ice", "lantern")
STATUSES = (*[cm.GenerationStatus.COMPLETED] * 4, cm.GenerationStatus.PENDING, cm.GenerationStatus.FAILED)


async def fill(count: int, owners: Sequence[cm.User], *, seed: int = 7) -> list[cm.Character]:
    """Insert characters in one statement: two of three published, some not finished, tags of which some are rare."""
    rng = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(TAGS))]
    made = [
        cm.Character(
            user_id=rng.choice(owners).id,
            name=rng.choice((None, " ".join(rng.choices(WORDS, k=2)))),
            prompt=" ".join(rng.choices(WORDS, k=rng.randint(2, 12))),
            style_type=rng.choice(list(cm.StyleType)),
            tags=list(dict.fromkeys(rng.choices(TAGS, weights, k=rng.randint(0, 4)))),
            is_public=rng.random() < 0.7,
            generation_status=rng.choice(STATUSES),
            created_at=START + timedelta(minutes=rng.randrange(count)),  # some at the same moment
        )
        for _ in range(count)
    ]
    await cm.Character.bulk_create(made)
    return await cm.Character.all()


def shown(characters: Iterable[cm.Character]) -> list[cm.Character]:
    """Those that the gallery shows."""
    return [each for each in characters if each.is_public and each.generation_status is cm.GenerationStatus.COMPLETED]


def tag_counts(characters: Iterable[cm.Character], most: int = 20) -> dict[str, int]:
    """The most common tags, the most common first, then by the alphabet."""
    counts = Counter(tag for character in characters for tag in character.tags)
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most])


async def owners(count: int) -> list[cm.User]:
    return [await factories.user() for _ in range(count)]
