"""Real worker processes: deploys, deaths and a Redis that is not there change nothing for a job."""

import asyncio
import time

from generation_worker.resources import WorkerResources
from shared.db import jobs
from shared.db.tables import JobRow, JobStatus, Stage
from tests.sandbox_server import SandboxServer
from tests.worker import conftest
from tests.worker.conftest import Starting, accept, once


def ended(job: JobRow) -> bool:
    return job.final


async def called(sandbox: SandboxServer, target: str = "openai.generate", times: int = 1) -> None:
    deadline = time.monotonic() + 10
    while len(sandbox.ledger(target)) < times:
        assert time.monotonic() < deadline, "the vendor was not called"
        await asyncio.sleep(0.02)


async def test_sigterm_lets_the_running_call_finish_and_exits_with_0(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("openai.generate", {"do": "slow", "seconds": 1})
    process = worker()
    job = await accept(resources)
    await called(sandbox)
    process.terminate()
    assert process.wait() == 0
    assert (await jobs.get(resources.db, job.id)).status is JobStatus.SUCCEEDED


async def test_a_stopping_worker_claims_nothing_more(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("openai.generate", {"do": "slow", "seconds": 2})
    process = worker()
    await accept(resources)
    await called(sandbox)
    process.terminate()
    await conftest.until("it has heard it", lambda: process.events("worker.draining"))
    late = await accept(resources)
    assert process.wait() == 0
    assert (await jobs.get(resources.db, late.id)).status is JobStatus.QUEUED


async def test_after_kill_9_another_worker_takes_the_job(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("cloudinary.upload", {"do": "hang"})
    victim = worker()
    job = await accept(resources)
    await called(sandbox, "cloudinary.upload")
    victim.kill9()
    worker()
    done = await once(resources, job, ended)
    assert (done.status, done.losses) == (JobStatus.SUCCEEDED, 1)
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_three_deploys_in_the_middle_of_a_job_change_nothing_for_it(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("cloudinary.upload", {"do": "hang", "times": 3})
    job = await accept(resources)
    for deploy in (1, 2, 3):
        process = worker(DARKROOM_DRAIN_SECONDS="0.1")
        await called(sandbox, "cloudinary.upload", deploy)
        process.terminate()
        assert process.wait() == 0
        waiting = await jobs.get(resources.db, job.id)
        assert (waiting.status, waiting.stage) == (JobStatus.QUEUED, Stage.STORING)
    worker()
    done = await once(resources, job, ended)
    assert (done.status, done.failures, done.losses) == (JobStatus.SUCCEEDED, 0, 0)
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_a_frozen_worker_cannot_finish_after_its_lease(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("cloudinary.upload", {"do": "slow", "seconds": 1})
    frozen = worker()
    job = await accept(resources)
    await called(sandbox, "cloudinary.upload")
    frozen.stop_signal()
    worker()
    done = await once(resources, job, ended)
    frozen.continue_signal()
    deadline = time.monotonic() + 10
    while not frozen.events("job.fenced"):
        assert time.monotonic() < deadline, frozen.log[-2000:]
        await asyncio.sleep(0.02)
    assert await jobs.get(resources.db, job.id) == done
    assert await resources.db.fetchval("select count(*) from images") == 1


async def test_a_job_is_done_although_redis_is_not_there(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    worker(REDIS_URL="redis://127.0.0.1:9/0")
    job = await accept(resources)
    assert (await once(resources, job, ended)).status is JobStatus.SUCCEEDED


async def test_a_cancel_reaches_a_running_job_at_once(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("openai.generate", {"do": "hang"})
    worker(DARKROOM_LEASE_SECONDS="60", DARKROOM_RENEW_SECONDS="25")
    job = await accept(resources)
    await called(sandbox)
    marked = await jobs.cancel(resources.db, job.id, [1])
    await resources.notifier.cancel(marked)
    canceled = await once(resources, job, ended)
    assert canceled.status is JobStatus.CANCELED


async def test_a_deadline_ends_a_job_that_nobody_could_start(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("openai.generate", {"do": "hang"})
    worker(DARKROOM_WORKER_SLOTS="1")
    await accept(resources)
    await called(sandbox)
    late = await accept(resources, deadline_seconds=1)
    assert (await once(resources, late, ended)).error_code == "deadline_passed"
