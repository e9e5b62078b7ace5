"""What surrounds every service: request id, access line, metrics, probes and the one error body, as one ASGI class.

Each BaseHTTPMiddleware would halve the throughput. Knows no FastAPI.
"""

import errno
import functools
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db.pool import DatabaseUnavailable
from shared.domain import errors
from shared.http import problems
from shared.http.allowed_hosts import AllowedHosts
from shared.http.health import HealthCheck, Probes
from shared.observability import log
from shared.observability.access_log import AccessLog
from shared.settings import Common

_OWN_LIMITS = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""What the operating system says when this machine has no more space, files or memory."""

LEFT = 499
"""The status, in the log and the metrics only, of a request whose client left before it was answered."""

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_REQUESTS = Counter("darkroom_requests_total", "Answers given", ["method", "route", "status"])
_SECONDS = Histogram(
    "darkroom_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)


async def send_problem(scope: Scope, send: Send, problem: errors.Problem) -> None:
    """A problem from a bare ASGI lane."""
    content = problems.body(problem, instance=scope["path"], request_id=scope["state"]["request_id"])
    headers = [*problems.headers(problem), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


def problem_of(fault: Exception) -> errors.Problem:
    """What a client is told of any error."""
    if isinstance(fault, errors.Problem):
        return fault
    if _is_own_limit(fault):
        return errors.Unavailable("This machine is out of disk, memory or open files; try again later", retry_after=10)
    if isinstance(fault, DatabaseUnavailable):
        return errors.Unavailable("The database does not answer right now; try again in a moment", retry_after=2)
    return errors.Internal("It was logged under this request id")


def _write_down(fault: Exception, path: str) -> None:
    """What an operator is told of an error that is no refusal."""
    if _is_own_limit(fault):
        log.get().error("machine.full", path=path, error=repr(fault.__cause__ or fault))
    elif isinstance(fault, DatabaseUnavailable):
        log.get().error("postgres.away", path=path, error=str(fault))
    elif not isinstance(fault, errors.Problem):
        log.get().error("request.crashed", path=path, exc_info=fault)


def _is_own_limit(fault: BaseException | None) -> bool:
    # What keeps us from opening a connection to Postgres says nothing about Postgres.
    fault = fault.__cause__ if isinstance(fault, DatabaseUnavailable) else fault
    return isinstance(fault, OSError) and fault.errno in _OWN_LIMITS


class Middleware:
    """The outermost layer of a service. Probes that are `closed` are left to the application, which asks who asks."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Common,
        *,
        checks: Mapping[str, HealthCheck],
        advisory: Mapping[str, HealthCheck] | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
        closed: AbstractSet[str] = frozenset(),
        origins: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._probed = Probes.paths - closed
        self._log = AccessLog(settings)
        self._visitors = AllowedHosts(settings, origins)
        marks = [(b"x-darkroom-sandbox", ", ".join(settings.sandbox_parts).encode())] if settings.sandbox_parts else []
        self._headers = [*headers, *marks]
        self._probes = Probes(checks, advisory, self._headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, self._writing_last(send))
        elif scope["path"] in self._probed:
            await self._probes(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    def _writing_last(self, send: Send) -> Send:
        """Writes the last access lines before the server is told that it may exit."""

        async def tell(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                self._log.flush()
            await send(message)

        return tell

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        identity = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = identity
        own = [*self._headers, (b"x-request-id", identity.encode())]
        status, method, path = 0, scope["method"], scope["path"]

        async def answer(message: Message) -> None:
            nonlocal status
            if method == "OPTIONS":
                message = _options(message, status)
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=identity)
        try:
            # Probes are asked by address, by whoever watches over us, and tell a page nothing.
            if path not in Probes.paths:
                self._visitors.check(scope)
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            status = status or LEFT
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is told in the one body
            _write_down(fault, path)
            if status == 0:
                await send_problem(scope, answer, problem_of(fault))
            # Else the answer was given. The server closes the connection on half of one: it must not pass for a whole.
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
            took = time.perf_counter() - began
            route = _route(scope)
            _count(method, route, status, None if scope["state"].get("held") else took)
            self._log.write(identity, method, route, status, took)


def _options(message: Message, status: int) -> Message:
    """What a path takes is in `Allow`, whoever refused OPTIONS: 204 instead of 405. `status` is what was begun."""
    if message["type"] == "http.response.start" and message["status"] == 405:
        allow = [(name, value) for name, value in message["headers"] if name == b"allow"]
        return {**message, "status": 204, "headers": allow}
    return {**message, "body": b""} if status == 204 else message


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return os.urandom(16).hex()


def _route(scope: Scope) -> str:
    """The route's template, never the path: ids would make every metric a new one."""
    route = scope.get("route")
    return str(route.path if route is not None else scope["state"].get("lane", "unmatched"))


@functools.lru_cache(maxsize=2048)
def _metrics(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Finding the right child by its labels costs twice as much as counting."""
    return _REQUESTS.labels(method, route, str(status)), _SECONDS.labels(route)


def _count(method: str, route: str, status: int, took: float | None) -> None:
    """`took` is None where a client asked to be kept waiting: that says nothing about how fast we are."""
    requests, seconds = _metrics(method, route, status)
    requests.inc()
    if took is not None:
        seconds.observe(took)
