"""Every verb of the gallery, in every order and sort, beside the same question put to plain Python.

By default the questions are few and the same in every run. HYPOTHESIS_PROFILE=soak makes them many and new each time;
`--hypothesis-seed=7` repeats such a run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import charmodels as cm
from charmodels import limits
from charmodels.identifiers import new_id
from charmodels.querysets.characters import CharacterQuerySet
from charmodels.querysets.conditions import HasTags
from charmodels.querysets.gallery import PageKeys, placing
from tests import servers
from tests.galleries import DAWN, MINUTE, STYLES, Question, World, real_characters, walked

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"

WAYS = {
    "as it is": {},
    "glance": {"FEW_TAGGED": -1, "GLANCED_ENTRIES": 10_000, "GLANCED_FAR": 10_000, "WALKED_FAR": 10_000},
    "walk": {"FEW_TAGGED": -1, "GLANCED_ENTRIES": 5, "WALKED_ENTRIES": 10_000, "GLANCED_FAR": 5, "WALKED_FAR": 10_000},
    "walk a little": {"FEW_TAGGED": -1, "GLANCED_ENTRIES": 5, "WALKED_ENTRIES": 25, "GLANCED_FAR": 5, "WALKED_FAR": 60},
    "look up": {"GLANCED_ENTRIES": 0, "WALKED_ENTRIES": 0, "GLANCED_FAR": 0, "WALKED_FAR": 0},
    "look up by both indexes": {"FEW_TAGGED": 1_000_000, "SOME_TAGGED": -1},
    "look up without the index on tags": {"FEW_TAGGED": 1_000_000, "SOME_TAGGED": -1, "MANY_TAGGED": -1},
    "rank a few": {"RANKED_CANDIDATES": 15, "GLANCED_FAR": 5, "WALKED_FAR": 25, "FEW_TAGGED": -1},
    "count a few": {"COUNTED_ROWS": 12, "GLANCED_FAR": 5, "WALKED_FAR": 50},
}
"""How the index may be asked, by limits that differ from those of `charmodels.limits`."""


def examples(few: int, many: int) -> settings:
    return settings(
        max_examples=many if SOAK else few,
        derandomize=not SOAK,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def use(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.undo()
    for name, value in WAYS[way].items():
        monkeypatch.setattr(limits, name, value)


# What is asked

TAGS = [tag for tag, _ in Counter(tag for row in real_characters() for tag in row["tags"]).most_common()]
WORDS = sorted({word.strip(".,;:'\"()").lower() for row in real_characters() for word in row["prompt"].split()[:12]})
WORDS = [word for word in WORDS if word.isascii() and word.isalpha()]
COMMON = ["dragon", "knight", "large", "river", "target", "black", "hero", "wisdom", "the", "a", "Breathes", "warriors"]

TAG = TAGS[0]
WORD = next(word for word in ("dragon", "large") if any(word in row["prompt"] for row in real_characters()))

tags = st.one_of(
    st.sampled_from(TAGS[:8]), st.sampled_from(TAGS), st.just("nobody has this"), st.sampled_from(TAGS).map(str.upper)
)
words = st.one_of(st.sampled_from(COMMON), st.sampled_from(WORDS))
web_texts = st.one_of(
    words,
    words.map(lambda word: f"-{word}"),
    st.tuples(words, words).map(" ".join),
    st.tuples(words, words).map(" or ".join),
    st.tuples(words, words).map(" -".join),
    st.tuples(words, words).map('"{0[0]} {0[1]}"'.format),
    st.sampled_from(real_characters()).map(lambda row: f'"{" ".join(row["prompt"].split()[:3])}"'),
)
prefixes = st.tuples(words, st.integers(1, 6)).map(lambda pair: pair[0][: pair[1]])
prefix_texts = st.lists(prefixes, min_size=1, max_size=3).map(" ".join)


@st.composite
def substrings(draw: st.DrawFn) -> str:
    row = draw(st.sampled_from(real_characters()))
    text = draw(st.sampled_from([row["name"], row["prompt"], *row["tags"]]))
    start = draw(st.integers(0, max(len(text) - 1, 0)))
    part = text[start : start + draw(st.integers(1, 9))]
    return draw(st.sampled_from([part, part.upper(), part.lower(), f"%{part}", part.replace(part[0], "_", 1)]))


times = st.integers(-5, 125).map(lambda minutes: DAWN + minutes * MINUTE)
searches = st.one_of(
    st.tuples(web_texts),
    st.tuples(web_texts, st.just("web")),
    st.tuples(prefix_texts, st.just("prefix")),
    st.tuples(substrings(), st.just("substring")),
)


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A verb with its arguments; users and templates by number."""
    verb = draw(
        st.sampled_from(
            [
                *("owned_by", "visible_to", "editable_by", "styled", "tagged", "created_between", "from_template"),
                *("search", "filter", "exclude", "tagged", "search", "search", "public"),
            ]
        )
    )
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    if verb in ("owned_by", "visible_to", "editable_by"):
        arguments = (draw(st.integers(0, 4)),)
    elif verb == "styled":
        arguments = tuple(draw(st.lists(st.sampled_from(STYLES), min_size=1, max_size=5)))
    elif verb == "tagged":
        keywords = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "any_of": st.lists(tags, max_size=4),
                    "all_of": st.lists(tags, max_size=2),
                    "none_of": st.lists(tags, max_size=3),
                },
            )
        )
    elif verb == "created_between":
        keywords = draw(st.fixed_dictionaries({}, optional={"start": times, "end": times}))
    elif verb == "from_template":
        arguments = draw(st.sampled_from([(), (0,), (1,), (3,)]))
    elif verb == "search":
        arguments = draw(searches)
    elif verb in ("filter", "exclude"):
        keywords = draw(
            st.sampled_from(
                [
                    {"is_public": True},
                    {"generation_status": cm.GenerationStatus.COMPLETED},
                    {"style_type": cm.StyleType.FANTASY},
                    {"name": "Aboleth"},
                ]
            )
        )
    return verb, arguments, keywords


