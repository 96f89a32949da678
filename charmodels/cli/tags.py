"""`charmodels tags`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeAlias

import typer

from charmodels.cli import console
from charmodels.cli.opening import opened
from charmodels.enums import StyleType
from charmodels.models.character import Character
from charmodels.models.gallery import TagAlias
from charmodels.tags import TagCount, normalize_tag

app = typer.Typer(
    name="tags",
    no_args_is_help=True,
    help="Look at tags, rename and merge them, give them aliases.\n\n"
    "\b\nExamples:\n  charmodels tags popular\n  charmodels tags merge heroes heroine hero",
)

Limit: TypeAlias = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many tags.")]
Progress: TypeAlias = "Callable[[int], None] | None"


@app.command()
def popular(
    limit: Limit = 20,
    style: Annotated[
        StyleType | None, typer.Option(case_sensitive=False, help="Count only characters of this style.")
    ] = None,
    json: console.Json = False,
) -> None:
    """Show the tags that the public gallery has most.

    \b
    Examples:
      charmodels tags popular --limit 50
      charmodels tags popular --style ANIME
    """

    async def work() -> list[TagCount]:
        async with opened():
            return await Character.objects.popular_tags(limit, style)

    _print(console.finish(work()), json)


@app.command()
def suggest(
    text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False, help="What somebody began to type.")],
    limit: Limit = 10,
    json: console.Json = False,
) -> None:
    """Show the tags that somebody may mean who has begun to type.

    \b
    Example:
      charmodels tags suggest war
    """

    async def work() -> list[TagCount]:
        async with opened():
            return await Character.objects.suggest_tags(text, limit)

    _print(console.finish(work()), json)


@app.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", show_default=False, help="The tag as it is.")],
    new: Annotated[str, typer.Argument(metavar="NEW", show_default=False, help="The tag as it is to be.")],
    keep_alias: Annotated[
        bool, typer.Option("--keep-alias", help="Make the old tag an alias, for whoever still uses it.")
    ] = False,
    json: console.Json = False,
) -> None:
    """Rename a tag on every row that has it.

    On characters, public or not, on templates and on generations. Rows are
    changed in batches; run again after an interruption, it goes on.

    \b
    Example:
      charmodels tags rename warior warrior --keep-alias
    """

    async def work(progress: Progress) -> int:
        return await Character.objects.rename_tag(old, new, keep_alias=keep_alias, progress=progress)

    _change("Renaming", work, json)


@app.command()
def merge(
    olds: Annotated[list[str], typer.Argument(metavar="FROM", show_default=False, help="The tags that are to go.")],
    into: Annotated[str, typer.Argument(metavar="INTO", show_default=False, help="The tag that they become.")],
    keep_aliases: Annotated[
        bool, typer.Option("--aliases/--no-aliases", help="Make aliases of the tags that go, for who still uses them.")
    ] = True,
    json: console.Json = False,
) -> None:
    """Make one tag of several, on every row that has one of them.

    Rows are changed in batches; run again after an interruption, it goes on.

    \b
    Example:
      charmodels tags merge heroes heroine hero
    """

    async def work(progress: Progress) -> int:
        return await Character.objects.merge_tags(olds, into, keep_aliases=keep_aliases, progress=progress)

    _change("Merging", work, json)


@app.command()
def alias(
    word: Annotated[str, typer.Argument(metavar="FROM", show_default=False, help="The word that is to be an alias.")],
    tag: Annotated[str, typer.Argument(metavar="TO", show_default=False, help="The tag that it stands for.")],
    json: console.Json = False,
) -> None:
    """Let a word stand for a tag from now on.

    Rows that have the word as a tag get the tag.

    \b
    Examples:
      charmodels tags alias heros hero
      charmodels tags unalias heros
    """
    changed = 0

    async def work() -> TagAlias:
        async with opened(long=True):
            with console.progress("Renaming") as show:

                def note(rows: int) -> None:
                    nonlocal changed
                    changed = rows
                    if show is not None:
                        show(rows)

                return await TagAlias.objects.add(word, tag, progress=note)

    made = console.finish(work())
    if json:
        console.print_json({"alias": made.alias, "tag": made.tag, "changed": changed})
    else:
        console.say(f"{made.alias!r} stands for {made.tag!r} now; {_changed(changed)}.")


@app.command()
def unalias(
    word: Annotated[str, typer.Argument(metavar="ALIAS", show_default=False, help="The alias that is to go.")],
) -> None:
    """Make an alias a tag of its own again.

    Rows keep the tag that it stood for. Exits with 1 if it is no alias.

    \b
    Example:
      charmodels tags unalias heros
    """

    async def work() -> bool:
        async with opened():
            return await TagAlias.objects.remove(word)

    if not console.finish(work()):
        console.fail(f"{normalize_tag(word)!r} is no alias.")
        raise typer.Exit(1)
    console.say(f"{normalize_tag(word)!r} stands for itself again.")


@app.command()
def aliases(json: console.Json = False) -> None:
    """List the aliases and the tags that they stand for.

    \b
    Example:
      charmodels tags aliases
    """

    async def work() -> list[tuple[str, str]]:
        async with opened():
            return [(each.alias, each.tag) async for each in TagAlias.objects.order_by("tag", "alias")]

    found = console.finish(work())
    if json:
        console.print_json([{"alias": word, "tag": tag} for word, tag in found])
    else:
        console.out.print(console.table("Alias", "Tag", rows=found))


@app.command()
def fold(json: console.Json = False) -> None:
    """Add what happened in the gallery to the totals by tag.

    Counts are exact without it, and who reads them does it by the way. It is
    for after very many characters were changed at once.

    \b
    Example:
      charmodels tags fold
    """

    async def work() -> int:
        async with opened(long=True):
            return await Character.objects.fold_tag_counts()

    folded = console.finish(work())
    if json:
        console.print_json({"folded": folded})
    else:
        console.say(f"{console.count(folded, 'change')} folded.")


def _print(found: list[TagCount], json: bool) -> None:
    if json:
        console.print_json([asdict(each) for each in found])
    else:
        rows = [(each.tag, f"{each.count:,}") for each in found]
        console.out.print(console.table("Tag", "Characters", rows=rows))


def _change(what: str, work: Callable[[Progress], Awaitable[int]], json: bool) -> None:
    async def run() -> int:
        async with opened(long=True):
            with console.progress(what) as progress:
                return await work(progress)

    changed = console.finish(run())
    if json:
        console.print_json({"changed": changed})
    else:
        sentence = _changed(changed)
        console.say(f"{sentence[0].upper()}{sentence[1:]}.")


def _changed(rows: int) -> str:
    return f"{console.count(rows, 'row')} changed"
