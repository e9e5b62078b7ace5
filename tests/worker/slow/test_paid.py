"""What was paid for gets home, whatever Postgres does meanwhile: the vendor's bill is the ledger's, none is lost.

Real worker processes on a real Postgres, which is read-only, full or out of connections while calls are in the air.
"""

import asyncio
import os
import subprocess
import sys
import time

import pytest
from prometheus_client import REGISTRY

from generation_worker import late, outcomes, run_job
from generation_worker.leases import Stop
from generation_worker.resources import WorkerResources
from shared.db import jobs, ledger
from shared.db.tables import Charged, JobRow, JobStatus, Outcome, Stage
from shared.domain.ids import new_id
from shared.storage.store import storage_key
from tests import pictures
from tests.repository import ROOT
from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer
from tests.worker.conftest import PATIENCE, Starting, Working, accept, claim, until
from tests.worker.trouble import FULL_FOR_PICTURES, READ_ONLY, TROUBLES, Trouble, url_for_role

SLOTS = 4
"""Jobs that are in their paid call when it begins: as many as the worker has slots."""
WAITING = 3
"""Jobs that nobody has begun yet."""


def calls(sandbox: SandboxServer) -> int:
    return len(sandbox.ledger("openai.generate"))


async def all_ended(resources: WorkerResources, seconds: float = 40) -> list[JobRow]:
    deadline = time.monotonic() + seconds
    while await resources.db.fetchval("select count(*) from jobs where finished_at is null"):
        assert time.monotonic() < deadline, await resources.db.fetch("select status, stage, error_code from jobs")
        await asyncio.sleep(0.05)
    return [JobRow(**row) for row in await resources.db.fetch("select * from jobs order by created_at")]


async def nothing_is_lost(resources: WorkerResources, sandbox: SandboxServer, paintings: int) -> None:
    """Each painting of the vendor is in the ledger at its price, and in the library as the picture of its job."""
    bill = sandbox.summary()
    ours = await resources.db.fetchrow(
        "select count(*) as calls, sum(cost_micros) as micros from attempts where outcome = 'painted'"
    )
    assert ours
    assert (bill["paintings"], bill["cost_micros"]) == (ours["calls"], ours["micros"])
    assert bill["paintings"] == paintings
    assert await resources.db.fetchval("select count(*) from attempts where charged = 'unknown'") == 0
    assert (
        await resources.db.fetchval("select count(*) from images join jobs on images.id = jobs.image_id") == paintings
    )


@pytest.mark.parametrize(
    ("trouble", "store_is_down"),
    [*((trouble, False) for trouble in TROUBLES), (READ_ONLY, True), (FULL_FOR_PICTURES, True)],
    ids=lambda value: value.name if isinstance(value, Trouble) else f"store is {'down' if value else 'up'}",
)
async def test_pictures_outlive_a_postgres_that_takes_no_writes(
    postgres_server: PostgresServer,
    resources: WorkerResources,
    sandbox: SandboxServer,
    ordinary_worker: Starting,
    trouble: Trouble,
    store_is_down: bool,
) -> None:
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 1})
    process = ordinary_worker(DARKROOM_WORKER_SLOTS=str(SLOTS))
    for _ in range(SLOTS + WAITING):
        await accept(resources)
    await until("the calls are in the air", lambda: calls(sandbox) == SLOTS)
    if store_is_down:
        sandbox.script("cloudinary.upload", always="503")
    trouble.begin(postgres_server, "tables")
    try:
        await until("every picture waits", lambda: len(process.events("picture.unwritten")) >= 2 * SLOTS)
        assert calls(sandbox) == SLOTS, "no further call began"
    finally:
        trouble.end(postgres_server, "tables")
    sandbox.unscript("cloudinary.upload")
    ended = await all_ended(resources)
    assert {job.status for job in ended} == {JobStatus.SUCCEEDED}
    await nothing_is_lost(resources, sandbox, SLOTS + WAITING)
    assert process.events("job.crashed") == []


