from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tortoise.expressions import Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet as TortoiseQuerySet

import charmodels as cm
from charmodels.backend.executor import hydrator
from charmodels.clock import utc_now
from charmodels.identifiers import new_id
from charmodels.models import GenerationJob, ProviderRequest, QuotaEntry, QuotaHold, UserQuota
from charmodels.querysets import compiled
from tests import factories


def plain(query: cm.QuerySet[Any]) -> TortoiseQuerySet[Any]:
    """The same query through Tortoise's own way of compiling and filling."""
    stock = query._clone()
    stock.__class__ = TortoiseQuerySet
    return stock


@pytest.fixture
async def rows(db: cm.Database) -> list[cm.Character]:
    ada, eve = await factories.user(), await factories.user()
    return [
        await factories.character(
            ada if number % 3 else eve,
            name=None if number == 5 else f"Character {number % 4}",
            style_type=list(cm.StyleType)[number % 7],
            is_public=number % 2 == 0,
            generation_status=list(cm.GenerationStatus)[number % 5],
            tags=["hero"] if number % 2 else [],
            metadata={"number": number},
        )
        for number in range(12)
    ]


def queries(rows: list[cm.Character]) -> dict[str, cm.QuerySet[Any]]:
    objects = cm.Character.objects
    owner, when = rows[0].user_id, rows[6].created_at
    return {
        "everything": objects.order_by("id"),
        "public": objects.public().newest(),
        "private": objects.filter(is_public=False).order_by("id"),
        "owned": objects.owned_by(owner).newest().limit(3),
        "by relation": objects.filter(user=owner).newest(),
        "offset": objects.newest().limit(3).offset(2),
        "no limit": objects.newest().limit(0),
        "one style": objects.styled("ANIME").order_by("id"),
        "two styles": objects.styled("ANIME", cm.StyleType.VINTAGE).order_by("id"),
        "statuses": objects.filter(generation_status__in=["PENDING", "FAILED"]).order_by("id"),
        "not": objects.filter(name__not="Character 1").order_by("id"),
        "exclude": objects.exclude(name="Character 1", is_public=True).order_by("id"),
        "null": objects.filter(name=None).order_by("id"),
        "is null": objects.filter(name__isnull=True).order_by("id"),
        "is not null": objects.filter(name__not_isnull=True).order_by("id"),
        "in": objects.filter(id__in=[row.id for row in rows[:5]]).order_by("-id"),
        "not in": objects.filter(name__not_in=["Character 1", "Character 2"]).order_by("id"),
        "in nothing": objects.filter(id__in=[]).order_by("id"),
        "range": objects.filter(created_at__gte=when, created_at__lt=when + timedelta(days=1)).order_by("id"),
        "between": objects.filter(created_at__range=(when, when + timedelta(days=1))).order_by("id"),
        "or": objects.filter(Q(name="Character 1") | Q(is_public=True, style_type="ANIME")).order_by("id"),
        "not or": objects.filter(~(Q(name="Character 1") | Q(is_public=True))).order_by("id"),
        "nested": objects.filter(Q(Q(name="Character 2"), Q(~Q(style_type="ANIME"), is_public=True))).order_by("id"),
        "same value twice": objects.filter(name="Character 1", prompt="Character 1").order_by("id"),
        "star": objects.filter(name="*").order_by("id"),
        "contains": objects.filter(prompt__contains="knight").order_by("id"),
        "array": objects.filter(tags__contains=["hero"]).order_by("id"),
        "joined": objects.filter(user__name__not=None).order_by("user__name", "id"),
        "subquery": objects.filter(user_id__in=Subquery(cm.User.objects.limit(1).values("id"))).order_by("id"),
        "distinct": objects.distinct().order_by("id"),
    }


