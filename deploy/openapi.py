"""`python -m deploy.openapi`: writes `gateway/docs/openapi.json`, the document of the whole API, from the routes of all
services. A test compares the file with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter

from gateway.docs import openapi_merge, status_openapi
from gateway.docs.document import FILE
from gateway.generation import routes, usage
from library_service.routes import derivatives, images, posts, trash
from shared.http.app import make_app
from upload_service.routes import reachability, upload, validate


def describe(*routers: APIRouter) -> dict[str, Any]:
    """What a service made of these routers says of itself."""
    app = make_app(title="A part", description="Of the whole", resources=_none, routers=routers)
    found: dict[str, Any] = orjson.loads(orjson.dumps(app.openapi()))
    return found


def own() -> dict[str, Any]:
    """What the gateway answers itself."""
    return describe(routes.router, status_openapi.router, usage.router)


def services() -> dict[str, dict[str, Any]]:
    """What the gateway hands on, by service."""
    return {
        "upload": describe(upload.router, validate.router, reachability.router),
        "library": describe(images.router, trash.router, derivatives.router, posts.router),
    }


def whole() -> bytes:
    """The file's content. Which address serves it is filled in by the gateway."""
    document = openapi_merge.merge(own(), services(), "http://localhost:8003")
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@asynccontextmanager
async def _none() -> AsyncIterator[None]:
    yield


if __name__ == "__main__":
    Path(FILE).write_bytes(whole())
