"""The one error body: RFC 9457 `application/problem+json`, for FastAPI and for the bare ASGI lanes alike. Pure."""

import math
import os
from collections.abc import Sequence
from typing import Any

import orjson

from shared.domain.errors import (
    BodyTooLarge,
    FieldError,
    Internal,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Problem,
)

TYPE = "https://darkroom.invalid/problems/"
"""`type` is an identifier, not a page: the code is documented in docs/api.md."""

_STATUS = {404: NotFound, 405: MethodNotAllowed, 413: BodyTooLarge, 400: Malformed}

_CODES = {
    "too_short": "too_short",
    "too_long": "too_long",
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "enum": "not_allowed",
    "literal_error": "not_allowed",
    "greater_than": "too_small",
    "greater_than_equal": "too_small",
    "less_than": "too_large",
    "less_than_equal": "too_large",
}


FIELD_CODES = frozenset({*_CODES.values(), "invalid", "model_retired", "not_publishable"})
"""Every `code` of an entry in `errors`."""


def body(problem: Problem, *, instance: str, request_id: str) -> bytes:
    """The JSON of one problem."""
    members: dict[str, Any] = {
        "type": TYPE + problem.code,
        "title": problem.title,
        "status": problem.status,
        "detail": str(problem),
        "instance": instance,
        "code": problem.code,
        "retryable": problem.retryable,
        "request_id": request_id,
    }
    if problem.errors:
        members["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in problem.errors]
    return orjson.dumps(members | problem.extra)


def apart(problem: Problem, instance: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of what is refused before it gets a request id: with one of its own."""
    request_id = os.urandom(16).hex()
    content = body(problem, instance=instance, request_id=request_id)
    about = [(b"content-length", str(len(content)).encode()), (b"x-request-id", request_id.encode())]
    return [*headers(problem), *about], content


def headers(problem: Problem) -> list[tuple[bytes, bytes]]:
    """The headers that go with it."""
    fields = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    if problem.retry_after is not None:
        fields.append((b"retry-after", str(max(1, math.ceil(problem.retry_after))).encode()))
    if problem.status == 401:
        fields.append((b"www-authenticate", b'Bearer realm="darkroom"'))
    if allow := problem.extra.get("allow"):
        fields.append((b"allow", ", ".join([*allow, "OPTIONS"]).encode()))
    fields += problem.headers
    return fields


def from_status(status: int, detail: str) -> Problem:
    """What the framework refused by itself, such as an unknown path."""
    kind = _STATUS.get(status, Malformed if status < 500 else Internal)
    return kind(detail if kind is not NotFound else "There is no such path")


def from_validation(faults: Sequence[dict[str, Any]]) -> Problem:
    """What pydantic found wrong, without repeating the client's values."""
    if any(e["type"] == "json_invalid" for e in faults):
        return Malformed("The body is not valid JSON")
    errors = tuple(
        FieldError(pointer(e["loc"]), _CODES.get(e["type"], "invalid"), str(e["msg"]).removeprefix("Value error, "))
        for e in faults
    )
    return Invalid("; ".join(f"{e.pointer}: {e.detail}" for e in errors[:3]), errors=errors)


def pointer(location: Sequence[Any]) -> str:
    """`("body", "size")` as `/size`; `("query", "page")` as `query/page`."""
    place, *rest = [str(part) for part in location]
    return "/" + "/".join(rest) if place == "body" else "/".join([place, *rest])
