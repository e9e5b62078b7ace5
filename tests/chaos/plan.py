"""What a chaos run will do, drawn from one number: the wishes and the faults, each with its time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any

BUSINESSES = (11, 12, 13, 14, 15)
_FIRST_FAULT = 2.0


class Weather(StrEnum):
    """What the vendor does with a wish. The word stands in the prompt, and the sandbox is scripted to match it."""

    FINE = "[fine]"
    SLOW = "[slow]"
    BUSY = "[429]"
    """A few 429, then a picture."""
    ERROR = "[500]"
    HANG = "[hang]"
    DROP_AFTER = "[drop-after]"
    """Painted and paid, and the connection breaks before the answer."""
    DROP_BEFORE = "[drop-before]"
    REFUSED_INPUT = "[refused-input]"
    REFUSED_OUTPUT = "[refused-output]"
    """Painted, looked at, withheld: may have been charged."""
    GARBAGE = "[garbage]"
    NOT_JSON = "[not-json]"


SCRIPTS: dict[Weather, dict[str, Any]] = {
    Weather.SLOW: {"do": "slow", "seconds": 1.2},
    Weather.ERROR: {"do": "500"},
    Weather.HANG: {"do": "hang"},
    Weather.DROP_AFTER: {"do": "drop_after"},
    Weather.DROP_BEFORE: {"do": "drop_before"},
    Weather.REFUSED_INPUT: {"do": "moderation", "stage": "input"},
    Weather.REFUSED_OUTPUT: {"do": "moderation", "stage": "output"},
    Weather.GARBAGE: {"do": "broken_bytes", "broken": "truncated"},
    Weather.NOT_JSON: {"do": "not_json"},
}
"""For every call of such a prompt. FINE needs none; BUSY is scripted call by call, or it would never end."""

ENDS: dict[Weather, set[str]] = {
    Weather.FINE: {"succeeded"},
    Weather.SLOW: {"succeeded"},
    Weather.BUSY: {"succeeded"},
    Weather.ERROR: set(),
    Weather.HANG: set(),
    Weather.DROP_AFTER: set(),
    Weather.DROP_BEFORE: set(),
    Weather.REFUSED_INPUT: {"content_policy"},
    Weather.REFUSED_OUTPUT: {"content_policy"},
    Weather.GARBAGE: {"bad_provider_image"},
    Weather.NOT_JSON: {"bad_provider_image"},
}
"""How such a wish may end, besides `outcome_unknown`, which a death in the middle of a call can make of any."""


class Kind(StrEnum):
    """One fault."""

    KILL = "kill -9 of a worker"
    TERM = "SIGTERM of a worker"
    FREEZE = "SIGSTOP of a worker past its lease"
    FLUSH = "FLUSHALL"
    REDIS_KILLED = "Redis killed and restarted"
    REDIS_SILENT = "Redis silent"
    POSTGRES = "Postgres restarted"
    GATEWAY = "gateway killed while accepting"
    STORE = "the picture store down"


@dataclass(frozen=True)
class Fault:
    """What happens when."""

    at: float
    """Seconds after the start."""
    kind: Kind
    worker: int
    """Whom it hits, where it hits a worker."""
    seconds: float
    """How long it lasts, where it lasts."""

    def __str__(self) -> str:
        whom = f" {self.worker + 1}" if self.kind in {Kind.KILL, Kind.TERM, Kind.FREEZE} else ""
        lasts = f", {self.seconds:.1f} s" if self.kind in _LASTING else ""
        return f"{self.kind.value.replace('a worker', 'worker' + whom)}{lasts}"


_LASTING: dict[Kind, tuple[float, float]] = {
    Kind.FREEZE: (4.0, 5.0),
    Kind.REDIS_KILLED: (0.3, 2.0),
    Kind.REDIS_SILENT: (1.5, 4.0),
    Kind.POSTGRES: (0.2, 1.0),
    Kind.STORE: (1.5, 3.0),
}


@dataclass(frozen=True)
class Wish:
    """One picture that a client will ask for."""

    number: int
    at: float
    """Seconds after the start."""
    business_id: int
    weather: Weather
    prompt: str
    key: str
    """Its Idempotency-Key."""
    deadline_seconds: int | None = None
    cancel_after: float | None = None
    """Seconds after it was accepted that its client changes its mind."""
    twice: bool = False
    """Sent once more after it was answered, as a client would that forgot."""


@dataclass(frozen=True)
class Plan:
    """The whole run."""

    seed: int
    workers: int
    wishes: tuple[Wish, ...]
    faults: tuple[Fault, ...]


def draw(
    seed: int, *, jobs: int, seconds: float, workers: int = 3, every: float = 2.5, kinds: Sequence[Kind] = tuple(Kind)
) -> Plan:
    """The same seed, the same plan. Every kind of weather and each of these faults comes at least once.

    `every` is the number of seconds between two faults; they are closer where not all kinds would have room.
    """
    random = Random(seed)
    faults = _faults(random, seconds, workers, every, kinds)
    return Plan(seed, workers, _wishes(random, seed, jobs, seconds, faults), faults)


def _faults(random: Random, seconds: float, workers: int, every: float, kinds: Sequence[Kind]) -> tuple[Fault, ...]:
    number = max(len(kinds), round(seconds / every))
    drawn = [*random.sample(kinds, len(kinds)), *random.choices(kinds, k=number - len(kinds))]
    gap = (seconds - _FIRST_FAULT) / number
    return tuple(
        Fault(
            at=_FIRST_FAULT + gap * (n + random.uniform(-0.4, 0.4)),
            kind=kind,
            worker=random.randrange(workers),
            seconds=random.uniform(*_LASTING.get(kind, (0.0, 0.0))),
        )
        for n, kind in enumerate(drawn)
    )


def _wishes(random: Random, seed: int, jobs: int, seconds: float, faults: tuple[Fault, ...]) -> tuple[Wish, ...]:
    rare = [weather for weather in Weather if weather is not Weather.FINE]
    skies = [*rare, *(Weather.FINE for _ in rare)]
    skies += [random.choice(rare) if random.random() < 0.4 else Weather.FINE for _ in range(jobs)]
    skies = random.sample(skies[:jobs], jobs)
    wishes = [_wish(random, seed, number, sky, seconds) for number, sky in enumerate(skies)]
    # The gateway is to die while it accepts, so several wishes come just then.
    for fault in faults:
        if fault.kind is Kind.GATEWAY:
            for number in random.sample(range(jobs), min(4, jobs)):
                wishes[number] = replace(wishes[number], at=fault.at + random.uniform(0, 0.1))
    return tuple(sorted(wishes, key=lambda wish: wish.at))


def _wish(random: Random, seed: int, number: int, weather: Weather, seconds: float) -> Wish:
    whim = random.random()
    return Wish(
        number=number,
        at=random.uniform(0, seconds),
        business_id=random.choice(BUSINESSES),
        weather=weather,
        prompt=f"{weather.value} a harbour in the morning, number {number} of chaos {seed}",
        key=f"chaos-{seed}-{number}",
        deadline_seconds=random.choice((1, 2, 600)) if 0.25 < whim < 0.4 else None,
        cancel_after=random.uniform(0, 1.5) if whim < 0.2 else None,
        twice=0.5 < whim < 0.6,
    )
