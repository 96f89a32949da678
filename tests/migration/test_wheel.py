from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import charmodels as cm

pytestmark = pytest.mark.xdist_group("wheel")  # which is built once a worker

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_the_migrations_and_the_statements(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    migrations = {f"charmodels/aerich_migrations/charmodels/{name}" for name in cm.migrations.versions()}
    statements = {str(path.relative_to(ROOT)) for path in (ROOT / "charmodels" / "sql").rglob("*.sql")}
    assert migrations | statements | {"charmodels/py.typed"} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "examples/"))]


async def test_an_installed_wheel_upgrades_a_database_away_from_the_checkout(
    wheel: Path, empty_url: str, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)],
        check=True,
    )
    code = (
        "import asyncio, charmodels as cm; print(cm.__file__);"
        "print(len(asyncio.run(cm.migrations.upgrade())), asyncio.run(cm.migrations.status()).is_current)"
    )
    environment = {**os.environ, "PYTHONPATH": str(site), "DATABASE_URL": empty_url}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    where, said = done.stdout.splitlines()
    assert where.startswith(str(site))
    assert said == f"{len(cm.migrations.versions())} True"
