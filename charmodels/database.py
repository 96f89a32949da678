"""Opening and closing the database, transactions, and the configuration for Aerich."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from tortoise.context import TortoiseContext, get_current_context, set_global_context
from tortoise.exceptions import ConfigurationError as TortoiseConfigurationError

from charmodels import services
from charmodels.backend.client import Client
from charmodels.backend.executor import forget_hydrators
from charmodels.backend.pool import PoolStatus
from charmodels.backend.transaction import TransactionClient
from charmodels.backend.translation import is_refusal, translate
from charmodels.errors import ConfigurationError, DatabaseUnavailable
from charmodels.monitoring.monitor import Monitor
from charmodels.monitoring.query_metrics import QueryMetrics
from charmodels.querysets import compiled
from charmodels.querysets.base import not_open
from charmodels.settings import Settings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy
    from pypika_tortoise.queries import Query

logger = logging.getLogger("charmodels.database")

APP = "charmodels"
"""The label of our models: an app's foreign keys point at `charmodels.User` and so on."""

CONNECTION = "default"
"""The name of the one connection that all models share."""

FIRST_DELAY = 0.1
"""Seconds before the second attempt to connect; each further wait doubles, up to LONGEST_DELAY."""

LONGEST_DELAY = 5.0

Apps = Mapping[str, Sequence[str]]
"""An app's own models: label to modules."""

_open: Database | None = None


class Database:
    """One open database: a pool of connections, and the models bound to it.

    A process has one open database at a time; opening a second is refused.

    Arguments:
        settings: settings, a database URL, or None for the environment, which is read when the database opens.
        apps: an app's own models beside ours, label to modules, as `{"shop": ["shop.models"]}`.

    Example:
        >>> async def count(url: str) -> int:
        ...     import charmodels as cm
        ...     async with cm.Database(url) as database:
        ...         return await cm.User.objects.count()
    """

    def __init__(self, settings: Settings | str | None = None, *, apps: Apps | None = None) -> None:
        self._source = settings
        self._apps = dict(apps or {})
        self._settings: Settings | None = settings if isinstance(settings, Settings) else None
        self._context: TortoiseContext | None = None
        self._client: Client | None = None
        self._opening = asyncio.Lock()
        self._beside: AsyncExitStack | None = None

    def __repr__(self) -> str:
        return f"<Database {'open' if self.is_open else 'closed'}>"

    @property
    def settings(self) -> Settings:
        """The settings, read on first use.

        Raises:
            ConfigurationError: a value is wrong.
        """
        if self._settings is None:
            self._settings = Settings.resolve(self._source)
        return self._settings

    @property
    def is_open(self) -> bool:
        """Whether `open` was called, and `close` was not."""
        return self._client is not None

    @property
    def client(self) -> Client:
        """The Tortoise client, for raw statements with named errors; inside a transaction, the transaction's.

        Raises:
            ConfigurationError: the database is not open.
        """
        if self._client is None or self._context is None:
            raise not_open()
        client = self._context.connections.get(CONNECTION)  # inside a transaction, the transaction's
        assert isinstance(client, Client)
        return client

    async def open(self) -> Self:
        """Connect, bind the models, and make this the process's open database. Open already: nothing happens.

        An attempt that fails is repeated with exponential back-off and full jitter (Brooker, "Exponential Backoff And
        Jitter", AWS Architecture Blog, 2015), except when the server refused the credentials.

        Returns:
            The database itself.

        Raises:
            ConfigurationError: a setting is wrong, or another database is open in this process.
            DatabaseUnavailable: no attempt succeeded.
        """
        _forget_abandoned()
        async with self._opening:
            return self if self.is_open else await self._open_once()

    async def _open_once(self) -> Self:
        global _open
        config = tortoise_config(self.settings, apps=self._apps, migrations=False)
        _refuse_second()
        _open = self
        context = TortoiseContext()
        try:
            with context:  # current for this task while it is set up, then for every task of the process
                try:
                    await context.init(config=config)
                except TortoiseConfigurationError as error:
                    raise ConfigurationError(reason=str(error).rstrip(".")) from error
                _order_columns(context)
            client = context.connections.get(CONNECTION)
            assert isinstance(client, Client)
            client.monitor = _monitor(self.settings, client)
            await _connect(client, self.settings.db_connect_retries)
            set_global_context(context)
        except BaseException:
            _open = None
            await context.close_connections()
            raise
        compiled.forget()
        forget_hydrators()
        self._context, self._client = context, client
        logger.info("Opened the database, with a pool of at most %d connections", self.settings.pool_max)
        try:
            self._beside = await services.begin(self)
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """Wait for busy connections, close them all, and let the models go. Closed already: nothing happens."""
        _forget_abandoned()
        if self._context is None or self._client is None:
            return
        self._client._check_loop()
        if isinstance(self._context.connections.get(CONNECTION), TransactionClient):
            raise ConfigurationError(reason="The database cannot be closed inside a transaction")
        beside, self._beside = self._beside, None
        context, client, self._context, self._client = self._context, self._client, None, None
        try:
            if beside is not None:
                await beside.aclose()
        finally:
            await self._disconnect(context, client)

    async def _disconnect(self, context: TortoiseContext, client: Client) -> None:
        global _open
        try:
            await context.close_connections()
        finally:
            if client.monitor is not None:
                client.monitor.close()
            if _open is self:
                _open = None
            _forget_global(context)  # Tortoise leaves it in place when closing is cut short
            logger.info("Closed the database")

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def pool_status(self) -> PoolStatus:
        """Count the connections.

        Returns:
            How many are open, idle and busy, and how many callers wait.

        Raises:
            ConfigurationError: the database is not open.

        Example:
            >>> def is_busy(database: Database) -> bool:
            ...     return database.pool_status().waiting > 0
        """
        pool = self._client._pool if self._client is not None else None
        if pool is None:
            raise not_open()
        return pool.status()

    @property
    def metrics(self) -> QueryMetrics:
        """The counts of its statements since it was opened, where METRICS is on.

        Raises:
            ConfigurationError: METRICS is off, or the database is not open.

        Example:
            >>> def mean(database: Database) -> float:
            ...     return database.metrics.stats().mean_seconds
        """
        if self._client is None:
            raise not_open()
        monitor = self._client.monitor
        if monitor is None or monitor.metrics is None:
            raise ConfigurationError(variable="METRICS", reason="is off, so nothing was counted", example="true")
        return monitor.metrics

    def acquire(self) -> AbstractAsyncContextManager[PoolConnectionProxy]:
        """Borrow a bare asyncpg connection, for COPY, cursors and the like.

        Whatever is done to its session is undone before somebody else gets it. It takes no part in a transaction
        around it: `async with cm.transaction() as tx: tx.connection()` gives that one's.

        Returns:
            A context manager that gives the connection.

        Raises:
            ConfigurationError: the database is not open.
            PoolTimeout: no connection became free in time.

        Example:
            >>> async def server_version(database: Database) -> str:
            ...     async with database.acquire() as connection:
            ...         return await connection.fetchval("SHOW server_version")
        """
        if self._client is None:
            raise not_open()
        return self._client.connection()


