"""A worker's tools against real stores and a scripted sandbox, a claimed job to work on, and whole worker processes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generation_worker import run_job
from generation_worker.resources import WorkerResources, open_resources
from shared.db import jobs, new_jobs
from shared.db.new_jobs import NewJob
from shared.db.pool import Db
from shared.db.tables import JobRow
from shared.domain.ids import new_id
from shared.settings import WorkerSettings
from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer
from tests.stack import Process
from tests.worker.trouble import url_for_role

Starting = Callable[..., Process]
Working = Callable[..., Awaitable[JobRow]]


@pytest.fixture(scope="session")
def session_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(session_sandbox: SandboxServer) -> SandboxServer:
    session_sandbox.clear()
    return session_sandbox


PATIENCE = 60
"""Seconds that a vendor or a store may take in tests that wait for neither: a loaded machine is no fault of theirs."""


@pytest.fixture
def settings(database: str, redis_url: str, sandbox: SandboxServer, request: pytest.FixtureRequest) -> WorkerSettings:
    """`@pytest.mark.times_out("vendor")`, or "store", where the test waits for that one's time to be over."""
    marked = request.node.get_closest_marker("times_out")
    soon = set(marked.args) if marked else set[str]()
    return WorkerSettings(
        database_url=database,
        redis_url=redis_url,
        sandbox_url=sandbox.url,
        images_per_minute=6000,
        vendor_timeout=2 if "vendor" in soon else PATIENCE,
        store_timeout=2 if "store" in soon else PATIENCE,
        job_timeout=3 * PATIENCE,
        message_timeout=4 * PATIENCE,
    )


@pytest.fixture
async def resources(settings: WorkerSettings) -> AsyncIterator[WorkerResources]:
    async with open_resources(settings) as opened:
        renewing = asyncio.create_task(opened.leases.run())
        yield opened
        renewing.cancel()


async def claim(resources: WorkerResources, db: Db | None = None) -> JobRow:
    """The next due job, made due if it waits."""
    await (db or resources.db).execute("update jobs set due_at = now() where status = 'queued'")
    (job,) = await jobs.claim(db or resources.db, 1, resources.settings.lease)
    return job


async def accept(resources: WorkerResources, db: Db | None = None, **more: Any) -> JobRow:
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
    job, _ = await new_jobs.create(db or resources.db, NewJob(**(fields | more)))
    return job


@pytest.fixture
def worked(resources: WorkerResources) -> Working:
    """Accepts a job, claims it, works on it once: the job as it is then."""

    async def once(job: JobRow | None = None, **more: Any) -> JobRow:
        if job is None:
            await accept(resources, **more)
        claimed = await claim(resources)
        tokens, _ = await resources.rate_limiter.take()
        await run_job.run(resources, claimed, tokens[0] if tokens else "")
        return await jobs.get(resources.db, claimed.id)

    return once


@pytest.fixture
def worker(database: str, redis_url: str, sandbox: SandboxServer, tmp_path: Path) -> Iterator[Starting]:
    """Starts real worker processes. What it is given are their environment variables."""
    started: list[Process] = []

    def start(*, wait: bool = True, **environment: str) -> Process:
        told = {
            "DATABASE_URL": database,
            "REDIS_URL": redis_url,
            "DARKROOM_SANDBOX_URL": sandbox.url,
            "DARKROOM_IMAGES_PER_MINUTE": "6000",
            "DARKROOM_LEASE_SECONDS": "2",
            "DARKROOM_RENEW_SECONDS": "0.5",
            "DARKROOM_SWEEP_SECONDS": "0.5",
            "DARKROOM_DRAIN_SECONDS": "10",
        }
        process = Process("generation_worker", told | environment, logs=tmp_path, name=f"worker-{len(started)}")
        started.append(process)
        return process.start(wait=wait)

    yield start
    for process in started:
        process.kill9()


@pytest.fixture
def ordinary_worker(postgres_server: PostgresServer, worker: Starting) -> Starting:
    """The same, for Postgres an ordinary user, who meets the troubles of tests/worker/trouble.py."""
    url = url_for_role(postgres_server, "tables")

    def start(*, wait: bool = True, **environment: str) -> Process:
        return worker(wait=wait, **({"DATABASE_URL": url, "DARKROOM_DRAIN_SECONDS": "0.5"} | environment))

    return start


async def until(what: str, condition: Callable[[], Any], seconds: float = 30) -> None:
    """Asks again and again until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.05)


async def once(
    resources: WorkerResources, job: JobRow, reached: Callable[[JobRow], bool], seconds: float = 20
) -> JobRow:
    """The job, once it is so."""
    deadline = time.monotonic() + seconds
    while not reached(now := await jobs.get(resources.db, job.id)):
        assert time.monotonic() < deadline, f"still {now!r}"
        await asyncio.sleep(0.02)
    return now
