"""From the body of POST /v1/images/generations to a checked request, refusing what the vendor refuses.
Pure; the answer to a good request is openai.py's.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from deploy.sandbox.vendors.openai_errors import OpenAIError, published
from deploy.sandbox.vendors.openai_models import ANY_SIZE, MODELS, Listed

_USER_ERROR = "image_generation_user_error"


class GenerationRequest(BaseModel, extra="forbid", strict=True):
    """What is asked for. Once parsed, size and quality are never `auto`."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str = "gpt-image-2"
    n: int = Field(1, ge=1, le=10)
    size: str = "auto"
    quality: str = "auto"
    user: str | None = None
    safety_identifier: str | None = None
    background: Literal["transparent", "opaque", "auto"] = "auto"
    complexity: Literal["low", "medium", "high"] = "high"
    moderation: Literal["low", "auto"] = "auto"
    output_compression: int = Field(100, ge=0, le=100)
    output_format: Literal["png", "jpeg", "webp"] = "png"
    partial_images: int = Field(0, ge=0, le=3)
    stream: bool = False
    response_format: Literal["url", "b64_json"] = "url"
    style: Literal["vivid", "natural"] = "vivid"

    @property
    def listed(self) -> Listed:
        """The model."""
        return MODELS[self.model]

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height."""
        width, _, height = self.size.partition("x")
        return int(width), int(height)

    @property
    def input_tokens(self) -> int:
        """About four letters make a token; six more are the vendor's own."""
        return len(self.prompt) // 4 + 6 if self.listed.is_gpt_image else 0

    @property
    def output_tokens(self) -> int:
        """Of all pictures. A streamed preview costs about 100 tokens more."""
        previews = self.partial_images if self.stream else 0
        return self.n * self.listed.output_tokens(*self.pixels, self.quality) + 100 * previews

    @property
    def cost_micros(self) -> int:
        """In millionths of a dollar."""
        width, height = self.pixels
        return self.listed.cost_micros(self.input_tokens, self.output_tokens, self.quality, width == height, self.n)


_DALLE_ONLY = {"response_format", "style"}
_GPT_IMAGE_ONLY = {
    "background", "complexity", "moderation", "output_compression", "output_format", "partial_images", "stream",
}  # fmt: skip

_KINDS = {
    bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", list: "an array", dict: "an object",
}  # fmt: skip


def parse(body: Any, offered: Collection[str]) -> GenerationRequest:
    """Checks a JSON body; `offered` are the models' names. Raises OpenAIError."""
    if not isinstance(body, dict):
        raise published("no_json")
    try:
        request = GenerationRequest.model_validate({name: value for name, value in body.items() if value is not None})
    except ValidationError as wrong:
        raise _refusal(wrong.errors()[0]) from None
    model = MODELS.get(request.model)
    if model is None:
        raise published("no_model", param="model", model=request.model)
    if request.model not in offered:
        raise published("retired", model=request.model)
    for name in sorted(request.model_fields_set & (_DALLE_ONLY if model.is_gpt_image else _GPT_IMAGE_ONLY)):
        raise published("extra_forbidden", param=name)
    if request.output_format == "png" and request.output_compression < 100:
        raise _wrong("output_compression", "Compression less than 100 is not supported for PNG output format")
    if request.output_format == "jpeg" and request.background == "transparent":
        raise _wrong("background", "Transparent background is not supported for JPEG output format")
    return request.model_copy(update={"size": _size(request.size, model), "quality": _quality(request.quality, model)})


def _size(size: str, model: Listed) -> str:
    if size == "auto":
        return "1024x1024"
    if model.sizes and size not in model.sizes:
        raise _unsupported("size", size, sorted(model.sizes))
    width_text, _, height_text = size.partition("x")
    if not (width_text.isascii() and width_text.isdigit() and height_text.isascii() and height_text.isdigit()):
        raise _wrong("size", f"Invalid size '{size}'. Expected 'auto' or a string of the form 'WIDTHxHEIGHT'.")
    width, height = int(width_text[:6]), int(height_text[:6])
    for fault, message in (
        (width % 16 or height % 16, "Width and height must both be divisible by 16."),
        (max(width, height) > 3840, "The longest edge must be at most 3840 pixels."),
        (max(width, height) > 3 * min(width, height), "The aspect ratio must be between 1:3 and 3:1."),
        (not 655_360 <= width * height <= 8_294_400, "The total number of pixels must be between 655360 and 8294400."),
    ):
        if fault and model.sizes == ANY_SIZE:
            raise _wrong("size", f"Invalid size '{size}'. {message}")
    return f"{width}x{height}"


def _quality(quality: str, model: Listed) -> str:
    if quality == "auto":
        return model.default_quality
    if model.is_gpt_image and quality in {"xhigh", "max"} - model.grid.keys():
        raise _wrong("quality", f"The model '{model.name}' does not support quality '{quality}'")
    if quality not in model.grid:
        raise _unsupported("quality", quality, model.grid)
    return quality


def _wrong(param: str, message: str) -> OpenAIError:
    return OpenAIError(400, message, _USER_ERROR, param, "invalid_value")


def _unsupported(param: str, value: str, supported: Collection[str]) -> OpenAIError:
    values = ", ".join(f"'{allowed}'" for allowed in supported)
    message = f"Invalid value: '{value}'. Supported values are: {values}, and 'auto'."
    return OpenAIError(400, message, param=param, code="invalid_value")


def _refusal(error: ErrorDetails) -> OpenAIError:
    name, value, context = str(error["loc"][0]), error["input"], error.get("ctx", {})
    length = len(value) if isinstance(value, str) else 0
    expected = str(context.get("expected", "")).replace(" or ", ", ")
    facts = {**context, "value": value, "kind": _KINDS.get(type(value), "null"), "length": length, "expected": expected}
    return published(error["type"], param=name, **facts)
