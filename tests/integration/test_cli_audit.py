"""`charmodels audit` and `charmodels roles`, as processes of their own."""

from __future__ import annotations

import json
import re
from dataclasses import astuple
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import typer

import charmodels as cm
from charmodels.cli.spans import moment, span
from tests import factories, servers
from tests.integration.test_audit_trail import fill
from tests.integration.test_cli import run, with_password
from tests.integration.test_roles import some_roles


@pytest.mark.parametrize("command", ["list", "prune"])
def test_each_has_help_with_an_example_in_80_columns(command: str) -> None:
    done = run("audit", command, "--help")
    assert done.returncode == 0
    assert re.search(rf"Examples:\n\s+charmodels audit {command}", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 80


async def test_the_trail_in_a_table_and_as_json(url: str, db: cm.Database) -> None:
    with cm.request_context(actor="ada", request_id="r1"):
        user = await factories.user(email="ada@example.com")
        character = await factories.character(user, name="[bold]Osric")
        await character.publish()
        await user.set_daily_quota(20)
    await character.delete()
    shown = run("audit", "list", url=with_password(url), COLUMNS="400")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["Time", "(UTC)", "Action", "Of", "By", "Change"]
    assert [line.split()[2:5] for line in lines[1:]] == [
        ["DELETE", "characters", str(character.id)],
        ["QUOTA", "user_quotas", str(user.id)],
        ["PUBLISH", "characters", str(character.id)],
    ]
    assert "(postgres)" in lines[1]
    assert "name: [bold]Osric" in lines[1]
    assert lines[2].rstrip().endswith(" daily_quota: null to 20")
    found = json.loads(run("audit", "list", "--json", url=url).stdout)
    assert found["next_cursor"] is None
    assert [each["action"] for each in found["entries"]] == ["DELETE", "QUOTA", "PUBLISH"]
    assert found["entries"][1] == {
        **found["entries"][1], "object_id": str(user.id), "user_id": str(user.id), "actor": "ada", "request_id": "r1",
        "before": {"daily_quota": None}, "after": {"daily_quota": 20},
    }  # fmt: skip
    narrow = run("audit", "list", url=url)
    assert max(map(len, narrow.stdout.splitlines())) <= 80

    def actions(*arguments: str) -> list[str]:
        done = run("audit", "list", "--json", *arguments, url=url)
        assert done.returncode == 0, done.stderr
        return [each["action"] for each in json.loads(done.stdout)["entries"]]

    assert actions("--object", str(character.id)) == ["DELETE", "PUBLISH"]
    assert actions("--user", str(user.id), "--table", "user_quotas") == ["QUOTA"]
    assert actions("--actor", "ada", "--action", "publish") == ["PUBLISH"]
    assert actions("--request", "r1") == ["QUOTA", "PUBLISH"]
    assert actions("--since", "1h", "--until", "2099-01-01") == ["DELETE", "QUOTA", "PUBLISH"]
    assert actions("--until", "1h") == []
    first = json.loads(run("audit", "list", "--json", "-n", "2", url=url).stdout)
    assert actions("-n", "2", "--after", first["next_cursor"]) == ["PUBLISH"]
    assert "There are more" in run("audit", "list", "-n", "2", url=url).stderr


async def test_a_prune_asks_first(url: str, db: cm.Database) -> None:
    await fill(db, 30)
    refused = run("audit", "prune", "--older-than", "10d", url=url, stdin=b"n\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "This deletes 21 entries made before " in refused.stderr
    assert "Nothing was deleted." in refused.stderr
    in_production = {"APP_ENV": "production", "DB_SSLMODE": "disable"}
    refused = run("audit", "prune", "--older-than", "10d", url=url, stdin=b"y\n", **in_production)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "APP_ENV is production" in refused.stderr
    assert await cm.AuditEntry.objects.count() == 30
    done = run("audit", "prune", "--older-than", "20d", url=url, stdin=b"y\n")
    assert (done.returncode, done.stdout) == (0, "Deleted 11 entries.\n")
    done = run("audit", "prune", "--older-than", "10d", "--yes", "--json", url=with_password(url), **in_production)
    assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", {"pruned": 10})
    prunes = await cm.AuditEntry.objects.filter(action=cm.AuditAction.PRUNE)
    assert {each.actor for each in prunes} == {"charmodels audit prune"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "prune"),
        ("audit", "prune", "--older-than", "90"),
        ("audit", "prune", "--older-than", "0d"),
        ("audit", "prune", "--older-than", "999999999w"),
        ("audit", "list", "--since", "yesterday"),
        ("audit", "list", "--object", "Osric"),
        ("audit", "list", "--action", "dance"),
        ("audit", "list", "--limit", "101"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, url="postgresql://app@localhost:1/none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error" in done.stderr


def test_before_an_upgrade_it_says_what_to_run(empty_url: str) -> None:
    for command in (("audit", "list"), ("audit", "prune", "--older-than", "9d", "--yes"), ("roles",)):
        done = run(*command, url=empty_url)
        assert (done.returncode, done.stdout) == (1, "")
        assert "charmodels upgrade" in done.stderr


def test_times() -> None:
    assert [span(text) for text in ("90m", " 12H", "30 d", "2w")] == [
        timedelta(minutes=90), timedelta(hours=12), timedelta(days=30), timedelta(weeks=2)
    ]  # fmt: skip
    with cm.clock.frozen(datetime(2026, 3, 2, tzinfo=UTC)):
        assert moment("1d") == datetime(2026, 3, 1, tzinfo=UTC)
    assert moment("2026-03-02") == datetime(2026, 3, 2, tzinfo=UTC)
    assert moment("2026-03-02T01:00+01:00") == datetime(2026, 3, 2, tzinfo=UTC)
    for wrong in ("", "1", "d", "-1d", "1y", "0h", "2026-13-01", "0001-01-01T00:00+01:00", "99999999w"):
        with pytest.raises(typer.BadParameter):
            moment(wrong)


async def test_the_printed_roles_are_a_script_that_makes_them(url: str) -> None:
    async with some_roles(url) as roles:
        names = ("--owner", roles.owner, "--app", roles.app, "--read", roles.read)
        printed = run("roles", *names, url=with_password(url))
        assert (printed.returncode, printed.stderr) == (0, "")
        planned = json.loads(run("roles", *names, "--json", url=url).stdout)
        assert (planned["applied"], planned["created"]) == (False, list(astuple(roles)))
        await servers.execute(url, printed.stdout)
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT has_table_privilege($1, 'users', 'UPDATE')", roles.app)
            assert not await connection.fetchval("SELECT has_table_privilege($1, 'audit_entries', 'INSERT')", roles.app)
        finally:
            await connection.close()
        applied = run("roles", *names, "--apply", url=url, COLUMNS="200")
        assert applied.returncode == 0
        assert [line.split()[:2] for line in applied.stdout.splitlines()[1:]] == [
            [name, "there"] for name in astuple(roles)
        ]


async def test_roles_by_a_prefix(url: str) -> None:
    async with some_roles(url) as roles:
        prefix = roles.app.removesuffix("_app")
        done = json.loads(run("roles", "--prefix", prefix, "--apply", "--json", url=url).stdout)
        assert (done["applied"], done["created"]) == (True, list(astuple(roles)))
    wrong = run("roles", "--prefix", "pg", url=url)
    assert wrong.returncode == 1
    assert wrong.stderr == "Error: owner must not be a name that PostgreSQL keeps for itself.\n"
