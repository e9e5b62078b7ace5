"""The script: what the next calls shall meet, and which of it each kind of call can play.
Deciding only; the waiting, dropping and refusing itself is done in play.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from random import Random
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Do = Literal[
    "ok", "slow", "hang", "429", "slow_down", "quota", "auth", "unverified", "retired", "moderation", "500", "503",
    "502html", "drop_before", "drop_after", "broken_bytes", "not_json", "trickle",
]  # fmt: skip
Target = Literal[
    "openai.generate", "openai.models", "cloudinary.upload", "cloudinary.destroy", "cloudinary.explicit",
    "cloudinary.lookup", "cloudinary.ping", "cloudinary.usage", "cloudinary.delivery",
]  # fmt: skip

EVERYWHERE = frozenset[str]({"ok", "slow", "hang", "429", "quota", "auth", "500", "503", "502html", "drop_before"})
PLAYABLE: dict[str, frozenset[str]] = {
    "openai.generate": EVERYWHERE
    | {"slow_down", "unverified", "retired", "moderation", "drop_after", "broken_bytes", "not_json", "trickle"},
    "openai.models": EVERYWHERE | {"not_json"},
    "cloudinary.upload": EVERYWHERE | {"slow_down", "drop_after", "not_json"},
    "cloudinary.destroy": EVERYWHERE | {"slow_down", "drop_after", "not_json"},
    "cloudinary.explicit": EVERYWHERE | {"slow_down", "drop_after", "not_json"},
    "cloudinary.lookup": EVERYWHERE | {"not_json"},
    "cloudinary.ping": EVERYWHERE | {"not_json"},
    "cloudinary.usage": EVERYWHERE | {"not_json"},
    "cloudinary.delivery": EVERYWHERE | {"broken_bytes"},
}


class Behaviour(BaseModel):
    """What one call meets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: Do = "ok"
    seconds: float = Field(0, ge=0, le=3600, description="Wait this long first, whatever is done then.")
    retry_after: float | None = Field(None, ge=0, description="The Retry-After header. A 429 says 1 unless told null.")
    stage: Literal["input", "output"] = Field("input", description="Moderation before or after the picture is made.")
    code: str | None = Field(None, description="Another code in the refusal's body, e.g. of a quota.")
    worked: bool | None = Field(None, description="Do (and charge) the work although the answer is a refusal.")
    usage: bool = Field(True, description="Whether a good answer says what it used; compatible servers often do not.")
    broken: Literal["garbage", "truncated"] = Field("garbage", description="How broken_bytes are broken.")
    times: int = Field(1, ge=1, le=100_000, description="As many calls in a row.")

    @model_validator(mode="before")
    @classmethod
    def _slow_means_a_second(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("do") == "slow":
            return {"seconds": 1, **given}
        return given

    @property
    def works_anyway(self) -> bool:
        """A refused output was painted before it was looked at; every other refusal comes first unless told."""
        return self.do == "moderation" and self.stage == "output" if self.worked is None else self.worked


class Chance(Behaviour):
    p: float = Field(gt=0, le=1, description="The share of calls that meet it.")


class Order(BaseModel):
    """One POST to /_sandbox/script."""

    model_config = ConfigDict(extra="forbid")

    target: Target
    match: str = Field("", description="Only calls whose prompt (or public id) contains this.")
    calls: list[Behaviour] = Field(default_factory=list, description="The next calls, in order, each once.")
    mix: list[Chance] = Field(default_factory=list, description="Chaos: each with its probability, the rest is ok.")
    seed: int = 0
    always: Behaviour | None = Field(None, description="For every call that nothing above decides, until cleared.")

    @model_validator(mode="after")
    def _can_be_played(self) -> Order:
        asked = {behaviour.do for behaviour in (*self.calls, *self.mix, *([self.always] if self.always else []))}
        impossible = sorted(asked - PLAYABLE[self.target])
        if impossible:
            raise ValueError(f"{self.target} cannot play {', '.join(impossible)}")
        if sum(chance.p for chance in self.mix) > 1:
            raise ValueError("the probabilities of a mix add up to more than 1")
        if not asked:
            raise ValueError("one of calls, mix and always is needed")
        return self


class _Rule:
    """An order that is being carried out."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.calls = deque(call for call in order.calls for _ in range(call.times))
        self.seen: Counter[str] = Counter()

    def concerns(self, target: str, subject: str) -> bool:
        return self.order.target == target and self.order.match in subject

    def next_call(self, _subject: str) -> Behaviour | None:
        return self.calls.popleft() if self.calls else None

    def by_chance(self, subject: str) -> Behaviour | None:
        """Decided by seed, subject and how often it came, not by the order of arrival: chaos can be repeated."""
        if not self.order.mix:
            return None
        self.seen[subject] += 1
        drawn = Random(f"{self.order.seed}|{self.order.target}|{subject}|{self.seen[subject]}").random()
        for chance in self.order.mix:
            drawn -= chance.p
            if drawn < 0:
                return chance
        return None

    def standing(self, _subject: str) -> Behaviour | None:
        return self.order.always

    @property
    def is_spent(self) -> bool:
        return not (self.calls or self.order.mix or self.order.always)


class Script:
    """Scripted calls come first, then chance, then what stands; of two equal ones the older call, the newer rest."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(self, order: Order) -> None:
        self._rules.append(_Rule(order))

    def clear(self, target: str | None = None) -> None:
        self._rules = [rule for rule in self._rules if target is not None and rule.order.target != target]

    def next(self, target: str, subject: str) -> Behaviour:
        concerned = [rule for rule in self._rules if rule.concerns(target, subject)]
        behaviour = next(self._answers(concerned, subject), Behaviour())
        self._rules = [rule for rule in self._rules if not rule.is_spent]
        return behaviour

    @staticmethod
    def _answers(concerned: list[_Rule], subject: str) -> Iterator[Behaviour]:
        newest_first = concerned[::-1]
        answers = (
            *(rule.next_call for rule in concerned),
            *(rule.by_chance for rule in newest_first),
            *(rule.standing for rule in newest_first),
        )
        return (behaviour for answer in answers if (behaviour := answer(subject)) is not None)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                **rule.order.model_dump(mode="json", exclude={"calls"}, exclude_defaults=True),
                "target": rule.order.target,
                "calls_left": [
                    {"do": call.do, **call.model_dump(mode="json", exclude_defaults=True, exclude={"times"})}
                    for call in rule.calls
                ],
            }
            for rule in self._rules
        ]
