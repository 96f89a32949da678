"""Database addresses as libpq and Prisma write them, taken apart.

PostgreSQL's manual, 32.1.1 "Connection Strings", says what libpq accepts. Prisma's own parameters stand in its page
on the PostgreSQL connector; those that concern the pool or the schema are understood here too, so that the address of
an app that moves over goes on working.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from charmodels.errors import ConfigurationError

EXAMPLE = "postgresql://app:secret@localhost:5432/charmodels"

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_SOCKET_EXAMPLE = "postgresql://postgres@/charmodels?host=/var/run/postgresql"
_NUMBERS = {"connect_timeout", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size"}
# What Prisma adds that has no meaning here: this library has no query engine of its own.
_IGNORED = {"sslidentity", "sslpassword", "channel_binding", "gssencmode", "target_session_attrs"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and how to get in.

    Arguments:
        hosts: names, addresses or folders of Unix sockets; empty for libpq's default.
        ports: one for each host, or empty for the default.
        user, password, database: None for libpq's default.
        parameters: what the address asks for beyond that, by libpq's or Prisma's name.
    """

    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_unix_socket(self) -> bool:
        """Whether every host is the folder of a Unix socket, where TLS has no place."""
        return bool(self.hosts) and all(host.startswith(("/", "@")) for host in self.hosts)


def parse(url: str, *, variable: str = "DATABASE_URL") -> Address:
    """Take a database URL apart.

    Arguments:
        url: `postgresql://user:password@host:port/database?parameters`, each part percent-encoded.
        variable: where the URL comes from, for the error.

    Returns:
        Its parts, decoded.

    Raises:
        ConfigurationError: it is not such a URL. The message never repeats it.

    Example:
        >>> parse("postgresql://app:p%40ss@db/shop?schema=app").password
        'p@ss'
    """

    def wrong(reason: str, example: str = EXAMPLE) -> ConfigurationError:
        return ConfigurationError(variable=variable, reason=reason, example=example)

    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise wrong("is not a URL") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise wrong("must begin with postgresql://")
    if parts.fragment or "#" in url:
        raise wrong("holds a # outside its parameters; write it as %23, and likewise / as %2F and @ as %40")
    if "@" not in parts.netloc and "@" in parts.path:
        raise wrong("holds a / in its password; write it as %2F")
    parameters = _parameters(parts, wrong)
    hosts, ports = _hosts(parts, wrong)
    if "host" in parameters:
        hosts = tuple(parameters.pop("host").split(","))
    if "port" in parameters:
        ports = _ports(parameters.pop("port").split(","), wrong)
    if ports and hosts and len(ports) not in (1, len(hosts)):
        raise wrong("must name one port, or one for each host")
    userinfo, _, _ = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    return Address(
        hosts=hosts,
        ports=ports * len(hosts) if len(ports) == 1 and hosts else ports,
        user=parameters.pop("user", "") or unquote(user) or None,
        password=parameters.pop("password", "") or unquote(password) or None,
        database=parameters.pop("dbname", "") or unquote(parts.path.removeprefix("/")) or None,
        parameters=parameters,
    )


_KNOWN = {
    "host", "port", "user", "password", "dbname",
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslaccept",
    "schema", "application_name", "options", "pgbouncer",
    *_NUMBERS,
    *_IGNORED,
}  # fmt: skip


def _parameters(parts: SplitResult, wrong: Any) -> dict[str, str]:
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise wrong("has parameters that are not of the form name=value") from None
    for name, value in pairs:
        if name not in _KNOWN and "@" in parts.query and "@" not in parts.netloc:
            raise wrong("has an unknown parameter, or holds a ? in its password; write that as %3F")
        if name not in _KNOWN:
            raise wrong(f"has the unknown parameter {name!r}; known are {', '.join(sorted(_KNOWN - _IGNORED))}")
        if name in _NUMBERS and not value.isdecimal():
            raise wrong(f"must give {name} as a whole number")
        if name == "sslmode" and value not in SSL_MODES:
            raise wrong(f"has an unknown sslmode; it is one of {', '.join(SSL_MODES)}")
    return {name: value for name, value in pairs if name not in _IGNORED}


def _hosts(parts: SplitResult, wrong: Any) -> tuple[tuple[str, ...], tuple[int, ...]]:
    location = parts.netloc.rpartition("@")[2]
    if not location:
        return (), ()
    hosts, ports = [], []
    for item in location.split(","):
        if item.startswith("["):
            host, _, rest = item[1:].partition("]")
            port = rest.removeprefix(":")
        else:
            host, _, port = item.partition(":")
        hosts.append(unquote(host))
        ports.append(port)
    if not all(hosts):
        raise wrong("has no host", _SOCKET_EXAMPLE if len(hosts) == 1 else EXAMPLE)
    return tuple(hosts), _ports(ports, wrong) if any(ports) else ()


def _ports(texts: list[str], wrong: Any) -> tuple[int, ...]:
    ports = []
    for text in texts:
        if text and not (text.isdecimal() and 0 < int(text) < 65536):
            raise wrong("has a port that is not a number from 1 to 65535")
        ports.append(int(text) if text else 5432)
    return tuple(ports)
