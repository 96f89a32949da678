"""Pages inside a transaction, and with what Tortoise reads besides."""

from __future__ import annotations

import pytest

import charmodels as cm
from charmodels.querysets.characters import CharacterQuerySet
from tests import factories
from tests.galleries import walked
from tests.proxy import session
from tests.quotas import statements


def queries(owner: cm.User) -> dict[str, CharacterQuerySet]:
    public, own = cm.Character.objects.public(), cm.Character.objects.owned_by(owner.id)
    return {
        "public": public,
        "tagged": public.tagged(any_of=["hero"]),
        "search": public.search("knight"),
        "both": public.tagged(any_of=["hero"]).search("kni", "prefix"),
        "substring": public.search("NIGHT", "substring"),
        "own": own.search("knight"),
        "visible": cm.Character.objects.visible_to(owner.id).search("knight"),
    }


def sorts(name: str) -> tuple[str, ...]:
    return ("newest", "oldest") if name in ("public", "tagged", "substring") else ("newest", "oldest", "relevance")


async def knights(owner: cm.User, number: int) -> list[cm.Character]:
    return [
        await factories.character(owner, is_public=True, tags=["hero"], prompt="A knight " + "rides on " * each)
        for each in range(number)
    ]


async def test_a_transaction_sees_what_it_wrote_and_nobody_else_does(db: cm.Database, url: str) -> None:
    owner = await factories.user()
    before = await knights(owner, 2)
    async with session(url) as other:
        with pytest.raises(KeyError):
            async with cm.transaction():
                made = await knights(owner, 3)
                await before[0].delete()
                expected = {before[1].id, *(row.id for row in made)}
                for name, query in queries(owner).items():
                    for sort in sorts(name):
                        assert {row.id for row in await walked(query, sort, lambda: 3)} == expected
                    assert (await query.page(1, with_total=True)).total == 4
                    assert len([row async for row in query.stream(batch=2)]) == 4
                await cm.Character.objects.public().tagged(any_of=["hero"]).add_tags("late")
                assert len(await cm.Character.objects.public().tagged(all_of=["late"]).page()) == 4
                assert await other.fetchval("SELECT count(*) FROM gallery_entries") == 2
                raise KeyError
    for name, query in queries(owner).items():
        for sort in sorts(name):
            assert {row.id for row in await walked(query, sort)} == {row.id for row in before}
    assert await cm.Character.objects.tagged(all_of=["late"]).count() == 0


async def test_a_queryset_goes_where_using_db_says(db: cm.Database) -> None:
    owner = await factories.user()
    outside = queries(owner)
    with pytest.raises(KeyError):
        async with cm.transaction() as tx:
            await knights(owner, 2)
            for name, query in outside.items():
                for sort in sorts(name):
                    page = await query.using_db(tx).page(1, sort=sort, with_total=True)  # type: ignore[arg-type]
                    assert (len(page), page.total) == (1, 2)
                    assert len(await query.using_db(tx).page(1, page.next_cursor, sort)) == 1  # type: ignore[arg-type]
            raise KeyError
    for query in outside.values():
        assert len(await query.page()) == 0


async def test_a_cursor_from_a_transaction_serves_outside_and_the_other_way_round(db: cm.Database) -> None:
    owner = await factories.user()
    await knights(owner, 3)
    query = cm.Character.objects.public().search("knight")
    async with cm.transaction():
        cursor = (await query.page(1)).next_cursor
    second = await query.page(1, cursor)
    async with cm.transaction():
        third = await query.page(1, second.next_cursor)
    assert len({*(row.id for row in second), *(row.id for row in third)}) == 2
    assert third.next_cursor is None


async def test_the_owner_and_what_refers_to_a_character(db: cm.Database) -> None:
    owner = await factories.user(name="Ada")
    template = await factories.template()
    rows = await knights(owner, 5)
    for row in rows:
        row.template_id = template.id
        await row.save()
        await factories.generation(owner, character_id=row.id)
    for name, query in queries(owner).items():
        for sort in sorts(name):
            found = await walked(query.select_related("user", "template"), sort, lambda: 2)
            assert [row.user.name for row in found] == ["Ada"] * 5
            assert [row.template and row.template.name for row in found] == [template.name] * 5
            found = await walked(query.prefetch_related("generations", "user"), sort, lambda: 2)
            assert [len(row.generations) for row in found] == [1] * 5  # type: ignore[attr-defined]
            assert [row.user.name for row in found] == ["Ada"] * 5


async def test_only_some_fields(db: cm.Database) -> None:
    owner = await factories.user()
    rows = await knights(owner, 5)
    for name, query in queries(owner).items():
        for sort in sorts(name):
            plain = [row.id for row in await walked(query, sort, lambda: 2)]
            found = await walked(query.only("name", "tags"), sort, lambda: 2)
            assert [row.id for row in found] == plain
            assert {row.name for row in found} == {row.name for row in rows}
            assert not hasattr(found[0], "prompt")
            assert [row.id for row in await walked(query.only("id"), sort, lambda: 3)] == plain


async def test_a_page_is_one_statement(db: cm.Database) -> None:
    owner = await factories.user()
    await knights(owner, 3)
    await cm.Character.objects.public().page(1)  # learns the key of cursors
    for name, query in queries(owner).items():
        for sort in sorts(name):
            expected = (2 if name == "visible" else 1) * (2 if sort == "relevance" else 1)
            with statements() as seen:
                page = await query.page(1, sort=sort)  # type: ignore[arg-type]
                await query.page(1, page.next_cursor, sort)  # type: ignore[arg-type]
            assert len(seen) == 2 * expected, (name, sort)


async def test_querysets_of_the_gallery_update_and_delete(db: cm.Database) -> None:
    owner = await factories.user()
    await knights(owner, 4)
    kept = await factories.character(owner, tags=["hero"], prompt="A knight")
    query = cm.Character.objects.public().tagged(any_of=["hero"]).search("knight")
    assert await query.update(name="Osric") == 4
    assert await cm.Character.objects.filter(name="Osric").count() == 4
    assert await query.filter(name="Osric").exclude(name=None).delete() == 4
    assert await cm.Character.objects.all() == [kept]
    own = cm.Character.objects.owned_by(owner.id).tagged(all_of=["hero"], none_of=["gore"]).search("nig", "substring")
    assert await own.update(name="Vesna") == 1
    assert await own.delete() == 1


async def test_a_queryset_shows_its_statement(db: cm.Database) -> None:
    owner = await factories.user()
    await knights(owner, 2)
    for query in queries(owner).values():
        text = query.newest().sql(params_inline=True)
        async with db.acquire() as connection:
            assert len(await connection.fetch(text)) == 2
        assert "$1" in query.limit(1).sql()
        assert await query.explain()


async def test_a_condition_on_tags_can_be_negated_and_chosen_from(db: cm.Database) -> None:
    from tortoise.expressions import Q

    from charmodels.querysets.conditions import HasTags

    hero, both, neither = [await factories.character(tags=tags) for tags in (["hero"], ["hero", "gore"], [])]
    clean = HasTags("tags", any_of=("hero",), none_of=("gore",))
    for condition, expected in (
        (clean, {hero}),
        (~clean, {both, neither}),
        (Q(clean) | Q(id=neither.id), {hero, neither}),
        (Q(id=both.id) | clean, {hero, both}),
        (~Q(clean), {both, neither}),
    ):
        assert set(await cm.Character.objects.filter(condition)) == expected
    assert set(await cm.Character.objects.exclude(clean)) == {both, neither}
