"""The page of pictures, the library's most frequent answer: read in one query and written without models.

`Listing` answers it beside FastAPI, whose routing and validation cost as much as the page itself. What it does not read
at first sight, such as a wrong query, it leaves to the route in `library.py`, which refuses it in the usual words.
"""

from functools import lru_cache
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from library_service.schemas import ListQuery
from library_service.tools import Tools
from shared import caller, pages, wire
from shared.caller import Caller
from shared.models import ImageSource
from shared.pages import Wanted

ROUTE = "/api/v1/images"
_PATHS = frozenset({ROUTE.encode(), ROUTE.encode() + b"/"})
_JSON = (b"content-type", b"application/json")


class Listing:
    """The application, with its list answered here."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["raw_path"] in _PATHS:
            asked = _read(scope["query_string"])
            if asked is not None:
                scope["state"]["lane"] = ROUTE
                content = await list_page(self._app.state.tools, caller.of(scope), asked)
                headers = [(b"content-length", str(len(content)).encode()), _JSON]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": content})
                return
        await self._app(scope, receive, send)


async def list_page(tools: Tools, who: Caller, asked: ListQuery) -> bytes:
    """The JSON of one `ImagePage`. Raises Forbidden, Invalid (a cursor that is none), DatabaseUnavailable."""
    who.act_for(asked.business_id)
    source = None if asked.source == "all" else ImageSource(asked.source)
    wanted = Wanted(asked.business_id, source, asked.search.strip(), asked.trashed)
    if asked.cursor:
        found = await pages.following(tools.db, wanted, asked.cursor, asked.page_size)
    else:
        found = await pages.numbered(tools.db, wanted, asked.page, asked.page_size)
    page = {
        "items": [wire.image_fields(row, tools.settings.purge_after) for row in found.rows],
        "total": found.total,
        "total_exact": found.exact,
        "page": None if asked.cursor else asked.page,
        "page_size": asked.page_size,
        "pages": -(-found.total // asked.page_size),
        "next_cursor": found.next_cursor,
    }
    return orjson.dumps(page, default=str, option=orjson.OPT_UTC_Z)  # asyncpg's UUIDs are of its own kind


@lru_cache(1024)
def _read(query: bytes) -> ListQuery | None:
    """As FastAPI reads it; None for what it would refuse, and for what is said twice."""
    said = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    words = dict(said)
    if len(words) != len(said):
        return None
    try:
        return ListQuery.model_validate(words)
    except ValidationError:
        return None
