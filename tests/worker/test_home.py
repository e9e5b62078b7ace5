"""A paid picture gets home: without rights to a vendor call, through pauses, and past what happens at its job's end."""

import asyncio
import time

from generation_worker import run_job
from generation_worker.resources import WorkerResources
from shared.db import jobs
from shared.db.pool import transaction
from shared.db.tables import JobError, JobRow, JobStatus, Stage
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Starting, accept, claim, until


async def painted_while_the_store_is_down(resources: WorkerResources, sandbox: SandboxServer) -> JobRow:
    sandbox.script("cloudinary.upload", always="503")
    job = await accept(resources)
    deadline = time.monotonic() + 30
    while (
        now := await jobs.get(resources.db, job.id)
    ).stage is not Stage.STORING or now.status is not JobStatus.QUEUED:
        assert time.monotonic() < deadline, now
        await asyncio.sleep(0.05)
    return now


async def stored(resources: WorkerResources, job: JobRow) -> None:
    deadline = time.monotonic() + 30
    while (now := await jobs.get(resources.db, job.id)).status is not JobStatus.SUCCEEDED:
        assert time.monotonic() < deadline, now
        await asyncio.sleep(0.05)


async def test_a_paid_picture_does_not_wait_for_the_right_to_another_call(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    worker(DARKROOM_IMAGES_PER_MINUTE="1")
    job = await painted_while_the_store_is_down(resources, sandbox)
    sandbox.unscript("cloudinary.upload")
    await stored(resources, job)
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_a_paid_picture_does_not_wait_for_the_end_of_a_pause(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    process = worker(DARKROOM_MISCONFIGURED_PAUSE_SECONDS="600")
    job = await painted_while_the_store_is_down(resources, sandbox)
    sandbox.script("openai.generate", always="quota")
    other = await accept(resources)
    await until("nobody claims", lambda: process.events("claiming.paused"))
    sandbox.unscript("cloudinary.upload")
    await stored(resources, job)
    assert (await jobs.get(resources.db, other.id)).error_code is JobError.PROVIDER_QUOTA


async def test_a_renewal_that_answers_after_the_end_does_not_cancel_what_follows(resources: WorkerResources) -> None:
    """Such as telling those who wait for the job."""
    await accept(resources)
    job = await claim(resources)

    async def work() -> None:
        with resources.leases.held(job):
            async with transaction(resources.db) as connection:
                assert await jobs.fail(connection, job.id, job.attempt, JobError.PROVIDER_UNAVAILABLE, "away")
                resources.leases.renew_soon()
                while not await resources.db.fetchval(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                ):
                    await asyncio.sleep(0.01)
        for _ in range(50):  # The renewal finds a job that has ended; its lease was still held when it asked.
            await asyncio.sleep(0.01)

    await asyncio.create_task(work())


async def test_a_second_call_after_an_unknown_one_needs_the_right_to_it(
    resources: WorkerResources, sandbox: SandboxServer
) -> None:
    """With DARKROOM_ON_UNKNOWN=retry. The right is given back only where nothing is asked."""
    object.__setattr__(resources, "settings", resources.settings.model_copy(update={"on_unknown": "retry"}))
    sandbox.script("openai.generate", {"do": "drop_after"})
    await accept(resources)
    for _ in range(2):
        job = await claim(resources)
        (token,), _ = await resources.rate_limiter.take()
        await run_job.run(resources, job, token)
    assert len(sandbox.ledger("openai.generate")) == 2
    assert await resources.notifier.redis.zcard("darkroom:brake:tokens") == 2