NAMES = [
    "everything", "public", "private", "owned", "by relation", "offset", "no limit", "one style", "two styles",
    "statuses", "not", "exclude", "null", "is null", "is not null", "in", "not in", "in nothing", "range", "between",
    "or", "not or", "nested", "same value twice", "star", "contains", "array", "joined", "subquery", "distinct",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_a_compiled_query_gives_what_tortoise_gives(rows: list[cm.Character], name: str) -> None:
    expected = await plain(queries(rows)[name])
    compiled.forget()
    for _ in ("compiled", "remembered"):
        found = await queries(rows)[name]
        assert [vars(row) for row in found] == [vars(row) for row in expected]
        assert [type(row.style_type) for row in found] == [type(row.style_type) for row in expected]


async def test_every_query_is_in_the_list_of_names(rows: list[cm.Character]) -> None:
    assert list(queries(rows)) == NAMES


async def test_a_remembered_statement_takes_other_values(rows: list[cm.Character]) -> None:
    compiled.forget()
    for row in rows:
        assert await cm.Character.get(id=row.id) == row
        assert await cm.Character.objects.filter(name=row.name).limit(2) == await plain(
            cm.Character.objects.filter(name=row.name).limit(2)
        )
    assert len(compiled._statements) == 3  # by id; by name; without a name


async def test_shapes_that_differ_in_the_statement_are_kept_apart(rows: list[cm.Character]) -> None:
    compiled.forget()
    assert len(await cm.Character.objects.filter(is_public=True)) == 6
    assert len(await cm.Character.objects.filter(is_public=False)) == 6
    assert len(await cm.Character.objects.filter(id__in=[rows[0].id])) == 1
    assert len(await cm.Character.objects.filter(id__in=[rows[0].id, rows[1].id])) == 2
    assert len(await cm.Character.objects.filter(Q(name=None) & Q(is_public=False))) == 1
    assert len(await cm.Character.objects.filter(Q(name=None) | Q(is_public=False))) == 6


async def test_the_memory_of_statements_is_bounded(rows: list[cm.Character], monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.forget()
    monkeypatch.setattr(compiled, "CAPACITY", 4)
    for number in range(1, 9):
        await cm.Character.objects.filter(id__in=[row.id for row in rows[:number]])
    assert len(compiled._statements) == 4


async def test_what_the_partial_indexes_need_is_a_literal(db: cm.Database) -> None:
    sql = cm.Character.objects.public().limit(20).sql()
    assert '"is_public"=true AND "generation_status"=\'COMPLETED\'' in sql
    assert "$1" in sql
    assert "$2" not in sql


async def test_a_query_can_be_built_before_the_database_is_open() -> None:
    query = cm.Character.objects.public().styled("ANIME").newest().limit(20)
    with pytest.raises(cm.ConfigurationError, match="No database is open"):
        await query


async def test_a_query_awaited_again_runs_again(db: cm.Database) -> None:
    query = cm.Character.objects.order_by("id")
    async with cm.transaction():
        await factories.character()
        assert len(await query) == 1
    await factories.character()
    assert len(await query) == 2


async def test_values_only_and_relations_stay_tortoises(rows: list[cm.Character]) -> None:
    first = cm.Character.objects.order_by("id").limit(1)
    assert (await first.values("name"))[0] == {"name": "Character 0"}
    assert (await first.values_list("name", flat=True))[0] == "Character 0"
    assert (await first.only("id", "name"))[0].name == "Character 0"
    joined = (await first.select_related("user"))[0]
    assert joined.user.id == rows[0].user_id
    prefetched = (await first.prefetch_related("user"))[0]
    assert prefetched.user == joined.user
    assert [row async for row in first] == rows[:1]
    assert await cm.Character.objects.filter(name="Character 1").exists()
    assert await cm.Character.objects.count() == len(rows)
    locked = cm.Character.objects.filter(id=rows[0].id).select_for_update()
    async with cm.transaction():
        assert await locked == rows[:1]


async def test_the_gallerys_filters_are_filters_as_any_others(rows: list[cm.Character]) -> None:
    shown = {"is_public": True, "generation_status": cm.GenerationStatus.COMPLETED}
    public, written = cm.Character.objects.public(), cm.Character.objects.filter(**shown)
    assert public.sql() == written.sql()
    assert public._fingerprint("newest") == written._fingerprint("newest")
    assert await public.oldest() == await written.oldest() != []
    hidden = cm.Character.objects.filter(~Q(*public._q_objects))
    assert await hidden.oldest() == await plain(hidden.oldest()) != await public.oldest()
    assert hidden.tagged(all_of=["hero"])._gallery() is None
    neither = cm.Character.objects.exclude(**shown)
    assert "gallery_entries" not in neither.tagged(all_of=["hero"]).sql()
    assert "gallery_entries" in public.tagged(all_of=["hero"]).sql()


async def test_many_rows_are_all_filled(db: cm.Database) -> None:
    owner = await factories.user()
    await cm.Character.bulk_create(
        [cm.Character(user_id=owner.id, prompt=f"Knight {number}") for number in range(4500)]
    )
    found = await cm.Character.objects.newest()
    assert len({row.prompt for row in found}) == 4500


@pytest.mark.parametrize("styles", [(), ("BAROQUE",), (None,)])
async def test_a_style_that_is_none_is_refused(styles: tuple[Any, ...]) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        cm.Character.objects.styled(*styles)
    assert caught.value.field == "style_type"


async def test_templates_come_by_use(db: cm.Database) -> None:
    await factories.template(name="Rare", usage_count=1)
    await factories.template(name="Often", usage_count=9)
    await factories.template(name="Gone", usage_count=99, is_active=False)
    assert [row.name for row in await cm.CharacterTemplate.objects.active().popular()] == ["Often", "Rare"]


async def test_a_clone_is_what_tortoises_would_be(db: cm.Database) -> None:
    query = cm.Character.objects.filter(Q(name="Ada"), is_public=True).order_by("-id").limit(3).offset(1)
    query = query.select_related("user").prefetch_related("generations").distinct().annotate(n=Count("generations"))
    ours, theirs = query._clone(), TortoiseQuerySet._clone(query)
    slots = {name for base in TortoiseQuerySet.__mro__ for name in getattr(base, "__slots__", ())}
    assert {name for name in slots if hasattr(theirs, name)} == {name for name in slots if hasattr(ours, name)}
    for name in slots:
        if hasattr(theirs, name) and name != "_capabilities":
            assert getattr(ours, name) == getattr(theirs, name), name
            if name in ("_select_related", "_force_indexes", "_use_indexes"):
                continue  # Tortoise's clones share these with the original, and then add to them
            same = getattr(ours, name) is getattr(query, name)
            assert same == (getattr(theirs, name) is getattr(query, name)), name


async def test_every_model_is_filled_as_tortoise_fills_it(db: cm.Database) -> None:
    owner = await factories.user(subscription_expires_at=utc_now(), timezone="Europe/Berlin", auth0_id="auth0|1")
    character = await factories.character(owner, metadata={"deep": [1, 2.5, None, {"é": "😀"}], "big": 10**30})
    generation = await factories.generation(owner, character_id=character.id, provider_request_id="p1", key="k")
    await factories.template(tags=["a", "b"])  # with an entry in the audit trail
    now, today = utc_now(), utc_now().date()
    await GenerationJob.create(generation_id=generation.id, user_id=owner.id, worker="w", attempt_token=new_id(),
                               lease_expires_at=now)  # fmt: skip
    await QuotaHold.create(user_id=owner.id, amount=2, quota_day=today, expires_at=now)
    await QuotaEntry.create(user_id=owner.id, kind="HOLD", amount=2, quota_day=today, hold_id=new_id())
    for model in (
        cm.User, cm.Character, cm.Generation, cm.CharacterTemplate, cm.AuditEntry,
        GenerationJob, ProviderRequest, QuotaEntry, QuotaHold, UserQuota,
    ):  # fmt: skip
        assert hydrator(model) is not None
        (row,) = await db.client.fetch(f'SELECT * FROM "{model._meta.db_table}"')
        (ours,), theirs = await model.all(), model._init_from_db(**row)
        assert vars(ours) == vars(theirs)
        for name, value in vars(theirs).items():
            assert isinstance(vars(ours)[name], type(value)), name
        assert ours == theirs
        assert hash(ours) == hash(theirs)


async def test_a_model_that_fills_itself_is_left_to_tortoise(db: cm.Database) -> None:
    class Loud(cm.CharacterTemplate):
        @classmethod
        def _init_from_db(cls, **values: Any) -> Any:
            values["name"] = values["name"].upper()
            return super()._init_from_db(**values)

        class Meta:
            table = "character_templates"

    assert hydrator(Loud) is None


async def test_joining_the_owner_leaves_the_query_that_it_was_made_of_alone(db: cm.Database) -> None:
    query = cm.Character.objects.public()
    assert "JOIN" in query.select_related("user").sql()
    assert "JOIN" not in query.sql()
