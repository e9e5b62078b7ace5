"""Paid calls in the air while Postgres fails over for longer than a lease, or its disk is full: nothing is lost."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from generation_worker.resources import WorkerResources, open_resources
from shared.db import new_jobs
from shared.db.new_jobs import NewJob
from shared.domain.ids import new_id
from shared.settings import WorkerSettings
from tests.conftest import migrate
from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer, ValkeyServer
from tests.slow.needs import needs_root
from tests.slow.servers import SmallDiskServer, StandbyServer
from tests.stack import Process

LEASE = 3.0
CALLS = 12
"""Jobs in their paid call: six for each of two workers."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path / "sandbox") as server:
        yield server


@pytest.fixture
def redis() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


def workers(url: str, redis: ValkeyServer, sandbox: SandboxServer, folder: Path) -> list[Process]:
    told = {
        "DATABASE_URL": url,
        "REDIS_URL": redis.url,
        "DARKROOM_SANDBOX_URL": sandbox.url,
        "DARKROOM_IMAGES_PER_MINUTE": "6000",
        "DARKROOM_WORKER_SLOTS": str(CALLS // 2),
        "DARKROOM_LEASE_SECONDS": str(LEASE),
        "DARKROOM_RENEW_SECONDS": "1",
        "DARKROOM_SWEEP_SECONDS": "0.5",
        "DARKROOM_DATABASE_TIMEOUT": "2",
    }
    started = [Process("generation_worker", told, logs=folder, name=f"worker-{n}") for n in (1, 2)]
    for process in started:
        process.start()
    return started


@asynccontextmanager
async def opened(url: str, redis: ValkeyServer, sandbox: SandboxServer) -> AsyncIterator[WorkerResources]:
    settings = WorkerSettings(database_url=url, redis_url=redis.url, sandbox_url=sandbox.url)
    async with open_resources(settings) as resources:
        yield resources


async def accept(resources: WorkerResources, number: int) -> None:
    for n in range(number):
        new_job = NewJob(
            id=new_id(), business_id=1, prompt=f"a fox {n}", model="gpt-image-2.5-flare", size="1024x1024",
            quality="standard", alt_text=None, estimated_micros=52_700, request_id="r", body_hash="h",
        )  # fmt: skip
        job, _ = await new_jobs.create(resources.db, new_job)
        await resources.notifier.wake_workers([job.id])


async def until(what: str, condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.1)


async def nothing_is_lost(url: str, sandbox: SandboxServer, number: int) -> None:
    """Every job has its picture, and the vendor's bill is the ledger's."""
    connection = await asyncpg.connect(url)
    try:
        deadline = time.monotonic() + 120
        while await connection.fetchval("select count(*) from jobs where finished_at is null"):
            assert time.monotonic() < deadline, await connection.fetch("select status, stage, error_code from jobs")
            await asyncio.sleep(0.2)
        ends = await connection.fetch("select status, error_code, count(*) from jobs group by 1, 2")
        assert [(row["status"], row["count"]) for row in ends] == [("succeeded", number)], ends
        ours = await connection.fetchrow("select count(*), sum(cost_micros) from attempts where outcome = 'painted'")
        assert ours
        bill = sandbox.summary()
        assert (bill["paintings"], bill["cost_micros"]) == (ours[0], ours[1])
        assert bill["paintings"] == number
    finally:
        await connection.close()


async def test_a_failover_that_takes_longer_than_a_lease_loses_nothing(
    sandbox: SandboxServer, redis: ValkeyServer, tmp_path: Path
) -> None:
    with PostgresServer() as primary:
        migrate(primary.url(), tmp_path)
        # Only what a standby has is answered: without that, what it lacks when it is promoted is lost by design.
        with StandbyServer(primary) as standby:
            primary.execute("alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
            both = f"{primary.url().partition('@')[0]}@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/darkroom"
            url = f"{both}?target_session_attrs=primary"
            running = workers(url, redis, sandbox, tmp_path)
            try:
                sandbox.script("openai.generate", always={"do": "slow", "seconds": 2 * LEASE})
                async with opened(primary.url(), redis, sandbox) as resources:
                    await accept(resources, CALLS)
                    await until("the calls are in the air", lambda: len(sandbox.ledger("openai.generate")) == CALLS)
                primary.kill()
                await until("pictures wait", lambda: any(w.events("picture.unwritten") for w in running))
                standby.execute("select 1")
                standby.promote()
                standby.execute("alter system set synchronous_standby_names = ''", "select pg_reload_conf()")
                await nothing_is_lost(standby.url(), sandbox, CALLS)
            finally:
                for process in running:
                    process.kill9()


async def test_a_disk_that_is_full_for_a_while_loses_nothing(
    sandbox: SandboxServer, redis: ValkeyServer, tmp_path: Path
) -> None:
    needs_root()
    with SmallDiskServer(160) as server:
        migrate(server.url(), tmp_path)
        running = workers(server.url(), redis, sandbox, tmp_path)
        try:
            sandbox.script("openai.generate", always={"do": "slow", "seconds": 3})
            async with opened(server.url(), redis, sandbox) as resources:
                await accept(resources, CALLS + 6)
                await until("the calls are in the air", lambda: len(sandbox.ledger("openai.generate")) == CALLS)
                server.fill()
                await until("pictures wait", lambda: all(w.events("picture.unwritten") for w in running))
                began = len(sandbox.ledger("openai.generate"))
                await asyncio.sleep(5)
                assert len(sandbox.ledger("openai.generate")) == began, "nothing more is ordered"
                server.empty()
            await nothing_is_lost(server.url(), sandbox, CALLS + 6)
        finally:
            for process in running:
                process.kill9()
            os.sync()
