"""What `charmodels check` tries out: every model, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from uuid import UUID, uuid4

from charmodels import limits
from charmodels.backend.transaction import TransactionClient
from charmodels.enums import GenerationStatus, HoldState, StyleType, SubscriptionTier
from charmodels.errors import CharmodelsError, Conflict, ConstraintViolation, QuotaExceeded
from charmodels.models import (
    AuditEntry,
    Character,
    CharacterTemplate,
    GalleryEntry,
    GallerySettings,
    Generation,
    GenerationJob,
    QuotaEntry,
    QuotaHold,
    TagAlias,
    User,
    UserQuota,
)
from charmodels.querysets.search import SearchMode
from charmodels.schemas import CharacterCreate
from charmodels.sql import statement
from charmodels.transactions import transaction

if TYPE_CHECKING:
    from charmodels.database import Database

ACTOR = "self-test"

PATIENCE = "5s"
"""How long a statement of the self-test waits for a lock that somebody else has."""

_SECOND = datetime(1, 1, 2, tzinfo=UTC)
"""A turn that comes before all others: the self-test claims its own job, and delays nobody's."""


class Outcome(NamedTuple):
    """What came of trying something out.

    Arguments:
        name: of it.
        is_well: whether it did what it should.
        detail: what was done, or what went wrong.
    """

    name: str
    is_well: bool
    detail: str


class _Undo(Exception):
    """Ends a transaction whose work is to leave nothing behind."""


class Unexpected(CharmodelsError):
    """The database did something else than it should."""


_Test: TypeAlias = "Callable[[TransactionClient, User], Awaitable[str]]"
"""Tries out one thing on behalf of a user. Gives what it did, or raises an error that says what went wrong."""


async def why_not(database: Database) -> str | None:
    """Say why nothing can be tried out: where nothing can be written at all, that is no fault.

    Arguments:
        database: open.

    Returns:
        A sentence; None if the self-test can run.
    """
    [row] = await database.client.fetch(
        "SELECT current_setting('transaction_read_only') = 'on' AS server, "
        "NOT has_table_privilege('users', 'INSERT') AS role"
    )
    if row["server"]:
        return "left out: the server, or this role's sessions, only read"
    return "left out: this role may only read" if row["role"] else None


async def self_test() -> list[Outcome]:
    """Try everything out in one transaction, each thing in a savepoint, and roll back.

    Notifications go out when a transaction commits, and this one does not. Rows of others that a claim locks are free
    again after its savepoint.

    Returns:
        What came of each thing, in the order of `NAMES`.
    """
    found: list[Outcome] = []
    try:
        async with transaction(actor=ACTOR) as tx:
            await tx.fetch("SELECT set_config('lock_timeout', $1, true)", [PATIENCE])
            user = await User.create(email=_email(), name="Self-test")
            for name, test in _TESTS.items():
                found.append(await _outcome(name, user, test))
            raise _Undo
    except _Undo:
        pass
    except CharmodelsError as error:  # not even the user could be made
        found += [Outcome(name, False, str(error)) for name in NAMES[len(found) :]]
    return found


async def _outcome(name: str, user: User, test: _Test) -> Outcome:
    try:
        async with _undone() as savepoint:
            return Outcome(name, True, await test(savepoint, await User.get(id=user.id)))
    except CharmodelsError as error:
        return Outcome(name, False, str(error))
    except Exception as error:  # its text may hold values
        return Outcome(name, False, f"{type(error).__name__} was raised.")


@asynccontextmanager
async def _undone() -> AsyncIterator[TransactionClient]:
    """A savepoint that is rolled back, however its block ends. Rows that were locked in it are free again."""
    try:
        async with transaction() as savepoint:
            yield savepoint
            raise _Undo
    except _Undo:
        pass


async def _users(tx: TransactionClient, _: User) -> str:
    user = await User.create(email=_email(), name="Self-test", timezone="Europe/Berlin")
    _expect((await User.objects.get_by_email(user.email.upper())).id == user.id, "A user is not found by email address")
    user.name = "Another"
    await user.save()
    _expect((await User.get(id=user.id)).name == "Another", "A change of a user is not there")
    auth0_id, email = f"self-test|{uuid4()}", _email()
    synced, created = await User.objects.sync_auth0(auth0_id, email)
    again, twice = await User.objects.sync_auth0(auth0_id, email)
    _expect((created, twice) == (True, False) and synced.id == again.id, "A log-in does not find its user again")
    await _expect_error(Conflict, User.create(email=user.email.upper()), "An email address was taken twice")
    await user.subscribe(SubscriptionTier.PRO)
    stats = await User.objects.filter(id__in=[user.id, synced.id]).stats()
    _expect((stats.total, stats.by_tier[SubscriptionTier.PRO]) == (2, 1), "The statistics of users are wrong")
    await user.delete()
    _expect(not await UserQuota.filter(user_id=user.id).exists(), "A user's rows outlive the user")
    return "made, found, changed, counted, deleted"


