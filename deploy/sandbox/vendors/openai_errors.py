"""The played OpenAI's refusals, in its own words, statuses, types, codes and headers.
When one is given is decided elsewhere: by the request (openai_request.py), the limit (openai.py) or the script.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import Response

from deploy.sandbox.control.faults import Behaviour
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import VendorError
from deploy.sandbox.parts import Parts

ERRORS: dict[str, dict[str, tuple[int, Any]]] = orjson.loads(Path(__file__).with_name("errors.json").read_bytes())
"""By server and by what the script says to `do`, or by a word of ours: status and body, with gaps to fill in."""


@dataclass
class OpenAIError(VendorError):
    """An answer other than 200, in the vendor's envelope."""

    status: int
    message: str
    type: str | None = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    moderation_stage: str | None = None
    """Of a refused prompt (`input`) or picture (`output`)."""
    retry_after: float | None = None
    """Seconds. Without a number there is no header, as with some real answers."""
    in_stream: bool = False
    """As an event of a stream that has begun, with status 200."""

    def response(self, parts: Parts, entry: Entry) -> Response:
        """JSON, or an event; a 502 is the page of a proxy before the vendor."""
        error: dict[str, Any] = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        if self.moderation_stage:
            error["moderation_details"] = {"moderation_stage": self.moderation_stage, "categories": ["violence"]}
        headers = common_headers(parts, entry)
        if self.retry_after is not None:
            headers["retry-after"] = str(math.ceil(self.retry_after))
            headers["retry-after-ms"] = str(round(self.retry_after * 1000))
        if self.in_stream:
            return events([{"type": "error", "error": error}], headers)
        if self.status == 502:
            return Response(self.message, 502, headers, "text/html")
        return Response(orjson.dumps({"error": error}), self.status, headers, "application/json")


def published(name: str, param: str | None = None, **facts: object) -> OpenAIError:
    """One of `ERRORS`, its gaps filled in."""
    status, body = ERRORS["openai"][name]
    error = body["error"]
    return OpenAIError(status, error["message"].format(param=param, **facts), error["type"], param, error["code"])


def wrong_key(key: str) -> OpenAIError:
    """Most of the key is hidden; without one the vendor explains where it goes."""
    shown = key[:8] + "*" * max(0, len(key) - 12) + key[-4:] if len(key) > 12 else "*" * len(key)
    return published("auth", key=shown) if key else published("no_key")


def rate_limited(model: str, limit: int, seconds: float | None) -> OpenAIError:
    """More than `limit` pictures a minute; `seconds` until there is room again."""
    error = published("429", model=model, limit=limit, wait="12s" if seconds is None else f"{seconds:g}s")
    error.retry_after = seconds
    return error


def scripted(behaviour: Behaviour, model: str, request_id: str) -> OpenAIError:
    """What a behaviour of the script sounds like from OpenAI."""
    match behaviour.do:
        case "429":
            seconds = behaviour.retry_after if "retry_after" in behaviour.model_fields_set else 1.0
            error = rate_limited(model, 5, seconds)
        case "auth":
            error = wrong_key("sk-revoked-0000")
        case "502html":
            page = (
                "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n"
            )
            error = OpenAIError(502, page)
        case _:
            error = published(behaviour.do, model=model, request_id=request_id)
    if behaviour.do == "moderation":
        error.moderation_stage = behaviour.stage
    if behaviour.do == "slow_down":
        error.retry_after = 1.0
    if behaviour.retry_after is not None:
        error.retry_after = behaviour.retry_after
    error.code = behaviour.code or error.code
    return error


def common_headers(parts: Parts, entry: Entry) -> dict[str, str]:
    """What every answer of the vendor carries."""
    limits = parts.limits
    headers = {
        "x-request-id": entry.request_id,
        "x-ratelimit-limit-requests": "10000",
        "X-Darkroom-Sandbox": "openai",
    }
    if limits.images_per_minute is not None:
        headers |= {
            "x-ratelimit-limit-images": str(limits.images_per_minute),
            "x-ratelimit-remaining-images": str(limits.remaining()),
            "x-ratelimit-reset-images": f"{limits.seconds_until_full():.3f}s",
        }
    return headers


def events(sent: list[dict[str, Any]], headers: dict[str, str]) -> Response:
    """Server-sent events, each named by its type."""
    lines = [b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event)) for event in sent]
    return Response(b"".join(lines), 200, headers, "text/event-stream")
