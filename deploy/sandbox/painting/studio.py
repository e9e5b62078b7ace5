"""From a prompt to the bytes of a picture: the same prompt, size and format give the same bytes.
Choosing, caching and encoding are here; what is drawn is in scenes.py and patterns.py.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from deploy.sandbox.cache import Cache
from deploy.sandbox.painting import palettes, patterns, scenes
from deploy.sandbox.painting.brushes import Canvas
from deploy.sandbox.painting.label import mark

Scene = Callable[[Canvas, palettes.Palette, Random], None]

WORKING_PIXELS = 1_900_000
"""Larger pictures are painted at this size and enlarged: they are smooth, and it keeps a 4K picture under a second."""

SCENES: tuple[tuple[Scene, str], ...] = (
    (scenes.mountains, "mountain mountains lake alps alpine hike hiking snow valley ski landscape"),
    (scenes.sea, "sea ocean beach sail sailing boat coast summer wave waves harbour harbor island"),
    (scenes.forest, "forest tree trees pine woods nature green fog mist cabin"),
    (scenes.dunes, "desert dune dunes sand canyon camel sahara"),
    (scenes.night, "night moon star stars aurora galaxy space sky winter"),
    (scenes.city, "city skyline street tower building urban office town architecture"),
    (patterns.blossom, "flower flowers rose roses petal garden bouquet spring wedding perfume blossom"),
    (patterns.circles, "logo poster geometric abstract design shapes pattern modern bauhaus product"),
    (patterns.bands, "silk music flow ribbon gradient wallpaper background coffee chocolate"),
)
"""Every scene, with the words of a prompt that ask for it."""


@dataclass(frozen=True)
class Commission:
    """What decides a picture's bytes, and nothing else."""

    prompt: str
    width: int
    height: int
    format: str
    """png, jpeg or webp."""
    compression: int = 100
    """The vendor's output_compression: 100 is the best quality; PNG has none."""
    transparent: bool = False
    number: int = 0
    """Which of the n pictures of one call: each is another one."""


class Studio:
    """Paints, and remembers the last pictures. Safe in threads; slow enough to belong in one."""

    def __init__(self, remember_bytes: int = 64 * 1024 * 1024) -> None:
        self._cache: Cache[Commission] = Cache(remember_bytes)

    def paint(self, commission: Commission) -> bytes:
        remembered = self._cache.get(commission)
        if remembered is not None:
            return remembered
        painted = _encoded(picture(commission), commission)
        self._cache.put(commission, painted)
        return painted


def picture(commission: Commission) -> Image.Image:
    chance = Random(hashlib.sha256(f"{commission.number}|{commission.prompt}".encode()).digest())
    words = frozenset(re.findall(r"[a-z]+", commission.prompt.lower()))
    palette = palettes.choose(words, chance)
    canvas = Canvas(*_working_size(commission.width, commission.height))
    _scene(words, chance)(canvas, palette, chance)
    painted = canvas.image
    if painted.size != (commission.width, commission.height):
        painted = painted.resize((commission.width, commission.height), Image.Resampling.BICUBIC)
    mark(painted, commission.prompt)
    if commission.transparent:
        painted.putalpha(_vignette(painted.size))
    return painted


def _scene(words: frozenset[str], chance: Random) -> Scene:
    drawn, _ = chance.choice(SCENES)
    wanted = {scene: len(words & frozenset(its_words.split())) for scene, its_words in SCENES}
    asked = max(wanted, key=lambda scene: wanted[scene])
    return asked if wanted[asked] else drawn


def _working_size(width: int, height: int) -> tuple[int, int]:
    shrink = min(1.0, (WORKING_PIXELS / (width * height)) ** 0.5)
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _vignette(size: tuple[int, int]) -> Image.Image:
    """A transparent background: the picture stands in a rounded plate."""
    plate = Image.new("L", size)
    edge = min(size) // 24
    ImageDraw.Draw(plate).rounded_rectangle((edge, edge, size[0] - edge, size[1] - edge), radius=edge * 2, fill=255)
    return plate


def _encoded(painted: Image.Image, commission: Commission) -> bytes:
    out = io.BytesIO()
    if commission.format == "png":
        painted.save(out, "PNG", compress_level=2)
    elif commission.format == "webp":
        painted.save(out, "WEBP", quality=round(commission.compression * 0.92), method=1)
    else:
        painted.save(out, "JPEG", quality=max(1, round(commission.compression * 0.93)))
    return out.getvalue()