async def _templates(tx: TransactionClient, user: User) -> str:
    word = _word()
    template = await CharacterTemplate.create(
        name=word, prompt=f"A knight called {word}", style_type=StyleType.FANTASY, tags=[word]
    )
    chosen = CharacterTemplate.objects.active().styled(StyleType.FANTASY).tagged(any_of=[word]).search(word)
    _expect([each.id for each in await chosen] == [template.id], "A template is not found")
    made = await template.instantiate(user.id, name="Self-test", extra_prompt="in the rain")
    _expect(made.template_id == template.id and word in made.tags, "A template does not make its character")
    stats = await CharacterTemplate.objects.filter(id=template.id).stats()
    _expect((stats.total, stats.used) == (1, 1), "The use of a template is not counted")
    await template.delete()
    _expect((await Character.get(id=made.id)).template_id is None, "A character keeps a template that is gone")
    return "made, found, used, counted, deleted"


async def _characters(tx: TransactionClient, user: User) -> str:
    word = _word()
    made = await Character.objects.create_for(
        user.id, CharacterCreate(prompt=f"A knight called {word}", name="Self-test", style_type=StyleType.ANIME)
    )
    await made.add_tags("hero", word)
    await made.remove_tags("hero")
    made.name = "Another"
    await made.save()
    stored = await Character.objects.editable_by(user.id).get(id=made.id)
    _expect((stored.name, stored.tags) == ("Another", [word]), "A change of a character is not there")
    await Character.filter(id=made.id).update(generation_status=GenerationStatus.COMPLETED)
    await made.publish()
    _expect(await GalleryEntry.filter(character_id=made.id).exists(), "A published character has no entry")
    await made.unpublish()
    _expect(not await GalleryEntry.filter(character_id=made.id).exists(), "A private character has an entry")
    longer = tx.fetch(
        "UPDATE characters SET prompt = repeat('x', $2) WHERE id = $1 RETURNING id", [made.id, limits.PROMPT_LENGTH + 1]
    )
    await _expect_error(ConstraintViolation, longer, "The database takes a prompt that is too long")
    await made.delete()
    _expect(not await Character.filter(id=made.id).exists(), "A deleted character is there")
    return "made, changed, published, taken back, refused, deleted"


async def _gallery(tx: TransactionClient, user: User) -> str:
    word, other = _word(), _word()
    made = [await _published(user, word, [word, other] if number else [word]) for number in range(3)]
    keys = [each.id for each in reversed(made)]
    tagged = Character.objects.public().tagged(any_of=[word])
    first = await tagged.page(size=2)
    second = await tagged.page(size=2, after=first.next_cursor)
    _expect([each.id for each in [*first.items, *second.items]] == keys, "Pages of a tag are not what they should be")
    both = tagged.tagged(all_of=[other]).styled(StyleType.VINTAGE)
    _expect([each.id for each in await both.newest()] == keys[:2], "Tags and styles together do not find what has them")
    _expect(await tagged.tagged(none_of=[other]).count() == 1, "A tag that is excluded is found")
    modes: tuple[SearchMode, ...] = ("web", "substring")
    for mode in modes:
        page = await Character.objects.public().search(word, mode=mode).page(size=5)
        _expect({each.id for each in page.items} == set(keys), "Searching does not find a word")
    ranked = await Character.objects.public().search(word).page(size=5, sort="relevance")
    _expect(len(ranked.items) == 3, "Searching by relevance does not find a word")
    facets = await tagged.facets()
    _expect((facets.styles, facets.tags[other]) == ({StyleType.VINTAGE: 3}, 2), "The facets are wrong")
    _expect(made[2].id in {each.id for each in await made[1].similar()}, "What is alike is not found")
    stats = await Character.objects.owned_by(user.id).stats()
    _expect((stats.total, stats.public, stats.tags[word]) == (3, 3, 3), "The statistics of characters are wrong")
    return "pages, tags, styles, words, relevance, facets, statistics"


async def _tags(tx: TransactionClient, user: User) -> str:
    word, other, alias = _word(), _word(), _word()
    before = {each.tag: each.count for each in await Character.objects.suggest_tags(word)}.get(word, 0)
    await _published(user, word, [word, other])
    await TagAlias.create(alias=alias, tag=word)
    [counted] = [each for each in await Character.objects.suggest_tags(word) if each.tag == word]
    _expect(counted.count == before + 1, "A tag is not counted")
    _expect(await Character.objects.public().tagged(any_of=[alias]).count() == 1, "An alias does not stand for its tag")
    related = await Character.objects.related_tags(word)
    _expect(other in [each.tag for each in related], "Tags that go together are not found")
    _expect(await GallerySettings.all().count() == 1, "The settings of the gallery are not one row")
    await TagAlias.objects.remove(alias)
    return "counted, suggested, related, aliases"


