"""What a death between two writes must not lead to: a second paid call. Each was a way to one, or to a lost picture."""

from uuid import UUID

import pytest

from generation_worker import generate
from generation_worker.lease import Stop
from generation_worker.tools import Tools
from shared.db import jobs, ledger
from shared.db.models import Charged, Job, JobError, JobStatus, Outcome
from shared.db.pool import transaction
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working, accept, claim

GARBAGE = b"no picture"


async def dies(tools: Tools) -> None:
    """The worker of the running job is gone, and recovery has seen it."""
    await tools.db.execute("update jobs set lease_until = now() - interval '1 s'")
    assert len(await jobs.recover(tools.db, 6)) == 1


async def works(tools: Tools, job: Job) -> None:
    """As the worker does that still believes that the job is its own."""
    (token,), _ = await tools.throttle.take()
    await generate.work(tools, job, token)


async def in_a_call(tools: Tools) -> tuple[Job, UUID]:
    """A claimed job, and the attempt that is in flight."""
    await accept(tools)
    job = await claim(tools)
    attempt_id = await ledger.begin(tools.db, job)
    assert attempt_id is not None
    return job, attempt_id


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.REFUSED])
async def test_a_death_right_after_an_answer_that_may_have_cost_does_not_lead_to_a_second_call(
    tools: Tools, worked: Working, sandbox: SandboxServer, outcome: Outcome
) -> None:
    job, attempt_id = await in_a_call(tools)
    await ledger.settle(tools.db, attempt_id, job, outcome, Charged.UNKNOWN, detail="moderation_blocked")
    await dies(tools)
    ended = await worked(job)
    assert (ended.status, ended.error_code, ended.charged) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
    )
    assert sandbox.ledger("openai.generate") == []


async def test_who_lost_the_job_does_not_throw_its_bad_bytes_away(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    job, attempt_id = await in_a_call(tools)
    async with transaction(tools.db) as connection:
        await jobs.keep(connection, job.id, job.attempt)
        receipt = ledger.Receipt("req", 10, 1756, 52_730)
        await ledger.painted(connection, attempt_id, job, receipt, GARBAGE)
    await dies(tools)
    await works(tools, job)
    assert await ledger.spilled(tools.db, job.id) == GARBAGE
    ended = await worked(job)
    assert (ended.error_code, ended.charged) == (JobError.BAD_PROVIDER_IMAGE, Charged.TRUE)
    assert await ledger.spilled(tools.db, job.id) is None
    assert sandbox.ledger("openai.generate") == []


async def test_who_lost_the_job_does_not_call_a_picture_painted_that_it_found(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    job, attempt_id = await in_a_call(tools)
    parameters = {"model": job.model, "size": job.size, "quality": "high", "output_format": "jpeg"}
    painting = await tools.painter.paint(job.prompt, parameters, attempt_id)
    note = {"id": str(attempt_id), "cost_micros": "52730", "sha256": "ab"}
    await tools.store.put(generate._name(job), painting.data, note)
    await dies(tools)
    frozen = await claim(tools)
    await dies(tools)
    await works(tools, frozen)
    assert await tools.db.fetchval("select outcome from attempts") == Outcome.UNKNOWN
    done = await worked(job)
    assert (done.status, done.charged, done.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, 52_730)
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_a_cancel_comes_too_late_for_a_picture_that_waits_in_postgres_to_be_stored(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("cloudinary.upload", {"do": "503"})
    waiting = await worked()
    marked = await jobs.cancel(tools.db, waiting.id, [waiting.business_id])
    assert marked.status is JobStatus.QUEUED
    job = await claim(tools)
    with tools.leases.held(job) as lease:
        lease.stop(Stop.CANCELED)
        assert lease.stopped is None, "not even before the work looked at what there is"
    await works(tools, job)
    done = await jobs.get(tools.db, job.id)
    assert (done.status, done.charged) == (JobStatus.SUCCEEDED, Charged.TRUE)
    assert await ledger.spilled(tools.db, job.id) is None


@pytest.mark.parametrize("said", [{}, {"cost_micros": "0.05", "output_tokens": "many"}, {"cost_micros": "9" * 30}])
async def test_a_picture_that_is_found_without_its_bill_costs_the_estimate_and_says_so(
    tools: Tools, worked: Working, said: dict[str, str]
) -> None:
    """Somebody changed what the store keeps beside the bytes. It was not free for that."""
    job, attempt_id = await in_a_call(tools)
    parameters = {"model": job.model, "size": job.size, "quality": "high", "output_format": "jpeg"}
    painting = await tools.painter.paint(job.prompt, parameters, attempt_id)
    await tools.store.put(generate._name(job), painting.data, said)
    await dies(tools)
    done = await worked(job)
    assert (done.status, done.charged, done.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, None)
    call = await tools.db.fetchrow("select detail, cost_micros, cost_estimated from attempts")
    assert call
    assert tuple(call) == ("found_in_store_without_its_bill", job.estimated_micros, True)
