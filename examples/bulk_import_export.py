"""Bulk import and export, as a recipe: JSON lines in by COPY, and out again, in constant memory.

Run it with `python -m examples.bulk_import_export`, on an embedded PostgreSQL, or on the server that DATABASE_URL
names, in a database of its own.
"""

from __future__ import annotations

import asyncio
import csv
import io
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that `python examples/bulk_import_export.py` runs as well

import charmodels as cm
from examples.databases import own_database

CHARACTERS = Path(__file__).parent / "data" / "characters.jsonl"

BAD = (
    '{"name": "Ser Osric", "prompt": "A knight", "style": "FANTASY"}',
    '{"name": "Nameless", "prompt": "?", "style": "CUBIST"}',
    '{"name": "No prompt", "style": "ANIME"}',
    "not JSON at all",
)


def say(what: str, result: object) -> None:
    print(f"  {what:<38} {result}")


async def importing(database: cm.Database, folder: Path) -> None:
    """In: a line is a character; they are checked, and loaded by COPY in one transaction."""
    await cm.User.create(email="ada@example.com", name="Ada")
    report = await cm.import_characters(CHARACTERS, owner="ada@example.com", publish=True)
    say("imported, of lines read", f"{report.imported} of {report.read}")
    say("in the gallery", await cm.Character.objects.public().count())


async def bad_lines(database: cm.Database, folder: Path) -> None:
    """One bad line keeps everything out, unless it is said otherwise; each is named, none is quoted."""
    report = await cm.import_characters(BAD, owner="ada@example.com")
    say("imported", report.imported)
    for line in report.bad_lines:
        say("", line)
    report = await cm.import_characters(BAD, owner="ada@example.com", keep_going=True)
    say("imported with keep_going", report.imported)


async def exporting(database: cm.Database, folder: Path) -> None:
    """Out: page by page, and no transaction is held open."""
    ada = await cm.User.objects.get_by_email("ada@example.com")
    report = await cm.export_characters(folder / "export.jsonl", cm.Character.objects.owned_by(ada.id))
    say("lines exported", report.exported)
    lengths = [len(each.prompt) async for each in cm.Character.objects.owned_by(ada.id).stream(batch=10)]
    say("streamed, for a form of your own", len(lengths))


async def there_and_back(database: cm.Database, folder: Path) -> None:
    """What was exported can be imported: here for another user."""
    await cm.User.create(email="ben@example.com", name="Ben")
    report = await cm.import_characters(folder / "export.jsonl", owner="ben@example.com")
    say("imported for Ben", report.imported)
    columns = ("name", "prompt", "style_type", "tags", "metadata")
    adas, bens = [
        [
            row
            async for row in cm.Character.objects.filter(user__name=name)
            .order_by("name", "prompt")
            .values_list(*columns)
        ]
        for name in ("Ada", "Ben")
    ]
    say("the same as Ada's", adas == bens)


async def as_csv(database: cm.Database, folder: Path) -> None:
    """For whatever the models do not do, there is the bare connection: COPY to CSV."""
    written = io.BytesIO()
    async with database.acquire() as connection:
        await connection.copy_from_query(
            "SELECT style_type, count(*) AS characters FROM characters GROUP BY style_type ORDER BY style_type",
            output=written,
            format="csv",
            header=True,
        )
    rows = list(csv.reader(io.StringIO(written.getvalue().decode())))
    say(" ".join(rows[0]), ", ".join(" ".join(row) for row in rows[1:4]))


async def many_objects(database: cm.Database, folder: Path) -> None:
    """What is in memory already goes by bulk_create; the database looks at every row."""
    ada = await cm.User.objects.get_by_email("ada@example.com")
    made = [
        cm.Character(user_id=ada.id, name=f"Squire {number}", prompt="A squire", generation_status="COMPLETED")
        for number in range(500)
    ]
    await cm.Character.bulk_create(made, batch_size=200)
    say("made", await cm.Character.objects.filter(name__startswith="Squire ").count())


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with own_database() as settings:
            await cm.migrations.upgrade(settings)
            async with cm.connect(settings) as database:
                for chapter in (importing, bad_lines, exporting, there_and_back, as_csv, many_objects):
                    print(f"\n{chapter.__doc__}")
                    await chapter(database, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
