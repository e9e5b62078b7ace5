"""A worker's tools against real stores and a scripted sandbox, and a claimed job to work on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from generation_worker import generate
from generation_worker.tools import Tools, open_tools
from shared import jobs
from shared.ids import new_id
from shared.jobs import Wish
from shared.models import Job
from shared.settings import WorkerSettings
from tests.sandbox_server import SandboxServer

Working = Callable[..., Awaitable[Job]]


@pytest.fixture(scope="session")
def session_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(session_sandbox: SandboxServer) -> SandboxServer:
    session_sandbox.clear()
    return session_sandbox


@pytest.fixture
def settings(database: str, redis_url: str, sandbox: SandboxServer) -> WorkerSettings:
    return WorkerSettings(
        database_url=database,
        redis_url=redis_url,
        sandbox_url=sandbox.url,
        images_per_minute=6000,
        vendor_timeout=2,
        store_timeout=2,
        job_timeout=10,
        bell_timeout=20,
    )


@pytest.fixture
async def tools(settings: WorkerSettings) -> AsyncIterator[Tools]:
    async with open_tools(settings) as opened:
        renewing = asyncio.create_task(opened.leases.run())
        yield opened
        renewing.cancel()


async def claim(tools: Tools) -> Job:
    """The next due job, made due if it waits."""
    await tools.db.execute("update jobs set due_at = now() where status = 'queued'")
    (job,) = await jobs.claim(tools.db, 1, tools.settings.lease)
    return job


async def accept(tools: Tools, **more: Any) -> Job:
    """A waiting job."""
    fields: dict[str, Any] = {
        "id": new_id(),
        "business_id": 1,
        "prompt": f"a fox {new_id()}",
        "model": "gpt-image-2.5-flare",
        "size": "1024x1024",
        "quality": "standard",
        "alt_text": None,
        "estimated_micros": 52_700,
        "request_id": "r",
        "body_hash": "h",
    }
    job, _ = await jobs.create(tools.db, Wish(**(fields | more)))
    return job


@pytest.fixture
def worked(tools: Tools) -> Working:
    """Accepts a job, claims it, works on it once: the job as it is then."""

    async def once(job: Job | None = None, **more: Any) -> Job:
        if job is None:
            await accept(tools, **more)
        claimed = await claim(tools)
        tokens, _ = await tools.throttle.take()
        await generate.work(tools, claimed, tokens[0] if tokens else "")
        return await jobs.get(tools.db, claimed.id)

    return once
