"""What the sandbox paints: six scenes in eight moods of light, drawn large with Pillow and made smaller.

Nothing here knows HTTP or a vendor. `painter.py` chooses scene and palette by the words of a prompt.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

from PIL import Image, ImageColor, ImageDraw, ImageFilter

Colour = tuple[int, ...]
Point = tuple[float, float]


class Palette(NamedTuple):
    """One mood of light, and which words of a prompt ask for it."""

    sky: tuple[Colour, ...]
    """From the top of the picture down to the horizon."""
    light: Colour
    """Sun, moon and lamps."""
    far: Colour
    near: Colour
    """The foreground, the darkest colour of the picture."""
    accents: tuple[Colour, ...]
    words: str


def _palette(sky: str, light_far_near: str, accents: str, words: str) -> Palette:
    light, far, near = map(ImageColor.getrgb, light_far_near.split())
    above, bright = (tuple(map(ImageColor.getrgb, part.split())) for part in (sky, accents))
    return Palette(above, light, far, near, bright, words)


PALETTES = (
    _palette("#2b2350 #7a3b69 #d9647b #f7a072 #ffd9a0", "#fff1c9 #c9788a #231a35", "#f26a5a #f9a65a #ffd27a #8f3f71",
             "sunset dusk evening autumn fall warm romantic fire orange"),
    _palette("#5d7fb9 #9fb4d9 #e4c6d4 #fbdcc4 #fff0dc", "#fffaf0 #b5b3cf #3a4566", "#f4978e #fbc4ab #5b7bb0 #c8b6e2",
             "sunrise dawn morning breakfast coffee soft pastel baby wedding"),
    _palette("#1d5f8a #3f95b5 #86c9cf #cfeadf #f6f3da", "#fffdf0 #7fb8bd #0f3a4f", "#ff8a5c #ffc15e #2fb5a8 #f4e3b2",
             "beach sea ocean summer tropical holiday island travel blue sail"),
    _palette("#6fa8c9 #a9cfd6 #dbe7cf #f5f0cf", "#fffbe3 #9fb9a4 #24432f", "#e4b84c #d96b4f #6a9f58 #f2d88f",
             "forest green garden spring nature meadow plant leaf organic tea salad"),
    _palette("#070b24 #121b47 #273a78 #4a5f9f", "#f4f1de #33437c #060918", "#7be0c3 #62a8e5 #a78bfa #e07a9b",
             "night moon star stars space galaxy dream winter aurora dark"),
    _palette("#e9a96b #f2bf86 #f7d7a6 #fbead0", "#fff8e6 #dba277 #6b2f2a", "#c8553d #f28f3b #588b8b #e3b23c",
             "desert sand dune dunes canyon egypt dry rust terracotta clay spice"),
    _palette("#7d9bbd #a9c2da #d5e3ee #f5f8fa", "#ffffff #b3c6d9 #2d4159", "#7fa7cf #b4d2e7 #d98e8e #94b8b8",
             "snow ice cold mountain mountains alpine ski christmas white clean minimal"),
    _palette("#3a1c5c #6d3a8c #b565a7 #f0a6ca #fbdde0", "#fff0f3 #b27ab8 #24103d", "#ff70a6 #ff9770 #ffd670 #70d6ff",
             "flower flowers pink purple party neon fashion beauty music city luxury"),
)  # fmt: skip


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` 0 is the first colour, 1 the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


class Canvas:
    """A picture in the making. Lengths are pixels; `unit` is its shorter side."""

    def __init__(self, width: int, height: int, palette: Palette, chance: Random) -> None:
        self.width, self.height, self.unit = width, height, min(width, height)
        self.palette, self.chance = palette, chance
        self.image = Image.new("RGB", (width, height))
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def gradient(self, colours: Sequence[Colour], top: float, bottom: float, mask: Image.Image | None = None) -> None:
        """Colours from `top` to `bottom`, the last one below; only where the mask is, if there is one."""
        column = Image.new("RGB", (1, len(colours)))
        column.putdata(list(colours))
        column = column.resize((1, max(1, round(bottom - top))), Image.Resampling.BICUBIC)
        whole = Image.new("RGB", (1, self.height), colours[-1])
        whole.paste(column, (0, round(top)))
        whole.paste(colours[0], (0, 0, 1, max(0, round(top))))
        self.image.paste(whole.resize(self.image.size, Image.Resampling.NEAREST), (0, 0), mask)

    def land(self, line: Sequence[Point], colour: Colour, haze: Colour) -> None:
        """Everything below the line, fading into the haze towards the ground."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon([(0, self.height), *line, (self.width, self.height)], fill=255)
        top = min(y for _, y in line)
        self.gradient((colour, mix(colour, haze, 0.5), haze), top, top + self.height * 0.45, mask)

    def glow(self, x: float, y: float, radius: float, strength: float) -> None:
        """Light around a point."""
        size = round(radius * 2)
        light = _GLOW.resize((size, size), Image.Resampling.BILINEAR).point([round(n * strength) for n in range(256)])
        self.image.paste(self.palette.light, (round(x - radius), round(y - radius)), light)

    def sun(self, height: float, size: float) -> float:
        """At this height (a share), where chance puts it. Answers its x."""
        x, y, radius = self.width * self.chance.uniform(0.25, 0.75), self.height * height, self.unit * size
        self.glow(x, y, radius * 8, 0.55)
        self.glow(x, y, radius * 3, 0.6)
        self.pen.circle((x, y), radius, mix(self.palette.light, (255, 255, 255), 0.35))
        return x

    def ridge(self, base: float, swing: float, roughness: float) -> list[Point]:
        """A mountain line by halving; roughness 0.3 is a dune, 0.6 a crag."""
        heights, reach = [self.chance.uniform(-1, 1) for _ in range(3)], 1.0
        for _ in range(6):
            halves = [(a + b) / 2 + self.chance.uniform(-reach, reach) for a, b in pairwise(heights)]
            heights = [x for pair in zip(heights, [*halves, 0], strict=True) for x in pair][:-1]
            reach *= roughness
        step = self.width / (len(heights) - 1)
        return [(step * n, self.height * (base + swing * h)) for n, h in enumerate(heights)]


