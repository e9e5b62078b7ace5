"""Whose jobs wait for a mistake of ours: no more than those that would meet it too."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from generation_worker.crew import Crew
from generation_worker.pause import Scope
from generation_worker.tools import Tools
from shared.db import jobs
from shared.db.models import Job, JobError, JobStatus
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working, accept

FLARE, SUNBURST = "gpt-image-2.5-flare", "gpt-image-2.5-sunburst"


@pytest.fixture
async def crew(tools: Tools) -> AsyncIterator[Crew]:
    """Claims by itself, as in a worker."""
    crew = Crew(tools)
    running = asyncio.create_task(crew.run())
    yield crew
    crew.stop()
    await running
    await crew.drain(10)


async def ended(tools: Tools, job: Job) -> Job:
    """The job once it has ended. Well within the pause of half a minute, or the test fails."""
    async with asyncio.timeout(10):
        while not (now := await jobs.get(tools.db, job.id)).final:
            await asyncio.sleep(0.05)
    return now


@pytest.mark.parametrize("do", ["retired", "unverified"])
async def test_a_model_that_is_refused_keeps_nobody_elses_waiting(
    tools: Tools, worked: Working, sandbox: SandboxServer, crew: Crew, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do})
    refused = await worked(business_id=1, model=FLARE)
    other = await accept(tools, business_id=2, model=SUNBURST)
    crew.look()
    assert (await ended(tools, other)).status is JobStatus.SUCCEEDED
    assert (await jobs.get(tools.db, refused.id)).status is JobStatus.QUEUED


async def test_a_prompt_that_is_forbidden_keeps_no_other_business_waiting(
    tools: Tools, worked: Working, sandbox: SandboxServer, crew: Crew
) -> None:
    sandbox.script("openai.generate", {"do": "unverified"})
    await worked(business_id=1)
    own = await accept(tools, business_id=1)
    other = await accept(tools, business_id=2)
    crew.look()
    assert (await ended(tools, other)).status is JobStatus.SUCCEEDED
    waiting = await jobs.get(tools.db, own.id)
    assert (waiting.status, waiting.attempt) == (JobStatus.QUEUED, 0)


async def test_what_two_businesses_are_forbidden_is_the_models(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "unverified", "times": 2})
    await worked(business_id=1)
    assert tools.pause.shut() == [Scope(FLARE, 1)]
    await tools.db.execute("update jobs set status = 'canceled', finished_at = now()")
    await worked(business_id=2)
    assert Scope(FLARE) in tools.pause.shut()
    assert tools.pause.left == 0, "other models are asked for"


@pytest.mark.parametrize("do", ["auth", "quota"])
async def test_a_mistake_of_the_account_stops_all(
    tools: Tools, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do})
    await worked()
    assert tools.pause.left > 0


async def test_while_the_pause_lasts_the_model_is_not_asked_for(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "retired"})
    refused = await worked()
    again = await worked(refused)
    assert (again.status, again.error_code, again.attempt) == (JobStatus.QUEUED, JobError.MODEL_RETIRED, 2)
    assert len(sandbox.ledger(target="openai.generate")) == 1