async def test_a_worker_that_starts_on_a_full_disk_asks_for_nothing(
    postgres_server: PostgresServer, resources: WorkerResources, sandbox: SandboxServer, ordinary_worker: Starting
) -> None:
    await accept(resources)
    FULL_FOR_PICTURES.begin(postgres_server, "tables")
    try:
        process = ordinary_worker()
        await until("it has tried to write", lambda: len(process.events("test_write.failed")) >= 2)
        assert calls(sandbox) == 0
    finally:
        FULL_FOR_PICTURES.end(postgres_server, "tables")
    await all_ended(resources)
    await nothing_is_lost(resources, sandbox, 1)


async def test_a_worker_with_a_picture_in_hand_does_not_leave(
    postgres_server: PostgresServer, resources: WorkerResources, sandbox: SandboxServer, ordinary_worker: Starting
) -> None:
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 1})
    process = ordinary_worker(DARKROOM_DRAIN_SECONDS="5")
    await accept(resources)
    await until("the call is in the air", lambda: calls(sandbox) == 1)
    sandbox.script("cloudinary.upload", always="503")
    READ_ONLY.begin(postgres_server, "tables")
    try:
        process.terminate()
        await until("it says that it cannot leave", lambda: process.events("worker.cannot_leave"))
        assert process.runs
    finally:
        READ_ONLY.end(postgres_server, "tables")
    sandbox.unscript("cloudinary.upload")
    assert process.wait() == 0
    ordinary_worker()
    await all_ended(resources)
    await nothing_is_lost(resources, sandbox, 1)


async def test_a_picture_that_is_in_the_store_lets_its_worker_leave(
    postgres_server: PostgresServer, resources: WorkerResources, sandbox: SandboxServer, ordinary_worker: Starting
) -> None:
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 1})
    process = ordinary_worker(DARKROOM_DATABASE_TIMEOUT="1")
    await accept(resources)
    await until("the call is in the air", lambda: calls(sandbox) == 1)
    READ_ONLY.begin(postgres_server, "tables")
    try:
        await until("the picture waits", lambda: process.events("picture.unwritten"))
        process.terminate()
        assert process.wait() == 0
    finally:
        READ_ONLY.end(postgres_server, "tables")
    ordinary_worker()
    await all_ended(resources)
    await nothing_is_lost(resources, sandbox, 1)


# A worker that lost its job brings home what it pays for.


async def in_a_slow_call(
    resources: WorkerResources, sandbox: SandboxServer, seconds: float = 1
) -> "tuple[JobRow, asyncio.Task[None]]":
    sandbox.script("openai.generate", {"do": "slow", "seconds": seconds})
    await accept(resources)
    job = await claim(resources)
    working = asyncio.create_task(run_job.run(resources, job, ""))
    await until("the vendor was asked", lambda: calls(sandbox) == 1)
    await resources.db.execute("update jobs set lease_until = now() - interval '1 s'")
    await jobs.recover(resources.db, 6)
    resources.leases.renew_soon()
    return job, working


