"""Popular, suggested and related tags, against the same counted in plain Python."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import charmodels as cm
from tests import factories
from tests.gallery_counts import (
    STYLES,
    agrees,
    counts,
    execute,
    popular,
    publish,
    related,
    shown,
    suggested,
    unfolded,
)

SRD = Path(__file__).parents[2].parent / "shared" / "data" / "srd_characters.jsonl"
characters = cm.Character.objects

HOSTILE = ["a\x00b", "\ud800", "x" * 51, "x" * 100_000, 7, None, "a\x1bb"]


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
