"""The API half of a service: a FastAPI application whose every refusal is the one error body.

The only importer of FastAPI's application class. No routes of the product here; what surrounds it is in `shell`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain import errors
from shared.http import openapi, problems, strict_input
from shared.http.middleware import LEFT, problem_of
from shared.http.request_bodies import JSON_ONLY, Bodies, is_json


class FieldProblem(BaseModel):
    """One wrong field."""

    pointer: str = Field(description="JSON pointer into the body, or `query/<name>`, `header/<name>`, `path/<name>`")
    code: str = Field(json_schema_extra={"enum": [*sorted(problems.FIELD_CODES)]})
    detail: str


class ProblemBody(BaseModel):
    """RFC 9457. `code` is stable and documented; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(json_schema_extra={"enum": [*sorted(kind.code for kind in errors.all_problems())]})
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
    resources: Callable[[], AbstractAsyncContextManager[Any]],
    routers: Sequence[APIRouter],
    max_body: int | None = None,
) -> FastAPI:
    """A FastAPI application whose handlers find what `resources` yields in `request.app.state.resources`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with resources() as built:
            app.state.resources = built
            yield

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        responses=PROBLEMS,
        dependencies=[Depends(_known_query)],
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    for router in routers:
        app.include_router(router)
    app.add_middleware(Bodies, most=max_body)
    app.add_middleware(_Heads)
    app.add_exception_handler(errors.Problem, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(ClientDisconnect, _left)
    # Everything else. Starlette would answer it in plain text; it raises it again afterwards, and the shell logs it.
    app.add_exception_handler(Exception, _broke)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


class _Heads:
    """HEAD wherever GET: the same answer without its body. FastAPI's routes take only the method they name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        as_get: Scope = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive, bodiless)
        finally:
            scope.update({"route": as_get["route"]} if "route" in as_get else {})


async def _known_query(request: Request) -> None:
    """Unknown parameters are refused on every route, also on those that take none."""
    if request.scope["query_string"]:
        known = openapi.query_names(_document(request.app), request.scope["route"].path_format, request.method)
        if known is not None:
            strict_input.check_query(request.scope["query_string"], known)


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        whole = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= whole.pop("$defs") | {"ProblemBody": whole}
        app.openapi_schema = openapi.plain(document)
    return app.openapi_schema


def request_id(request: Request) -> str:
    """The id that travels with this request."""
    read: str = request.scope["state"]["request_id"]
    return read


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, errors.Problem)  # noqa: S101 - FastAPI's signature is wider than the registration
    content = problems.body(problem, instance=request.url.path, request_id=request_id(request))
    answer = Response(content, status_code=problem.status)
    answer.raw_headers = [*problems.headers(problem), (b"content-length", str(len(content)).encode())]
    return answer


async def _invalid(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, RequestValidationError)  # noqa: S101
    faults = wrong.errors()
    kind = request.headers.get("content-type", "")
    if any(e["loc"] == ("body",) and e["type"] != "missing" for e in faults) and not is_json(kind):
        return await _refused(request, errors.UnsupportedMediaType(JSON_ONLY))
    return await _refused(request, problems.from_validation(faults))


async def _framework(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, HTTPException)  # noqa: S101
    if refused.status_code == LEFT:
        return await _left(request, refused)
    problem = problems.from_status(refused.status_code, str(refused.detail))
    if allow := (refused.headers or {}).get("Allow"):
        methods = set(allow.split(", "))
        problem.extra["allow"] = sorted(methods | {"HEAD"} if "GET" in methods else methods)
    return await _refused(request, problem)


async def _left(_request: Request, _fault: Exception) -> Response:
    """Nobody reads it; the log and the metrics do."""
    return Response(status_code=LEFT)


async def _broke(request: Request, fault: Exception) -> Response:
    return await _refused(request, problem_of(fault))
