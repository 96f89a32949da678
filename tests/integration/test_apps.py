"""An app's own models beside ours: foreign keys, one transaction, and migrations that stay apart."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise.exceptions import IntegrityError

import charmodels as cm
from tests import factories
from tests.apps.shop.models import Offer, Order
from tests.apps.shop.settings import APPS
from tests.proxy import session, settings

ROOT = Path(__file__).parents[2]
LOCATION = ROOT / "tests" / "apps" / "shop" / "migrations"


def aerich(folder: Path, url: str, *arguments: str, location: Path | None = None) -> str:
    """Run the shop's Aerich, as its developers do, in a folder with a pyproject.toml of its own."""
    (folder / "pyproject.toml").write_text(
        f'[tool.aerich]\ntortoise_orm = "tests.apps.shop.settings.TORTOISE_ORM"\nlocation = "{location or folder}"\n'
        f'src_folder = "{ROOT}"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "aerich", "--app", "shop", *arguments],
        cwd=folder,
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def tables(url: str) -> set[str]:
    async with session(url) as connection:
        rows = await connection.fetch("SELECT relname FROM pg_stat_user_tables")
    return {row["relname"] for row in rows}


SHOP = {"shop_offers", "shop_orders", "shop_order_offers"}


@pytest.fixture
async def shop(url: str, tmp_path: Path) -> AsyncIterator[cm.Database]:
    """A database with our tables and the shop's, each from its own migrations."""
    aerich(tmp_path, url, "upgrade", location=LOCATION)
    async with cm.connect(settings(url), apps=APPS) as db:
        yield db


async def test_foreign_keys_point_at_ours(shop: cm.Database) -> None:
    user = await factories.user()
    character = await factories.character(user)
    offer = await Offer.create(character=character, price_cents=100)
    order = await Order.create(user_id=user.id)
    await order.offers.add(offer)
    found = await Order.filter(user__email=user.email).prefetch_related("user", "offers__character").get()
    assert found.user == user
    assert [offer.character for offer in found.offers] == [character]
    assert await cm.User.objects.filter(orders__id=order.id) == [user]
    assert await Offer.filter(character__style_type=cm.StyleType.FANTASY, character__user_id=user.id).count() == 1
    await user.delete()
    assert await Order.all().count() == 0
    assert await Offer.all().count() == 0


async def test_a_foreign_key_that_points_nowhere(shop: cm.Database) -> None:
    with pytest.raises(cm.Conflict) as raised:
        await Order.create(user_id="00000000-0000-7000-8000-000000000000")
    assert isinstance(raised.value, IntegrityError)


async def test_one_transaction_spans_both(shop: cm.Database) -> None:
    async with cm.transaction(actor="shop"):
        user = await factories.user()
        await Order.create(user=user)
    with pytest.raises(KeyError):
        async with cm.transaction():
            await Order.create(user=await factories.user())
            await Order.filter(user_id=user.id).delete()
            raise KeyError
    assert await cm.User.objects.count() == 1
    assert await Order.filter(user_id=user.id).count() == 1


async def test_their_migrations_are_theirs_and_ours_are_ours(empty_url: str, tmp_path: Path) -> None:
    """From nothing: ours from the package, then the shop's first migration, made and applied by its own Aerich."""
    applied = await cm.migrations.upgrade(empty_url)
    ours = await tables(empty_url)
    aerich(tmp_path, empty_url, "init-db")
    assert await tables(empty_url) - ours == SHOP
    [migration] = (tmp_path / "shop").glob("*.py")
    text = migration.read_text()
    for table in SHOP:
        assert f'"{table}"' in text
    assert 'CREATE TABLE IF NOT EXISTS "users"' not in text
    assert 'CREATE TABLE IF NOT EXISTS "aerich"' not in text
    assert "charmodels_" not in text
    status = await cm.migrations.status(empty_url)
    assert status.is_current
    assert status.applied == applied
    assert "No changes" in aerich(tmp_path, empty_url, "migrate", "--name", "nothing")


async def test_their_migrations_can_be_made_without_a_database(empty_url: str, tmp_path: Path) -> None:
    aerich(tmp_path, empty_url, "init-migrations")
    [migration] = (tmp_path / "shop").glob("*.py")
    text = migration.read_text()
    assert 'CREATE TABLE IF NOT EXISTS "shop_orders"' in text
    assert 'CREATE TABLE IF NOT EXISTS "users"' not in text
    assert await tables(empty_url) == set()


async def test_their_migrations_go_up_and_down_without_ours(url: str, tmp_path: Path) -> None:
    ours = await tables(url)
    location = LOCATION
    assert "Success upgrading" in aerich(tmp_path, url, "upgrade", location=location)
    assert await tables(url) - ours == SHOP
    assert "No upgrade items" in aerich(tmp_path, url, "upgrade", location=location)
    assert (await cm.migrations.status(url)).is_current
    aerich(tmp_path, url, "downgrade", "--yes", location=location)
    assert await tables(url) == ours
    assert (await cm.migrations.status(url)).is_current


async def test_ours_upgrade_beside_theirs(url: str, tmp_path: Path) -> None:
    aerich(tmp_path, url, "upgrade", location=LOCATION)
    async with cm.connect(settings(url), apps=APPS):
        assert await cm.migrations.upgrade() == ()
        assert await Order.all().count() == 0
    assert await cm.migrations.upgrade(url) == ()
    status = await cm.migrations.status(url)
    assert status.is_current
    assert status.unknown == ()


async def test_the_configuration_of_an_app(url: str) -> None:
    config = cm.tortoise_config(url, apps=APPS)
    assert set(config["apps"]) == {"charmodels", "shop"}
    assert config["apps"]["shop"]["models"] == APPS["shop"]


@pytest.mark.parametrize("apps", [{"charmodels": ["tests.apps.shop.models"]}, {"charmodels": []}])
async def test_our_label_is_ours(url: str, apps: dict[str, list[str]]) -> None:
    with pytest.raises(cm.ConfigurationError, match="charmodels"):
        cm.tortoise_config(url, apps=apps)
    with pytest.raises(cm.ConfigurationError, match="charmodels"):
        await cm.connect(url, apps=apps).open()
    with pytest.raises(cm.ConfigurationError, match="charmodels"):
        async with cm.lifespan(url, apps=apps)(None):
            pass
