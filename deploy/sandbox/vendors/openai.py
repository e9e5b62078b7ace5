"""Plays OpenAI: POST /v1/images/generations and GET /v1/models, so that the official SDK cannot tell.
What is a good request, what a refusal sounds like and what a model costs are in the openai_*.py files.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
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
from deploy.sandbox.vendors.openai_errors import OpenAIError, rate_limited, retired_model, scripted, wrong_key
from deploy.sandbox.vendors.openai_models import MODELS, Listed
from deploy.sandbox.vendors.openai_request import GenerationRequest, parse


class OpenAI:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._hosted: Cache[str, bytes] = Cache(32 * 1024 * 1024)
        """DALL-E's pictures behind an address; like the real ones they do not stay."""

    def routes(self) -> list[Route]:
        return [
            Route("/v1/images/generations", self.generate, methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{model}", self.models, methods=["GET"]),
            Route("/_sandbox/hosted/{name}", self.hosted, methods=["GET"]),
        ]

    async def generate(self, request: Request) -> Response:
        entry = _entry("openai.generate", request)
        try:
            self._authorise(request)
            wanted = parse(await _body(request), self._parts.shop)
            _describe(entry, wanted)
            self._keep_to_the_limit(wanted)
        except OpenAIError as refusal:
            entry.code = refusal.code
            return refuse(
                self._parts, entry, self._refusal(refusal, entry), "limited" if refusal.status == 429 else "refused"
            )

        async def work(spoil: Spoil) -> Response:
            pictures = await self._paint(wanted, entry, spoil)
            return (
                self._streamed(wanted, pictures, entry)
                if wanted.stream
                else self._good(wanted, pictures, entry, request)
            )

        def turn_down(behaviour: Behaviour) -> Response:
            refusal = scripted(behaviour, wanted.model.name, entry.request_id)
            entry.code = refusal.code
            if wanted.stream and behaviour.works_anyway and refusal.code == "moderation_blocked":
                return self._stream_broken_off(refusal, entry)
            return self._refusal(refusal, entry)

        return await play(self._parts, request, Call(entry, work, turn_down, self._latency(wanted.prompt)))

    async def models(self, request: Request) -> Response:
        entry = _entry("openai.models", request)
        name = request.path_params.get("model")
        entry.model = name
        try:
            self._authorise(request)
            found = self._found(name)
        except OpenAIError as refusal:
            entry.code = refusal.code
            return refuse(self._parts, entry, self._refusal(refusal, entry))

        async def work(_spoil: Spoil) -> Response:
            entry.worked = True
            one = [_as_json(model) for model in found]
            return self._json(one[0] if name else {"object": "list", "data": one}, entry)

        def turn_down(behaviour: Behaviour) -> Response:
            return self._refusal(scripted(behaviour, name or "gpt-image", entry.request_id), entry)

        return await play(self._parts, request, Call(entry, work, turn_down))

    async def hosted(self, request: Request) -> Response:
        picture = self._hosted.get(request.path_params["name"])
        if picture is None:
            return Response("This link has expired.", 404)
        return Response(picture, media_type="image/png", headers={"X-Darkroom-Sandbox": "openai"})

    def _authorise(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(key.strip().encode(), self._parts.settings.openai_key.encode())
        if scheme.lower() != "bearer" or not right:
            raise wrong_key(key.strip())

    def _keep_to_the_limit(self, wanted: GenerationRequest) -> None:
        wait = self._parts.limits.take(wanted.count)
        if wait > 0:
            raise rate_limited(wanted.model.name, self._parts.limits.images_per_minute or 0, round(wait, 3))

    def _latency(self, prompt: str) -> float:
        """A little more or less for each prompt, always the same for the same one."""
        return self._parts.limits.latency_seconds * (0.8 + 0.4 * hashlib.sha256(prompt.encode()).digest()[0] / 255)

    async def _paint(self, wanted: GenerationRequest, entry: Entry, spoil: Spoil) -> list[bytes]:
        def paint() -> list[bytes]:
            return [spoil(self._parts.painter.paint(_commission(wanted, number))) for number in range(wanted.count)]

        pictures = await self._parts.painters.run(paint)
        entry.worked, entry.painted = True, len(pictures)
        entry.cost_micros = wanted.cost_micros
        return pictures

    def _good(self, wanted: GenerationRequest, pictures: list[bytes], entry: Entry, request: Request) -> Response:
        body: dict[str, Any] = {"created": int(time.time())}
        if wanted.model.is_gpt_image:
            body |= {
                "background": "transparent" if wanted.transparent else "opaque",
                "data": [{"b64_json": _base64(picture)} for picture in pictures],
                "output_format": wanted.format,
                "quality": wanted.quality,
                "size": wanted.size,
                "usage": _usage(wanted),
            }
            if wanted.safety_identifier:
                body["safety_identifier"] = wanted.safety_identifier
        else:
            data = [
                self._host(picture, request) if wanted.wants_url else {"b64_json": _base64(picture)}
                for picture in pictures
            ]
            body["data"] = [
                {**one, "revised_prompt": f"{wanted.prompt} (painted by the Darkroom sandbox)"} for one in data
            ]
        return self._json(body, entry)

    def _host(self, picture: bytes, request: Request) -> dict[str, str]:
        name = f"{uuid.uuid4().hex}.png"
        self._hosted.put(name, picture)
        return {"url": f"{self._parts.public_url(request)}/_sandbox/hosted/{name}"}

    def _streamed(self, wanted: GenerationRequest, pictures: list[bytes], entry: Entry) -> Response:
        about: dict[str, Any] = {
            "b64_json": _base64(pictures[-1]),
            "background": "transparent" if wanted.transparent else "opaque",
            "created_at": int(time.time()),
            "output_format": wanted.format,
            "quality": wanted.quality,
            "size": wanted.size,
        }
        events = [
            {"type": "image_generation.partial_image", "partial_image_index": index, **about}
            for index in range(wanted.partial_images)
        ]
        events.append({"type": "image_generation.completed", "usage": _usage(wanted), **about})
        return self._events(events, entry)

    def _stream_broken_off(self, refusal: OpenAIError, entry: Entry) -> Response:
        return self._events([{"type": "error", "error": refusal.error()}], entry)

    def _events(self, events: list[dict[str, Any]], entry: Entry) -> Response:
        body = b"".join(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event)) for event in events)
        return Response(body, media_type="text/event-stream", headers=self._headers(entry))

    def _json(self, body: dict[str, Any], entry: Entry) -> Response:
        return Response(orjson.dumps(body), media_type="application/json", headers=self._headers(entry))

    def _refusal(self, refusal: OpenAIError, entry: Entry) -> Response:
        headers = {**self._headers(entry), **refusal.headers}
        if refusal.html:
            return Response(refusal.html, refusal.status, media_type="text/html", headers=headers)
        content = orjson.dumps({"error": refusal.error()})
        return Response(content, refusal.status, media_type="application/json", headers=headers)

    def _headers(self, entry: Entry) -> dict[str, str]:
        limits = self._parts.limits
        headers = {
            "x-request-id": entry.request_id,
            "openai-organization": "org-sandbox",
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "6ms",
            "X-Darkroom-Sandbox": "openai",
        }
        if limits.images_per_minute is not None:
            headers |= {
                "x-ratelimit-limit-images": str(limits.images_per_minute),
                "x-ratelimit-remaining-images": str(limits.remaining()),
                "x-ratelimit-reset-images": f"{limits.seconds_until_full():.3f}s",
            }
        return headers

    def _found(self, name: str | None) -> list[Listed]:
        if name is None:
            return self._parts.shop.all_offered()
        model = MODELS.get(name)
        if model is None:
            message = f"The model '{name}' does not exist"
            raise OpenAIError(404, message, param="model", code="model_not_found")
        if not self._parts.shop.offers(model):
            raise retired_model(name)
        return [model]


