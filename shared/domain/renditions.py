"""Which pixels to deliver so that a platform accepts the picture. Pure geometry in integers.

Not here: the limits (`platforms.py`), building and fetching URLs (the store). A rendition is delivered as sRGB JPEG."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd
from typing import Literal

from shared.domain.platforms import RULES, Picture, Platform, Ratio, Rules, beyond, check

Mode = Literal["crop", "pad"]
"""crop cuts what sticks out; pad keeps everything and adds bars."""

MAX_WIDTH = 1440
"""Widest rendition: Instagram and Threads reduce anything above."""
MAX_HEIGHT = 8192
"""Tallest rendition: X takes no longer side. Only platforms without a ratio rule come near it."""

PRESETS: Mapping[str, tuple[Platform, Ratio]] = {
    "instagram_4x5": (Platform.INSTAGRAM, Ratio(4, 5)),
    "instagram_1x1": (Platform.INSTAGRAM, Ratio(1, 1)),
    "instagram_191x100": (Platform.INSTAGRAM, Ratio(191, 100)),
}
"""Shapes that can be asked for by name."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A copy to deliver."""

    name: str
    """A preset's name, or `<platform>_original` where the picture keeps its shape."""
    mode: Mode
    """How it gets there."""
    width: int
    """Pixels of the copy."""
    height: int
    """Pixels of the copy."""
    ratio: str
    """The shape aimed at: `4:5`, `1.91:1`; the pixels come as near as the platform's limits allow."""


def fix_renditions(platform: Platform, picture: Picture) -> tuple[Rendition, ...]:
    """Copies that `check` finds publishable as they are, once they are JPEG and small enough; the gentlest first.

    None for a picture that needs none; one of its own shape where that fits; else crop and pad to the nearest limit.
    """
    if check(platform, picture).publishable_as_is:
        return ()
    rules = RULES[platform]
    limit = beyond(rules, picture.width, picture.height)
    if limit is None:
        divisor = gcd(picture.width, picture.height)
        shape = Ratio(picture.width // divisor, picture.height // divisor)
        return (Rendition(f"{platform}_original", "crop", *_pixels(rules, shape, picture.width), str(shape)),)
    return tuple(_shaped(platform, limit, mode, picture) for mode in ("crop", "pad"))


def preset_rendition(name: str, mode: Mode, picture: Picture) -> Rendition:
    """The picture in one of `PRESETS`. Raises KeyError for another name."""
    platform, shape = PRESETS[name]
    return _shaped(platform, shape, mode, picture)


def _shaped(platform: Platform, shape: Ratio, mode: Mode, picture: Picture) -> Rendition:
    """The largest box of that shape inside the picture, or the smallest around it."""
    across = picture.height * shape.width
    natural = min(picture.width, across // shape.height)
    if mode == "pad":
        natural = max(picture.width, _up(across, shape.height))
    name = f"{platform}_{shape.width}x{shape.height}"
    return Rendition(name, mode, *_pixels(RULES[platform], shape, natural), str(shape))


def _pixels(rules: Rules, shape: Ratio, width: int) -> tuple[int, int]:
    """Sides of that shape and about that width which the rules take exactly: whole numbers, never a pixel outside."""
    most = min(MAX_WIDTH, MAX_HEIGHT * shape.width // shape.height)
    least = max(rules.min_size[0], rules.min_size[1] * shape.width // shape.height)
    width = min(max(min(width, most), least), MAX_WIDTH)
    height = _up(2 * width * shape.height - shape.width, 2 * shape.width)  # to the nearest
    lowest, highest = rules.min_size[1], MAX_HEIGHT
    if rules.widest:
        lowest = max(lowest, _up(width * rules.widest.height, rules.widest.width))
    if rules.tallest:
        highest = min(highest, width * rules.tallest.height // rules.tallest.width)
    return width, min(max(height, lowest), highest)


def _up(part: int, whole: int) -> int:
    """The quotient, rounded up."""
    return -(-part // whole)
