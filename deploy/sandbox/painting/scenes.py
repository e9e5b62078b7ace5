"""What the sandbox paints: landscapes, one function each, put together from the things in nature.py.
Abstract pictures are in patterns.py; which words of a prompt call for which scene is decided in studio.py.
"""

from __future__ import annotations

import math
from random import Random

from deploy.sandbox.painting import nature
from deploy.sandbox.painting.brushes import Canvas, Pen
from deploy.sandbox.painting.palettes import Colour, Palette, mix

WHITE: Colour = (255, 255, 255)


def mountains(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """Snowy peaks behind ridges, paler with distance, mirrored in a lake more often than not."""
    canvas.sky(palette.sky, bottom=0.72)
    nature.sun(canvas, palette, chance, height=chance.uniform(0.16, 0.36))
    nature.clouds(canvas, palette, chance, count=chance.randint(2, 4))
    lake = chance.random() < 0.7
    shore = 0.74 if lake else 1.0
    far = mix(palette.far, palette.sky[-1], 0.4)
    nature.ridge(canvas, palette, chance, far, base=0.5, swing=0.07, roughness=0.55, foot=shore)
    middle = chance.choice((0.3, 0.38, 0.62, 0.7))
    nature.peak(canvas, palette, chance, middle=1.2 - middle, tall=chance.uniform(0.2, 0.26), base=0.74, shade=0.12)
    nature.peak(canvas, palette, chance, middle=middle, tall=chance.uniform(0.34, 0.42), base=0.74, shade=0.3)
    for share in (0.45, 0.75, 1.0) if lake else (0.35, 0.6, 0.8, 1.0):
        colour = mix(palette.far, palette.near, share**1.25 * (0.85 if lake else 1.0))
        base = (0.55 + 0.14 * share) if lake else (0.5 + 0.36 * share)
        swing, lit = 0.075 - 0.05 * share, 0.34 - 0.24 * share
        nature.ridge(canvas, palette, chance, colour, base=base, swing=swing, foot=shore, lit=lit)
    if lake:
        waterline = round(canvas.height * shore)
        canvas.mirror(waterline, mix(palette.near, palette.sky[1], 0.6), 0.28)
        nature.ripples(canvas, chance, waterline, palette.sky[-1])
    nature.birds(canvas, palette, chance)


def dunes(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """A large low sun over long soft curves, each with a lit and a shaded side."""
    canvas.sky(palette.sky, bottom=0.7)
    nature.sun(canvas, palette, chance, height=chance.uniform(0.3, 0.45), size=0.16)
    layers = 5
    for layer in range(layers):
        share = layer / (layers - 1)
        base = 0.55 + 0.34 * share
        waves, shift = chance.uniform(0.5, 1.3), chance.uniform(0, math.tau)
        swing = 0.035 + 0.04 * share
        line = [
            (
                canvas.width * i / 80,
                canvas.height * (base + swing * math.sin(shift + math.tau * waves * i / 80) ** 3),
            )
            for i in range(81)
        ]
        lit = mix(palette.far, palette.near, share * 0.85)
        canvas.shaded(nature.down(canvas, line), (mix(lit, palette.light, 0.28), lit, mix(lit, palette.near, 0.35)),
                      canvas.height * (base - swing))  # fmt: skip
    nature.birds(canvas, palette, chance)


def sea(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """The open sea with a path of light, clouds and one small sail."""
    horizon = chance.uniform(0.5, 0.62)
    canvas.sky(palette.sky, bottom=horizon)
    x, _ = nature.sun(canvas, palette, chance, height=horizon - chance.uniform(0.06, 0.2), size=0.09)
    nature.clouds(canvas, palette, chance, count=chance.randint(4, 7))
    top = canvas.height * horizon
    deep = mix(palette.sky[0], palette.near, 0.55)
    near_shore = mix(palette.sky[1], palette.near, 0.35)

    def water(pen: Pen) -> None:
        pen.box(0, top, canvas.width, canvas.height)

    canvas.shaded(water, (mix(palette.sky[-2], near_shore, 0.55), near_shore, deep), top)
    nature.glitter(canvas, chance, x, top, palette.light)
    nature.ripples(canvas, chance, round(top), palette.sky[-1])
    _sail(canvas, palette, chance, top)
    nature.birds(canvas, palette, chance)


def forest(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """Rows of pines in the mist."""
    canvas.sky(palette.sky, bottom=0.9)
    nature.sun(canvas, palette, chance, height=chance.uniform(0.18, 0.34), size=0.07)
    nature.ridge(canvas, palette, chance, mix(palette.far, palette.sky[-1], 0.35), base=0.45, swing=0.1)
    rows = 4
    for row in range(rows):
        share = row / (rows - 1)
        colour = mix(palette.far, palette.near, 0.25 + 0.75 * share)
        ground = 0.62 + 0.32 * share
        canvas.shaded(
            nature.pines(canvas, chance, ground, tall=0.09 + 0.2 * share, count=round(34 - 22 * share)),
            (colour, mix(colour, palette.sky[-1], 0.4 * (1 - share))),
            canvas.height * (ground - 0.2),
        )
        nature.mist(canvas, palette, chance, ground + 0.04, 0.5 * (1 - share))


def night(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """Stars, a moon and northern light over dark hills."""
    dark = mix(palette.near, (4, 6, 24), 0.6)
    high, low = mix(palette.sky[0], dark, 0.72), mix(palette.sky[1], dark, 0.38)
    canvas.sky((mix(high, dark, 0.5), high, low, mix(low, palette.sky[-2], 0.25)), bottom=0.86)
    nature.stars(canvas, chance)
    for _ in range(chance.randint(2, 3)):
        nature.aurora(canvas, chance, chance.choice(palette.accents[:2]))
    nature.sun(canvas, palette, chance, height=chance.uniform(0.14, 0.26), size=0.045)
    for share in (0.0, 0.5, 1.0):
        colour = mix(mix(low, dark, 0.4), dark, share)
        nature.ridge(canvas, palette, chance, colour, base=0.68 + 0.16 * share, swing=0.08, roughness=0.48, lit=0.05)
    canvas.shape(nature.pines(canvas, chance, 1.0, tall=0.17, count=16), mix(dark, (0, 0, 0), 0.45))


def city(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """A skyline at dusk, lamps lit."""
    canvas.sky(palette.sky, bottom=0.85)
    nature.sun(canvas, palette, chance, height=chance.uniform(0.3, 0.5), size=0.13)
    nature.clouds(canvas, palette, chance, count=3)
    for share in (0.0, 0.5, 1.0):
        colour = mix(mix(palette.far, palette.sky[-2], 0.3), palette.near, share)
        _skyline(canvas, palette, chance, colour, share)
        nature.mist(canvas, palette, chance, 0.8 + 0.1 * share, 0.35 * (1 - share))


def _sail(canvas: Canvas, palette: Palette, chance: Random, horizon: float) -> None:
    size = canvas.short * chance.uniform(0.05, 0.085)
    x, y = canvas.width * chance.choice((0.2, 0.42, 0.8)), horizon + (canvas.height - horizon) * 0.16
    boom = y - size * 0.08
    main = [(x, y - size * 1.4), (x, boom), (x + size * 0.5, boom)]
    jib = [(x - size * 0.05, y - size * 1.2), (x - size * 0.05, boom), (x - size * 0.42, boom)]
    deck, keel = [(x - size * 0.5, y), (x + size * 0.55, y)], y + size * 0.17
    canvas.shape(lambda pen: pen.polygon(main), palette.accents[0])
    canvas.shape(lambda pen: pen.polygon(jib), mix(palette.accents[1], WHITE, 0.6))
    canvas.shape(lambda pen: pen.polygon([*deck, (x + size * 0.36, keel), (x - size * 0.36, keel)]), palette.near)


def _skyline(canvas: Canvas, palette: Palette, chance: Random, colour: Colour, share: float) -> None:
    houses: list[tuple[float, float, float]] = []
    x = -canvas.short * 0.05
    while x < canvas.width:
        wide = canvas.short * chance.uniform(0.05, 0.12) * (0.75 + 0.5 * share)
        houses.append(
            (x, wide, canvas.height * (0.86 + 0.05 * share - chance.uniform(0.05, 0.36) * (1 - 0.35 * share)))
        )
        x += wide * chance.uniform(0.8, 1.1)

    def walls(pen: Pen) -> None:
        for left, wide, top in houses:
            pen.box(left, top, left + wide, canvas.height)
            if wide > canvas.short * 0.09:
                pen.box(left + wide * 0.48, top - canvas.short * 0.05, left + wide * 0.52, top)
                pen.box(left + wide * 0.25, top - canvas.short * 0.016, left + wide * 0.75, top)

    canvas.shaded(walls, (colour, mix(colour, palette.sky[-1], 0.3 * (1 - share))), canvas.height * 0.5)
    pane = canvas.short * (0.006 + 0.004 * share)
    panes = [
        (left + pane * (1.5 + 2.6 * column), top + pane * (2 + 3.2 * floor))
        for left, wide, top in houses
        for column in range(max(0, int(wide / pane / 2.6 - 0.8)))
        for floor in range(int((canvas.height - top) / pane / 3.2))
        if chance.random() < 0.1 + 0.22 * share
    ]

    def lamps(pen: Pen) -> None:
        for left, top in panes:
            pen.box(left, top, left + pane, top + pane * 1.5)

    canvas.shape(lamps, mix(palette.light, palette.accents[2], 0.5), 0.35 + 0.5 * share)
