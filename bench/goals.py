"""What the bench must reach, as data in one place, and the one judge of it. Times are shown and never judged."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.figures import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound of a line's ratio to its peer of the same run."""

    why: str
    least: float | None = None
    most: float | None = None
    own: bool = False
    """The bound is one of our own figure: a count, a size, or a length of time that we set ourselves."""

    def __str__(self) -> str:
        sign, bound = ("≥", self.least) if self.most is None else ("≤", self.most)
        return f"{'' if self.own else 'ratio '}{sign} {bound:g}"

    def met(self, value: float) -> bool:
        """Whether the value keeps to the bound. No number never does."""
        return not math.isnan(value) and (
            (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        )


GOALS = {
    "pick-up p50": Goal(most=0.1, why="stock arq polls every half second; ours is woken"),
    "pick-up p99": Goal(most=0.1, why="the same, for the slowest"),
    "accept": Goal(
        least=0.012, why="a bare ASGI 202 writes nothing; ours asks Postgres thrice, commits and wakes a worker"
    ),
    "poll": Goal(
        least=0.55, why="a cached answer, asked for most of all; the hello has 3 headers, no log line and no bounds"
    ),
    "poll CPU": Goal(most=1.9, why="the same, by processor time: a quarter of ours is writing twelve headers"),
    "paced p99": Goal(
        most=12,
        why="of a thousand clients who poll once a second, one in five reads its running job again, which is a read of "
        "Postgres; to answer from the cache first is a later goal",
    ),
    "poll transactions": Goal(
        most=210,
        own=True,
        why="each running job is read again every 5 s: 200 where no two share it; 10 is a later goal",
    ),
    "held memory": Goal(most=300, own=True, why="MiB of one worker with 500 jobs in their calls"),
    "held CPU": Goal(most=0.15, why="stock arq reads every running job again on each poll; ours renews once"),
    "held lease": Goal(least=18, own=True, why="30 s less one renewal of 10 s and 2 s of delay"),
    "upload CPU, 1 MB": Goal(most=2.5, why="the whole upload beside the decode that proves the picture"),
    "upload CPU, 5 MB": Goal(most=2.0, why="the same; what is done once for each upload weighs less"),
    "library page": Goal(least=0.1, why="nginx hands on bytes; ours asks Postgres and writes JSON behind a proxy"),
    "flood: gateway": Goal(most=40, own=True, why="MiB that fifty uploads of 10 MB may cost; bodies are not gathered"),
    "flood: upload service": Goal(most=100, own=True, why="the same, where bodies are files"),
    "flood: others": Goal(most=40, why="p99 of who asks for a page meanwhile, beside the same alone"),
    "attack: others": Goal(most=1, why="another tenant waits at most twice as long as in quiet, and 100 ms"),
    "attack: services": Goal(most=150, own=True, why="MiB; what one key sends is bounded, and is not gathered"),
    "attack: decoders": Goal(most=1300, own=True, why="MiB of three decoders, each with a picture of 25 megapixels"),
    "attack: files": Goal(most=800, own=True, why="MiB: a quarter of DARKROOM_TEMP_BYTES, and what another sends"),
    "attack: ready": Goal(least=1, own=True, why="the probes wait for nobody"),
    "library queries p50": Goal(most=2, why="our statements with paging and totals beside the same statements alone"),
    "library queries p95": Goal(most=3, why="the same, for the slow ones, which a busy machine makes"),
    "job queries p50": Goal(
        most=2.5, why="our statements from a pool beside the same alone, most of half a millisecond"
    ),
    "job queries p95": Goal(most=4, why="the same, for the slow ones, which a busy machine makes"),
}
"""By the names that the pages of the bench use."""


def shortfalls(rows: "Sequence[Row]") -> list[str]:
    """What was not measured and what missed its goal, a sentence each; none when all is well."""
    found, head = [], ""
    for row in rows:
        head = row.what if not row.what.startswith(" ") else head
        name = row.what if row.what == head else f"{head}:{row.what.removeprefix(' ')}"
        value = row.ours if row.goal is None or row.goal.own else row.ratio
        if row.ours is None:
            found.append(f"{name}: {row.note}")
        elif row.goal is not None and (value is None or math.isnan(value)):
            found.append(f"{name}: not measured: there is no {'figure' if row.goal.own else 'ratio'}")
        elif row.goal is not None and value is not None and not row.goal.met(value):
            found.append(f"{name}: {value:.3g}, the goal is {row.goal} ({row.goal.why})")
    return found or ([] if rows else ["nothing was measured"])
