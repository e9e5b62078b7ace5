"""The colours of the painted pictures: hand-picked sets, and which words of a prompt call for which.
Colours only; what is drawn with them belongs in scenes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

Colour = tuple[int, int, int]


def rgb(hexadecimal: str) -> Colour:
    number = int(hexadecimal, 16)
    return number >> 16 & 255, number >> 8 & 255, number & 255


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` 0 is the first colour, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@dataclass(frozen=True)
class Palette:
    """One mood of light."""

    name: str
    sky: tuple[Colour, ...]
    """From the top of the picture down to the horizon."""
    light: Colour
    """Sun, moon, lamps and their glow."""
    far: Colour
    """The most distant ridge, close to the sky's own colour."""
    near: Colour
    """The foreground, the darkest colour of the picture."""
    accents: tuple[Colour, ...]
    """Bright colours for petals, boats, windows and abstract shapes."""
    words: frozenset[str]
    """Words of a prompt that ask for this mood."""


def _palette(name: str, sky: str, light_far_near: str, accents: str, words: str) -> Palette:
    light, far, near = light_far_near.split()
    return Palette(
        name=name,
        sky=tuple(rgb(stop) for stop in sky.split()),
        light=rgb(light),
        far=rgb(far),
        near=rgb(near),
        accents=tuple(rgb(stop) for stop in accents.split()),
        words=frozenset(words.split()),
    )


PALETTES = (
    _palette(
        "ember", "2b2350 7a3b69 d9647b f7a072 ffd9a0", "fff1c9 c9788a 231a35",
        "f26a5a f9a65a ffd27a 8f3f71 5c2a6b e8556d",
        "sunset dusk evening autumn fall warm romantic fire orange",
    ),
    _palette(
        "dawn", "5d7fb9 9fb4d9 e4c6d4 fbdcc4 fff0dc", "fffaf0 b5b3cf 3a4566",
        "f4978e f8ad9d fbc4ab 84a5c9 5b7bb0 c8b6e2",
        "sunrise dawn morning breakfast coffee soft pastel baby wedding",
    ),
    _palette(
        "lagoon", "1d5f8a 3f95b5 86c9cf cfeadf f6f3da", "fffdf0 7fb8bd 0f3a4f",
        "ff8a5c ffc15e 2fb5a8 14747e f4e3b2 ef5d60",
        "beach sea ocean summer tropical holiday island travel blue sail",
    ),
    _palette(
        "meadow", "6fa8c9 a9cfd6 dbe7cf f5f0cf", "fffbe3 9fb9a4 24432f",
        "e4b84c d96b4f 6a9f58 386b46 f2d88f b5cf7c",
        "forest green garden spring nature meadow plant leaf organic tea salad",
    ),
    _palette(
        "midnight", "070b24 121b47 273a78 4a5f9f", "f4f1de 33437c 060918",
        "7be0c3 62a8e5 a78bfa f4d58d e07a9b 3e5bb5",
        "night moon star stars space galaxy dream winter aurora dark",
    ),
    _palette(
        "desert", "e9a96b f2bf86 f7d7a6 fbead0", "fff8e6 dba277 6b2f2a",
        "c8553d f28f3b ffd5a1 588b8b 8c3b2f e3b23c",
        "desert sand dune canyon egypt dry rust terracotta clay spice",
    ),
    _palette(
        "frost", "7d9bbd a9c2da d5e3ee f5f8fa", "ffffff b3c6d9 2d4159",
        "7fa7cf b4d2e7 486b91 e8eef4 d98e8e 94b8b8",
        "snow ice cold mountain mountains alpine ski christmas white clean minimal",
    ),
    _palette(
        "orchid", "3a1c5c 6d3a8c b565a7 f0a6ca fbdde0", "fff0f3 b27ab8 24103d",
        "ff70a6 ff9770 ffd670 70d6ff c77dff 7b2cbf",
        "flower flowers pink purple party neon fashion beauty music city luxury",
    ),
)  # fmt: skip


def choose(words: frozenset[str], chance: Random) -> Palette:
    """The palette that most of the prompt's words ask for; where none does, chance decides."""
    drawn = chance.choice(PALETTES)
    asked = max(PALETTES, key=lambda palette: len(palette.words & words))
    return asked if asked.words & words else drawn
