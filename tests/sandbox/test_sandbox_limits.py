"""The played OpenAI's rate limit: a token bucket whose refusals say when to come back."""

from __future__ import annotations

import openai
import pytest
from openai import AsyncOpenAI

from deploy.sandbox.vendors.limits import Limits
from tests.sandbox.pictures import MODEL
from tests.sandbox_server import SandboxServer


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_of_five_grants_five_at_once_and_then_one_every_twelve_seconds() -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    limits.set_images_per_minute(5)
    assert [limits.take(1) for _ in range(5)] == [0.0] * 5
    assert limits.take(1) == pytest.approx(12)
    clock.now += 11
    assert limits.take(1) == pytest.approx(1)
    clock.now += 0.9
    assert limits.take(1) == 0.0, "a caller on time is not refused for a jitter of a tenth of a second"
    assert limits.take(1) == pytest.approx(12.1)
    clock.now += 3600
    assert limits.remaining() == 5, "a bucket never holds more than a minute's images"


def test_without_a_limit_everything_is_granted() -> None:
    limits = Limits()
    assert limits.take(10_000) == 0.0
    assert (limits.remaining(), limits.seconds_until_full()) == (0, 0.0)


async def test_the_sixth_picture_of_a_minute_is_refused_and_told_when_to_come_back(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    sandbox.limits(images_per_minute=5)
    answers = [
        await painter.images.with_raw_response.generate(prompt="x", model=MODEL, output_format="jpeg") for _ in range(5)
    ]
    assert answers[0].headers["x-ratelimit-limit-images"] == "5"
    assert int(answers[0].headers["x-ratelimit-remaining-images"]) == 4
    with pytest.raises(openai.RateLimitError, match="input-images per min: Limit 5, Used 5, Requested 1") as caught:
        await painter.images.generate(prompt="x", model=MODEL)
    assert caught.value.code == "rate_limit_exceeded"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 12
    assert sandbox.summary()["by_target"]["openai.generate"] == {"ok": 5, "limited": 1}
    sandbox.limits(images_per_minute=None)
    assert (await painter.images.generate(prompt="x", model=MODEL, output_format="jpeg")).data


async def test_latency_can_be_set_and_taken_back(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    assert sandbox.limits(latency_seconds=30) == {"images_per_minute": None, "latency_seconds": 30}
    with pytest.raises(openai.APITimeoutError):
        await painter.images.generate(prompt="x", model=MODEL, timeout=0.3)
    sandbox.clear()
    assert (await painter.images.generate(prompt="x", model=MODEL, output_format="jpeg")).data
