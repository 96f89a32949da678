"""What a web app needs around the gallery, for any framework: its parameters, its pages, the request's context."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, Self, TypeAlias, TypeVar
from urllib.parse import parse_qsl, quote, unquote_plus
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from charmodels import cursors, limits
from charmodels.context import request_context
from charmodels.enums import StyleType
from charmodels.errors import InvalidInput
from charmodels.pages import Page
from charmodels.values import SearchText, Tag, first_reason

if TYPE_CHECKING:
    from charmodels.models.character import Character
    from charmodels.querysets.characters import CharacterQuerySet

T = TypeVar("T")
S = TypeVar("S", bound=BaseModel)

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Actor: TypeAlias = Callable[[Scope], Awaitable[UUID | str | None]]

REQUEST_ID = "x-request-id"
"""The header field by which a request is found in logs: the caller's, or one that is made."""

LINK_DESCRIPTION = 'Leads to the page after this one, with `rel="next"` (RFC 8288); not there on the last page.'

_GIVEN_ID = re.compile(rf"[!-~]{{1,{limits.KEY_LENGTH}}}")
_MANY = ("style", "tags_any", "tags_all", "tags_none")
_Tags: TypeAlias = Annotated[list[Tag], Field(max_length=limits.ASKED_TAGS)]


class GalleryQuery(BaseModel):
    """What a request asks of the gallery, by the parameters of its query.

    Arguments:
        q: the text of the search box, as `cm.parse_query` reads it.
        style: any of these.
        tags_any: at least one of these.
        tags_all: every one of these.
        tags_none: none of these.
        sort: "newest", "oldest", or, with words to search for, "relevance".
        size: rows on a page, 1 to 100.
        after: the `next_cursor` of the page before.

    Example:
        >>> import charmodels as cm
        >>> asked = GalleryQuery.from_query("q=knight&style=FANTASY&tags_any=Hero&tags_any=king&size=50")
        >>> asked.style, asked.tags_any, asked.size
        ([<StyleType.FANTASY: 'FANTASY'>], ['hero', 'king'], 50)
        >>> async def gallery() -> cm.Page[cm.Character]:
        ...     return await asked.page(cm.Character.objects.public())
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    q: SearchText = Field(
        default="", description='Words to search for, and fields: `knight style:fantasy tag:hero -tag:gore by:"Ada L."`'
    )
    style: list[StyleType] = Field(default_factory=list, description="Any of these styles.")
    tags_any: _Tags = Field(default_factory=list, description="At least one of these tags.")
    tags_all: _Tags = Field(default_factory=list, description="Every one of these tags.")
    tags_none: _Tags = Field(default_factory=list, description="None of these tags.")
    sort: Literal["newest", "oldest", "relevance"] = Field(
        default="newest", description="The order; `relevance` needs words to search for."
    )
    size: int = Field(default=20, ge=1, le=limits.PAGE_SIZE, description="Characters on a page.")
    after: str | None = Field(
        default=None, max_length=cursors.LONGEST, description="The `next_cursor` of the page before."
    )

    @classmethod
    def from_query(cls, query: str | bytes) -> Self:
        """Read the query of a URL. What is empty, as forms send it, and what is unknown is left out.

        Arguments:
            query: what stands behind the question mark.

        Returns:
            What is asked.

        Raises:
            InvalidInput: a parameter breaks a rule.
        """
        text = query.decode("latin-1") if isinstance(query, bytes) else query
        given: dict[str, Any] = {}
        for name, value in parse_qsl(text):
            if name in _MANY:
                given.setdefault(name, []).append(value)
            else:
                given[name] = value
        return cls.of(**given)

    @classmethod
    def of(cls, **parameters: Any) -> Self:
        """Make it of parameters that a framework has taken apart.

        Arguments:
            parameters: by name, as they came.

        Returns:
            What is asked.

        Raises:
            InvalidInput: a parameter breaks a rule.
        """
        try:
            return cls.model_validate(parameters)
        except ValidationError as error:
            raise _invalid(error, whole="query") from None

    def narrow(self, characters: CharacterQuerySet) -> CharacterQuerySet:
        """Narrow a queryset to what is asked, without its page; for facets and counts.

        Arguments:
            characters: such as `cm.Character.objects.public()`.

        Returns:
            The narrowed queryset.

        Raises:
            InvalidQuery: a term of the search box cannot be understood.
        """
        found = characters.matching(self.q).tagged(self.tags_any, self.tags_all, self.tags_none)
        return found.styled(*self.style) if self.style else found

    async def page(
        self, characters: CharacterQuerySet, *, with_total: bool = False, snippets: bool = False
    ) -> Page[Character]:
        """Read the page that is asked for.

        Arguments:
            characters: such as `cm.Character.objects.public()`.
            with_total: count the rows of all pages too, up to 1,000.
            snippets: give the pieces of text that were found.

        Returns:
            The page.

        Raises:
            InvalidQuery: a term of the search box cannot be understood.
            InvalidInput: relevance is asked for without words, or snippets are.
            InvalidCursor: the cursor was changed, or belongs to another query.
        """
        narrowed = self.narrow(characters)
        return await narrowed.page(self.size, self.after, self.sort, with_total=with_total, snippets=snippets)


class PageOf(BaseModel, Generic[T]):
    """A page as an answer has it.

    Example:
        >>> from charmodels import CharacterPublic
        >>> PageOf[CharacterPublic](items=[], next_cursor=None).model_dump_json()
        '{"items":[],"next_cursor":null}'
    """

    model_config = ConfigDict(from_attributes=True, frozen=True)

    items: list[T]
    next_cursor: str | None = Field(description="Gives the page after this one as `after`; null on the last page.")


def page_body(page: Page[Any], schema: type[BaseModel]) -> bytes:
    """Write a page in JSON.

    Arguments:
        page: with rows.
        schema: what is shown of each row, as `cm.CharacterPublic`.

    Returns:
        JSON, as `PageOf[schema]` describes it.

    Example:
        >>> import charmodels as cm
        >>> page_body(cm.Page([], next_cursor=None), cm.CharacterPublic)
        b'{"items":[],"next_cursor":null}'
    """
    shown: BaseModel = PageOf[schema].model_validate(page)  # type: ignore[valid-type]
    return shown.model_dump_json().encode()


def page_headers(page: Page[Any], path: str, query: str | bytes) -> dict[str, str]:
    """Give the header fields of a page: `Link` (RFC 8288) to the page after it, unless it is the last.

    Arguments:
        page: the page.
        path: of the request, not encoded.
        query: of the request, as it came; everything in it but `after` is kept.

    Returns:
        Names and values.

    Example:
        >>> import charmodels as cm
        >>> page_headers(cm.Page([], next_cursor="abc"), "/characters", "q=knight&after=xyz")
        {'Link': '</characters?q=knight&after=abc>; rel="next"'}
    """
    if page.next_cursor is None:
        return {}
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    kept = [part for part in text.split("&") if part and unquote_plus(part.partition("=")[0]) != "after"]
    # What is encoded stays so; what no URL may hold, as a line break or ">", is encoded now.
    others = quote("&".join(kept), safe="!$&'()*+,;=:@/?%-._~")
    return {
        "Link": f'<{quote(path, errors="replace")}?{others}{"&" if others else ""}after={page.next_cursor}>; rel="next"'
    }


def parse_body(schema: type[S], body: str | bytes) -> S:
    """Read the body of a request, for frameworks that do not.

    Arguments:
        schema: what it must be, as `cm.GenerationCreate`.
        body: JSON.

    Returns:
        What is in it.

    Raises:
        InvalidInput: it is no JSON, or a field breaks a rule.

    Example:
        >>> import charmodels as cm
        >>> parse_body(cm.GenerationCreate, b'{"prompt": "A knight", "style_type": "FANTASY"}').batch_size
        1
    """
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error, whole="body") from None


class RequestContextMiddleware:
    """ASGI middleware: transactions, log records and problems know the request that they belong to, and who acts.

    The request's id is the caller's `x-request-id`, if it is 1 to 255 visible ASCII characters, else a new UUID. The
    answer has it, and the ASGI scope, as `request.state.request_id` in Starlette.

    Arguments:
        app: the app.
        actor: tells who acts from the ASGI scope: a user's id, a name, or None where it does not know.

    Example:
        >>> from starlette.applications import Starlette
        >>> from starlette.middleware import Middleware
        >>> app = Starlette(middleware=[Middleware(RequestContextMiddleware)])
    """

    def __init__(self, app: App, *, actor: Actor | None = None) -> None:
        self.app = app
        self.actor = actor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app in the context of its request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        field = (REQUEST_ID.encode(), request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                others = [each for each in message.get("headers", ()) if each[0].lower() != field[0]]
                message = {**message, "headers": [*others, field]}
            await send(message)

        actor = await self.actor(scope) if self.actor is not None else None
        with request_context(actor=actor, request_id=request_id):
            await self.app(scope, receive, send_with_id)


def request_id_of(scope: Scope) -> str | None:
    """Say what a request is found by, also outside of `RequestContextMiddleware`, where errors end.

    Arguments:
        scope: the request's.

    Returns:
        The id, or None where no middleware gave one.
    """
    state = scope.get("state") or {}
    found = state.get("request_id") if isinstance(state, MutableMapping) else None
    return found if isinstance(found, str) else None


def _request_id(scope: Scope) -> str:
    for name, value in scope.get("headers", ()):
        if name.lower() == REQUEST_ID.encode():
            given: str = value.decode("latin-1")
            return given if _GIVEN_ID.fullmatch(given) else str(uuid4())
    return str(uuid4())


def _invalid(error: ValidationError, *, whole: str) -> InvalidInput:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return InvalidInput(field=whole, reason="must be JSON")
    name = ".".join(map(str, first["loc"])) or whole
    return InvalidInput(field=name[:100].encode("utf-8", "replace").decode(), reason=first_reason(error))
