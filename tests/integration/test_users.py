"""Who subscribes, who is active, how many there are; and log-ins that race."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest
from tortoise.expressions import F, Q
from tortoise.functions import Count

import charmodels as cm
from charmodels import clock
from charmodels.backend import connection
from charmodels.backend.session import leaves_session_alone
from charmodels.models import UserQuota
from charmodels.querysets.users import UserQuerySet
from charmodels.sql.binding import Fragment, bind
from tests import factories
from tests.quotas import statements

T = TypeVar("T")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
FREE, PREMIUM, PRO = cm.SubscriptionTier
ADA = {"auth0_id": "auth0|ada", "email": "ada@example.com"}
EVE = {"auth0_id": "auth0|eve", "email": "eve@example.com"}


async def user(*, active: datetime | None = None, generated: int = 0, **values: Any) -> cm.User:
    made = await factories.user(**values)
    await UserQuota.filter(user_id=made.id).update(last_active_at=active, total_generated=generated)
    return made


async def last_active(found: cm.User) -> datetime | None:
    return (await UserQuota.get(user_id=found.id)).last_active_at


async def versions(db: cm.Database) -> list[Any]:
    """What changes when a row is written, even with what it holds already."""
    return [
        *await db.client.fetch("SELECT xmin::text, ctid::text, * FROM users ORDER BY id"),
        *await db.client.fetch("SELECT xmin::text, ctid::text, * FROM user_quotas ORDER BY user_id"),
    ]


async def until_one_waits(db: cm.Database) -> None:
    """Return when somebody waits for the transaction that this is called in."""
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    async with asyncio.timeout(10):
        while not await db.client.fetch(waiting):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


@pytest.fixture
async def crowd(db: cm.Database) -> list[cm.User]:
    return [
        await user(name="Ada"),
        await user(name="Bob", active=NOW - 40 * DAY, generated=1),
        await user(name="Cid", subscription_tier=PREMIUM, active=NOW - DAY, generated=20),
        await user(name="Dan", subscription_tier=PRO, subscription_expires_at=NOW + SECOND, active=NOW, generated=300),
        await user(name="Eve", subscription_tier=PRO, subscription_expires_at=NOW, active=NOW - 2 * DAY),
        await user(name="Fay", subscription_tier=PREMIUM, subscription_expires_at=NOW - 90 * DAY, generated=4000),
        await user(name="Guy", subscription_tier=FREE, subscription_expires_at=NOW + DAY, active=NOW - 30 * DAY),
    ]


def queries() -> dict[str, UserQuerySet]:
    names = ["Ada", "Bob", "Cid", "Dan"]
    return {
        "everybody": cm.User.objects.all(),
        "nobody": cm.User.objects.filter(name="Zoe"),
        "none of a list": cm.User.objects.filter(id__in=[]),
        "filtered": cm.User.objects.filter(name__in=names),
        "pattern": cm.User.objects.filter(Q(email__startswith="USER") & Q(name__contains="a")),
        "excluded": cm.User.objects.exclude(name__in=names),
        "ordered": cm.User.objects.order_by("-name"),
        "limit": cm.User.objects.order_by("name").limit(3),
        "no limit": cm.User.objects.limit(0),
        "offset": cm.User.objects.order_by("name").offset(5),
        "page": cm.User.objects.order_by("-quota__total_generated", "id")[1:4],
        "last ones": cm.User.objects.filter(name__in=names).order_by("-name").limit(2),
        "distinct": cm.User.objects.distinct(),
        "distinct page": cm.User.objects.distinct().order_by("-name").limit(3),
        "joined": cm.User.objects.filter(characters__is_public=False),
        "joined distinct": cm.User.objects.filter(characters__is_public=False).distinct(),
        "joined distinct page": cm.User.objects.filter(characters__is_public=False)
        .distinct()
        .order_by("name")
        .limit(1),
        "annotated": cm.User.objects.annotate(made=Count("characters")).filter(made__gt=1),
        "ordered by an annotation": cm.User.objects.annotate(made=Count("characters"))
        .order_by("-made", "name")
        .limit(2),
        "compared": cm.User.objects.filter(created_at=F("updated_at")),
        "part": cm.User.objects.only("name").order_by("name").limit(4),
        "related": cm.User.objects.select_related("quota").order_by("name").limit(4),
        "prefetched": cm.User.objects.prefetch_related("characters").limit(4).order_by("name"),
        "locked": cm.User.objects.order_by("name").limit(4).select_for_update(),
        "subscribed": cm.User.objects.subscribed(),
        "subscribed and more": cm.User.objects.exclude(name="Cid")
        .subscribed()
        .filter(name__not="Ada")
        .order_by("name"),
        "active": cm.User.objects.active_since(3 * DAY),
        "active and subscribed": cm.User.objects.active_since(NOW - 3 * DAY).subscribed().order_by("name").limit(1),
    }


NAMES = [
    "everybody", "nobody", "none of a list", "filtered", "pattern", "excluded", "ordered", "limit", "no limit",
    "offset", "page", "last ones", "distinct", "distinct page", "joined", "joined distinct", "joined distinct page",
    "annotated", "ordered by an annotation", "compared", "part", "related", "prefetched", "locked", "subscribed",
    "subscribed and more", "active", "active and subscribed",
]  # fmt: skip


# Subscribed


async def test_the_subscribed_are_those_in_force_now(crowd: list[cm.User]) -> None:
    with clock.frozen(NOW) as stopped:
        assert {each.name for each in await cm.User.objects.subscribed()} == {"Cid", "Dan"}
        stopped.advance(-SECOND)
        assert {each.name for each in await cm.User.objects.subscribed()} == {"Cid", "Dan", "Eve"}
        stopped.advance(2 * SECOND)
        assert {each.name for each in await cm.User.objects.subscribed()} == {"Cid"}
        assert await cm.User.objects.filter(name="Dan").subscribed().count() == 0
        assert await cm.User.objects.subscribed().exclude(name="Cid").exists() is False


async def test_the_subscribed_are_those_that_the_statistics_count(crowd: list[cm.User]) -> None:
    with clock.frozen(NOW):
        paid = {each.id for each in await cm.User.objects.subscribed()}
        stats = await cm.User.objects.stats()
        assert len(paid) == stats.by_tier[PREMIUM] + stats.by_tier[PRO]


# Active


async def test_active_since_a_moment_or_a_time_ago(crowd: list[cm.User]) -> None:
    with clock.frozen(NOW):
        for since in (DAY, NOW - DAY, (NOW - DAY).astimezone(timezone(timedelta(hours=9)))):
            assert {each.name for each in await cm.User.objects.active_since(since)} == {"Cid", "Dan"}
        assert {each.name for each in await cm.User.objects.active_since(timedelta())} == {"Dan"}
        assert await cm.User.objects.active_since(NOW + SECOND) == []
        assert {each.name for each in await cm.User.objects.subscribed().active_since(SECOND)} == {"Dan"}
        assert {each.name for each in await cm.User.objects.active_since(SECOND * 2).exclude(name="Ada")} == {"Dan"}


async def test_what_was_active_can_be_updated_and_deleted(crowd: list[cm.User]) -> None:
    with clock.frozen(NOW):
        assert await cm.User.objects.active_since(DAY).update(timezone="Europe/Berlin") == 2
        assert await cm.User.objects.active_since(DAY).delete() == 2
    assert await cm.User.objects.filter(timezone="Europe/Berlin").count() == 0
    assert await cm.User.objects.count() == 5


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 3, 1), date(2026, 3, 1), "2026-03-01", 7, None, -SECOND, timedelta.min, timedelta.max],
)
def test_a_moment_that_is_none_is_refused(moment: Any) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        cm.User.objects.active_since(moment)
    assert caught.value.field == "moment"


# Statistics


@pytest.mark.parametrize("name", NAMES)
async def test_the_statistics_are_those_of_the_queryset(crowd: list[cm.User], name: str) -> None:
    for each in crowd[:2]:
        await factories.character(each)
        await factories.character(each)
    with clock.frozen(NOW):
        query = queries()[name]
        slots = {slot for base in type(query).__mro__ for slot in getattr(base, "__slots__", ())}
        before = {slot: repr(getattr(query, slot)) for slot in slots if hasattr(query, slot)}
        async with cm.transaction():
            with statements() as seen:
                stats = await query.stats()
            assert len(seen) == 1
            assert {slot: repr(getattr(query, slot)) for slot in slots if hasattr(query, slot)} == before
            names = {each.name for each in await query}
        chosen = [each for each in crowd if each.name in names]
        counters = {each.user_id: each for each in await UserQuota.all()}
    tiers = Counter(FREE if each.name in ("Eve", "Fay") else each.subscription_tier for each in chosen)
    assert stats == cm.UserStats(
        total=len(chosen),
        active=len([each for each in chosen if each.name in ("Cid", "Dan", "Eve", "Guy")]),
        by_tier={tier: tiers[tier] for tier in cm.SubscriptionTier},
        total_generated=sum(counters[each.id].total_generated for each in chosen),
    )


def test_every_query_is_in_the_list_of_names() -> None:
    assert list(queries()) == NAMES


async def test_the_statistics_of_nobody(db: cm.Database) -> None:
    assert await cm.User.objects.stats() == cm.UserStats(0, 0, {FREE: 0, PREMIUM: 0, PRO: 0}, 0)


async def test_how_long_ago_counts_as_active(crowd: list[cm.User]) -> None:
    with clock.frozen(NOW) as stopped:
        assert (await cm.User.objects.stats()).active == 4
        assert (await cm.User.objects.stats(DAY)).active == 2
        assert (await cm.User.objects.stats(active_within=timedelta())).active == 1
        stopped.advance(SECOND)
        assert (await cm.User.objects.stats()).active == 3
        assert (await cm.User.objects.stats()).by_tier == {FREE: 6, PREMIUM: 1, PRO: 0}
        for span in (-SECOND, timedelta.max, 30, None, NOW):
            with pytest.raises(cm.InvalidInput) as caught:
                await cm.User.objects.stats(span)  # type: ignore[arg-type]
            assert caught.value.field == "active_within"


async def test_statistics_see_the_transaction_that_they_are_in(crowd: list[cm.User]) -> None:
    with pytest.raises(KeyError):
        async with cm.transaction() as tx:
            await user(generated=5)
            assert (await cm.User.objects.stats()).total == 8
            assert (await cm.User.objects.using_db(tx).stats()).total_generated == 4326
            raise KeyError
    assert (await cm.User.objects.stats()).total == 7


async def test_sums_beyond_a_bigint(db: cm.Database) -> None:
    for _ in range(2):
        await user(generated=2**63 - 1)
    assert (await cm.User.objects.stats()).total_generated == 2**64 - 2


async def test_what_is_asked_leaves_the_session_alone(crowd: list[cm.User], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, bool] = {}

    def note(statement: str) -> bool:
        seen[statement] = leaves_session_alone(statement)
        return seen[statement]

    monkeypatch.setattr(connection, "leaves_session_alone", note)
    for query in queries().values():
        await query.stats()
    await cm.User.objects.sync_auth0(**ADA)
    await cm.User.objects.sync_auth0(**ADA, name="Ada")
    assert len(seen) > len(NAMES) - 5  # some queries differ in their values alone
    assert [statement for statement, is_harmless in seen.items() if not is_harmless] == []


# Log-ins


async def test_a_first_log_in_makes_the_user(db: cm.Database) -> None:
    with clock.frozen(NOW), statements() as seen:
        made, is_new = await cm.User.objects.sync_auth0(**ADA, name=" Ada ", avatar_url="https://example.com/ada.png")
    assert is_new
    assert len(seen) == 2
    assert (made.auth0_id, made.email, made.name) == ("auth0|ada", "ada@example.com", "Ada")
    assert made.avatar_url == "https://example.com/ada.png"
    assert (made.subscription_tier, made.timezone) == (FREE, "UTC")
    assert made.created_at == made.updated_at == NOW
    assert await last_active(made) == NOW
    [found] = await cm.User.all()
    assert vars(found) == vars(made)
    assert await UserQuota.all().count() == 1


async def test_arguments_may_be_given_by_place(db: cm.Database) -> None:
    made, _ = await cm.User.objects.sync_auth0("auth0|ada", "ada@example.com", "Ada", "/ada.png")
    assert (made.name, made.avatar_url) == ("Ada", "/ada.png")


async def test_a_log_in_that_changes_nothing_is_one_statement(db: cm.Database) -> None:
    with clock.frozen(NOW) as stopped:
        made, _ = await cm.User.objects.sync_auth0(**ADA, name="Ada")
        before = await versions(db)
        stopped.advance(MINUTE)
        for values in ({}, {"name": "Ada"}, {"name": None, "avatar_url": None}):
            with statements() as seen:
                found, is_new = await cm.User.objects.sync_auth0(**ADA, **values)
            assert len(seen) == 1
            assert not is_new
            assert vars(found) == vars(made)
        assert await versions(db) == before  # not even the quota's row, within a minute


async def test_a_log_in_is_noted_once_a_minute(db: cm.Database) -> None:
    with clock.frozen(NOW) as stopped:
        made, _ = await cm.User.objects.sync_auth0(**ADA)
        users = (await versions(db))[0]
        for after, noted in ((59, 0), (60, 0), (61, 61), (120, 61), (121, 61), (122, 122), (50, 122)):
            stopped.move_to(NOW + after * SECOND)
            with statements() as seen:
                await cm.User.objects.sync_auth0(**ADA)
            assert len(seen) == 1
            assert await last_active(made) == NOW + noted * SECOND
        assert (await versions(db))[0] == users
        await UserQuota.filter(user_id=made.id).update(last_active_at=None)
        await cm.User.objects.sync_auth0(**ADA)
        assert await last_active(made) == NOW + 50 * SECOND


async def test_a_log_in_goes_by_the_servers_clock(db: cm.Database) -> None:
    made, _ = await cm.User.objects.sync_auth0(**ADA)
    noted = await last_active(made)
    assert noted is not None
    assert noted == made.created_at
    assert abs(clock.utc_now() - noted) < 5 * SECOND


@pytest.mark.parametrize(
    "said",
    [
        {"email": "countess@example.com"},
        {"email": "ADA@example.com"},
        {"name": "Countess"},
        {"avatar_url": "/ada.png"},
        {"email": "countess@example.com", "name": "Countess", "avatar_url": "/ada.png"},
    ],
)
async def test_what_changed_is_stored_in_one_more_statement(db: cm.Database, said: dict[str, str]) -> None:
    with clock.frozen(NOW) as stopped:
        made, _ = await cm.User.objects.sync_auth0(**ADA, name="Ada", avatar_url="/old.png")
        await made.subscribe(PRO)
        stopped.advance(2 * MINUTE)
        with statements() as seen:
            found, is_new = await cm.User.objects.sync_auth0(**{**ADA, **said})
        assert len(seen) == 2
        assert not is_new
        assert {name: getattr(found, name) for name in said} == said
        for name in vars(made).keys() - said.keys() - {"updated_at"}:
            assert getattr(found, name) == getattr(made, name)
        assert found.updated_at > made.updated_at
        assert vars(await cm.User.get(id=made.id)) == vars(found)
        assert await last_active(made) == NOW + 2 * MINUTE


@pytest.mark.parametrize("auth0_id", ["auth0|bob", None])
@pytest.mark.parametrize("email", ["bob@example.com", "BOB@EXAMPLE.COM", " bob@example.com "])
async def test_somebody_elses_address_is_not_taken_over(db: cm.Database, auth0_id: str | None, email: str) -> None:
    with clock.frozen(NOW) as stopped:
        await factories.user(email="Bob@Example.com", auth0_id=auth0_id)
        await cm.User.objects.sync_auth0(**ADA)
        before = await versions(db)
        stopped.advance(DAY)
        for who in ("auth0|ada", "auth0|new"):
            async with cm.transaction():
                with pytest.raises(cm.Conflict) as caught:
                    await cm.User.objects.sync_auth0(auth0_id=who, email=email, name="Mallory")
                assert caught.value.constraint == "users_email_key"
                assert "example" not in str(caught.value).lower()
                assert await versions(db) == before  # and the transaction goes on
    assert await versions(db) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("auth0_id", ""),
        ("auth0_id", " \t"),
        ("auth0_id", "a" * 256),
        ("auth0_id", None),
        ("auth0_id", 7),
        ("auth0_id", "auth0|\x00"),
        ("auth0_id", "auth0|\ud800"),
        ("email", ""),
        ("email", "ada"),
        ("email", None),
        ("email", "a" * 243 + "@example.com"),
        ("name", " "),
        ("name", "a" * 101),
        ("avatar_url", "javascript:alert(1)"),
        ("avatar_url", "/" + "a" * 2048),
    ],
)
async def test_what_breaks_a_rule_is_refused(db: cm.Database, field: str, value: Any) -> None:
    with pytest.raises(cm.InvalidInput) as caught, statements() as seen:
        await cm.User.objects.sync_auth0(**{**ADA, field: value})
    assert caught.value.field == field
    assert seen == []


async def test_the_longest_values_fit(db: cm.Database) -> None:
    said = {
        "auth0_id": "a" * 255,
        "email": "a" * 242 + "@example.com",
        "name": "\N{GRINNING FACE}" * 100,
        "avatar_url": "/" + "a" * 2047,
    }
    made, _ = await cm.User.objects.sync_auth0(**said)
    assert {name: getattr(made, name) for name in said} == said


# Log-ins that race


async def when(go: asyncio.Event, act: Callable[[], Awaitable[T]]) -> T:
    """Act at a signal; a task that began outside of a transaction stays outside."""
    await go.wait()
    return await act()


async def log_in(**said: Any) -> tuple[cm.User, bool]:
    return await cm.User.objects.sync_auth0(**said)


async def test_of_many_first_log_ins_one_makes_the_user(db: cm.Database) -> None:
    for round_ in range(5):
        said = {"auth0_id": f"auth0|{round_}", "email": f"{round_}@example.com"}
        found = await asyncio.gather(*(log_in(**said) for _ in range(50)))
        assert [is_new for _, is_new in found].count(True) == 1
        assert len({each.id for each, _ in found}) == 1
    assert await cm.User.all().count() == await UserQuota.all().count() == 5


async def test_of_many_first_log_ins_with_another_name_each_one_makes_the_user(db: cm.Database) -> None:
    found = await asyncio.gather(*(log_in(**ADA, name=f"Ada {number}") for number in range(50)))
    assert [is_new for _, is_new in found].count(True) == 1
    assert sorted(each.name or "" for each, _ in found) == sorted(f"Ada {number}" for number in range(50))
    [kept] = await cm.User.all()
    assert kept.name in {each.name for each, _ in found}


async def test_many_log_ins_store_a_change_once(db: cm.Database) -> None:
    made, _ = await log_in(**ADA)
    await db.client.execute_script(
        """
        CREATE TABLE writes (name text);
        CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO writes VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
        CREATE TRIGGER count_writes AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_writes();
        CREATE TRIGGER count_writes AFTER UPDATE ON user_quotas FOR EACH ROW EXECUTE FUNCTION count_writes();
        """
    )
    with clock.frozen(clock.utc_now() + DAY):
        found = await asyncio.gather(*(log_in(**ADA, name="Countess") for _ in range(50)))
    assert {(each.id, each.name, is_new) for each, is_new in found} == {(made.id, "Countess", False)}
    writes = [row["name"] for row in await db.client.fetch("SELECT name FROM writes")]
    assert sorted(writes) == ["user_quotas", "users"]


async def test_of_two_who_race_for_an_address_one_gets_it(db: cm.Database) -> None:
    for number in range(10):
        email = f"{number}@example.com"
        found = await asyncio.gather(
            *(log_in(auth0_id=f"auth0|{number}-{who}", email=email) for who in ("one", "two") for _ in range(5)),
            return_exceptions=True,
        )
        made = [each for each in found if not isinstance(each, BaseException)]
        lost = [each for each in found if isinstance(each, BaseException)]
        assert [is_new for _, is_new in made].count(True) == 1
        assert len({each.id for each, _ in made}) == 1
        assert len(made) == len(lost) == 5
        assert {(type(each), each.constraint) for each in lost} == {(cm.Conflict, "users_email_key")}  # type: ignore[attr-defined]
    assert await cm.User.all().count() == 10


async def test_of_two_who_change_to_one_address_one_gets_it(db: cm.Database) -> None:
    for number in range(10):
        for who in ("one", "two"):
            await log_in(auth0_id=f"auth0|{number}-{who}", email=f"{number}-{who}@example.com")
        found = await asyncio.gather(
            *(log_in(auth0_id=f"auth0|{number}-{who}", email=f"{number}@Example.com") for who in ("one", "two")),
            return_exceptions=True,
        )
        [lost] = [each for each in found if isinstance(each, BaseException)]
        assert isinstance(lost, cm.Conflict)
        assert lost.constraint == "users_email_key"
    assert await cm.User.filter(email__contains="-").count() == 10


@pytest.mark.parametrize("ends_well", [True, False])
async def test_a_first_log_in_waits_for_one_in_a_transaction(db: cm.Database, ends_well: bool) -> None:
    async def second() -> tuple[cm.User, bool]:
        async with cm.transaction():
            await factories.user(email="before@example.com")
            found = await log_in(**ADA, name="Countess")
            await factories.user(email="after@example.com")  # the race did not end the transaction
            return found

    first, is_new, go = None, False, asyncio.Event()
    waiting = asyncio.create_task(when(go, second))
    try:
        async with cm.transaction():
            first, is_new = await log_in(**ADA, name="Ada")
            go.set()
            await until_one_waits(db)
            if not ends_well:
                raise KeyError
    except KeyError:
        pass
    assert first is not None
    assert is_new
    found, is_new = await waiting
    assert is_new is not ends_well
    assert (found.id == first.id) is ends_well
    assert found.name == "Countess"
    assert {each.email for each in await cm.User.all()} == {
        "before@example.com", "ada@example.com", "after@example.com",
    }  # fmt: skip


@pytest.mark.parametrize("ends_well", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
async def test_an_address_that_a_transaction_is_taking(db: cm.Database, ends_well: bool, is_known: bool) -> None:
    async def second() -> tuple[cm.User, bool]:
        async with cm.transaction():
            return await log_in(**{**EVE, "email": "Shared@example.com"})

    if is_known:
        await log_in(**ADA)
        await log_in(**EVE)
    go = asyncio.Event()
    waiting = asyncio.create_task(when(go, second))
    try:
        async with cm.transaction():
            await log_in(**{**ADA, "email": "shared@example.com"})
            go.set()
            await until_one_waits(db)
            if not ends_well:
                raise KeyError
    except KeyError:
        pass
    if ends_well:
        with pytest.raises(cm.Conflict) as caught:
            await waiting
        assert caught.value.constraint == "users_email_key"
        assert (await cm.User.objects.get_by_email("shared@example.com")).auth0_id == "auth0|ada"
        assert await cm.User.filter(auth0_id="auth0|eve", email="eve@example.com").exists() is is_known
    else:
        found, is_new = await waiting
        assert is_new is not is_known
        assert (found.email, found.auth0_id) == ("Shared@example.com", "auth0|eve")


async def test_a_loser_in_a_transaction_can_go_on(db: cm.Database) -> None:
    async def second() -> None:
        async with cm.transaction():
            with pytest.raises(cm.Conflict):
                await log_in(**{**EVE, "email": "shared@example.com"})
            await log_in(**EVE)

    go = asyncio.Event()
    waiting = asyncio.create_task(when(go, second))
    async with cm.transaction():
        await log_in(**{**ADA, "email": "shared@example.com"})
        go.set()
        await until_one_waits(db)
    await waiting
    assert {each.email for each in await cm.User.all()} == {"shared@example.com", "eve@example.com"}


@pytest.mark.parametrize("isolation", ["repeatable_read", "serializable"])
async def test_a_stricter_transaction_runs_again(db: cm.Database, isolation: Any) -> None:
    found = await asyncio.gather(
        *(cm.transaction(isolation=isolation, retries=20).run(log_in, **ADA) for _ in range(8))
    )
    assert [is_new for _, is_new in found].count(True) == 1
    assert len({each.id for each, _ in found}) == 1


def before_statement(monkeypatch: pytest.MonkeyPatch, name: str, act: Any) -> None:
    """Let something happen between the steps of a log-in."""
    original = UserQuerySet._select

    async def select(self: UserQuerySet, statement: str, /, **values: Any) -> list[cm.User]:
        if statement == name:
            await act()
        return await original(self, statement, **values)

    monkeypatch.setattr(UserQuerySet, "_select", select)


async def test_a_user_who_is_deleted_meanwhile_is_made_anew(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = await log_in(**ADA)
    before_statement(monkeypatch, "user_change_identity", made.delete)
    found, is_new = await log_in(**ADA, name="Ada")
    assert is_new
    assert found.id != made.id
    assert [each.id for each in await cm.User.all()] == [found.id]


async def test_whoever_is_in_the_way_may_be_gone_again(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    async def come_and_go() -> None:
        nonlocal tries
        tries += 1
        await cm.User.all().delete()
        if tries < 3:
            await factories.user(email="ada@example.com")

    before_statement(monkeypatch, "user_sign_up", come_and_go)
    before_statement(monkeypatch, "user_log_in", cm.User.all().delete)
    _, is_new = await log_in(**ADA)
    assert is_new
    assert tries == 3


async def test_a_log_in_does_not_try_for_ever(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before_statement(monkeypatch, "user_sign_up", lambda: factories.user(email="ada@example.com"))
    before_statement(monkeypatch, "user_log_in", lambda: cm.User.all().delete())
    with statements() as seen, pytest.raises(cm.SerializationFailure):
        await log_in(**ADA)
    assert len([each for each in seen if each.startswith("WITH")]) == 10


async def test_the_address_is_taken_just_before_it_is_stored(db: cm.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = await log_in(**ADA)
    before_statement(monkeypatch, "user_change_identity", lambda: factories.user(email="Taken@example.com"))
    async with cm.transaction():
        with pytest.raises(cm.Conflict):
            await log_in(**{**ADA, "email": "taken@example.com"})
        assert vars(await cm.User.get(id=made.id)) == vars(made)


# Statements with names in them


def test_what_is_bound_keeps_the_numbers_of_the_queryset() -> None:
    chosen = Fragment('SELECT "id" FROM "users" WHERE "name"=$1 LIMIT $2', ["Ada", 3])
    parts = {"chosen": chosen.sql}
    sql, values = bind("user_stats", {"now": NOW, "since": NOW - DAY, "spare": None}, parts=parts, bound=chosen.values)
    assert values == ["Ada", 3, NOW, NOW - DAY]
    assert f"u.id IN ({chosen.sql})" in sql
    assert "<= $3::timestamptz THEN 'FREE'" in sql
    assert ">= $4::timestamptz" in sql
    assert chosen.values == ["Ada", 3]


def test_what_a_statement_names_must_be_given() -> None:
    with pytest.raises(KeyError, match="since"):
        bind("user_stats", {"now": NOW}, parts={"chosen": "SELECT"})


def test_a_value_that_is_named_twice_is_sent_once() -> None:
    sql, values = bind(
        "user_change_identity",
        dict.fromkeys(("auth0_id", "email", "name", "avatar_url", "now", "pause")),
        parts={"columns": "*"},
    )
    assert len(values) == 6
    assert "$6::interval" in sql
    assert "$7" not in sql
