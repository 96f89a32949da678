"""What a second reading of the foundation found: each was wrong once."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Self

import asyncpg
import pytest
from tortoise import fields
from tortoise.expressions import F
from tortoise.functions import Max

import charmodels as cm
from tests import factories


async def test_the_client_inside_a_transaction_is_the_transactions(db: cm.Database) -> None:
    ada = await factories.user(name="Ada")
    with pytest.raises(KeyError):
        async with cm.transaction():
            await db.client.execute_query("UPDATE users SET name = 'Eve'")
            raise KeyError
    assert (await cm.User.get(id=ada.id)).name == "Ada"
    async with cm.transaction():
        await factories.user()
        assert len(await db.client.fetch("SELECT id FROM users")) == 2
        assert db.pool_status().busy == 1


class LivingQuerySet(cm.QuerySet["Row"]):
    def named(self, name: str) -> Self:
        return self.filter(name=name)


class LivingManager(cm.Manager[LivingQuerySet]):
    queryset_class = LivingQuerySet

    def get_queryset(self) -> LivingQuerySet:
        return super().get_queryset().filter(is_deleted=False)


class Base(cm.Model):
    id = fields.IntField(primary_key=True)
    name = fields.TextField()
    is_deleted = fields.BooleanField(default=False)

    objects = LivingManager()

    class Meta:
        abstract = True


class Row(Base):
    pass


class OtherRow(Base):
    pass


def test_a_manager_that_narrows_narrows_everywhere() -> None:
    for query in (Row.objects, Row.objects.all(), OtherRow.objects.named("Ada")):
        assert {"is_deleted": False} in [condition.filters for condition in query._q_objects]
    assert (Row.objects.model, OtherRow.objects.model) == (Row, OtherRow)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (cm.Character, {"prompt": "A knight", "metadata": "my secret"}),
        (cm.Character, {"prompt": "A knight", "created_at": "my secret"}),
    ],
)
def test_a_value_of_the_wrong_type_is_named_and_not_shown(model: type[cm.Model], values: dict[str, Any]) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        model(**values)
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_value_that_cannot_be_written_is_named_and_not_shown(db: cm.Database) -> None:
    generation = await factories.generation()
    generation.priority = "my secret"  # type: ignore[assignment]
    with pytest.raises(cm.InvalidInput, match="priority") as caught:
        await generation.save()
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    with pytest.raises(cm.InvalidInput, match="metadata"):
        await factories.character(metadata={"number": 10**5000})


async def test_the_log_holds_no_value_of_a_union_or_an_explain(
    db: cm.Database, caplog: pytest.LogCaptureFixture
) -> None:
    query = cm.User.objects.filter(email="secret@example.com")
    with caplog.at_level(logging.DEBUG, logger="charmodels.statements"):
        await query.union(cm.User.objects.filter(name="secret"))
        await query.explain()
    assert "union" in caplog.text.lower()
    assert "secret" not in caplog.text


async def test_a_flag_compares_with_what_python_takes_for_one(db: cm.Database) -> None:
    await factories.character(is_public=True)
    truth: Any = 1
    assert await cm.Character.objects.filter(is_public=truth).count() == 1
    assert len(await cm.Character.objects.filter(is_public=truth)) == 1


async def test_a_relation_compares_with_its_own_model_alone(db: cm.Database) -> None:
    ada = await factories.user()
    knight = await factories.character(ada)
    assert await cm.Character.objects.filter(user=ada).order_by("name") == [knight]
    with pytest.raises((cm.InvalidInput, ValueError)):
        await cm.Character.objects.filter(user=knight).order_by("name")


async def test_showing_a_statement_binds_the_queryset_to_no_connection(db: cm.Database) -> None:
    query = cm.User.objects.all()
    async with cm.transaction():
        query.sql()
        await query.explain()
    ada = await factories.user()
    assert await query == [ada]
    query.sql()
    async with cm.transaction():
        eve = await factories.user()
        assert set(await query) == {ada, eve}


async def test_an_address_is_lowered_in_conditions_alone(db: cm.Database) -> None:
    ada = await factories.user(email="Ada@Example.com")
    assert await cm.User.objects.annotate(largest=Max("email")).values_list("largest", flat=True) == ["Ada@Example.com"]
    await cm.User.objects.all().update(name=F("email"))
    assert (await cm.User.get(id=ada.id)).name == "Ada@Example.com"
    assert await cm.User.objects.filter(email=F("email")) == [ada]
    assert await cm.User.objects.all().distinct().order_by("email") == [ada]
    for condition in (
        {"email": "ADA@example.com"},
        {"email__in": ["ADA@example.com", "x"]},
        {"email__not": "x"},
        {"email__startswith": "ADA"},
        {"email__contains": "A@EX"},
        {"email__gte": "ADA"},
        {"email__iexact": "ADA@example.com"},
    ):
        for _ in range(2):  # compiled, and from the cache
            assert await cm.User.objects.filter(**condition) == [ada], condition
        assert await cm.User.objects.filter(**condition).count() == 1, condition


async def test_a_value_that_the_code_does_not_know_is_named(db: cm.Database) -> None:
    await factories.user()
    async with db.acquire() as connection:
        await connection.execute("ALTER TABLE users DROP CONSTRAINT users_subscription_tier_value")
        await connection.execute("UPDATE users SET subscription_tier = 'GOLD'")
    with pytest.raises(cm.InvalidInput, match="subscription_tier"):
        await cm.User.objects.all()


async def test_waiting_too_long_for_the_list_of_migrations_is_named(url: str) -> None:
    settings = cm.Settings(database_url=url, db_command_timeout=0.2)
    blocker = await asyncpg.connect(**settings.connect_arguments())
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE aerich")
            with pytest.raises(cm.StatementTimeout):
                await cm.migrations.status(settings)
    finally:
        await blocker.close()


async def test_a_missing_row_by_its_key_is_not_found(db: cm.Database) -> None:
    with pytest.raises(cm.NotFound):
        await cm.User[factories.missing()]


def test_moments_of_a_frozen_clock() -> None:
    with cm.clock.frozen(datetime(2028, 2, 29, tzinfo=UTC)) as frozen, pytest.raises(cm.InvalidInput):
        frozen.move_to(datetime(2028, 2, 29))
    assert cm.clock.for_server() is None
