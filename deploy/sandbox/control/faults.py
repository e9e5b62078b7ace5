"""The script: what the next calls shall meet, and which of it each kind of call can play.
Deciding only; the waiting, dropping and refusing itself is done in play.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from random import Random
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

Do = Literal[
    "ok", "slow", "hang", "429", "slow_down", "quota", "auth", "unverified", "retired", "moderation", "500", "503",
    "502html", "drop_before", "drop_after", "broken_bytes", "not_json", "trickle",
]  # fmt: skip
Target = Literal[
    "openai.generate", "openai.models", "cloudinary.upload", "cloudinary.destroy", "cloudinary.explicit",
    "cloudinary.lookup", "cloudinary.ping", "cloudinary.usage", "cloudinary.delivery",
]  # fmt: skip

EVERYWHERE = frozenset[str]({"ok", "slow", "hang", "429", "quota", "auth", "500", "503", "502html", "drop_before"})
_CHANGES = EVERYWHERE | {"slow_down", "drop_after", "not_json"}
PLAYABLE: dict[str, frozenset[str]] = {
    "openai.generate": _CHANGES | {"unverified", "retired", "moderation", "broken_bytes", "trickle"},
    "cloudinary.upload": _CHANGES,
    "cloudinary.destroy": _CHANGES,
    "cloudinary.explicit": _CHANGES,
    "cloudinary.delivery": EVERYWHERE | {"broken_bytes"},
}
"""By target; every other one plays what is played everywhere, and `not_json`."""


class Behaviour(BaseModel, extra="forbid", frozen=True):
    """What one call meets."""

    do: Do = "ok"
    seconds: float = Field(0, ge=0, le=3600)
    """Wait this long first, whatever is done then."""
    retry_after: float | None = Field(None, ge=0)
    """The Retry-After header. A 429 says 1 unless told null."""
    stage: Literal["input", "output"] = "input"
    """Moderation before or after the picture is made."""
    code: str | None = None
    """Another code in the refusal's body, e.g. of a quota."""
    worked: bool | None = None
    """Do (and charge) the work although the answer is a refusal."""
    usage: bool = True
    """Whether a good answer says what it used; compatible servers often do not."""
    broken: Literal["garbage", "truncated"] = "garbage"
    """How broken_bytes are broken."""
    times: int = Field(1, ge=1, le=100_000)
    """As many calls in a row."""

    @model_validator(mode="before")
    @classmethod
    def _slow_means_a_second(cls, given: Any) -> Any:
        return {"seconds": 1, **given} if isinstance(given, dict) and given.get("do") == "slow" else given

    @property
    def works_anyway(self) -> bool:
        """A refused output was painted before it was looked at; every other refusal comes first unless told."""
        return self.do == "moderation" and self.stage == "output" if self.worked is None else self.worked


class Chance(Behaviour):
    """What a share of the calls meets."""

    p: float = Field(gt=0, le=1)
    """The share."""


class Order(BaseModel, extra="forbid"):
    """One POST to /_sandbox/script."""

    target: Target
    match: str = ""
    """Only calls whose prompt (or public id) contains this."""
    calls: list[Behaviour] = []
    """The next calls, in order, each once."""
    mix: list[Chance] = []
    """Chaos: each with its probability, the rest is ok."""
    seed: int = 0
    always: Behaviour | None = None
    """For every call that nothing above decides, until cleared."""

    @model_validator(mode="after")
    def _can_be_played(self) -> Order:
        behaviours = {behaviour.do for behaviour in (*self.calls, *self.mix, *([self.always] if self.always else []))}
        impossible = sorted(behaviours - PLAYABLE.get(self.target, EVERYWHERE | {"not_json"}))
        if impossible:
            raise ValueError(f"{self.target} cannot play {', '.join(impossible)}")
        if sum(chance.p for chance in self.mix) > 1:
            raise ValueError("the probabilities of a mix add up to more than 1")
        if not behaviours:
            raise ValueError("one of calls, mix and always is needed")
        return self


class _Rule:
    """An order that is being carried out."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.calls = deque(call for call in order.calls for _ in range(call.times))
        self.seen: Counter[str] = Counter()

    def by_chance(self, subject: str) -> Behaviour | None:
        """Decided by seed, subject and how often it came, not by the order of arrival: chaos can be repeated."""
        if self.order.mix:
            self.seen[subject] += 1
            drawn = Random(f"{self.order.seed}|{self.order.target}|{subject}|{self.seen[subject]}").random()
            for chance in self.order.mix:
                drawn -= chance.p
                if drawn < 0:
                    return chance
        return None


class Script:
    """Scripted calls come first, then chance, then what stands; of two equal ones the older call, the newer rest."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(self, order: Order) -> None:
        """From the next call on."""
        self._rules.append(_Rule(order))

    def clear(self, target: str | None = None) -> None:
        """Forgets everything, or what is for this target."""
        self._rules = [rule for rule in self._rules if target is not None and rule.order.target != target]

    def next(self, target: str, subject: str) -> Behaviour:
        """What a call meets whose prompt or public id is the subject; what is used up goes."""
        rules = [rule for rule in self._rules if rule.order.target == target and rule.order.match in subject]
        behaviour = next(self._candidates(rules, subject), Behaviour())
        self._rules = [rule for rule in self._rules if rule.calls or rule.order.mix or rule.order.always]
        return behaviour

    @staticmethod
    def _candidates(rules: list[_Rule], subject: str) -> Iterator[Behaviour]:
        yield from (rule.calls.popleft() for rule in rules if rule.calls)
        yield from (chance for rule in reversed(rules) if (chance := rule.by_chance(subject)))
        yield from (rule.order.always for rule in reversed(rules) if rule.order.always)

    def as_json(self) -> list[dict[str, Any]]:
        """The rules, as they were ordered but for the calls that are left."""
        return [
            {
                **rule.order.model_dump(mode="json", exclude={"calls"}, exclude_unset=True),
                "calls_left": [
                    call.model_dump(mode="json", exclude={"times"}, exclude_unset=True) for call in rule.calls
                ],
            }
            for rule in self._rules
        ]