def _entry(target: str, request: Request) -> Entry:
    client_request_id = request.headers.get("x-client-request-id")
    return Entry(target, f"req_{uuid.uuid4().hex}", client_request_id=client_request_id)


async def _body(request: Request) -> Any:
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise OpenAIError(400, "We could not parse the JSON body of your request.") from None


def _describe(entry: Entry, wanted: GenerationRequest) -> None:
    entry.prompt, entry.model = wanted.prompt, wanted.model.name
    entry.size, entry.quality = wanted.size, wanted.quality


def _commission(wanted: GenerationRequest, number: int) -> PictureRequest:
    return PictureRequest(
        wanted.prompt, wanted.width, wanted.height, wanted.format, wanted.compression, wanted.transparent, number
    )


def _usage(wanted: GenerationRequest) -> dict[str, Any]:
    return {
        "input_tokens": wanted.input_tokens,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": wanted.input_tokens},
        "output_tokens": wanted.output_tokens,
        "output_tokens_details": {"image_tokens": wanted.output_tokens, "text_tokens": 0},
        "total_tokens": wanted.input_tokens + wanted.output_tokens,
    }


def _as_json(model: Listed) -> dict[str, Any]:
    return {
        "id": model.name,
        "object": "model",
        "created": model.created,
        "owned_by": "system",
        "shutdown_date": model.shutdown_date,
    }


def _base64(picture: bytes) -> str:
    return pybase64.b64encode(picture).decode("ascii")
