"""A canvas with smooth edges, gradients, glows and ridges, made of Pillow's fast parts.
What is drawn, and in which colours, belongs in scenes.py, patterns.py and palettes.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from deploy.sandbox.painting.palettes import Colour

Point = tuple[float, float]
Stroke = Callable[[ImageDraw.ImageDraw, Callable[[Sequence[Point]], list[Point]], float], None]

FINE = 2
"""Shapes are drawn this much larger and reduced: Pillow draws without smoothing, and this is its cheapest cure."""


class Pen:
    """Collects strokes first, so that only the part of the picture they touch is computed."""

    def __init__(self) -> None:
        self._strokes: list[Stroke] = []
        self._xs: list[float] = []
        self._ys: list[float] = []

    def polygon(self, points: Sequence[Point], strength: int = 255) -> None:
        self._add(points, 0, lambda draw, at, _: draw.polygon(at(points), fill=strength))

    def disc(self, x: float, y: float, radius: float, strength: int = 255) -> None:
        self.ellipse(x - radius, y - radius, x + radius, y + radius, strength)

    def ellipse(self, left: float, top: float, right: float, bottom: float, strength: int = 255) -> None:
        frame = ((left, top), (right, bottom))
        self._add(frame, 0, lambda draw, at, _: draw.ellipse(at(frame), fill=strength))

    def box(self, left: float, top: float, right: float, bottom: float, strength: int = 255) -> None:
        frame = ((left, top), (right, bottom))
        self._add(frame, 0, lambda draw, at, _: draw.rectangle(at(frame), fill=strength))

    def line(self, points: Sequence[Point], width: float, strength: int = 255) -> None:
        self._add(
            points,
            width,
            lambda draw, at, scale: draw.line(at(points), strength, max(1, round(width * scale)), joint="curve"),
        )

    def slice(self, x: float, y: float, radius: float, start: float, end: float) -> None:
        frame = ((x - radius, y - radius), (x + radius, y + radius))
        self._add(frame, 0, lambda draw, at, _: draw.pieslice(at(frame), start, end, fill=255))

    def _add(self, points: Sequence[Point], margin: float, stroke: Stroke) -> None:
        self._strokes.append(stroke)
        for x, y in points:
            self._xs += (x - margin, x + margin)
            self._ys += (y - margin, y + margin)

    def touched(self, width: int, height: int, margin: float = 1) -> tuple[int, int, int, int]:
        """The part of the picture that has to be computed; empty when all strokes lie outside it."""
        if not self._strokes:
            return 0, 0, 0, 0
        left, right = int(min(self._xs) - margin), int(max(self._xs) + margin) + 1
        top, bottom = int(min(self._ys) - margin), int(max(self._ys) + margin) + 1
        return max(0, left), max(0, top), min(width, right), min(height, bottom)

    def mask(self, corner: tuple[int, int], size: tuple[int, int], scale: float) -> Image.Image:
        fine = Image.new("L", size)
        draw = ImageDraw.Draw(fine)
        left, top = corner

        def at(points: Sequence[Point]) -> list[Point]:
            return [((x - left) * scale, (y - top) * scale) for x, y in points]

        for stroke in self._strokes:
            stroke(draw, at, scale)
        return fine


Drawing = Callable[[Pen], None]


class Canvas:
    """A picture in the making."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.short = min(width, height)
        """The unit for sizes that must look alike in every format."""
        self.image = Image.new("RGB", (width, height))

    def sky(self, stops: Sequence[Colour], bottom: float = 1.0) -> None:
        """Fills from the top down to `bottom` (a share of the height); what is below keeps the last colour."""
        self.image.paste(stops[-1], (0, 0, self.width, self.height))
        self.image.paste(gradient(stops, self.width, max(1, round(self.height * bottom))), (0, 0))

    def shape(self, drawing: Drawing, colour: Colour, opacity: float = 1.0) -> None:
        self._lay(drawing, lambda _top, _size: colour, opacity)

    def shaded(self, drawing: Drawing, stops: Sequence[Colour], top: float, opacity: float = 1.0) -> None:
        """A shape with a gradient of its own that starts at `top` pixels and ends at the bottom edge."""
        start = min(max(0, round(top)), self.height - 1)

        def fill(from_top: int, size: tuple[int, int]) -> Image.Image:
            whole = Image.new("RGB", (1, self.height), stops[0])
            whole.paste(gradient(stops, 1, self.height - start), (0, start))
            return whole.crop((0, from_top, 1, from_top + size[1])).resize(size, Image.Resampling.NEAREST)

        self._lay(drawing, fill, opacity)

    def soft(self, drawing: Drawing, colour: Colour, blur: float, opacity: float = 1.0) -> None:
        """A shape without edges (clouds, mist, northern light), computed small because nothing in it is sharp."""
        pen = Pen()
        drawing(pen)
        small = max(2, min(10, round(blur / 2)))
        rim = blur * 4
        size = (round((self.width + 2 * rim) / small), round((self.height + 2 * rim) / small))
        mask = pen.mask((round(-rim), round(-rim)), size, 1 / small).filter(ImageFilter.GaussianBlur(blur / small))
        seen = (rim / small, rim / small, (rim + self.width) / small, (rim + self.height) / small)
        mask = mask.resize((self.width, self.height), Image.Resampling.BILINEAR, box=seen)
        self.image.paste(colour, (0, 0), _faded(mask, opacity))

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light around a point: strongest in the middle, gone at the radius."""
        light = _GLOW.point([round(level * strength) for level in range(256)])
        left, top = x - radius, y - radius
        seen_left, seen_top = max(0, round(left)), max(0, round(top))
        seen_right, seen_bottom = min(self.width, round(x + radius)), min(self.height, round(y + radius))
        if seen_right <= seen_left or seen_bottom <= seen_top:
            return
        scale = 255 / (2 * radius)
        part = (
            max(0.0, (seen_left - left) * scale),
            max(0.0, (seen_top - top) * scale),
            min(256.0, (seen_right - left) * scale),
            min(256.0, (seen_bottom - top) * scale),
        )
        size = (seen_right - seen_left, seen_bottom - seen_top)
        self.image.paste(colour, (seen_left, seen_top), light.resize(size, Image.Resampling.BILINEAR, box=part))

    def mirror(self, waterline: int, tint: Colour, share: float) -> None:
        """Lays the picture above the waterline, upside down and tinted, below it."""
        depth = self.height - waterline
        above = self.image.crop((0, max(0, waterline - 2 * depth), self.width, waterline))
        water = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((self.width, depth))
        self.image.paste(Image.blend(water, Image.new("RGB", water.size, tint), share), (0, waterline))

    def _lay(
        self, drawing: Drawing, fill: Callable[[int, tuple[int, int]], Colour | Image.Image], opacity: float
    ) -> None:
        pen = Pen()
        drawing(pen)
        left, top, right, bottom = pen.touched(self.width, self.height)
        size = (right - left, bottom - top)
        if size[0] <= 0 or size[1] <= 0:
            return
        mask = pen.mask((left, top), (size[0] * FINE, size[1] * FINE), FINE).reduce(FINE)
        self.image.paste(fill(top, size), (left, top, right, bottom), _faded(mask, opacity))


def gradient(stops: Sequence[Colour], width: int, height: int) -> Image.Image:
    """Even steps from the first colour (top) to the last (bottom), without visible joints."""
    strip = Image.new("RGB", (1, len(stops)))
    strip.putdata(list(stops))
    return strip.resize((1, height), Image.Resampling.BICUBIC).resize((width, height), Image.Resampling.NEAREST)


def ridge(chance: Random, steps: int, roughness: float) -> list[float]:
    """A mountain line: `2 ** steps + 1` heights around 0, by halving; `roughness` 0.3 is a dune, 0.6 a crag."""
    heights = [chance.uniform(-1, 1), chance.uniform(-1, 1)]
    reach = 1.0
    for _ in range(steps):
        finer: list[float] = []
        for left, right in pairwise(heights):
            finer += [left, (left + right) / 2 + chance.uniform(-reach, reach)]
        heights = [*finer, heights[-1]]
        reach *= roughness
    return heights


def _faded(mask: Image.Image, opacity: float) -> Image.Image:
    return mask if opacity >= 1 else mask.point([round(level * opacity) for level in range(256)])


_GLOW = Image.radial_gradient("L").point([round(max(0.0, 1 - distance / 178) ** 2 * 255) for distance in range(256)])
"""Full in the middle, nothing from the circle that touches the square's edges outwards."""
