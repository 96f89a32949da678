"""What the environment says, read once, frozen, with its secrets masked."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from charmodels import dsn
from charmodels.enums import SubscriptionTier
from charmodels.errors import ConfigurationError
from charmodels.plans import PLANS, Plan, replaced
from charmodels.values import first_reason


class Environment(StrEnum):
    """Where the app runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TEST = "test"


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _plans(value: Any) -> dict[SubscriptionTier, Plan]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a JSON object")
    return replaced(value)


class Settings(BaseSettings):
    """The settings, from arguments, then the environment, then `.env` in the working directory.

    Each is the environment variable of the same name in capitals; `.env.example` shows them all. Without
    `database_url`, the five `db_host` ... `db_password` say where the database is.

    Raises:
        ConfigurationError: a value is wrong. It names the variable and shows a right example, never the value.

    Example:
        >>> settings = Settings(database_url="postgresql://app:secret@localhost/charmodels", db_pool_max=5)
        >>> settings.db_pool_max, "secret" in repr(settings)
        (5, False)
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        case_sensitive=False,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    app_env: Annotated[Environment, BeforeValidator(_lower)] = Field(
        Environment.DEVELOPMENT,
        description="Where the app runs: development, production or test. Production verifies the server's "
        "certificate and refuses to seed.",
        examples=["production"],
    )
    log_level: Annotated[LogLevel | None, BeforeValidator(_upper)] = Field(
        None,
        description="How much the loggers under `charmodels` say, for `configure_logging`. Not set: WARNING in "
        "production and in tests; DEBUG in development, where statements show.",
        examples=["INFO"],
    )
    log_format: Annotated[Literal["text", "json"] | None, BeforeValidator(_lower)] = Field(
        None,
        description="How a record is written by `configure_logging`: text to read, or a line of JSON. Not set: json in "
        "production, else text.",
        examples=["json"],
    )
    database_url: SecretStr | None = Field(
        None,
        description="Where the database is, as libpq or Prisma write it. Percent-encode the password. "
        "Understands ?schema=, ?sslmode=, ?sslrootcert=, ?host=/socket/folder and the like.",
        examples=[dsn.EXAMPLE],
    )
    db_host: str | None = Field(
        None,
        description="Without DATABASE_URL: the server's name, or the folder of its Unix socket.",
        examples=["localhost"],
    )
    db_port: int = Field(5432, ge=1, le=65535, description="The server's port.", examples=["5432"])
    db_name: str | None = Field(None, description="The database.", examples=["charmodels"])
    db_user: str | None = Field(None, description="The role to log in as.", examples=["app"])
    db_password: SecretStr | None = Field(
        None, description="Its password, as it is: no percent-encoding here.", examples=["secret"]
    )
    db_schema: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        description="The schema that holds the tables; PostgreSQL's search_path when not set.",
        examples=["public"],
    )
    db_sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None = Field(
        None,
        description="TLS, in libpq's words. Not set: verify-full in production, else prefer.",
        examples=["verify-full"],
    )
    db_sslrootcert: Path | None = Field(
        None,
        description="File with the certificates of the authorities to trust (PEM). Not set: the system's.",
        examples=["/etc/ssl/certs/database-ca.pem"],
    )
    db_ssl_verify: bool | None = Field(
        None,
        description="false: in production too, take sslmode by libpq's rules, where allow, prefer and, "
        "without an authority, require trust any server. Not set: production verifies unless sslmode is disable.",
        examples=["false"],
    )
    db_pool_min: int = Field(1, ge=0, description="Connections to keep open.", examples=["1"])
    db_pool_max: int = Field(20, ge=1, description="Connections to open at most.", examples=["20"])
    db_acquire_timeout: float = Field(
        10.0, gt=0, description="Seconds to wait for a free connection, then PoolTimeout.", examples=["10"]
    )
    db_command_timeout: float = Field(
        30.0, gt=0, description="Seconds a statement may take, then StatementTimeout.", examples=["30"]
    )
    db_connect_timeout: float = Field(
        10.0, gt=0, description="Seconds one attempt to connect may take.", examples=["10"]
    )
    db_connect_retries: int = Field(
        5,
        ge=0,
        description="How often to try again at start-up, with exponential back-off and jitter, "
        "before DatabaseUnavailable.",
        examples=["5"],
    )
    db_statement_cache_size: int = Field(
        200,
        ge=0,
        description="Prepared statements to keep per connection. 0 behind PgBouncer in transaction mode.",
        examples=["200"],
    )
    db_pool_reset: Literal["touched", "always"] = Field(
        "touched",
        description="When to reset a connection that comes back to the pool: when a statement may have "
        "touched its session, or always, as asyncpg does.",
        examples=["touched"],
    )
    db_application_name: str = Field(
        "charmodels",
        min_length=1,
        max_length=63,
        description="How the connections call themselves in pg_stat_activity.",
        examples=["charmodels"],
    )
    db_read_only: bool = Field(
        False,
        description="Have the server refuse whatever would write, in every session. Not behind PgBouncer, which "
        "refuses the start-up parameter.",
        examples=["true"],
    )

    plans: Annotated[dict[SubscriptionTier, Plan], BeforeValidator(_plans)] = Field(
        default_factory=lambda: dict(PLANS),
        description="What each tier is worth, as JSON: daily_quota in pictures a day, priority in the queue. "
        "What is left out stays as it is.",
        examples=['{"PREMIUM": {"daily_quota": 80}}'],
    )
    search_config: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        description="The text-search configuration of the gallery, as psql lists them with \\dF. Not set: as the "
        "database has it, english at first. `charmodels upgrade` puts it into effect.",
        examples=["german"],
    )
    cursor_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="By which page cursors are signed, the same for all processes. Not set: a random one that the "
        "database keeps.",
        examples=["a long random string"],
    )

    audit_mask: bool | None = Field(
        None,
        description="Whether the audit trail hides addresses and prompts, whoever makes a change. Not set: as the "
        "database has it, true at first. `charmodels upgrade` puts it into effect, for entries to come.",
        examples=["false"],
    )

    metrics: bool = Field(
        False,
        description="Count statements, their times and their errors, for `Database.metrics` and Prometheus.",
        examples=["true"],
    )
    slow_query_seconds: float = Field(
        0.5,
        gt=0,
        description="With METRICS: from how many seconds on a statement is logged as slow.",
        examples=["0.5"],
    )
    slow_query_parameters: bool = Field(
        False,
        description="Log the parameters of slow statements too, which may be addresses and prompts. Refused in "
        "production.",
        examples=["false"],
    )
    opentelemetry: bool = Field(
        False,
        description="Hand a span and a measurement of every statement to OpenTelemetry (extra: otel).",
        examples=["true"],
    )

    health_timeout: float = Field(
        2.0, gt=0, description="Seconds each step of a health check may take; all together twice that.", examples=["2"]
    )
    health_latency: float = Field(
        0.5,
        gt=0,
        description="From how many seconds on for a small statement the database counts as slow, and its health as "
        "degraded.",
        examples=["0.5"],
    )
    health_interval: float | None = Field(
        None,
        gt=0,
        description="Seconds from one health check to the next, while the database is open. Not set: only when "
        "somebody asks.",
        examples=["15"],
    )
    health_read_only: bool = Field(
        False,
        description="A server that takes no writes is as healthy as any: for a process that only reads, from a "
        "replica.",
        examples=["true"],
    )

    def __init__(self, **values: Any) -> None:
        _refuse_unknown(type(self), values)
        if values.get("database_url") is None and values.keys() & {"db_host", "db_name"}:
            # What the caller says outranks what the environment says, also when they say it in other words.
            values["database_url"] = None
        url = values.get("database_url")
        if isinstance(url, str):
            values["database_url"] = SecretStr(url)
        try:
            super().__init__(**values)
        except ValidationError as error:
            # The pydantic error is left out of the chain: it may hold the value, and with it a secret.
            raise _translate(type(self), error) from None
        except SettingsError:
            # Of all settings, only the plans are read as JSON.
            raise ConfigurationError(variable="PLANS", reason="is not valid JSON", example=_example("plans")) from None
        except UnicodeDecodeError:
            # Left out of the chain too: it holds the whole file.
            raise ConfigurationError(reason="The file .env is not valid UTF-8") from None
        if self.db_pool_min > self.db_pool_max:
            raise ConfigurationError(variable="DB_POOL_MIN", reason="must not be greater than DB_POOL_MAX", example="1")
        if self.slow_query_parameters and self.is_production:
            raise ConfigurationError(
                variable="SLOW_QUERY_PARAMETERS", reason="must not be true in production", example="false"
            )
        authorities = self.db_sslrootcert
        if authorities is not None and str(authorities) != "system" and not authorities.is_file():
            raise ConfigurationError(
                variable="DB_SSLROOTCERT",
                reason="names a file that is not there",
                example=_example("db_sslrootcert"),
            )
        if self.database_url is not None:
            dsn.parse(self.database_url.get_secret_value())

    @classmethod
    def resolve(cls, source: Settings | str | None = None) -> Settings:
        """Turn what a caller gave into settings.

        Arguments:
            source: settings, a database URL, or None for the environment.

        Returns:
            The settings.

        Raises:
            ConfigurationError: a value is wrong.

        Example:
            >>> Settings.resolve("postgresql://app@localhost/charmodels").db_pool_max
            20
        """
        if source is None:
            return cls()
        if isinstance(source, Settings):
            return source
        if isinstance(source, str):
            return cls(database_url=source)
        raise ConfigurationError(reason=f"Settings, a database URL or None are expected, not {type(source).__name__}")

    def replace(self, **changes: Any) -> Self:
        """Give the same settings with some changed.

        Arguments:
            changes: by the names of the settings.

        Returns:
            New settings, checked like any.

        Raises:
            ConfigurationError: a value is wrong.

        Example:
            >>> Settings(database_url="postgresql://localhost/a").replace(db_pool_max=3).db_pool_max
            3
        """
        values = {name: getattr(self, name) for name in type(self).model_fields}
        if changes.keys() & {"db_host", "db_name"}:
            values["database_url"] = None
        return type(self)(**{**values, **changes})

    @property
    def is_production(self) -> bool:
        """Whether this is production."""
        return self.app_env is Environment.PRODUCTION

    @property
    def effective_log_level(self) -> LogLevel:
        """How much the loggers under `charmodels` say: LOG_LEVEL, or what goes with the environment."""
        return self.log_level or ("DEBUG" if self.app_env is Environment.DEVELOPMENT else "WARNING")

    @property
    def effective_log_format(self) -> Literal["text", "json"]:
        """How a record is written: LOG_FORMAT, or what goes with the environment."""
        return self.log_format or ("json" if self.is_production else "text")

    @property
    def address(self) -> dsn.Address:
        """Where the database is.

        Raises:
            ConfigurationError: nothing says where.
        """
        if self.database_url is not None:
            return dsn.parse(self.database_url.get_secret_value())
        if self.db_host is None and self.db_name is None:
            raise ConfigurationError(variable="DATABASE_URL", reason="is not set", example=dsn.EXAMPLE)
        return dsn.Address(
            hosts=(self.db_host,) if self.db_host else (),
            ports=(self.db_port,),
            user=self.db_user,
            password=self.db_password.get_secret_value() if self.db_password else None,
            database=self.db_name,
        )

    def connect_arguments(self) -> dict[str, Any]:
        """Give the keyword arguments for `asyncpg.connect`.

        Returns:
            Host, credentials, TLS, time-outs and what to tell the server at the start. Holds the password.

        Raises:
            ConfigurationError: nothing says where the database is, or its certificate files do not load.

        Example:
            >>> Settings(database_url="postgresql://app@db/shop").connect_arguments()["database"]
            'shop'
        """
        address = self.address
        parameters = address.parameters
        server_settings = {"application_name": parameters.get("application_name", self.db_application_name)}
        schema = self.db_schema or parameters.get("schema")
        if schema:
            server_settings["search_path"] = '"' + schema.replace('"', '""') + '"'
        if "options" in parameters:
            server_settings["options"] = parameters["options"]
        if self.db_read_only:
            server_settings["default_transaction_read_only"] = "on"
        behind_pgbouncer = parameters.get("pgbouncer", "").lower() == "true"
        cache_size = int(parameters.get("statement_cache_size", self.db_statement_cache_size))
        return {
            "host": list(address.hosts) or None,
            "port": list(address.ports) or None,
            "user": address.user,
            "password": address.password,
            "database": address.database,
            "ssl": self._tls(address),
            "timeout": float(parameters.get("connect_timeout", 0)) or self.db_connect_timeout,
            "command_timeout": float(parameters.get("socket_timeout", 0)) or self.db_command_timeout,
            "statement_cache_size": 0 if behind_pgbouncer else cache_size,
            "server_settings": server_settings,
        }

    @property
    def pool_max(self) -> int:
        """Connections to open at most: Prisma's ?connection_limit=, else `db_pool_max`."""
        return int(self.address.parameters.get("connection_limit", 0)) or self.db_pool_max

    @property
    def acquire_timeout(self) -> float:
        """Seconds to wait for a free connection: Prisma's ?pool_timeout=, else `db_acquire_timeout`."""
        return float(self.address.parameters.get("pool_timeout", 0)) or self.db_acquire_timeout

    @property
    def schema_name(self) -> str | None:
        """The schema that holds the tables, or None for the server's search_path."""
        return self.db_schema or self.address.parameters.get("schema")

    def sslmode(self) -> str:
        """Say which TLS mode is in force, in libpq's words.

        Production verifies certificate and host name. Only `sslmode=disable`, or `DB_SSL_VERIFY=false`, which makes
        the weaker modes mean what they mean to libpq, takes that away.

        Returns:
            One of libpq's six modes.

        Example:
            >>> Settings(database_url="postgresql://db/shop?sslmode=require", app_env="production").sslmode()
            'verify-full'
        """
        address = self.address
        asked = self.db_sslmode or address.parameters.get("sslmode")
        if asked is None and address.parameters.get("sslaccept") == "strict":
            asked = "verify-full"
        if address.is_unix_socket:
            return "disable"
        if self.is_production and self.db_ssl_verify is not False and asked not in ("disable", "verify-ca"):
            return "verify-full"
        if self.db_ssl_verify and asked not in ("disable", "verify-ca"):
            return "verify-full"
        return asked or "prefer"

    def _tls(self, address: dsn.Address) -> ssl.SSLContext | str | bool:
        mode = self.sslmode()
        if mode in ("disable", "allow", "prefer"):
            return False if mode == "disable" else mode
        parameters = address.parameters
        authorities = self.db_sslrootcert or parameters.get("sslrootcert")
        try:
            own = authorities if str(authorities) != "system" else None  # libpq's word for the system's
            context = ssl.create_default_context(cafile=str(own) if own else None)
            if parameters.get("sslcert"):
                context.load_cert_chain(parameters["sslcert"], parameters.get("sslkey"))
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                variable="DB_SSLROOTCERT",
                reason=f"or the client certificate does not load ({type(error).__name__})",
                example=_example("db_sslrootcert"),
            ) from error
        context.check_hostname = mode == "verify-full"
        # With authorities to trust, libpq takes "require" for "verify-ca".
        context.verify_mode = ssl.CERT_NONE if mode == "require" and not authorities else ssl.CERT_REQUIRED
        return context


def _refuse_unknown(settings: type[Settings], values: dict[str, Any]) -> None:
    own = {name for name in values if name.startswith("_")}  # pydantic-settings' own, as _env_file
    unknown = values.keys() - settings.model_fields.keys() - own
    if unknown:
        raise ConfigurationError(
            reason=f"There is no setting {sorted(unknown)[0]!r}; there are {', '.join(sorted(settings.model_fields))}"
        )


def _example(name: str) -> str:
    examples = Settings.model_fields[name].examples
    return str(examples[0]) if examples else ""


def _translate(settings: type[Settings], error: ValidationError) -> ConfigurationError:
    name = str(error.errors(include_input=False, include_url=False)[0]["loc"][0])
    if name not in settings.model_fields:
        return ConfigurationError(reason=f"{name} {first_reason(error)}")
    return ConfigurationError(variable=name.upper(), reason=first_reason(error), example=_example(name))
