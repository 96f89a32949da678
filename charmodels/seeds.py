"""Sample data: a small set to try things with, written once however often it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from charmodels import samples
from charmodels.backend.client import Client
from charmodels.database import current
from charmodels.errors import ConfigurationError, NotFound
from charmodels.models import Character, CharacterTemplate, User
from charmodels.transactions import transaction

LOCK = 0x7365656463686172
"""The advisory lock under which seeding runs, so that two at once write one set: "seedchar" in ASCII, as a bigint."""


@dataclass(frozen=True, slots=True)
class SeedCount:
    """What became of one kind of row.

    Arguments:
        created: written now.
        kept: there already, and left as they were.
    """

    created: int
    kept: int


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What became of the sample data."""

    templates: SeedCount
    users: SeedCount
    characters: SeedCount

    @property
    def created(self) -> int:
        """Rows of any kind that were written now."""
        return self.templates.created + self.users.created + self.characters.created


def refuse_in_production() -> None:
    """Refuse to write sample data into the database of a production environment.

    Raises:
        ConfigurationError: APP_ENV is production.
    """
    if current().settings.is_production:
        raise ConfigurationError(
            variable="APP_ENV", reason="is production, where no sample data is written", example="development"
        )


async def seed() -> SeedReport:
    """Write ten templates and some users and characters, in one transaction. What is there is kept as it is.

    Templates are known by their name, users by their email address, characters by their owner and name.

    Returns:
        What was written, and what was there.

    Raises:
        ConfigurationError: APP_ENV is production, or no database is open.

    Example:
        >>> async def main() -> None:
        ...     import charmodels as cm
        ...     async with cm.connect():
        ...         print((await seed()).created)
    """
    refuse_in_production()
    async with transaction(actor="charmodels seed") as client:
        await wait_for_turn(client)
        return SeedReport(
            templates=await _seed_templates(),
            users=await _seed_users(),
            characters=await _seed_characters(),
        )


async def wait_for_turn(client: Client) -> None:
    """Wait for whoever else seeds, so that what they commit is seen. The ORM knows no advisory locks.

    Arguments:
        client: of the transaction that holds the lock until it ends.
    """
    await client.fetch("SELECT pg_advisory_xact_lock($1)", [LOCK])


async def _seed_templates() -> SeedCount:
    wanted = samples.templates()
    there = {name for (name,) in await CharacterTemplate.all().values_list("name")}
    new = [template for template in wanted if template.name not in there]
    for template in new:
        await CharacterTemplate.create(**template.model_dump())
    return SeedCount(created=len(new), kept=len(wanted) - len(new))


async def _seed_users() -> SeedCount:
    created = kept = 0
    for user, tier in samples.users():
        try:
            await User.objects.get_by_email(user.email)
            kept += 1
        except NotFound:
            await User.create(**user.model_dump(), subscription_tier=tier)
            created += 1
    return SeedCount(created=created, kept=kept)


async def _seed_characters() -> SeedCount:
    created = kept = 0
    for email, character in samples.characters():
        owner = await User.objects.get_by_email(email)
        if await Character.objects.owned_by(owner.id).filter(name=character.name).exists():
            kept += 1
        else:
            await Character.objects.create_for(owner.id, character)
            created += 1
    return SeedCount(created=created, kept=kept)
