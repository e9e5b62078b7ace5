"""Calls that nobody will ever get an answer to are counted, however they were found: the money alert reads these."""

import asyncio
from typing import Any, Never
from uuid import UUID

import httpx2
import pytest
from prometheus_client import REGISTRY

from generation_worker import recovery, run_job
from generation_worker.leases import Stop
from generation_worker.resources import WorkerResources
from shared.db import jobs, ledger
from shared.db.tables import JobError, JobRow
from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer
from tests.stack import Process
from tests.worker import conftest
from tests.worker.conftest import Starting, Working, accept, claim, once
from tests.worker.slow.test_process import called, ended
from tests.worker.trouble import NO_CONNECTIONS

COUNTER = "darkroom_vendor_calls_total"


def counted(job: JobRow) -> float:
    return REGISTRY.get_sample_value(COUNTER, {"model": job.model, "outcome": "unknown"}) or 0


async def in_the_call(resources: WorkerResources, sandbox: SandboxServer) -> "tuple[JobRow, asyncio.Task[None]]":
    """A job whose call hangs at the vendor."""
    sandbox.script("openai.generate", {"do": "hang"})
    await accept(resources)
    job = await claim(resources)
    working = asyncio.create_task(run_job.run(resources, job, ""))
    await called(sandbox)
    return job, working


async def test_what_recovery_finds_is_counted_call_by_call(resources: WorkerResources) -> None:
    claimed = []
    for _ in range(3):
        await accept(resources)
        claimed.append(await claim(resources))
    for job in claimed[:2]:
        assert await ledger.begin(resources.db, job)
    before = counted(claimed[0])
    await resources.db.execute("update jobs set lease_until = now() - interval '1 s'")
    # Recovery first gives workers a lease of time to renew.
    object.__setattr__(resources, "settings", resources.settings.model_copy(update={"lease": 0.001}))
    contact = recovery.Contact(longest_gap=3600)
    async with asyncio.timeout(10):
        while await resources.db.fetchval("select count(*) from jobs where status = 'running'"):
            await recovery.sweep(resources, contact)
            await asyncio.sleep(0.01)
    assert counted(claimed[0]) == before + 2, "the third had no call in the air"
    await recovery.sweep(resources, contact)
    assert counted(claimed[0]) == before + 2


async def test_a_call_that_no_attempt_is_making_is_settled_counted_and_its_picture_looked_for(
    resources: WorkerResources,
) -> None:
    """What a failover or an operator's hand leaves: an open call under a job that has ended, or that waits."""
    for _ in range(3):
        await accept(resources)
    ended, waiting, running = await jobs.claim(resources.db, 3, 30)
    for job in (ended, waiting, running):
        assert await ledger.begin(resources.db, job)
    before = counted(ended)
    assert await jobs.fail(resources.db, ended.id, ended.attempt, JobError.WORKER_LOST, "by hand")
    assert await jobs.release(resources.db, waiting.id, waiting.attempt)
    await resources.db.execute("delete from late_looks")
    object.__setattr__(resources, "settings", resources.settings.model_copy(update={"lease": 0.001}))
    contact = recovery.Contact(longest_gap=3600)
    await recovery.sweep(resources, contact)
    await asyncio.sleep(0.01)
    await recovery.sweep(resources, contact)
    open_calls = await resources.db.fetch("select job_id from attempts where outcome = 'in_flight'")
    assert [row["job_id"] for row in open_calls] == [running.id]
    assert counted(ended) == before + 2
    assert [row["job_id"] for row in await resources.db.fetch("select job_id from late_looks")] == [ended.id]


@pytest.mark.parametrize("why", [Stop.SHUTDOWN, Stop.CANCELED])
async def test_a_call_that_we_cut_is_counted(resources: WorkerResources, sandbox: SandboxServer, why: Stop) -> None:
    job, working = await in_the_call(resources, sandbox)
    before = counted(job)
    for lease in resources.leases.all():
        lease.stop(why)
    await working
    assert counted(job) == before + 1


class Broken:
    """A painter with a defect that nobody foresaw."""

    async def paint(self, _prompt: str, _parameters: dict[str, Any], _attempt_id: UUID) -> Never:
        raise ZeroDivisionError

    async def close(self) -> None:
        pass


async def test_a_call_that_a_defect_of_ours_lost_is_counted(resources: WorkerResources, worked: Working) -> None:
    whole = resources.provider
    object.__setattr__(resources, "provider", Broken())
    job = await accept(resources)
    before = counted(job)
    await worked(job)
    object.__setattr__(resources, "provider", whole)
    assert counted(job) == before + 1
    assert await ledger.unknowns(resources.db, job.id) == 1


def metrics(process: Process) -> dict[str, float]:
    text = httpx2.get(f"{process.url}/metrics", trust_env=False).text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def test_after_kill_9_in_a_call_the_worker_that_recovers_counts_it_and_the_ledger_s_gauge_shows_it(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("openai.generate", {"do": "hang"})
    victim = worker()
    job = await accept(resources)
    await called(sandbox)
    victim.kill9()
    heir = worker()
    name = f'{COUNTER}{{model="{job.model}",outcome="unknown"}}'
    assert name in metrics(heir)
    assert (await once(resources, job, ended)).error_code == "outcome_unknown"
    assert metrics(heir)[name] == 1
    assert metrics(worker())["darkroom_ledger_unknown_calls"] == 1
    assert (await jobs.get(resources.db, job.id)).losses == 1


async def test_the_ledger_s_gauge_is_not_there_before_it_was_read(
    postgres_server: PostgresServer, resources: WorkerResources, ordinary_worker: Starting
) -> None:
    """A 0 from a worker that started while Postgres was away would read as a ledger without unknown calls."""
    NO_CONNECTIONS.begin(postgres_server, "tables")
    try:
        process = ordinary_worker(wait=False)
        await conftest.until("it tried to read", lambda: process.events("gauge.unread"))
        await conftest.until("it serves its metrics", lambda: reachable(process))
        assert "darkroom_ledger_unknown_calls" not in metrics(process)
    finally:
        NO_CONNECTIONS.end(postgres_server, "tables")


def reachable(process: Process) -> bool:
    try:
        return bool(metrics(process))
    except httpx2.TransportError:
        return False
