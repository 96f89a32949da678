"""`charmodels users`, `tags`, `queue` and `stats`; several of them in one process, as a process starts slowly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

import charmodels as cm
from tests import factories
from tests.gallery_counts import execute, publish
from tests.integration.test_cli import SECRET, environment, run, with_password
from tests.queues import PICTURE, claim, request, user

MISSING = "00000000-0000-7000-8000-000000000001"
BATCH = """
import contextlib, io, json, sys
from charmodels.cli import main

done = []
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["charmodels", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main()
    done.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(done))
"""


def run_all(*commands: str | list[str], url: str, **values: str) -> list[tuple[int, str, str]]:
    """Run commands one after the other in one process, and give the exit code, stdout and stderr of each."""
    given = json.dumps([each.split() if isinstance(each, str) else each for each in commands])
    done = subprocess.run(
        [sys.executable, "-c", BATCH],
        env=environment(url, **{"COLUMNS": "200", **values}),
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert SECRET not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


def lines(stdout: str) -> dict[str, str]:
    """What a table without headings says, by name."""
    found = [re.split(r" {2,}", row.strip(), maxsplit=1) for row in stdout.splitlines()]
    return {row[0]: row[-1] for row in found}


def read(done: tuple[int, str, str]) -> Any:
    """What a command that went well printed as JSON."""
    code, out, err = done
    assert (code, err) == (0, "")
    return json.loads(out)


async def test_a_user_is_shown_and_the_address_only_to_who_knows_it(url: str, db: cm.Database) -> None:
    ada = await user(3, email="ada@example.com", name="Ada", timezone="Europe/Berlin")
    async with cm.User.objects.reserve_quota(ada.id):
        pass
    await cm.User.objects.grant_quota(ada.id, 5, reason="Sorry")
    await request(ada)
    by_email, by_id, asked, nobody, missing, no_id = run_all(
        "users show ADA@example.com",
        f"users show {ada.id}",
        f"users show {ada.id} --email --json",
        "users show nobody@example.com",
        f"users show {MISSING}",
        "users show ada",
        url=with_password(url),
    )
    assert (by_email[0], by_email[2]) == (0, "")
    shown = lines(by_email[1])
    assert shown["Id"] == str(ada.id)
    assert shown["Email"] == "ada@example.com"
    assert shown["Tier"] == "FREE"
    assert shown["Quota"] == "6 left; 2 used of 3 a day and 5 granted"
    assert shown["Held"] == "1"
    assert shown["Grant"] == "5 left of 5: Sorry"
    assert shown["Resets"].endswith("(Europe/Berlin)")
    assert shown["Generations"] == "1 pending"
    assert lines(by_id[1]) == {name: value for name, value in shown.items() if name != "Email"}
    found = read(asked)
    assert found["email"] == "ada@example.com"
    assert (found["quota"]["limit"], found["quota"]["held"], found["quota"]["remaining"]) == (3, 1, 6)
    assert (found["characters"], found["public_characters"], found["generations"]["PENDING"]) == (1, 0, 1)
    assert nobody == (1, "", "Error: No user has this email address.\n")
    assert missing == (1, "", "Error: No user has this id.\n")
    assert no_id == (1, "", "Error: A user is named by an email address or an id, which is a UUID.\n")


async def test_a_subscription_begins_and_ends(url: str, db: cm.Database) -> None:
    ada = await factories.user(email="ada@example.com")
    until, shown, for_days, past, free = run_all(
        "users subscribe ada@example.com pro --until 2100-01-31",
        f"users show {ada.id}",
        f"users subscribe {ada.id} PREMIUM --for 30d --json",
        f"users subscribe {ada.id} PRO --until 2020-01-01",
        f"users subscribe {ada.id} FREE",
        url=url,
    )
    assert until == (0, f"User {ada.id} has PRO until 2100-01-31 00:00 UTC.\n", "")
    assert lines(shown[1])["Tier"] == "PRO until 2100-01-31 00:00 UTC"
    found = read(for_days)
    assert (found["id"], found["tier"]) == (str(ada.id), "PREMIUM")
    left = cm.clock.aware("expires_at", datetime.fromisoformat(found["expires_at"])) - cm.clock.utc_now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    assert past[:2] == (1, "")
    assert "until must be in the future" in past[2]
    assert free[1] == f"User {ada.id} has FREE for good.\n"
    tiers = cm.QuotaEntry.objects.filter(kind="TIER").order_by("created_at", "id")
    assert await tiers.values_list("reason", flat=True) == ["FREE to PRO", "PRO to PREMIUM", "PREMIUM to FREE"]


async def test_the_database_is_told_who_changes_something(url: str, db: cm.Database) -> None:
    ada = await factories.user()
    await execute(
        db,
        """
        CREATE TABLE actors (actor text);
        CREATE FUNCTION note_actor() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO actors VALUES (current_setting('charmodels.actor', true)); RETURN NULL; END $$;
        CREATE TRIGGER note_actor AFTER INSERT ON quota_ledger FOR EACH ROW EXECUTE FUNCTION note_actor();
        """,
    )
    done = run_all(f"users subscribe {ada.id} PRO", f"users grant {ada.id} 5", url=url, LOGNAME="operator")
    assert [code for code, _, _ in done] == [0, 0]
    async with db.acquire() as connection:
        assert [row["actor"] for row in await connection.fetch("SELECT actor FROM actors")] == ["cli:operator"] * 2


async def test_a_grant_is_made_once_for_its_key(url: str, db: cm.Database) -> None:
    ada = await user(0, email="ada@example.com")
    grant = "users grant ada@example.com 20 --for 30d --key invoice-1 --reason Sorry"
    first, second, other = run_all(grant, f"{grant} --json", "users grant ada@example.com 30 --key invoice-1", url=url)
    assert first[0] == 0
    assert re.fullmatch(rf"User {ada.id} has 20 more until \S+ \S+ UTC; 20 are left now\.\n", first[1])
    assert read(second)["remaining"] == 20
    assert [(each.amount, each.reason) for each in await cm.QuotaGrant.all()] == [(20, "Sorry")]
    assert other[0] == 1
    assert "this key was used with another amount" in other[2]


async def test_users_are_listed_without_their_addresses(url: str, db: cm.Database) -> None:
    free = await user(3, email="free@example.com")
    pro = await user(None, email="pro@example.com")
    await pro.subscribe("PRO", until=cm.clock.utc_now() + timedelta(days=30))
    over = await user(None, email="over@example.com")
    with cm.clock.frozen(cm.clock.utc_now() - timedelta(days=60)):
        await over.subscribe("PRO", until=cm.clock.utc_now() + timedelta(days=30))
    every, pros, others = run_all(
        "users list", "users list --tier PRO --json", "users list --tier FREE --limit 1 --email --json", url=url
    )
    assert every[0] == 0
    assert "@" not in every[1]
    assert [row.split()[:2] for row in every[1].splitlines()[1:]] == [
        [str(over.id), "FREE"], [str(pro.id), "PRO"], [str(free.id), "FREE"]
    ]  # fmt: skip
    assert [each["id"] for each in read(pros)] == [str(pro.id)]
    assert [each["email"] for each in read(others)] == ["over@example.com"]


async def test_tags_are_shown_and_suggested(url: str, db: cm.Database) -> None:
    ada = await factories.user()
    await publish(ada, [["hero", "knight"], ["hero"]])
    await publish(ada, [["warrior"]], style="ANIME")
    popular, anime, suggested, folded = run_all(
        "tags popular",
        "tags popular --style anime --json",
        "tags suggest WAR --limit 1 --json",
        "tags fold --json",
        url=url,
    )
    assert [row.split() for row in popular[1].splitlines()] == [
        ["Tag", "Characters"], ["hero", "2"], ["knight", "1"], ["warrior", "1"]
    ]  # fmt: skip
    assert read(anime) == read(suggested) == [{"tag": "warrior", "count": 1}]
    assert read(folded) == {"folded": 3}


async def test_tags_are_renamed_and_merged_and_have_aliases(url: str, db: cm.Database) -> None:
    ada = await factories.user()
    await publish(ada, [["warior"], ["heroes"], ["heroine"], ["wizzard"]])
    renamed, merged, aliased, listed, same, gone, none = run_all(
        "tags rename warior Warrior --keep-alias",
        "tags merge heroes heroine hero --no-aliases --json",
        "tags alias Wizzard wizard",
        "tags aliases --json",
        "tags rename hero HERO",
        "tags unalias WIZZARD",
        "tags unalias wizzard",
        url=url,
        FORCE_COLOR="1",  # as on a terminal
    )
    assert renamed[:2] == (0, "1 row changed.\n")
    assert "Renaming" in renamed[2]
    assert json.loads(merged[1]) == {"changed": 2}
    assert "Merging" in merged[2]
    assert aliased[:2] == (0, "'wizzard' stands for 'wizard' now; 1 row changed.\n")
    assert json.loads(listed[1]) == [{"alias": "warior", "tag": "warrior"}, {"alias": "wizzard", "tag": "wizard"}]
    assert same[0] == 1
    assert "new must be another tag than the old one." in same[2]
    assert gone == (0, "'wizzard' stands for itself again.\n", "")
    assert none[:2] == (1, "")
    assert "'wizzard' is no alias." in none[2]
    assert {each.tag: each.count for each in await cm.Character.objects.popular_tags()} == {
        "hero": 2, "warrior": 1, "wizard": 1
    }  # fmt: skip
    assert await cm.TagAlias.all().values_list("alias", "tag") == [("warior", "warrior")]


async def test_the_queue_in_numbers(url: str, db: cm.Database) -> None:
    ada, ben = await user(email="ada@example.com"), await user()
    await request(ada)
    [job] = await claim()
    await job.complete(PICTURE)
    with cm.clock.frozen(cm.clock.utc_now() - timedelta(days=3)):
        await request(ben)
    every, of_ada, of_a_day, of_years = run_all(
        "queue stats",
        "queue stats --user ada@example.com --json",
        "queue stats --since 24h --json",
        "queue stats --since 2020-01-01 --json",
        url=url,
    )
    shown = lines(every[1])
    assert (shown["Generations"], shown["pending"], shown["completed"]) == ("2", "1", "1")
    assert (shown["Success rate"], shown["Oldest that waits"]) == ("100.0%", "3.0 days")
    assert read(of_ada)["total"] == 1
    assert read(of_a_day)["by_status"]["PENDING"] == 0
    assert read(of_years)["oldest_pending"] == pytest.approx(timedelta(days=3).total_seconds(), rel=0.01)


async def test_what_is_dead_is_listed_and_queued_again(url: str, db: cm.Database) -> None:
    ada, ben = await user(1, email="ada@example.com"), await user(2)
    for owner in (ada, ben, ben):
        await request(owner, max_attempts=1)
    for job in await claim(3):
        await job.fail("the model said no")
    await request(ada)  # so that there is no quota left for another
    first = await cm.Generation.objects.for_user(ben.id).dead().newest().first()
    assert first is not None
    dead, of_ben, again, twice, unknown, rest, none = run_all(
        "queue dead",
        f"queue dead --user {ben.id} --limit 1 --json",
        f"queue retry {first.id}",
        f"queue retry {first.id}",
        f"queue retry {MISSING}",
        "queue retry --all-dead",
        f"queue dead --user {ben.id}",
        url=url,
    )
    assert len(re.findall(r"^[0-9a-f-]{36}  .* UTC  1 attempt  the model said no$", dead[1], re.MULTILINE)) == 3
    assert [each["id"] for each in read(of_ben)] == [str(first.id)]
    assert again == (0, "1 generation queued.\n", "")
    assert twice[:2] == (1, "")
    assert twice[2].startswith(f"Error: Generation {first.id} is not queued.")
    assert unknown == (1, "", f"Error: There is no generation {MISSING}.\n")
    assert rest == (0, "1 generation queued. 1 left out: their users have not enough quota.\n", "")
    assert none[1] == "None has failed.\n"


async def test_leases_are_rescued_and_old_records_deleted(url: str, db: cm.Database) -> None:
    ada = await user()
    with cm.clock.frozen(cm.clock.utc_now() - timedelta(days=40)):
        await request(ada)
        await request(ada)
        done, _ = await claim(2)
        await done.complete(PICTURE)
    rescued, none, failed, pruned = run_all(
        "queue rescue",
        "queue rescue --json",
        "queue prune --older-than 30d --status failed --json",
        "queue prune --older-than 30d",
        url=url,
    )
    assert rescued == (0, "1 lease ran out.\n", "")
    assert read(none) == {"rescued": 0}
    assert read(failed) == {"deleted": 0}
    assert pruned == (0, "1 record deleted.\n", "")
    assert await cm.Generation.objects.pending().count() == await cm.Generation.all().count() == 1


async def test_everything_in_one_look(url: str, db: cm.Database) -> None:
    ada = await user()
    await publish(ada, [["hero"], ["hero", "knight"]])
    await factories.template()
    await request(ada)
    (code, out, err), as_json = run_all("stats", "stats --json", url=with_password(url))
    assert (code, err) == (0, "")
    shown = lines(out)
    assert (shown["Users"], shown["on FREE"], shown["Characters"], shown["in the gallery"]) == ("1", "1", "3", "2")
    assert (shown["Popular tags"], shown["Templates"], shown["pending"]) == ("hero 2, knight 1", "1", "1")
    found = read(as_json)
    assert list(found) == ["users", "characters", "popular_tags", "templates", "generations"]
    assert (found["users"]["by_tier"]["FREE"], found["characters"]["public"], found["generations"]["total"]) == (
        1,
        2,
        1,
    )


def test_wrong_usage_exits_with_2() -> None:
    commands = [
        "users subscribe ada@example.com GOLD",
        "users subscribe ada@example.com PRO --until soon",
        "users subscribe ada@example.com PRO --until 2100-01-01 --for 30d",
        "users grant ada@example.com 0",
        "users grant ada@example.com 1 --for 30",
        "users grant ada@example.com 1 --for 999999999w",
        "tags popular --style GLOSSY",
        "tags merge hero",
        "queue retry",
        "queue retry one",
        f"queue retry {MISSING} --all-dead",
        f"queue retry {MISSING} --user ada@example.com",
        "queue prune",
        "queue prune --older-than 30d --status PENDING",
        "queue stats --since 999999999w",
    ]
    found = run_all(*commands, url=f"postgresql://app:{SECRET}@localhost:1/none")
    assert [code for code, _, _ in found] == [2] * len(commands)
    assert all(out == "" and "Error" in err for _, out, err in found)


def test_before_an_upgrade_they_say_what_to_run(empty_url: str) -> None:
    done = run("stats", url=empty_url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "charmodels upgrade" in done.stderr
