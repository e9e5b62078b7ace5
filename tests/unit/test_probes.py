"""Readiness asks each part once for all who ask, and not again for a moment."""

import asyncio
from typing import Any

import orjson

from shared.http.health import ADVISORY_SECONDS, Probes


async def ask(probes: Probes) -> dict[str, Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    await probes({"type": "http", "path": "/readyz", "method": "GET"}, receive, send)
    answer: dict[str, Any] = orjson.loads(sent[1]["body"])
    return answer


async def test_a_part_that_does_not_answer_is_named_with_its_reason() -> None:
    async def silent() -> None:
        await asyncio.Event().wait()

    async def wordless() -> None:
        raise OSError

    answer = await ask(Probes({}, {"silent": silent, "wordless": wordless}))
    assert answer["status"] == "ready"
    assert answer["parts"] == {
        "silent": f"down: no answer within {ADVISORY_SECONDS:g} s",
        "wordless": "down: OSError",
    }


async def test_a_flood_of_questions_asks_a_part_once() -> None:
    asked, may_answer = 0, asyncio.Event()

    async def part() -> None:
        nonlocal asked
        asked += 1
        await may_answer.wait()

    probes = Probes({"part": part})
    waiting = [asyncio.create_task(ask(probes)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    may_answer.set()
    answers = await asyncio.gather(*waiting[1:], ask(probes))
    assert {answer["status"] for answer in answers} == {"ready"}
    assert asked == 1


async def test_it_is_only_read() -> None:
    for method in ("POST", "DELETE", "OPTIONS", "TRACE", "BREW"):
        sent: list[Any] = []

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        async def receive() -> Any:
            raise AssertionError

        for path in Probes.paths:
            await Probes({})({"type": "http", "path": path, "method": method}, receive, send)
            assert sent[0]["status"] == (204 if method == "OPTIONS" else 405)
            assert (b"allow", b"GET, HEAD, OPTIONS") in sent[0]["headers"]
            assert method == "OPTIONS" or orjson.loads(sent[1]["body"])["code"] == "method_not_allowed"
            sent.clear()