async def test_a_lost_lease_does_not_cut_the_call_and_the_next_attempt_gets_its_picture(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    job, working = await in_a_slow_call(resources, sandbox)
    await working
    waiting = await jobs.get(resources.db, job.id)
    assert (waiting.status, waiting.stage) == (JobStatus.QUEUED, Stage.STORING)
    assert await ledger.staged(resources.db, job.id)
    done = await worked(waiting)
    assert (done.status, done.charged) == (JobStatus.SUCCEEDED, Charged.TRUE)
    await nothing_is_lost(resources, sandbox, 1)


async def test_a_picture_that_comes_after_its_job_ended_joins_the_library_and_its_cost_is_told(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    job, working = await in_a_slow_call(resources, sandbox, PATIENCE - 5)
    ended = await worked(job)
    assert (ended.status, ended.charged) == (JobStatus.FAILED, Charged.UNKNOWN)
    sandbox.release()
    await working
    now = await jobs.get(resources.db, job.id)
    (painted,) = await resources.db.fetch("select outcome, cost_micros from attempts")
    assert painted["outcome"] == Outcome.PAINTED
    assert (now.status, now.charged, now.actual_micros) == (JobStatus.FAILED, Charged.TRUE, painted["cost_micros"])
    assert now.revision > ended.revision
    assert await ledger.staged(resources.db, job.id)
    await late.look(resources)
    assert await resources.db.fetchval("select job_id from images") == job.id
    assert await ledger.staged(resources.db, job.id) is None


async def test_a_picture_that_comes_while_the_next_attempt_gives_up_is_stored(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    job, working = await in_a_slow_call(resources, sandbox)
    sandbox.script("cloudinary.lookup", {"do": "slow", "seconds": PATIENCE - 5})
    looking = asyncio.ensure_future(worked(job))
    await working  # The picture has come, while the next attempt still looks for it.
    sandbox.release()
    waiting = await looking
    assert (waiting.status, waiting.stage) == (JobStatus.QUEUED, Stage.STORING)
    done = await worked(waiting)
    assert (done.status, done.charged) == (JobStatus.SUCCEEDED, Charged.TRUE)
    await nothing_is_lost(resources, sandbox, 1)


async def test_work_goes_on_uncancelled_after_a_cancellation(
    resources: WorkerResources, sandbox: SandboxServer
) -> None:
    """Where it does not, `asyncio.timeout` of Python 3.11.2 raises CancelledError in all that follows."""
    sandbox.script("openai.generate", {"do": "hang"})
    await accept(resources)
    job = await claim(resources)
    working = asyncio.create_task(run_job.run(resources, job, ""))
    await until("the vendor was asked", lambda: calls(sandbox) == 1)
    for lease in resources.leases.all():
        lease.stop(Stop.SHUTDOWN)
    await working
    assert working.cancelling() == 0


async def test_a_store_that_hangs_does_not_keep_a_picture_from_a_postgres_that_is_back(
    postgres_server: PostgresServer, resources: WorkerResources, sandbox: SandboxServer, ordinary_worker: Starting
) -> None:
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 1})
    ordinary_worker(DARKROOM_STORE_TIMEOUT="90", DARKROOM_JOB_TIMEOUT="300")
    job = await accept(resources)
    await until("the call is in the air", lambda: calls(sandbox) == 1)
    sandbox.script("cloudinary.upload", always={"do": "hang"})
    READ_ONLY.begin(postgres_server, "tables")
    try:
        await until("the store was asked", lambda: sandbox.ledger("cloudinary.upload"))
    finally:
        READ_ONLY.end(postgres_server, "tables")
    async with asyncio.timeout(30):  # far less than the store's time
        while await ledger.staged(resources.db, job.id) is None:
            await asyncio.sleep(0.05)


# A failover that loses the last commits: what Postgres has forgotten is said, and is on the bill.


async def forget(resources: WorkerResources, job: JobRow) -> None:
    """What a standby without the commits of the claim and of `begin` says."""
    await resources.db.execute("delete from attempts where job_id = $1", job.id)
    await resources.db.execute(
        "update jobs set status = 'queued', stage = 'waiting', attempt = 0, lease_until = null, due_at = now()"
    )


async def test_a_call_that_postgres_forgot_is_on_the_bill_beside_the_second_one(
    resources: WorkerResources, sandbox: SandboxServer, worker: Starting
) -> None:
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 2})
    process = worker()
    job = await accept(resources)
    await until("the first call is in the air", lambda: calls(sandbox) == 1)
    await forget(resources, job)
    (ended,) = await all_ended(resources)
    await until("the second call has ended", lambda: sandbox.summary()["in_flight"] == 0)
    deadline = time.monotonic() + 20
    while (told := await resources.db.fetchval("select sum(cost_micros) from attempts")) != sandbox.summary()[
        "cost_micros"
    ]:
        assert time.monotonic() < deadline, told
        await asyncio.sleep(0.05)
    now = await jobs.get(resources.db, job.id)
    assert calls(sandbox) == 2
    assert (ended.status, now.actual_micros) == (JobStatus.SUCCEEDED, told)
    assert len(process.events("call.forgotten")) == 1
    assert process.events("job.task_died") == process.events("job.crashed") == []


