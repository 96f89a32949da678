"""`charmodels check` and `charmodels expire-holds`, as processes of their own."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

import charmodels as cm
from charmodels.cli import selftest
from charmodels.querysets.ledger import BATCH
from tests import factories
from tests.integration.test_cli import SECRET, run, with_password

HOUR = timedelta(hours=1)
NAMES = ["connection", "migrations current", "quota ledger", "gallery entries", "tag counts", "queue", *selftest.NAMES]


async def execute(db: cm.Database, statement: str, *values: Any) -> None:
    async with db.acquire() as connection:
        await connection.execute(statement, *values)


async def spender() -> cm.User:
    """A user with everything that a ledger can tell of: this day's last picture comes out of a grant."""
    user = await factories.user()
    async with cm.User.objects.reserve_quota(user.id):
        pass
    await (await cm.User.objects.reserve_quota(user.id, 2)).release()
    await user.subscribe(cm.SubscriptionTier.PREMIUM)
    await user.cancel_subscription()
    await cm.User.objects.grant_quota(user.id, 5)
    await cm.User.objects.reserve_quota(user.id, 3)
    return user


async def out_of_time(user: cm.User, amount: int = 1) -> None:
    """Let the user have a hold that ran out, and that nobody has written so of."""
    with cm.clock.frozen(cm.clock.utc_now() - HOUR):
        await cm.User.objects.reserve_quota(user.id, amount)


def checks(stdout: str) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["result"], row["detail"]) for row in json.loads(stdout)["checks"]}


async def test_a_database_that_is_well_passes(url: str, db: cm.Database) -> None:
    await spender()
    await out_of_time(await factories.user())
    done = run("check", url=with_password(url), COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    heading, *rows = done.stdout.splitlines()
    assert heading.split() == ["Check", "Result", "Detail"]
    assert [re.split(r" {2,}", row.strip(), maxsplit=2)[:2] for row in rows] == [[name, "ok"] for name in NAMES]
    assert re.search(r"PostgreSQL 1\d", rows[0])
    assert f"{len(cm.migrations.versions())} applied" in rows[1]
    assert "2 users compared" in rows[2]
    assert "0 entries compared" in rows[3]
    assert "0 counts compared" in rows[4]


async def test_json_says_the_same(url: str, db: cm.Database) -> None:
    await spender()
    done = run("check", "--json", url=url)
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert (report["ok"], report["discrepancies"]) == (True, [])
    assert list(checks(done.stdout)) == NAMES
    assert checks(done.stdout)["quota ledger"] == ("ok", "1 user compared")


def test_a_database_without_users_is_well(url: str) -> None:
    assert checks(run("check", "--json", url=url).stdout)["quota ledger"] == ("ok", "0 users compared")


@pytest.mark.parametrize(
    ("tampering", "what", "counted", "accounted"),
    [
        ("UPDATE user_quotas SET daily_used = daily_used - 1 WHERE user_id = $1", "daily_used", 2, 3),
        ("UPDATE user_quotas SET granted_used = 0 WHERE user_id = $1", "granted_used", 0, 1),
        ("DELETE FROM quota_holds WHERE user_id = $1", "open holds", 0, 3),
        ("UPDATE quota_holds SET amount = 2 WHERE user_id = $1", "open holds", 2, 3),
        ("UPDATE quota_grants SET amount = 500 WHERE user_id = $1", "grants", 500, 5),
        ("UPDATE quota_grants SET spent = 0 WHERE user_id = $1", "spent of grants", 0, 1),
    ],
)
async def test_what_was_tampered_with_is_listed(
    url: str, db: cm.Database, tampering: str, what: str, counted: int, accounted: int
) -> None:
    victim = await spender()
    await spender()
    await execute(db, tampering, victim.id)
    done = run("check", url=url)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"^quota ledger +failed +Of 2 users, 1 does not agree with it\.", done.stdout, re.MULTILINE)
    assert re.split(r" {2,}", done.stdout.splitlines()[-1].strip()) == [
        str(victim.id),
        what,
        str(counted),
        str(accounted),
    ]
    as_json = run("check", "--json", url=url)
    assert as_json.returncode == 1
    report = json.loads(as_json.stdout)
    assert not report["ok"]
    assert report["discrepancies"] == [
        {"user_id": str(victim.id), "what": what, "counted": counted, "accounted": accounted}
    ]


