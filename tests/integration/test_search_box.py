"""One search box on querysets, and the language of search."""

from __future__ import annotations

import logging

import asyncpg
import pytest

import charmodels as cm
from charmodels import documents
from tests import factories, servers
from tests.migration import catalog
from tests.proxy import session


async def names(query: str) -> set[str | None]:
    return {each.name for each in await cm.Character.objects.public().matching(query).page()}


async def test_one_box_for_words_styles_tags_and_owners(db: cm.Database) -> None:
    ada, eve = await factories.user(name="Ada Lovelace"), await factories.user(name="eve")
    for owner, name, prompt, style, tags in (
        (ada, "A", "A warrior of the ice queen", "FANTASY", ["hero"]),
        (ada, "B", "A warrior of the ice queen", "FANTASY", ["hero", "gore"]),
        (eve, "C", "A warrior of the ice queen", "FANTASY", ["hero"]),
        (ada, "D", "A warrior; ice for a queen", "FANTASY", ["hero"]),
        (ada, "E", "A warrior of the ice queen", "ANIME", ["hero"]),
        (ada, "F", "A warrior of the ice queen", "FANTASY", []),
    ):
        await factories.character(owner, name=name, prompt=prompt, style_type=style, tags=tags, is_public=True)
    assert await names('warriors style:fantasy tag:hero -tag:gore by:"ada lovelace" "ice queen"') == {"A"}
    assert await names("by:EVE") == {"C"}
    assert await names("by:eve by:ada") == {"C"}
    assert await names("style:anime,vintage") == {"E"}
    assert await names("") == {"A", "B", "C", "D", "E", "F"}
    assert await names("tag:gore,unheard") == {"B"}
    assert await names("-warrior") == set()
    found = await cm.Character.objects.public().by("Ada Lovelace").search("warrior").page(sort="relevance")
    assert {each.name for each in found} == {"A", "B", "D", "E", "F"}
    assert await cm.Character.objects.by("eve").count() == 1


async def test_an_error_points_at_its_term(db: cm.Database) -> None:
    with pytest.raises(cm.InvalidQuery) as caught:
        cm.Character.objects.public().matching("warrior style:cubist")
    assert (caught.value.start, caught.value.end) == (8, 20)
    with pytest.raises(cm.InvalidInput, match="at least one name"):
        cm.Character.objects.by()


async def test_another_language(url: str, caplog: pytest.LogCaptureFixture) -> None:
    german = cm.Settings(database_url=url, search_config="german")
    async with cm.connect(url):
        ada = await factories.user()
        for number in range(5):
            await factories.character(ada, prompt=f"Die Häuser am Meer, {number}", is_public=True)
        assert await cm.Character.objects.public().search("Haus").count() == 0
    with caplog.at_level(logging.INFO, "charmodels.gallery"):
        assert await cm.migrations.upgrade(german) == ()
    assert "5 documents" in caplog.text
    async with cm.connect(url):
        assert await cm.Character.objects.public().search("Haus").count() == 5
        await factories.character(ada, prompt="Ein Haus", is_public=True)
        assert await cm.Character.objects.public().search("Häuser").count() == 6
        assert await cm.Character.objects.owned_by(ada.id).search("Häuser").count() == 6
    caplog.clear()
    await cm.migrations.upgrade(german)
    await cm.migrations.upgrade(url)  # without the setting it stays as it is
    assert "documents" not in caplog.text


async def test_an_interrupted_change_of_language_goes_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "BATCH", 2)
    async with cm.connect(url):
        ada = await factories.user()
        for _ in range(7):
            await factories.character(ada, prompt="Die Häuser", is_public=True)
    async with session(url) as connection:
        await connection.execute("UPDATE gallery_settings SET search_config = 'german'")
        assert await documents.apply_search_config(connection, None) == 7
        assert await documents.apply_search_config(connection, "german") == 0


async def test_a_language_that_is_none(url: str) -> None:
    with pytest.raises(cm.ConfigurationError, match="SEARCH_CONFIG") as caught:
        await cm.migrations.upgrade(cm.Settings(database_url=url, search_config="klingon'; --"))
    assert isinstance(caught.value.__cause__, asyncpg.PostgresError)


async def test_a_key_of_ones_own_for_cursors(url: str) -> None:
    async with cm.connect(url):
        ada = await factories.user()
        for _ in range(3):
            await factories.character(ada, is_public=True)
        cursor = (await cm.Character.objects.public().page(size=1)).next_cursor
    async with cm.connect(url):
        assert len(await cm.Character.objects.public().page(after=cursor)) == 2  # another process would read it too
    async with cm.connect(cm.Settings(database_url=url, cursor_key="a long random string")):
        with pytest.raises(cm.InvalidCursor):
            await cm.Character.objects.public().page(after=cursor)


async def test_a_schema_of_ones_own_beside_an_extension_elsewhere(empty_url: str) -> None:
    """The tables in one schema, pg_trgm in another that is not on the search_path."""
    await servers.execute(empty_url, "CREATE SCHEMA tools; CREATE EXTENSION pg_trgm SCHEMA tools; CREATE SCHEMA app")
    settings = cm.Settings(database_url=empty_url, db_schema="app")
    await cm.migrations.upgrade(settings)
    async with cm.connect(settings):
        await factories.character(is_public=True, tags=["hero"], prompt="A knight")
        assert await cm.Character.objects.public().search("nigh", mode="substring").count() == 1
        assert await cm.Character.objects.public().tagged(["hero"]).search("knights").count() == 1
    assert await catalog.tables(empty_url) == set()
    assert await cm.migrations.downgrade(settings, version=0)
