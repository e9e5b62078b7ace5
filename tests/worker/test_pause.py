"""Whose jobs wait for a mistake of ours: no more than those that would meet it too."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from generation_worker.circuit_breaker import CircuitScope
from generation_worker.claim_loop import ClaimLoop
from generation_worker.resources import WorkerResources
from shared.db import jobs
from shared.db.tables import JobError, JobRow, JobStatus
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working, accept

FLARE, SUNBURST = "gpt-image-2.5-flare", "gpt-image-2.5-sunburst"


@pytest.fixture
async def claiming(resources: WorkerResources) -> AsyncIterator[Callable[[], None]]:
    """Called, it begins to claim by itself, as a worker does: not before, or it takes what the test works on."""
    crew = ClaimLoop(resources)
    running: list[asyncio.Task[None]] = []
    yield lambda: running.append(asyncio.create_task(crew.run()))
    crew.stop()
    await asyncio.gather(*running)
    await crew.drain(10)


async def ended(resources: WorkerResources, job: JobRow) -> JobRow:
    """The job once it has ended. Well within the pause of half a minute, or the test fails."""
    async with asyncio.timeout(10):
        while not (now := await jobs.get(resources.db, job.id)).final:
            await asyncio.sleep(0.05)
    return now


@pytest.mark.parametrize("do", ["retired", "unverified"])
async def test_a_model_that_is_refused_keeps_nobody_elses_waiting(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, claiming: Callable[[], None], do: str
) -> None:
    sandbox.script("openai.generate", {"do": do})
    refused = await worked(business_id=1, model=FLARE)
    other = await accept(resources, business_id=2, model=SUNBURST)
    claiming()
    assert (await ended(resources, other)).status is JobStatus.SUCCEEDED
    assert (await jobs.get(resources.db, refused.id)).status is JobStatus.QUEUED


async def test_a_prompt_that_is_forbidden_keeps_no_other_business_waiting(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, claiming: Callable[[], None]
) -> None:
    sandbox.script("openai.generate", {"do": "unverified"})
    await worked(business_id=1)
    own = await accept(resources, business_id=1)
    other = await accept(resources, business_id=2)
    claiming()
    assert (await ended(resources, other)).status is JobStatus.SUCCEEDED
    waiting = await jobs.get(resources.db, own.id)
    assert (waiting.status, waiting.attempt) == (JobStatus.QUEUED, 0)


async def test_what_two_businesses_are_forbidden_is_the_models(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "unverified", "times": 2})
    await worked(business_id=1)
    assert resources.circuit_breaker.shut() == [CircuitScope(FLARE, 1)]
    await resources.db.execute("update jobs set status = 'canceled', finished_at = now()")
    await worked(business_id=2)
    assert CircuitScope(FLARE) in resources.circuit_breaker.shut()
    assert resources.circuit_breaker.left == 0, "other models are asked for"
    assert resources.circuit_breaker.next_opens < 1, "a third business's prompt may be a good one"


async def test_prompts_that_two_businesses_are_forbidden_keep_no_third_waiting(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, claiming: Callable[[], None]
) -> None:
    sandbox.script("openai.generate", {"do": "unverified", "times": 2})
    await worked(business_id=1)
    await resources.db.execute("update jobs set status = 'canceled', finished_at = now()")
    await worked(business_id=2)
    third = await accept(resources, business_id=3)
    claiming()
    assert (await ended(resources, third)).status is JobStatus.SUCCEEDED


async def test_a_forbidden_prompt_is_its_own_once_anothers_call_worked(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "unverified"}, {"do": "ok"}, {"do": "unverified"})
    await worked(business_id=1)
    await resources.db.execute("update jobs set status = 'canceled', finished_at = now()")
    assert (await worked(business_id=2)).status is JobStatus.SUCCEEDED
    await worked(business_id=3)
    assert resources.circuit_breaker.shut() == [CircuitScope(FLARE, 1), CircuitScope(FLARE, 3)]


@pytest.mark.parametrize("do", ["auth", "quota"])
async def test_a_mistake_of_the_account_stops_all(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do})
    await worked()
    assert resources.circuit_breaker.left > 0


async def test_while_the_pause_lasts_the_model_is_not_asked_for(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "retired"})
    refused = await worked()
    again = await worked(refused)
    assert (again.status, again.error_code, again.attempt) == (JobStatus.QUEUED, JobError.MODEL_RETIRED, 2)
    assert len(sandbox.ledger(target="openai.generate")) == 1