async def test_an_unknown_call_that_postgres_forgot_is_in_the_ledger_as_unknown(
    resources: WorkerResources, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "drop_after", "seconds": 60})
    await accept(resources)
    job = await claim(resources)
    working = asyncio.create_task(run_job.run(resources, job, ""))
    await until("the vendor was asked", lambda: sandbox.summary()["in_flight"] == 1)
    await resources.db.execute("delete from attempts")
    sandbox.release()
    await working
    ended = await jobs.get(resources.db, job.id)
    assert (ended.status, ended.charged) == (JobStatus.FAILED, Charged.UNKNOWN)
    assert await ledger.unknowns(resources.db, job.id) == 1


async def test_a_log_that_cannot_be_written_loses_no_picture(
    postgres_server: PostgresServer, resources: WorkerResources, sandbox: SandboxServer, redis_url: str
) -> None:
    """Its disk is full like that of Postgres, or whoever read it is gone."""
    sandbox.script("openai.generate", always={"do": "slow", "seconds": 1})
    environment = {
        "DATABASE_URL": url_for_role(postgres_server, "tables"),
        "REDIS_URL": redis_url,
        "DARKROOM_SANDBOX_URL": sandbox.url,
        "DARKROOM_SWEEP_SECONDS": "0.5",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "generation_worker"], env=os.environ | environment, cwd=ROOT, stderr=subprocess.PIPE
    ) as process:
        try:
            await accept(resources)
            await until("the call is in the air", lambda: calls(sandbox) == 1)
            assert process.stderr
            process.stderr.close()
            READ_ONLY.begin(postgres_server, "tables")
            try:
                await until("the store has the picture", lambda: sandbox.ledger("cloudinary.upload"))
            finally:
                READ_ONLY.end(postgres_server, "tables")
            (ended,) = await all_ended(resources)
            assert ended.status == JobStatus.SUCCEEDED
            await nothing_is_lost(resources, sandbox, 1)
            assert process.poll() is None
        finally:
            process.kill()


async def test_only_what_postgres_did_not_take_counts_as_unwritten(resources: WorkerResources) -> None:
    def counted() -> float | None:
        return REGISTRY.get_sample_value("darkroom_paid_pictures_unwritten")

    attempt_id = new_id()
    with resources.paid.holding(attempt_id):
        assert counted() == 0, "a write of every day"
        resources.paid.failed(attempt_id, 1000)
        assert counted() == 1
    assert counted() == 0


async def test_a_second_picture_of_a_job_is_not_safe_under_a_name_that_keeps_the_first(
    postgres_server: PostgresServer, resources: WorkerResources, sandbox: SandboxServer
) -> None:
    """With DARKROOM_ON_UNKNOWN=retry. The store has the first one's bytes and bill; ours are nowhere else yet."""
    await accept(resources)
    job = await claim(resources)
    attempt_id = await ledger.begin(resources.db, job)
    assert attempt_id
    first = {"id": str(new_id()), "cost_micros": "1", "sha256": "ab"}
    await resources.store.put(storage_key(job.business_id, job.id), pictures.jpeg(), first)
    receipt = ledger.Receipt("r", 1, 2, 52_730)
    FULL_FOR_PICTURES.begin(postgres_server, "tables")
    try:
        with resources.leases.held(job) as lease:
            lease.paid = True
            writing = asyncio.create_task(
                resources.paid.write_down(
                    job, lease, attempt_id=attempt_id, receipt=receipt, data=pictures.jpeg(320, 320)
                )
            )
            await until("the store was asked", lambda: len(sandbox.ledger("cloudinary.upload")) == 2)
            await asyncio.sleep(0.5)
            assert not lease.safe
            FULL_FOR_PICTURES.end(postgres_server, "tables")
            assert await writing
    finally:
        postgres_server.execute("drop function if exists no_space() cascade", database="tables")


async def test_a_stop_before_the_call_was_sent_costs_nothing(resources: WorkerResources) -> None:
    await accept(resources)
    job = await claim(resources)
    assert await ledger.begin(resources.db, job)
    with resources.leases.held(job) as lease:
        lease.stopped = Stop.SHUTDOWN
        released = await outcomes.stopped(resources, job, lease)
    assert released
    assert (released.status, await ledger.unknowns(resources.db, job.id)) == (JobStatus.QUEUED, 0)
