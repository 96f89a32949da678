"""Filling a database with realistic characters, as many as it takes to see how it behaves full."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from uuid import UUID

from charmodels import vocabulary
from charmodels.clock import utc_now
from charmodels.copying import Progress, Row, copy_characters, prepared
from charmodels.database import current
from charmodels.enums import GenerationStatus, StyleType, SubscriptionTier
from charmodels.errors import InvalidInput
from charmodels.models import Character, User
from charmodels.querysets.tag_counts import fold_quietly
from charmodels.seeds import refuse_in_production, wait_for_turn
from charmodels.transactions import transaction

BATCH_ROWS = 5000
LEAST_USERS = 10
CHARACTERS_PER_USER = 100
TAGS = 1000
SPAN = timedelta(days=730)
"""How far back the dates go."""

SEEDED_END = datetime(2026, 1, 1, tzinfo=UTC)
"""Where the dates end when a seed is given: what it makes must not depend on the day."""

PROMPT_LENGTH = 400
"""Characters in a prompt, at most."""

PUBLISHED_AFTER = timedelta(hours=1)

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATUSES = (*([GenerationStatus.COMPLETED] * 15), *([GenerationStatus.FAILED] * 2), *GenerationStatus)
"""What the characters that are not public are: mostly done, some not yet or never."""

_CLAUSES = tuple(accumulate((8, 9, 9, 8, 7, 6, 5, 4, 3, 2, 2, 1, 1, 1)))
"""How common prompts of 1, 2, 3 ... clauses are."""

_TAG_COUNTS = tuple(accumulate((3, 6, 12, 16, 14, 8, 5, 3, 2, 1, 1)))
"""How common 0, 1, 2 ... 10 tags are."""


@dataclass(frozen=True, slots=True)
class PopulateReport:
    """What was made.

    Arguments:
        characters: made now.
        users: who own them; those that were there already are counted too.
        seed: gives the same characters again, if it was given.
        seconds: how long it took.
    """

    characters: int
    users: int
    seed: int | None
    seconds: float

    @property
    def rate(self) -> float:
        """Characters a second."""
        return self.characters / self.seconds if self.seconds else 0.0


async def populate(characters: int, *, seed: int | None = None, progress: Progress | None = None) -> PopulateReport:
    """Make realistic characters by COPY, in one transaction, and bring the planner's statistics up to date.

    Words, tags and owners follow Zipf's law, dates run over two years, 40 % are in the public gallery. The owners are
    `user000001@example.com` and so on, one for a hundred characters; those that are there already are taken as they
    are.

    Arguments:
        characters: how many.
        seed: the same number gives the same rows, with dates in 2024 and 2025; so it works once a database. Without
            one the rows differ each time, and their dates run up to now.
        progress: called with the number of characters so far, after every batch.

    Returns:
        What was made.

    Raises:
        InvalidInput: `characters` is not positive.
        ConfigurationError: APP_ENV is production, or no database is open.
        Conflict: the rows of this seed are there already.

    Example:
        >>> async def fill() -> None:
        ...     print((await populate(100_000, seed=7)).rate)
    """
    if characters < 1:
        raise InvalidInput(field="characters", reason="must be at least 1")
    refuse_in_production()
    started = time.monotonic()
    rng = random.Random(secrets.randbits(64) if seed is None else seed)
    start = (utc_now() if seed is None else SEEDED_END) - PUBLISHED_AFTER - SPAN
    done = 0
    async with transaction(actor="charmodels seed") as client:
        await wait_for_turn(client)
        owners = await _owners(max(LEAST_USERS, characters // CHARACTERS_PER_USER), rng, start)
        async for rows in prepared(_batches(characters, owners, rng, start)):
            await copy_characters(client, rows)
            done += len(rows)
            if progress is not None:
                progress(done)
    await fold_quietly(Character.objects._client(), everything=True)
    async with current().acquire() as connection:
        await connection.execute("ANALYZE users, user_quotas, characters, gallery_entries, tag_totals")
    return PopulateReport(characters=done, users=len(owners), seed=seed, seconds=time.monotonic() - started)


async def _owners(count: int, rng: random.Random, start: datetime) -> list[UUID]:
    """Make the users that are missing, and give the ids of all, the busiest first."""
    emails = [f"user{number:06d}@example.com" for number in range(1, count + 1)]
    tiers = rng.choices(tuple(SubscriptionTier), weights=(80, 15, 5), k=count)
    names = rng.choices(vocabulary.FIRST_NAMES, k=count)
    ids = [uuid7(start, rng.getrandbits(62)) for _ in emails]
    known: dict[str, UUID] = {}
    for first in range(0, count, BATCH_ROWS):
        some = emails[first : first + BATCH_ROWS]
        there = await User.objects.filter(email__in=some).values_list("email", "id")
        known.update((email.lower(), key) for email, key in there)
        new = [
            User(id=key, email=email, name=name, subscription_tier=tier, created_at=start, updated_at=start)
            for key, email, name, tier in zip(ids[first:], some, names[first:], tiers[first:], strict=False)
            if email not in known
        ]
        await User.bulk_create(new, batch_size=BATCH_ROWS)
        known.update((user.email, user.id) for user in new)
    return [known[email] for email in emails]


def uuid7(moment: datetime, noise: int) -> UUID:
    """Make the UUIDv7 of a moment, down to the quarter microsecond (RFC 9562, 6.2, method 3).

    Arguments:
        moment: aware.
        noise: 62 random bits.

    Returns:
        The UUID; ids of later moments sort later.

    Example:
        >>> uuid7(datetime(2026, 1, 1, tzinfo=UTC), 0)
        UUID('019b76da-a800-7000-8000-000000000000')
    """
    milliseconds, rest = divmod((moment - _EPOCH) // _MICROSECOND, 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | rest * 4096 // 1000 << 64 | 2 << 62 | noise)


def _batches(count: int, owners: list[UUID], rng: random.Random, start: datetime) -> Iterator[list[Row]]:
    """Make the rows, oldest first."""
    tags = vocabulary.tags(TAGS)
    step = SPAN / _MICROSECOND / count
    weights = {size: vocabulary.zipf(size) for size in (len(owners), len(tags))}
    for first in range(0, count, BATCH_ROWS):
        numbers = range(first, min(first + BATCH_ROWS, count))
        k = len(numbers)
        yield list(
            map(
                _row,
                [start + timedelta(microseconds=int((number + rng.random()) * step)) for number in numbers],
                [rng.getrandbits(62) for _ in numbers],
                rng.choices(owners, cum_weights=weights[len(owners)], k=k),
                _names(rng, k),
                _prompts(rng, k),
                rng.choices(tuple(style.value for style in StyleType), k=k),
                _tag_lists(rng, tags, weights[len(tags)], k),
                [rng.random() for _ in numbers],
                rng.choices(_STATUSES, k=k),
            )
        )


def _row(
    created_at: datetime,
    noise: int,
    owner: UUID,
    name: str,
    prompt: str,
    style: str,
    tags: list[str],
    chance: float,
    status: GenerationStatus,
) -> Row:
    is_public = chance < 0.4
    if is_public:
        status = GenerationStatus.COMPLETED
    is_done = status is GenerationStatus.COMPLETED
    picture = f"https://images.example.com/{noise:x}" if is_done else None
    published_at = created_at + PUBLISHED_AFTER if is_public else None
    return (
        uuid7(created_at, noise),
        created_at,
        published_at or created_at,
        owner,
        name,
        prompt,
        style,
        tags,
        f"{picture}.webp" if picture else None,
        f"{picture}-small.webp" if picture else None,
        '{"source": "sample"}',
        is_public,
        status.value,
        published_at,
    )


def _names(rng: random.Random, k: int) -> list[str]:
    first, last = rng.choices(vocabulary.FIRST_NAMES, k=k), rng.choices(vocabulary.SURNAMES, k=k)
    return list(map("{} {}".format, first, last))


def _tag_lists(rng: random.Random, tags: tuple[str, ...], weights: list[float], k: int) -> list[list[str]]:
    """Draw the tags of k characters at once, and deal them out; one drawn twice stands once."""
    counts = rng.choices(range(len(_TAG_COUNTS)), cum_weights=_TAG_COUNTS, k=k)
    drawn = iter(rng.choices(tags, cum_weights=weights, k=sum(counts)))
    return [list(dict.fromkeys(islice(drawn, count))) for count in counts]


_DESCRIPTION_WEIGHTS = vocabulary.zipf(len(vocabulary.DESCRIPTIONS))
_NOUN_WEIGHTS = vocabulary.zipf(len(vocabulary.NOUNS))
_CONNECTOR_WEIGHTS = vocabulary.zipf(len(vocabulary.CONNECTORS))
_SUBJECT_WEIGHTS = vocabulary.zipf(len(vocabulary.SUBJECTS))


def _prompts(rng: random.Random, k: int) -> list[str]:
    """Write k prompts: "Portrait of a tired knight under the golden moon, soft light and fine detail"."""
    counts = rng.choices(range(1, len(_CLAUSES) + 1), cum_weights=_CLAUSES, k=k)
    total = sum(counts)
    clauses = map(
        "{} {} {}".format,
        rng.choices(vocabulary.CONNECTORS, cum_weights=_CONNECTOR_WEIGHTS, k=total),
        rng.choices(vocabulary.DESCRIPTIONS, cum_weights=_DESCRIPTION_WEIGHTS, k=total),
        rng.choices(vocabulary.NOUNS, cum_weights=_NOUN_WEIGHTS, k=total),
    )
    openings = map(
        "{} {} {}".format,
        rng.choices(vocabulary.MEDIA, k=k),
        rng.choices(vocabulary.DESCRIPTIONS, cum_weights=_DESCRIPTION_WEIGHTS, k=k),
        rng.choices(vocabulary.SUBJECTS, cum_weights=_SUBJECT_WEIGHTS, k=k),
    )
    finishes = rng.choices(vocabulary.FINISHES, k=k)
    return [
        _cut(f"{opening} {' '.join(islice(clauses, count))}, {finish}")
        for opening, count, finish in zip(openings, counts, finishes, strict=True)
    ]


def _cut(prompt: str) -> str:
    """End a prompt that is too long with a whole word."""
    return prompt if len(prompt) <= PROMPT_LENGTH else prompt[:PROMPT_LENGTH].rsplit(" ", 1)[0].rstrip(",")
