"""A paid picture gets home: without rights to a vendor call, through pauses, and past what happens at its job's end."""

import asyncio
import time

from generation_worker import generate
from generation_worker.tools import Tools
from shared.db import jobs
from shared.db.models import Job, JobError, JobStatus, Stage
from shared.db.pool import transaction
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Starting, accept, claim, until


async def painted_while_the_store_is_down(tools: Tools, sandbox: SandboxServer) -> Job:
    sandbox.script("cloudinary.upload", always="503")
    job = await accept(tools)
    deadline = time.monotonic() + 30
    while (now := await jobs.get(tools.db, job.id)).stage is not Stage.STORING or now.status is not JobStatus.QUEUED:
        assert time.monotonic() < deadline, now
        await asyncio.sleep(0.05)
    return now


async def stored(tools: Tools, job: Job) -> None:
    deadline = time.monotonic() + 30
    while (now := await jobs.get(tools.db, job.id)).status is not JobStatus.SUCCEEDED:
        assert time.monotonic() < deadline, now
        await asyncio.sleep(0.05)


async def test_a_paid_picture_does_not_wait_for_the_right_to_another_call(
    tools: Tools, sandbox: SandboxServer, worker: Starting
) -> None:
    worker(DARKROOM_IMAGES_PER_MINUTE="1")
    job = await painted_while_the_store_is_down(tools, sandbox)
    sandbox.unscript("cloudinary.upload")
    await stored(tools, job)
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_a_paid_picture_does_not_wait_for_the_end_of_a_pause(
    tools: Tools, sandbox: SandboxServer, worker: Starting
) -> None:
    process = worker(DARKROOM_MISCONFIGURED_PAUSE_SECONDS="600")
    job = await painted_while_the_store_is_down(tools, sandbox)
    sandbox.script("openai.generate", always="quota")
    other = await accept(tools)
    await until("nobody claims", lambda: process.events("claiming.paused"))
    sandbox.unscript("cloudinary.upload")
    await stored(tools, job)
    assert (await jobs.get(tools.db, other.id)).error_code is JobError.PROVIDER_QUOTA


async def test_a_renewal_that_answers_after_the_end_does_not_cancel_what_follows(tools: Tools) -> None:
    """Such as telling those who wait for the job."""
    await accept(tools)
    job = await claim(tools)

    async def work() -> None:
        with tools.leases.held(job):
            async with transaction(tools.db) as connection:
                assert await jobs.fail(connection, job.id, job.attempt, JobError.PROVIDER_UNAVAILABLE, "away")
                tools.leases.renew_soon()
                while not await tools.db.fetchval(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                ):
                    await asyncio.sleep(0.01)
        for _ in range(50):  # The renewal finds a job that has ended; its lease was still held when it asked.
            await asyncio.sleep(0.01)

    await asyncio.create_task(work())


async def test_a_second_call_after_an_unknown_one_needs_the_right_to_it(tools: Tools, sandbox: SandboxServer) -> None:
    """With DARKROOM_ON_UNKNOWN=retry. The right is given back only where nothing is asked."""
    object.__setattr__(tools, "settings", tools.settings.model_copy(update={"on_unknown": "retry"}))
    sandbox.script("openai.generate", {"do": "drop_after"})
    await accept(tools)
    for _ in range(2):
        job = await claim(tools)
        (token,), _ = await tools.throttle.take()
        await generate.work(tools, job, token)
    assert len(sandbox.ledger("openai.generate")) == 2
    assert await tools.bell.redis.zcard("darkroom:brake:tokens") == 2
