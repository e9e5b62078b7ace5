"""Which ends of a job lead to looks for its picture: every one that may have been paid, whoever writes it."""

from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import jobs, late_images, ledger, new_jobs
from shared.db.new_jobs import NewJob
from shared.db.pool import Pool
from shared.db.tables import JobError, JobRow
from shared.domain.ids import new_id
from shared.migrations.__main__ import config

Wishing = Callable[..., NewJob]


async def in_a_call(db: Pool, new_job: NewJob) -> JobRow:
    await new_jobs.create(db, new_job)
    (job,) = await jobs.claim(db, 1, 30)
    assert await ledger.begin(db, job)
    return job


async def looked_for(db: Pool) -> list[float]:
    """Seconds between the ends and the looks."""
    rows = await db.fetch(
        "select extract(epoch from look_at - finished_at)::float8 as s from late_looks join jobs on id = job_id"
    )
    return [row["s"] for row in rows]


@pytest.mark.parametrize("end", ["fail", "canceled", "recover", "cancel", "by_hand"])
async def test_a_job_that_may_have_been_paid_is_looked_for_however_it_ends(
    db: Pool, new_job: Wishing, end: str
) -> None:
    job = await in_a_call(db, new_job())
    if end != "recover":
        await ledger.interrupt(db, job.id, job.attempt, detail="shutdown")
    match end:
        case "fail":
            await jobs.fail(db, job.id, job.attempt, JobError.OUTCOME_UNKNOWN, "")
        case "canceled":
            await jobs.canceled(db, job.id, job.attempt)
        case "recover":
            await db.execute("update jobs set lease_until = now() - interval '1 s'")
            (lost,) = await jobs.recover(db, 1)
            assert lost.error_code is JobError.WORKER_LOST
        case "cancel":
            await jobs.release(db, job.id, job.attempt)
            await jobs.cancel(db, job.id, [1])
        case _:
            await db.execute("update jobs set status = 'failed', finished_at = now(), lease_until = null")
    assert await looked_for(db) == [60]


@pytest.mark.parametrize("end", ["fail", "finish", "expire"])
async def test_a_job_that_was_not_paid_or_has_its_picture_is_not(db: Pool, new_job: Wishing, end: str) -> None:
    if end == "expire":
        job, _ = await new_jobs.create(db, new_job(deadline_seconds=1))
        await db.execute("update jobs set deadline_at = now()")
        assert await jobs.expire(db)
    else:
        await new_jobs.create(db, new_job())
        (job,) = await jobs.claim(db, 1, 30)
    if end == "fail":
        await jobs.fail(db, job.id, job.attempt, JobError.CONTENT_POLICY, "")
    if end == "finish":
        assert await ledger.begin(db, job)
        await ledger.interrupt(db, job.id, job.attempt, detail="shutdown")
        await jobs.finish(db, job.id, job.attempt, new_id())
    assert (await jobs.get(db, job.id)).final
    assert await looked_for(db) == []


async def test_a_look_that_somebody_called_for_meanwhile_is_not_forgotten(db: Pool, new_job: Wishing) -> None:
    job = await in_a_call(db, new_job())
    await ledger.interrupt(db, job.id, job.attempt, detail="shutdown")
    await jobs.fail(db, job.id, job.attempt, JobError.OUTCOME_UNKNOWN, "")
    await db.execute("update jobs set finished_at = now() - interval '2 days'")
    await late_images.look_soon(db, job.id)
    taken = await late_images.take(db)
    assert taken is not None
    assert await late_images.take(db) is None
    await late_images.look_soon(db, job.id)
    await late_images.in_vain(db, taken)
    again = await late_images.take(db)
    assert again is not None
    await late_images.in_vain(db, again)
    assert await looked_for(db) == []


async def test_what_ended_before_the_migration_is_looked_for_once(own_database: str, new_job: Wishing) -> None:
    paid, free, painted = new_id(), new_id(), new_id()

    def before(connection: Connection) -> None:
        for statement in ("drop table late_looks", "drop function look_for_late_picture() cascade"):
            connection.execute(text(statement))
        command.stamp(config(connection), "0005")
        for job_id, status, image, charged in (
            *((paid, "failed", None, "unknown"), (free, "failed", None, "false")),
            (painted, "succeeded", new_id(), "unknown"),
        ):
            connection.execute(
                text("""insert into jobs (id, business_id, status, stage, prompt, model, size, quality, request_id,
                        body_hash, estimated_micros, finished_at, image_id)
                    values (:id, 1, :status, 'done', 'p', 'm', 's', 'q', 'r', 'h', 1, now(), :image)"""),
                {"id": job_id, "status": status, "image": image},
            )
            connection.execute(
                text("""insert into attempts (id, job_id, attempt, business_id, model, size, quality, outcome, charged)
                    values (gen_random_uuid(), :id, 1, 1, 'm', 's', 'q', 'failed', :charged)"""),
                {"id": job_id, "charged": charged},
            )
        command.upgrade(config(connection), "0006")
        found = connection.execute(text("select job_id from late_looks where look_at <= now()")).scalars().all()
        assert [str(job_id) for job_id in found] == [str(paid)]

    engine = create_async_engine(own_database.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(before)
    finally:
        await engine.dispose()
