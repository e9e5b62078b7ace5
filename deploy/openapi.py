"""`python -m deploy.openapi`: writes `gateway/docs/openapi.json`, the document of the whole API, from the routes of all
services. A test compares the file with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from gateway.docs import openapi_public, status_openapi
from gateway.docs.document import FILE
from gateway.generation import routes, usage
from library_service.routes import derivatives, images, posts, trash
from shared.http.app import make_app
from upload_service.routes import reachability, upload, validate

ROUTERS = (
    routes.router, status_openapi.router, usage.router,
    upload.router, validate.router, reachability.router,
    images.router, trash.router, derivatives.router, posts.router,
)  # fmt: skip


def whole(public_url: str = "http://localhost:8003") -> dict[str, Any]:
    """The document. Which address serves it is filled in by the gateway."""
    app = make_app(title="Darkroom", description="All of it", resources=_none, routers=ROUTERS)
    return openapi_public.public(app.openapi(), public_url)


def written() -> bytes:
    """The file's content."""
    return orjson.dumps(whole(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@asynccontextmanager
async def _none() -> AsyncIterator[None]:
    yield


if __name__ == "__main__":
    Path(FILE).write_bytes(written())
