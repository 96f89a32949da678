"""The public gallery: searching it, turning its pages, and one character."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

import charmodels as cm
from charmodels.contrib.fastapi import GalleryQuery
from examples.gallery_app.pages import is_htmx, render
from examples.gallery_app.visitors import Visitor

router = APIRouter()

PAGE = 24
TAGS = 28
SORTS = ("newest", "oldest", "relevance")


@router.get("/")
async def gallery(request: Request, visitor: Visitor) -> Response:
    """The gallery. A script that asks for what comes after a cursor gets only that."""
    asked = GalleryQuery.from_query(request.url.query)
    try:
        words = cm.parse_query(asked.q).text
    except cm.InvalidQuery as error:
        return await not_understood(request, asked, error)
    asked = asked.model_copy(
        update={"size": PAGE, "sort": "newest" if asked.sort == "relevance" and not words else asked.sort}
    )
    public = cm.Character.objects.public()
    more = is_htmx(request) and asked.after is not None
    page = await asked.page(public.select_related("user"), with_total=not more, snippets=bool(words))
    next_page = page.next_cursor and link(asked, after=page.next_cursor)
    if more:
        return render(request, "_cards.html", page=page, next_page=next_page)
    found = await asked.narrow(public).facets(TAGS, disjunctive=True)
    is_narrowed = link(asked, sort="newest") != "/"
    tags = found.tags if is_narrowed else await popular_tags()
    return render(
        request,
        "gallery.html",
        page=page,
        next_page=next_page,
        asked=asked,
        is_narrowed=is_narrowed,
        styles=[Choice.of(asked, "style", style, found.styles.get(style, 0)) for style in cm.StyleType],
        tags=cloud(asked, tags),
        chosen=[Choice.of(asked, name, tag) for name in ("tags_all", "tags_any") for tag in getattr(asked, name)],
        sorts=[(sort, link(asked, sort=sort)) for sort in (SORTS if words else SORTS[:2])],
    )


async def not_understood(request: Request, asked: GalleryQuery, error: cm.InvalidQuery) -> Response:
    """The gallery's page, with what was typed and a mark under the term that is wrong."""
    before, term, behind = asked.q[: error.start], asked.q[error.start : error.end], asked.q[error.end :]
    wrong = {"reason": error.reason, "before": before, "term": term, "behind": behind}
    tags = cloud(GalleryQuery(), await popular_tags())
    return render(request, "gallery.html", 422, asked=asked, wrong=wrong, tags=tags)


async def popular_tags() -> dict[str, int]:
    """The tags that the gallery has most."""
    return {each.tag: each.count for each in await cm.Character.objects.popular_tags(TAGS)}


@router.get("/characters/{character_id}")
async def character(request: Request, visitor: Visitor, character_id: UUID) -> Response:
    """A character: anybody's that is public, and one's own."""
    mine = cm.Character.objects.visible_to(visitor.id) if visitor else cm.Character.objects.public()
    found = await mine.select_related("user").get(id=character_id)
    return render(request, "character.html", character=found, similar=await found.similar(limit=6))


@dataclass(frozen=True, slots=True)
class Choice:
    """A link that narrows the gallery, or widens it again where it is chosen.

    Arguments:
        label: what it is of: a style, a tag.
        count: how many characters it leads to.
        is_chosen: whether it narrows already.
        href: where it leads.
        size: how large it is in a cloud, 1 to 5.
    """

    label: str
    count: int
    is_chosen: bool
    href: str
    size: int = 1

    @classmethod
    def of(cls, asked: GalleryQuery, name: str, value: str, count: int = 0, size: int = 1) -> Choice:
        """The link for one value of a parameter that has many."""
        chosen: list[str] = getattr(asked, name)
        is_chosen = value in chosen
        others = [each for each in chosen if each != value] if is_chosen else [*chosen, value]
        return cls(value, count, is_chosen, link(asked, **{name: others}), size)


def cloud(asked: GalleryQuery, tags: dict[str, int]) -> list[Choice]:
    """Tags by the alphabet, the common ones larger."""
    most = math.log(max(tags.values(), default=1)) or 1
    return [
        Choice.of(asked, "tags_all", tag, count, size=1 + round(4 * math.log(count) / most))
        for tag, count in sorted(tags.items())
    ]


def link(asked: GalleryQuery, **changes: Any) -> str:
    """The address of the gallery as it is asked for, with changes; of its first page, unless they say otherwise."""
    changed = asked.model_copy(update={"after": None, **changes})
    query = urlencode(changed.model_dump(exclude={"size"}, exclude_defaults=True), doseq=True)
    return f"/?{query}" if query else "/"
