"""The benchmarks run, in a tiny configuration: every contender gives the same rows, and figures come out."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg
import pytest

import charmodels as cm

pytest.importorskip("sqlalchemy.ext.asyncio", reason="the extra `benchmarks` is not installed", exc_type=ImportError)
pytest.importorskip("procrastinate", reason="the extra `benchmarks` is not installed", exc_type=ImportError)
pytest.importorskip("pgqueuer", reason="the extra `benchmarks` is not installed", exc_type=ImportError)

from benchmarks import (
    audit,
    compare,
    contenders,
    gallery,
    gallery_contenders,
    gallery_report,
    gallery_rows,
    gallery_throughput,
    generations,
    generations_report,
    generations_rows,
    imports,
    monitoring,
    pages,
    publishing,
    quota,
    quota_contenders,
    rows,
    web,
)
from tests import servers

TINY = pages.Plan(characters=60, rounds=2, requests=2, concurrency=(1, 2), pool=2)
TINY_GALLERY = gallery.Plan(characters=2000, fewer=1000, rounds=1, requests=2, old_rounds=1, concurrency=2, only=())
TINY_QUEUE = generations.Plan(pending=8000, workers=(1,), seconds=0.1, rounds=1, finished=(0, 20), waiting=40, claims=2)
TINY_QUOTA = quota.Plan(users=12, rounds=2, requests=4, concurrency=2)


async def test_pages_are_measured_for_every_contender(server_url: str, tmp_path: Path) -> None:
    async with rows.database(server_url, TINY.characters) as url:
        figures = await pages.measure(url, TINY)
    done = [(figure.task, figure.concurrency) for figure in figures if figure.contender == contenders.OURS]
    assert done == [("page", 1), ("page", 2), ("get", 1), ("get", 2)]
    assert len({figure.contender for figure in figures}) == 5
    assert {figure.ratio for figure in figures if figure.contender == contenders.BASELINE} == {
        compare.Ratio(1.0, 1.0, 1.0)
    }
    assert pages.table(figures).count(contenders.OURS) == 4
    compare.write(tmp_path / "results" / "pages.json", {"figures": figures})
    assert len(json.loads((tmp_path / "results" / "pages.json").read_text())["figures"]) == len(figures)


async def test_the_cost_of_monitoring_is_measured(server_url: str) -> None:
    plan = monitoring.Plan(characters=60, rounds=2, requests=2, concurrency=(1, 2), pool=2)
    async with rows.database(server_url, plan.characters) as url:
        figures = await monitoring.measure(url, plan)
    assert [figure.contender for figure in figures] == [
        monitoring.OFF, monitoring.METRICS, monitoring.OPENTELEMETRY
    ] * 4  # fmt: skip
    assert monitoring.table(figures).count(monitoring.METRICS) == 4


async def test_the_cost_of_the_audit_trail_is_measured(server_url: str) -> None:
    plan = audit.Plan(rounds=2, requests=2, concurrency=(1, 2))
    async with rows.migrated(server_url) as url:
        figures = await audit.measure(url, plan)
    assert [figure.contender for figure in figures] == list(audit.CONTENDERS) * 2 * len(audit.TASKS)
    assert {str(each.ratio) for each in figures if each.contender == audit.WITHOUT} == {"1.00 (1.00 to 1.00)"}
    assert audit.table(figures).count(audit.SAID) == 2 * len(audit.TASKS)


async def test_the_web_app_is_put_under_load(server_url: str) -> None:
    plan = web.Plan(characters=500, clients=6, pool=3)
    async with rows.migrated(server_url) as url:
        async with cm.connect(cm.Settings(database_url=url, db_pool_max=2)):
            await cm.populate(plan.characters, seed=1)
            users = [str((await cm.User.create(email=f"v{number}@example.com")).id) for number in range(plan.clients)]
        load = await web.burden(web.EXAMPLE, url, plan, 1.0, web.visit, users)
    assert load.requests > plan.clients
    assert {status for statuses in load.statuses.values() for status in statuses} <= {200, 202, 429}
    assert 1 <= load.connections <= plan.pool
    assert "none failed" in web.table(web.Figures(load, load, load, load), plan)
    assert web.summary(web.Figures(load, load, load, load))["mix"]


async def test_contenders_that_disagree_are_found_out(server_url: str) -> None:
    async with rows.database(server_url, TINY.characters) as url:
        settings = pages.cm.Settings(database_url=url, db_pool_max=2)
        async with contenders.charmodels(settings) as ours:
            key = next(iter(await ours.page())).id

            async def none() -> list[object]:
                return []

            other = contenders.Contender("other", none, ours.get, ours.id_of)
            with pytest.raises(AssertionError, match="other gives other rows than charmodels"):
                await pages._verify([ours, other], key)


async def test_the_quota_is_measured_for_every_contender(server_url: str, tmp_path: Path) -> None:
    async with rows.migrated(server_url) as url:
        report = await quota.measure(url, TINY_QUOTA)
    done = [figure.task for figure in report.figures if figure.contender == quota_contenders.OURS]
    assert done == [task.name for task in quota.TASKS]
    assert len(report.figures) == 4 * 4 + 2 * 2
    exact = {name: count for name, count in report.admitted.items() if name != quota_contenders.ORM}
    assert exact == dict.fromkeys((quota_contenders.OURS, quota_contenders.BARE, quota_contenders.BY_HAND), 50)
    assert report.admitted[quota_contenders.ORM] >= 50
    assert {str(figure.ratio) for figure in report.figures if figure.contender == figure.baseline} == {
        "1.00 (1.00 to 1.00)"
    }
    assert quota.table(report, TINY_QUOTA.concurrency).count(quota_contenders.OURS) == len(quota.TASKS) + 1
    compare.write(tmp_path / "quota.json", {"reports": {"asyncio": report}})
    assert json.loads((tmp_path / "quota.json").read_text())["reports"]["asyncio"]["admitted"] == report.admitted


async def test_publishing_is_measured_with_and_without_the_trigger(server_url: str) -> None:
    plan = publishing.Plan(rounds=2, rows=6, concurrency=2)
    async with rows.migrated(server_url) as url:
        figures = await publishing.measure(url, plan)
    assert [(figure.task, figure.contender) for figure in figures] == [
        (task, contender)
        for task in ("insert private", "insert public", "publish")
        for contender in (publishing.WITH, publishing.WITHOUT)
    ]
    assert {str(each.ratio) for each in figures if each.contender == publishing.WITHOUT} == {"1.00 (1.00 to 1.00)"}
    assert publishing.table(figures, plan).count("\n") == 6


async def test_a_ledger_that_does_not_agree_is_found_out(server_url: str) -> None:
    async with rows.migrated(server_url) as url, quota_contenders.charmodels(cm.Settings(database_url=url)) as ours:
        user = await cm.User.create(email="ada@example.com")
        assert await ours.reserve(user.id, quota_contenders.PLENTY)
        nobody = quota_contenders.Users([], [], user.id)
        users = {quota_contenders.BARE: nobody, quota_contenders.ORM: nobody}
        keeper = await asyncpg.connect(**cm.Settings(database_url=url).connect_arguments())
        try:
            with pytest.raises(AssertionError, match="The ledger does not agree"):
                await quota._audit(keeper, users)
        finally:
            await keeper.close()


async def test_the_gallery_is_measured_for_every_contender(server_url: str, tmp_path: Path) -> None:
    few = gallery_rows.database(server_url, TINY_GALLERY.fewer, old=False)
    async with gallery_rows.database(server_url, TINY_GALLERY.characters) as url, few as fewer_url:
        figures, probes = await gallery.measure(url, TINY_GALLERY)
        growths = await gallery.measure_growth(fewer_url, url, TINY_GALLERY)
        speeds = await gallery_throughput.measure(url, probes, 2, 2, loop="asyncio")
        plan = await gallery.explain(url, "trap: word")
    report = gallery_report.Report(figures, growths, speeds, probes)
    ours = gallery_contenders.OURS
    there = {figure.task for figure in figures if ours in figure.milliseconds}
    assert {"newest", "rare word, common tag", "trap: tag", "10 % word, ranked, page 2", "one user's own page"} <= there
    assert there == {growth.task for growth in growths}
    old = {gallery_report.OLD_BARE, gallery_report.OLD_INDEXED}
    assert all(old <= figure.milliseconds.keys() for figure in figures)
    assert all(old <= figure.ratios.keys() for figure in figures if figure.task in there)
    assert len(speeds) == 6
    assert "planned for any values" in plan
    assert "Execution Time" in plan
    tables = gallery_report.tables(report)
    assert all(figure.task in tables for figure in figures)
    compare.write(tmp_path / "gallery.json", {"report": report})
    assert len(json.loads((tmp_path / "gallery.json").read_text())["report"]["figures"]) == len(figures)


async def test_a_gallery_that_is_kept_is_found_again(server_url: str) -> None:
    try:
        async with gallery_rows.database(server_url, 20, keep=True, old=False) as url, cm.connect(url):
            await cm.User.create(email="ada@example.com")
        async with gallery_rows.database(server_url, 20, keep=True, old=False) as url, cm.connect(url):
            assert await cm.User.filter(email="ada@example.com").exists()
            assert await cm.Character.objects.count() == 20
    finally:
        await servers.drop(server_url, servers.with_database(server_url, "benchmark_gallery_20"))


async def test_the_queue_is_measured_for_every_contender(server_url: str) -> None:
    names = ["charmodels, 10 a claim", "procrastinate", "pgqueuer, 10 a batch"]
    async with rows.migrated(server_url) as url:
        throughput = await generations.measure_throughput(url, names, TINY_QUEUE)
    async with rows.migrated(server_url) as url:
        latency = await generations.measure_latency(url, names, TINY_QUEUE)
    assert [figure.contender for figure in throughput] == names
    assert all(figure.jobs > 0 for figure in throughput)
    assert [figure.finished for figure in latency] == [0] * len(names) + [20] * len(names)
    table = generations_report.table(generations_report.Report(throughput, latency), TINY_QUEUE.pending)
    assert table.count("procrastinate  ") >= 3


async def test_requests_that_are_put_into_the_queue_leave_books_that_agree(server_url: str) -> None:
    queue = generations_rows.CHARMODELS
    async with rows.migrated(server_url) as url:
        keeper = await gallery_rows.opened(url)
        try:
            assert await queue.fill(keeper, 30) == 0
            await queue.remember(keeper, 20)
            assert await queue.fill(keeper, 40) == 30
            assert await keeper.fetchval(queue.finished) == 20
        finally:
            await keeper.close()
        async with cm.connect(url):
            assert await cm.QuotaEntry.objects.discrepancies() == []


def test_each_contender_comes_first_in_turn() -> None:
    assert list(compare.turns(["a", "b", "c"], 4)) == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_ratios_are_taken_round_by_round() -> None:
    assert compare.ratio([4.0, 40.0, 6.0], [2.0, 10.0, 6.0]) == compare.Ratio(median=2.0, least=1.0, greatest=4.0)


def test_imports_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imports.main(["--rounds", "1", "--output", str(tmp_path / "imports.json")])
    report = json.loads((tmp_path / "imports.json").read_text())
    assert set(report["seconds"]) == {"nothing", "dependencies", "charmodels"}
    assert report["ratio"]["median"] > 0
    assert "times what its dependencies take" in capsys.readouterr().out
