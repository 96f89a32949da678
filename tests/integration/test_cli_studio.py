"""`charmodels studio`, mostly as a process of its own."""

from __future__ import annotations

import io
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import typer

import charmodels as cm
from charmodels.cli import studio as command
from charmodels.studio.access import Access
from tests import factories
from tests.studios import API, needs_fastadmin

COMMAND = [sys.executable, "-m", "charmodels.cli", "studio"]


@contextmanager
def running(url: str, *arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The command, its address, and its password."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        env={**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address, password = told(process, r"Studio: (\S+)"), told(process, r"works once: (\S+)")
        yield process, address, password
    finally:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str], pattern: str) -> str:
    """What the command says; a line at a time, so that nothing is read ahead of `select`."""
    assert process.stdout is not None
    deadline = time.monotonic() + 60
    line = ""
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 1)[0]:
            letter = os.read(process.stdout.fileno(), 1).decode()
            assert letter, process.stderr and process.stderr.read()
            line += letter
            if letter == "\n":
                break
    found = re.search(pattern, line)
    assert found, line
    return found[1]


def until_served(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert httpx.get(address, timeout=60).status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@needs_fastadmin
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_it_is_stopped(url: str, number: signal.Signals) -> None:
    async with cm.connect(url):
        user = await factories.user(name="Ada")
    with running(url) as (process, address, password):
        until_served(address)
        async with httpx.AsyncClient(base_url=address.removesuffix("/admin/"), timeout=60) as client:
            answer = await client.post(f"{API}/sign-in", json={"username": "studio", "password": password})
            assert answer.status_code == 200
            assert told(process, r"needs this password: (\S+)") != password
            assert (await client.get(f"{API}/list/User")).json()["total"] == 1
            assert (await client.patch(f"{API}/change/User/{user.id}", json={"name": "Eve"})).status_code == 403
            process.send_signal(number)  # with a connection that is kept alive
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stopped." in err
    assert "Traceback" not in err
    assert password not in out + err


@needs_fastadmin
async def test_the_command_writes_when_it_is_told_to(url: str) -> None:
    async with cm.connect(url):
        user = await factories.user(name="Ada")
    with running(url, "--write") as (_, address, password):
        until_served(address)
        async with httpx.AsyncClient(base_url=address.removesuffix("/admin/"), timeout=60) as client:
            assert (
                await client.post(f"{API}/sign-in", json={"username": "studio", "password": password})
            ).status_code == 200
            assert (await client.patch(f"{API}/change/User/{user.id}", json={"name": "Eve"})).status_code == 200
    async with cm.connect(url):
        assert (await cm.User.get(id=user.id)).name == "Eve"


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "works once" not in done.stdout
    return done.returncode, done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Studio runs here")
def test_on_an_older_python_the_command_says_what_it_needs() -> None:
    assert run() == (
        1,
        "Error: Studio needs Python 3.12 or newer, and this is Python 3.11; the rest of charmodels does not.\n",
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python itself is too old")
def test_without_the_extra_the_command_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(cm.ConfigurationError, match=r"pip install 'charmodels\[studio\]'"):
        command.studio()


@needs_fastadmin
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_other_addresses_need_a_word(host: str) -> None:
    with pytest.raises(typer.BadParameter, match="--remote allows it"):
        command.studio(host=host)


@needs_fastadmin
@pytest.mark.parametrize("answer", ["", "n\n", "yes, but\n"])
def test_writing_in_production_needs_a_yes(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    with pytest.raises(cm.CharmodelsError, match="was not confirmed"):
        command.studio(write=True, port=0)


@needs_fastadmin
@pytest.mark.parametrize(("answer", "yes"), [("y\n", False), ("", True)])
def test_writing_in_production_goes_on_after_a_yes(answer: str, yes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("DB_CONNECT_RETRIES", "0")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@127.0.0.1:1/none?sslmode=disable")
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    with pytest.raises(cm.DatabaseUnavailable):
        command.studio(write=True, port=0, yes=yes)


@needs_fastadmin
def test_an_actor_is_checked_before_anything_is_opened() -> None:
    with pytest.raises(cm.InvalidInput, match="actor"):
        command.studio(actor="x" * 256)


@needs_fastadmin
async def test_a_database_older_than_the_code_is_not_served(empty_url: str) -> None:
    from charmodels.studio.server import listen, serve

    with listen("127.0.0.1", 0) as listening, pytest.raises(cm.MigrationsPending):
        await serve(cm.Settings(database_url=empty_url), Access(), listening, lambda: pytest.fail("it is ready"))


@needs_fastadmin
def test_a_database_that_is_not_there_is_said_in_a_sentence() -> None:
    code, err = run("--port", "0", DATABASE_URL="postgresql://app@127.0.0.1:1/none", DB_CONNECT_RETRIES="0")
    assert (code, "The database is unavailable" in err) == (1, True)


@needs_fastadmin
def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    from charmodels.studio.server import listen

    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        code, err = run("--port", port, DATABASE_URL="postgresql://app@127.0.0.1:1/none")
    assert (code, f"Cannot listen on port {port}" in err) == (1, True)
