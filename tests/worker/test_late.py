"""A picture that comes after its job ended: found in the store or in Postgres, told, billed, never painted again."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from generation_worker import late
from generation_worker.resources import WorkerResources, open_resources
from shared.db import budgets, images, job_views, jobs, ledger, retention
from shared.db.late_images import STEPS, look_soon
from shared.db.pool import transaction
from shared.db.tables import Charged, JobError, JobRow, JobStatus, Outcome
from shared.settings import WorkerSettings
from shared.storage.store import storage_key
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Starting, Working, accept, claim, once

COST = 52_730


async def paint(resources: WorkerResources, job: JobRow, attempt_id: UUID) -> bytes:
    parameters = {"model": job.model, "size": job.size, "quality": "high", "output_format": "jpeg"}
    return (await resources.provider.generate(job.prompt, parameters, attempt_id)).data


async def store(resources: WorkerResources, job: JobRow, attempt_id: UUID, data: bytes) -> None:
    """As a worker does that has a picture and no Postgres."""
    note = {"id": str(attempt_id), "cost_micros": str(COST), "sha256": "ab"}
    await resources.store.put(storage_key(job.business_id, job.id), data, note)


async def ended_unknown(
    resources: WorkerResources, worked: Working, *, canceled: bool = False
) -> tuple[JobRow, UUID, bytes]:
    """A job whose worker was lost in its call: the job, its attempt, and the picture that is still in the air."""
    await accept(resources)
    job = await claim(resources)
    attempt_id = await ledger.begin(resources.db, job)
    assert attempt_id is not None
    data = await paint(resources, job, attempt_id)
    if canceled:
        await jobs.cancel(resources.db, job.id, [1])
    await resources.db.execute("update jobs set lease_until = now() - interval '1 s'")
    assert len(await jobs.recover(resources.db, 6)) == 1
    ended = await jobs.get(resources.db, job.id) if canceled else await worked(job)
    assert (ended.final, ended.charged) == (True, Charged.UNKNOWN)
    return ended, attempt_id, data


async def age(resources: WorkerResources, by: timedelta) -> None:
    """As if so much time had passed since the end."""
    await resources.db.execute("update jobs set finished_at = finished_at - $1::interval", by)
    await resources.db.execute("update late_looks set look_at = look_at - $1::interval", by)


async def looks(resources: WorkerResources) -> list[asyncpg.Record]:
    return await resources.db.fetch(
        "select job_id, look_at - finished_at as after from late_looks join jobs on id = job_id order by look_at"
    )


async def test_a_picture_that_reaches_the_store_late_joins_the_library_under_its_failed_job(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    ended, attempt_id, data = await ended_unknown(resources, worked)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, JobError.OUTCOME_UNKNOWN)
    before = await budgets.month_of(resources.db, 1)
    assert (before.spent, before.unknown) == (0, ended.estimated_micros)
    await store(resources, ended, attempt_id, data)
    await age(resources, STEPS[0])
    await late.look(resources)
    job_view = await job_views.get_one(resources.db, ended.id)
    assert job_view.image is None
    assert job_view.late_image is not None
    assert (job_view.late_image["source"], job_view.late_image["sha256"]) == ("ai_generated", "ab")
    assert (job_view.late_image["prompt"], job_view.late_image["actual_micros"]) == (ended.prompt, COST)
    now = job_view.job
    assert (now.status, now.error_code, now.image_id) == (ended.status, ended.error_code, None), "final is final"
    assert (now.revision, now.charged, now.actual_micros) == (ended.revision + 1, Charged.TRUE, COST)
    (attempt,) = await resources.db.fetch("select * from attempts")
    assert (attempt["outcome"], attempt["charged"], attempt["cost_micros"]) == (Outcome.PAINTED, "true", COST)
    after = await budgets.month_of(resources.db, 1)
    assert (after.spent, after.unknown) == (COST, 0)
    assert await resources.db.fetchval("select sum(delta) from library_counts") == 1
    assert await looks(resources) == []
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_a_late_picture_does_not_bring_an_erased_prompt_back(resources: WorkerResources, worked: Working) -> None:
    ended, attempt_id, data = await ended_unknown(resources, worked)
    await store(resources, ended, attempt_id, data)
    async with transaction(resources.db) as connection:
        erased, _ = await retention.erase_prompts_of(connection, ended.business_id, 10, None)
    assert erased.jobs == 1
    await late._join(resources, ended, *(await late._stored(resources, ended) or pytest.fail("it is in the store")))
    joined = (await images.by_jobs(resources.db, [ended.id]))[ended.id]
    assert (joined["filename"], joined["alt_text"], joined["source"]) == ("picture.jpg", None, "ai_generated")
    assert ended.prompt not in joined["searchable"]


async def test_a_canceled_job_gets_the_picture_that_was_paid_too(resources: WorkerResources, worked: Working) -> None:
    ended, attempt_id, data = await ended_unknown(resources, worked, canceled=True)
    await store(resources, ended, attempt_id, data)
    await age(resources, STEPS[0])
    await late.look(resources)
    job_view = await job_views.get_one(resources.db, ended.id)
    assert job_view.late_image is not None
    assert (job_view.job.status, job_view.job.charged) == (JobStatus.CANCELED, Charged.TRUE)


async def test_a_picture_is_looked_for_after_1_10_and_60_minutes_and_a_day(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    await ended_unknown(resources, worked)
    asked = len(sandbox.ledger("cloudinary.lookup"))
    seen = []
    passed = timedelta()
    while rows := await looks(resources):
        seen.append(rows[0]["after"])
        await late.look(resources)
        assert len(sandbox.ledger("cloudinary.lookup")) == asked, "not before it is due"
        await age(resources, rows[0]["after"] - passed)
        passed = rows[0]["after"]
        await late.look(resources)
        asked += 1
        assert len(sandbox.ledger("cloudinary.lookup")) == asked
    assert seen == STEPS == [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)]


async def test_a_look_after_a_long_silence_is_one_and_not_four(resources: WorkerResources, worked: Working) -> None:
    await ended_unknown(resources, worked)
    await age(resources, timedelta(days=2))
    await late.look(resources)
    assert await looks(resources) == []


@pytest.mark.parametrize("do", ["500", pytest.param("hang", marks=pytest.mark.times_out("store")), "429", "auth"])
async def test_a_store_that_cannot_be_asked_uses_no_look_up(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    ended, attempt_id, data = await ended_unknown(resources, worked)
    await store(resources, ended, attempt_id, data)
    await age(resources, STEPS[-1])
    sandbox.script("cloudinary.lookup", {"do": do})
    assert await late.look(resources) >= 60
    assert await resources.db.fetchval("select look_at > now() from late_looks"), "the last step was not used up"
    await resources.db.execute("update late_looks set look_at = now()")
    await late.look(resources)
    assert (await job_views.get_one(resources.db, ended.id)).late_image is not None


async def test_many_workers_ask_the_store_once_for_one_picture(
    settings: WorkerSettings, resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    await ended_unknown(resources, worked)
    asked = len(sandbox.ledger("cloudinary.lookup"))
    await age(resources, STEPS[0])
    sandbox.script("cloudinary.lookup", {"do": "slow", "seconds": 0.5})
    async with open_resources(settings) as others:
        await asyncio.gather(*(late.look(of) for of in (resources, others, resources, others)))
    assert len(sandbox.ledger("cloudinary.lookup")) == asked + 1


@pytest.mark.times_out("store")
async def test_a_worker_that_dies_while_it_looks_only_delays_the_look(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    ended, attempt_id, data = await ended_unknown(resources, worked)
    await store(resources, ended, attempt_id, data)
    asked = len(sandbox.ledger("cloudinary.lookup"))
    await age(resources, STEPS[-1])
    sandbox.script("cloudinary.lookup", {"do": "hang"})
    looking = asyncio.create_task(late.look(resources))
    async with asyncio.timeout(10):
        while len(sandbox.ledger("cloudinary.lookup")) == asked:
            await asyncio.sleep(0.01)
    looking.cancel()
    await asyncio.wait([looking])
    await resources.db.execute("update late_looks set look_at = look_at - interval '5 min'")
    await late.look(resources)
    assert (await job_views.get_one(resources.db, ended.id)).late_image is not None


async def test_two_that_bring_one_picture_home_add_it_and_bill_it_once(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    ended, attempt_id, data = await ended_unknown(resources, worked)
    await store(resources, ended, attempt_id, data)
    sandbox.script("cloudinary.lookup", {"do": "slow", "seconds": 0.5, "times": 4})
    found = await asyncio.gather(*(late.take_home(resources, ended.id) for _ in range(4)))
    assert len([job for job in found if job is not None]) == 1
    assert (await jobs.get(resources.db, ended.id)).revision == ended.revision + 1
    assert await resources.db.fetchval("select count(*) from images") == 1
    assert await late.take_home(resources, ended.id) is None


async def test_bytes_that_wait_in_postgres_come_first_and_go_when_they_are_home(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    """What a worker leaves that lost the job while it painted, and could write only after the job had ended."""
    ended, attempt_id, data = await ended_unknown(resources, worked)
    asked = len(sandbox.ledger("cloudinary.lookup"))
    async with transaction(resources.db) as connection:
        await ledger.generated(connection, attempt_id, ended, ledger.Receipt("req", 10, 1756, COST), data)
        await look_soon(connection, ended.id)
    sandbox.script("cloudinary.upload", {"do": "500"})
    await late.look(resources)
    assert await ledger.staged(resources.db, ended.id) == data, "the store was down: the bytes stay"
    await resources.db.execute("update late_looks set look_at = now()")
    await late.look(resources)
    job_view = await job_views.get_one(resources.db, ended.id)
    assert job_view.late_image is not None
    assert (job_view.job.charged, job_view.job.actual_micros) == (Charged.TRUE, COST)
    assert await ledger.staged(resources.db, ended.id) is None
    assert len(sandbox.ledger("cloudinary.lookup")) == asked


async def test_a_picture_that_was_kept_when_the_store_stayed_away_is_stored_when_it_is_back(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    """As workers ended such a job in the version before."""
    sandbox.script("cloudinary.upload", {"do": "500"})
    await worked()
    job = await claim(resources)
    ended = await jobs.fail(resources.db, job.id, job.attempt, JobError.STORAGE_UNAVAILABLE, "away")
    assert ended
    await age(resources, STEPS[0])
    await late.look(resources)
    assert (await job_views.get_one(resources.db, ended.id)).late_image is not None
    assert len(sandbox.ledger("openai.generate")) == 1


@pytest.mark.parametrize("do", ["moderation", "broken_bytes", None])
async def test_a_job_that_left_no_picture_anywhere_is_never_looked_for(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str | None
) -> None:
    if do:
        sandbox.script("openai.generate", {"do": do})
    ended = await worked()
    assert ended.final
    await age(resources, STEPS[0])
    await late.look(resources)
    assert await late.take_home(resources, ended.id) is None
    await resources.db.execute("update late_looks set look_at = now()")
    assert sandbox.ledger("cloudinary.lookup") == []


async def test_a_late_picture_in_the_trash_does_not_come_back(resources: WorkerResources, worked: Working) -> None:
    ended, attempt_id, data = await ended_unknown(resources, worked)
    await store(resources, ended, attempt_id, data)
    assert await late.take_home(resources, ended.id) is not None
    await resources.db.execute("update images set deleted_at = now()")
    assert await late.take_home(resources, ended.id) is None
    await resources.db.execute("delete from images")
    await age(resources, STEPS[-1])
    await late.look(resources)
    assert await images.by_jobs(resources.db, [ended.id]) == {}


async def test_a_worker_looks_by_itself_and_tells_who_watches(
    resources: WorkerResources, worked: Working, worker: Starting
) -> None:
    ended_job, attempt_id, data = await ended_unknown(resources, worked)
    await store(resources, ended_job, attempt_id, data)
    await age(resources, STEPS[0])
    process = worker()
    late_now = await once(resources, ended_job, lambda job: job.revision > ended_job.revision)
    assert (late_now.status, late_now.charged) == (JobStatus.FAILED, Charged.TRUE)
    assert len(await images.by_jobs(resources.db, [ended_job.id])) == 1
    assert process.events("late.joined")
