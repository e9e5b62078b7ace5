"""How a service meets HTTP: one ASGI shell (request id, access line, metrics, probes, the one error body) around
FastAPI or a bare lane. The only importer of FastAPI's application class. No routes of the product here.
"""

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FrameType
from typing import Any
from uuid import uuid4

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import errors, log, problems
from shared.access_log import AccessLog
from shared.db import DOWN
from shared.probes import Check, Probes
from shared.settings import Common

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_REQUESTS = Counter("darkroom_requests_total", "Answers given", ["method", "route", "status"])
_SECONDS = Histogram(
    "darkroom_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)


_AWAY = errors.Unavailable("The database does not answer right now; try again in a moment", retry_after=2)


class FieldProblem(BaseModel):
    """One wrong field."""

    pointer: str = Field(description="JSON pointer into the body, or `query/<name>`, `header/<name>`, `path/<name>`")
    code: str
    detail: str


class ProblemBody(BaseModel):
    """RFC 9457. `code` is stable and documented; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    retryable: bool = Field(description="Whether the same request may succeed later without being changed")
    request_id: str
    errors: list[FieldProblem] | None = None


_PROBLEM: dict[str, Any] = {
    "description": "Problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
}
PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, "5XX": _PROBLEM, 422: _PROBLEM}


def make_app(
    *,
    title: str,
    description: str,
    tools: Callable[[], AbstractAsyncContextManager[Any]],
    routers: Sequence[APIRouter],
    max_body: int | None = None,
) -> FastAPI:
    """A FastAPI application whose handlers find what `tools` yields in `request.app.state.tools`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with tools() as built:
            app.state.tools = built
            yield

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        responses=PROBLEMS,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    for router in routers:
        app.include_router(router)
    if max_body is not None:
        app.add_middleware(_BodyLimit, most=max_body)
    app.add_exception_handler(errors.Problem, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    for gone in DOWN:
        app.add_exception_handler(gone, _away)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


class _BodyLimit:
    """Refuses a body above `most` bytes: by its declared length before it is read, else as soon as it is passed."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._most:
            await send_problem(scope, send, errors.BodyTooLarge(f"At most {self._most} bytes are read"))
            return
        got = 0

        async def limited() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self._most:
                # FastAPI lets its own exception through while it reads a body, and turns every other one into a 400.
                raise HTTPException(413, f"At most {self._most} bytes are read")
            return message

        await self._app(scope, limited, send)


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        whole = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= whole.pop("$defs") | {"ProblemBody": whole}
        app.openapi_schema = document
    return app.openapi_schema


def request_id(request: Request) -> str:
    """The id that travels with this request."""
    found: str = request.scope["state"]["request_id"]
    return found


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, errors.Problem)  # noqa: S101 - FastAPI's signature is wider than the registration
    content = problems.body(problem, instance=request.url.path, request_id=request_id(request))
    answer = Response(content, status_code=problem.status)
    answer.raw_headers = [*problems.headers(problem), (b"content-length", str(len(content)).encode())]
    return answer


async def _invalid(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, RequestValidationError)  # noqa: S101
    return await _refused(request, problems.from_validation(wrong.errors()))


async def _framework(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, HTTPException)  # noqa: S101
    return await _refused(request, problems.from_status(refused.status_code, str(refused.detail)))


async def _away(request: Request, gone: Exception) -> Response:
    log.get().error("postgres.away", error=repr(gone))
    return await _refused(request, _AWAY)


async def send_problem(scope: Scope, send: Send, problem: errors.Problem) -> None:
    """A problem from a bare ASGI lane."""
    content = problems.body(problem, instance=scope["path"], request_id=scope["state"]["request_id"])
    headers = [*problems.headers(problem), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


class Shell:
    """The outermost layer of every service, as one pure-ASGI class: each BaseHTTPMiddleware would halve throughput."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Common,
        *,
        checks: Mapping[str, Check],
        advisory: Mapping[str, Check] | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._app = app
        self._probes = Probes(checks, advisory)
        self._log = AccessLog(settings)
        marks = [(b"x-darkroom-sandbox", ", ".join(settings.sandbox_parts).encode())] if settings.sandbox_parts else []
        self._headers = [*headers, *marks]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in Probes.paths:
            await self._probes(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        identity = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = identity
        own = [*self._headers, (b"x-request-id", identity.encode())]
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=identity)
        try:
            await self._app(scope, receive, answer)
        except errors.Problem as problem:
            if status == 0:
                await send_problem(scope, answer, problem)
        except DOWN as gone:
            log.get().error("postgres.away", error=repr(gone))
            if status == 0:
                await send_problem(scope, answer, _AWAY)
        except Exception:
            log.get().exception("request.crashed", path=scope["path"])
            if status == 0:
                await send_problem(scope, answer, errors.Internal("It was logged under this request id"))
            else:
                raise
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
            took = time.perf_counter() - began
            route = _route(scope)
            _REQUESTS.labels(scope["method"], route, str(status)).inc()
            _SECONDS.labels(route).observe(took)
            self._log.write(identity, scope["method"], route, status, took)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid4().hex


def _route(scope: Scope) -> str:
    """The route's template, never the path: ids would make every metric a new one."""
    route = scope.get("route")
    return str(route.path if route is not None else scope["state"].get("lane", "unmatched"))


class _Server(uvicorn.Server):
    """uvicorn that says when it is asked to stop, so that open event streams end instead of being waited for."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._on_stop:
            self._on_stop()


def serve(app: ASGIApp, settings: Common, on_stop: Callable[[], None] | None = None) -> None:
    """Runs until SIGTERM or SIGINT, then lets open requests finish for ten seconds."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
    )
    _Server(config, on_stop).run()
