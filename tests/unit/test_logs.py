"""What `configure_logging` makes of the records of a process."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import charmodels as cm
from charmodels import events, logs

structlog = pytest.importorskip("structlog", reason="the extra `logs` is not installed")
asyncpg = pytest.importorskip("asyncpg")

URL = "postgresql://app:hunter2%22is%20it@db.example.com/charmodels"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging as it was, for whoever comes next."""
    root, own = logging.getLogger(), logging.getLogger("charmodels")
    handlers, levels = root.handlers[:], (root.level, own.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    structlog.reset_defaults()


def configured(environment: str, **settings: Any) -> io.StringIO:
    stream = io.StringIO()
    cm.configure_logging(cm.Settings(database_url=URL, app_env=environment, **settings), stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_production_writes_a_line_of_json_each_warnings_and_errors_only() -> None:
    stream = configured("production")
    for level in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("charmodels.database"), level)("Said at %s", level)
        getattr(logging.getLogger("another.library"), level)("Said at %s", level)
    found = [(each["logger"], each["level"], each["event"]) for each in lines(stream)]
    assert found == [
        (logger, level, f"Said at {level}")
        for level in ("warning", "error")
        for logger in ("charmodels.database", "another.library")
    ]
    assert all(each["timestamp"].endswith("Z") for each in lines(stream))


def test_development_is_for_reading_with_statements_and_without_colours_in_a_file() -> None:
    stream = configured("development")
    logging.getLogger("charmodels.statements").debug("SELECT 1")
    logging.getLogger("another.library").debug("chatter")
    logging.getLogger("another.library").info("news")
    shown = stream.getvalue()
    assert "SELECT" in shown
    assert "news" in shown
    assert "chatter" not in shown
    assert "\x1b" not in shown


def test_colours_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    cm.configure_logging(cm.Settings(app_env="development"), stream=stream)
    logging.getLogger("charmodels").info("news")
    assert "\x1b[" in stream.getvalue()


@pytest.mark.parametrize(
    ("environment", "level", "expected"),
    [
        ("production", None, ["WARNING", "ERROR"]),
        ("test", None, ["WARNING", "ERROR"]),
        ("development", None, ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ("production", "info", ["INFO", "WARNING", "ERROR"]),
        ("production", "DEBUG", ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ("development", "ERROR", ["ERROR"]),
    ],
)
def test_the_level_goes_with_the_environment_unless_log_level_says_so(
    environment: str, level: str | None, expected: list[str]
) -> None:
    stream = configured(environment, log_level=level, log_format="json")
    for name in ("DEBUG", "INFO", "WARNING", "ERROR"):
        logging.getLogger("charmodels.worker").log(logging.getLevelName(name), "said")
    assert [each["level"].upper() for each in lines(stream)] == expected


def test_a_second_call_replaces_the_first_and_leaves_other_handlers() -> None:
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    first, second = configured("production"), configured("production")
    logging.getLogger("charmodels").warning("once")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1
    handlers = logging.getLogger().handlers
    assert other in handlers
    assert len([each for each in handlers if isinstance(each, logs._Handler)]) == 1


def test_an_exception_is_fields_with_its_cause() -> None:
    stream = configured("production")
    try:
        try:
            raise KeyError("tag")
        except KeyError as error:
            raise cm.NotFound(model="Character") from error
    except cm.NotFound:
        logging.getLogger("charmodels").exception("It failed")
    [line] = lines(stream)
    first, cause = line["exception"]
    assert (first["type"], first["message"]) == ("NotFound", "There is no such Character.")
    assert (cause["type"], cause["message"]) == ("KeyError", "'tag'")
    assert "test_logs.py" in first["frames"][-1]
    assert line["event"] == "It failed"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_in_production_the_driver_s_words_are_left_out(log_format: str) -> None:
    stream = configured("production", log_format=log_format)
    try:
        try:
            raise asyncpg.DataError("invalid input for query argument $1: 'ada@example.com'")
        except asyncpg.DataError as error:
            raise ExceptionGroup("some", [cm.InvalidInput(field="email", reason="is wrong"), error]) from error
    except ExceptionGroup:
        logging.getLogger("charmodels").exception("It failed")
    shown = stream.getvalue()
    assert "ada@example.com" not in shown
    assert "DataError" in shown
    assert "test_logs.py" in shown


@pytest.mark.parametrize("environment", ["production", "development"])
def test_secrets_are_masked_wherever_they_stand(environment: str) -> None:
    stream = configured(environment, db_password="other secret", cursor_key="a key of sixteen")
    logger = logging.getLogger("another.library")
    logger.warning('Connecting to %s with hunter2"is it', URL)
    logger.warning("postgresql://eve:letmein@elsewhere/x, other secret", extra={"cursor": "a key of sixteen"})
    logger.warning("login", extra={"password": "p1", "api_key": "k1", "Authorization": "Bearer t1", "user": "ada"})
    try:
        raise ValueError('bad dsn hunter2"is it')
    except ValueError:
        logger.exception("It failed")
    shown = stream.getvalue()
    for secret in ("hunter2", "letmein", "other secret", "a key of sixteen", "p1", "k1", "t1"):
        assert secret not in shown.replace("It", "")
    assert "postgresql://***@elsewhere/x" in shown
    assert "ada" in shown


async def test_each_task_has_its_own_request() -> None:
    stream = configured("production")
    logger = logging.getLogger("charmodels.test")
    both = asyncio.Barrier(2)

    async def serve(number: int) -> None:
        with cm.request_context(actor=f"user-{number}", request_id=f"r-{number}"):
            await both.wait()
            logger.warning("one")
            await asyncio.create_task(say())

    async def say() -> None:
        logger.warning("inside")

    await asyncio.gather(serve(1), serve(2))
    logger.warning("outside")
    found = [(each["event"], each.get("actor"), each.get("request_id")) for each in lines(stream)]
    assert sorted(found[:4]) == [
        ("inside", "user-1", "r-1"),
        ("inside", "user-2", "r-2"),
        ("one", "user-1", "r-1"),
        ("one", "user-2", "r-2"),
    ]
    assert found[4] == ("outside", None, None)


def test_a_record_in_a_span_names_it() -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    tracer = trace.TracerProvider().get_tracer("test")
    stream = configured("production")
    with tracer.start_as_current_span("request") as span:
        logging.getLogger("charmodels").warning("inside")
    logging.getLogger("charmodels").warning("outside")
    inside, outside = lines(stream)
    context = span.get_span_context()
    assert inside["trace_id"] == f"{context.trace_id:032x}"
    assert inside["span_id"] == f"{context.span_id:016x}"
    assert "trace_id" not in outside


def test_an_event_is_its_name_and_its_fields() -> None:
    stream = configured("production")
    with cm.request_context(actor="ada", request_id="r-17"):
        events.emit("hold.expired", holds=3)
    [line] = lines(stream)
    del line["timestamp"]
    assert line == {
        "event": "hold.expired", "level": "warning", "logger": "charmodels.events", "holds": 3, "actor": "ada",
        "request_id": "r-17",
    }  # fmt: skip


def test_structlog_s_own_loggers_write_there_too() -> None:
    stream = configured("production")
    with cm.request_context(request_id="r-17"):
        structlog.get_logger("my.app").warning("paid", amount=5)
        structlog.get_logger("my.app").info("not said")
    [line] = lines(stream)
    assert (line["event"], line["amount"], line["logger"], line["request_id"]) == ("paid", 5, "my.app", "r-17")


def test_structlog_stays_as_the_app_configured_it() -> None:
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    configured("production")
    assert [type(each).__name__ for each in structlog.get_config()["processors"]] == ["JSONRenderer"]


def test_what_json_does_not_know_is_written_all_the_same() -> None:
    stream = configured("production")
    logging.getLogger("charmodels").warning("odd", extra={"thing": object(), "many": {1, 2}})
    assert "object object" in lines(stream)[0]["thing"]


def test_a_filter_for_handlers_of_ones_own() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(cm.RequestFilter())
    handler.setFormatter(logging.Formatter("%(levelname)s [%(request_id)s] %(message)s"))
    logger = logging.getLogger("charmodels.test")
    logger.addHandler(handler)
    try:
        with cm.request_context(request_id="r-17"):
            logger.warning("said")
    finally:
        logger.removeHandler(handler)
    assert stream.getvalue() == "WARNING [r-17] said\n"


def test_uvicorn_writes_there_when_it_is_told_to_leave_logging_alone() -> None:
    program = """
import asyncio, logging, sys
import uvicorn
import charmodels as cm

cm.configure_logging(cm.Settings(app_env="production", log_level="INFO"))

async def app(scope, receive, send):
    if scope["type"] == "http":
        raise ValueError("broken")

async def main():
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /page HTTP/1.0\\r\\n\\r\\n")
    await reader.read()
    writer.close()
    server.should_exit = True
    await serving

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    found = [json.loads(line) for line in done.stderr.splitlines()]
    assert any(each["logger"] == "uvicorn.access" and "/page" in each["event"] for each in found)
    [failed] = [each for each in found if "exception" in each]
    assert (failed["logger"], failed["exception"][0]["message"]) == ("uvicorn.error", "broken")


def test_importing_sets_up_nothing() -> None:
    program = (
        "import logging, charmodels; print(logging.getLogger().handlers, logging.getLogger('charmodels').handlers)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[] []"
