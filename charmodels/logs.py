"""Logs to read in development and to process in production, of this library and of all others in the process.

The library itself logs under `charmodels.*` with standard `logging`, and sets up nothing. `configure_logging` does, for
those who want it (extra: logs).
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from charmodels.context import current_request
from charmodels.errors import ConfigurationError
from charmodels.settings import Settings

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

_CREDENTIALS = re.compile(r"(?<=://)[^\s/@\"']*:[^\s/@\"']*(?=@)")
_SECRET_NAME = re.compile(r"pass(word|wd)|secret|token|authorization|api_?key|cursor_key|database_url|\bdsn\b", re.I)
_MASK = "***"
_SHORTEST_SECRET = 4
"""Characters of a secret that is looked for in what is written: a shorter one would blot out harmless words."""


_CORRELATION = ("actor", "request_id", "trace_id", "span_id")


class RequestFilter(logging.Filter):
    """Gives every record the request that it belongs to: `actor`, `request_id`, `trace_id`, `span_id`, or None.

    `configure_logging` uses it. With handlers of your own, add it to them:

    Example:
        >>> handler = logging.StreamHandler()
        >>> handler.addFilter(RequestFilter())
        >>> handler.setFormatter(logging.Formatter("%(levelname)s [%(request_id)s] %(message)s"))
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes; keep every record."""
        request = current_request()
        record.actor, record.request_id = request.actor, request.request_id
        record.trace_id, record.span_id = _span()
        return True


def _span() -> tuple[str | None, str | None]:
    """The ids of the span that the code runs in, where OpenTelemetry is in use."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None, None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None, None
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)


class _Handler(logging.StreamHandler[TextIO]):
    """The handler that `configure_logging` made, to be known again."""


def configure_logging(settings: Settings | str | None = None, *, stream: TextIO | None = None) -> None:
    """Write all log records of the process to stderr: text in development, a line of JSON each in production.

    One handler at the root, so whatever other libraries log comes out the same way. Called again it replaces that
    handler; handlers of yours stay. LOG_LEVEL says how much the loggers under `charmodels` say, LOG_FORMAT how it is
    written; others say INFO at most. structlog's own loggers, unless you have configured it, write there too.

    Arguments:
        settings: settings, a database URL, or None for the environment.
        stream: where to write; None for stderr. Colours show only on a terminal.

    Raises:
        ConfigurationError: structlog is not installed, or a setting is wrong.

    Example:
        >>> def main() -> None:
        ...     configure_logging(Settings(app_env="production"))
    """
    try:
        import structlog
    except ImportError as error:
        raise ConfigurationError(reason="Setting up logs needs an extra: pip install 'charmodels[logs]'") from error
    resolved = Settings.resolve(settings)
    handler = _Handler(stream or sys.stderr)
    handler.addFilter(RequestFilter())
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                _tidy,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(resolved, is_terminal=handler.stream.isatty()),
                _masking(resolved),
            ],
        )
    )
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                *before[:3],
                structlog.stdlib.PositionalArgumentsFormatter(),
                before[-1],
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
        )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[resolved.effective_log_level]
    logging.getLogger("charmodels").setLevel(level)
    root.setLevel(max(level, logging.INFO))


def _rendering(settings: Settings, *, is_terminal: bool) -> Sequence[Processor]:
    """The last steps: exceptions, and the line itself."""
    import structlog

    exceptions = _exceptions(hides=settings.is_production)
    if settings.effective_log_format == "json":
        return [exceptions, structlog.processors.JSONRenderer(default=str)]
    renderer = structlog.dev.ConsoleRenderer(
        colors=is_terminal, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
    return [exceptions, _in_words, renderer] if settings.is_production else [renderer]


def _tidy(logger: Any, method: str, record: EventDict) -> EventDict:
    """Name events by their name, leave out what nobody said, mask what is called a secret."""
    for key in _CORRELATION:  # which structlog's own records have not got from the filter
        record.setdefault(key, getattr(record["_record"], key, None))
    if not record["_from_structlog"]:
        for key in ("message", "asctime"):  # what the formatter of another handler left in the record
            record.pop(key, None)
    name = record.pop("event_name", None)
    if name is not None:
        record["event"] = name
    for key, value in list(record.items()):
        if value is None and key != "event":
            del record[key]
        elif key != "event" and _SECRET_NAME.search(key):
            record[key] = _MASK
    return record


def _exceptions(*, hides: bool) -> Processor:
    """Make fields of an exception: the chain of its types, words and frames.

    Arguments:
        hides: leave out what the driver and the server say: they quote values.
    """
    from structlog.tracebacks import ExceptionDictTransformer

    transform = ExceptionDictTransformer(show_locals=False, max_frames=20)

    def process(logger: Any, method: str, record: EventDict) -> EventDict:
        given = record.pop("exc_info", None)
        if not given:
            return record
        if isinstance(given, BaseException):
            given = type(given), given, given.__traceback__
        elif not isinstance(given, tuple):
            given = sys.exc_info()
        if given[1] is None:
            return record
        hidden = _drivers(given[1]) if hides else set()
        record["exception"] = [_brief(each, hidden) for each in transform(given)]
        return record

    return process


def _in_words(logger: Any, method: str, record: EventDict) -> EventDict:
    """Write the fields of an exception as text, the last one of the chain last."""
    if "exception" in record:
        record["exception"] = "\n".join(_words(record["exception"]))
    return record


def _words(chain: Sequence[Mapping[str, Any]], indent: str = "") -> Iterator[str]:
    for each in reversed(chain):
        yield from (f"{indent}  {frame}" for frame in each["frames"])
        yield f"{indent}{each['type']}: {each['message']}"
        for inner in each.get("exceptions", ()):
            yield from _words(inner, f"{indent}    ")


def _brief(stack: Mapping[str, Any], hidden: set[str]) -> dict[str, Any]:
    """What is worth keeping of one exception of a chain."""
    kind = stack["exc_type"]
    brief: dict[str, Any] = {
        "type": kind,
        "message": "(what the driver says may quote values)" if kind in hidden else stack["exc_value"],
        "frames": [f"{frame['filename']}:{frame['lineno']} in {frame['name']}" for frame in stack["frames"]],
    }
    if stack.get("is_group"):
        brief["exceptions"] = [[_brief(each, hidden) for each in chain] for chain in stack["exceptions"]]
    return brief


def _drivers(error: BaseException | None, seen: set[int] | None = None) -> set[str]:
    """The names of the driver's classes among an error, its causes and what it groups."""
    seen = set() if seen is None else seen
    if error is None or id(error) in seen:
        return set()
    seen.add(id(error))
    found = {type(error).__name__} if type(error).__module__.startswith("asyncpg") else set()
    grouped = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return found.union(*(_drivers(each, seen) for each in (error.__cause__, error.__context__, *grouped)))


def _masking(settings: Settings) -> Processor:
    """Blot out the settings' secrets, and the credentials of any address, in the finished line."""
    given = [settings.db_password, settings.cursor_key, settings.database_url]
    secrets = {each.get_secret_value() for each in given if each is not None}
    if settings.database_url is not None and (password := settings.address.password):
        secrets.add(password)
    written = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])}
    longest_first = sorted((form for form in written if len(form) >= _SHORTEST_SECRET), key=len, reverse=True)

    def mask(logger: Any, method: str, line: Any) -> str:
        for secret in longest_first:
            line = line.replace(secret, _MASK)
        return _CREDENTIALS.sub(_MASK, line)

    return mask
