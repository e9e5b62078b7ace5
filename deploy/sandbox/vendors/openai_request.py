"""From the body of POST /v1/images/generations to a checked request, refusing what the vendor refuses.
Pure; the answer to a good request is openai.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.sandbox.vendors.openai_errors import OpenAIError, retired_model, unknown_model
from deploy.sandbox.vendors.openai_models import ANY_SIZE, MODELS, Listed, Shop

PROMPT_LIMIT = 32_000
DALLE_PROMPT_LIMIT = 4_000

COMMON = frozenset({"prompt", "model", "n", "quality", "size", "user", "safety_identifier"})
GPT_IMAGE = COMMON | {
    "background", "complexity", "moderation", "output_compression", "output_format", "partial_images", "stream",
}  # fmt: skip
DALLE = COMMON | {"response_format", "style"}

SIZE_ERROR = "image_generation_user_error"


@dataclass(frozen=True)
class GenerationRequest:
    prompt: str
    model: Listed
    width: int
    height: int
    quality: str
    """Never `auto`."""
    count: int
    format: str
    """png, jpeg or webp."""
    compression: int
    transparent: bool
    stream: bool
    partial_images: int
    wants_url: bool
    """DALL-E answered with an address unless asked for base64."""
    safety_identifier: str | None

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def input_tokens(self) -> int:
        """About four letters make a token; six more are the vendor's own."""
        return len(self.prompt) // 4 + 6 if self.model.is_gpt_image else 0

    @property
    def output_tokens(self) -> int:
        """A streamed preview costs about 100 tokens more."""
        if not self.model.is_gpt_image:
            return 0
        each = self.model.output_tokens(self.width, self.height, self.quality)
        return self.count * each + (100 * self.partial_images if self.stream else 0)

    @property
    def cost_micros(self) -> int:
        is_square = self.width == self.height
        return self.model.cost_micros(self.input_tokens, self.output_tokens, self.quality, is_square, self.count)


def parse(body: Any, shop: Shop) -> GenerationRequest:
    if not isinstance(body, dict):
        raise OpenAIError(400, "We could not parse the JSON body of your request.")
    model = _model(body, shop)
    known = GPT_IMAGE if model.is_gpt_image else DALLE
    for name in body:
        if name not in known:
            raise OpenAIError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    prompt = _prompt(body, PROMPT_LIMIT if model.is_gpt_image else DALLE_PROMPT_LIMIT)
    image_format = _choice(body, "output_format", ("png", "jpeg", "webp"), "png")
    background = _choice(body, "background", ("transparent", "opaque", "auto"), "auto")
    compression = _integer(body, "output_compression", 100, (0, 100))
    _choice(body, "moderation", ("low", "auto"), "auto")
    _choice(body, "complexity", ("low", "medium", "high"), "high")
    _choice(body, "style", ("vivid", "natural"), "vivid")
    if image_format == "png" and compression < 100:
        message = "Compression less than 100 is not supported for PNG output format"
        raise OpenAIError(400, message, SIZE_ERROR, "output_compression", "invalid_value")
    if image_format == "jpeg" and background == "transparent":
        message = "Transparent background is not supported for JPEG output format"
        raise OpenAIError(400, message, SIZE_ERROR, "background", "invalid_value")
    width, height = _size(body, model)
    return GenerationRequest(
        prompt=prompt,
        model=model,
        width=width,
        height=height,
        quality=_quality(body, model),
        count=_integer(body, "n", 1, (1, 10 if model.is_gpt_image else 1)),
        format=image_format,
        compression=compression,
        transparent=background == "transparent",
        stream=_boolean(body, "stream"),
        partial_images=_integer(body, "partial_images", 0, (0, 3)),
        wants_url=not model.is_gpt_image and _choice(body, "response_format", ("url", "b64_json"), "url") == "url",
        safety_identifier=_text(body, "safety_identifier") or _text(body, "user"),
    )


def _model(body: dict[str, Any], shop: Shop) -> Listed:
    name = _text(body, "model") or "gpt-image-2"
    model = MODELS.get(name)
    if model is None:
        raise unknown_model(name)
    if not shop.offers(model):
        raise retired_model(name)
    return model


