"""Folding the counts of tags, and counts that stay exact whatever many do at once."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

import charmodels as cm
from charmodels import limits
from charmodels.models import TagDelta, TagTotal
from tests import factories
from tests.gallery_counts import STYLES, agrees, counts, execute, popular, publish, shown, unfolded, value
from tests.proxy import settings

characters = cm.Character.objects


@pytest.fixture
async def owner(db: cm.Database) -> cm.User:
    return await factories.user()


# Folding


async def test_folding_tells_how_many_and_drops_what_is_zero(db: cm.Database, owner: cm.User) -> None:
    await publish(owner, [["hero", "knight"], ["hero"]])
    assert await characters.fold_tag_counts() == 2
    assert await characters.fold_tag_counts() == 0
    assert await TagTotal.filter(style_type="").order_by("tag").values_list("tag", "count") == [
        ("", 2),
        ("hero", 2),
        ("knight", 1),
    ]
    await characters.all().delete()
    assert await TagDelta.all().count() == 2
    assert await characters.fold_tag_counts() == 2
    assert await TagTotal.all().count() == 0


async def test_several_folds_at_once_count_each_change_once(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=8)):
        owner = await factories.user()
        for _ in range(4):
            await publish(owner, [["hero", f"tag{number % 50}"] for number in range(500)])
        folded = await asyncio.gather(*(characters.fold_tag_counts() for _ in range(6)))
        assert sum(folded) == 2000
        assert await TagDelta.all().count() == 0
        assert await agrees()
        assert (await characters.popular_tags(1)) == counts(hero=2000)


async def test_whoever_reads_folds_what_is_much(db: cm.Database, owner: cm.User) -> None:
    await publish(owner, [["hero"]] * (limits.UNFOLDED_NOTES + 1))
    async with cm.transaction():
        assert await characters.popular_tags() == counts(hero=limits.UNFOLDED_NOTES + 1)
    assert await unfolded(db) == limits.UNFOLDED_NOTES + 1  # not inside a transaction of the caller's
    assert await characters.related_tags("hero") == []
    assert await unfolded(db) == 0
    await publish(owner, [["hero"]] * 2)
    await characters.popular_tags()
    assert await unfolded(db) == 2


async def test_a_server_that_only_reads_answers_all_the_same(url: str) -> None:
    async with cm.connect(settings(url)):
        await publish(await factories.user(), [["hero"]] * (limits.UNFOLDED_NOTES + 1))
    read_only = f"{url}{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Don"
    async with cm.connect(settings(read_only)) as database:
        assert await value(database, "SHOW transaction_read_only") == "on"
        assert await characters.popular_tags() == counts(hero=limits.UNFOLDED_NOTES + 1)
        with pytest.raises(cm.DatabaseError, match="read-only"):
            await characters.fold_tag_counts()
        assert await unfolded(database) == limits.UNFOLDED_NOTES + 1


async def test_a_fold_that_fails_is_logged_and_the_answer_stands(
    db: cm.Database, owner: cm.User, caplog: pytest.LogCaptureFixture
) -> None:
    await publish(owner, [["hero"]] * (limits.UNFOLDED_NOTES + 1))
    await execute(db, "ALTER TABLE tag_totals ADD CONSTRAINT tag_totals_none CHECK (false)")
    with caplog.at_level("DEBUG", logger="charmodels.gallery"):
        assert await characters.popular_tags() == counts(hero=limits.UNFOLDED_NOTES + 1)
    assert [record.levelname for record in caplog.records if record.name == "charmodels.gallery"] == ["DEBUG"]


async def test_what_comes_in_bulk_is_folded(db: cm.Database, owner: cm.User) -> None:
    await cm.populate(300, seed=5)
    assert await unfolded(db) == 0
    line = json.dumps({"name": "Ada", "prompt": "A knight", "style": "ANIME", "tags": ["imported"]})
    await cm.import_characters([line] * 3, owner=owner, publish=True)
    assert await unfolded(db) == 0
    assert cm.TagCount("imported", 3) in await characters.popular_tags(1000)
    assert await agrees()


async def test_emptying_the_gallery_empties_the_counts(db: cm.Database, owner: cm.User) -> None:
    await publish(owner, [["hero"]])
    await characters.fold_tag_counts()
    await publish(owner, [["hero"]])
    await execute(db, "TRUNCATE characters CASCADE")
    assert await characters.popular_tags() == []
    assert await agrees()


# Many at once


async def test_publishers_of_a_hot_tag_do_not_wait_for_each_other(url: str, db: cm.Database, owner: cm.User) -> None:
    ada, ben = [await factories.character(owner, tags=["hot"]) for _ in range(2)]
    await publish(owner, [["hot"]] * 10)
    await characters.fold_tag_counts()
    connections = [await asyncpg.connect(**settings(url).connect_arguments()) for _ in range(2)]
    try:
        for connection, row in zip(connections, (ada, ben), strict=True):
            await connection.execute("SET lock_timeout = '1s'; BEGIN")
            await connection.execute("UPDATE characters SET is_public = true WHERE id = $1", row.id)
        await publish(owner, [["hot"]])  # nor does a third
        assert await characters.fold_tag_counts() == 1  # nor does whoever folds
        assert await characters.popular_tags() == counts(hot=11)
        for connection in reversed(connections):
            await connection.execute("COMMIT")
    finally:
        for connection in connections:
            await connection.close()
    assert await characters.popular_tags() == counts(hot=13)


async def test_ten_who_add_a_tag_at_once_all_do(url: str) -> None:
    async with cm.connect(settings(url, db_pool_max=10)):
        row = await factories.character(is_public=True)
        copies = [await characters.get(id=row.id) for _ in range(10)]
        await asyncio.gather(*(copy.add_tags(f"tag{number}") for number, copy in enumerate(copies)))
        await row.refresh_from_db()
        assert sorted(row.tags) == [f"tag{number}" for number in range(10)]
        assert await characters.popular_tags() == [cm.TagCount(f"tag{number}", 1) for number in range(10)]
        assert await agrees()


@pytest.mark.slow
async def test_counts_are_exact_after_ten_thousand_changes_at_once(url: str) -> None:
    """Every way in which the gallery changes, with folds and readers racing."""
    async with cm.connect(settings(url, db_pool_max=8)) as database:
        owners = [await factories.user() for _ in range(10)]
        done = await asyncio.gather(*(_worker(database, owners, seed, 1250) for seed in range(8)))
        assert sum(done) == 10_000
        assert len(await shown()) > 0
        assert await agrees()
        await characters.fold_tag_counts()
        assert await agrees()
        assert await characters.popular_tags(1000) == popular(await shown(), 1000)


async def _worker(database: cm.Database, owners: list[cm.User], seed: int, operations: int) -> int:
    rng = random.Random(seed)
    tags = [f"tag{number}" for number in range(20)]

    def some_tags() -> list[str]:
        return rng.sample(tags, k=rng.randrange(5))

    def new() -> cm.Character:
        return cm.Character(
            user_id=rng.choice(owners).id,
            prompt="A knight",
            style_type=rng.choice(STYLES),
            tags=some_tags(),
            is_public=rng.random() < 0.7,
            generation_status=rng.choice(("COMPLETED", "COMPLETED", "PENDING")),
        )

    async def one() -> cm.Character | None:
        return await characters.filter(user_id=rng.choice(owners).id).offset(rng.randrange(20)).first()

    async def with_one(change: Callable[[cm.Character], Awaitable[Any]]) -> None:
        row = await one()
        if row is not None:
            await change(row)

    async def leave() -> None:
        number = rng.randrange(len(owners))
        gone, owners[number] = owners[number], await factories.user()
        await gone.delete()

    async def raw() -> None:
        await execute(
            database,
            "UPDATE characters SET tags = $2, style_type = $3, generation_status = $4 "
            "WHERE id = (SELECT id FROM characters WHERE user_id = $1 LIMIT 1)",
            rng.choice(owners).id,
            some_tags(),
            rng.choice(STYLES),
            rng.choice(("COMPLETED", "FAILED")),
        )

    verbs: list[tuple[int, Callable[[], Awaitable[Any]]]] = [
        (20, lambda: new().save()),
        (8, lambda: cm.Character.bulk_create([new() for _ in range(3)])),
        (12, lambda: with_one(lambda row: row.publish())),
        (12, lambda: with_one(lambda row: row.unpublish())),
        (10, lambda: with_one(lambda row: row.add_tags(*rng.sample(tags, 2)))),
        (10, lambda: with_one(lambda row: row.remove_tags(*rng.sample(tags, 3)))),
        (5, lambda: with_one(lambda row: row.set_tags(*some_tags()))),
        (6, raw),
        (4, lambda: characters.filter(user_id=rng.choice(owners).id).update(is_public=rng.random() < 0.5)),
        (8, lambda: with_one(lambda row: row.delete())),
        (1, leave),
        (2, lambda: characters.fold_tag_counts()),
        (2, lambda: characters.popular_tags()),
    ]
    weights = [weight for weight, _ in verbs]
    for _ in range(operations):
        [(_, verb)] = rng.choices(verbs, weights)
        # Some lose a race, to a deletion for instance; what counts is what stands in the end.
        with suppress(cm.SerializationFailure, cm.NotFound, cm.Conflict, cm.InvalidInput):
            await verb()
    return operations
