"""The sandbox's own API under /_sandbox/: the script, the ledger, the limits, the models on offer, a preview.
Not part of either played vendor; tests and demonstrations use it, with the token that only its owner can read.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.sandbox.control.faults import Order
from deploy.sandbox.parts import Parts
from deploy.sandbox.pictures.painter import PictureRequest
from deploy.sandbox.vendors.openai_models import MODELS

Body = TypeVar("Body", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


class LimitsOrder(BaseModel):
    """Only what is given changes."""

    model_config = ConfigDict(extra="forbid")

    images_per_minute: int | None = Field(None, ge=1, le=1_000_000, description="null: no limit.")
    latency_seconds: float | None = Field(None, ge=0, le=3600, description="null: as the environment says.")


class ModelOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str
    available: bool


class PreviewOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: str = Field("a quiet mountain lake at dawn", min_length=1, max_length=4000)
    width: int = Field(1024, ge=16, le=3840)
    height: int = Field(1024, ge=16, le=3840)
    format: str = Field("webp", pattern="^(png|jpeg|webp)$")


class ControlError(Exception):
    """The control API's own errors; its text is for whoever writes the script."""

    def __init__(self, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.status = status


class Control:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        return [
            self._route("script", self.script, "GET", "POST", "DELETE"),
            self._route("release", self.release, "POST"),
            self._route("limits", self.limits, "GET", "POST", "DELETE"),
            self._route("models", self.models, "GET", "POST"),
            self._route("ledger", self.ledger, "GET", "DELETE"),
            self._route("ledger/summary", self.summary, "GET"),
            self._route("preview", self.preview, "GET"),
        ]

    def _route(self, name: str, handler: Handler, *methods: str) -> Route:
        """Prompts are read and faults made here, so that a web page or another user of the machine must not ask."""
        right = f"Bearer {self._parts.token}".encode()

        async def by_owner(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get("authorization", "").encode(), right):
                raise ControlError("Authorization: Bearer TOKEN is needed; it is in the file token of my folder", 401)
            return await handler(request)

        return Route(f"/_sandbox/{name}", by_owner, methods=list(methods))

    async def script(self, request: Request) -> Response:
        if request.method == "DELETE":
            target = request.query_params.get("target")
            self._parts.script.clear(target)
            if target is None:
                self._parts.shop.reset()
        if request.method == "POST":
            self._parts.script.add(await _read(request, Order))
        return _json({"rules": self._parts.script.as_json()})

    async def release(self, _request: Request) -> Response:
        self._parts.release()
        return Response(status_code=204)

    async def limits(self, request: Request) -> Response:
        limits = self._parts.limits
        if request.method == "DELETE":
            limits.reset()
        if request.method == "POST":
            order = await _read(request, LimitsOrder)
            if "images_per_minute" in order.model_fields_set:
                limits.set_images_per_minute(order.images_per_minute)
            if "latency_seconds" in order.model_fields_set:
                latency = order.latency_seconds
                limits.latency_seconds = self._parts.settings.latency_seconds if latency is None else latency
        return _json({"images_per_minute": limits.images_per_minute, "latency_seconds": limits.latency_seconds})

    async def models(self, request: Request) -> Response:
        if request.method == "POST":
            order = await _read(request, ModelOrder)
            if order.model not in MODELS:
                raise ControlError(f"model must be one of {', '.join(MODELS)}")
            self._parts.shop.offer(order.model, order.available)
        return _json({name: self._parts.shop.offers(model) for name, model in MODELS.items()})

    async def ledger(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._parts.ledger.clear()
            return Response(status_code=204)
        asked = request.query_params
        painted = {"true": True, "1": True, "false": False, "0": False}.get(asked.get("painted", "").lower())
        entries = self._parts.ledger.entries(asked.get("target"), painted, _whole_number(asked.get("after", "0")))
        return _json({"calls": entries})

    async def summary(self, _request: Request) -> Response:
        return _json(self._parts.ledger.summary())

    async def preview(self, request: Request) -> Response:
        """What a prompt would look like, without asking for it as the vendor's customer: not in the ledger."""
        try:
            order = PreviewOrder.model_validate(dict(request.query_params))
        except ValidationError as wrong:
            raise ControlError(_explained(wrong)) from None
        commission = PictureRequest(order.prompt, order.width, order.height, order.format, compression=85)
        picture = await self._parts.painters.run(lambda: self._parts.painter.paint(commission))
        headers = {"Cache-Control": "public, max-age=3600", "X-Darkroom-Sandbox": "preview"}
        return Response(picture, media_type=f"image/{order.format}", headers=headers)


def refused(_request: Request, problem: Exception) -> Response:
    return _json({"error": str(problem)}, problem.status if isinstance(problem, ControlError) else 500)


async def _read(request: Request, model: type[Body]) -> Body:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ControlError("the header Content-Type: application/json is needed", 415)
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as wrong:
        raise ControlError(_explained(wrong)) from None


def _explained(wrong: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}".lstrip(": ") for error in wrong.errors())


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ControlError("after must be a whole number")
    return int(text)


def _json(body: Any, status: int = 200) -> Response:
    return Response(
        orjson.dumps(body), status, media_type="application/json", headers={"X-Darkroom-Sandbox": "control"}
    )
