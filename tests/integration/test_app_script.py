"""The script without a framework, and the command that serves the apps."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import httpx
import pytest

import charmodels as cm
from examples.apps import script
from tests import factories, servers
from tests.integration.test_demo import ROOT, databases, left_over
from tests.proxy import sessions, settings


async def test_the_script_opens_and_closes(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with cm.connect(settings(url)):
        await factories.character(name="Ser Osric", tags=["hero"], is_public=True)
        await factories.character(name="Ser Gore", tags=["gore"], is_public=True)
    monkeypatch.setenv("DATABASE_URL", url)
    await script.main()
    assert capsys.readouterr().out == "The database is healthy\nSer Osric ['hero']\n"
    assert await sessions(url) == 0


@pytest.mark.xdist_group("examples")  # as in test_demo
@pytest.mark.parametrize("framework", ["fastapi", "aiohttp"])
async def test_an_app_is_served_in_a_database_of_its_own(db: cm.Database, url: str, framework: str) -> None:
    pytest.importorskip(framework)
    before = await databases(db)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "examples.apps", framework, "--port", "0"),
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=servers.heed_interrupts,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
            address = line.partition("/characters")[0]
            async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
                page = (await client.get("/characters")).json()
        assert page["items"]
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 60)
    assert process.returncode == 0
    assert await left_over(db, before) == set()