def _prompt(body: dict[str, Any], limit: int) -> str:
    prompt = _text(body, "prompt")
    if prompt is None:
        raise OpenAIError(
            400, "Missing required parameter: 'prompt'.", param="prompt", code="missing_required_parameter"
        )
    if not prompt.strip():
        message = (
            "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string instead."
        )
        raise OpenAIError(400, message, param="prompt", code="empty_string")
    if len(prompt) > limit:
        message = (
            f"Invalid 'prompt': string too long. Expected a string with maximum length {limit}, "
            f"but got a string with length {len(prompt)} instead."
        )
        raise OpenAIError(400, message, param="prompt", code="string_above_max_length")
    return prompt


def _size(body: dict[str, Any], model: Listed) -> tuple[int, int]:
    size = _text(body, "size") or "auto"
    if size == "auto":
        return 1024, 1024
    if model.sizes and size not in model.sizes:
        supported = ", ".join(f"'{allowed}'" for allowed in sorted(model.sizes))
        message = f"Invalid value: '{size}'. Supported values are: {supported}, and 'auto'."
        raise OpenAIError(400, message, param="size", code="invalid_value")
    width_text, _, height_text = size.partition("x")
    if not (width_text.isascii() and width_text.isdigit() and height_text.isascii() and height_text.isdigit()):
        message = f"Invalid size '{size}'. Expected 'auto' or a string of the form 'WIDTHxHEIGHT'."
        raise OpenAIError(400, message, SIZE_ERROR, "size", "invalid_value")
    width, height = int(width_text[:6]), int(height_text[:6])
    wrong = _size_fault(width, height) if model.sizes == ANY_SIZE else None
    if wrong:
        raise OpenAIError(400, f"Invalid size '{size}'. {wrong}", SIZE_ERROR, "size", "invalid_value")
    return width, height


def _size_fault(width: int, height: int) -> str | None:
    if width % 16 or height % 16:
        return "Width and height must both be divisible by 16."
    if max(width, height) > 3840:
        return "The longest edge must be at most 3840 pixels."
    if max(width, height) > 3 * min(width, height):
        return "The aspect ratio must be between 1:3 and 3:1."
    if not 655_360 <= width * height <= 8_294_400:
        return "The total number of pixels must be between 655360 and 8294400."
    return None


def _quality(body: dict[str, Any], model: Listed) -> str:
    quality = _text(body, "quality") or "auto"
    if quality == "auto":
        return model.default_quality
    if quality in model.grid:
        return quality
    if model.is_gpt_image and quality in {"xhigh", "max"}:
        message = f"The model '{model.name}' does not support quality '{quality}'"
        raise OpenAIError(400, message, SIZE_ERROR, "quality", "invalid_value")
    supported = ", ".join(f"'{allowed}'" for allowed in model.grid)
    message = f"Invalid value: '{quality}'. Supported values are: {supported}, and 'auto'."
    raise OpenAIError(400, message, param="quality", code="invalid_value")


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong_type(name, "a string", value)
    return value


def _choice(body: dict[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = _text(body, name)
    if value is None:
        return default
    if value not in allowed:
        supported = ", ".join(f"'{choice}'" for choice in allowed)
        raise OpenAIError(
            400, f"Invalid value: '{value}'. Supported values are: {supported}.", param=name, code="invalid_value"
        )
    return value


def _integer(body: dict[str, Any], name: str, default: int, bounds: tuple[int, int]) -> int:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(name, "an integer", value)
    least, most = bounds
    if value > most:
        message = f"Invalid '{name}': integer above maximum value. Expected a value <= {most}, but got {value} instead."
        raise OpenAIError(400, message, param=name, code="integer_above_max_value")
    if value < least:
        message = (
            f"Invalid '{name}': integer below minimum value. Expected a value >= {least}, but got {value} instead."
        )
        raise OpenAIError(400, message, param=name, code="integer_below_min_value")
    return value


def _boolean(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise _wrong_type(name, "a boolean", value)
    return bool(value)


def _wrong_type(name: str, expected: str, value: Any) -> OpenAIError:
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a decimal",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    message = f"Invalid type for '{name}': expected {expected}, but got {names.get(type(value), 'null')} instead."
    return OpenAIError(400, message, param=name, code="invalid_type")
