"""The things that landscapes are made of: sun, clouds, ridges, water, trees, mist, stars, birds.
How they are put together belongs in scenes.py.
"""

from __future__ import annotations

import math
from random import Random

from deploy.sandbox.painting import brushes
from deploy.sandbox.painting.brushes import Canvas, Drawing, Pen, Point
from deploy.sandbox.painting.palettes import Colour, Palette, mix

WHITE: Colour = (255, 255, 255)


def sun(canvas: Canvas, palette: Palette, chance: Random, height: float, size: float = 0.075) -> Point:
    x, y = canvas.width * chance.choice((0.28, 0.34, 0.5, 0.64, 0.71)), canvas.height * height
    radius = canvas.short * size
    canvas.glow(x, y, radius * 9, palette.light, 0.6)
    canvas.glow(x, y, radius * 3.2, palette.light, 0.6)
    canvas.shape(lambda pen: pen.disc(x, y, radius), mix(palette.light, WHITE, 0.35))
    return x, y


def clouds(canvas: Canvas, palette: Palette, chance: Random, count: int) -> None:
    puffs: list[tuple[float, float, float, float]] = []
    for _ in range(count):
        x, y = canvas.width * chance.uniform(0, 1), canvas.height * chance.uniform(0.08, 0.4)
        wide = canvas.short * chance.uniform(0.12, 0.3)
        for _ in range(7):
            dx, dy = chance.gauss(0, wide * 0.55), chance.gauss(0, wide * 0.05)
            puffs.append((x + dx, y + dy, wide * chance.uniform(0.3, 0.6), wide * chance.uniform(0.05, 0.1)))

    def drawing(pen: Pen) -> None:
        for x, y, across, up in puffs:
            pen.ellipse(x - across, y - up, x + across, y + up)

    canvas.soft(drawing, mix(palette.sky[-1], WHITE, 0.45), blur=canvas.short * 0.016, opacity=0.62)


def ridge(
    canvas: Canvas,
    palette: Palette,
    chance: Random,
    colour: Colour,
    *,
    base: float,
    swing: float,
    roughness: float = 0.5,
    foot: float = 1.0,
    lit: float = 0.4,
) -> None:
    """A line of hills from `base`, filled down to `foot` and fading into the haze there."""
    heights = brushes.ridge(chance, 7, roughness)
    line = [(canvas.width * i / (len(heights) - 1), canvas.height * (base + swing * h)) for i, h in enumerate(heights)]
    bottom = canvas.height * foot

    def drawing(pen: Pen) -> None:
        pen.polygon([(0, bottom), *line, (canvas.width, bottom)])

    haze = mix(colour, palette.sky[-1], lit)
    canvas.shaded(drawing, (colour, mix(colour, haze, 0.5), haze, haze), canvas.height * (base - swing))


def peak(
    canvas: Canvas, palette: Palette, chance: Random, *, middle: float, tall: float, base: float, shade: float
) -> None:
    """One mountain with a lit side, a shaded side and snow on top."""
    x, foot = canvas.width * middle, canvas.height * base
    top = canvas.height * (base - tall - 0.12)
    half = max(canvas.short, canvas.width * 0.6) * tall * 1.5
    left = _flank(chance, (x, top), (x - half, foot))
    right = _flank(chance, (x, top), (x + half, foot))
    spine = _flank(chance, (x, top), (x + half * 0.16, foot), wobble=0.05)
    rock = mix(palette.far, palette.near, shade)
    foggy = mix(rock, palette.sky[-1], 0.45)
    lit, dark = mix(rock, palette.light, 0.16), mix(rock, palette.near, 0.3)
    canvas.shaded(lambda pen: pen.polygon([*left, *reversed(right)]), (lit, lit, foggy), top)
    canvas.shaded(lambda pen: pen.polygon([*spine, *reversed(right)]), (dark, rock, foggy), top)
    snow = mix(palette.light, WHITE, 0.55)
    deep = top + (foot - top) * chance.uniform(0.26, 0.36)
    canvas.shape(_cap(chance, left, spine, deep), snow, 0.92)
    canvas.shape(_cap(chance, spine, right, deep), mix(snow, dark, 0.42), 0.92)


def _flank(chance: Random, top: Point, foot: Point, wobble: float = 0.035) -> list[Point]:
    heights = brushes.ridge(chance, 5, 0.55)
    reach = abs(foot[1] - top[1]) * wobble
    line: list[Point] = []
    for i, height in enumerate(heights):
        share = i / (len(heights) - 1)
        bend = reach * (height - heights[0] * (1 - share)) * min(1.0, share * 3)
        line.append((top[0] + (foot[0] - top[0]) * share**1.12 + bend, top[1] + (foot[1] - top[1]) * share))
    return line


def _cap(chance: Random, left: list[Point], right: list[Point], deep: float) -> Drawing:
    """The part between two lines above a ragged snow line."""
    upper_left, upper_right = [p for p in left if p[1] <= deep], [p for p in right if p[1] <= deep]
    (start, start_y), (end, end_y) = upper_left[-1], upper_right[-1]
    teeth = 5
    drop = (deep - left[0][1]) * 0.34
    edge = [
        (
            start + (end - start) * i / (2 * teeth),
            start_y + (end_y - start_y) * i / (2 * teeth) + drop * (chance.uniform(0.2, 1) if i % 2 else -0.25),
        )
        for i in range(1, 2 * teeth)
    ]
    return lambda pen: pen.polygon([*upper_left, *edge, *reversed(upper_right)])


def down(canvas: Canvas, line: list[Point]) -> Drawing:
    def drawing(pen: Pen) -> None:
        pen.polygon([(0, canvas.height), *line, (canvas.width, canvas.height)])

    return drawing


