"""A small ASGI app that tells how the process and its database are. Any framework mounts it; it needs none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from charmodels import health, metrics
from charmodels.database import Database
from charmodels.errors import CharmodelsError, InvalidInput
from charmodels.health import check_health
from charmodels.health_report import HealthReport

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


class HealthApp:
    """The ASGI app that `health_app` makes.

    Arguments:
        database: to tell of; None for the one that is open in the process.
        details: show the whole report.
        max_age: seconds for which a report serves.
    """

    def __init__(self, database: Database | None, *, details: bool, max_age: float) -> None:
        self.database = database
        self.details = details
        self.max_age = max_age
        self._asking: asyncio.Task[HealthReport] | None = None
        self._pages: dict[str, Callable[[], Awaitable[tuple[int, str, bytes]]]] = {
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI 3 has it.

        Arguments:
            scope: of a request, a web socket (which is refused) or a lifespan (in which nothing is done).
            receive: gives what comes in.
            send: takes what goes out.
        """
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._answer(scope, send)

    async def _answer(self, scope: Scope, send: Send) -> None:
        more: list[tuple[bytes, bytes]] = []
        page = self._pages.get(_path(scope))
        if page is None:
            status, kind, body = _error(404, f"There is no such page; there are {', '.join(self._pages)}.")
        elif scope["method"] not in ("GET", "HEAD"):
            status, kind, body = _error(405, "This page can be asked for with GET and HEAD.")
            more = [(b"allow", b"GET, HEAD")]
        else:
            status, kind, body = await page()
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *more,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _livez(self) -> tuple[int, str, bytes]:
        return 200, JSON, _json({"live": True})

    async def _readyz(self) -> tuple[int, str, bytes]:
        report = await self._report()
        shown = report.as_dict() if self.details else {"status": report.status.value, "ready": report.ready}
        return 200 if report.ready else 503, JSON, _json(shown)

    async def _metrics(self) -> tuple[int, str, bytes]:
        try:
            return 200, metrics.CONTENT_TYPE, metrics.prometheus_text()
        except CharmodelsError as error:
            return 503, TEXT, f"{error}\n".encode()

    async def _report(self) -> HealthReport:
        """A report that is fresh enough; those who ask meanwhile share one check."""
        known = health.latest(self.database, max_age=self.max_age)
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        if self._asking is None or self._asking.done() or self._asking.get_loop() is not loop:
            self._asking = loop.create_task(check_health(self.database))
        return await asyncio.shield(self._asking)  # it goes on when one who asks goes away


def health_app(database: Database | None = None, *, details: bool = True, max_age: float = 1.0) -> HealthApp:
    """Make an ASGI app with three pages, for GET and HEAD.

    `/livez` answers 200 as long as the process can answer at all, and asks the database nothing. `/readyz` answers 200
    where the report of `check_health` is ready, else 503, with the report as JSON. `/metrics` gives the text for
    Prometheus, or 503 and a sentence where METRICS is off, its extra is missing or no database is open.

    Arguments:
        database: to tell of; None for the one that is open in the process, at the time of each request.
        details: show the whole report; False for status and ready alone, where strangers can ask.
        max_age: seconds for which a report serves, so that many who ask cost the database little; 0 for not at all.

    Returns:
        It, to be mounted, or to be served by itself.

    Raises:
        InvalidInput: `max_age` is not a number of at least 0.

    Example:
        >>> from starlette.applications import Starlette
        >>> from starlette.routing import Mount
        >>> app = Starlette(routes=[Mount("/health", health_app())])
    """
    if isinstance(max_age, bool) or not isinstance(max_age, int | float) or not max_age >= 0:
        raise InvalidInput(field="max_age", reason="must be a number of seconds, at least 0")
    return HealthApp(database, details=details, max_age=max_age)


def _path(scope: Scope) -> str:
    """The path below where the app is mounted: some frameworks cut it off, others leave that to the app."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    if root and path.startswith(f"{root}/"):
        path = path[len(root) :]
    return path.rstrip("/")


def _error(status: int, sentence: str) -> tuple[int, str, bytes]:
    return status, JSON, _json({"error": sentence})


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


async def _live(receive: Receive, send: Send) -> None:
    """Start and stop with a server that serves this app by itself; there is nothing to do."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