_GLOW = Image.radial_gradient("L").point([round(max(0.0, 1 - n / 178) ** 2 * 255) for n in range(256)])
"""Full in the middle, nothing from the circle that touches the square's edges outwards."""


def mountains(canvas: Canvas) -> None:
    """Ridges, paler with distance, and a lake that mirrors them."""
    palette, chance = canvas.palette, canvas.chance
    canvas.gradient(palette.sky, 0, canvas.height * 0.75)
    canvas.sun(chance.uniform(0.18, 0.4), 0.06)
    shore = round(canvas.height * chance.choice((0.74, 0.8, 1)))
    rows = 5
    for row in range(rows):
        share = row / (rows - 1)
        line = canvas.ridge(0.42 + 0.36 * share, 0.09 - 0.05 * share, 0.56 - 0.08 * share)
        canvas.land(
            line, mix(palette.far, palette.near, share**1.3), mix(palette.far, palette.sky[-1], 0.6 - 0.4 * share)
        )
    if shore < canvas.height:
        depth = canvas.height - shore
        above = canvas.image.crop((0, shore - depth * 2, canvas.width, shore)).transpose(
            Image.Transpose.FLIP_TOP_BOTTOM
        )
        water = above.resize((canvas.width, depth)).filter(ImageFilter.BoxBlur(canvas.unit / 250))
        canvas.image.paste(Image.blend(water, Image.new("RGB", water.size, palette.sky[1]), 0.3), (0, shore))
        _glitter(canvas, canvas.width / 2, shore, canvas.width, 70)


def forest(canvas: Canvas) -> None:
    """Rows of pines in the mist."""
    palette, chance = canvas.palette, canvas.chance
    canvas.gradient(palette.sky, 0, canvas.height * 0.9)
    canvas.sun(chance.uniform(0.15, 0.35), 0.06)
    for share in (0.0, 0.35, 0.7, 1.0):
        line = canvas.ridge(0.5 + 0.4 * share, 0.03, 0.4)
        colour = mix(palette.far, palette.near, share)
        canvas.land(line, colour, mix(colour, palette.sky[-1], 0.5 * (1 - share)))
        for _ in range(round(70 - 50 * share)):
            x, y = chance.choice(line)
            x += chance.uniform(-1, 1) * canvas.width / 60
            tall = canvas.unit * (0.06 + 0.2 * share) * chance.uniform(0.6, 1.2)
            for tier in range(5):
                top, wide = y - tall * (1 - tier * 0.19), tall * (0.07 + tier * 0.035)
                canvas.pen.polygon([(x, top), (x + wide, top + tall * 0.3), (x - wide, top + tall * 0.3)], colour)


