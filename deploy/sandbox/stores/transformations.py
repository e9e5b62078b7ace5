"""The transformation part of a delivery URL, as text and as steps; and what sizes a step leads to.
Pure: pixels are moved in rendering.py.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

from PIL import ImageColor
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

Size = tuple[int, int]

FORMATS = {"jpg": "jpg", "jpeg": "jpg", "png": "png", "webp": "webp", "auto": "auto"}
_QUALITIES = {"auto": 80, "auto:best": 90, "auto:good": 80, "auto:eco": 68, "auto:low": 50}
_COMPONENT = re.compile(r"[a-z]{1,4}_[^,/]+(,[a-z]{1,4}_[^,/]+)*")


class TransformationError(Exception):
    """Its text is what the vendor says in X-Cld-Error."""


class Blur(NamedTuple):
    """The picture itself, blurred, behind the padded one."""

    intensity: int
    brightness: int


Colour = tuple[int, int, int]


def _ratio(text: str) -> float:
    across, _, up = text.partition(":")
    return float(across) / (float(up or 1) or float("inf"))


def _background(text: str) -> Colour | Blur:
    blurred = re.fullmatch(r"blurred(?::(\d{1,4}))?(?::(-?\d{1,3}))?", text)
    if blurred:
        return Blur(int(blurred[1] or 100), int(blurred[2] or 0))
    red, green, blue, *_ = ImageColor.getrgb(re.sub("^rgb:", "#", text))
    return red, green, blue


Crop = Literal["scale", "fit", "limit", "fill", "lfill", "pad", "lpad", "crop"]
Side = Annotated[int | None, Field(gt=0, le=20_000)]
Ratio = Annotated[float | None, BeforeValidator(_ratio), Field(gt=0, allow_inf_nan=False)]
Format = Annotated[Literal["jpg", "png", "webp", "auto"] | None, BeforeValidator(lambda text: FORMATS.get(text, text))]
Quality = Annotated[int | None, BeforeValidator(lambda text: _QUALITIES.get(text, text)), Field(ge=1, le=100)]
Flags = Annotated[str, Field(pattern=r"^((progressive|force_strip)(:\w+)?(\.|$))*$")]


class Step(BaseModel, extra="forbid", frozen=True):
    """One component: everything between two slashes. The titles are what the vendor calls a wrong value."""

    crop: Crop = Field("scale", alias="c", title="crop mode {}")
    width: Side = Field(None, alias="w", title="width in transformation: {}")
    height: Side = Field(None, alias="h", title="height in transformation: {}")
    ratio: Ratio = Field(None, alias="ar", title="aspect ratio in transformation: {}")
    """Width by height."""
    gravity: Literal["auto", "center"] = Field("center", alias="g", title="gravity {}")
    background: Annotated[Colour | Blur, BeforeValidator(_background)] = Field(
        (255, 255, 255), alias="b", title="color in transformation: {}"
    )
    format: Format = Field(None, alias="f", title="extension in transformation: {}")
    quality: Quality = Field(None, alias="q", title="quality in transformation: {}")
    colour_space: Literal["srgb"] = Field("srgb", alias="cs", title="color space {}")
    """Every derived picture is sRGB anyway."""
    flags: Flags = Field("", alias="fl", title="flag {}")
    """They change nothing here."""

    @property
    def is_resize(self) -> bool:
        """Or it only says how the picture is written."""
        return bool(self.width or self.height or self.ratio)

    def box(self, size: Size) -> Size:
        """The width and height asked for, with what is missing worked out from the ratio or the picture's size."""
        ratio, width, height = self.ratio or size[0] / size[1], self.width, self.height
        if self.crop == "crop" and not self.ratio:
            return width or size[0], height or size[1]
        if width is None and height is None:
            # The largest box inside the picture, or for padding the smallest around it.
            keeps_width = (size[0] > size[1] * ratio) == (self.crop in {"pad", "lpad"})
            width, height = (size[0], None) if keeps_width else (None, size[1])
        if width is None:
            width = max(1, round((height or size[1]) * ratio))
        return width, height or max(1, round(width / ratio))


_COMPLAINTS = {str(field.alias): str(field.title) for field in Step.model_fields.values()}


def parse(text: str) -> Step:
    """One component, e.g. `c_fill,g_auto,w_320,h_320`. Raises TransformationError."""
    parameters = [parameter.partition("_") for parameter in text.split(",")]
    for parameter in parameters:
        if parameter[0] not in _COMPLAINTS or not parameter[2]:
            raise TransformationError(f"Invalid transformation component - {''.join(parameter)}")
    try:
        step = Step.model_validate({key: value for key, _, value in parameters})
    except ValidationError as wrong:
        error = wrong.errors()[0]
        raise TransformationError("Invalid " + _COMPLAINTS[str(error["loc"][0])].format(error["input"])) from None
    if step.gravity == "auto" and step.crop not in {"fill", "lfill", "crop"}:
        raise TransformationError(f"Automatic gravity is not supported with crop mode {step.crop}")
    if step.crop != "scale" and not step.is_resize:
        raise TransformationError(f"Crop mode {step.crop} needs a width, a height or an aspect ratio")
    return step


def looks_like_one(segment: str) -> bool:
    """Whether it has the form of a component, be it a good one or not."""
    return bool(_COMPONENT.fullmatch(segment))
