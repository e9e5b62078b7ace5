"""The gateway as an ASGI application: its parts, who answers which path, its probes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.auth import jwts
from gateway.auth.authenticate import Authenticate, Credentials, Keys
from gateway.auth.rate_limits import RateLimits
from gateway.compression import Compression
from gateway.docs import status_openapi
from gateway.generation import routes as asking
from gateway.generation import status, usage
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
from shared.http.health import METRICS, HealthCheck, Probes
from shared.http.middleware import Middleware
from shared.http.protocol import SAFE_HEADERS
from shared.settings import GatewaySettings

_API = IMAGES.encode()
_GENERATE = _API + b"/generate"
_STATUS = status.PREFIX.encode()
_SENT = "Authorization Content-Type Idempotency-Key If-Match If-None-Match Last-Event-ID Prefer X-Request-Id"
"""Headers that pages of other origins may send."""
_ANSWERED = (
    "ETag Location Preference-Applied RateLimit RateLimit-Policy Retry-After X-Request-Id Idempotency-Replayed "
    "X-Deduplicated X-Darkroom-Sandbox"
)
"""Those of the answers that they may read."""
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
            dispatcher.polls = StatusLane(built.job_cache)
            access.open(*proofs)
            yield built

    api = make_app(
        title="Darkroom gateway",
        description="The only door from outside.",
        resources=resources,
        routers=[asking.router, status_openapi.router, usage.router],
        max_body=settings.max_json,
    )
    dispatcher = Dispatcher(Compression(api), Compression(proxy), Studio(settings), Probes({}))
    limits = RateLimits(dispatcher, settings)
    access = Authenticate(limits)

    async def redis() -> None:
        await api.state.resources.notifier.redis.ping()

    async def generation() -> str | None:
        waiting = await jobs.standstill(api.state.resources.probe)
        return f"waits for an operator: {waiting.error_code}, {waiting.error_detail}" if waiting else None

    def stop() -> None:
        if started := getattr(api.state, "resources", None):
            started.job_cache.close()

    shell = Middleware(
        access,
        settings,
        checks={
            "postgres": lambda: db.ping(api.state.resources.probe),
            "upload": _ready(proxy, "upload"),
            "library": _ready(proxy, "library"),
        },
        advisory={"redis": redis, "generation": generation},
        headers=SAFE_HEADERS,
        closed=frozenset() if settings.auth == "off" else frozenset({METRICS}),
        origins=settings.cors_origins or (),
    )
    # Outermost, so that a page of another origin can read refusals too.
    return Gateway(_with_cors(shell, settings), stop)


@dataclass
class Gateway:
    """What the server runs."""

    app: ASGIApp
    stop: Callable[[], None]
    """To be called when the process is asked to stop, or open event streams would keep it from ending."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass
class Dispatcher:
    """Picks who answers. By the bytes of the path, so that no layer behind can read it differently."""

    api: ASGIApp
    proxy: ASGIApp
    studio: ASGIApp
    metrics: ASGIApp
    polls: ASGIApp | None = None
    """Set once the process has started."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope)(scope, receive, send)

    def _door(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self.api
        path: bytes = scope["raw_path"]
        if path.startswith(_STATUS):
            if self.polls is None:
                raise Unavailable("The gateway is starting", retry_after=1)
            return self.polls
        if path == METRICS.encode():
            return self.metrics
        if path in _OURS or path.startswith(_GENERATE + b"/"):
            return self.api
        return self.proxy if path.startswith(_API) else self.studio


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
        allow_headers=_SENT.split(),
        expose_headers=_ANSWERED.split(),
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


def _ready(proxy: Proxy, service: Service) -> HealthCheck:
    """Whether an inner service can work, with the names of what it lacks."""

    async def check() -> None:
        answered, body = await proxy.fetch(service, "/readyz")
        if answered != 200:
            raise Unavailable(f"lacks {_missing(body)}")

    return check


def _missing(body: bytes) -> str:
    try:
        return ", ".join(orjson.loads(body)["missing"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "something it does not name"
