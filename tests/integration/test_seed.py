"""Sample data, and characters by the thousand."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

import charmodels as cm
from charmodels import samples
from charmodels.population import PUBLISHED_AFTER, SEEDED_END, SPAN, populate
from charmodels.seeds import SeedCount, SeedReport, seed
from charmodels.vocabulary import tags
from tests import factories


async def rows_of(db: cm.Database, table: str) -> list[Any]:
    async with db.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY 1")]


async def test_seed_writes_templates_users_and_characters(db: cm.Database) -> None:
    report = await seed()
    assert report.templates == SeedCount(created=10, kept=0)
    assert report.created == 10 + len(samples.users()) + len(samples.characters())
    for model in (cm.CharacterTemplate, cm.Character):
        assert {row.style_type for row in await model.all()} == set(cm.StyleType)
    assert {user.subscription_tier for user in await cm.User.all()} == set(cm.SubscriptionTier)
    assert await cm.Character.objects.public().count() > 10


async def test_seeding_again_adds_and_changes_nothing(db: cm.Database) -> None:
    first = await seed()
    tables = ("character_templates", "users", "characters")
    before = [await rows_of(db, table) for table in tables]
    again = await seed()
    assert again == SeedReport(
        templates=SeedCount(created=0, kept=first.templates.created),
        users=SeedCount(created=0, kept=first.users.created),
        characters=SeedCount(created=0, kept=first.characters.created),
    )
    assert [await rows_of(db, table) for table in tables] == before


async def test_seeding_adds_what_is_missing_and_leaves_the_rest(db: cm.Database) -> None:
    await seed()
    await cm.CharacterTemplate.filter(name="Sidekick").delete()
    await cm.User.filter(email="wren@example.com").update(name="Renamed")
    again = await seed()
    assert again.templates == SeedCount(created=1, kept=9)
    assert again.users.created == again.characters.created == 0
    assert (await cm.User.objects.get_by_email("wren@example.com")).name == "Renamed"


async def test_two_seed_at_once_and_one_set_is_there(db: cm.Database) -> None:
    reports = await asyncio.gather(seed(), seed(), seed())
    assert sorted(report.created for report in reports)[:2] == [0, 0]
    assert await cm.Character.all().count() == len(samples.characters())


async def test_seeding_that_fails_leaves_nothing(db: cm.Database) -> None:
    async with db.acquire() as connection:
        await connection.execute("ALTER TABLE characters ADD CONSTRAINT none CHECK (false)")
    with pytest.raises(cm.CharmodelsError):
        await seed()
    assert await cm.User.all().count() == 0
    assert await cm.CharacterTemplate.all().count() == 0


@pytest.mark.parametrize("work", [seed, lambda: populate(1)])
async def test_production_refuses(url: str, work: Any) -> None:
    async with cm.connect(cm.Settings(database_url=url, app_env="production")):
        with pytest.raises(cm.ConfigurationError) as caught:
            await work()
        assert caught.value.variable == "APP_ENV"
        assert await cm.User.all().count() == 0


async def test_populate_makes_what_was_asked_for(db: cm.Database) -> None:
    seen: list[int] = []
    report = await populate(12_000, progress=seen.append)
    assert (report.characters, report.users, report.seed) == (12_000, 120, None)
    assert seen == [5000, 10_000, 12_000]
    assert await cm.Character.all().count() == 12_000
    assert await cm.User.all().count() == 120
    assert len(await rows_of(db, "user_quotas")) == 120
    assert await cm.User.objects.filter(email="user000120@example.com").exists()
    async with db.acquire() as connection:
        estimate = await connection.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'characters'::regclass")
    assert estimate == 12_000


async def test_the_same_seed_makes_the_same_rows(db: cm.Database) -> None:
    await populate(1500, seed=7)
    before = await rows_of(db, "characters")
    with pytest.raises(cm.Conflict):
        await populate(1500, seed=7)
    assert await rows_of(db, "characters") == before
    await cm.User.all().delete()
    await populate(1500, seed=7)
    assert await rows_of(db, "characters") == before
    await populate(1500, seed=8)
    assert await cm.Character.all().count() == 3000


async def test_populating_again_takes_the_users_that_are_there(db: cm.Database) -> None:
    there = await factories.user(email="USER000001@example.com")
    await asyncio.gather(populate(300), populate(300))
    assert await cm.User.all().count() == 10
    assert await cm.Character.objects.owned_by(there.id).count() > 60


@pytest.mark.parametrize("count", [0, -1])
async def test_there_must_be_something_to_make(db: cm.Database, count: int) -> None:
    with pytest.raises(cm.InvalidInput, match="characters must be at least 1"):
        await populate(count)


async def test_what_is_made_is_realistic(db: cm.Database) -> None:
    await populate(10_000, seed=1)
    made = await cm.Character.all().order_by("id")
    published = [each for each in made if each.is_public]
    assert 0.37 < len(published) / len(made) < 0.43
    assert all(each.generation_status is cm.GenerationStatus.COMPLETED for each in published)
    assert all(each.published_at is not None for each in published)
    assert {each.generation_status for each in made} == set(cm.GenerationStatus)
    assert {each.style_type for each in made} == set(cm.StyleType)
    assert all(40 <= len(each.prompt) <= 400 for each in made)
    assert len({each.prompt for each in made}) == len(made)
    for each in made[:200]:  # what the database let in, the models do too
        each.normalize(("name", "prompt", "tags", "image_url", "thumbnail_url", "metadata"))


async def test_the_dates_run_over_two_years_and_the_ids_with_them(db: cm.Database) -> None:
    await populate(5000, seed=1)
    made = await cm.Character.all().order_by("id")
    times = [each.created_at for each in made]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[-1] - times[0] > SPAN - timedelta(days=2)
    assert times[-1] <= SEEDED_END - PUBLISHED_AFTER
    assert all(each.id.int >> 80 == int(each.created_at.timestamp() * 1000) for each in made)
    halves = Counter(time < times[0] + SPAN / 2 for time in times)
    assert abs(halves[True] - halves[False]) < 50


async def test_tags_words_and_owners_follow_zipf(db: cm.Database) -> None:
    await populate(10_000, seed=1)
    made = await cm.Character.all()
    by_tag = Counter(tag for each in made for tag in each.tags)
    first, tenth, hundredth = (by_tag[tags(1000)[rank - 1]] for rank in (1, 10, 100))
    assert 5 < first / tenth < 15
    assert 5 < tenth / hundredth < 20
    assert len(by_tag) > 900
    assert {len(each.tags) for each in made} == set(range(11))
    words = Counter(word for each in made for word in each.prompt.split()).most_common()
    assert len(words) > 2000
    assert words[0][1] > 100 * words[999][1]
    by_owner = [count for _, count in Counter(each.user_id for each in made).most_common()]
    assert by_owner[0] > 5 * by_owner[len(by_owner) // 2]
