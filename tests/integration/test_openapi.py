"""The FastAPI example does what its OpenAPI document says, whatever it is asked: schemathesis tries."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
import uvicorn

import charmodels as cm
from tests import factories
from tests.apps_under_test import load
from tests.proxy import settings, until

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "0"))

CONFIGURATION = """
[generation]
max-examples = {examples}
deterministic = {deterministic}
database = "none"

# What a search box understands and which cursor fits, JSON Schema cannot say, nor that a prompt must not be blank or
# hold a NUL: there a 422 is right for some of what the schema allows.
[[operations]]
include-path = ["/characters", "/generations"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422", "429"]

[[operations]]
include-path = "/generations"
parameters = {{ "x-user-id" = "{user_id}" }}
"""


async def test_schemathesis_finds_nothing(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis")
    monkeypatch.setenv("DATABASE_URL", url)
    async with cm.connect(settings(url)):
        user = await factories.user()
        await user.set_daily_quota(100_000)
        for number in range(30):
            await factories.character(user, tags=["hero"], is_public=True, name=f"Knight {number}")
    # The same requests each time, unless somebody asks for more.
    configuration = CONFIGURATION.format(
        examples=EXAMPLES or 20, deterministic="false" if EXAMPLES else "true", user_id=user.id
    )
    (tmp_path / "schemathesis.toml").write_text(configuration)
    server = uvicorn.Server(uvicorn.Config(load("fastapi").app, port=0, lifespan="on", ws="none", log_config=None))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started or serving.done())
    port = server.servers[0].sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"), "--no-color"),
        *("run", f"http://127.0.0.1:{port}/openapi.json", "--workers", "1"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 180)
    finally:
        if process.returncode is None:
            process.kill()
        server.should_exit = True
        await serving
    report = output.decode(errors="replace")
    assert process.returncode == 0, report
    assert "Tested: 4" in report
