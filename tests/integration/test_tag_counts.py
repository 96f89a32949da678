"""Popular, suggested and related tags, against the same counted in plain Python; and counts that stay exact."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import charmodels as cm
from charmodels import limits
from charmodels.models import TagDelta, TagTotal
from tests import factories
from tests.gallery_counts import (
    STYLES,
    agrees,
    execute,
    popular,
    publish,
    related,
    shown,
    suggested,
    unfolded,
    value,
)
from tests.proxy import settings

SRD = Path(__file__).parents[2].parent / "shared" / "data" / "srd_characters.jsonl"
characters = cm.Character.objects

HOSTILE = ["a\x00b", "\ud800", "x" * 51, "x" * 100_000, 7, None, "a\x1bb"]


def counts(**expected: int) -> list[cm.TagCount]:
    return [cm.TagCount(tag, count) for tag, count in expected.items()]


@pytest.fixture
async def owner(db: cm.Database) -> cm.User:
    return await factories.user()


# Popular


async def test_popular_tags_are_those_of_the_public_gallery(owner: cm.User) -> None:
    await publish(owner, [["hero", "knight"], ["hero"], ["witch"]])
    await publish(owner, [["hero"]], style="ANIME")
    await factories.character(owner, tags=["hero", "secret"])
    await factories.character(owner, tags=["hero"], is_public=True, generation_status="FAILED")
    assert await characters.popular_tags() == counts(hero=3, knight=1, witch=1)
    assert await characters.popular_tags(1) == counts(hero=3)
    assert await characters.popular_tags(style=cm.StyleType.ANIME) == counts(hero=1)
    assert await characters.popular_tags(style="CARTOON") == []
    assert await characters.public().popular_tags(1) == counts(hero=3)


@pytest.mark.parametrize("fold_after", [(), (0,), (0, 1), (1,)])
async def test_popular_tags_do_not_depend_on_what_is_folded(owner: cm.User, fold_after: tuple[int, ...]) -> None:
    rng = random.Random(7)
    tags = [f"tag{number}" for number in range(60)]
    for turn in range(3):
        for style in STYLES[:2]:
            await publish(owner, [rng.sample(tags, k=rng.randrange(6)) for _ in range(60)], style)
        gone = await characters.public().limit(40)
        await characters.filter(id__in=[row.id for row in rng.sample(gone, 20)]).update(is_public=False)
        if turn in fold_after:
            assert await characters.fold_tag_counts() > 0
    rows = await shown()
    for limit in (1, 5, 40, 1000):
        assert await characters.popular_tags(limit) == popular(rows, limit)
        for style in STYLES[:2]:
            assert await characters.popular_tags(limit, style) == popular(rows, limit, style)
    assert await agrees()


async def test_what_is_not_folded_brings_up_and_sends_down(db: cm.Database, owner: cm.User) -> None:
    """With more totals than are read at a time."""
    await execute(
        db,
        "INSERT INTO tag_totals (style_type, tag, count) "
        "SELECT '', 'tag' || n, 2000 - n FROM generate_series(1, 1500) n",
    )
    await publish(owner, [["tag1500"]] * 100)
    await execute(
        db,
        "INSERT INTO tag_deltas (user_id, style_type, tags, change) "
        "SELECT $1, 'ANIME', ARRAY['tag1', 'tag3'], -1 FROM generate_series(1, 300) n",
        owner.id,
    )
    expected = {f"tag{n}": 2000 - n for n in range(1, 1501)}
    expected["tag1500"] += 100
    expected["tag1"] -= 300
    expected["tag3"] -= 300
    by_count = sorted(expected.items(), key=lambda each: (-each[1], each[0]))
    for limit in (1, 2, 20, 1000):
        assert [(each.tag, each.count) for each in await characters.popular_tags(limit)] == by_count[:limit]
    await execute(
        db,
        "INSERT INTO tag_deltas (user_id, style_type, tags, change) "
        "SELECT $1, 'ANIME', ARRAY['tag1499', 'new'], 1 FROM generate_series(1, 2100) n",
        owner.id,
    )
    assert await characters.popular_tags(2) == counts(tag1499=501 + 2100, new=2100)
    assert await unfolded(db) == 0
    assert await characters.popular_tags(2) == counts(tag1499=501 + 2100, new=2100)


async def test_an_empty_gallery_has_no_tags(db: cm.Database) -> None:
    assert await characters.popular_tags() == []
    assert await characters.suggest_tags("hero") == []
    assert await characters.related_tags("hero") == []
    assert await characters.fold_tag_counts() == 0


# Suggested


async def test_suggestions_begin_with_the_text_by_popularity_and_then_resemble_it(owner: cm.User) -> None:
    await publish(owner, [["warrior"]] * 3 + [["war mage"]] * 5 + [["warlock", "hero"]])
    assert await characters.suggest_tags("war") == counts(**{"war mage": 5, "warrior": 3, "warlock": 1})
    assert await characters.suggest_tags("  WAR  m") == counts(**{"war mage": 5})
    assert await characters.suggest_tags("war", 2) == counts(**{"war mage": 5, "warrior": 3})
    assert (await characters.suggest_tags("warior"))[0] == cm.TagCount("warrior", 3)
    assert (
        await characters.suggest_tags("") == await characters.suggest_tags(" \t") == await characters.popular_tags(10)
    )


async def test_wild_cards_in_a_prefix_stand_for_themselves(owner: cm.User) -> None:
    await publish(owner, [["100% wool"], ["100 wolves"], ["a_b"], ["axb"], ["c\\d"]])
    assert (await characters.suggest_tags("100%"))[0].tag == "100% wool"
    assert [each.tag for each in await characters.suggest_tags("a_")] == ["a_b"]
    assert await characters.suggest_tags("c\\") == counts(**{"c\\d": 1})
    assert [each.tag for each in await characters.suggest_tags("%")] == []


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_gets_a_named_error(db: cm.Database, text: Any) -> None:
    for ask in (characters.suggest_tags, characters.related_tags):
        with pytest.raises(cm.InvalidInput) as caught:
            await ask(text)
        assert caught.value.field in ("prefix", "tag")


@pytest.mark.parametrize("text", ["'; DROP TABLE tags", "!!!", "🦄", "\U0010ffff", "ß" * 20, "a" * 50, "%_\\", ":now"])
async def test_odd_text_is_answered(owner: cm.User, text: str) -> None:
    await publish(owner, [[text]])
    assert (await characters.suggest_tags(text))[0].tag == cm.normalize_tag(text)
    assert await characters.related_tags(text) == []


async def test_an_alias_suggests_its_tag_once(owner: cm.User) -> None:
    await publish(owner, [["hero"], ["hero"], ["heron"], ["champion"]])
    await cm.TagAlias.objects.add("heros", "hero")
    await cm.TagAlias.objects.add("herald", "champion")
    await cm.TagAlias.objects.add("herbs", "nowhere")
    for folded in (False, True):
        assert await characters.suggest_tags("her") == counts(hero=2, champion=1, heron=1)
        assert (await characters.suggest_tags("heros"))[0] == cm.TagCount("hero", 2)
        if not folded:
            await characters.fold_tag_counts()


async def test_suggestions_agree_with_the_oracle(owner: cm.User) -> None:
    rng = random.Random(11)
    parts = ["war", "kni", "dra", "gon", "ght", "hero", "ice", "queen", "el", "f"]
    tags = sorted({"".join(rng.choices(parts, k=rng.randrange(1, 4))) for _ in range(120)})
    await publish(owner, [rng.sample(tags, k=rng.randrange(8)) for _ in range(200)])
    await characters.fold_tag_counts()
    await publish(owner, [rng.sample(tags, k=rng.randrange(8)) for _ in range(60)])
    aliases = {"warr": tags[0], "knave": tags[5], "drake": tags[9]}
    for alias, tag in aliases.items():
        await cm.TagAlias.objects.add(alias, tag)
    rows = await shown()
    aliases |= {alias.alias: alias.tag for alias in await cm.TagAlias.objects.all()}
    for text in [*parts, "k", "wa", "knihgt", "drgaon", "iceqeen", "herro", *rng.sample(tags, 20)]:
        for limit in (3, 10, 100):
            assert await characters.suggest_tags(text, limit) == suggested(rows, text, limit, aliases), text


async def test_many_tags_that_begin_alike(db: cm.Database) -> None:
    """More than are walked through, so that the index is asked as well."""
    await execute(
        db,
        "INSERT INTO tag_totals (style_type, tag, count) "
        "SELECT '', 'tag' || lpad(n::text, 5, '0'), 10000 - n FROM generate_series(1, 9000) n",
    )
    assert await characters.suggest_tags("tag", 2) == counts(tag00001=9999, tag00002=9998)
    assert await characters.suggest_tags("tag08", 2) == counts(tag08000=2000, tag08001=1999)
    assert (
        await characters.suggest_tags("tag0899", 20)
        == [cm.TagCount(f"tag0899{n}", 10000 - 8990 - n) for n in range(10)]
        + (await characters.suggest_tags("tag0899", 20))[10:]
    )
    assert (await characters.suggest_tags("tga08999"))[:1] in ([], counts(tag08999=1001))


# Related


async def test_related_tags_are_those_that_come_together(owner: cm.User) -> None:
    await publish(owner, [["hero", "knight"]] * 4 + [["hero", "rare"]] + [["hero"]] * 3)
    await publish(owner, [["everywhere", "hero"], *[["everywhere"]] * 20])
    assert await characters.related_tags("Hero ") == counts(knight=4, rare=1)
    assert await characters.related_tags("hero", 1) == counts(knight=4)
    assert await characters.related_tags("nobody") == []
    await cm.TagAlias.objects.add("heros", "hero")
    assert await characters.related_tags("heros") == counts(knight=4, rare=1)


async def test_related_tags_agree_with_the_oracle(owner: cm.User) -> None:
    rng = random.Random(3)
    tags = [f"tag{number}" for number in range(30)]
    weights = [30 - number for number in range(30)]
    for _ in range(7):
        await publish(owner, [sorted(set(rng.choices(tags, weights, k=rng.randrange(7)))) for _ in range(150)])
        await characters.fold_tag_counts()
    await publish(owner, [sorted(set(rng.choices(tags, weights, k=4))) for _ in range(50)])
    rows = await shown()
    for tag in tags:
        for limit in (3, 100):
            assert await characters.related_tags(tag, limit) == related(rows, tag, limit), tag
    # More with one tag than are looked at, so that the oldest do not count.
    await publish(owner, [["tag0", tags[number % 20]] for number in range(1, 600) if number % 20])
    rows = await shown()
    assert await characters.related_tags("tag0") == related(rows, "tag0", 10)


@pytest.mark.skipif(not SRD.is_file(), reason="the shared data are not there")
async def test_the_characters_of_the_reference_document(owner: cm.User) -> None:
    await cm.import_characters(SRD, owner=owner, publish=True)
    rows = await shown()
    tags = sorted({tag for line in SRD.read_text(encoding="utf-8").splitlines() for tag in json.loads(line)["tags"]})
    assert len(rows) == 341
    assert await characters.popular_tags(1000) == popular(rows, 1000)
    for tag in tags[:40]:
        assert await characters.related_tags(tag) == related(rows, tag, 10), tag
        for text in (tag[:2], tag[:4], tag[1:], tag[:2] + tag[3:]):
            normal = " ".join(text.split())
            if normal:
                assert await characters.suggest_tags(text) == suggested(rows, normal, 10), text


# Bad arguments


@pytest.mark.parametrize("limit", [0, -1, 1001, True, 2.5, "3"])
async def test_a_limit_that_is_none(db: cm.Database, limit: Any) -> None:
    for ask in (
        characters.popular_tags(limit),
        characters.suggest_tags("a", limit),
        characters.related_tags("a", limit),
    ):
        with pytest.raises(cm.InvalidInput, match="limit must be"):
            await ask


async def test_a_style_that_is_none(db: cm.Database) -> None:
    with pytest.raises(cm.InvalidInput, match="style must be one of"):
        await characters.popular_tags(style="BAROQUE")


async def test_counts_are_not_of_a_narrowed_queryset(db: cm.Database) -> None:
    narrowed = characters.public().styled("ANIME")
    for ask in (
        narrowed.popular_tags(),
        narrowed.suggest_tags("a"),
        narrowed.related_tags("a"),
        narrowed.suggest_tags(""),
    ):
        with pytest.raises(cm.InvalidInput, match="must not be narrowed"):
            await ask
    with pytest.raises(cm.InvalidInput, match="must not be narrowed"):
        await characters.public().rename_tag("a", "b")


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
