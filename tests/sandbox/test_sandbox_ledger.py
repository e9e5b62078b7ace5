"""The ledger's file: it survives restarts and kills, and lists, filters, sums and forgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI

from deploy.sandbox.control.ledger import Entry, Ledger
from tests.sandbox.pictures import MODEL
from tests.sandbox_server import SandboxServer


def _call(ledger: Ledger, target: str = "openai.generate", **fields: Any) -> Entry:
    entry = Entry(target, "req_1", **fields)
    ledger.open(entry)
    ledger.close(entry)
    return entry


def test_a_killed_process_leaves_a_ledger_that_reads_on(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    ledger = Ledger(file)
    _call(ledger, status=200, worked=True, painted=1, cost_micros=13_000)
    under_way = Entry("openai.generate", "req_2", prompt="never answered")
    ledger.open(under_way)
    ledger.shut()
    with file.open("ab") as torn:
        torn.write(b'{"target": "openai.gen')

    again = Ledger(file)
    assert [entry.finished_at is None for entry in again.entries()] == [False, True]
    assert _call(again).seq == 3
    summary = again.summary()
    assert (summary["calls"], summary["in_flight"]) == (3, 0)
    assert (summary["paintings"], summary["cost_micros_answered"]) == (1, 13_000)
    again.shut()


def test_a_call_under_way_when_the_ledger_is_cleared_is_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    under_way = Entry("openai.generate", "req_1")
    ledger.open(under_way)
    ledger.clear()
    under_way.painted = 1
    ledger.close(under_way)
    assert ledger.entries() == []
    assert ledger.summary()["paintings"] == 0
    ledger.shut()
    assert (tmp_path / "ledger.jsonl").read_bytes() == b""


def test_calls_are_filtered_by_target_by_painting_and_by_number(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    _call(ledger, painted=1)
    _call(ledger, "cloudinary.upload")
    _call(ledger)
    assert [entry.seq for entry in ledger.entries(target="openai.generate")] == [1, 3]
    assert [entry.seq for entry in ledger.entries(painted=True)] == [1]
    assert [entry.seq for entry in ledger.entries(painted=False, after=2)] == [3]
    ledger.shut()


async def test_the_ledger_and_the_pictures_survive_a_kill(tmp_path: Path) -> None:
    server = SandboxServer(tmp_path / "data")
    with server:
        async with AsyncOpenAI(api_key="sk-sandbox", base_url=server.openai_base_url, max_retries=0) as painter:
            await painter.images.generate(prompt="x", model=MODEL, output_format="jpeg")
            before = (server.ledger(), server.summary())
            assert server.stop(kill=True) < 0
            server.start()
            assert (server.ledger(), server.summary()) == before
            await painter.images.generate(prompt="y", model=MODEL, output_format="jpeg")
        assert [entry["seq"] for entry in server.ledger()] == [1, 2]
        assert [entry["prompt"] for entry in server.ledger(painted=True, after=1)] == ["y"]


def test_a_wrong_question_to_the_ledger_is_refused(sandbox: SandboxServer, web: httpx2.Client) -> None:
    answer = web.get("/_sandbox/ledger", params={"after": "yesterday"}, headers=sandbox.owner)
    assert (answer.status_code, answer.json()) == (422, {"error": "after must be a whole number"})
