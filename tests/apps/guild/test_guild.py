from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from asgi_lifespan import LifespanManager
from guild import Guild, app
from httpx import ASGITransport, AsyncClient

import charmodels as cm
from charmodels.testing import FROZEN_AT, factories, servers


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_begins_with_nothing(charmodels_database: cm.Database, turn: int) -> None:
    assert await cm.User.objects.count() == 0
    user = await factories.user()
    await factories.character(user, tags=["hero"], is_public=True)
    await factories.generation(user)
    await factories.template()
    assert await cm.Character.objects.public().tagged(["hero"]).count() == 1
    assert await cm.Character.objects.filter(id=factories.missing()).count() == 0


async def test_own_models_are_in_the_template(ada: cm.User) -> None:
    await Guild.create(name="Night watch", founder=ada)
    assert await Guild.filter(founder__name="Ada").count() == 1


async def test_transactions_commit_and_race(ada: cm.User) -> None:
    holds = await asyncio.gather(*(cm.User.objects.reserve_quota(ada.id) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(hold, cm.QuotaHold) for hold in holds) == 3


@pytest.mark.parametrize("turn", [1, 2])
async def test_what_is_rolled_back_is_nobodys(charmodels_rolled_back: cm.Database, turn: int) -> None:
    assert await cm.User.objects.count() == 0
    user = await factories.user()
    async with cm.transaction(actor=user.id):
        await factories.character(user)
    with pytest.raises(cm.Conflict):
        async with cm.transaction():
            await factories.user(email=user.email)
    await asyncio.gather(*(factories.character(user) for _ in range(3)))
    assert await cm.Character.objects.count() == 4
    assert await Guild.all().count() == 0


async def test_a_day_later(ada: cm.User, charmodels_clock: cm.clock.FrozenClock) -> None:
    assert charmodels_clock.moment == FROZEN_AT
    async with cm.User.objects.reserve_quota(ada.id):
        pass
    assert (await cm.User.objects.quota(ada.id)).used == 1
    charmodels_clock.advance(timedelta(days=1))
    assert (await cm.User.objects.quota(ada.id)).used == 0


async def test_an_app_that_opens_the_database_itself(charmodels_environment: str) -> None:
    async with cm.connect():
        await factories.character(is_public=True)
    async with (
        LifespanManager(app) as running,
        AsyncClient(transport=ASGITransport(running.app), base_url="http://test") as client,
    ):
        assert (await client.get("/")).text == "1"


def test_without_async(charmodels_url: str, charmodels_empty_url: str) -> None:
    assert servers.run(cm.migrations.status(charmodels_url)).is_current
    assert not servers.run(cm.migrations.status(charmodels_empty_url)).is_current