def connect(settings: Settings | str | None = None, *, apps: Apps | None = None) -> Database:
    """Make a database to open with `async with` or `await db.open()`.

    Arguments:
        settings: settings, a database URL, or None for the environment.
        apps: an app's own models beside ours, label to modules.

    Returns:
        A database that is not open yet.

    Example:
        >>> async def main() -> None:
        ...     import charmodels as cm
        ...     async with cm.connect("postgresql://app@localhost/charmodels"):
        ...         print(await cm.User.objects.count())
    """
    return Database(settings, apps=apps)


def current() -> Database:
    """Give the database that is open in this process.

    Returns:
        It.

    Raises:
        ConfigurationError: none is open.
    """
    if _open is None or not _open.is_open:
        raise not_open()
    return _open


def lifespan(
    settings: Settings | str | None = None, *, apps: Apps | None = None
) -> Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]:
    """Make a lifespan for FastAPI, Starlette or Litestar. The environment is read at start-up, not at import.

    Arguments:
        settings: settings, a database URL, or None for the environment.
        apps: an app's own models beside ours, label to modules.

    Returns:
        A function of the app that gives a context manager; Starlette finds the database in `request.state.database`.

    Example:
        >>> from starlette.applications import Starlette
        >>> app = Starlette(lifespan=lifespan())
    """

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[dict[str, Any]]:
        async with connect(settings, apps=apps) as database:
            yield {"database": database}

    return run


