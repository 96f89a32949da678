"""`charmodels shell`, as a process: with code, with input, and at a terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import charmodels as cm
from tests import factories
from tests.integration.test_cli import environment, run, with_password
from tests.integration.test_cli_ops import run_all

# A shell that starts the tests in the background has them ignore SIGINT; the command is not to inherit that.
TYPED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import charmodels.cli as c; c.main()"


async def test_code_runs_with_the_database_open(url: str, db: cm.Database) -> None:
    await factories.user(email="ada@example.com")
    script = b"""
async def rename():
    async with cm.transaction():
        ada = await User.objects.get_by_email("ada@example.com")
        await cm.Character.objects.create_for(ada.id, cm.CharacterCreate(prompt="A knight"))
    return (await User.get(id=ada.id)).current_tier

for _ in range(2):
    tier = await rename()
tier.value
print(await User.objects.count(), db.is_open)
"""
    piped = run("shell", url=with_password(url), stdin=script)
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, "'FREE'\n1 True\n", "")
    assert await cm.Character.all().count() == 2


async def test_production_only_reads_unless_asked(url: str, db: cm.Database) -> None:
    create = "await User.create(email='ada@example.com', name='Ada')"
    refused, read, written, asked = run_all(
        ["shell", "-c", create],
        ["shell", "-c", "n = await User.objects.count(); n"],
        ["shell", "--write", "-c", f"ada = {create}"],
        ["shell", "--read-only", "-c", "await User.all().delete()"],
        url=url,
        APP_ENV="production",
        DB_SSLMODE="disable",
    )
    assert refused[:2] == (1, "")
    assert "read-only" in refused[2]
    assert read == (0, "0\n", "")
    assert written == (0, "", "")
    assert asked[0] == 1
    assert await cm.User.all().count() == 1


async def test_what_goes_wrong_exits_with_1(url: str, db: cm.Database) -> None:
    left_open = "t = await cm.transaction().__aenter__(); u = await User.create(email='ada@example.com', name='Ada')"
    named, raised, no_python, left, undone, usual = run_all(
        ["shell", "-c", "await User.objects.get_by_email('nobody@example.com')"],
        ["shell", "-c", "def f():\n    1 / 0\nf()"],
        ["shell", "-c", "await ("],
        ["shell", "-c", "raise SystemExit('enough')"],
        ["shell", "-c", left_open],
        ["shell", "-c", "raise SystemExit"],
        url=url,
    )
    assert named == (1, "", "Error: There is no such User.\n")
    assert raised[0] == no_python[0] == 1
    assert raised[2].splitlines()[0] == "Traceback (most recent call last):"
    assert raised[2].splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert 'File "<charmodels>", line 3' in raised[2]
    assert "shell.py" not in raised[2]
    assert no_python[2].splitlines()[-1].startswith("SyntaxError")
    assert left == (1, "", "Error: enough\n")
    assert undone == (0, "", "")
    assert usual == (0, "", "")
    assert await cm.User.all().count() == 0  # a transaction that was left open is undone


@contextmanager
def terminal(url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", TYPED, "shell"], env=environment(url, TERM="dumb"), stdin=theirs, stdout=theirs,
        stderr=theirs, close_fds=True, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield process, ours
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)


def read_until(terminal: int, wanted: str, seen: str = "") -> str:
    """What is printed until something is; a process that ends closes the terminal."""
    while wanted not in seen:
        assert select.select([terminal], [], [], 60)[0], seen
        seen += os.read(terminal, 4096).decode()
    return seen


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals to open")
async def test_somebody_types_at_a_terminal(url: str, db: cm.Database) -> None:
    await factories.user()
    with terminal(url) as (process, typed):
        banner = read_until(typed, ">>> ")
        assert f"charmodels {cm.__version__}, development: transactions may write." in banner
        os.write(typed, b"count = await User.objects.count()\n")
        read_until(typed, ">>> ")
        os.write(typed, b"print('there is', count)\n")
        assert "there is 1" in read_until(typed, "there is 1")
        os.write(typed, b"await User.get(id=None)\n")
        assert "NotFound" in read_until(typed, "NotFound")
        os.write(typed, b"async def later():\n    return 40 + 2\n\nawait later()\n")
        assert re.search(r"^42\r?$", read_until(typed, "42\r\n"), re.MULTILINE)
        os.write(typed, b"print('sl' + 'eeps'); await asyncio.sleep(600)\n")
        read_until(typed, "sleeps\r\n")
        process.send_signal(signal.SIGINT)
        read_until(typed, "KeyboardInterrupt")
        os.write(typed, b"exit()\n")
        assert process.wait(60) == 0
