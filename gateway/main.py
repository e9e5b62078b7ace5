"""The gateway as an ASGI application: its parts, who answers which path, its probes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.auth import jwts
from gateway.auth.authenticate import Authenticate, Credentials, Keys
from gateway.auth.rate_limits import RateLimits
from gateway.compression import Compression
from gateway.docs import document, status_openapi
from gateway.docs.document import Documents
from gateway.generation import routes as asking
from gateway.generation import status, usage
from gateway.generation.job_cache import JobCache
from gateway.generation.status import StatusLane
from gateway.proxy.proxy import Proxy
from gateway.proxy.routes import IMAGES, Service
from gateway.resources import GatewayResources, open_resources
from gateway.static.studio import Studio
from shared.db import jobs
from shared.db import pool as db
from shared.domain.errors import Malformed, Unavailable
from shared.http import problems
from shared.http.app import make_app
from shared.http.health import METRICS, Check, Probes
from shared.http.middleware import Middleware
from shared.http.protocol import SAFE_HEADERS
from shared.settings import GatewaySettings

_API = IMAGES.encode()
_GENERATE = _API + b"/generate"
_STATUS = status.PREFIX.encode()
_OURS = frozenset({_GENERATE, usage.PATH.encode()})


def build(settings: GatewaySettings) -> "Gateway":
    """Ready to be served."""
    proxy = Proxy(settings)

    @asynccontextmanager
    async def resources() -> AsyncIterator[GatewayResources]:
        async with (
            open_resources(settings) as built,
            proxy.running(),
            limits.running(built.notifier),
            _proofs(settings, built) as proofs,
        ):
            doors.open(built.watch)
            access.open(*proofs)
            yield built

    api = make_app(
        title="Darkroom gateway",
        description="The only door from outside.",
        resources=resources,
        routers=[asking.router, status_openapi.router, usage.router],
        max_body=settings.max_json,
    )
    doors = Dispatcher(Compression(api), Compression(proxy), Documents(settings), Studio(settings))
    limits = RateLimits(doors, settings)
    access = Authenticate(limits)

    async def postgres() -> None:
        await db.ping(api.state.resources.probe)

    async def redis() -> None:
        await api.state.resources.notifier.redis.ping()

    async def generation() -> str | None:
        waiting = await jobs.standstill(api.state.resources.probe)
        return f"waits for an operator: {waiting.error_code}, {waiting.error_detail}" if waiting else None

    checks = {"postgres": postgres, "upload": _ready(proxy, "upload"), "library": _ready(proxy, "library")}
    return Gateway(access, doors, settings, checks, {"redis": redis, "generation": generation})


class Gateway(Middleware):
    """What the server runs."""

    def __init__(
        self,
        access: Authenticate,
        doors: "Dispatcher",
        settings: GatewaySettings,
        checks: Mapping[str, Check],
        advisory: Mapping[str, Check],
    ) -> None:
        closed = frozenset({METRICS}) if settings.auth != "off" else frozenset()
        super().__init__(
            access,
            settings,
            checks=checks,
            advisory=advisory,
            headers=SAFE_HEADERS,
            closed=closed,
            origins=settings.cors_origins or (),
        )
        # Outermost, so that a page of another origin can read refusals too.
        self._entrance = _with_cors(super().__call__, settings)
        self.stop = doors.close
        """To be called when the process is asked to stop, or open event streams would keep it from ending."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._entrance(scope, receive, send)


class Dispatcher:
    """Picks who answers. By the bytes of the path, so that no layer behind can read it differently."""

    def __init__(self, api: ASGIApp, proxy: ASGIApp, documents: ASGIApp, studio: ASGIApp) -> None:
        self._polls: ASGIApp = _not_yet
        self._watch: JobCache | None = None
        self._api = api
        self._proxy = proxy
        self._documents = documents
        self._studio = studio
        self._metrics = Probes({})

    def open(self, watch: JobCache) -> None:
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
        if path == METRICS.encode():
            return self._metrics
        if path in _OURS or path.startswith(_GENERATE + b"/"):
            return self._api
        if path.startswith(_API):
            return self._proxy
        return self._documents if path in document.PATHS else self._studio


async def _not_yet(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise Unavailable("The gateway is starting", retry_after=1)


@asynccontextmanager
async def _proofs(settings: GatewaySettings, resources: GatewayResources) -> AsyncIterator[list[Credentials]]:
    """What counts as proof of who asks, as the settings say."""
    keys = [Keys(resources.db)] if "keys" in settings.auth else []
    if "jwt" in settings.auth:
        async with jwts.reading(settings) as tokens:
            yield [*keys, tokens]
    else:
        yield [*keys]


def _with_cors(app: ASGIApp, settings: GatewaySettings) -> ASGIApp:
    """Lets the pages of the listed origins call the API; no page at all unless some are listed."""
    if not settings.cors_origins:
        return app
    return _Cors(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Last-Event-ID",
            "Prefer",
            "X-Request-Id",
        ],
        expose_headers=[
            "ETag",
            "Location",
            "Preference-Applied",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-Id",
            "Idempotency-Replayed",
            "X-Deduplicated",
            "X-Darkroom-Sandbox",
        ],
        max_age=600,
    )


class _Cors(CORSMiddleware):
    """Refuses a preflight in the one error body."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        refusal = Malformed("Pages of this origin may not ask for this; the operator lists those that may")
        headers, content = problems.apart(refusal, "/")
        told = {name.decode(): value.decode() for name, value in headers}
        return Response(content, refusal.status, headers=told | {"Vary": "Origin"})


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
