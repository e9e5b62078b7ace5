"""One line of the answer, quantiles, rounds that take turns, and how all lines are printed. No measuring here."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.goals import Goal

Side = TypeVar("Side")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of ours beside one of somebody else's from the same run."""

    what: str
    ours: float | None
    """None: not measured; `note` says why."""
    unit: str = ""
    """Of both figures; empty for plain ratios and counts."""
    peer: str = ""
    """Who the other figure belongs to; empty where there is no peer."""
    theirs: float | None = None
    ratio: float | None = None
    """Ours to theirs: the median over the rounds, which may differ from the ratio of the two medians."""
    goal: Goal | None = None
    note: str = ""


def missing(what: str, why: str) -> Row:
    """A line that says what could not be measured."""
    return Row(what=what, ours=None, note=f"not measured: {why}")


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which this share of them lies; no number when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


def in_turns(rounds: int, sides: Mapping[str, Callable[[], Side]]) -> dict[str, list[Side]]:
    """Measures each side once a round, beginning with another one each time: a busy minute hits all alike."""
    names = list(sides)
    found: dict[str, list[Side]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(sides[name]())
    return found


def beside(
    what: str,
    unit: str,
    ours: Sequence[float],
    peer: str,
    theirs: Sequence[float],
    *,
    goal: Goal | None = None,
    note: str = "",
) -> Row:
    """The line for one figure per round and side."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True) if other]
    return Row(
        what=what,
        ours=statistics.median(ours),
        unit=unit,
        peer=peer,
        theirs=statistics.median(theirs),
        ratio=statistics.median(ratios) if ratios else None,
        goal=goal,
        note=note,
    )


def table(rows: Sequence[Row]) -> str:
    """All lines, aligned."""
    heads = ("", "Darkroom", "beside", "its figure", "ratio", "goal", "")
    cells = [
        (
            row.what,
            "–" if row.ours is None else _number(row.ours, row.unit),
            row.peer,
            "" if row.theirs is None else _number(row.theirs, row.unit),
            "" if row.ratio is None else f"{row.ratio:.{2 if row.ratio >= 0.095 else 3}f}",
            str(row.goal or ""),
            row.note,
        )
        for row in rows
    ]
    widths = [max(len(line[n]) for line in [heads, *cells]) for n in range(len(heads))]
    right = {1, 3, 4}
    return "\n".join(
        "  ".join(
            text.rjust(width) if n in right else text.ljust(width)
            for n, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [heads, *cells]
    )


def _number(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}".rstrip()
