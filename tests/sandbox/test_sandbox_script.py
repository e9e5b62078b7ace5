"""Which behaviour a call meets: order, matching, what stands, repeatable chance, and orders that are refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI

from deploy.sandbox.control.faults import Order, Script
from tests.sandbox.pictures import MODEL
from tests.sandbox_server import SandboxServer


def _order(**fields: Any) -> Order:
    return Order.model_validate({"target": "openai.generate", **fields})


def _met(script: Script, *subjects: str) -> list[str]:
    return [script.next("openai.generate", subject).do for subject in subjects]


def test_scripted_calls_come_once_and_in_order_then_what_stands() -> None:
    script = Script()
    script.add(_order(always={"do": "slow", "seconds": 1}))
    script.add(_order(calls=[{"do": "500", "times": 2}, {"do": "quota"}]))
    assert _met(script, "a", "b", "c", "d", "e") == ["500", "500", "quota", "slow", "slow"]


def test_a_match_concerns_only_the_calls_that_contain_it() -> None:
    script = Script()
    script.add(_order(match="job-7", calls=[{"do": "hang"}]))
    script.add(_order(match="job", always={"do": "503"}))
    assert _met(script, "a cat", "job-1", "job-7", "job-7") == ["ok", "503", "hang", "503"]
    assert script.next("cloudinary.upload", "job-7").do == "ok"


def test_the_newest_standing_behaviour_wins() -> None:
    script = Script()
    script.add(_order(always={"do": "500"}))
    script.add(_order(always={"do": "ok"}))
    assert _met(script, "a") == ["ok"]


def test_chance_does_not_depend_on_the_order_of_arrival() -> None:
    def chaos(subjects: list[str]) -> dict[str, list[str]]:
        script = Script()
        script.add(_order(mix=[{"do": "500", "p": 0.3}, {"do": "drop_after", "p": 0.2}], seed=7))
        met: dict[str, list[str]] = {}
        for subject in subjects:
            met.setdefault(subject, []).append(script.next("openai.generate", subject).do)
        return met

    subjects = [f"job {number}" for number in range(200)] * 2
    assert chaos(subjects) == chaos(sorted(subjects))
    counted = Counter(do for each in chaos(subjects).values() for do in each)
    assert 80 < counted["500"] < 160
    assert 40 < counted["drop_after"] < 120


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"target": "openai.paint", "calls": [{"do": "ok"}]}, "target"),
    ({"target": "openai.generate", "calls": [{"do": "explode"}]}, "calls.0.do"),
    ({"target": "openai.generate", "calls": [{"do": "ok", "second": 1}]}, "second"),
    ({"target": "openai.generate"}, "one of calls, mix and always"),
    ({"target": "cloudinary.upload", "calls": [{"do": "moderation"}]}, "cannot play moderation"),
    ({"target": "openai.generate", "mix": [{"do": "500", "p": 0.7}, {"do": "503", "p": 0.7}]}, "more than 1"),
]


@pytest.mark.parametrize(("order", "complaint"), WRONG)
def test_a_wrong_order_is_refused_and_changes_nothing(
    sandbox: SandboxServer, web: httpx2.Client, order: dict[str, Any], complaint: str
) -> None:
    answer = web.post("/_sandbox/script", json=order, headers=sandbox.owner)
    assert answer.status_code == 422
    assert complaint in answer.json()["error"]
    assert web.get("/_sandbox/script", headers=sandbox.owner).json() == {"rules": []}


def test_one_target_can_be_cleared_alone(sandbox: SandboxServer, web: httpx2.Client) -> None:
    sandbox.script("cloudinary.upload", always="503")
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 2})
    sandbox.unscript("cloudinary.upload")
    [rule] = web.get("/_sandbox/script", headers=sandbox.owner).json()["rules"]
    assert (rule["target"], rule["always"]["do"]) == ("openai.generate", "slow")


async def test_the_script_is_shown_used_up_and_cleared(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    shown = sandbox.script("openai.generate", "ok", "500", match="x")
    assert [call["do"] for call in shown["rules"][0]["calls_left"]] == ["ok", "500"]
    await painter.images.generate(prompt="x", model=MODEL, output_format="jpeg")
    sandbox.clear()
    assert (await painter.images.generate(prompt="x", model=MODEL, output_format="jpeg")).data