questions = st.one_of(
    st.lists(steps(), max_size=4),
    st.lists(steps(), max_size=4).flatmap(lambda found: st.permutations([("public", (), {}), *found])),
)


async def asked(world: World, chain: list[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> Question:
    question = Question(world, cm.Character.objects)
    for verb, arguments, keywords in chain:
        if verb in ("owned_by", "visible_to", "editable_by"):
            keys = [*(user.id for user in world.users), new_id()]
            arguments = (keys[arguments[0] % len(keys)],)
        elif verb == "from_template" and arguments:
            templates = [*(template.id for template in world.templates), new_id()]
            arguments = (templates[arguments[0] % len(templates)],)
        await question.ask(verb, *arguments, **keywords)
    return question


# What is compared


async def compare(question: Question, rng: random.Random) -> None:
    """Pages in every sort, and all that Tortoise can be asked, with what plain Python says."""
    await compare_pages(question, rng)
    await compare_plain(question, rng)


async def compare_pages(question: Question, rng: random.Random) -> None:
    newest = question.expected()
    for sort in ("newest", "oldest"):
        expected = [row.id for row in (newest if sort == "newest" else newest[::-1])]
        found = await walked(question.query, sort, lambda: rng.choice([9, 30, 100]))
        assert [row.id for row in found] == expected
    await compare_ranked(question, rng)
    await compare_totals(question, len(newest))


async def compare_ranked(question: Question, rng: random.Random) -> None:
    if question.ranking is None:
        with pytest.raises(cm.InvalidInput, match="relevance"):
            await question.query.page(sort="relevance")
        return
    expected = await question.expected_ranked(limits.RANKED_CANDIDATES)
    found = await walked(question.query, "relevance", lambda: rng.choice([9, 30, 100]))
    assert [row.id for row in found] == [row.id for row in expected]


async def compare_totals(question: Question, expected: int) -> None:
    page = await question.query.page(rng_size := 5, with_total=True)
    assert page.total is not None
    assert (page.total, page.total.is_exact) == (
        min(expected, limits.COUNTED_ROWS),
        expected <= limits.COUNTED_ROWS,
    )
    assert len(page) == min(rng_size, expected)
    for most in (0, max(expected - 1, 0), expected):
        total = await question.query.count_up_to(most)
        assert (total, total.is_exact) == (min(expected, most), expected <= most)


async def compare_plain(question: Question, rng: random.Random) -> None:
    query, newest = question.query, question.expected()
    keys = [row.id for row in newest]
    assert sorted([row.id for row in await query], key=str) == sorted(keys, key=str)
    assert [row.id for row in await query.newest()] == keys
    assert [row.id for row in await query.oldest()] == keys[::-1]
    assert await query.count() == len(keys)
    assert await query.exists() is bool(keys)
    assert await query.newest().values_list("id", flat=True) == keys
    assert [row["created_at"] for row in await query.newest().values("created_at")] == [
        row.created_at for row in newest
    ]
    first = await query.newest().first()
    assert (first and first.id) == (keys[0] if keys else None)
    assert [row.id for row in await query.newest().limit(3).offset(2)] == keys[2:5]
    assert [row.id async for row in query.stream(batch=rng.choice([1 + len(keys) // 2, len(keys) or 1, 60]))] == keys
    other = rng.choice(question.world.rows)
    if other.id in keys:
        assert (await query.get(id=other.id)).id == other.id
    else:
        with pytest.raises(cm.NotFound):
            await query.get(id=other.id)


@pytest.fixture
def loop(server_url: str, template: str) -> Iterator[tuple[asyncio.Runner, cm.Database]]:
    """An event loop with an open database, both for all questions."""
    url = asyncio.run(servers.create(server_url, template=template))
    database = cm.Database(cm.Settings(database_url=url, app_env="test"))
    with asyncio.Runner() as runner:
        runner.run(database.open())
        yield runner, database
        runner.run(database.close())
    asyncio.run(servers.drop(server_url, url))


async def real_world(database: cm.Database) -> World:
    rng = random.Random(7)
    world = await World.make(database)
    await world.add(
        *(
            world.character(rng, name=row["name"], prompt=row["prompt"], tags=row["tags"], style_type=row["style"])
            for row in real_characters()
        )
    )
    [row] = await world.fetch("SELECT charmodels_fold_tags(1000000) AS folded")
    assert row["folded"] > 0
    await world.fetch("ANALYZE")
    return world


def test_real_characters_are_found_as_plain_python_finds_them(
    loop: tuple[asyncio.Runner, cm.Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, database = loop
    world = runner.run(real_world(database))

    @given(chain=questions, way=st.sampled_from(sorted(WAYS)), seed=st.integers(0, 2**16))
    @examples(30, 3000)
    def ask(chain: Any, way: str, seed: int) -> None:
        async def run() -> None:
            await compare(await asked(world, chain), random.Random(seed))

        use(monkeypatch, way)
        runner.run(run())

    ask()


MEETINGS: list[list[tuple[str, tuple[Any, ...], dict[str, Any]]]] = [
    [("visible_to", (0,), {}), ("search", (WORD,), {})],
    [("search", (WORD,), {}), ("visible_to", (1,), {}), ("tagged", (), {"any_of": TAGS[:3]})],
    [("search", (WORD,), {}), ("tagged", (), {"any_of": TAGS[:5]}), ("public", (), {})],
    [("public", (), {}), ("tagged", (), {"all_of": TAGS[:1]}), ("search", (WORD[:2], "prefix"), {})],
    [("public", (), {}), ("tagged", (), {"none_of": TAGS[:2]}), ("visible_to", (2,), {})],
    [("owned_by", (0,), {}), ("public", (), {}), ("search", (WORD[:3], "prefix"), {})],
    [("public", (), {}), ("exclude", (), {"style_type": STYLES[0]}), ("search", (f"{WORD} or {TAG}",), {})],
    [("visible_to", (0,), {}), ("visible_to", (1,), {}), ("search", (f"-{WORD}",), {})],
]


async def test_verbs_that_have_to_work_together(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What few random questions come to, by each way in."""
    world = await real_world(db)
    rng = random.Random(3)
    for chain in MEETINGS:
        question = await asked(world, chain)
        assert question.expected(), question
        await compare_plain(question, rng)
        for way in WAYS:
            use(monkeypatch, way)
            await compare_pages(question, rng)


# Characters that nobody would write

LETTERS = "aAbB\N{LATIN SMALL LETTER E WITH ACUTE}\N{CYRILLIC CAPITAL LETTER ZHE} %_\\'\"-.,<>&|!:*\n\N{DRAGON}"
made_texts = st.text(LETTERS, min_size=1, max_size=12).filter(str.strip)
made_tags = st.sampled_from(["a", "b", "a b", "%", "_", "\\", "'", '"', "{}", "a,b", "null", "\N{DRAGON}"])
made = st.fixed_dictionaries(
    {
        "name": st.none() | made_texts,
        "prompt": made_texts,
        "tags": st.lists(made_tags, max_size=4, unique=True),
        "style_type": st.sampled_from(STYLES[:3]),
        "is_public": st.booleans(),
        "generation_status": st.sampled_from([cm.GenerationStatus.COMPLETED] * 3 + [cm.GenerationStatus.PENDING]),
        "created_at": st.integers(0, 3).map(lambda microseconds: DAWN + timedelta(microseconds=microseconds)),
    }
)
made_steps = st.one_of(
    st.tuples(
        st.just("search"),
        st.tuples(made_texts, st.sampled_from(["web", "substring", "substring"])),
        st.just({}),
    ),
    st.tuples(
        st.just("tagged"),
        st.just(()),
        st.dictionaries(
            st.sampled_from(["any_of", "all_of", "none_of"]), st.lists(made_tags, min_size=1, max_size=2), min_size=1
        ),
    ),
    steps().filter(lambda step: step[0] not in ("search", "tagged", "filter", "exclude")),
)


def test_made_up_characters_are_found_as_plain_python_finds_them(
    loop: tuple[asyncio.Runner, cm.Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, database = loop

    @given(
        rows=st.lists(made, min_size=1, max_size=12),
        chains=st.lists(st.lists(made_steps, max_size=3), min_size=1, max_size=5),
        way=st.sampled_from(sorted(WAYS)),
        seed=st.integers(0, 2**16),
    )
    @examples(25, 1500)
    def ask(rows: list[dict[str, Any]], chains: list[Any], way: str, seed: int) -> None:
        async def run() -> None:
            world = await World.make(database, users=2, templates=1)
            rng = random.Random(seed)
            try:
                await world.add(*(world.character(rng, **row) for row in rows))
                for chain in chains:
                    await compare(await asked(world, chain), rng)
            finally:
                await cm.User.objects.filter(id__in=[user.id for user in world.users]).delete()
                await cm.CharacterTemplate.objects.all().delete()

        use(monkeypatch, way)
        runner.run(run())

    ask()


# That each way in is really taken


async def ways_taken(world: World, query: CharacterQuerySet, rows: int) -> tuple[str, set[str]]:
    """Which way the statement of a page went, and by which indexes."""
    gallery, values = query._gallery(), []  # type: ignore[var-annotated]
    assert gallery is not None
    statement = PageKeys(gallery, "newest", None, rows).write(placing(values))
    [row] = await world.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    walked_rows, indexes = 0.0, set()

    def visit(node: dict[str, Any]) -> None:
        nonlocal walked_rows
        if node.get("Subplan Name") in ("CTE glanced", "CTE walked"):
            walked_rows = max(walked_rows, node["Actual Rows"])
        if "Index Name" in node and node["Actual Loops"]:
            indexes.add(node["Index Name"])
        for child in node.get("Plans", ()):
            visit(child)

    visit(json.loads(row[0])[0]["Plan"])
    by_totals = {name for name in indexes if name.startswith("tag_totals_")}
    assert bool(by_totals) == any(isinstance(each, HasTags) for each in gallery.conditions)
    return ("walk" if walked_rows >= rows else "look up"), indexes - by_totals


NEWEST, BY_TAGS, BY_WORDS = "gallery_entries_newest", "gallery_entries_tags", "gallery_entries_document"


@pytest.mark.plans
async def test_each_way_in_is_taken(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await real_world(db)
    tagged = cm.Character.objects.public().tagged(any_of=[TAG])
    found = cm.Character.objects.public().search(WORD)
    both = tagged.search(WORD)
    async with cm.transaction() as tx:  # one connection, on which the planner does not read so small a table whole
        await tx.execute_script("SET LOCAL enable_seqscan = off")
        world.fetch = lambda statement, *values: tx.fetch(statement, values)  # type: ignore[method-assign]
        use(monkeypatch, "as it is")
        assert await ways_taken(world, tagged, 3) == ("look up", {BY_TAGS})
        assert await ways_taken(world, found, 3) == ("walk", {NEWEST})
        use(monkeypatch, "glance")
        for query in (tagged, found, both):
            assert await ways_taken(world, query, 2) == ("walk", {NEWEST})
        use(monkeypatch, "look up")
        assert await ways_taken(world, tagged, 3) == ("look up", {BY_TAGS})
        assert await ways_taken(world, found, 3) == ("look up", {BY_WORDS})
        way, indexes = await ways_taken(world, both, 3)
        assert (way, bool(indexes & {BY_TAGS, BY_WORDS}), NEWEST in indexes) == ("look up", True, False)
        use(monkeypatch, "look up without the index on tags")
        assert await ways_taken(world, both, 3) == ("look up", {BY_WORDS})
