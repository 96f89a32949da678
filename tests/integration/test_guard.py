"""The guard against code that sends a statement for each row."""

from __future__ import annotations

import asyncio

import pytest

import charmodels as cm
from charmodels.sql import statement
from tests import factories


async def some_characters(count: int) -> list[cm.Character]:
    for _ in range(count):
        await factories.character()
    return await cm.Character.objects.all()


async def test_a_loop_over_owners_is_found_out_before_the_statement_is_sent(db: cm.Database) -> None:
    characters = await some_characters(6)
    with pytest.raises(cm.RepeatedStatement) as raised, cm.guard_n_plus_one(limit=3) as guard:
        for character in characters:
            await character.user
    error = raised.value
    assert (error.count, error.limit) == (4, 3)
    assert '"users"' in error.statement
    assert "select_related" in str(error)
    assert "prefetch_related" in str(error)
    assert guard.counts[error.statement] == 4


async def test_what_fetches_the_rows_together_passes(db: cm.Database) -> None:
    await some_characters(6)
    with cm.guard_n_plus_one(limit=1):
        joined = await cm.Character.objects.all().select_related("user")
        assert all(character.user.email for character in joined)
    with cm.guard_n_plus_one(limit=1):
        fetched = await cm.Character.objects.all().prefetch_related("user")
        assert all(character.user.email for character in fetched)


async def test_tasks_of_the_block_count_and_others_do_not(db: cm.Database) -> None:
    characters = await some_characters(6)
    go_on, done = asyncio.Event(), asyncio.Event()

    async def somebody_else() -> None:
        await go_on.wait()
        for character in characters:
            await cm.User.get(id=character.user_id)
        done.set()

    other = asyncio.create_task(somebody_else())
    with cm.guard_n_plus_one(limit=3) as guard:
        go_on.set()
        await asyncio.gather(*(cm.User.get(id=character.user_id) for character in characters[:3]))
        await done.wait()
    assert max(guard.counts.values()) == 3
    with pytest.raises(cm.RepeatedStatement), cm.guard_n_plus_one(limit=3):
        await asyncio.gather(*(cm.User.get(id=character.user_id) for character in characters))
    await other
    await asyncio.sleep(0.05)  # for what gather left running


async def test_it_works_in_transactions_and_leaves_them_usable(db: cm.Database) -> None:
    characters = await some_characters(3)
    async with cm.transaction() as tx:
        with pytest.raises(cm.RepeatedStatement), cm.guard_n_plus_one(limit=2):
            for character in characters:
                await cm.User.get(id=character.user_id)
        await tx.execute_query("SELECT 1")
    with pytest.raises(cm.RepeatedStatement), cm.guard_n_plus_one(limit=2):
        for character in characters:
            async with cm.transaction():
                await cm.User.get(id=character.user_id)


async def test_transactions_themselves_are_no_repetition(db: cm.Database) -> None:
    with cm.guard_n_plus_one(limit=1):
        for _ in range(3):
            async with cm.transaction(actor="ada"), cm.transaction():
                pass


async def test_what_is_caught_inside_comes_out_at_the_end(db: cm.Database) -> None:
    characters = await some_characters(3)
    reached = False
    with pytest.raises(cm.RepeatedStatement), cm.guard_n_plus_one(limit=1):
        for character in characters:
            try:
                await cm.User.get(id=character.user_id)
            except cm.CharmodelsError:
                continue
        reached = True
    assert reached


async def test_values_in_the_text_and_longer_lists_are_the_same_statement(db: cm.Database) -> None:
    with pytest.raises(cm.RepeatedStatement) as raised, cm.guard_n_plus_one(limit=2):
        for number in range(3):
            await db.client.fetch(f"SELECT 'secret {number}'")
    assert raised.value.statement == "SELECT ?"
    with pytest.raises(cm.RepeatedStatement), cm.guard_n_plus_one(limit=2):
        for count in range(1, 4):
            await cm.User.objects.filter(id__in=[factories.missing() for _ in range(count)])


async def test_a_block_inside_another_has_its_own_limit_and_counts_for_both(db: cm.Database) -> None:
    with pytest.raises(cm.RepeatedStatement) as raised, cm.guard_n_plus_one(limit=3):
        for _ in range(2):
            with cm.guard_n_plus_one(limit=2):
                await cm.User.objects.count()
                await cm.User.objects.count()
    assert raised.value.limit == 3


async def test_changes_of_quotas_are_counted_for_who_asked_whoever_sends_them(db: cm.Database) -> None:
    users = [await factories.user() for _ in range(8)]

    async def others() -> None:
        await asyncio.gather(*(cm.User.objects.reserve_quota(user.id) for user in users[2:]))

    crowd = asyncio.create_task(others())
    with cm.guard_n_plus_one(limit=2) as guard:
        await cm.User.objects.reserve_quota(users[0].id)
        await cm.User.objects.reserve_quota(users[1].id)
    await crowd
    assert list(guard.counts.values()) == [2]
    with pytest.raises(cm.RepeatedStatement) as raised, cm.guard_n_plus_one(limit=2):
        for user in users:
            await cm.User.objects.reserve_quota(user.id)
    assert raised.value.statement.startswith(statement("reserve_quota")[:20])


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "5"])
def test_a_limit_is_a_whole_number_of_at_least_one(limit: object) -> None:
    with pytest.raises(cm.InvalidInput), cm.guard_n_plus_one(limit=limit):  # type: ignore[arg-type]
        pass