def sea(canvas: Canvas) -> None:
    """Open water with a path of light and one small sail."""
    palette, chance = canvas.palette, canvas.chance
    horizon = canvas.height * chance.uniform(0.48, 0.62)
    canvas.gradient(palette.sky, 0, horizon)
    x = canvas.sun(horizon / canvas.height - chance.uniform(0.06, 0.2), 0.08)
    water = (mix(palette.sky[-1], palette.sky[1], 0.6), mix(palette.sky[1], palette.near, 0.4), palette.near)
    canvas.land([(0, horizon), (canvas.width, horizon)], water[0], water[1])
    _glitter(canvas, x, horizon, canvas.unit * 0.4, 220)
    boat, foot, size = canvas.width * chance.choice((0.2, 0.5, 0.8)), horizon + canvas.unit * 0.06, canvas.unit * 0.09
    for side, colour in ((0.5, palette.accents[0]), (-0.4, mix(palette.accents[1], (255, 255, 255), 0.6))):
        canvas.pen.polygon([(boat, foot - size * 1.4), (boat, foot), (boat + size * side, foot)], colour)
    hull = [(boat - size * 0.5, foot), (boat + size * 0.55, foot), (boat + size * 0.35, foot + size * 0.2)]
    canvas.pen.polygon([*hull, (boat - size * 0.35, foot + size * 0.2)], palette.near)


def night(canvas: Canvas) -> None:
    """Stars, a moon and northern light over dark hills."""
    palette, chance = canvas.palette, canvas.chance
    dark = mix(palette.near, (4, 6, 24), 0.6)
    canvas.gradient([mix(colour, dark, 0.7 - 0.1 * n) for n, colour in enumerate(palette.sky[:4])], 0, canvas.height)
    for _ in range(2):
        line = _wave(canvas, chance.uniform(0.3, 0.45), 0.08, chance.uniform(0.5, 1))
        veil = Image.new("L", canvas.image.size)
        lifted = [(x, y - canvas.height * 0.2) for x, y in reversed(line)]
        ImageDraw.Draw(veil).polygon([*line, *lifted], fill=90)
        small = veil.resize((64, 64)).filter(ImageFilter.GaussianBlur(3))
        canvas.image.paste(chance.choice(palette.accents), (0, 0), small.resize(veil.size, Image.Resampling.BICUBIC))
    for _ in range(260):
        at = canvas.width * chance.random(), canvas.height * 0.8 * chance.random()
        canvas.pen.circle(at, canvas.unit * 0.0009 * chance.paretovariate(2.6), (255, 250, 235))
    canvas.sun(chance.uniform(0.14, 0.26), 0.04)
    for share in (0.0, 0.5, 1.0):
        colour = mix(mix(palette.sky[1], dark, 0.6), dark, share)
        canvas.land(canvas.ridge(0.68 + 0.16 * share, 0.07, 0.48), colour, dark)


def city(canvas: Canvas) -> None:
    """A skyline at dusk, lamps lit."""
    palette, chance = canvas.palette, canvas.chance
    canvas.gradient(palette.sky, 0, canvas.height * 0.85)
    canvas.sun(chance.uniform(0.3, 0.5), 0.12)
    lamp = mix(palette.light, palette.accents[2], 0.4)
    for share in (0.0, 0.5, 1.0):
        colour, x, pane = mix(palette.far, palette.near, share), 0.0, canvas.unit * (0.006 + 0.004 * share)
        while x < canvas.width:
            wide = canvas.unit * chance.uniform(0.06, 0.13) * (0.75 + 0.5 * share)
            top = canvas.height * (0.86 - chance.uniform(0.05, 0.36) * (1 - 0.35 * share))
            canvas.pen.rectangle((x, top, x + wide, canvas.height), colour)
            for column in range(1, round(wide / pane / 2.6)):
                for floor in range(1, round((canvas.height - top) / pane / 3.2)):
                    if chance.random() < 0.1 + 0.2 * share:
                        left, up = x + pane * 2.6 * column - pane, top + pane * 3.2 * floor
                        canvas.pen.rectangle(
                            (left, up, left + pane, up + pane * 1.5), (*lamp, round(120 + 100 * share))
                        )
            x += wide * chance.uniform(0.85, 1.1)


