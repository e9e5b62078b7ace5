"""The judge of the bench: what misses its goal, or was not measured, makes it fail."""

import math

import pytest

from bench.figures import Row, beside, missing, quantile
from bench.goals import GOALS, Goal, shortfalls

LEAST = Goal(least=0.5, why="because")
MOST = Goal(most=2, why="because")
COUNT = Goal(most=10, own=True, why="because")


def row(goal: Goal | None, *, ours: float | None = 1.0, ratio: float | None = 1.0) -> Row:
    return Row(what="it", ours=ours, ratio=ratio, goal=goal)


@pytest.mark.parametrize(
    "good",
    [
        row(LEAST),
        row(MOST),
        row(COUNT, ratio=None),
        row(None, ratio=None),
        row(MOST, ours=9999.0),
        row(LEAST, ratio=0.5),
    ],
)
def test_what_keeps_its_goal_is_not_told(good: Row) -> None:
    assert shortfalls([good]) == []


@pytest.mark.parametrize(
    "bad",
    [
        row(LEAST, ratio=0.49),
        row(MOST, ratio=2.01),
        row(MOST, ratio=math.inf),
        row(MOST, ratio=math.nan),
        row(LEAST, ratio=None),
        row(COUNT, ours=11.0),
        row(COUNT, ours=math.nan),
        row(None, ours=None),
        missing("it", "an error answer"),
        row(MOST, ours=None, ratio=None),
        beside("it", "ms", [1.0], "a peer that stands still", [0.0], goal=MOST),
        beside("it", "ms", [quantile([], 0.99)], "a peer", [1.0], goal=MOST),
    ],
)
def test_what_misses_its_goal_or_was_not_measured_is_told(bad: Row) -> None:
    (line,) = shortfalls([bad])
    assert line.startswith("it: ")


def test_nothing_measured_is_a_failure() -> None:
    assert shortfalls([]) == ["nothing was measured"]


def test_a_line_below_another_is_named_with_it() -> None:
    rows = [row(None), Row(what="  CPU", ours=3.0, ratio=3.0, goal=MOST)]
    assert shortfalls(rows)[0].startswith("it: CPU: 3, the goal is ratio ≤ 2")


def test_no_goal_is_one_of_milliseconds() -> None:
    assert all(goal.why and (goal.least is None) != (goal.most is None) for goal in GOALS.values())
