"""Transactions that lose a race: a block says so, a function runs again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import charmodels as cm
from charmodels.backend.client import Client
from tests import factories, quotas
from tests.integration.test_transactions import emails, is_idle


class Meeting:
    """Two tasks that wait for each other once, at their first try."""

    def __init__(self) -> None:
        self._barrier = asyncio.Barrier(2)
        self._met: set[str] = set()
        self.tries = 0

    async def wait(self, name: str) -> None:
        self.tries += 1
        if name not in self._met:
            self._met.add(name)
            await self._barrier.wait()


async def deadlock(meeting: Meeting, first: cm.User, second: cm.User, name: str) -> str:
    await cm.User.filter(id=first.id).update(name=name)
    await meeting.wait(name)
    await cm.User.filter(id=second.id).update(name=name)
    return name


async def count_and_insert(meeting: Meeting, name: str) -> str:
    """Write skew: each reads what the other is about to change."""
    number = await cm.User.all().count()
    await meeting.wait(name)
    await factories.user(email=f"{name}@example.com", name=str(number))
    return name


async def block(function: Callable[..., Awaitable[str]], *arguments: object, isolation: str | None = None) -> str:
    async with cm.transaction(isolation=isolation):  # type: ignore[arg-type]
        return await function(*arguments)


async def test_a_block_that_deadlocks_says_so(db: cm.Database) -> None:
    meeting, ada, eve = Meeting(), await factories.user(), await factories.user()
    results = await asyncio.gather(
        block(deadlock, meeting, ada, eve, "one"), block(deadlock, meeting, eve, ada, "two"), return_exceptions=True
    )
    [error] = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(error, cm.SerializationFailure)
    assert error.sqlstate == "40P01"
    [winner] = [result for result in results if isinstance(result, str)]
    assert [user.name for user in await cm.User.all()] == [winner, winner]
    assert await is_idle(db)


async def test_a_block_that_loses_a_race_says_so(db: cm.Database) -> None:
    meeting = Meeting()
    results = await asyncio.gather(
        *(block(count_and_insert, meeting, name, isolation="serializable") for name in ("one", "two")),
        return_exceptions=True,
    )
    [error] = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(error, cm.SerializationFailure)
    assert error.sqlstate == "40001"
    assert len(await emails()) == 1
    assert await is_idle(db)


async def test_a_function_that_deadlocks_runs_again(db: cm.Database) -> None:
    meeting, ada, eve = Meeting(), await factories.user(), await factories.user()
    results = await asyncio.gather(
        cm.transaction().run(deadlock, meeting, ada, eve, "one"),
        cm.transaction().run(deadlock, meeting, eve, ada, "two"),
    )
    assert results == ["one", "two"]
    assert meeting.tries == 3
    assert len({user.name for user in await cm.User.all()}) == 1


async def test_a_decorated_function_that_loses_runs_again(db: cm.Database) -> None:
    meeting = Meeting()
    insert = cm.transaction(isolation="serializable", actor="ada")(count_and_insert)
    assert await asyncio.gather(insert(meeting, "one"), insert(meeting, "two")) == ["one", "two"]
    assert meeting.tries >= 3  # one lost; the server may find it a second time where there was only the first
    assert sorted([user.name or "" for user in await cm.User.all()]) == ["0", "1"]
    assert insert.__name__ == "count_and_insert"


async def test_a_function_that_always_loses_gives_up(db: cm.Database) -> None:
    tries = 0

    async def lose() -> None:
        nonlocal tries
        tries += 1
        await factories.user()
        await db.client.fetch("SELECT 1")
        raise cm.SerializationFailure(sqlstate="40001", reason="lost")

    with pytest.raises(cm.SerializationFailure):
        await cm.transaction(retries=2).run(lose)
    assert tries == 3
    with pytest.raises(cm.SerializationFailure):
        await cm.transaction(retries=0).run(lose)
    assert tries == 4
    assert await emails() == []
    assert await is_idle(db)


async def test_a_function_that_fails_otherwise_does_not_run_again(db: cm.Database) -> None:
    tries = 0

    async def fail() -> None:
        nonlocal tries
        tries += 1
        await factories.user(email="nonsense")

    with pytest.raises(cm.InvalidInput):
        await cm.transaction().run(fail)
    assert tries == 1


async def test_a_function_inside_a_transaction_runs_once(db: cm.Database) -> None:
    tries = 0

    async def lose() -> None:
        nonlocal tries
        tries += 1
        raise cm.SerializationFailure(sqlstate="40001", reason="lost")

    async with cm.transaction():
        with pytest.raises(cm.SerializationFailure):
            await cm.transaction().run(lose)
        await factories.user()
    assert tries == 1
    assert len(await emails()) == 1


def test_negative_retries_are_refused() -> None:
    with pytest.raises(cm.InvalidInput):
        cm.transaction(retries=-1)


LOSE = """
CREATE SEQUENCE tries;
CREATE FUNCTION lose(times bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    try bigint := nextval('tries');  -- which no rollback takes back
BEGIN
    IF try <= times THEN
        RAISE EXCEPTION 'lost' USING ERRCODE = '40001';
    END IF;
    RETURN try;
END
$$
"""


async def tries(db: cm.Database) -> int:
    [row] = await db.client.fetch("SELECT last_value FROM tries")
    return int(row["last_value"])


def ours(client: Client, losses: int) -> Awaitable[object]:
    return client.fetch("SELECT lose($1)", [losses])


def of_tortoise(client: Client, losses: int) -> Awaitable[object]:
    return client.execute_query("SELECT lose($1)", [losses])


@pytest.mark.parametrize("ask", [ours, of_tortoise])
async def test_a_statement_of_its_own_that_loses_runs_again(
    db: cm.Database, ask: Callable[[Client, int], Awaitable[object]]
) -> None:
    await db.client.execute_script(LOSE)
    await ask(db.client, 3)
    assert await tries(db) == 4
    with pytest.raises(cm.SerializationFailure):
        await ask(db.client, 8)
    assert await tries(db) == 8
    with pytest.raises(cm.SerializationFailure):
        async with cm.transaction() as tx:
            await ask(tx, 100)
    assert await tries(db) == 9
    assert await is_idle(db)


async def test_a_script_that_loses_runs_once(db: cm.Database) -> None:
    await db.client.execute_script(LOSE)
    with pytest.raises(cm.SerializationFailure):
        await db.client.execute_script("SELECT lose(100); SELECT 1")
    assert await tries(db) == 1


async def test_a_statement_of_its_own_that_deadlocks_runs_again(db: cm.Database, url: str) -> None:
    ada = await factories.user()
    async with quotas.locked(url, ada) as rival:
        await rival.execute("SET deadlock_timeout = '1min'")  # it is not the one to find out
        deleting = asyncio.create_task(ada.delete())
        await quotas.until_waiting(rival)
        await rival.execute("UPDATE users SET name = 'Eve' WHERE id = $1", ada.id)  # waits, until the other loses
        assert not deleting.done()
    await deleting
    assert not await cm.User.exists(id=ada.id)
