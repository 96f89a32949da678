"""The recipes run as they stand, and print what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import charmodels as cm
from examples import audit, gallery_search, generations, quota, tags
from tests.integration.test_demo import ROOT, databases, left_over, run

pytestmark = pytest.mark.xdist_group("examples")  # as in test_demo

LEDGER = """
HOLD 1 2026-03-02 a knight
COMMIT 1 2026-03-02
HOLD 1 2026-03-02 a dragon
RELEASE 1 2026-03-02 ConnectionError
HOLD 2 2026-03-03
RELEASE 2 2026-03-03
HOLD 1 2026-03-04
HOLD 1 2026-03-04
HOLD 1 2026-03-04
COMMIT 1 2026-03-04
COMMIT 1 2026-03-04
COMMIT 1 2026-03-04
HOLD 1 2026-03-05 request 7
COMMIT 1 2026-03-05 request 7
HOLD 3 2026-03-06
EXPIRE 3 2026-03-06
GRANT 5 payment 1
HOLD 4 2026-03-07
COMMIT 4 2026-03-07
HOLD 3 2026-03-08
COMMIT 3 2026-03-08
TIER 0 FREE to PREMIUM
"""


async def test_the_quota_recipe_shows_what_it_says(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    await quota.main()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "while the picture is made 1 used, 1 of that held; 2 left of 3 a day",
        "when it is made 1 used, 0 of that held; 2 left of 3 a day",
        "after an error, no dragon today 1 used, 0 of that held; 2 left of 3 a day",
        "released, then committed RELEASED, RELEASED",
        "twenty callers 3 passed, 17 were refused",
        "the same hold, repeated True, True",
        "after both 1 used, 0 of that held; 2 left of 3 a day",
        "with another amount Conflict: this key was used with another amount",
        "6 minutes later 0 used, 0 of that held; 3 left of 3 a day",
        "a commit that comes too late EXPIRED",
        "with 5 more for a week 0 used, 0 of that held; 8 left of 3 a day and 5 granted",
        "of the 4 pictures, out of the grant 1",
        "after 4 pictures 4 used, 0 of that held; 4 left of 3 a day and 5 granted",
        "as PREMIUM 3 used, 0 of that held; 51 left of 50 a day and 4 granted",
        "31 days later, as FREE 0 used, 0 of that held; 3 left of 3 a day",
        'RateLimit-Policy "daily";q=3;w=86400',
        'RateLimit "daily";r=3;t=14040',
        "Retry-After 14040",
        "numbers that do not agree 0",
        "when somebody tampers with one daily_used is 0, by the ledger 3",
    ):
        assert line in lines
    # The order of their keys: of two in the same millisecond, made by the client and the server, either may be first.
    kinds = tuple(cm.QuotaEntryKind)
    assert sorted(line for line in lines if line.startswith(kinds)) == sorted(LEDGER.split("\n")[1:-1])


async def test_the_gallery_recipe_shows_what_it_says(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    await gallery_search.main()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "that was 4 of 7",
        "all pages together have 9",
        "on another query: The cursor was changed, or belongs to a query with another sort or other filters.",
        "Dame Rosalind Thorne",
        "Ruth and the Accordion",
        "Brannoc Ironkettle",
        "query names a style that is not known, at characters 7 to 19.",
        "REALISTIC 6, VINTAGE 2, MINIMALIST 1",
        "portrait 9, city 2, clock 1, craft 1, dawn 1",
        "Three-Line Fox: line art",
    ):
        assert line in lines
    best = next(line for line in lines if line.startswith("Dame Rosalind Thorne grey"))
    assert "<mark>knight</mark>" in best
    assert "<mark>goblins</mark>" in best


async def test_the_tags_recipe_shows_what_it_says(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    await tags.main()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "as typed Hero, knight , ICE Queen, hero",
        "as stored hero, knight, ice queen",
        "one more than ten InvalidInput: tags must be at most 10.",
        "tags that ten added at once 10",
        "popular hero 4, knight 3, armour 2",
        "popular as ANIME dragon 2, hero 1, ice queen 1",
        'after "kn" knight 3, knight errant 1',
        'after "dragn" dragon 2',
        "beside knight hero 3, armour 2, castle 1, knight errant 1",
        "a hero typed as heros hero",
        'after "heros" hero 5',
        "found by the alias 5",
        "rows so far 1, 2",
        "renamed 2",
        "castle by then fortress",
        "merged 2",
        "armour by then 2",
        "what a recount does not agree with 0",
    ):
        assert line in lines, line


async def test_the_generations_recipe_shows_what_it_says(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    await generations.main()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "the same order twice is one True, True",
        "on hold 1",
        "the character COMPLETED, https://images.example/1.png, {'seed': 7}",
        "four more QuotaExceeded: The quota of 3 a day has 2 left and 4 were asked for;"
        " it resets at 2026-03-03T00:00:00+00:00.",
        "served Cleo's, Ada's 1, Dan's, Ada's 2, Ada's 3",
        "attempt 2 failed PENDING",
        "attempt 3 failed FAILED",
        "used by then 0",
        "queued once more 1",
        "leases that ran out 1",
        "painter-1 comes back LeaseLost: Worker painter-1 no longer holds the lease on this job.",
        "attempts, rescues 2, 1",
        "cancelled while it waits CANCELLED",
        "cancelled while a worker is at it PROCESSING",
        "shall the worker go on False",
        "when the worker has given it up CANCELLED; used 0",
        "the webhook comes, and comes again True, False",
        "after it COMPLETED",
        "of each status PENDING 0, PROCESSING 0, COMPLETED 9, FAILED 0, CANCELLED 2",
        "rescues 2",
        "records deleted 11",
        "characters that stay 11",
        "numbers that do not agree 0",
    ):
        assert line in lines, line


async def test_the_audit_recipe_shows_what_it_says(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    await audit.main()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "PUBLISH by moderator request 7, is_public True",
        "UNPUBLISH by moderator request 7, is_public False",
        "of billing ['TIER', 'QUOTA', 'GRANT']",
        "of clumsy 0",
        "actor, and whether a role is known None, True",
        "the address before and after {'email': '***'}, {'email': '***'}",
        "deleted from characters *** (14 characters)",
        "deleted from quota_grants 20",
        "deleted from users",
        "TRUNCATE audit_entries audit_entries is append-only: an entry never changes, and goes by"
        " `charmodels audit prune` alone.",
        "older than a moment 9",
        "PRUNE by retention 9 entries",
    ):
        assert line in lines, line


def test_the_worker_recipe_shows_what_it_says(url: str, tmp_path: Path) -> None:
    done = run_as_script("worker.py", url, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "Fay asks for 'a fourth picture': QuotaExceeded, 3 a day",
        "the doomed one begins 'a castle at night', and its process dies",
        "It is nobody's now: 1 PROCESSING",
        "Of 5: 4 COMPLETED, 1 FAILED; rescues 1; success rate 0.80",
        "Fay: 2 used, 0 on hold, 1 left of 3 today",
        "Paul: 2 used, 0 on hold, 498 left of 500 today",
        "Pictures drawn 4, charged 4",
        "Numbers that do not agree with the ledger: 0",
    ):
        assert line in lines, line
    for row in (
        "Fay a fox in the snow COMPLETED 1 0 https://images.example/",
        "Fay a ship in the fog COMPLETED 2 0 https://images.example/",
        "Fay a company logo FAILED 1 0 The generation was rejected: the provider draws no logos.",
        "Paul a castle at night COMPLETED 2 1 https://images.example/",
        "Paul a knight at dawn COMPLETED 1 0 https://images.example/",
    ):
        assert any(line.startswith(row) for line in lines), row


async def test_the_quota_recipe_leaves_nothing(db: cm.Database, url: str) -> None:
    before = await databases(db)
    done = run("examples.quota", DATABASE_URL=url)
    assert (done.returncode, done.stderr) == (0, "")
    assert await left_over(db, before) == set()
    assert await cm.User.all().count() == 0


def run_as_script(script: str, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "DATABASE_URL": url}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / script)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.mark.parametrize(
    "script", ["quota.py", "gallery_search.py", "tags.py", "generations.py", "audit.py", "demo.py"]
)
def test_a_recipe_runs_as_a_script_from_anywhere(url: str, tmp_path: Path, script: str) -> None:
    done = run_as_script(script, url, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_server_it_brings_its_own() -> None:
    done = run("examples.quota")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 passed, 17 were refused" in done.stdout
