"""Facets, statistics and what is similar, beside sums in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

import charmodels as cm
from charmodels.querysets.characters import CharacterQuerySet
from tests import factories, random_gallery
from tests.quotas import statements
from tests.random_gallery import START, fill, shown, tag_counts

ANIME, FANTASY = cm.StyleType.ANIME, cm.StyleType.FANTASY
Keep = Callable[[cm.Character], bool]

QUERIES: dict[str, tuple[Callable[[CharacterQuerySet], CharacterQuerySet], Keep]] = {
    "everything": (lambda query: query, lambda each: True),
    "a style": (lambda query: query.styled("ANIME"), lambda each: each.style_type is ANIME),
    "a tag": (lambda query: query.tagged(["Hero"]), lambda each: "hero" in each.tags),
    "two tags, one not": (
        lambda query: query.tagged(all_of=["hero", "knight"], none_of=["gore"]),
        lambda each: {"hero", "knight"} <= set(each.tags) and "gore" not in each.tags,
    ),
    "not a tag": (lambda query: query.tagged(none_of=["hero"]), lambda each: "hero" not in each.tags),
    "a word": (
        lambda query: query.search("lantern"),
        lambda each: "lantern" in each.prompt or "lantern" in (each.name or ""),
    ),
    "a time": (
        lambda query: query.created_between(START + timedelta(minutes=50), START + timedelta(minutes=100)),
        lambda each: START + timedelta(minutes=50) <= each.created_at < START + timedelta(minutes=100),
    ),
    "Tortoise's own": (
        lambda query: query.filter(prompt__startswith="b"),
        lambda each: each.prompt.startswith("b"),
    ),
}


def facets_of(characters: list[cm.Character]) -> cm.Facets:
    styles = Counter(each.style_type for each in characters)
    return cm.Facets(styles=dict(styles), tags=tag_counts(characters))


@pytest.mark.parametrize("name", QUERIES)
async def test_facets_count_what_the_query_finds(db: cm.Database, name: str) -> None:
    everyone = await fill(200, await random_gallery.owners(3))
    narrow, keep = QUERIES[name]
    facets = await narrow(cm.Character.objects.public()).facets()
    assert facets == facets_of([each for each in shown(everyone) if keep(each)])
    assert list(facets.tags.values()) == sorted(facets.tags.values(), reverse=True)
    assert list(facets.styles.values()) == sorted(facets.styles.values(), reverse=True)
    assert await narrow(cm.Character.objects.all()).facets() == facets_of([each for each in everyone if keep(each)])


async def test_facets_without_their_own_filter(db: cm.Database) -> None:
    public = shown(await fill(200, await random_gallery.owners(3)))
    query = cm.Character.objects.public().styled(ANIME, FANTASY).tagged(any_of=["hero", "sea"], none_of=["gore"])
    facets = await query.facets(disjunctive=True)
    styled = [each for each in public if each.style_type in (ANIME, FANTASY) and "gore" not in each.tags]
    tagged = [each for each in public if {"hero", "sea"} & set(each.tags) and "gore" not in each.tags]
    assert facets == cm.Facets(styles=dict(Counter(each.style_type for each in tagged)), tags=tag_counts(styled))
    assert await query.facets() == facets_of([each for each in styled if each in tagged])
    assert await cm.Character.objects.public().search("ice").facets(disjunctive=True) == (
        await cm.Character.objects.public().search("ice").facets()
    )


async def test_facets_are_of_the_page_that_a_limit_leaves(db: cm.Database) -> None:
    public = shown(await fill(100, await random_gallery.owners(1)))
    newest = sorted(public, key=lambda each: (each.created_at, each.id), reverse=True)[:10]
    assert await cm.Character.objects.public().newest().limit(10).facets() == facets_of(newest)


async def test_facets_see_what_the_transaction_has_done(db: cm.Database) -> None:
    owner = await factories.user()
    async with cm.transaction():
        await factories.character(owner, is_public=True, tags=["hero"])
        assert await cm.Character.objects.public().facets() == cm.Facets(styles={FANTASY: 1}, tags={"hero": 1})


async def test_an_empty_gallery_has_no_facets(db: cm.Database) -> None:
    assert await cm.Character.objects.public().facets() == cm.Facets(styles={}, tags={})
    assert await cm.Character.objects.public().search("knight").facets() == cm.Facets(styles={}, tags={})


@pytest.mark.parametrize("tags", [0, 101, True, "20"])
async def test_a_number_of_tags_that_is_none(db: cm.Database, tags: int) -> None:
    with pytest.raises(cm.InvalidInput, match="1 to 100"):
        await cm.Character.objects.public().facets(tags)


@pytest.mark.parametrize("name", QUERIES)
async def test_statistics_count_what_the_query_finds(db: cm.Database, name: str) -> None:
    everyone = await fill(200, await random_gallery.owners(3))
    knight = await factories.template()
    await cm.Character.filter(style_type="ANIME").update(template_id=knight.id)
    narrow, keep = QUERIES[name]
    kept = [each for each in everyone if keep(each)]
    with statements() as seen:
        stats = await narrow(cm.Character.objects.all()).stats()
    assert len(seen) == 1
    assert (stats.total, stats.public) == (len(kept), len(shown(kept)))
    assert stats.by_style == {style: sum(each.style_type is style for each in kept) for style in cm.StyleType}
    assert stats.by_status == {
        status: sum(each.generation_status is status for each in kept) for status in cm.GenerationStatus
    }
    assert list(stats.tags.items()) == list(tag_counts(kept).items())
    assert stats.from_template == sum(each.style_type is ANIME for each in kept)


async def test_statistics_count_a_character_once_that_a_join_gives_twice(db: cm.Database) -> None:
    ada = await factories.user()
    character = await factories.character(ada, tags=["hero"])
    for _ in range(3):
        await factories.generation(ada, character_id=character.id)
    stats = await cm.Character.objects.filter(generations__user_id=ada.id).stats()
    assert (stats.total, stats.tags) == (1, {"hero": 1})


async def test_nothing_in_numbers(db: cm.Database) -> None:
    stats = await cm.Character.objects.stats()
    assert (stats.total, stats.public, stats.from_template, stats.tags) == (0, 0, 0, {})
    assert set(stats.by_style.values()) | set(stats.by_status.values()) == {0}


# Similar


def score(one: cm.Character, other: cm.Character, public: list[cm.Character]) -> float:
    counts = Counter(tag for each in public for tag in each.tags)
    shared = set(one.tags) & set(other.tags)
    return sum(math.log(1 + len(public) / (1 + counts[tag])) + 0.01 for tag in shared)


def is_like(one: cm.Character, other: cm.Character, public: list[cm.Character]) -> bool:
    return one.id != other.id and (score(one, other, public) > 0 or one.style_type is other.style_type)


def likeness(one: cm.Character, public: list[cm.Character]) -> Callable[[cm.Character], tuple[float, ...]]:
    def key(other: cm.Character) -> tuple[float, ...]:
        shared, has_style = round(score(one, other, public), 9), one.style_type is other.style_type
        return -shared, -has_style, -other.created_at.timestamp(), -other.id.int

    return key


@pytest.mark.parametrize("folded", [0, 20, 1_000_000])
async def test_similar_is_who_shares_rare_tags_then_the_style(db: cm.Database, folded: int) -> None:
    everyone = await fill(150, await random_gallery.owners(3))
    public = shown(everyone)
    await db.client.fetch("SELECT charmodels_fold_tags($1)", [folded])
    for one in everyone[:25]:
        found = await one.similar(limit=20)
        assert one.id not in {each.id for each in found}
        assert {each.id for each in found} <= {each.id for each in public}
        expected = sorted((each for each in public if is_like(one, each, public)), key=likeness(one, public))[:20]
        assert [each.id for each in found] == [each.id for each in expected]


async def test_similar_does_not_come_from_what_was_unpublished(db: cm.Database) -> None:
    one, other = [await factories.character(is_public=True, tags=["hero"]) for _ in range(2)]
    assert [each.id for each in await one.similar()] == [other.id]
    await other.unpublish()
    assert await one.similar() == []


async def test_a_dead_trend_is_similar_too(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charmodels.limits.SIMILAR_NEWEST", 3)
    owner = await factories.user()
    old = [await factories.character(owner, is_public=True, tags=["pogs"], style_type="ANIME") for _ in range(2)]
    for _ in range(5):
        await factories.character(owner, is_public=True, tags=["hero"], style_type="VINTAGE")
    assert [each.id for each in await old[0].similar()] == [old[1].id]


@pytest.mark.parametrize("limit", [0, 101, True, None])
async def test_a_limit_that_is_none(db: cm.Database, limit: int) -> None:
    with pytest.raises(cm.InvalidInput, match="1 to 100"):
        await (await factories.character()).similar(limit=limit)
