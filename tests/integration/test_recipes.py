"""More recipes run as they stand and print what they promise, and all of them are listed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from examples import bulk_import_export, crud, read_only_projections, stats, templates, transactions
from tests.integration.test_demo import ROOT
from tests.integration.test_examples import run_as_script

pytestmark = pytest.mark.xdist_group("examples")  # as in test_demo

SHOWN = {
    crud: """
        a name, trimmed 'Ada'
        a character made of a form Ser Osric, ['hero'], COMPLETED
        a blank prompt InvalidInput: prompt must not be blank.
        an address that is taken Conflict: users already has such a row (users_email_key)
        found by address, however typed Ada
        hers, as cartoons Squire 1, Squire 2, Squire 3
        with its owner, in one statement Ser Osric of Ada
        what is not there NotFound: There is no such Character.
        renamed; the database noted when True
        rows changed by one statement 3
        by SQL that no Python code looks at ConstraintViolation: prompt must have 1 to 2000 characters.
        somebody else's NotFound: There is no such Character.
        updated or created True, False; A knight in armour; the same row: True
        rows deleted by one statement 3
        Ada is gone, and her characters 0
        saving what is gone NotFound: There is no such User.
    """,
    templates: """
        a second Knight Conflict: character_templates already has such a row (character_templates_name_key)
        as FANTASY Dragon, Knight
        tagged hero Knight
        with the word "palaces" Ice queen
        its prompt A knight in worn armour in the rain
        its tags rain, hero, knight
        a prompt that gets too long ConstraintViolation: prompt must have 1 to 2000 characters.
        the most used first Knight 4, Dragon 0, Ice queen 0
        a withdrawn one NotFound: There is no such CharacterTemplate.
        still made of it 4
        and when it is deleted Ser Osric stays, without a template: True
        all together 2 of 2 are offered, used 0 times
    """,
    stats: """
        all 2000, 761 of them public
        public and tagged knight 249, 249 of them public
        of 2025 1000, 371 of them public
        styles of "light" MINIMALIST 48, VINTAGE 48, ANIME 47, CYBERPUNK 45
        tags of "light" knight 99, castle 69, brave 39, witch 33
        their number 310
        counted to 100 at most more than 100
        users 20; FREE 17, PREMIUM 2, PRO 1
        templates 10 of 10 offered, used 0 times
        of each status PENDING 1, PROCESSING 0, COMPLETED 1, FAILED 1, CANCELLED 0
        success rate 0.5
        the most that one user shows 232, 108, 67
    """,
    transactions: """
        after a block that ended well 2
        inside a block 0
        after an error, on second thoughts 2
        inside Conflict: users already has such a row (users_email_key)
        the outer one goes on 1
        it was Ada True
        in request 7
        before and after somebody's INSERT 3, 3
        after the block 4
        writing DatabaseError, SQLSTATE 25006
        two blocks SerializationFailure; wins 1
        two functions 3 tries; wins 2
        ten with a lock: wins 10
    """,
    bulk_import_export: """
        imported, of lines read 40 of 40
        in the gallery 40
        imported 0
        Line 3: prompt is required.
        imported with keep_going 1
        lines exported 41
        streamed, for a form of your own 41
        imported for Ben 41
        the same as Ada's True
        style_type characters ANIME 12, CARTOON 12, CYBERPUNK 12
        made 500
    """,
    read_only_projections: """
        a user to everybody ['avatar_url', 'id', 'name']
        a page of cards Rosalind, Osric
        the prompt was not read
        saving a part is refused
        dicts [{'name': 'Kettle', 'is_public': False}]
        values ['Kettle', 'Osric', 'Rosalind']
        cards with their artists ['Osric by Ada', 'Rosalind by Ada']
        private and public {False: 1, True: 2}
        the page and the count agree True
    """,
}


def normal(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("recipe", SHOWN, ids=lambda recipe: recipe.__name__.removeprefix("examples."))
async def test_a_recipe_shows_what_it_says(
    recipe: ModuleType, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    await recipe.main()
    lines = normal(capsys.readouterr().out)
    assert [line for line in normal(SHOWN[recipe]) if line not in lines] == []


def test_the_recipe_of_own_models_shows_what_it_says(url: str, tmp_path: Path) -> None:
    done = run_as_script("own_models.py", url, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = normal(done.stdout)
    for line in (
        "published without its post False",
        "posts of Ada 7",
        "the first of 7 Chapter 7, Chapter 6, Chapter 5",
        "and the next Chapter 4, Chapter 3, Chapter 2",
        "all of them 7",
        "rows that got the tag 2",
        "found by it Chapter 7, Chapter 6",
        "too many InvalidInput: labels must be at most 3.",
        "rows that lost it 2",
        "posts that are left 0",
    ):
        assert line in lines, line


def test_the_recipe_of_testing_is_tests_that_pass(url: str, tmp_path: Path) -> None:
    done = run_as_script("testing_your_app.py", url, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "7 passed" in done.stdout
    assert "warning" not in done.stdout


def test_every_recipe_is_listed() -> None:
    listed = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    recipes = {path.name for path in (ROOT / "examples").glob("*.py")} - {"__init__.py", "databases.py"}
    assert {name for name in recipes if f"](../examples/{name})" not in listed} == set(), "add them to docs/recipes.md"
