"""The admin site as an ASGI app, over the database that is open."""

# pyright: reportMissingImports=false
# FastAdmin is not there on Python 3.11.
from __future__ import annotations

import logging
import secrets

from fastadmin import fastapi_app, register_admin_model_class
from fastadmin.api.frameworks.fastapi.views import index
from fastadmin.settings import settings as fastadmin_settings
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from charmodels.errors import (
    CharmodelsError,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    InvalidInput,
    InvalidTransition,
    NotFound,
    PermissionDenied,
    PoolTimeout,
    StatementTimeout,
)
from charmodels.studio.access import PREFIX, READ_ONLY, Access, Guard
from charmodels.studio.pages import PAGES

logger = logging.getLogger("charmodels.studio")

NAME = "charmodels Studio"

_STYLE = """
.ant-input-search { width: 30rem !important; max-width: 45vw }
.ant-table-cell-fix { backdrop-filter: blur(1rem) }
"""
"""So that the hint in the search box can be read, and the last column where others pass under it."""

_NO_SAVING = "button:has(.anticon-save) { display: none }"

SESSION_SECONDS = 12 * 3600
"""How long a sign-in lasts."""

_STATUS: dict[type[CharmodelsError], int] = {
    NotFound: 404,
    PermissionDenied: 403,
    InvalidInput: 422,
    Conflict: 409,
    InvalidTransition: 409,
    DatabaseUnavailable: 503,
    PoolTimeout: 503,
    StatementTimeout: 503,
}
_READ_ONLY_TRANSACTION = "25006"


def create_app(access: Access, *, cookie: str = "charmodels_studio") -> Guard:
    """Make the site. Its database must be open while it serves, read-only unless `access.write`.

    FastAdmin keeps its settings and its list of models for the whole process, so there is one site in a process.

    Arguments:
        access: who may do what.
        cookie: the name of the session's cookie. Sites on other ports of the same host share cookies.

    Returns:
        An ASGI app.

    Example:
        >>> from charmodels.studio.access import Access
        >>> access = Access(actor="studio:ada")
        >>> app = create_app(access)
        >>> app.access.write
        False
    """
    _configure(cookie)
    for model, page in PAGES.items():
        register_admin_model_class(type(page.__name__, (page,), {"access": access}), [model])
    fastapi_app.add_exception_handler(HTTPException, _explain)
    fastapi_app.add_exception_handler(CharmodelsError, _explain)
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def front() -> RedirectResponse:
        return RedirectResponse(f"{PREFIX}/")

    @app.get("/favicon.ico")
    async def icon() -> RedirectResponse:
        return RedirectResponse(fastadmin_settings.ADMIN_SITE_FAVICON)

    @app.get(f"{PREFIX}/")
    async def home() -> HTMLResponse:
        return HTMLResponse(_page(access))

    app.mount(PREFIX, fastapi_app)
    return Guard(app, access)


def _page(access: Access) -> str:
    """Write FastAdmin's page under our name, and without the buttons that would be refused."""
    style = _STYLE if access.write else _STYLE + _NO_SAVING
    page = str(index()).replace("<title>FastAPI Admin</title>", f"<title>{NAME}</title>")
    return page.replace("</head>", f"<style>{style}</style></head>")


def _configure(cookie: str) -> None:
    # FastAdmin reads these from the environment when it is imported, and from here ever after.
    settings = fastadmin_settings
    logging.getLogger("fastadmin").setLevel(logging.CRITICAL)  # `_explain` tells what it would, with the traceback
    settings.ADMIN_PREFIX = PREFIX.strip("/")
    settings.ADMIN_SITE_NAME = NAME
    settings.ADMIN_SITE_SIGN_IN_LOGO = f"{PREFIX}/static/images/sign-in-logo.svg"
    settings.ADMIN_SITE_HEADER_LOGO = settings.ADMIN_SITE_SIGN_IN_LOGO  # its own is white on white
    settings.ADMIN_SITE_FAVICON = f"{PREFIX}/static/images/favicon.png"
    settings.ADMIN_USER_MODEL = "User"
    settings.ADMIN_USER_MODEL_USERNAME_FIELD = "username"
    settings.ADMIN_SECRET_KEY = secrets.token_urlsafe(48)
    settings.ADMIN_SESSION_ID_KEY = cookie
    settings.ADMIN_SESSION_EXPIRED_AT = SESSION_SECONDS
    settings.ADMIN_SESSION_COOKIE_SECURE = False  # there is no TLS on loopback
    settings.ADMIN_SESSION_COOKIE_SAMESITE = "strict"
    settings.ADMIN_QUERY_MAX_LIMIT = 1000


def _explain(request: Request, error: Exception) -> JSONResponse:
    """Answer with our error's own sentence, where FastAdmin would say that something went wrong."""
    ours = _find(error)
    if ours is not None:
        if isinstance(ours, DatabaseError) and ours.sqlstate == _READ_ONLY_TRANSACTION:
            return JSONResponse({"detail": READ_ONLY}, 403)
        status = next((code for kind, code in _STATUS.items() if isinstance(ours, kind)), 409)
        return JSONResponse({"detail": str(ours)}, status)
    assert isinstance(error, HTTPException)
    if error.status_code >= 500:
        logger.error("A request of Studio failed", exc_info=error)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


def _find(error: BaseException | None) -> CharmodelsError | None:
    """Find our error among those that led to this one."""
    while error is not None:
        if isinstance(error, CharmodelsError):
            return error
        error = error.__cause__ or error.__context__
    return None
