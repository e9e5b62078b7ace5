"""The transformation part of a delivery URL, as text and as steps; and what sizes a step leads to.
Pure: pixels are moved in rendering.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from PIL import ImageColor

Colour = tuple[int, int, int]
Size = tuple[int, int]

CROPS = frozenset({"scale", "fit", "limit", "fill", "lfill", "pad", "lpad", "crop"})
GRAVITIES = frozenset(
    {"auto", "center", "north", "south", "east", "west", "north_east", "north_west", "south_east", "south_west"}
)
FORMATS = {"jpg": "jpg", "jpeg": "jpg", "png": "png", "webp": "webp", "auto": "auto"}
QUALITIES = {"auto": 80, "auto:best": 90, "auto:good": 80, "auto:eco": 68, "auto:low": 50}
IGNORED_FLAGS = frozenset({"progressive", "force_strip", "strip_profile", "lossy", "immutable_cache"})
MOST_SIDE = 20_000

COMPONENT = re.compile(r"[a-z]{1,4}_[^,/]+(,[a-z]{1,4}_[^,/]+)*")


class TransformationError(Exception):
    """Its text is what the vendor says in X-Cld-Error."""


@dataclass(frozen=True)
class Blur:
    """The picture itself, blurred, behind the padded one."""

    intensity: int = 100
    brightness: int = 0


@dataclass(frozen=True)
class Step:
    """One component: everything between two slashes."""

    crop: str = "scale"
    width: int | None = None
    height: int | None = None
    ratio: tuple[float, float] | None = None
    gravity: str = "center"
    x: int | None = None
    y: int | None = None
    background: Colour | Blur = (255, 255, 255)
    format: str | None = None
    quality: int | None = None
    is_resize: bool = field(default=False)

    def box(self, size: Size) -> Size:
        """The width and height asked for, with what is missing worked out from the ratio or the picture."""
        ratio = self.ratio or ((size[0], size[1]) if self.crop != "crop" else None)
        width, height = self.width, self.height
        if width is None and height is None:
            return self._box_of_ratio(size) if self.ratio else size
        if ratio is None:
            return width or size[0], height or size[1]
        if height is None and width is not None:
            height = max(1, round(width * ratio[1] / ratio[0]))
        if width is None and height is not None:
            width = max(1, round(height * ratio[0] / ratio[1]))
        return width or size[0], height or size[1]

    def _box_of_ratio(self, size: Size) -> Size:
        """Only a ratio: the largest box inside the picture, or for padding the smallest around it."""
        across, up = self.ratio or size
        too_wide = size[0] * up > size[1] * across
        keep_height = too_wide != (self.crop in {"pad", "lpad"})
        if keep_height:
            return max(1, round(size[1] * across / up)), size[1]
        return size[0], max(1, round(size[0] * up / across))


def parse(text: str) -> Step:
    """One component, e.g. `c_fill,g_auto,w_320,h_320`."""
    step = Step()
    for parameter in text.split(","):
        key, separator, value = parameter.partition("_")
        reader = _READERS.get(key) if separator and value else None
        if reader is None:
            raise TransformationError(f"Invalid transformation component - {parameter}")
        step = reader(step, value)
    if step.gravity == "auto" and step.crop not in {"fill", "lfill", "crop"}:
        raise TransformationError(f"Automatic gravity is not supported with crop mode {step.crop}")
    if step.crop != "scale" and not (step.width or step.height or step.ratio):
        raise TransformationError(f"Crop mode {step.crop} needs a width, a height or an aspect ratio")
    return replace(step, is_resize=bool(step.width or step.height or step.ratio))


def looks_like_one(segment: str) -> bool:
    return bool(COMPONENT.fullmatch(segment))


def _crop(step: Step, value: str) -> Step:
    if value not in CROPS:
        raise TransformationError(f"Invalid crop mode {value}")
    return replace(step, crop=value)


def _side(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= MOST_SIDE):
        raise TransformationError(f"Invalid {name} in transformation: {value}")
    return int(value)


def _offset(value: str) -> int:
    if not re.fullmatch(r"\d{1,5}", value):
        raise TransformationError(f"Invalid offset in transformation: {value}")
    return int(value)


def _ratio(step: Step, value: str) -> Step:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?", value)
    if not found or not float(found[1]) or not float(found[2] or 1):
        raise TransformationError(f"Invalid aspect ratio in transformation: {value}")
    return replace(step, ratio=(float(found[1]), float(found[2] or 1)))


def _gravity(step: Step, value: str) -> Step:
    if value.split(":", maxsplit=1)[0] not in GRAVITIES:
        raise TransformationError(f"Invalid gravity {value}")
    return replace(step, gravity=value.split(":", maxsplit=1)[0])


def _background(step: Step, value: str) -> Step:
    blurred = re.fullmatch(r"blurred(?::(\d{1,4}))?(?::(-?\d{1,3}))?", value)
    if blurred:
        return replace(step, background=Blur(int(blurred[1] or 100), int(blurred[2] or 0)))
    try:
        shown = ImageColor.getrgb("#" + value.removeprefix("rgb:") if value.startswith("rgb:") else value)
    except ValueError:
        raise TransformationError(f"Invalid color in transformation: {value}") from None
    return replace(step, background=(shown[0], shown[1], shown[2]))


def _format(step: Step, value: str) -> Step:
    if value not in FORMATS:
        raise TransformationError(f"Invalid extension in transformation: {value}")
    return replace(step, format=FORMATS[value])


def _quality(step: Step, value: str) -> Step:
    number = QUALITIES.get(value) or (int(value) if re.fullmatch(r"\d{1,3}", value) else 0)
    if not 1 <= number <= 100:
        raise TransformationError(f"Invalid quality in transformation: {value}")
    return replace(step, quality=number)


def _colour_space(step: Step, value: str) -> Step:
    """Every derived picture is sRGB anyway."""
    if value != "srgb":
        raise TransformationError(f"Invalid color space {value}")
    return step


def _flags(step: Step, value: str) -> Step:
    unknown = [flag for flag in value.split(".") if flag.split(":")[0] not in IGNORED_FLAGS]
    if unknown:
        raise TransformationError(f"Invalid flag {unknown[0]}")
    return step


_READERS = {
    "c": _crop,
    "w": lambda step, value: replace(step, width=_side("width", value)),
    "h": lambda step, value: replace(step, height=_side("height", value)),
    "x": lambda step, value: replace(step, x=_offset(value)),
    "y": lambda step, value: replace(step, y=_offset(value)),
    "ar": _ratio,
    "g": _gravity,
    "b": _background,
    "f": _format,
    "q": _quality,
    "cs": _colour_space,
    "fl": _flags,
}