async def _quota(tx: TransactionClient, user: User) -> str:
    await user.subscribe(SubscriptionTier.PRO)
    await user.set_daily_quota(3)
    async with User.objects.reserve_quota(user.id, 2, key="self-test"):
        pass
    again = await User.objects.reserve_quota(user.id, 2, key="self-test")
    _expect(again.repeated and again.state is HoldState.COMMITTED, "A key does not find its hold")
    await _expect_error(QuotaExceeded, User.objects.reserve_quota(user.id, 2), "More was reserved than is left")
    await User.objects.grant_quota(user.id, 5, key="self-test")
    hold = await User.objects.reserve_quota(user.id, 4)
    _expect((await User.objects.quota(user.id)).remaining == 2, "A hold is not counted")
    await hold.release()
    status = await User.objects.quota(user.id)
    _expect((status.used, status.held, status.remaining) == (2, 0, 6), "A quota is not what it should be")
    _expect(await QuotaHold.filter(user_id=user.id).count() == 0, "A closed hold is there")
    await _agrees(tx, user)
    return "reserved, refused, granted, given back; the ledger agrees"


async def _generations(tx: TransactionClient, user: User) -> str:
    await user.set_daily_quota(10)
    made = await _requested(user, "one")
    _expect((await _requested(user, "one")).id == made.id, "A key does not find its generation")
    await GenerationJob.filter(generation_id=made.id).update(turn_at=_SECOND)
    [job] = await Generation.objects.claim("self-test")
    _expect(job.id == made.id, "A claim does not give the job whose turn it is")
    await job.heartbeat()
    await job.complete(image_url="https://example.invalid/1.png")
    done = Character.filter(id=made.character_id, generation_status=GenerationStatus.COMPLETED)
    _expect(await done.exists(), "A picture does not reach its character")
    failed, cancelled = await _requested(user, "two"), await _requested(user, "three")
    await failed.attach_provider_request(f"self-test-{failed.id}")
    _expect(
        (await Generation.objects.by_provider_request(f"self-test-{failed.id}")).id == failed.id,
        "A provider's request does not find its generation",
    )
    await failed.fail("self-test")
    await failed.retry()
    await failed.cancel()
    await cancelled.cancel()
    stats = await Generation.objects.stats(user.id)
    _expect(
        (stats.by_status[GenerationStatus.COMPLETED], stats.by_status[GenerationStatus.CANCELLED]) == (1, 2),
        "The statistics of generations are wrong",
    )
    _expect((await User.objects.quota(user.id)).used == 1, "What was not made is charged")
    await _agrees(tx, user)
    return "requested, claimed, completed, failed, retried, cancelled; the ledger agrees"


async def _records(tx: TransactionClient, user: User) -> str:
    await User.objects.grant_quota(user.id, 1)
    _expect(await QuotaEntry.filter(user_id=user.id, kind="GRANT").count() == 1, "A grant is not in the ledger")
    change = tx.fetch("UPDATE quota_ledger SET amount = 2 WHERE user_id = $1 RETURNING id", [user.id])
    await _expect_error(CharmodelsError, change, "The ledger can be changed")
    await user.subscribe(SubscriptionTier.PRO)
    written = AuditEntry.objects.for_object(user)
    _expect(await written.by_actor(ACTOR).exists(), "A change of tier is not in the audit trail")
    await _expect_error(CharmodelsError, written.delete(), "The audit trail can be changed")
    return "written, read, kept from change"


_TESTS: dict[str, _Test] = {
    "self-test: users": _users,
    "self-test: templates": _templates,
    "self-test: characters": _characters,
    "self-test: gallery": _gallery,
    "self-test: tags": _tags,
    "self-test: quota": _quota,
    "self-test: generations": _generations,
    "self-test: records": _records,
}
"""By name, in the order in which they run and are shown."""

NAMES = tuple(_TESTS)
"""Of what is tried out."""


def _expect(is_so: bool, sentence: str) -> None:
    if not is_so:
        raise Unexpected(f"{sentence}.")


async def _expect_error(kind: type[Exception], work: Awaitable[object], sentence: str) -> None:
    try:
        async with transaction():
            await work
    except kind:
        return
    raise Unexpected(f"{sentence}.")


async def _agrees(tx: TransactionClient, user: User) -> None:
    before = UUID(int=user.id.int - 1)
    [row] = await tx.fetch(statement("quota_discrepancies"), [before, 1])
    _expect((row["checked"], row["last"], row["found"]) == (1, user.id, "[]"), "The ledger does not agree")


async def _published(user: User, word: str, tags: list[str]) -> Character:
    return await Character.create(
        user_id=user.id, name="Self-test", prompt=f"A knight called {word}", style_type=StyleType.VINTAGE, tags=tags,
        is_public=True, generation_status=GenerationStatus.COMPLETED,
    )  # fmt: skip


async def _requested(user: User, key: str) -> Generation:
    return await Generation.objects.request(user.id, "A knight", StyleType.FANTASY, ["hero"], key=key)


def _word() -> str:
    """A word that nobody has, of letters alone."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex)


def _email() -> str:
    return f"self-test-{uuid4()}@example.invalid"
