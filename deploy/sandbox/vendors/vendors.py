"""Plays the servers that are more or less compatible with OpenAI's, each at `/vendors/NAME/v1`: where the key goes,
which parameters it refuses, what its picture comes in. It is scripted as `openai.generate`.

Of the refusals in errors.json OpenRouter's shape, some of LiteLLM's, LocalAI's (mudler/LocalAI issue 1909) and Azure's
`contentFilter` are as documentation and public issues show them. The rest, of xAI, Together and vLLM-Omni above all, is
written after the shape that they are known for and was compared with no real answer: that our table reads them shows
that the table and these bodies agree, no more.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import Spoil, VendorError, begin, play
from deploy.sandbox.parts import Parts, Sandbox
from deploy.sandbox.pictures.painter import PictureRequest
from deploy.sandbox.vendors.openai import host, inline
from deploy.sandbox.vendors.openai_errors import ERRORS

router = APIRouter()

_COMMON = {"prompt", "model", "n"}
_GPT_IMAGE = frozenset({"size", "quality", "output_format", "output_compression", "background"})


@dataclass(frozen=True)
class Vendor:
    """What is its own about one of them."""

    takes: frozenset[str]
    """Parameters beside `prompt`, `model` and `n`; any other one is refused."""
    key_header: str = "authorization"
    query: str | None = None
    """A query parameter without which it answers 404."""
    hosts: bool = False
    """Its picture is behind an address, and not base64."""
    usage: Mapping[str, int] | None = None


VENDORS = {
    "azure": Vendor(
        _GPT_IMAGE,
        key_header="api-key",
        query="api-version",
        usage={"input_tokens": 20, "output_tokens": 1756, "total_tokens": 1776},
    ),
    "litellm": Vendor(_GPT_IMAGE | {"moderation"}, usage={"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}),
    "openrouter": Vendor(_GPT_IMAGE),
    "together": Vendor(frozenset({"width", "height", "steps", "seed", "response_format", "output_format"})),
    "xai": Vendor(frozenset({"response_format"})),
    "localai": Vendor(frozenset({"size", "quality", "response_format"}), hosts=True),
    "vllm-omni": Vendor(frozenset({"size", "response_format", "seed"})),
}


class CompatibleError(VendorError):
    """A server's own body; where none is known, a bare 500."""

    def __init__(self, status: int = 500, body: Any = None) -> None:
        super().__init__()
        self._status, self._body = status, body or {"error": {"message": "Internal server error", "code": 500}}

    @classmethod
    def of(cls, vendor: str, do: str) -> CompatibleError:
        """What this server says then."""
        return cls(*ERRORS.get(vendor, {}).get(do, ()))

    def response(self, parts: Parts, entry: Entry) -> Response:  # noqa: ARG002 (the same in each answer)
        """As JSON."""
        return _json(self._body, self._status)


@router.post("/vendors/{name}/v1/images/generations")
async def generate(name: str, request: Request, parts: Sandbox) -> Response:
    """One picture."""
    if name not in VENDORS:
        return Response(status_code=404)
    vendor, entry = VENDORS[name], begin(request, "openai.generate", f"req_{uuid.uuid4().hex}")
    key = request.headers.get(vendor.key_header, "").removeprefix("Bearer ")
    if not hmac.compare_digest(key.encode(), parts.settings.openai_key.encode()):
        return CompatibleError.of(name, "auth").response(parts, entry)  # It leaves no line in the ledger.
    body: dict[str, Any] = orjson.loads(await request.body())
    entry.prompt, entry.model, entry.size, entry.quality = (
        body.get(field) for field in ("prompt", "model", "size", "quality")
    )
    if vendor.query and vendor.query not in request.query_params:
        raise CompatibleError.of(name, "lost")
    for field in sorted(body.keys() - vendor.takes - _COMMON):  # As FastAPI says it.
        error = {"type": "extra_forbidden", "loc": ["body", field], "msg": "Extra inputs are not permitted"}
        raise CompatibleError(422, {"detail": [error]})

    async def work(spoil: Spoil) -> Response:
        picture = spoil(await parts.draw(_drawing(body)))
        entry.worked, entry.painted = True, 1
        data = host(picture, parts, request) if vendor.hosts else inline(picture)
        return _json({"created": 1, "data": [data], **({"usage": vendor.usage} if vendor.usage else {})})

    return await play(request, work, lambda behaviour: CompatibleError.of(name, behaviour.do))


def _drawing(body: Mapping[str, Any]) -> PictureRequest:
    width, _, height = str(body.get("size", "1024x1024")).partition("x")
    size = int(body.get("width", width)), int(body.get("height", height))
    return PictureRequest(str(body["prompt"]), *size, str(body.get("output_format", "png")))


def _json(body: Any, status: int = 200) -> Response:
    headers = {"X-Darkroom-Sandbox": "openai"} | ({"Retry-After": "5"} if status == 429 else {})
    return Response(orjson.dumps(body), status, media_type="application/json", headers=headers)