def blossom(canvas: Canvas) -> None:
    """Translucent petals around bright hearts."""
    palette, chance = canvas.palette, canvas.chance
    canvas.gradient((mix(palette.sky[-1], (255, 255, 255), 0.4), palette.sky[-1], palette.sky[-2]), 0, canvas.height)
    for reach, across, down in ((0.17, 0.16, 0.2), (0.15, 0.86, 0.76), (0.4, 0.5, 0.46)):
        x, y = (
            canvas.width * (across + chance.uniform(-0.05, 0.05)),
            canvas.height * (down + chance.uniform(-0.04, 0.04)),
        )
        first, second = chance.sample(palette.accents, 2)
        count, radius = chance.choice((7, 9, 11)), canvas.unit * reach
        for ring in range(4):
            turn, size = chance.uniform(0, math.tau), radius * (1 - 0.2 * ring)
            for petal in range(count):
                angle = turn + math.tau * petal / count
                colour = mix(mix(first, second, ring / 4), (255, 255, 255), 0.1 + 0.14 * (petal % 2))
                canvas.pen.polygon(_petal(x, y, size, angle), (*colour, 190))
        canvas.glow(x, y, radius * 0.55, 0.7)
        for seed in range(60):
            far, angle = radius * 0.016 * math.sqrt(seed), seed * 2.4
            at = x + far * math.cos(angle), y + far * math.sin(angle)
            canvas.pen.circle(at, radius * 0.011, mix(palette.near, second, 0.4))


def dunes(canvas: Canvas) -> None:
    """A large low sun over long soft curves."""
    palette = canvas.palette
    canvas.gradient(palette.sky, 0, canvas.height * 0.7)
    canvas.sun(canvas.chance.uniform(0.3, 0.45), 0.15)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        colour = mix(palette.far, palette.near, share * 0.8)
        line = _wave(canvas, 0.55 + 0.34 * share, 0.03 + 0.04 * share, canvas.chance.uniform(0.4, 1.2))
        canvas.land(line, mix(colour, palette.light, 0.3), mix(colour, palette.near, 0.35))


def ribbons(canvas: Canvas) -> None:
    """Wide bands that flow across the picture, one behind the other."""
    palette, chance = canvas.palette, canvas.chance
    canvas.gradient(palette.sky, 0, canvas.height)
    waves, phase = chance.uniform(0.4, 0.9), chance.uniform(0, math.tau)
    for share in (0.0, 0.14, 0.28, 0.42, 0.56, 0.7, 0.84, 1.0):
        colour = mix(chance.choice(palette.accents), palette.near, 0.7 * share)
        line = _wave(canvas, 0.26 + 0.68 * share, 0.09, waves, phase + 4 * share)
        canvas.land(line, mix(colour, (255, 255, 255), 0.25), mix(colour, palette.near, 0.3))


def _wave(canvas: Canvas, base: float, swing: float, waves: float, phase: float | None = None) -> list[Point]:
    phase = canvas.chance.uniform(0, math.tau) if phase is None else phase
    across = [n / 90 for n in range(91)]
    return [(canvas.width * x, canvas.height * (base + swing * math.sin(phase + math.tau * waves * x))) for x in across]


def _petal(x: float, y: float, reach: float, angle: float) -> list[Point]:
    outline = []
    for n in range(33):
        t = n / 16 - 1
        along, across = (
            reach * (1 - abs(t)),
            reach * 0.24 * math.sin(math.pi * (1 - abs(t)) ** 0.8) * (-1 if t < 0 else 1),
        )
        outline.append((x + along * math.cos(angle) - across * math.sin(angle),
                        y + along * math.sin(angle) + across * math.cos(angle)))  # fmt: skip
    return outline


def _glitter(canvas: Canvas, x: float, top: float, spread: float, count: int) -> None:
    """Short strokes of light on water, wider apart towards the shore."""
    for _ in range(count):
        share = canvas.chance.random() ** 1.3
        at, y = x + canvas.chance.gauss(0, spread * (0.15 + 0.3 * share)), top + (canvas.height - top) * share
        long, thick = canvas.unit * (0.006 + 0.03 * share), canvas.unit * (0.0008 + 0.0024 * share)
        canvas.pen.ellipse((at - long, y - thick, at + long, y + thick), (*canvas.palette.light, 150))


SCENES: tuple[tuple[Callable[[Canvas], None], str], ...] = (
    (mountains, "mountain mountains lake alps alpine hike hiking snow valley ski landscape"),
    (sea, "sea ocean beach sail sailing boat coast summer wave waves harbour harbor island"),
    (forest, "forest tree trees pine woods nature green fog mist cabin"),
    (dunes, "desert dune dunes sand canyon camel sahara"),
    (night, "night moon star stars aurora galaxy space sky winter"),
    (city, "city skyline street tower building urban office town architecture"),
    (blossom, "flower flowers rose roses petal garden bouquet spring wedding perfume blossom"),
    (ribbons, "silk music flow ribbon gradient wallpaper background coffee chocolate logo poster abstract"),
)
"""Every scene, with the words of a prompt that ask for it."""
