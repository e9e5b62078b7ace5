"""The library's pages as bare ASGI in front of FastAPI: what is asked most is answered without its routing.

Only what is asked as it should be is answered here. Everything else goes on to FastAPI's route of the same path, which
says what is wrong with it, and describes both.
"""

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import Field, ValidationError, model_validator
from starlette.types import ASGIApp, Receive, Scope, Send

from library_service.resources import LibraryResources
from shared.db import image_pages
from shared.db.image_pages import COUNTED, ImageFilter
from shared.db.tables import ImageSource
from shared.domain import caller
from shared.domain.caller import Caller
from shared.domain.cursor import PATTERN
from shared.http import api_schemas
from shared.http.api_schemas import BusinessId, ResponseModel, Text
from shared.http.shares import share_key
from shared.http.strict_input import QueryModel

PATH = "/api/v1/images"
_RAW_PATH = PATH.encode()
_DEEP = 1000
"""Pictures to a page by its number; beyond, a cursor is the way."""


class ListQuery(QueryModel):
    """Which pictures, and which page of them."""

    business_id: BusinessId = Field(examples=[1])
    page: int | None = Field(None, ge=1, le=1_000_000_000, description="Without `cursor`: the first by default")
    page_size: int = Field(20, ge=1, le=100)
    cursor: Text | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="`next_cursor` of the page before",
        json_schema_extra={"pattern": PATTERN},
    )
    search: Text = Field("", max_length=200, description="A piece of filename, prompt or alt text, in any case")
    source: Literal["all", "uploaded", "ai_generated"] = "all"
    trashed: bool = Field(False, description="The trash instead of the live pictures")

    @model_validator(mode="after")
    def _one_way(self) -> "ListQuery":
        # Generated clients send what they believe to be the default beside the cursor.
        if self.cursor and self.page not in {None, 1}:
            raise ValueError("send page or cursor, not both")
        return self


class ImagePage(ResponseModel):
    """Some of them, newest first."""

    items: list[api_schemas.Image]
    total: int
    total_exact: bool = Field(description=f"False where a search found more than {COUNTED}: `total` is {COUNTED} then")
    page: int | None = Field(description="Null where a cursor was sent")
    page_size: int
    pages: int
    next_cursor: str | None = Field(description="Null at the end")


class Lists:
    """One per process; `resources` answers those of the application once it has started."""

    def __init__(self, app: ASGIApp, resources: Callable[[], LibraryResources]) -> None:
        self._app = app
        self._resources = resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = _query(scope)
        if query is None:
            await self._app(scope, receive, send)
            return
        scope["state"]["lane"] = PATH
        content = await page(self._resources(), caller.of(scope), query)
        headers = [(b"content-length", str(len(content)).encode()), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


async def page(resources: LibraryResources, who: Caller, query: ListQuery) -> bytes:
    """An `ImagePage` as JSON. Raises Forbidden, Invalid for a cursor that is none, RateLimited, Unavailable."""
    who.act_for(query.business_id)
    source = None if query.source == "all" else ImageSource(query.source)
    wanted = ImageFilter(query.business_id, source, query.search.strip(), query.trashed)
    number = query.page or 1
    # Whoever searches, or reads all pages before the one that is asked for, may take Postgres a hundred times as long.
    deep = not query.cursor and number * query.page_size > _DEEP
    db = resources.db if wanted.search else resources.lists
    turns = resources.turns if wanted.search or deep else resources.list_turns
    async with turns.turn(share_key(who, query.business_id)):
        images = await image_pages.page(db, wanted, query.page_size, number=number, after=query.cursor)
    values: dict[str, Any] = {
        "items": [api_schemas.shown(row, resources.settings.purge_after) for row in images.rows],
        "total": images.total,
        "total_exact": images.exact,
        "page": None if query.cursor else number,
        "page_size": query.page_size,
        "pages": -(-images.total // query.page_size),
        "next_cursor": images.next_cursor,
    }
    return api_schemas.listed(values)


def _query(scope: Scope) -> ListQuery | None:
    """None for everything but a list that is well asked for, each thing once."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["raw_path"] != _RAW_PATH:
        return None
    parameters = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    once = dict(parameters)
    try:
        return ListQuery.model_validate(once) if len(once) == len(parameters) else None
    except ValidationError:
        return None
