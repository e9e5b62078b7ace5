"""What the sandbox draws: five scenes in eight moods of light; `painter.py` decides which of them a prompt gets."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageColor, ImageDraw, ImageFilter

Colour = tuple[int, ...]
Point = tuple[float, float]


PALETTES = (
    (("#2b2350 #7a3b69 #d9647b #f7a072 #ffd9a0", "#fff1c9 #c9788a #231a35", "#f26a5a #f9a65a #ffd27a #8f3f71"),
     "sunset dusk evening autumn fall warm romantic fire orange"),
    (("#5d7fb9 #9fb4d9 #e4c6d4 #fbdcc4 #fff0dc", "#fffaf0 #b5b3cf #3a4566", "#f4978e #fbc4ab #5b7bb0 #c8b6e2"),
     "sunrise dawn morning breakfast coffee soft pastel baby wedding"),
    (("#1d5f8a #3f95b5 #86c9cf #cfeadf #f6f3da", "#fffdf0 #7fb8bd #0f3a4f", "#ff8a5c #ffc15e #2fb5a8 #f4e3b2"),
     "beach sea ocean summer tropical holiday island travel blue sail"),
    (("#6fa8c9 #a9cfd6 #dbe7cf #f5f0cf", "#fffbe3 #9fb9a4 #24432f", "#e4b84c #d96b4f #6a9f58 #f2d88f"),
     "forest green garden spring nature meadow plant leaf organic tea salad"),
    (("#070b24 #121b47 #273a78 #4a5f9f", "#f4f1de #33437c #060918", "#7be0c3 #62a8e5 #a78bfa #e07a9b"),
     "night moon star stars space galaxy dream winter aurora dark"),
    (("#e9a96b #f2bf86 #f7d7a6 #fbead0", "#fff8e6 #dba277 #6b2f2a", "#c8553d #f28f3b #588b8b #e3b23c"),
     "desert sand dune dunes canyon egypt dry rust terracotta clay spice"),
    (("#7d9bbd #a9c2da #d5e3ee #f5f8fa", "#ffffff #b3c6d9 #2d4159", "#7fa7cf #b4d2e7 #d98e8e #94b8b8"),
     "snow ice cold mountain mountains alpine ski christmas white clean minimal"),
    (("#3a1c5c #6d3a8c #b565a7 #f0a6ca #fbdde0", "#fff0f3 #b27ab8 #24103d", "#ff70a6 #ff9770 #ffd670 #70d6ff"),
     "flower flowers pink purple party neon fashion beauty music city luxury"),
)  # fmt: skip
"""Every palette, with the words of a prompt that ask for it: the sky from the top down to the horizon; light (sun and
moon), the farthest ground and the nearest, the darkest colour of the picture; four accents."""

_GLOW = Image.radial_gradient("L").point([round(max(0.0, 1 - n / 178) ** 2 * 160) for n in range(256)])
"""Bright in the middle, nothing from the circle that touches the square's edges outwards."""


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` 0 is the first colour, 1 the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


class Canvas:
    """A picture that is being drawn. Places are shares of its width and height, sizes shares of its shorter side."""

    def __init__(self, width: int, height: int, palette: Sequence[str], chance: Random) -> None:
        self.width, self.height, self.unit = width, height, min(width, height)
        self.chance = chance
        self.sky, land, self.accents = ([*map(ImageColor.getrgb, colours.split())] for colours in palette)
        self.light, self.far, self.near = land
        self.image = Image.new("RGB", (width, height))
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def gradient(self, colours: Sequence[Colour], top: float, bottom: float, mask: Image.Image | None = None) -> None:
        """Colours from `top` to `bottom`, the last one below; only where the mask is, if there is one."""
        column = Image.new("RGB", (1, len(colours)))
        column.putdata(list(colours))
        whole = Image.new("RGB", (1, self.height), colours[-1])
        whole.paste(column.resize((1, max(1, round((bottom - top) * self.height))), Image.Resampling.BICUBIC),
                    (0, round(top * self.height)))  # fmt: skip
        self.image.paste(whole.resize(self.image.size), (0, 0), mask)

    def land(self, line: Sequence[Point], colour: Colour, haze: Colour) -> None:
        """Everything below the line, fading into the haze towards the ground."""
        mask = Image.new("L", self.image.size)
        outline = [(x * self.width, y * self.height) for x, y in [(0, 1), *line, (1, 1)]]
        ImageDraw.Draw(mask).polygon(outline, fill=255)
        top = max(0, min(y for _, y in line))
        self.gradient((colour, mix(colour, haze, 0.5), haze), top, top + 0.45, mask)

    def hills(self, base: float, swing: float, roughness: float, share: float) -> None:
        """Mountains, from `share` 0, the farthest and palest, to 1; roughness 0.3 is a dune, 0.6 a crag."""
        heights, reach = [self.chance.uniform(-1, 1) for _ in range(3)], 1.0
        for _ in range(6):
            halves = [(a + b) / 2 + self.chance.uniform(-reach, reach) for a, b in pairwise(heights)]
            heights = [x for pair in zip(heights, [*halves, 0], strict=True) for x in pair][:-1]
            reach *= roughness
        line = [(n / (len(heights) - 1), base + swing * height) for n, height in enumerate(heights)]
        colour = mix(self.far, self.near, share)
        self.land(line, colour, mix(colour, self.sky[-1], 0.5 - 0.35 * share))

    def sun(self, y: float, size: float) -> float:
        """Its disc and its glow, at this height. Returns the place across, which chance decides."""
        x, radius = self.chance.uniform(0.25, 0.75), size * self.unit
        for wide in (8, 3):
            light = _GLOW.resize((round(radius * wide * 2),) * 2, Image.Resampling.BILINEAR)
            corner = (round(x * self.width - radius * wide), round(y * self.height - radius * wide))
            self.image.paste(self.light, corner, light)
        self.pen.circle((x * self.width, y * self.height), radius, mix(self.light, (255, 255, 255), 0.35))
        return x

    def shape(self, x: float, y: float, size: float, corners: Sequence[Point], colour: Colour) -> None:
        """A polygon around a place; its corners are in `size`."""
        left, top, scale = x * self.width, y * self.height, size * self.unit
        self.pen.polygon([(left + across * scale, top + down * scale) for across, down in corners], colour)

    def curve(self, base: float, swing: float, phase: float, colour: Colour) -> None:
        """Soft land, bright at its edge; the phase is a share of a wave."""
        line = [(n / 90, base + swing * math.sin(math.tau * (phase + n / 130))) for n in range(91)]
        self.land(line, mix(colour, self.light, 0.25), mix(colour, self.near, 0.3))

    def glitter(self, x: float, top: float, spread: float, count: int) -> None:
        """Short strokes of light on water, wider apart towards the shore."""
        for _ in range(count):
            share = self.chance.random() ** 1.3
            at = (x + self.chance.gauss(0, spread * (0.15 + 0.3 * share))) * self.width
            y = (top + (1 - top) * share) * self.height
            long, thick = self.unit * (0.006 + 0.03 * share), self.unit * (0.0008 + 0.0024 * share)
            self.pen.ellipse((at - long, y - thick, at + long, y + thick), (*self.light, 150))


def mountains(canvas: Canvas) -> None:
    """Ridges, paler with distance, and a lake that mirrors them."""
    canvas.gradient(canvas.sky, 0, 0.75)
    canvas.sun(canvas.chance.uniform(0.18, 0.4), 0.06)
    for share in (0, 0.25, 0.5, 0.75, 1):
        canvas.hills(0.42 + 0.36 * share, 0.09 - 0.05 * share, 0.56 - 0.08 * share, share)
    shore = round(canvas.height * canvas.chance.uniform(0.74, 0.82))
    size = (canvas.width, canvas.height - shore)
    above = canvas.image.crop((0, shore - 2 * size[1], canvas.width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = above.resize(size).filter(ImageFilter.BoxBlur(canvas.unit / 250))
    canvas.image.paste(Image.blend(water, Image.new("RGB", size, canvas.sky[1]), 0.3), (0, shore))
    canvas.glitter(0.5, shore / canvas.height, 1, 70)


def sea(canvas: Canvas) -> None:
    """Open water with a path of light and one small sail."""
    sky, horizon = canvas.sky, canvas.chance.uniform(0.48, 0.62)
    canvas.gradient(sky, 0, horizon)
    x = canvas.sun(horizon - canvas.chance.uniform(0.06, 0.2), 0.08)
    canvas.land([(0, horizon), (1, horizon)], mix(sky[-1], sky[1], 0.6), mix(sky[1], canvas.near, 0.4))
    canvas.glitter(x, horizon, 0.4, 220)
    boat, foot = canvas.chance.choice((0.2, 0.5, 0.8)), horizon + 0.06
    canvas.shape(boat, foot, 0.09, [(0, -1.4), (0, 0), (0.5, 0)], canvas.accents[0])
    canvas.shape(boat, foot, 0.09, [(0, -1.4), (0, 0), (-0.4, 0)], mix(canvas.accents[1], canvas.light, 0.6))
    canvas.shape(boat, foot, 0.09, [(-0.5, 0), (0.55, 0), (0.35, 0.2), (-0.35, 0.2)], canvas.near)


def blossom(canvas: Canvas) -> None:
    """Translucent petals in rings."""
    chance, sky = canvas.chance, canvas.sky
    canvas.gradient((mix(sky[-1], canvas.light, 0.4), sky[-1], sky[-2]), 0, 1)
    side = [(n / 16, 0.24 * math.sin(math.pi * (n / 16) ** 0.8)) for n in range(17)]
    petal = [*side, *((along, -across) for along, across in reversed(side))]
    for size, x, y in ((0.17, 0.16, 0.2), (0.15, 0.86, 0.76), (0.4, 0.5, 0.46)):
        first, second = chance.sample(canvas.accents, 2)
        count = chance.choice((7, 9, 11))
        for ring in range(4):
            turn = chance.uniform(0, math.tau)
            for n in range(count):
                colour = mix(mix(first, second, ring / 3), canvas.light, 0.1 + 0.14 * (n % 2))
                cos, sin = math.cos(turn + math.tau * n / count), math.sin(turn + math.tau * n / count)
                corners = [(along * cos - across * sin, along * sin + across * cos) for along, across in petal]
                canvas.shape(x, y, size * (1 - 0.22 * ring), corners, (*colour, 190))


def dunes(canvas: Canvas) -> None:
    """A large low sun over long soft curves."""
    canvas.gradient(canvas.sky, 0, 0.7)
    canvas.sun(canvas.chance.uniform(0.3, 0.45), 0.15)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        colour = mix(canvas.far, canvas.near, share * 0.8)
        canvas.curve(0.55 + 0.34 * share, 0.03 + 0.04 * share, canvas.chance.random(), colour)


def ribbons(canvas: Canvas) -> None:
    """Wide bands that flow across the picture, one behind the other."""
    canvas.gradient(canvas.sky, 0, 1)
    phase = canvas.chance.random()
    for share in (0.0, 0.14, 0.28, 0.42, 0.56, 0.7, 0.84, 1.0):
        colour = mix(canvas.chance.choice(canvas.accents), canvas.near, 0.7 * share)
        canvas.curve(0.26 + 0.68 * share, 0.09, phase + 0.64 * share, colour)


SCENES: tuple[tuple[Callable[[Canvas], None], str], ...] = (
    (mountains, "mountain mountains lake alps valley landscape forest tree fog snow winter night moon star sky"),
    (sea, "sea ocean beach sail sailing boat coast summer wave waves harbour harbor island"),
    (dunes, "desert dune dunes sand canyon camel sahara"),
    (blossom, "flower flowers rose roses petal garden bouquet spring wedding perfume blossom"),
    (ribbons, "silk music flow ribbon gradient wallpaper background coffee chocolate logo poster abstract"),
)
"""Every scene, with the words of a prompt that ask for it."""
