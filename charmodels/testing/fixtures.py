"""The fixtures. `charmodels.testing` hands them to pytest."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

import charmodels as cm
from charmodels.testing import servers

Prepare = Callable[[str], Awaitable[None]]

FROZEN_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""What `charmodels_clock` shows at first: a Monday at noon."""

_given = pytest.StashKey[str | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Read DATABASE_URL before a test's own fixtures change the environment."""
    if os.environ.get("DATABASE_URL") and os.environ.get("APP_ENV", "").lower() == "production":
        raise pytest.UsageError("Tests make and drop databases on DATABASE_URL's server, and APP_ENV is production.")
    config.stash[_given] = os.environ.get("DATABASE_URL")


@pytest.fixture(scope="session")
def charmodels_server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of a database on the server to test on: DATABASE_URL's, or an embedded one for each worker."""
    with servers.careless_server(pytestconfig.stash[_given]) as url:
        yield url


@pytest.fixture(scope="session")
def charmodels_prepare() -> Prepare | None:
    """Override: an async function of a URL that adds your own tables and rows to the migrated template."""
    return None


@pytest.fixture(scope="session")
def charmodels_template(charmodels_server_url: str, charmodels_prepare: Prepare | None) -> Iterator[str]:
    """The name of a migrated database that the tests' databases are cloned from."""

    async def make() -> str:
        url = await servers.create(charmodels_server_url)
        await cm.migrations.upgrade(url)
        if charmodels_prepare is not None:
            await charmodels_prepare(url)
        return url

    url = servers.run(make())
    yield urlsplit(url).path[1:]
    servers.run(servers.drop(charmodels_server_url, url))


@pytest.fixture(scope="session")
def charmodels_apps() -> Mapping[str, Sequence[str]]:
    """Override: your own models beside ours, label to modules, as for `cm.connect(apps=...)`."""
    return {}


@pytest.fixture
def charmodels_url(charmodels_server_url: str, charmodels_template: str) -> Iterator[str]:
    """The URL of a migrated database, the test's own."""
    url = servers.run(servers.create(charmodels_server_url, template=charmodels_template))
    yield url
    servers.run(servers.drop(charmodels_server_url, url))


@pytest.fixture
def charmodels_empty_url(charmodels_server_url: str) -> Iterator[str]:
    """The URL of a database with nothing in it, the test's own."""
    url = servers.run(servers.create(charmodels_server_url))
    yield url
    servers.run(servers.drop(charmodels_server_url, url))


@pytest.fixture
def charmodels_settings(charmodels_url: str) -> cm.Settings:
    """Settings for the test's own database; override it to change them."""
    return cm.Settings(database_url=charmodels_url, app_env=cm.Environment.TEST)


@pytest_asyncio.fixture
async def charmodels_database(
    charmodels_settings: cm.Settings, charmodels_apps: Mapping[str, Sequence[str]]
) -> AsyncIterator[cm.Database]:
    """The test's own database, migrated and open."""
    async with cm.connect(charmodels_settings, apps=charmodels_apps) as database:
        yield database


@pytest.fixture
def charmodels_environment(charmodels_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the test's own database, in DATABASE_URL: for an app that opens it by itself."""
    monkeypatch.setenv("DATABASE_URL", charmodels_url)
    monkeypatch.setenv("APP_ENV", "test")
    return charmodels_url


@pytest.fixture(scope="session")
def charmodels_shared_url(charmodels_server_url: str, charmodels_template: str) -> Iterator[str]:
    """The URL of the database that `charmodels_rolled_back` opens, the same for all tests of a worker."""
    url = servers.run(servers.create(charmodels_server_url, template=charmodels_template))
    yield url
    servers.run(servers.drop(charmodels_server_url, url))


class _RollBack(Exception):
    """Ends a transaction without keeping it."""


@pytest_asyncio.fixture
async def charmodels_rolled_back(
    charmodels_shared_url: str, charmodels_apps: Mapping[str, Sequence[str]]
) -> AsyncIterator[cm.Database]:
    """An open database in a transaction that is rolled back at the end: quicker than one of its own, with limits."""
    settings = cm.Settings(database_url=charmodels_shared_url, app_env=cm.Environment.TEST)
    async with cm.connect(settings, apps=charmodels_apps) as database:
        try:
            async with cm.transaction():
                yield database
                raise _RollBack
        except _RollBack:
            pass


@pytest.fixture
def charmodels_clock() -> Iterator[cm.clock.FrozenClock]:
    """A clock that stands still at noon of 2 March 2026 (UTC) until the test moves it."""
    with cm.clock.frozen(FROZEN_AT) as clock:
        yield clock
