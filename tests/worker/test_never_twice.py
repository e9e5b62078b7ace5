"""What a death between two writes must not lead to: a second paid call. Each was a way to one, or to a lost picture."""

from uuid import UUID

import pytest

from generation_worker import run_job
from generation_worker.leases import Stop
from generation_worker.resources import WorkerResources
from shared.db import jobs, ledger
from shared.db.pool import transaction
from shared.db.tables import Charged, JobError, JobRow, JobStatus, Outcome
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working, accept, claim

GARBAGE = b"no picture"


async def dies(resources: WorkerResources) -> None:
    """The worker of the running job is gone, and recovery has seen it."""
    await resources.db.execute("update jobs set lease_until = now() - interval '1 s'")
    assert len(await jobs.recover(resources.db, 6)) == 1


async def works(resources: WorkerResources, job: JobRow) -> None:
    """As the worker does that still believes that the job is its own."""
    (token,), _ = await resources.rate_limiter.take()
    await run_job.run(resources, job, token)


async def in_a_call(resources: WorkerResources) -> tuple[JobRow, UUID]:
    """A claimed job, and the attempt that is in flight."""
    await accept(resources)
    job = await claim(resources)
    attempt_id = await ledger.begin(resources.db, job)
    assert attempt_id is not None
    return job, attempt_id


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.REFUSED])
async def test_a_death_right_after_an_answer_that_may_have_cost_does_not_lead_to_a_second_call(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, outcome: Outcome
) -> None:
    job, attempt_id = await in_a_call(resources)
    await ledger.settle(resources.db, attempt_id, job, outcome, Charged.UNKNOWN, detail="moderation_blocked")
    await dies(resources)
    ended = await worked(job)
    assert (ended.status, ended.error_code, ended.charged) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
    )
    assert sandbox.ledger("openai.generate") == []


async def test_who_lost_the_job_does_not_throw_its_bad_bytes_away(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    job, attempt_id = await in_a_call(resources)
    async with transaction(resources.db) as connection:
        await jobs.mark_storing(connection, job.id, job.attempt)
        receipt = ledger.Receipt("req", 10, 1756, 52_730)
        await ledger.generated(connection, attempt_id, job, receipt, GARBAGE)
    await dies(resources)
    await works(resources, job)
    assert await ledger.staged(resources.db, job.id) == GARBAGE
    ended = await worked(job)
    assert (ended.error_code, ended.charged) == (JobError.BAD_PROVIDER_IMAGE, Charged.TRUE)
    assert await ledger.staged(resources.db, job.id) is None
    assert sandbox.ledger("openai.generate") == []


async def test_who_lost_the_job_does_not_call_a_picture_painted_that_it_found(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    job, attempt_id = await in_a_call(resources)
    parameters = {"model": job.model, "size": job.size, "quality": "high", "output_format": "jpeg"}
    painting = await resources.provider.generate(job.prompt, parameters, attempt_id)
    note = {"id": str(attempt_id), "cost_micros": "52730", "sha256": "ab"}
    await resources.store.put(run_job._name(job), painting.data, note)
    await dies(resources)
    frozen = await claim(resources)
    await dies(resources)
    await works(resources, frozen)
    assert await resources.db.fetchval("select outcome from attempts") == Outcome.UNKNOWN
    done = await worked(job)
    assert (done.status, done.charged, done.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, 52_730)
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_a_cancel_comes_too_late_for_a_picture_that_waits_in_postgres_to_be_stored(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("cloudinary.upload", {"do": "503"})
    waiting = await worked()
    marked = await jobs.cancel(resources.db, waiting.id, [waiting.business_id])
    assert marked.status is JobStatus.QUEUED
    job = await claim(resources)
    with resources.leases.held(job) as lease:
        lease.stop(Stop.CANCELED)
        assert lease.stopped is None, "not even before the work looked at what there is"
    await works(resources, job)
    done = await jobs.get(resources.db, job.id)
    assert (done.status, done.charged) == (JobStatus.SUCCEEDED, Charged.TRUE)
    assert await ledger.staged(resources.db, job.id) is None


@pytest.mark.parametrize("said", [{}, {"cost_micros": "0.05", "output_tokens": "many"}, {"cost_micros": "9" * 30}])
async def test_a_picture_that_is_found_without_its_bill_costs_the_estimate_and_says_so(
    resources: WorkerResources, worked: Working, said: dict[str, str]
) -> None:
    """Somebody changed what the store keeps beside the bytes. It was not free for that."""
    job, attempt_id = await in_a_call(resources)
    parameters = {"model": job.model, "size": job.size, "quality": "high", "output_format": "jpeg"}
    painting = await resources.provider.generate(job.prompt, parameters, attempt_id)
    await resources.store.put(run_job._name(job), painting.data, said)
    await dies(resources)
    done = await worked(job)
    assert (done.status, done.charged, done.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, None)
    call = await resources.db.fetchrow("select detail, cost_micros, cost_estimated from attempts")
    assert call
    assert tuple(call) == ("found_in_store_without_its_bill", job.estimated_micros, True)
