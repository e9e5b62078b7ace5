"""Plays the servers that are more or less compatible with OpenAI's, each at `/vendors/NAME/v1`: where the key goes,
which parameters it refuses, what its picture comes in. Its refusals are in vendors_bodies.py.
It is scripted as `openai.generate`.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pybase64
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.sandbox.cache import Cache
from deploy.sandbox.control.faults import Behaviour
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import Call, Spoil, play, refuse
from deploy.sandbox.parts import Parts
from deploy.sandbox.pictures.painter import PictureRequest
from deploy.sandbox.vendors.vendors_bodies import BODIES, unknown_parameter

_COMMON = {"prompt", "model", "n"}


@dataclass(frozen=True)
class Vendor:
    """What is its own about one of them."""

    takes: frozenset[str]
    """Parameters beside `prompt`, `model` and `n`; any other one is refused."""
    key_header: str = "authorization"
    query: str | None = None
    """A query parameter without which it answers 404."""
    field: str = "b64_json"
    """Where its picture is: as base64 in `b64_json`, or behind an address in `url`."""
    usage: Mapping[str, int] | None = None


VENDORS = {
    "azure": Vendor(
        frozenset({"size", "quality", "output_format", "output_compression", "background"}),
        key_header="api-key",
        query="api-version",
        usage={"input_tokens": 20, "output_tokens": 1756, "total_tokens": 1776},
    ),
    "litellm": Vendor(
        frozenset({"size", "quality", "output_format", "output_compression", "background", "moderation"}),
        usage={"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    ),
    "openrouter": Vendor(frozenset({"size", "quality", "output_format", "output_compression", "background"})),
    "together": Vendor(frozenset({"width", "height", "steps", "seed", "response_format", "output_format"})),
    "xai": Vendor(frozenset({"response_format"})),
    "localai": Vendor(frozenset({"size", "quality", "response_format"}), field="url"),
    "vllm-omni": Vendor(frozenset({"size", "response_format", "seed"})),
}


class Vendors:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._hosted: Cache[str, bytes] = Cache(32 * 1024 * 1024)

    def routes(self) -> list[Route]:
        return [
            Route("/vendors/{vendor}/v1/images/generations", self.generate, methods=["POST"]),
            Route("/vendors/{vendor}/generated/{name}", self.hosted, methods=["GET"]),
        ]

    async def generate(self, request: Request) -> Response:
        name = request.path_params["vendor"]
        vendor = VENDORS.get(name)
        if vendor is None:
            return Response(status_code=404)
        client_request_id = request.headers.get("x-client-request-id")
        entry = Entry("openai.generate", f"req_{uuid.uuid4().hex}", client_request_id=client_request_id)
        given = request.headers.get(vendor.key_header, "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._parts.settings.openai_key.encode()):
            return _said(name, "auth")
        asked: dict[str, Any] = orjson.loads(await request.body())
        entry.prompt, entry.model = asked.get("prompt"), asked.get("model")
        entry.size, entry.quality = asked.get("size"), asked.get("quality")
        if vendor.query and vendor.query not in request.query_params:
            return refuse(self._parts, entry, _said(name, "lost"))
        if strange := sorted(asked.keys() - vendor.takes - _COMMON):
            return refuse(self._parts, entry, _json(*unknown_parameter(strange[0])))

        async def work(spoil: Spoil) -> Response:
            picture = await self._parts.painters.run(lambda: spoil(self._parts.painter.paint(_commission(asked))))
            entry.worked, entry.painted = True, 1
            return _json(200, self._answer(request, vendor, name, picture))

        def turn_down(behaviour: Behaviour) -> Response:
            return _said(name, behaviour.do)

        return await play(self._parts, request, Call(entry, work, turn_down))

    def _answer(self, request: Request, vendor: Vendor, name: str, picture: bytes) -> dict[str, Any]:
        if vendor.field == "url":
            file = f"{uuid.uuid4().hex}.png"
            self._hosted.put(file, picture)
            one = {"url": f"{self._parts.public_url(request)}/vendors/{name}/generated/{file}"}
        else:
            one = {"b64_json": pybase64.b64encode(picture).decode("ascii")}
        return {"created": 1, "data": [one]} | ({"usage": dict(vendor.usage)} if vendor.usage else {})

    async def hosted(self, request: Request) -> Response:
        picture = self._hosted.get(request.path_params["name"])
        return Response(picture, media_type="image/png") if picture else Response(status_code=404)


def _commission(asked: Mapping[str, Any]) -> PictureRequest:
    width, _, height = str(asked.get("size", "1024x1024")).partition("x")
    wide, high = int(asked.get("width", width)), int(asked.get("height", height))
    return PictureRequest(str(asked["prompt"]), wide, high, str(asked.get("output_format", "png")))


def _said(name: str, do: str) -> Response:
    """The server's own body; where none is published, a bare 500."""
    bodies: Mapping[str, tuple[int, Any]] = BODIES.get(name, {})
    status, body = bodies.get(do, (500, {"error": {"message": "Internal server error", "code": 500}}))
    return _json(status, body)


def _json(status: int, body: Any) -> Response:
    headers = {"X-Darkroom-Sandbox": "openai"} | ({"Retry-After": "5"} if status == 429 else {})
    return Response(orjson.dumps(body), status, media_type="application/json", headers=headers)
