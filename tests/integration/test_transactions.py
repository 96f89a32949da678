"""Transactions: what they keep, what they undo, who acts in them, and what happens when they lose."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from typing import Any

import pytest
from tortoise.transactions import atomic, in_transaction

import charmodels as cm
from charmodels.backend.client import Client
from tests import factories, proxy

WHO = "SELECT current_setting('charmodels.actor', true) AS actor, current_setting('charmodels.request_id', true) AS id"


async def who(client: Client) -> tuple[str, str]:
    """Who acts, and in which request, as the database sees it; empty for nobody."""
    [row] = await client.fetch(WHO)
    return row["actor"] or "", row["id"] or ""


async def emails() -> list[str]:
    return sorted([user.email for user in await cm.User.all()])


async def is_idle(db: cm.Database) -> bool:
    """Whether every connection found its way back, in a state to be used again."""
    async with db.acquire() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT 1") == 1
    return db.pool_status().busy == 0


# Commit and roll back


async def test_a_block_that_ends_well_is_kept(db: cm.Database) -> None:
    async with cm.transaction():
        await factories.user(email="ada@example.com")
        async with proxy.session(db.settings.database_url.get_secret_value()) as other:  # type: ignore[union-attr]
            assert await other.fetchval("SELECT count(*) FROM users") == 0
    assert await emails() == ["ada@example.com"]
    assert await is_idle(db)


async def test_a_block_that_raises_is_undone(db: cm.Database) -> None:
    with pytest.raises(KeyError):
        async with cm.transaction():
            await factories.user()
            raise KeyError
    assert await emails() == []
    assert await is_idle(db)


async def test_a_savepoint_is_undone_alone(db: cm.Database) -> None:
    async with cm.transaction():
        await factories.user(email="outer@example.com")
        with pytest.raises(cm.Conflict):
            async with cm.transaction():
                await factories.user(email="inner@example.com")
                await factories.user(email="OUTER@example.com")
        async with cm.transaction():
            await factories.user(email="second@example.com")
        assert await emails() == ["outer@example.com", "second@example.com"]
    assert await emails() == ["outer@example.com", "second@example.com"]
    assert await is_idle(db)


async def test_the_outer_block_undoes_what_the_inner_kept(db: cm.Database) -> None:
    with pytest.raises(KeyError):
        async with cm.transaction():
            async with cm.transaction():
                await factories.user()
            raise KeyError
    assert await emails() == []


async def test_a_block_that_swallowed_an_error_does_not_pass_for_kept(db: cm.Database) -> None:
    """PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and calls it a success."""
    with pytest.raises(cm.DatabaseError) as raised:
        async with cm.transaction() as tx:
            await factories.user()
            with pytest.raises(cm.InvalidInput):
                await tx.fetch("SELECT 1 / 0")
    assert raised.value.sqlstate == "25P02"
    assert await emails() == []
    assert await is_idle(db)


async def test_a_statement_after_an_error_is_refused(db: cm.Database) -> None:
    with pytest.raises(cm.DatabaseError) as raised:
        async with cm.transaction() as tx:
            with pytest.raises(cm.InvalidInput):
                await tx.fetch("SELECT 1 / 0")
            await cm.User.all()
    assert raised.value.sqlstate == "25P02"


async def test_a_block_may_end_its_transaction_itself(db: cm.Database) -> None:
    async with cm.transaction() as tx:
        await factories.user()
        await tx.rollback()
    async with cm.transaction() as tx:
        await factories.user(email="kept@example.com")
        await tx.commit()
    assert await emails() == ["kept@example.com"]
    assert await is_idle(db)


async def test_a_deferred_constraint_speaks_at_the_end(db: cm.Database) -> None:
    await db.client.execute_script(
        "CREATE TABLE numbers (number int CONSTRAINT numbers_once UNIQUE DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(cm.Conflict) as raised:
        async with cm.transaction() as tx:
            await tx.execute_script("INSERT INTO numbers VALUES (1), (1)")
    assert raised.value.constraint == "numbers_once"
    assert await is_idle(db)


async def test_statements_of_one_block_may_run_together(db: cm.Database) -> None:
    async with cm.transaction():
        await asyncio.gather(*(factories.user() for _ in range(10)))
        assert await cm.User.all().count() == 10
        assert db.pool_status().busy == 1
    assert await cm.User.all().count() == 10


async def test_one_failure_among_statements_that_run_together(db: cm.Database) -> None:
    with pytest.raises(cm.Conflict):
        async with cm.transaction():
            await asyncio.gather(*(factories.user(email="ada@example.com") for _ in range(3)))
    assert await emails() == []
    assert await is_idle(db)


async def test_a_task_that_outlives_its_transaction_gets_an_error(db: cm.Database) -> None:
    over = asyncio.Event()

    async def linger() -> None:
        await over.wait()
        await factories.user()

    async with cm.transaction():
        task = asyncio.create_task(linger())
    over.set()
    with pytest.raises(cm.CharmodelsError):
        await task
    assert await emails() == []
    assert await is_idle(db)


async def test_a_queryset_from_a_transaction_runs_again_after_it(db: cm.Database) -> None:
    async with cm.transaction():
        await factories.user()
        querysets = (cm.User.objects.all(), cm.User.objects.filter(name__isnull=False), cm.User.all(), cm.User.filter())
        for queryset in querysets:
            assert len(await queryset) == 1
    await factories.user()
    for queryset in querysets:
        assert len(await queryset) == 2


async def test_a_queryset_from_before_a_transaction_runs_inside_it(db: cm.Database) -> None:
    querysets = (cm.User.objects.all(), cm.User.all(), cm.User.filter())
    async with cm.transaction():
        await factories.user()
        for queryset in querysets:
            assert len(await queryset) == 1


async def test_two_blocks_at_once_are_two_transactions(db: cm.Database) -> None:
    inserted, looked = asyncio.Event(), asyncio.Event()

    async def insert() -> None:
        async with cm.transaction():
            await factories.user()
            inserted.set()
            await looked.wait()

    async def look() -> int:
        await inserted.wait()
        async with cm.transaction():
            found = await cm.User.all().count()
        looked.set()
        return found

    _, found = await asyncio.gather(insert(), look())
    assert found == 0
    assert await cm.User.all().count() == 1


async def test_tortoises_own_transactions(db: cm.Database) -> None:
    @atomic()
    async def sign_up(email: str) -> None:
        await factories.user(email=email)
        async with cm.transaction(actor="ada") as tx:
            assert await who(tx) == ("ada", "")
            await factories.character()
        if email.startswith("bad"):
            raise KeyError

    await sign_up("good@example.com")
    with pytest.raises(KeyError):
        await sign_up("bad@example.com")
    async with cm.transaction():
        with pytest.raises(cm.Conflict):
            async with in_transaction():
                await factories.user(email="GOOD@example.com")
    assert "good@example.com" in await emails()
    assert "bad@example.com" not in await emails()
    assert await is_idle(db)


async def test_a_transaction_ends_in_another_context_than_it_began(db: cm.Database) -> None:
    """As when a framework enters a dependency in one task and leaves it in another."""
    transaction = cm.transaction()
    tx = await asyncio.create_task(transaction.__aenter__())
    await factories.user(email="ada@example.com", using_db=tx)
    await transaction.__aexit__(None, None, None)
    assert await emails() == ["ada@example.com"]
    assert await is_idle(db)


async def test_one_object_serves_one_block_at_a_time(db: cm.Database) -> None:
    transaction = cm.transaction()
    async with transaction:
        with pytest.raises(cm.ConfigurationError):
            async with transaction:
                pass
    async with transaction:
        await factories.user()
    assert len(await emails()) == 1
    assert await is_idle(db)


# Who acts


async def test_the_actor_is_known_inside_and_forgotten_after(url: str) -> None:
    async with cm.connect(proxy.settings(url, db_pool_max=1)) as db:
        user = await factories.user()
        async with cm.transaction(actor=user.id, request_id="r-1") as tx:
            assert await who(tx) == (str(user.id), "r-1")
        assert await who(db.client) == ("", "")
        with pytest.raises(KeyError):
            async with cm.transaction(actor="'; DROP TABLE users; --"):
                raise KeyError
        assert await who(db.client) == ("", "")
        async with cm.transaction() as tx:
            assert await who(tx) == ("", "")


async def test_an_inner_block_acts_for_whom_it_says_and_no_longer(db: cm.Database) -> None:
    async with cm.transaction(actor="ada", request_id="r-1") as tx:
        async with cm.transaction() as inner:
            assert await who(inner) == ("ada", "r-1")
        async with cm.transaction(request_id="r-2") as inner:
            assert await who(inner) == ("ada", "r-2")
        assert await who(tx) == ("ada", "r-1")
        async with cm.transaction(actor="grace") as inner:
            assert await who(inner) == ("grace", "r-1")
            async with cm.transaction(actor="eve") as innermost:
                assert await who(innermost) == ("eve", "r-1")
            assert await who(inner) == ("grace", "r-1")
        assert await who(tx) == ("ada", "r-1")
        with pytest.raises(KeyError):
            async with cm.transaction(actor="grace"):
                raise KeyError
        assert await who(tx) == ("ada", "r-1")


# Isolation


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read", "serializable"])
async def test_isolation(db: cm.Database, isolation: str) -> None:
    async with cm.transaction(isolation=isolation) as tx:  # type: ignore[arg-type]
        [row] = await tx.fetch("SHOW transaction_isolation")
        assert row[0] == isolation.replace("_", " ")
    [row] = await db.client.fetch("SHOW transaction_isolation")
    assert row[0] == "read committed"


async def test_readonly_refuses_to_write(db: cm.Database) -> None:
    with pytest.raises(cm.DatabaseError) as raised:
        async with cm.transaction(readonly=True):
            assert await emails() == []
            await factories.user()
    assert raised.value.sqlstate == "25006"
    await factories.user()


async def test_readonly_refuses_inside_another_too(db: cm.Database) -> None:
    async with cm.transaction():
        with pytest.raises(cm.DatabaseError) as raised:
            async with cm.transaction(readonly=True):
                await factories.user()
        assert raised.value.sqlstate == "25006"
        async with cm.transaction(readonly=True):
            assert await emails() == []
        await factories.user(email="ada@example.com")
    assert await emails() == ["ada@example.com"]


async def test_an_inner_block_does_not_pretend_another_isolation(db: cm.Database) -> None:
    async with cm.transaction(isolation="serializable"), cm.transaction(isolation="serializable") as tx:
        assert (await tx.fetch("SHOW transaction_isolation"))[0][0] == "serializable"
    with pytest.raises(cm.ConfigurationError):
        async with cm.transaction(), cm.transaction(isolation="serializable"):
            pass
    assert await is_idle(db)


# Trouble


async def test_a_transaction_that_cannot_begin_gives_its_connection_back(url: str) -> None:
    async with cm.connect(proxy.settings(url, db_pool_max=1)) as db:
        async with db.acquire() as connection:
            pid = connection.get_server_pid()
        async with proxy.session(url) as other:
            await other.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            with pytest.raises(cm.DatabaseUnavailable):  # BEGIN, before the loop hears that the connection is gone
                await cut_off(db)
        async with cm.transaction():
            await factories.user()
        assert await is_idle(db)


async def cut_off(db: cm.Database) -> None:
    """Begin on whatever connection is there; raise as a dead one does if the pool has noticed already."""
    async with cm.transaction():
        pass
    raise cm.DatabaseUnavailable(reason="noticed")


async def test_an_abandoned_block_loses_no_connection(url: str) -> None:
    async with cm.connect(proxy.settings(url, db_pool_max=1)) as db:

        async def rows():  # type: ignore[no-untyped-def]
            async with cm.transaction():
                await factories.user()
                yield 1
                yield 2

        generator = rows()
        await anext(generator)
        await generator.aclose()
        gc.collect()
        assert await emails() == []
        assert await is_idle(db)


async def test_no_transaction_without_a_database() -> None:
    with pytest.raises(cm.ConfigurationError):
        async with cm.transaction():
            pass
    with pytest.raises(cm.ConfigurationError):
        await cm.transaction().run(emails)


async def test_a_task_left_behind_by_a_savepoint_writes_nothing(db: cm.Database) -> None:
    go = asyncio.Event()

    async def late() -> None:
        await go.wait()
        await cm.User.create(email="late@example.com")

    async with cm.transaction():
        with pytest.raises(KeyError):
            async with cm.transaction():
                task = asyncio.create_task(late())
                await asyncio.sleep(0)
                raise KeyError
        go.set()
        with pytest.raises(cm.DatabaseError, match="over"):
            await task
    assert await cm.User.objects.count() == 0


async def test_a_task_left_behind_by_a_transaction_writes_nothing(db: cm.Database) -> None:
    async def late() -> None:
        for number in range(20):
            await cm.User.create(email=f"late{number}@example.com")

    with pytest.raises(KeyError):
        async with cm.transaction() as tx:
            await tx.fetch("SELECT set_config('a.b', '1', false)")  # so that the release resets the session
            task = asyncio.create_task(late())
            await cm.User.objects.count()
            raise KeyError
    with pytest.raises(cm.CharmodelsError):
        await task
    assert await cm.User.objects.count() == 0


async def test_nothing_runs_after_a_rollback_by_hand(db: cm.Database) -> None:
    async with cm.transaction() as tx:
        await tx.rollback()
        with pytest.raises(cm.DatabaseError, match="over"):
            await cm.User.create(email="after@example.com")
    assert await cm.User.objects.count() == 0


async def test_a_savepoint_that_swallowed_an_error_fails_alone(db: cm.Database) -> None:
    await cm.User.create(email="ada@example.com")
    async with cm.transaction():
        with pytest.raises(cm.DatabaseError):
            async with cm.transaction():
                with suppress(cm.Conflict):
                    await cm.User.create(email="ada@example.com")
        await cm.User.create(email="eve@example.com")
    assert await cm.User.objects.count() == 2


@pytest.mark.parametrize(
    "arguments", [{"actor": "x" * 300}, {"actor": "a\x00"}, {"request_id": " "}, {"isolation": "none"}, {"retries": -1}]
)
async def test_what_a_transaction_cannot_take_is_refused_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(cm.InvalidInput) as caught:
        cm.transaction(**arguments)
    assert {caught.value.field} == arguments.keys()


async def test_a_transaction_acts_for_whom_the_request_does(db: cm.Database) -> None:
    who = "SELECT current_setting('charmodels.actor') AS actor, current_setting('charmodels.request_id') AS request_id"
    with cm.request_context(actor="ada", request_id="r1"):
        async with cm.transaction() as tx:
            assert await tx.execute_query_dict(who) == [{"actor": "ada", "request_id": "r1"}]
        async with cm.transaction(actor="eve") as tx:
            assert await tx.execute_query_dict(who) == [{"actor": "eve", "request_id": "r1"}]
            async with cm.transaction() as inner:
                assert await inner.execute_query_dict(who) == [{"actor": "eve", "request_id": "r1"}]
