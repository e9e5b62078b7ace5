"""The control API under /_sandbox/: the script, the ledger, the limits, the models on offer, a preview.
Not part of either played company; tests and demonstrations use it, with the token that only its owner can read.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from deploy.sandbox.control.faults import Order
from deploy.sandbox.parts import Parts, Sandbox
from deploy.sandbox.pictures.painter import PictureRequest
from deploy.sandbox.vendors.openai_models import MODELS, OFFERED


class LimitsOrder(BaseModel, extra="forbid"):
    """Only what is given changes."""

    images_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    """null: no limit."""
    latency_seconds: float | None = Field(None, ge=0, le=3600)
    """null: as the environment says."""


class ModelOrder(BaseModel, extra="forbid"):
    """Revives a retired model or retires a living one."""

    model: str
    available: bool


async def _of_owner(request: Request, parts: Sandbox) -> Parts:
    """Prompts are read and faults made here, so that a web page or another user of the machine must not ask."""
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {parts.token}".encode()):
        raise HTTPException(401, "Authorization: Bearer TOKEN is needed; it is in the file token of my folder")
    return parts


Owned = Annotated[Parts, Depends(_of_owner)]


async def _only_json(request: Request, _parts: Owned) -> None:
    """A form of a web page can send everything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "the header Content-Type: application/json is needed")


router = APIRouter(prefix="/_sandbox")
JSON = [Depends(_only_json)]


@router.get("/script")
async def script(parts: Owned) -> dict[str, Any]:
    """What is scripted and not yet used up."""
    return {"rules": parts.script.as_json()}


@router.post("/script", dependencies=JSON)
async def add_to_script(parts: Owned, order: Order) -> dict[str, Any]:
    """Answers as `script`."""
    parts.script.add(order)
    return await script(parts)


@router.delete("/script")
async def clear_script(parts: Owned, target: str | None = None) -> dict[str, Any]:
    """For one target, or the whole; then the models are the catalogue's again. Answers as `script`."""
    parts.script.clear(target)
    if target is None:
        parts.offered.clear()
        parts.offered.update(OFFERED)
    return await script(parts)


@router.post("/release", status_code=204)
async def release(parts: Owned) -> None:
    """Every wait that has begun is over."""
    parts.release()


@router.get("/limits")
async def limits(parts: Owned) -> dict[str, Any]:
    """As they are now."""
    now = parts.limits
    return {"images_per_minute": now.images_per_minute, "latency_seconds": now.latency_seconds}


@router.post("/limits", dependencies=JSON)
async def set_limits(parts: Owned, order: LimitsOrder) -> dict[str, Any]:
    """Answers as `limits`."""
    if "images_per_minute" in order.model_fields_set:
        parts.limits.set_images_per_minute(order.images_per_minute)
    if "latency_seconds" in order.model_fields_set:
        latency = order.latency_seconds
        parts.limits.latency_seconds = parts.settings.latency_seconds if latency is None else latency
    return await limits(parts)


@router.delete("/limits")
async def reset_limits(parts: Owned) -> dict[str, Any]:
    """As at the start. Answers as `limits`."""
    parts.limits.reset()
    return await limits(parts)


@router.get("/models")
async def models(parts: Owned) -> dict[str, bool]:
    """Which of all models are offered."""
    return {name: name in parts.offered for name in MODELS}


@router.post("/models", dependencies=JSON)
async def offer_model(parts: Owned, order: ModelOrder) -> dict[str, bool]:
    """Answers as `models`."""
    if order.model not in MODELS:
        raise HTTPException(422, f"model must be one of {', '.join(MODELS)}")
    (parts.offered.add if order.available else parts.offered.discard)(order.model)
    return await models(parts)


@router.get("/ledger")
async def ledger(parts: Owned, target: str | None = None, painted: bool | None = None, after: str = "0") -> Response:
    """Calls in the order of their arrival, those after a number."""
    if not (after.isascii() and after.isdigit()):
        raise HTTPException(422, "after must be a whole number")
    calls = parts.ledger.entries(target, painted, int(after))
    return Response(orjson.dumps({"calls": calls}), media_type="application/json")


@router.delete("/ledger", status_code=204)
async def clear_ledger(parts: Owned) -> None:
    """Forgets every call."""
    parts.ledger.clear()


@router.get("/ledger/summary")
async def summary(parts: Owned) -> dict[str, Any]:
    """Calls, pictures and costs, summed up."""
    return parts.ledger.summary()


@router.get("/preview")
async def preview(
    parts: Owned,
    prompt: Annotated[str, Query(min_length=1, max_length=4000)] = "a quiet mountain lake at dawn",
    width: Annotated[int, Query(ge=16, le=3840)] = 1024,
    height: Annotated[int, Query(ge=16, le=3840)] = 1024,
    format: Literal["png", "jpeg", "webp"] = "webp",  # noqa: A002 (the parameter's name)
) -> Response:
    """What a prompt would look like, without asking for it as the vendor's customer: not in the ledger."""
    picture = await parts.draw(PictureRequest(prompt, width, height, format, compression=85))
    return Response(picture, media_type=f"image/{format}", headers={"X-Darkroom-Sandbox": "preview"})