async def test_many_discrepancies_are_capped_and_in_json_are_not(url: str, db: cm.Database) -> None:
    count = BATCH + 500
    await execute(
        db,
        "INSERT INTO users (id, email) SELECT gen_random_uuid(), number || '@example.com' "
        f"FROM generate_series(1, {count}) AS number",
    )
    await execute(db, "UPDATE user_quotas SET daily_used = 1, quota_day = current_date")
    done = run("check", url=url)
    assert done.returncode == 1
    assert f"Of {count:,} users, {count:,} do" in done.stdout
    assert len(re.findall(r"^[0-9a-f-]{36} +daily_used +1 +0", done.stdout, re.MULTILINE)) == 50
    assert done.stdout.endswith(f"... and {count - 50:,} more; --json prints them all.\n")
    report = json.loads(run("check", "--json", url=url).stdout)
    assert len({each["user_id"] for each in report["discrepancies"]}) == count


async def test_a_terminal_sees_how_far_it_is(url: str, db: cm.Database) -> None:
    await factories.user()
    assert "Adding up the ledger" in run("check", url=url, FORCE_COLOR="1").stderr


def test_before_an_upgrade_the_ledger_is_not_looked_at(empty_url: str) -> None:
    done = run("check", "--json", url=empty_url)
    assert done.returncode == 1
    found = checks(done.stdout)
    assert found["connection"][0] == "ok"
    assert found["migrations current"][0] == "failed"
    assert "charmodels upgrade" in found["migrations current"][1]
    assert found["quota ledger"] == ("not run", "needs: migrations current")


async def test_a_database_that_is_newer_than_the_code_fails(url: str, db: cm.Database) -> None:
    await execute(db, "INSERT INTO aerich (app, version, content) VALUES ('charmodels', '99_later.py', '{}')")
    done = run("check", "--json", url=url)
    assert done.returncode == 1
    result, detail = checks(done.stdout)["migrations current"]
    assert (result, "99_later.py" in detail) == ("failed", True)


def test_without_a_server_the_connection_fails() -> None:
    done = run("check", "--json", url=f"postgresql://app:{SECRET}@127.0.0.1:1/none")
    assert (done.returncode, done.stderr) == (1, "")
    found = checks(done.stdout)
    assert [result for result, _ in found.values()] == ["failed", *["not run"] * (len(NAMES) - 1)]
    assert found["connection"][1].startswith("The database is unavailable")


@pytest.mark.parametrize("command", ["check", "expire-holds"])
def test_without_a_database_url_they_name_the_variable(command: str) -> None:
    done = run(command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: DATABASE_URL is not set.")


@pytest.mark.parametrize("arguments", [("check", "everything"), ("check", "--users", "3"), ("expire-holds", "now")])
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, url=f"postgresql://app:{SECRET}@localhost:1/none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error" in done.stderr


async def test_holds_that_ran_out_are_written_down_once(url: str, db: cm.Database) -> None:
    ada, ben = await factories.user(), await factories.user()
    await out_of_time(ada)
    await out_of_time(ben, 2)
    await cm.User.objects.reserve_quota(ben.id)  # is open, and stays
    done = run("expire-holds", url=with_password(url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 holds ran out.\n", "")
    assert await cm.QuotaEntry.objects.filter(kind="EXPIRE").values_list("amount", flat=True) in ([1, 2], [2, 1])
    assert await cm.QuotaHold.objects.count() == 1
    assert run("expire-holds", url=url).stdout == "0 holds ran out.\n"
    await out_of_time(ada)
    assert json.loads(run("expire-holds", "--json", url=url).stdout) == {"expired": 1}
    await out_of_time(ada)
    assert run("expire-holds", url=url).stdout == "1 hold ran out.\n"
    assert run("check", url=url).returncode == 0


def test_before_an_upgrade_expire_holds_says_what_to_run(empty_url: str) -> None:
    done = run("expire-holds", url=empty_url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "charmodels upgrade" in done.stderr
