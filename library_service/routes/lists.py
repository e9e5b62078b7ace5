"""The library's pages as bare ASGI in front of FastAPI: what is asked most is answered without its routing.

Only what is asked as it should be is answered here. Everything else goes on to FastAPI's route of the same path, which
says what is wrong with it, and describes both.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from library_service.resources import LibraryResources
from library_service.schemas import ListQuery
from shared.db import image_pages
from shared.db.image_pages import ImageFilter
from shared.db.tables import ImageSource
from shared.domain import caller
from shared.domain.caller import Caller
from shared.http import api_schemas
from shared.http.shares import share_key

PATH = "/api/v1/images"
_RAW_PATH = PATH.encode()
_DEEP = 1000
"""Pictures to a page by its number; beyond, a cursor is the way."""


class Lists:
    """One per process; `tools` answers those of the application once it has started."""

    def __init__(self, app: ASGIApp, resources: Callable[[], LibraryResources]) -> None:
        self._app = app
        self._resources = resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _asked(scope)
        if asked is None:
            await self._app(scope, receive, send)
            return
        scope["state"]["lane"] = PATH
        content = await page(self._resources(), caller.of(scope), asked)
        told = [(b"content-length", str(len(content)).encode()), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await send({"type": "http.response.body", "body": content})


async def page(resources: LibraryResources, who: Caller, asked: ListQuery) -> bytes:
    """An `ImagePage` as JSON. Raises Forbidden, and Invalid for a cursor that is none."""
    who.act_for(asked.business_id)
    source = None if asked.source == "all" else ImageSource(asked.source)
    wanted = ImageFilter(asked.business_id, source, asked.search.strip(), asked.trashed)
    # Whoever searches, or reads all pages before the one that is asked for, may take Postgres a hundred times as long.
    deep = not asked.cursor and (asked.page or 1) * asked.page_size > _DEEP
    db = resources.db if wanted.search else resources.lists
    turns = resources.turns if wanted.search or deep else resources.list_turns
    async with turns.turn(share_key(who, asked.business_id)):
        if asked.cursor:
            found = await image_pages.following(db, wanted, asked.cursor, asked.page_size)
        else:
            found = await image_pages.numbered(db, wanted, asked.page or 1, asked.page_size)
    values: dict[str, Any] = {
        "items": [api_schemas.shown(row, resources.settings.purge_after) for row in found.rows],
        "total": found.total,
        "total_exact": found.exact,
        "page": None if asked.cursor else asked.page or 1,
        "page_size": asked.page_size,
        "pages": -(-found.total // asked.page_size),
        "next_cursor": found.next_cursor,
    }
    return api_schemas.listed(values)


def _asked(scope: Scope) -> ListQuery | None:
    """None for everything but a list that is well asked for, each thing once."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["raw_path"] != _RAW_PATH:
        return None
    said = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    once = dict(said)
    if len(once) != len(said):
        return None
    try:
        return ListQuery.model_validate(once)
    except ValidationError:
        return None
