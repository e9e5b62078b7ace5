"""The gateway as an ASGI application: its parts, who answers which path, its probes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import described, document, status, usage
from gateway import generation as asking
from gateway.document import Documents
from gateway.proxy import Proxy
from gateway.routes import IMAGES, Service
from gateway.status import StatusLane
from gateway.studio import Studio
from gateway.tools import Tools, opened
from gateway.watch import Watch
from shared import db, jobs
from shared.errors import Unavailable
from shared.probes import Check
from shared.settings import GatewaySettings
from shared.shell import Shell
from shared.web import make_app

_API = IMAGES.encode()
_GENERATE = _API + b"/generate"
_STATUS = status.PREFIX.encode()
_OURS = frozenset({_GENERATE, usage.PATH.encode()})


def build(settings: GatewaySettings) -> "Gateway":
    """Ready to be served."""
    proxy = Proxy(settings)

    @asynccontextmanager
    async def tools() -> AsyncIterator[Tools]:
        async with opened(settings) as built, proxy.running():
            doors.open(built.watch)
            yield built

    api = make_app(
        title="Darkroom gateway",
        description="The only door from outside.",
        tools=tools,
        routers=[asking.router, described.router, usage.router],
        max_body=settings.max_json,
    )
    doors = Doors(api, proxy, Documents(api.openapi, proxy.fetch, settings), Studio(settings))

    async def postgres() -> None:
        await db.ping(api.state.tools.db)

    async def redis() -> None:
        await api.state.tools.bell.redis.ping()

    async def generation() -> str | None:
        waiting = await jobs.standstill(api.state.tools.db)
        return f"waits for an operator: {waiting.error_code}, {waiting.error_detail}" if waiting else None

    checks = {"postgres": postgres, "upload": _ready(proxy, "upload"), "library": _ready(proxy, "library")}
    return Gateway(doors, settings, checks, {"redis": redis, "generation": generation})


class Gateway(Shell):
    """What the server runs."""

    def __init__(
        self, doors: "Doors", settings: GatewaySettings, checks: Mapping[str, Check], advisory: Mapping[str, Check]
    ) -> None:
        super().__init__(doors, settings, checks=checks, advisory=advisory)
        self.stop = doors.close
        """To be called when the process is asked to stop, or open event streams would keep it from ending."""


class Doors:
    """Picks who answers. By the bytes of the path, so that no layer behind can read it differently."""

    def __init__(self, api: ASGIApp, proxy: ASGIApp, documents: ASGIApp, studio: ASGIApp) -> None:
        self._polls: ASGIApp = _not_yet
        self._watch: Watch | None = None
        self._api = api
        self._proxy = proxy
        self._documents = documents
        self._studio = studio

    def open(self, watch: Watch) -> None:
        """Once the process has started: the polls can be answered."""
        self._watch = watch
        self._polls = StatusLane(watch)

    def close(self) -> None:
        """Ends what waits for a job to change."""
        if self._watch is not None:
            self._watch.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope)(scope, receive, send)

    def _door(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._api
        path: bytes = scope["raw_path"]
        if path.startswith(_STATUS):
            return self._polls
        if path in _OURS or path.startswith(_GENERATE + b"/"):
            return self._api
        if path.startswith(_API):
            return self._proxy
        return self._documents if path in document.PATHS else self._studio


async def _not_yet(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise Unavailable("The gateway is starting", retry_after=1)


def _ready(proxy: Proxy, service: Service) -> Check:
    """Whether an inner service can work, with the names of what it lacks."""

    async def check() -> None:
        answered, body = await proxy.fetch(service, "/readyz")
        if answered != 200:
            raise Unavailable(f"lacks {_missing(body)}")

    return check


def _missing(body: bytes) -> str:
    try:
        said: Any = orjson.loads(body)
        return ", ".join(said["missing"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "something it does not name"