def ripples(canvas: Canvas, chance: Random, waterline: int, colour: Colour) -> None:
    lines: list[tuple[float, float, float]] = []
    y = float(waterline) + 2
    gap = canvas.height * 0.006
    while y < canvas.height:
        for _ in range(2):
            x, long = canvas.width * chance.random(), canvas.width * chance.uniform(0.05, 0.28)
            lines.append((x - long / 2, y, x + long / 2))
        y += gap
        gap *= 1.16

    def drawing(pen: Pen) -> None:
        for left, height, right in lines:
            share = (height - waterline) / max(1, canvas.height - waterline)
            thick = canvas.short * (0.0008 + 0.0028 * share)
            pen.ellipse(left, height - thick, right, height + thick)

    canvas.shape(drawing, colour, 0.3)


def glitter(canvas: Canvas, chance: Random, x: float, top: float, colour: Colour) -> None:
    sparks: list[tuple[float, float, float, float]] = []
    for _ in range(170):
        share = chance.random() ** 1.3
        y = top + (canvas.height - top) * share
        spread = canvas.short * (0.045 + 0.15 * share)
        long = canvas.short * (0.006 + 0.03 * share) * chance.uniform(0.4, 1.4)
        sparks.append((x + chance.gauss(0, spread * 0.55), y, long, canvas.short * (0.0008 + 0.0024 * share)))

    def drawing(pen: Pen) -> None:
        for across, y, long, thick in sparks:
            pen.ellipse(across - long, y - thick, across + long, y + thick)

    canvas.shape(drawing, mix(colour, WHITE, 0.3), 0.8)


def pines(canvas: Canvas, chance: Random, ground: float, tall: float, count: int) -> Drawing:
    base = canvas.height * ground
    trees = [
        (canvas.width * (i + chance.uniform(-0.6, 0.6)) / count, canvas.short * tall * chance.uniform(0.55, 1.15))
        for i in range(count + 1)
    ]
    slope = [(canvas.width * i / 40, base + canvas.short * 0.02 * math.sin(i * 0.5 + tall * 40)) for i in range(41)]

    def drawing(pen: Pen) -> None:
        pen.polygon([(0, canvas.height), *slope, (canvas.width, canvas.height)])
        for x, height in trees:
            foot = base + canvas.short * 0.03 + height * 0.06
            pen.box(x - height * 0.025, foot - height * 0.3, x + height * 0.025, foot)
            for tier in range(5):
                top = foot - height * (1 - tier * 0.16)
                wide, low = height * (0.085 + tier * 0.05), top + height * 0.3
                pen.polygon([(x, top), (x + wide, low), (x, low - height * 0.04), (x - wide, low)])

    return drawing


def mist(canvas: Canvas, palette: Palette, chance: Random, height: float, opacity: float) -> None:
    y, thick = canvas.height * height, canvas.height * 0.028
    drift = canvas.width * chance.uniform(-0.3, 0.3)

    def drawing(pen: Pen) -> None:
        pen.ellipse(drift - canvas.width * 0.2, y - thick, drift + canvas.width * 0.9, y + thick)
        pen.ellipse(drift + canvas.width * 0.3, y - thick * 0.4, drift + canvas.width * 1.5, y + thick * 1.6)

    if opacity > 0:
        canvas.soft(drawing, mix(palette.sky[-1], WHITE, 0.3), blur=canvas.short * 0.03, opacity=opacity)


def stars(canvas: Canvas, chance: Random) -> None:
    stars = [
        (canvas.width * chance.random(), canvas.height * 0.8 * chance.random() ** 1.2, chance.paretovariate(2.6))
        for _ in range(260)
    ]

    def drawing(pen: Pen) -> None:
        for x, y, size in stars:
            pen.disc(x, y, canvas.short * 0.0007 * min(size, 4.5), strength=round(min(255, 110 + size * 45)))

    canvas.shape(drawing, (255, 250, 235))


def aurora(canvas: Canvas, chance: Random, colour: Colour) -> None:
    shift, waves = chance.uniform(0, math.tau), chance.uniform(0.5, 1.1)
    base, tall = chance.uniform(0.34, 0.5), chance.uniform(0.16, 0.3)
    lower = [
        (canvas.width * i / 60, canvas.height * (base + 0.09 * math.sin(shift + math.tau * waves * i / 60)))
        for i in range(-4, 65)
    ]

    def drawing(pen: Pen) -> None:
        for step in range(6):
            lift = canvas.height * tall * (1 - step / 6)
            upper = [(x, y - lift * (0.75 + 0.25 * math.sin(x / canvas.width * 19 + shift))) for x, y in lower]
            pen.polygon([*upper, *reversed(lower)], strength=40 + step * 36)

    canvas.soft(drawing, colour, blur=canvas.short * 0.026, opacity=0.5)


def birds(canvas: Canvas, palette: Palette, chance: Random) -> None:
    if chance.random() < 0.45:
        return
    x, y = canvas.width * chance.uniform(0.3, 0.7), canvas.height * chance.uniform(0.14, 0.3)
    size = canvas.short * 0.014
    flock = [
        (x + chance.gauss(0, size * 5), y + chance.gauss(0, size * 2.2), chance.uniform(0.6, 1.1)) for _ in range(6)
    ]

    def drawing(pen: Pen) -> None:
        for left, top, scale in flock:
            wing = size * scale
            half = wing * 0.4
            left_wing = [(left - wing, top - wing * 0.5), (left - half, top - wing * 0.55)]
            right_wing = [(left + half, top - wing * 0.55), (left + wing, top - wing * 0.5)]
            pen.line([*left_wing, (left, top), *right_wing], wing * 0.16)

    canvas.shape(drawing, palette.near, 0.75)
