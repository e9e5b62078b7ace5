"""From a prompt to the bytes of a picture: the same prompt, size and format give the same bytes.

Choosing, marking, caching and encoding; what is drawn is in `scenes.py`. Each picture carries the word SANDBOX and the
beginning of its prompt, so that nobody takes it for a bought one.
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
from deploy.sandbox.painting.scenes import PALETTES, SCENES, Canvas

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Choice = TypeVar("Choice")

_DRAWN_PIXELS = 2_400_000
"""Drawn at this size and made smaller, which smooths every edge, or larger: 4K stays under a second."""
_WORD = "SANDBOX"


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


class Painter:
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
    """The same, not yet encoded."""
    chance = Random(hashlib.sha256(f"{commission.number}|{commission.prompt}".encode()).digest())
    words = set(re.findall(r"[a-z]+", commission.prompt.lower()))
    palette = _fitting([(palette, palette.words) for palette in PALETTES], words, chance)
    scale = (_DRAWN_PIXELS / (commission.width * commission.height)) ** 0.5
    canvas = Canvas(max(1, round(commission.width * scale)), max(1, round(commission.height * scale)), palette, chance)
    _fitting(SCENES, words, chance)(canvas)
    painted = canvas.image.resize((commission.width, commission.height), Image.Resampling.BICUBIC)
    _mark(painted, " ".join(commission.prompt.split())[:90])
    if commission.transparent:
        plate = Image.new("L", painted.size)
        edge = min(painted.size) // 24
        frame = (edge, edge, painted.width - edge, painted.height - edge)
        ImageDraw.Draw(plate).rounded_rectangle(frame, radius=edge * 2, fill=255)
        painted.putalpha(plate)
    return painted


def _fitting(choices: Sequence[tuple[Choice, str]], words: set[str], chance: Random) -> Choice:
    """What most of the words ask for; where none does, chance decides."""
    drawn = chance.choice(choices)
    asked = max(choices, key=lambda choice: len(words & set(choice[1].split())))
    return asked[0] if words & set(asked[1].split()) else drawn[0]


def _mark(painted: Image.Image, prompt: str) -> None:
    """In the lower left corner, on a dark plate."""
    short = min(painted.size)
    size, edge = max(9, round(short * 0.0175)), round(short * 0.026)
    font = _font(size)
    shown = "".join(letter for letter in prompt if _known(font, letter)).strip()
    while shown and font.getlength(shown + "…") > painted.width * 0.62 - edge:
        shown = shown[:-1]
    caption = shown + "…" if shown and shown != prompt else shown
    word_wide, pad, high = font.getlength(_WORD), size * 0.6, size * 2
    left, top = edge, painted.height - edge - high
    right = left + word_wide + font.getlength(caption) + pad * (3.4 if caption else 2)
    pen = ImageDraw.Draw(painted, "RGBA")
    pen.rounded_rectangle((left, top, right, top + high), radius=high / 2, fill=(12, 14, 24, 150))
    pen.text((left + pad, top + high / 2), _WORD, (255, 214, 120), font, anchor="lm")
    pen.text((left + pad * 2.4 + word_wide, top + high / 2), caption, (245, 245, 245), font, anchor="lm")


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache(maxsize=4096)
def _known(font: Font, letter: str) -> bool:
    """The built-in font knows Latin only; a prompt in another script shows no row of empty boxes."""
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


def _encoded(painted: Image.Image, commission: Commission) -> bytes:
    out = io.BytesIO()
    if commission.format == "png":
        painted.save(out, "PNG", compress_level=2)
    elif commission.format == "webp":
        painted.save(out, "WEBP", quality=round(commission.compression * 0.92), method=1)
    else:
        painted.save(out, "JPEG", quality=max(1, round(commission.compression * 0.93)))
    return out.getvalue()
