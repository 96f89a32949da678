from collections.abc import Awaitable, Callable

import pytest
from guild import APPS, SCHEMA

import charmodels as cm
from charmodels.testing import factories, servers

pytest_plugins = ["charmodels.testing"]


@pytest.fixture(scope="session")
def charmodels_apps() -> dict[str, list[str]]:
    return APPS


@pytest.fixture(scope="session")
def charmodels_prepare() -> Callable[[str], Awaitable[None]]:
    async def prepare(url: str) -> None:
        await servers.execute(url, SCHEMA)

    return prepare


@pytest.fixture
async def ada(charmodels_database: cm.Database) -> cm.User:
    return await factories.user(name="Ada")
