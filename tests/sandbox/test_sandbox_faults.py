"""Every scripted fault, as the official SDK sees it, and what the ledger says was painted and charged."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.sandbox.pictures import MODEL, opened
from tests.sandbox_server import SandboxServer

REFUSALS: list[tuple[str | dict[str, Any], type[openai.APIStatusError], str | None, str | None]] = [
    ("429", openai.RateLimitError, "rate_limit_exceeded", "input-images"),
    ("slow_down", openai.RateLimitError, "slow_down", "rate_limit_error"),
    ("quota", openai.RateLimitError, "credit_balance_exhausted", "insufficient_quota"),
    ({"do": "quota", "code": "billing_hard_limit_reached"}, openai.RateLimitError, "billing_hard_limit_reached", "insufficient_quota"),  # noqa: E501
    ("auth", openai.AuthenticationError, "invalid_api_key", "invalid_request_error"),
    ("unverified", openai.PermissionDeniedError, None, "invalid_request_error"),
    ("retired", openai.NotFoundError, "model_not_found", "invalid_request_error"),
    ("moderation", openai.BadRequestError, "moderation_blocked", "image_generation_user_error"),
    ("500", openai.InternalServerError, "server_error", "server_error"),
    ("503", openai.InternalServerError, "server_is_overloaded", "service_unavailable_error"),
]  # fmt: skip


def _generate(painter: AsyncOpenAI, prompt: str = "x", **options: Any) -> Any:
    return painter.images.generate(prompt=prompt, model=MODEL, output_format="jpeg", quality="low", **options)


@pytest.mark.parametrize(("fault", "error", "code", "kind"), REFUSALS)
async def test_a_refusal_has_the_vendors_body_and_charges_nothing(
    painter: AsyncOpenAI,
    sandbox: SandboxServer,
    fault: str | dict[str, Any],
    error: type[openai.APIStatusError],
    code: str | None,
    kind: str,
) -> None:
    sandbox.script("openai.generate", fault)
    with pytest.raises(error) as caught:
        await _generate(painter)
    assert (caught.value.code, caught.value.type) == (code, kind)
    [entry] = sandbox.ledger()
    assert (entry["painted"], entry["cost_micros"], entry["status"]) == (0, 0, caught.value.status_code)
    assert (await _generate(painter)).data, "a scripted call happens once"


async def test_a_429_says_when_to_come_back(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    sandbox.script("openai.generate", {"do": "429", "retry_after": 7}, {"do": "429", "retry_after": None})
    with pytest.raises(openai.RateLimitError, match="Please try again in 7s") as caught:
        await _generate(painter)
    assert caught.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.RateLimitError) as caught:
        await _generate(painter)
    assert "retry-after" not in caught.value.response.headers


async def test_moderation_names_its_stage_and_an_output_was_painted(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", "moderation", {"do": "moderation", "stage": "output"})
    stages = []
    for _ in range(2):
        with pytest.raises(openai.BadRequestError) as caught:
            await _generate(painter)
        assert isinstance(caught.value.body, dict)
        stages.append(caught.value.body["moderation_details"]["moderation_stage"])
    assert stages == ["input", "output"]
    assert [entry["painted"] for entry in sandbox.ledger()] == [0, 1]


async def test_a_proxys_page_instead_of_json(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    sandbox.script("openai.generate", "502html")
    with pytest.raises(openai.InternalServerError) as caught:
        await _generate(painter)
    assert caught.value.status_code == 502
    assert caught.value.code is None
    assert "502 Bad Gateway" in caught.value.response.text


@pytest.mark.parametrize(("fault", "painted"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_dropped_connection_is_a_connection_error(
    painter: AsyncOpenAI, sandbox: SandboxServer, fault: str, painted: int
) -> None:
    sandbox.script("openai.generate", fault)
    with pytest.raises(openai.APIConnectionError) as caught:
        await _generate(painter)
    assert not isinstance(caught.value, openai.APITimeoutError)
    [entry] = sandbox.ledger()
    assert (entry["painted"], entry["status"]) == (painted, None)
    assert bool(entry["cost_micros"]) == bool(painted)


async def test_a_500_may_have_been_charged(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    sandbox.script("openai.generate", {"do": "500", "worked": True})
    with pytest.raises(openai.InternalServerError):
        await _generate(painter)
    summary = sandbox.summary()
    assert (summary["paintings"], summary["paintings_answered"]) == (1, 0)
    assert summary["cost_micros"] > summary["cost_micros_answered"] == 0


@pytest.mark.parametrize("kind", ["garbage", "truncated"])
async def test_broken_bytes_are_answered_like_a_picture(
    painter: AsyncOpenAI, sandbox: SandboxServer, kind: str
) -> None:
    sandbox.script("openai.generate", {"do": "broken_bytes", "broken": kind})
    made = await _generate(painter)
    with pytest.raises(OSError, match="identify" if kind == "garbage" else "truncated"):
        opened(base64.b64decode(made.data[0].b64_json))
    assert sandbox.ledger()[0]["painted"] == 1


async def test_not_json_cannot_be_read_but_was_paid(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    sandbox.script("openai.generate", "not_json")
    with pytest.raises(json.JSONDecodeError):
        await _generate(painter)
    assert sandbox.ledger()[0]["painted"] == 1


async def test_a_hanging_call_is_released_when_the_caller_gives_up(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", "hang")
    with pytest.raises(openai.APITimeoutError):
        await _generate(painter, timeout=0.3)
    entry = await _finished(sandbox)
    assert (entry["did"], entry["painted"], entry["client_gone"]) == ("hang", 0, True)


async def test_a_slow_call_is_painted_and_charged_although_the_caller_left(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "slow", "seconds": 0.5})
    with pytest.raises(openai.APITimeoutError):
        await _generate(painter, timeout=0.2)
    entry = await _finished(sandbox)
    assert (entry["painted"], entry["client_gone"]) == (1, True)
    assert sandbox.summary()["cost_micros_answered"] == 0


async def test_a_slow_call_that_is_released_answers_and_the_next_one_waits(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 600})
    first = asyncio.ensure_future(_generate(painter))
    await _until(lambda: sandbox.summary()["in_flight"] == 1)
    sandbox.release()
    await asyncio.wait_for(first, 20)
    assert sandbox.summary()["paintings"] == 1
    with pytest.raises(openai.APITimeoutError):
        await _generate(painter, timeout=0.3)
    sandbox.release()
    await _until(lambda: sandbox.summary()["in_flight"] == 0)


async def test_hundreds_of_calls_can_hang_at_once(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    sandbox.script("openai.generate", always="hang")
    calls = [asyncio.ensure_future(_generate(painter, f"x {number}")) for number in range(200)]
    await _until(lambda: sandbox.summary()["in_flight"] == 200)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await _until(lambda: sandbox.summary()["in_flight"] == 0)


async def _finished(sandbox: SandboxServer) -> dict[str, Any]:
    await _until(lambda: sandbox.ledger()[-1]["finished_at"] is not None)
    return sandbox.ledger()[-1]


async def _until(condition: Any, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)