def tortoise_config(
    settings: Settings | str | None = None, *, apps: Apps | None = None, migrations: bool = True
) -> dict[str, Any]:
    """Build Tortoise's configuration, for Aerich or for an app that calls `Tortoise.init` itself.

    With apps, Aerich's own table and ours stand under labels of their own, so `aerich --app shop` migrates the shop
    alone; ours upgrade from the wheel with `charmodels upgrade`.

    Arguments:
        settings: settings, a database URL, or None for the environment.
        apps: an app's own models beside ours, label to modules.
        migrations: include the table in which Aerich keeps count.

    Returns:
        A dict for `Tortoise.init(config=...)`. It holds the password.

    Raises:
        ConfigurationError: a setting is wrong, or an app takes our label.

    Example:
        >>> config = tortoise_config("postgresql://localhost/shop", apps={"shop": ["shop.models"]})
        >>> sorted(config["apps"])
        ['charmodels', 'shop']
    """
    resolved = Settings.resolve(settings)
    if apps and APP in apps:
        raise ConfigurationError(reason=f"An app cannot be called {APP!r}; that label is taken")
    arguments = resolved.connect_arguments()
    hosts, ports = arguments.pop("host"), arguments.pop("port")
    credentials = {
        **arguments,
        "host": hosts,
        "ports": ports,
        "minsize": min(resolved.db_pool_min, resolved.pool_max),
        "maxsize": resolved.pool_max,
        "acquire_timeout": resolved.acquire_timeout,
        "always_reset": resolved.db_pool_reset == "always",
        "schema_apps": list(apps) if apps else None,
        "plans": resolved.plans,
        "cursor_key": resolved.cursor_key.get_secret_value().encode() if resolved.cursor_key else None,
    }
    own = ["charmodels.models", *(["aerich.models"] if migrations else [])]
    # The app's own first: Aerich takes the first for the one that is meant.
    labels = {**{label: list(modules) for label, modules in (apps or {}).items()}, APP: own}
    return {
        "connections": {CONNECTION: {"engine": "charmodels.backend", "credentials": credentials}},
        "apps": {label: {"models": modules, "default_connection": CONNECTION} for label, modules in labels.items()},
        "use_tz": True,
        "timezone": "UTC",
    }


def _monitor(settings: Settings, client: Client) -> Monitor | None:
    """Make what hears of the client's statements, or nothing, where nobody wants to know."""
    telemetry = None
    if settings.opentelemetry:
        from charmodels.monitoring.telemetry import Telemetry  # which needs an extra

        telemetry = Telemetry(settings, lambda: None if client._pool is None else client._pool.status())
    if not settings.metrics:
        return None if telemetry is None else Monitor(telemetry=telemetry)
    return Monitor(
        metrics=QueryMetrics(),
        telemetry=telemetry,
        slow=settings.slow_query_seconds,
        shows_values=settings.slow_query_parameters,
    )


def _order_columns(context: TortoiseContext) -> None:
    """Select columns as declared. Tortoise keeps them in a set: each process would write another statement."""
    for model in context.apps.get_models_iterable() if context.apps else ():
        meta = model._meta
        columns = meta.fields_db_projection.values()
        meta.basequery_all_fields = cast("Query", meta.basequery.select(*columns))


def _forget_abandoned() -> None:
    """Let go of a database whose event loop is gone, and its connections with it."""
    global _open
    if _open is None or not _is_abandoned(_open):
        return
    _forget_global(_open._context)
    _open._context = _open._client = _open._beside = None
    _open._opening = asyncio.Lock()
    _open = None


def _forget_global(context: TortoiseContext | None) -> None:
    """Take a context from where tasks that inherited none find one."""
    from tortoise import context as tortoise_context  # the only handle on its global

    if tortoise_context._global_context is context:
        tortoise_context._global_context = None


def _refuse_second() -> None:
    """Refuse to open beside a database that is in use."""
    context = get_current_context()
    if _open is not None or (context is not None and context.inited):
        raise ConfigurationError(
            reason="Another database is open in this process; close it first, or use a process for each"
        )


def _is_abandoned(database: Database) -> bool:
    loop = database._client._bound_loop if database._client is not None else None
    return loop is not None and loop.is_closed()


async def _connect(client: Client, retries: int) -> None:
    attempts = retries + 1
    for attempt in range(1, attempts + 1):
        try:
            await client.create_connection(with_db=True)
        except Exception as error:
            if isinstance(error, ConfigurationError):
                raise
            if is_refusal(error):
                raise translate(error) from error
            if attempt == attempts:
                raise DatabaseUnavailable(reason=_reason(error), attempts=attempts) from error
            delay = random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2**attempt))
            logger.warning(
                "Connecting failed, attempt %d of %d (%s); trying again in %.1f s",
                attempt,
                attempts,
                _reason(error),
                delay,
            )
            await asyncio.sleep(delay)
        else:
            return


def _reason(error: BaseException) -> str:
    translated = translate(error)
    if isinstance(translated, DatabaseUnavailable):
        return translated.reason
    return "connecting timed out" if isinstance(error, TimeoutError) else type(error).__name__


def __getattr__(name: str) -> Any:
    if name == "TORTOISE_ORM":
        return tortoise_config()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
