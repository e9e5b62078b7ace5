"""The size of a generated picture, and the rule for sizes that a model takes beyond its list. Pure.

Not here: what a platform accepts (`platforms.py`), what a size costs (`tokens.py`)."""

import re
from dataclasses import dataclass
from math import gcd
from typing import Annotated

from pydantic import PlainValidator

from shared.catalog.datafile import Count, Spec
from shared.domain import platforms

_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels; as a string `1792x1024`."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Size | None":
        """The size that is spelled exactly like this, or None."""
        match = _SIZE.fullmatch(text)
        return cls(int(match[1]), int(match[2])) if match else None

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def ratio(self) -> str:
        """In lowest terms: `7:4`."""
        divisor = gcd(self.width, self.height)
        return f"{self.width // divisor}:{self.height // divisor}"

    @property
    def label(self) -> str:
        """The shape in one word for people; wide and tall begin at 8:5."""
        if self.width == self.height:
            return "Square"
        if self.width > self.height:
            return "Wide" if 5 * self.width >= 8 * self.height else "Landscape"
        return "Tall" if 5 * self.height >= 8 * self.width else "Portrait"

    @property
    def instagram_ready(self) -> bool:
        """Whether a JPEG of this size can be published on Instagram without cropping or padding."""
        picture = platforms.Picture(self.width, self.height, bytes=1, format="jpeg")
        return platforms.check(platforms.Platform.INSTAGRAM, picture).publishable_as_is


def _spelled(text: object) -> Size:
    size = Size.parse(text) if isinstance(text, str) else None
    if size is None:
        raise ValueError('must be a size like "1024x1024"')
    return size


SizeText = Annotated[Size, PlainValidator(_spelled)]
"""A size as the file spells it: `1792x1024`."""


class SizeRule(Spec):
    """Which sizes a model takes beyond those listed."""

    step: Count
    """Both sides are multiples of it."""
    min_pixels: Count
    """Least width times height."""
    max_pixels: Count
    """Most width times height."""
    max_side: Count
    """Longest side."""
    max_ratio: Count
    """The longer side is at most this many times the shorter."""

    def broken_by(self, size: Size) -> str | None:
        """The first condition that the size does not meet, as a clause; None where it is taken."""
        longer, shorter = max(size.width, size.height), min(size.width, size.height)
        if size.width % self.step or size.height % self.step:
            return f"both sides must be multiples of {self.step}"
        if longer > self.max_side:
            return f"no side may be longer than {self.max_side}"
        if longer > self.max_ratio * shorter:
            return f"one side may be at most {self.max_ratio} times the other"
        if not self.min_pixels <= size.width * size.height <= self.max_pixels:
            return f"width times height must be from {self.min_pixels} to {self.max_pixels}"
        return None
