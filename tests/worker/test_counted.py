"""Calls that nobody will ever get an answer to are counted, however they were found: the money alert reads these."""

import asyncio
from typing import Any, Never
from uuid import UUID

import httpx2
import pytest
from prometheus_client import REGISTRY

from generation_worker import generate, sweep
from generation_worker.lease import Stop
from generation_worker.tools import Tools
from shared.db import jobs, ledger
from shared.db.models import Job, JobError
from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer
from tests.stack import Process
from tests.worker import conftest
from tests.worker.conftest import Starting, Working, accept, claim
from tests.worker.test_process import called, ended, until
from tests.worker.trouble import NO_CONNECTIONS

COUNTER = "darkroom_vendor_calls_total"


def counted(job: Job) -> float:
    return REGISTRY.get_sample_value(COUNTER, {"model": job.model, "outcome": "unknown"}) or 0


async def in_the_call(tools: Tools, sandbox: SandboxServer) -> "tuple[Job, asyncio.Task[None]]":
    """A job whose call hangs at the vendor."""
    sandbox.script("openai.generate", {"do": "hang"})
    await accept(tools)
    job = await claim(tools)
    working = asyncio.create_task(generate.work(tools, job, ""))
    await called(sandbox)
    return job, working


async def test_what_recovery_finds_is_counted_call_by_call(tools: Tools) -> None:
    claimed = []
    for _ in range(3):
        await accept(tools)
        claimed.append(await claim(tools))
    for job in claimed[:2]:
        assert await ledger.begin(tools.db, job)
    before = counted(claimed[0])
    await tools.db.execute("update jobs set lease_until = now() - interval '1 s'")
    # Recovery first gives workers a lease of time to renew.
    object.__setattr__(tools, "settings", tools.settings.model_copy(update={"lease": 0.001}))
    contact = sweep.Contact(longest_gap=3600)
    async with asyncio.timeout(10):
        while await tools.db.fetchval("select count(*) from jobs where status = 'running'"):
            await sweep.sweep(tools, contact)
            await asyncio.sleep(0.01)
    assert counted(claimed[0]) == before + 2, "the third had no call in the air"
    await sweep.sweep(tools, contact)
    assert counted(claimed[0]) == before + 2


async def test_a_call_that_no_attempt_is_making_is_settled_counted_and_its_picture_looked_for(tools: Tools) -> None:
    """What a failover or an operator's hand leaves: an open call under a job that has ended, or that waits."""
    for _ in range(3):
        await accept(tools)
    ended, waiting, running = await jobs.claim(tools.db, 3, 30)
    for job in (ended, waiting, running):
        assert await ledger.begin(tools.db, job)
    before = counted(ended)
    assert await jobs.fail(tools.db, ended.id, ended.attempt, JobError.WORKER_LOST, "by hand")
    assert await jobs.release(tools.db, waiting.id, waiting.attempt)
    await tools.db.execute("delete from late_looks")
    object.__setattr__(tools, "settings", tools.settings.model_copy(update={"lease": 0.001}))
    contact = sweep.Contact(longest_gap=3600)
    await sweep.sweep(tools, contact)
    await asyncio.sleep(0.01)
    await sweep.sweep(tools, contact)
    open_calls = await tools.db.fetch("select job_id from attempts where outcome = 'in_flight'")
    assert [row["job_id"] for row in open_calls] == [running.id]
    assert counted(ended) == before + 2
    assert [row["job_id"] for row in await tools.db.fetch("select job_id from late_looks")] == [ended.id]


@pytest.mark.parametrize("why", [Stop.SHUTDOWN, Stop.CANCELED])
async def test_a_call_that_we_cut_is_counted(tools: Tools, sandbox: SandboxServer, why: Stop) -> None:
    job, working = await in_the_call(tools, sandbox)
    before = counted(job)
    for lease in tools.leases.all():
        lease.stop(why)
    await working
    assert counted(job) == before + 1


class Broken:
    """A painter with a defect that nobody foresaw."""

    async def paint(self, _prompt: str, _parameters: dict[str, Any], _attempt_id: UUID) -> Never:
        raise ZeroDivisionError

    async def close(self) -> None:
        pass


async def test_a_call_that_a_defect_of_ours_lost_is_counted(tools: Tools, worked: Working) -> None:
    whole = tools.painter
    object.__setattr__(tools, "painter", Broken())
    job = await accept(tools)
    before = counted(job)
    await worked(job)
    object.__setattr__(tools, "painter", whole)
    assert counted(job) == before + 1
    assert await ledger.unknowns(tools.db, job.id) == 1


def metrics(process: Process) -> dict[str, float]:
    text = httpx2.get(f"{process.url}/metrics", trust_env=False).text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def test_after_kill_9_in_a_call_the_worker_that_recovers_counts_it_and_the_ledger_s_gauge_shows_it(
    tools: Tools, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("openai.generate", {"do": "hang"})
    victim = worker()
    job = await accept(tools)
    await called(sandbox)
    victim.kill9()
    heir = worker()
    name = f'{COUNTER}{{model="{job.model}",outcome="unknown"}}'
    assert name in metrics(heir)
    assert (await until(tools, job, ended)).error_code == "outcome_unknown"
    assert metrics(heir)[name] == 1
    assert metrics(worker())["darkroom_ledger_unknown_calls"] == 1
    assert (await jobs.get(tools.db, job.id)).losses == 1


async def test_the_ledger_s_gauge_is_not_there_before_it_was_read(
    postgres_server: PostgresServer, tools: Tools, ordinary_worker: Starting
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
