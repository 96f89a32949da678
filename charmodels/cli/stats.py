"""`charmodels stats`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from charmodels.cli import console, queue
from charmodels.cli.opening import opened
from charmodels.gallery import CharacterStats, TemplateStats
from charmodels.generations import GenerationStats
from charmodels.models.character import Character
from charmodels.models.generation import Generation
from charmodels.models.template import CharacterTemplate
from charmodels.models.user import User
from charmodels.querysets.users import UserStats
from charmodels.tags import TagCount
from charmodels.transactions import transaction

_TAGS = 5


@dataclass(frozen=True, slots=True)
class _Stats:
    users: UserStats
    characters: CharacterStats
    popular_tags: list[TagCount]
    templates: TemplateStats
    generations: GenerationStats


def stats(json: console.Json = False) -> None:
    """Show users, characters, templates and the queue in numbers.

    The gallery too, and all of them at one moment. It counts every row, so it takes its time
    where there are many.

    \b
    Examples:
      charmodels stats
      charmodels stats --json > stats.json
    """
    found = console.finish(_stats())
    if json:
        console.print_json(asdict(found))
    else:
        _print(found)


async def _stats() -> _Stats:
    async with opened(long=True), transaction(isolation="repeatable_read", readonly=True):
        return _Stats(
            users=await User.objects.stats(),
            characters=await Character.objects.stats(),
            popular_tags=await Character.objects.popular_tags(_TAGS),
            templates=await CharacterTemplate.objects.stats(),
            generations=await Generation.objects.stats(),
        )


def _print(found: _Stats) -> None:
    users, characters, templates = found.users, found.characters, found.templates
    styles = sorted(characters.by_style.items(), key=lambda each: -each[1])
    rows = [
        ("Users", f"{users.total:,}"),
        ("  here in 30 days", f"{users.active:,}"),
        *((f"  on {tier}", f"{number:,}") for tier, number in users.by_tier.items()),
        ("Pictures made", f"{users.total_generated:,}"),
        ("Characters", f"{characters.total:,}"),
        ("  in the gallery", f"{characters.public:,}"),
        ("  from templates", f"{characters.from_template:,}"),
        ("  by style", ", ".join(f"{style} {number:,}" for style, number in styles if number) or "-"),
        ("Popular tags", ", ".join(f"{each.tag} {each.count:,}" for each in found.popular_tags) or "-"),
        ("Templates", f"{templates.total:,}"),
        ("  offered", f"{templates.active:,}"),
        ("  uses", f"{templates.used:,}"),
        *queue.described(found.generations),
    ]
    console.out.print(console.fields(rows))
