"""`charmodels setup` and `charmodels reset`."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Literal, TypeAlias

import typer

from charmodels import migrations, provisioning, seeds
from charmodels.cli import console, upkeep
from charmodels.cli.opening import actor, patient
from charmodels.context import request_context
from charmodels.database import connect
from charmodels.errors import CharmodelsError, ConfigurationError
from charmodels.settings import Settings

WAIT = 60.0
"""Seconds to wait for the server, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A step and what came of it."""

    name: str
    result: Literal["done", "kept", "skipped", "failed", "not run"]
    detail: str
    seconds: float = 0.0


_Work: TypeAlias = "Callable[[], Awaitable[_Step]]"


def setup(
    seed: Annotated[
        bool | None,
        typer.Option(
            "--seed/--no-seed", help="Write sample data. Not given: yes, except in production.", show_default=False
        ),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the server.")] = WAIT,
    json: console.Json = False,
) -> None:
    """Make the database ready: the one command to begin with.

    Waits for the server, creates the database if it is missing, applies the
    migrations, writes sample data, and checks the result. What is there is
    kept, so it can be run again, and by several at once. In production it
    writes no sample data. Exits with 1 at the first step that fails.

    \b
    Examples:
      charmodels setup
      charmodels setup --no-seed --wait 120
    """
    settings = Settings.resolve()
    if seed and settings.is_production:
        raise ConfigurationError(
            variable="APP_ENV", reason="is production, where no sample data is written", example="development"
        )
    wants_seed = not settings.is_production if seed is None else seed
    steps = console.finish(_setup(settings, wants_seed, wait))
    ok = all(step.result not in ("failed", "not run") for step in steps)
    if json:
        console.print_json({"ok": ok, "steps": [{**asdict(step), "seconds": round(step.seconds, 3)} for step in steps]})
    else:
        rows = [(step.name, step.result, step.detail) for step in steps]
        console.out.print(console.table("Step", "Result", "Detail", rows=rows))
    for step in steps:
        if step.result == "failed":
            console.fail(step.detail)
    if not ok:
        raise typer.Exit(1)


async def _setup(settings: Settings, wants_seed: bool, wait: float) -> list[_Step]:
    async def server() -> _Step:
        there = await provisioning.wait_for_server(settings, timeout=wait)
        return _Step("server", "done", "It answers." if there else "It answers; the database is missing.")

    async def database() -> _Step:
        made = await provisioning.create_database(settings)
        return _Step("database", "done", "Created.") if made else _Step("database", "kept", "It is there.")

    async def schema() -> _Step:
        applied = await migrations.upgrade(settings)
        if not applied:
            return _Step("migrations", "kept", "Nothing to apply.")
        return _Step("migrations", "done", f"Applied {len(applied)}, up to {applied[-1]}.")

    async def sample_data() -> _Step:
        if not wants_seed:
            return _Step("sample data", "skipped", "In production." if settings.is_production else "Not asked for.")
        with request_context(actor=actor()):
            async with connect(settings):
                report = await seeds.seed()
        if not report.created:
            return _Step("sample data", "kept", "It is there.")
        return _Step("sample data", "done", f"Wrote {report.created} rows.")

    work: dict[str, _Work] = {
        "server": server,
        "database": database,
        "migrations": schema,
        "sample data": sample_data,
        "check": lambda: _check(settings),
    }
    steps: list[_Step] = []
    for name, do in work.items():
        if steps and steps[-1].result in ("failed", "not run"):
            steps.append(_Step(name, "not run", ""))
            continue
        started = time.monotonic()
        with console.waiting(f"{name} ..."):
            try:
                step = await do()
            except ConfigurationError:
                raise  # nothing of the server's: the setting that is wrong is all there is to say
            except CharmodelsError as error:
                step = _Step(name, "failed", str(error))
        steps.append(_Step(step.name, step.result, step.detail, time.monotonic() - started))
    return steps


async def _check(settings: Settings) -> _Step:
    """Run the checks of `charmodels check`."""
    report = upkeep._Report(most=0)
    async with connect(patient(settings)) as database:
        for name, work in upkeep._CHECKS.items():
            try:
                await work(database, report)
            except CharmodelsError as error:
                raise CharmodelsError(f"{name}: {error}") from error
    return _Step("check", "done", f"All {len(upkeep._CHECKS)} are well; `charmodels check` shows them.")


def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: console.Json = False,
) -> None:
    """Drop everything in the schema, and migrate anew.

    All rows are lost, the audit trail's too, and so are tables of others in
    the same schema. Says what is lost and asks first. Refuses in production,
    whatever it is told.

    \b
    Examples:
      charmodels reset
      charmodels reset --yes && charmodels seed
    """
    settings = Settings.resolve()
    provisioning.refuse_in_production(settings)
    if not yes:
        _confirm(settings)
    dropped = console.finish(provisioning.reset(settings, force=True))
    applied = len(migrations.versions())
    if json:
        console.print_json({"dropped": dropped, "applied": applied})
    else:
        console.say(f"Dropped {dropped} tables and applied {applied} migrations.")


def _confirm(settings: Settings) -> None:
    found = console.finish(provisioning.contents(settings))
    lost = f"drops {provisioning.describe(found)}, with all rows" if found else "finds nothing to drop"
    if not sys.stdin.isatty():
        console.fail(f"A reset {lost}; without a terminal to ask at, it wants --yes.")
        raise typer.Exit(1)
    if not console.confirm(f"This {lost}. Go on?"):
        console.fail("Nothing was reset.")
        raise typer.Exit(1)
