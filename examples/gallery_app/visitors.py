"""Who is there: a cookie that says so, a page to choose from a few, and where forms may come from.

It stands where an app has its log-in; `User.objects.sync_auth0` is what that calls. No password is needed to be one of
the demo's users.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from starlette.responses import RedirectResponse

import charmodels as cm
from charmodels.contrib.fastapi import acting
from examples.gallery_app.pages import is_htmx, render

router = APIRouter()

DEMO_USERS = ("wren@example.com", "imani@example.com", "marisol@example.com")
"""One of each tier, out of those that `cm.seed` makes."""


class SignInNeeded(Exception):
    """The page is for those who are signed in."""


async def visitor(request: Request) -> cm.User | None:
    """Whoever the cookie names, or None."""
    user_id = request.session.get("user_id")
    found = await cm.User.objects.get_or_none(id=user_id) if user_id else None
    request.state.visitor = found
    return found


Visitor = Annotated[cm.User | None, Depends(visitor)]


async def signed_in(found: Visitor) -> cm.User:
    """Whoever is signed in."""
    if found is None:
        raise SignInNeeded
    return found


SignedIn = Annotated[cm.User, Depends(acting(signed_in))]
"""The user; the audit trail names them for what the request changes."""


async def to_sign_in(request: Request, error: Exception) -> Response:
    """Let somebody sign in first, and come back."""
    if is_htmx(request):
        return Response(status_code=401)
    back = request.url.path if request.method == "GET" else "/mine"
    return RedirectResponse(f"/sign-in?back={quote(back)}", status_code=303)


def same_origin(request: Request) -> None:
    """Refuse forms that another site sends. Browsers say where a form stands, and pages cannot change what they say."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = site in ("same-origin", "none") if site else urlsplit(origin or "").netloc == request.headers.get("Host")
    if not ours:
        raise HTTPException(403, "The form was sent from somewhere else.")


@router.get("/sign-in")
async def choose(request: Request, found: Visitor, back: str = "/mine") -> Response:
    """The page to sign in on."""
    users = await cm.User.objects.filter(email__in=DEMO_USERS)
    return render(
        request, "sign_in.html", users=sorted(users, key=lambda user: DEMO_USERS.index(user.email)), back=back
    )


@router.post("/sign-in")
async def sign_in(request: Request, email: Annotated[str, Form()], back: Annotated[str, Form()] = "/mine") -> Response:
    """Sign in as one of the demo's users."""
    if email not in DEMO_USERS:
        raise HTTPException(403, "Nobody signs in like that here.")
    request.session["user_id"] = str((await cm.User.objects.get_by_email(email)).id)
    return RedirectResponse(_path(back), status_code=303)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Sign out."""
    request.session.clear()
    return RedirectResponse("/", status_code=303)


def _path(back: str) -> str:
    """The path to go back to; an address on another site is none."""
    is_here = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if is_here else "/"
