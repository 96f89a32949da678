"""What a user made: the characters, the quota, and how those come along that are being made."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

import charmodels as cm
from examples.gallery_app.pages import is_htmx, render
from examples.gallery_app.visitors import SignedIn

router = APIRouter()

PAGE = 24
Field = Annotated[str, Form()]


@router.get("/mine")
async def mine(request: Request, user: SignedIn, after: str | None = None) -> Response:
    """My characters."""
    return await my_page(request, user, after=after or None)


@router.post("/mine/generations")
async def ask(
    request: Request,
    user: SignedIn,
    prompt: Field = "",
    style: Field = "",
    name: Field = "",
    tags: Field = "",
    key: Field = "",
) -> Response:
    """Ask for a picture. The key came with the form: sent twice, it is one picture, charged once."""
    wanted = [tag for tag in tags.split(",") if tag.strip()]
    try:
        made = await cm.Generation.objects.request(user.id, prompt, style, wanted, name or None, key=key or None)
    except cm.QuotaExceeded as error:
        headers = error.status.headers(error.requested) if error.status else {}
        return await my_page(request, user, 429, headers=headers, refused="quota", reason="Nothing is left for today.")
    except cm.InvalidInput as error:
        return await my_page(request, user, 422, refused=error.field, reason=f"{error.reason}.")
    except cm.Conflict:
        return await my_page(
            request, user, 409, refused="form", reason="This form was sent before. Look at it once more."
        )
    return RedirectResponse(f"/mine#c-{made.character_id}", status_code=303)


@router.get("/mine/characters/{character_id}")
async def news(request: Request, user: SignedIn, character_id: UUID, was: str = "") -> Response:
    """A character's card, for a page that shows it as it was; nothing as long as nothing has changed."""
    if not is_htmx(request):
        return RedirectResponse(f"/characters/{character_id}", status_code=303)
    character = await cm.Character.objects.editable_by(user.id).get(id=character_id)
    if character.generation_status == was:
        return Response(status_code=204)
    return await card(request, user, character, is_news=True)


@router.post("/mine/characters/{character_id}/publish")
async def publish(request: Request, user: SignedIn, character_id: UUID) -> Response:
    """Show a character in the gallery."""
    character = await cm.Character.objects.editable_by(user.id).get(id=character_id)
    await character.publish()
    return await changed(request, user, character)


@router.post("/mine/characters/{character_id}/unpublish")
async def unpublish(request: Request, user: SignedIn, character_id: UUID) -> Response:
    """Take a character out of the gallery."""
    character = await cm.Character.objects.editable_by(user.id).get(id=character_id)
    await character.unpublish()
    return await changed(request, user, character)


async def changed(request: Request, user: cm.User, character: cm.Character) -> Response:
    """Show what was changed: in its place, where a script asked."""
    if is_htmx(request):
        return await card(request, user, character)
    return RedirectResponse(f"/characters/{character.id}", status_code=303)


async def card(request: Request, user: cm.User, character: cm.Character, *, is_news: bool = False) -> Response:
    """One card, and the quota as it is now."""
    return render(
        request,
        "_news.html",
        character=character,
        reasons=await reasons([character]),
        quota=await cm.User.objects.quota(user.id),
        is_news=is_news,
    )


async def my_page(
    request: Request, user: cm.User, status: int = 200, *, after: str | None = None, **values: Any
) -> Response:
    """The page, with what was typed where a form was refused."""
    page = await cm.Character.objects.owned_by(user.id).page(PAGE, after)
    typed = await request.form() if request.method == "POST" else {}
    return render(
        request,
        "mine.html",
        status,
        page=page,
        next_page=page.next_cursor and f"/mine?after={page.next_cursor}",
        reasons=await reasons(page.items),
        quota=await cm.User.objects.quota(user.id),
        typed=typed,
        key=uuid4(),
        **values,
    )


async def reasons(characters: list[cm.Character]) -> dict[UUID | None, str | None]:
    """Why there is no picture, by the character, for those where making one failed."""
    failed = [each.id for each in characters if each.generation_status is cm.GenerationStatus.FAILED]
    if not failed:
        return {}
    return {
        each.character_id: each.error_message
        for each in await cm.Generation.objects.dead().filter(character_id__in=failed)
    }
