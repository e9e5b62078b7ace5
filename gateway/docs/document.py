"""`GET /openapi.json`, one document for the whole API whoever answers, and `GET /docs`, the same as a page.

The document is the file beside this one, made of the code by `make openapi`; what is filled in here is of this
installation: its address, and whether it asks who asks.
"""

from pathlib import Path

import orjson
from starlette.types import Receive, Scope, Send

from gateway.docs import reference
from gateway.static.files import page, send_page
from shared.domain.errors import MethodNotAllowed, NotFound
from shared.settings import GatewaySettings

FILE = Path(__file__).parent / "openapi.json"
PATHS = frozenset({b"/openapi.json", b"/docs"})


class Documents:
    """Answers the two paths."""

    def __init__(self, settings: GatewaySettings) -> None:
        whole = orjson.loads(FILE.read_bytes())
        whole["servers"] = [{"url": settings.public_url}]
        if settings.auth != "off":
            whole["security"] = [{"key": []}]
        self.json = page(orjson.dumps(whole), "application/json")
        self._files = {b"/openapi.json": self.json, b"/docs": reference.render(whole, settings.sandbox_parts)}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        found = self._files.get(scope["raw_path"])
        if found is None:
            raise NotFound("There is no such path")
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("A document can only be read", extra={"allow": ["GET", "HEAD"]})
        scope["state"]["lane"] = scope["path"]
        await send_page(scope, send, found)
