"""Templates: what they can be asked, and what is made of them."""

from __future__ import annotations

import asyncio

import pytest

import charmodels as cm
from tests import factories
from tests.quotas import statements


async def test_a_character_of_a_template(db: cm.Database) -> None:
    ada = await factories.user()
    knight = await factories.template(
        name="Knight", prompt="A knight at dawn", tags=["Hero", "knight"], style_type="ANIME"
    )
    with statements() as seen:
        character = await knight.instantiate(
            ada.id, name=" Ser Osric ", extra_prompt="in the rain", tags=["rain", "hero "]
        )
    assert len(seen) == 1
    assert (character.user_id, character.template_id) == (ada.id, knight.id)
    assert (character.name, character.prompt) == ("Ser Osric", "A knight at dawn in the rain")
    assert (character.style_type, character.tags) == (cm.StyleType.ANIME, ["rain", "hero", "knight"])
    assert (character.generation_status, character.is_public) == (cm.GenerationStatus.COMPLETED, False)
    again = await cm.Character.get(id=character.id)
    assert {name: getattr(again, name) for name in again._meta.fields_db_projection} == {
        name: getattr(character, name) for name in again._meta.fields_db_projection
    }
    await knight.refresh_from_db()
    assert knight.usage_count == 1
    assert [each.id for each in await cm.Character.objects.from_template(knight)] == [character.id]
    assert await cm.Character.objects.from_template().count() == 1
    assert await cm.Character.objects.from_template(factories.missing()).count() == 0


async def test_of_many_tags_the_callers_own_stay(db: cm.Database) -> None:
    full = await factories.template(tags=[f"template {number}" for number in range(20)])
    own = [f"own {number}" for number in range(4)]
    character = await full.instantiate((await factories.user()).id, tags=own)
    assert character.tags == [*own, *(f"template {number}" for number in range(6))]


async def test_every_use_is_counted(db: cm.Database) -> None:
    ada, knight = await factories.user(), await factories.template()
    await asyncio.gather(*(knight.instantiate(ada.id) for _ in range(20)))
    await knight.refresh_from_db()
    assert (knight.usage_count, await cm.Character.all().count()) == (20, 20)


async def test_what_is_not_made_is_not_counted(db: cm.Database) -> None:
    ada, knight = await factories.user(), await factories.template(prompt="x" * 1990)
    retired = await factories.template(is_active=False)
    with pytest.raises(cm.NotFound, match="CharacterTemplate"):
        await retired.instantiate(ada.id)
    with pytest.raises(cm.NotFound, match="CharacterTemplate"):
        await cm.Character.objects.create_from_template(factories.missing(), ada.id)
    with pytest.raises(cm.NotFound, match="User"):
        await knight.instantiate(factories.missing())
    with pytest.raises(cm.InvalidInput, match="prompt"):
        await knight.instantiate(ada.id, extra_prompt="y" * 20)
    with pytest.raises(cm.InvalidInput, match="name"):
        await knight.instantiate(ada.id, name=" ")
    with pytest.raises(KeyError):
        async with cm.transaction():
            await knight.instantiate(ada.id)
            raise KeyError
    await knight.refresh_from_db()
    assert (knight.usage_count, await cm.Character.all().count()) == (0, 0)


async def test_what_templates_can_be_asked(db: cm.Database) -> None:
    knight = await factories.template(name="Knight", description="Rides at dawn", tags=["hero"], usage_count=3)
    witch = await factories.template(name="Witch", prompt="A witch", tags=["magic", "hero"], style_type="ANIME")
    await factories.template(name="Old", prompt="Obsolete", is_active=False)
    offered = cm.CharacterTemplate.objects.active()
    assert [each.name for each in await offered.popular()] == ["Knight", "Witch"]
    assert await offered.tagged(["hero"], none_of=["magic"]) == [knight]
    assert await offered.search("riding") == [knight]
    assert await offered.search("MAGI", mode="substring") == []
    assert await offered.search("magic", mode="substring") == [witch]
    assert await offered.styled("ANIME").search("wit", mode="prefix") == [witch]
    page = await offered.search("witch or dawn").page(size=1, sort="relevance", with_total=True)
    assert (len(page), page.has_more, page.total) == (1, True, 2)
    stats = await cm.CharacterTemplate.objects.stats()
    assert (stats.total, stats.active, stats.used) == (3, 2, 3)
    assert (stats.by_style[cm.StyleType.ANIME], stats.by_style[cm.StyleType.VINTAGE]) == (1, 0)
    assert await knight.characters.all() == []


async def test_templates_have_up_to_twenty_tags(db: cm.Database) -> None:
    await factories.template(name="Knight")
    knights = cm.CharacterTemplate.objects.filter(name="Knight")
    assert await knights.add_tags(*(f"tag {number}" for number in range(20))) == 1
    with pytest.raises(cm.InvalidInput, match="at most 20"):
        await knights.add_tags("one more")
