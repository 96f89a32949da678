"""The statement of a page is remembered by its shape, and the values beside it are found without writing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import charmodels as cm
from charmodels.querysets.conditions import Condition
from charmodels.querysets.gallery import PageKeys, placing
from charmodels.querysets.rows import EntryRows
from tests import factories

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = factories.missing()
PUBLIC = cm.Character.objects.public
QUERIES = {
    "a tag": PUBLIC().tagged(["hero"]),
    "all kinds of tags": PUBLIC().tagged(["a", "b"], ["c"], ["d"]),
    "tags twice": PUBLIC().tagged(["a"]).tagged(all_of=["b", "c"]),
    "none of a tag and a word": PUBLIC().tagged(none_of=["a"]).search("knight"),
    "a word": PUBLIC().search("knight"),
    "a beginning": PUBLIC().search("kni", mode="prefix"),
    "a substring": PUBLIC().search("nig", mode="substring"),
    "a substring that is no tag": PUBLIC().search("x" * 60, mode="substring"),
    "a tag and a word": PUBLIC().tagged(["hero"], none_of=["gore"]).search("knight"),
    "an owner": PUBLIC().filter(user_id=KEY).search("knight"),
    "a name": PUBLIC().by("Ada", "Eve").tagged(["hero"]),
    "everything": PUBLIC()
    .filter(user_id=KEY)
    .created_between(NOW, NOW)
    .styled("ANIME", "FANTASY")
    .from_template(KEY)
    .tagged(["a"], ["b"], ["c"])
    .search("knight")
    .search("nig", mode="substring"),
}


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("position", [None, [NOW, KEY]])
async def test_the_values_of_a_page_are_those_that_its_statement_has(
    db: cm.Database, name: str, position: list[Any] | None
) -> None:
    gallery = QUERIES[name]._gallery()
    assert gallery is not None
    written: list[Any] = []
    keys = PageKeys(gallery, "newest", position, 21)
    keys.write(placing(written))
    assert keys.values() == written
    hash(keys.shape())


@pytest.mark.parametrize("name", QUERIES)
def test_the_values_of_a_condition_are_those_that_it_writes(name: str) -> None:
    for node in QUERIES[name]._q_objects:
        if isinstance(node, Condition):
            inner = getattr(node, "condition", node)
            written: list[Any] = []
            inner.write(EntryRows(placing(written)))
            assert inner.values() == node.values() == written
            hash(node.shape())


async def test_different_statements_have_different_shapes(db: cm.Database) -> None:
    written, shapes = set(), set()
    for query in QUERIES.values():
        gallery = query._gallery()
        assert gallery is not None
        for keys in (
            PageKeys(gallery, sort, position, 21) for sort in ("newest", "oldest") for position in (None, [NOW, KEY])
        ):
            written.add(keys.write(placing([])))
            shapes.add(keys.shape())
    assert len(shapes) == len(written)
