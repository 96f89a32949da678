"""How a page is made of a template, and what browsers are told along with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from starlette.templating import Jinja2Templates

import charmodels as cm
from charmodels import limits
from examples.gallery_app import pictures

templates = Jinja2Templates(Path(__file__).parent / "templates")

HEADERS = {
    # Everything comes from here, nothing is inline: a name that holds a script is a name.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # A page shows whose it is, and a script gets a part of it at the same address.
    "Cache-Control": "private, no-cache",
    "Vary": "HX-Request",
}


def render(
    request: Request, template: str, status: int = 200, *, headers: Mapping[str, str] | None = None, **values: Any
) -> Response:
    """Make a page.

    Arguments:
        request: what asked for it.
        template: the file under templates/.
        status: of the answer.
        headers: further header fields.
        values: what the template shows; it knows the visitor anyway.
    """
    values = {"visitor": getattr(request.state, "visitor", None), **values}
    return templates.TemplateResponse(
        request, template, values, status_code=status, headers={**HEADERS, **(headers or {})}
    )


def is_htmx(request: Request) -> bool:
    """Whether a script asks, for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def day(moment: datetime) -> str:
    """A date as people write it."""
    return f"{moment.day} {moment:%B %Y}"


def clock_time(moment: datetime, timezone: str) -> str:
    """A time of day where somebody is."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%H:%M}"


def picture_of(character: cm.Character) -> str:
    """Where the character's picture is. A real app shows `character.image_url`, or `.thumbnail_url`."""
    return pictures.address_of(character.style_type, character.id)


def byline(user: cm.User) -> str | None:
    """What to type into the search box for everything by a user, or None where that cannot be typed."""
    typed = str(cm.SearchQuery(by=(user.name,))) if user.name else ""
    try:
        return typed if typed and cm.parse_query(typed).by == (user.name,) else None
    except cm.InvalidQuery:
        return None


templates.env.trim_blocks = templates.env.lstrip_blocks = True
templates.env.filters.update(day=day, clock_time=clock_time, picture_of=picture_of, byline=byline)
templates.env.globals.update(limits=limits, all_styles=list(cm.StyleType))
