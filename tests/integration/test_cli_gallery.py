"""`charmodels check` on the gallery: its entries and the counts of tags."""

from __future__ import annotations

import pytest

import charmodels as cm
from tests import factories
from tests.gallery_counts import execute, publish
from tests.integration.test_cli import run
from tests.integration.test_cli_quota import checks

FINISHED = {"is_public": True, "generation_status": "COMPLETED"}


@pytest.fixture
async def gallery(db: cm.Database) -> cm.User:
    """Three that are shown, and two that are not; of the counts some are folded."""
    owner = await factories.user()
    await publish(owner, [["hero", "knight"], ["hero"]])
    await cm.Character.objects.fold_tag_counts()
    await publish(owner, [[]], style="ANIME")
    await factories.character(owner, tags=["hero"])
    await factories.character(owner, tags=["hero"], is_public=True, generation_status="PENDING")
    return owner


async def test_a_gallery_that_is_well_passes(url: str, gallery: cm.User) -> None:
    done = run("check", "--json", url=url)
    assert done.returncode == 0
    assert checks(done.stdout)["gallery entries"] == ("ok", "3 entries compared")
    # By all styles: the characters, hero, knight; the same as fantasy; the characters as anime.
    assert checks(done.stdout)["tag counts"] == ("ok", "7 counts compared")


TAMPERED = "ALTER TABLE {table} DISABLE TRIGGER USER; {statement}; ALTER TABLE {table} ENABLE TRIGGER USER"


@pytest.mark.parametrize(
    ("table", "statement", "detail"),
    [
        (
            "gallery_entries",
            "DELETE FROM gallery_entries WHERE tags = '{hero}'",
            "Of 3 characters in the gallery, 1 have no entry and 0 a wrong one; 0 entries too many.",
        ),
        (
            "characters",
            "UPDATE characters SET is_public = false WHERE tags = '{hero,knight}'",
            "Of 2 characters in the gallery, 0 have no entry and 0 a wrong one; 1 entry too many.",
        ),
        (
            "characters",
            "UPDATE characters SET prompt = 'A witch' WHERE tags = '{hero}'",
            "Of 3 characters in the gallery, 0 have no entry and 1 a wrong one; 0 entries too many.",
        ),
        (
            "characters",
            "UPDATE characters SET template_id = NULL, style_type = 'CARTOON'",
            "Of 3 characters in the gallery, 0 have no entry and 3 a wrong one; 0 entries too many.",
        ),
    ],
)
async def test_entries_that_are_not_what_the_trigger_writes(
    url: str, db: cm.Database, gallery: cm.User, table: str, statement: str, detail: str
) -> None:
    await execute(db, TAMPERED.format(table=table, statement=statement))
    done = run("check", "--json", url=url)
    assert done.returncode == 1
    assert checks(done.stdout)["gallery entries"] == ("failed", detail)


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("DELETE FROM tag_totals WHERE tag = 'knight'", "2 are missing and 0 are wrong; 0 too many."),
        (
            "UPDATE tag_totals SET count = 9 WHERE tag = 'hero' AND style_type = ''",
            "0 are missing and 1 are wrong; 0 too many.",
        ),
        (
            "INSERT INTO tag_totals (style_type, tag, count) VALUES ('', 'x', 1)",
            "0 are missing and 0 are wrong; 1 too many.",
        ),
        ("DELETE FROM tag_deltas", "1 are missing and 1 are wrong; 0 too many."),
    ],
)
async def test_counts_that_are_not_what_a_recount_gives(
    url: str, db: cm.Database, gallery: cm.User, statement: str, detail: str
) -> None:
    await execute(db, statement)
    done = run("check", "--json", url=url)
    assert done.returncode == 1
    assert checks(done.stdout)["tag counts"] == ("failed", f"Of 7 counts, {detail}")
    assert checks(done.stdout)["gallery entries"][0] == "ok"


async def test_entries_are_compared_in_lots(db: cm.Database, gallery: cm.User, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 2, 3, 5, 6):
        monkeypatch.setattr("charmodels.limits.COMPARED_CHARACTERS", size)
        found = [each async for each in cm.GalleryEntry.objects.compare()]
        assert (sum(each.compared for each in found), sum(each.wrong for each in found)) == (3, 0)
