"""Who may use Studio, and for what: the one-time password, and what stands before every request."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from charmodels.context import request_context
from charmodels.identifiers import new_id

USERNAME = "studio"
"""Whom to sign in as; there is nobody else."""

OPERATOR = UUID(int=0)
"""The key by which the admin site knows who signed in. It is no user's."""

PREFIX = "/admin"
"""Where the site stands."""

READ_ONLY = "Studio is read-only. To change something, start it with --write."

_READING = {"GET", "HEAD", "OPTIONS"}
# What does not write to the database although it is a POST; the widgets are the charts of the first page.
_HARMLESS = tuple(f"{PREFIX}/api/{path}" for path in ("sign-in", "sign-out", "export/", "widget-action/"))

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address.

    Arguments:
        host: a name or an IP address, without a port.

    Returns:
        Whether it is localhost or a loopback address.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
        (True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class Access:
    """What whoever started Studio allowed.

    Attributes:
        actor: who changes are made by, for the audit trail.
        write: whether anything may be changed.
        host: where the site listens.
        announce: called with the next password when one was used; None where nobody is told.
    """

    actor: str = USERNAME
    write: bool = False
    host: str = "127.0.0.1"
    announce: Callable[[str], None] | None = None
    _password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)

    @property
    def password(self) -> str:
        """The password that the next sign-in needs. It is in no database and no log."""
        return self._password

    def sign_in(self, username: str, password: str) -> bool:
        """Try a password, which works once: then there is another one.

        Arguments:
            username: as typed.
            password: as typed; compared in a time that does not tell how much of it is right.

        Returns:
            Whether it was right.

        Example:
            >>> access = Access()
            >>> first = access.password
            >>> access.sign_in("studio", first), access.sign_in("studio", first)
            (True, False)
        """
        right = hmac.compare_digest(password.encode(), self._password.encode())
        if not (hmac.compare_digest(username.encode(), USERNAME.encode()) and right):
            return False
        self._password = secrets.token_urlsafe(18)
        if self.announce is not None:
            self.announce(self._password)
        return True

    def knows_host(self, header: str) -> bool:
        """Say whether a request's Host is one that this site goes by.

        A page elsewhere can have its own name lead to this machine (DNS rebinding), and the browser then takes the
        site's answers for that page's. It cannot do so with an address or with localhost.

        Arguments:
            header: as sent, with or without a port.

        Returns:
            Whether it is an address, localhost, or the very name at which the site listens.

        Example:
            >>> Access().knows_host("localhost:8070"), Access().knows_host("evil.example")
            (True, False)
        """
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        if is_loopback(name) or name == self.host.lower():
            return True
        if is_loopback(self.host):
            return False
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


class Guard:
    """ASGI middleware that refuses what the site must not even look at, and says on whose behalf the rest runs.

    Arguments:
        app: the site.
        access: what is allowed.
    """

    def __init__(self, app: Asgi, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse a request."""
        if scope["type"] != "http":
            return
        refusal = self._refuse(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        with request_context(actor=self.access.actor, request_id=f"studio-{new_id()}"):
            await self.app(scope, receive, _with_headers(send))

    def _refuse(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self.access.knows_host(host):
            return 400, "Studio does not go by this host name. Use the address that it printed."
        if scope["method"] in _READING:
            return None
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "This request comes from another site."
        if not self.access.write and not scope["path"].startswith(_HARMLESS):
            return 403, READ_ONLY
        return None


def _with_headers(send: Send) -> Send:
    async def send_more(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return send_more


async def _answer(send: Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


_HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
