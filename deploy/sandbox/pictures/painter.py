"""From a prompt to the bytes of a picture: the same prompt, size and format give the same bytes.

What is drawn is in `scenes.py`. Each picture carries the word SANDBOX and the beginning of its prompt, so that nobody
takes it for a bought one.
"""

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TypeVar

from PIL import Image, ImageDraw, ImageFont

from deploy.sandbox.cache import Cache
from deploy.sandbox.pictures.scenes import PALETTES, SCENES, Canvas

Choice = TypeVar("Choice")

_DRAWN_PIXELS = 2_400_000
"""Drawn at this size and made smaller, which smooths every edge, or larger: 4K stays under a second."""
_VIGNETTE = Image.radial_gradient("L").point([min(255, 510 - 2 * n) for n in range(256)])
"""Clear in the corners."""


@dataclass(frozen=True)
class PictureRequest:
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


class Painter:
    """Draws, and remembers the last pictures. Safe in threads; slow enough to belong in one."""

    def __init__(self) -> None:
        self._cache: Cache[PictureRequest, bytes] = Cache(64 * 1024 * 1024)

    def paint(self, request: PictureRequest) -> bytes:
        """The picture's file."""
        painted = self._cache.get(request)
        if painted is None:
            painted = _encode(draw(request), request)
            self._cache.put(request, painted)
        return painted


def draw(request: PictureRequest) -> Image.Image:
    """The picture, not yet encoded: RGB, or RGBA where it is transparent."""
    chance = Random(hashlib.sha256(f"{request.number}|{request.prompt}".encode()).digest())
    words = set(re.findall(r"[a-z]+", request.prompt.lower()))
    scale = (_DRAWN_PIXELS / (request.width * request.height)) ** 0.5
    size = round(request.width * scale), round(request.height * scale)
    canvas = Canvas(*size, _fitting(PALETTES, words, chance), chance)
    _fitting(SCENES, words, chance)(canvas)
    image = canvas.image.resize((request.width, request.height), Image.Resampling.BICUBIC)
    if request.transparent:
        image.putalpha(_VIGNETTE.resize(image.size))
    _mark(image, " ".join(request.prompt.split())[:90])
    return image


def _fitting(choices: Sequence[tuple[Choice, str]], words: set[str], chance: Random) -> Choice:
    """What most of the words ask for; where none does, chance decides."""
    drawn = chance.choice(choices)
    return max(drawn, *choices, key=lambda choice: len(words & set(choice[1].split())))[0]


def _mark(image: Image.Image, prompt: str) -> None:
    """In the lower left corner, on a dark plate."""
    short = min(image.size)
    size, edge = max(9, round(short * 0.0175)), round(short * 0.026)
    font = ImageFont.load_default(size)
    caption = "".join(letter for letter in prompt if _known(letter)).strip()
    most = int(image.width / size)
    if len(caption) > most or caption != prompt:
        caption = f"{caption[:most]}…"
    start, high = edge + font.getlength("SANDBOX") + size * 1.4, size * 2
    top = image.height - edge - high
    right = start + font.getlength(caption) + size
    pen = ImageDraw.Draw(image, "RGBA")
    pen.rounded_rectangle((edge, top, right, top + high), radius=size, fill=(12, 14, 24, 150))
    pen.text((edge + size * 0.6, top + size), "SANDBOX", (255, 214, 120), font, anchor="lm")
    pen.text((start, top + size), caption, (245, 245, 245), font, anchor="lm")


@lru_cache(maxsize=4096)
def _known(letter: str) -> bool:
    """The built-in font knows Latin only; a prompt in another script shows no row of empty boxes."""
    font = ImageFont.load_default(16)
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


def _encode(image: Image.Image, request: PictureRequest) -> bytes:
    out = io.BytesIO()
    quality = max(1, round(request.compression * 0.92))
    image.save(out, request.format, quality=quality, method=1, compress_level=2)
    return out.getvalue()
