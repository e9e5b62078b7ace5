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
from fastapi import APIRouter, Request
from starlette.responses import Response

from deploy.sandbox.control.faults import Behaviour
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import Spoil, begin, play
from deploy.sandbox.parts import Parts, Sandbox
from deploy.sandbox.pictures.painter import PictureRequest
from deploy.sandbox.vendors import openai_errors
from deploy.sandbox.vendors.openai_errors import OpenAIError, common_headers
from deploy.sandbox.vendors.openai_models import MODELS
from deploy.sandbox.vendors.openai_request import GenerationRequest, parse

router = APIRouter()


@router.post("/v1/images/generations")
async def generate(request: Request, parts: Sandbox) -> Response:
    """Pictures, as JSON or as a stream of events."""
    entry = _begin(request, parts, "openai.generate")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise openai_errors.published("no_json") from None
    generation = parse(body, parts.offered)
    entry.prompt, entry.model = generation.prompt, generation.model
    entry.size, entry.quality = generation.size, generation.quality
    wait = parts.limits.take(generation.n)
    if wait > 0:
        raise openai_errors.rate_limited(generation.model, parts.limits.images_per_minute or 0, round(wait, 3))

    async def work(spoil: Spoil) -> Response:
        pictures = [spoil(await parts.draw(_drawing(generation, number))) for number in range(generation.n)]
        entry.worked, entry.painted, entry.cost_micros = True, generation.n, generation.cost_micros
        if generation.stream:
            return openai_errors.events(_events(generation, pictures[-1]), common_headers(parts, entry))
        as_address = generation.response_format == "url" and not generation.listed.is_gpt_image
        data = [host(picture, parts, request) if as_address else inline(picture) for picture in pictures]
        return _json(_answer(generation, data), parts, entry)

    def refusal(behaviour: Behaviour) -> OpenAIError:
        error = openai_errors.scripted(behaviour, generation.model, entry.request_id)
        error.in_stream = generation.stream and behaviour.works_anyway and error.code == "moderation_blocked"
        return error

    # A little more or less for each prompt, always the same for the same one.
    share = hashlib.sha256(generation.prompt.encode()).digest()[0] / 255
    return await play(request, work, refusal, parts.limits.latency_seconds * (0.8 + 0.4 * share))


@router.get("/v1/models")
async def models(request: Request, parts: Sandbox) -> Response:
    """Every model that is offered."""
    entry = _begin(request, parts, "openai.models")
    data = [_described(name) for name in MODELS if name in parts.offered]
    return await _look_up(request, parts, entry, {"object": "list", "data": data})


@router.get("/v1/models/{name}")
async def model(name: str, request: Request, parts: Sandbox) -> Response:
    """One model."""
    entry = _begin(request, parts, "openai.models")
    entry.model = name
    if name not in MODELS:
        raise openai_errors.published("not_listed", param="model", model=name)
    if name not in parts.offered:
        raise openai_errors.published("retired", model=name)
    return await _look_up(request, parts, entry, _described(name))


@router.get("/_sandbox/hosted/{name}")
async def hosted(name: str, parts: Sandbox) -> Response:
    """A picture of DALL-E's, which come behind an address."""
    picture = parts.hosted.get(name)
    if picture is None:
        return Response("This link has expired.", 404)
    return Response(picture, media_type="image/png", headers={"X-Darkroom-Sandbox": "openai"})


def host(picture: bytes, parts: Parts, request: Request) -> dict[str, str]:
    """The picture in an answer, as an address that is good for a while."""
    name = f"{uuid.uuid4().hex}.png"
    parts.hosted.put(name, picture)
    return {"url": f"{parts.public_url(request)}/_sandbox/hosted/{name}"}


def inline(picture: bytes) -> dict[str, str]:
    """The picture in an answer, as base64."""
    return {"b64_json": pybase64.b64encode(picture).decode("ascii")}


def _begin(request: Request, parts: Parts, target: str) -> Entry:
    """Raises OpenAIError where the key is wrong."""
    entry = begin(request, target, f"req_{uuid.uuid4().hex}")
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(key.strip().encode(), parts.settings.openai_key.encode())
    if scheme.lower() != "bearer" or not right:
        raise openai_errors.wrong_key(key.strip())
    return entry


async def _look_up(request: Request, parts: Parts, entry: Entry, body: dict[str, Any]) -> Response:
    async def work(_spoil: Spoil) -> Response:
        entry.worked = True
        return _json(body, parts, entry)

    def refusal(behaviour: Behaviour) -> OpenAIError:
        return openai_errors.scripted(behaviour, entry.model or "gpt-image", entry.request_id)

    return await play(request, work, refusal)


def _json(body: dict[str, Any], parts: Parts, entry: Entry) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers=common_headers(parts, entry))


def _drawing(generation: GenerationRequest, number: int) -> PictureRequest:
    clear, quality = generation.background == "transparent", generation.output_compression
    return PictureRequest(generation.prompt, *generation.pixels, generation.output_format, quality, clear, number)


def _answer(generation: GenerationRequest, data: list[dict[str, str]]) -> dict[str, Any]:
    if generation.listed.is_gpt_image:
        return {"created": int(time.time()), "data": data, **_resolved(generation), "usage": _usage(generation)}
    revised = f"{generation.prompt} (painted by the Darkroom sandbox)"
    return {"created": int(time.time()), "data": [{**one, "revised_prompt": revised} for one in data]}


def _events(generation: GenerationRequest, picture: bytes) -> list[dict[str, Any]]:
    about = {**inline(picture), "created_at": int(time.time()), **_resolved(generation)}
    partial = {"type": "image_generation.partial_image", **about}
    return [
        *({**partial, "partial_image_index": index} for index in range(generation.partial_images)),
        {"type": "image_generation.completed", "usage": _usage(generation), **about},
    ]


def _resolved(generation: GenerationRequest) -> dict[str, str]:
    """What the vendor says back of the request."""
    return {
        "background": "transparent" if generation.background == "transparent" else "opaque",
        "output_format": generation.output_format,
        "quality": generation.quality,
        "size": generation.size,
    }


def _usage(generation: GenerationRequest) -> dict[str, Any]:
    return {
        "input_tokens": generation.input_tokens,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": generation.input_tokens},
        "output_tokens": generation.output_tokens,
        "output_tokens_details": {"image_tokens": generation.output_tokens, "text_tokens": 0},
        "total_tokens": generation.input_tokens + generation.output_tokens,
    }


def _described(name: str) -> dict[str, Any]:
    listed = MODELS[name]
    about = {"created": listed.created, "owned_by": "system", "shutdown_date": listed.shutdown_date}
    return {"id": name, "object": "model", **about}
