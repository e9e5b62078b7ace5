"""`GET /openapi.json`, one document for the whole API whoever answers, and `GET /docs`, the same as a page.

Fetched from the inner services when asked for, then remembered for a while. Never half a document.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from gateway.docs import openapi_merge, reference
from gateway.proxy.routes import Service
from gateway.static.files import StaticFile, page, send_page
from shared.domain.errors import MethodNotAllowed, NotFound, Unavailable
from shared.observability import log
from shared.settings import GatewaySettings

PATHS = frozenset({b"/openapi.json", b"/docs"})

_SERVICES: tuple[Service, ...] = ("upload", "library")
_FRESH_SECONDS = 60.0
"""After this an inner service may have been replaced by a newer version of itself."""

Fetch = Callable[[Service, str], Awaitable[tuple[int, bytes]]]


@dataclass(frozen=True, slots=True)
class _Rendered:
    """The document as it is sent."""

    until: float
    """By the loop's clock."""
    json: StaticFile
    html: StaticFile


class Documents:
    """Answers the two paths."""

    def __init__(self, own: Callable[[], dict[str, Any]], fetch: Fetch, settings: GatewaySettings) -> None:
        self._own = own
        self._fetch = fetch
        self._settings = settings
        self._rendered: _Rendered | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["raw_path"] not in PATHS:
            raise NotFound("There is no such path")
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("A document can only be read", extra={"allow": ["GET", "HEAD"]})
        scope["state"]["lane"] = scope["path"]
        rendered = await self._current()
        await send_page(scope, send, rendered.json if scope["raw_path"] == b"/openapi.json" else rendered.html)

    async def _current(self) -> _Rendered:
        async with self._one_at_a_time:
            now = asyncio.get_running_loop().time()
            if self._rendered is None or self._rendered.until < now:
                try:
                    self._rendered = await self._render(now + _FRESH_SECONDS)
                except Unavailable:
                    if self._rendered is None:
                        raise
                    log.get().warning("document.kept", reason="an inner service is down")
            return self._rendered

    async def _render(self, until: float) -> _Rendered:
        found = await asyncio.gather(*(self._of(service) for service in _SERVICES))
        whole = openapi_merge.merge(
            self._own(),
            dict(zip(_SERVICES, found, strict=True)),
            self._settings.public_url,
            locked=self._settings.auth != "off",
        )
        return _Rendered(
            until,
            page(orjson.dumps(whole), "application/json"),
            reference.render(whole, self._settings.sandbox_parts),
        )

    async def _of(self, service: Service) -> dict[str, Any]:
        status, body = await self._fetch(service, "/openapi.json")
        if status != 200:
            raise Unavailable(f"The {service} service does not describe itself ({status})", retry_after=2)
        try:
            found: dict[str, Any] = orjson.loads(body)
            return {"paths": found["paths"], "components": found["components"]}
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise Unavailable(f"The {service} service does not describe itself", retry_after=2) from None
