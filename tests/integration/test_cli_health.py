"""`charmodels health`, as a process of its own."""

from __future__ import annotations

import json

import charmodels as cm
from tests import servers
from tests.integration.test_cli import SECRET, run, with_password

PATIENT = {"HEALTH_TIMEOUT": "30", "HEALTH_LATENCY": "30"}


def test_a_database_that_is_well(url: str) -> None:
    done = run("health", url=with_password(url), **PATIENT)
    assert (done.returncode, done.stderr) == (0, "")
    rows = dict(line.rstrip().split(maxsplit=1) for line in done.stdout.splitlines()[1:])
    assert (rows["status"], rows["ready"]) == ("healthy", "yes")
    assert rows["server"].startswith("PostgreSQL ")
    assert rows["migrations"] == f"{len(cm.migrations.versions())} applied"


def test_as_json(url: str) -> None:
    done = run("health", "--json", url=with_password(url), **PATIENT)
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"], report["ready"], report["problems"]) == (0, "healthy", True, [])


def test_what_is_wrong_is_said_and_exits_with_1(empty_url: str) -> None:
    done = run("health", url=empty_url, **PATIENT)
    assert (done.returncode, done.stderr) == (1, "")
    assert "migrations are pending" in done.stdout.splitlines()[-1]


async def test_what_is_degraded_and_ready_exits_with_0(url: str) -> None:
    await servers.execute(url, "DROP EXTENSION pg_trgm CASCADE")
    done = run("health", url=url, **PATIENT)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("The extension pg_trgm is missing")


def test_a_server_that_is_not_there_is_a_report() -> None:
    done = run("health", "--json", url=f"postgresql://app:{SECRET}@127.0.0.1:1/none")
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (report["status"], report["live"], report["ready"]) == ("unhealthy", True, False)


def test_settings_that_are_wrong_are_an_error() -> None:
    done = run("health")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: DATABASE_URL is not set.")
