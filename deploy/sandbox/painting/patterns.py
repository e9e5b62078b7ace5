"""What the sandbox paints when a prompt names no landscape: blossoms, circles and flowing bands.
Landscapes are in scenes.py.
"""

from __future__ import annotations

import math
from random import Random

from deploy.sandbox.painting.brushes import Canvas, Drawing, Pen, Point
from deploy.sandbox.painting.palettes import Colour, Palette, mix

WHITE: Colour = (255, 255, 255)


def blossom(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """Translucent petals around a bright heart."""
    canvas.sky((mix(palette.sky[-1], WHITE, 0.4), mix(palette.sky[-1], palette.sky[-2], 0.6)))
    for _ in range(5):
        canvas.soft(_disc(canvas, chance, 0.25), chance.choice(palette.accents), canvas.short * 0.09, 0.3)
    for flower in range(3):
        large = flower == 0
        x = canvas.width * (chance.uniform(0.42, 0.58) if large else chance.choice((0.14, 0.2, 0.82, 0.88)))
        y = canvas.height * (chance.uniform(0.4, 0.5) if large else chance.choice((0.16, 0.24, 0.74, 0.8)))
        reach = canvas.short * (chance.uniform(0.36, 0.42) if large else chance.uniform(0.13, 0.19))
        _flower(canvas, palette, chance, (x, y), reach)


def circles(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """Quarter, half and whole discs on a grid, in the manner of a poster."""
    paper = mix(palette.sky[-1], WHITE, 0.35)
    canvas.sky((paper, paper))
    cell = canvas.short / chance.choice((3, 4))
    columns, rows = math.ceil(canvas.width / cell), math.ceil(canvas.height / cell)
    left, top = (canvas.width - columns * cell) / 2, (canvas.height - rows * cell) / 2
    strokes: dict[Colour, list[Drawing]] = {}
    for row in range(rows):
        for column in range(columns):
            ground, figure = chance.sample([*palette.accents, palette.near, paper], 2)
            x, y = left + column * cell, top + row * cell
            strokes.setdefault(ground, []).append(_tile(x, y, cell))
            strokes.setdefault(figure, [])
    for colour, tiles in strokes.items():
        canvas.shape(_together(tiles), colour)
    for colour in strokes:
        figures = [
            _figure(left + column * cell, top + row * cell, cell, chance)
            for row in range(rows)
            for column in range(columns)
            if chance.random() < 1.5 / len(strokes)
        ]
        canvas.shape(_together(figures), colour)
    canvas.glow(canvas.width * 0.2, canvas.height * 0.1, canvas.short * 1.2, WHITE, 0.14)


def bands(canvas: Canvas, palette: Palette, chance: Random) -> None:
    """Wide ribbons that flow across the picture, one behind the other."""
    canvas.sky(palette.sky)
    canvas.glow(canvas.width * chance.uniform(0.2, 0.8), canvas.height * 0.1, canvas.short * 0.9, palette.light, 0.55)
    count = 8
    waves, shift = chance.uniform(0.45, 0.9), chance.uniform(0, math.tau)
    colours = [mix(palette.sky[-2], palette.accents[i % len(palette.accents)], 0.75) for i in range(count - 2)]
    for index, colour in enumerate([*colours, mix(palette.near, palette.accents[-1], 0.3), palette.near]):
        base = 0.26 + 0.78 * index / count
        phase = shift + index * 0.55
        line: list[Point] = [
            (
                canvas.width * i / 90,
                canvas.height
                * (base + 0.085 * math.sin(phase + math.tau * waves * i / 90) + 0.02 * math.sin(phase * 2 + i / 9)),
            )
            for i in range(91)
        ]
        canvas.soft(
            _below(canvas, [(x, y - canvas.short * 0.012) for x, y in line]), palette.near, canvas.short * 0.018, 0.3
        )
        canvas.shaded(_below(canvas, line), (mix(colour, WHITE, 0.22), colour, mix(colour, palette.near, 0.3)),
                      canvas.height * (base - 0.1))  # fmt: skip


def _flower(canvas: Canvas, palette: Palette, chance: Random, centre: Point, reach: float) -> None:
    x, y = centre
    colour, other = chance.sample(list(palette.accents), 2)
    petals = chance.choice((7, 8, 9, 11))
    for ring in range(4):
        share = ring / 3
        turn = chance.uniform(0, math.tau)
        shade = mix(mix(colour, other, share * 0.8), WHITE, 0.12 + 0.2 * (1 - share))
        for half in (0, 1):
            drawing = _petals((x, y), reach * (1 - 0.2 * ring), petals, turn, half)
            canvas.shape(drawing, mix(shade, WHITE, 0.14 * half), 0.72)
    heart = reach * 0.13
    canvas.glow(x, y, reach * 0.55, palette.light, 0.7)
    canvas.shape(lambda pen: pen.disc(x, y, heart), mix(palette.light, palette.accents[1], 0.45))
    spiral = [(heart * 0.8 * math.sqrt(i / 40), i * 2.4) for i in range(40)]
    seeds = [(x + far * math.cos(angle), y + far * math.sin(angle)) for far, angle in spiral]
    canvas.shape(lambda pen: _dots(pen, seeds, heart * 0.055), mix(palette.near, other, 0.4), 0.7)


def _petals(centre: Point, reach: float, count: int, turn: float, half: int) -> Drawing:
    x, y = centre

    def drawing(pen: Pen) -> None:
        for petal in range(half, count, 2):
            angle = turn + math.tau * petal / count
            outline: list[Point] = []
            for i in range(33):
                t = i / 16 - 1
                along = reach * (1 - abs(t))
                across = reach * 0.24 * math.sin(math.pi * (1 - abs(t)) ** 0.8) * (1 if t < 0 else -1)
                outline.append(
                    (
                        x + along * math.cos(angle) - across * math.sin(angle),
                        y + along * math.sin(angle) + across * math.cos(angle),
                    )
                )
            pen.polygon(outline)

    return drawing


def _dots(pen: Pen, points: list[Point], radius: float) -> None:
    for x, y in points:
        pen.disc(x, y, radius)


def _disc(canvas: Canvas, chance: Random, size: float) -> Drawing:
    x, y = canvas.width * chance.random(), canvas.height * chance.random()
    radius = canvas.short * size * chance.uniform(0.5, 1.2)
    return lambda pen: pen.disc(x, y, radius)


def _tile(x: float, y: float, cell: float) -> Drawing:
    return lambda pen: pen.box(x, y, x + cell, y + cell)


def _figure(x: float, y: float, cell: float, chance: Random) -> Drawing:
    kind = chance.choice(("quarter", "quarter", "half", "disc", "ring"))
    corner = chance.randrange(4)
    if kind == "quarter":
        cx, cy = x + cell * (corner in (1, 2)), y + cell * (corner in (2, 3))
        return lambda pen: pen.slice(cx, cy, cell, corner * 90, corner * 90 + 90)
    if kind == "half":
        cx, cy = x + cell / 2, y + cell / 2
        return lambda pen: pen.slice(cx, cy, cell / 2, corner * 90, corner * 90 + 180)
    radius = cell * (0.5 if kind == "disc" else 0.22)
    return lambda pen: pen.disc(x + cell / 2, y + cell / 2, radius)


def _together(drawings: list[Drawing]) -> Drawing:
    def drawing(pen: Pen) -> None:
        for part in drawings:
            part(pen)

    return drawing


def _below(canvas: Canvas, line: list[Point]) -> Drawing:
    def drawing(pen: Pen) -> None:
        pen.polygon([(0, canvas.height), *line, (canvas.width, canvas.height)])

    return drawing
