"""`charmodels shell`."""

from __future__ import annotations

import ast
import asyncio
import code
import concurrent.futures
import inspect
import sys
import threading
import warnings
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context, copy_context
from datetime import UTC, datetime, timedelta
from types import CodeType, FunctionType
from typing import Annotated, Any
from uuid import UUID

import typer

import charmodels as cm
from charmodels.cli import console
from charmodels.cli.opening import actor
from charmodels.context import request_context
from charmodels.database import Database, connect
from charmodels.errors import CharmodelsError
from charmodels.settings import Settings

_FILE = "<charmodels>"
_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class _ReadOnly(Settings):
    """Settings by which every transaction of every connection only reads, unless it says otherwise."""

    def connect_arguments(self) -> dict[str, Any]:
        arguments = super().connect_arguments()
        arguments["server_settings"]["default_transaction_read_only"] = "on"
        return arguments


def shell(
    command: Annotated[
        str | None, typer.Option("--command", "-c", metavar="CODE", help="Run this and exit, instead of asking.")
    ] = None,
    read_only: Annotated[
        bool | None,
        typer.Option(
            "--read-only/--write", help="Whether the server refuses to write. In production it does unless asked."
        ),
    ] = None,
) -> None:
    """Open a Python prompt with the database open.

    `await` works at the prompt. There are cm, which is charmodels, db, which
    is the open database, and the models: User, Character and so on. With
    code, or with input that is no terminal, it runs that and exits; with 1
    if it raised something.

    \b
    Examples:
      charmodels shell
      charmodels shell -c "await User.objects.count()"
      charmodels shell --write < repair.py
    """
    settings = Settings.resolve()
    only_reads = settings.is_production if read_only is None else read_only
    if only_reads:
        settings = _ReadOnly.resolve()
    text = command
    if text is None and not sys.stdin.isatty():
        text = sys.stdin.read()
    with request_context(actor=actor()):
        failed = _Session(settings, only_reads).run(text)
    if failed:
        raise typer.Exit(1)


class _Session:
    """An event loop with an open database in it, and the names that the code sees."""

    def __init__(self, settings: Settings, only_reads: bool) -> None:
        self.database = connect(settings)
        self.only_reads = only_reads
        self.loop = asyncio.new_event_loop()
        self.context = copy_context()
        self.names = _names(self.database)

    def run(self, text: str | None) -> bool:
        """Run code, or let somebody type some.

        Arguments:
            text: the code, or None.

        Returns:
            Whether the code raised something.
        """
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._in_context(self.database.open()))
            return self._ask() if text is None else self._run(text)
        except KeyboardInterrupt:
            console.fail("Interrupted.")
            raise typer.Exit(130) from None
        finally:
            self._end()

    def _in_context(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Make a task that sees, and leaves, what the code before it set."""
        return self.loop.create_task(work, context=self.context)

    def _run(self, text: str) -> bool:
        try:
            compiled = compiled_with_await(text)
            found = self.context.run(FunctionType(compiled, self.names))
            if inspect.iscoroutine(found):
                self.loop.run_until_complete(self._in_context(found))
        except CharmodelsError as error:
            console.fail(str(error))
            return True
        except SystemExit as end:
            if isinstance(end.code, str):
                console.fail(end.code)
            return end.code not in (None, 0)
        except Exception as error:
            _show(error)
            return True
        return False

    def _ask(self) -> bool:
        """Have a thread ask for code, which runs here: so an interrupt reaches both."""
        asker = _Console(self.names, self.loop, self.context)
        thread = threading.Thread(target=self._interact, args=(asker,), daemon=True)
        with suppress(ImportError):
            import readline  # noqa: F401 - lines can be edited, and come back
        thread.start()
        while True:
            try:
                self.loop.run_forever()
            except KeyboardInterrupt:
                asker.interrupt()
            else:
                return False

    def _interact(self, asker: _Console) -> None:
        try:
            asker.interact(banner=self._banner(), exitmsg="")
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what was never awaited: who leaves knows
            self.loop.call_soon_threadsafe(self.loop.stop)

    def _banner(self) -> str:
        writes = "every transaction only reads" if self.only_reads else "transactions may write"
        where = self.database.settings.app_env.value
        return (
            f"charmodels {cm.__version__}, {where}: {writes}.\n"
            "There are cm, db and the models; await works, as in: await User.objects.count()"
        )

    def _end(self) -> None:
        try:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(self._in_context(self._close()))
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()

    async def _close(self) -> None:
        try:
            await self.database.close()
        except CharmodelsError:  # a transaction was left open: it goes with its connection
            client = self.database._client
            if client is not None and client._pool is not None:
                client._pool.terminate()


class _Console(code.InteractiveConsole):
    """Asks in its thread, and runs what it reads in that of the event loop."""

    def __init__(self, names: dict[str, Any], loop: asyncio.AbstractEventLoop, context: Context) -> None:
        super().__init__(names, filename=_FILE)
        self.compile.compiler.flags |= _AWAIT
        self._loop = loop
        self._context = context
        self._task: asyncio.Task[Any] | None = None

    def interrupt(self) -> None:
        """Cancel what runs."""
        if self._task is not None:
            self._task.cancel()

    def runcode(self, code: CodeType) -> None:
        """Run one input in the loop, and wait for it."""
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def begin() -> None:
            try:
                found = FunctionType(code, self.locals)()
            except BaseException as error:
                done.set_exception(error)
                return
            if not inspect.iscoroutine(found):
                done.set_result(None)
                return
            self._task = self._loop.create_task(found, context=self._context)
            self._task.add_done_callback(finish)

        def finish(task: asyncio.Task[Any]) -> None:
            self._task = None
            if task.cancelled():
                done.set_exception(KeyboardInterrupt())
            elif (error := task.exception()) is not None:
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(begin, context=self._context)
        try:
            done.result()
        except SystemExit:
            raise
        except KeyboardInterrupt:
            self.write("\nKeyboardInterrupt\n")
        except BaseException:
            self.showtraceback()


def compiled_with_await(text: str) -> CodeType:
    """Compile code that may await, and that prints what its expressions give, as a prompt does.

    Arguments:
        text: statements.

    Returns:
        What runs it; called, it may give a coroutine.

    Raises:
        SyntaxError: it is no Python.
    """
    tree = ast.parse(text, _FILE)
    return compile(ast.Interactive(tree.body), _FILE, "single", flags=_AWAIT)  # type: ignore[no-any-return]


def _names(database: Database) -> dict[str, Any]:
    """What the code finds."""
    models = {
        name: value
        for name, value in ((name, getattr(cm, name)) for name in cm.__all__)
        if isinstance(value, type) and issubclass(value, (cm.Model, *_ENUMS))
    }
    tools = {"asyncio": asyncio, "UTC": UTC, "UUID": UUID, "datetime": datetime, "timedelta": timedelta}
    return {"__name__": "__console__", "__builtins__": __builtins__, **tools, **models, "cm": cm, "db": database}


_ENUMS = (cm.GenerationStatus, cm.HoldState, cm.QuotaEntryKind, cm.StyleType, cm.SubscriptionTier)


def _show(error: BaseException) -> None:
    """Print a traceback that begins with the code that was given."""
    import traceback

    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != _FILE:
        trace = trace.tb_next
    sys.stderr.write("".join(traceback.format_exception(type(error), error, trace, chain=False)))
