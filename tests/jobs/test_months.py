"""What is asked often reads few rows, however many jobs have ended; and the counts that make it so are right."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest

from shared.db import job_views, jobs, new_jobs
from shared.db.new_jobs import NewJob
from shared.db.pool import Connection, Db, Pool
from shared.db.tables import JobError, JobStatus

ENDED = 3000


@pytest.fixture
async def one(db: Pool) -> AsyncIterator[Connection]:
    """One connection, so that what it reads can be counted; in a database where thousands of jobs have ended."""
    async with db.acquire() as connection:
        await connection.execute(
            """insert into jobs (id, business_id, status, stage, prompt, model, size, quality, request_id, body_hash,
                    estimated_micros, charged, error_code, created_at, finished_at)
                select gen_random_uuid(), 1, case when n % 1000 = 0 then 'failed' else 'canceled' end, 'done', 'a fox',
                    'm', '1024x1024', 'hd', 'r', 'h', 1, 'false', case when n % 1000 = 0 then 'provider_auth' end,
                    now() - make_interval(secs => n), now()
                from generate_series(1, $1::int) n""",
            ENDED,
        )
        await connection.execute("vacuum analyze jobs")
        yield connection


async def rows_read(connection: Connection) -> int:
    """How many rows of `jobs` were read so far, by whatever way."""
    await connection.execute("select pg_stat_force_next_flush()")
    read: int = await connection.fetchval(
        """select seq_tup_read + coalesce(idx_tup_fetch, 0) + (
                select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'jobs')::bigint
            from pg_stat_user_tables where relname = 'jobs'"""
    )
    return read


async def test_the_probe_reads_no_job_that_has_ended(one: Connection, new_job: Callable[..., NewJob]) -> None:
    for _ in range(50):
        await new_jobs.create(one, new_job())
    await one.execute("analyze jobs")
    before = await rows_read(one)
    assert await jobs.standstill(one) is None
    assert await rows_read(one) - before <= 1
    (job,) = await jobs.claim(one, 1, 30)
    await jobs.snooze(one, job.id, job.attempt, JobError.PROVIDER_QUOTA, "no money", delay=30)
    job_view = await jobs.standstill(one)
    assert job_view is not None
    assert job_view.id == job.id


@pytest.mark.parametrize("status", [None, *JobStatus])
async def test_a_page_of_jobs_reads_little_more_than_it_shows(
    one: Connection, new_job: Callable[..., NewJob], status: JobStatus | None
) -> None:
    await new_jobs.create(one, new_job())
    await jobs.claim(one, 1, 30)
    await new_jobs.create(one, new_job())
    await one.execute("analyze jobs")
    before = await rows_read(one)
    found, total = await job_views.page(one, 1, status, limit=4)
    assert await rows_read(one) - before < 100
    assert total == await counted(one, 1, status)
    assert len(found) == min(4, total)
    assert {job_view.job.status for job_view in found} <= ({status} if status else set(JobStatus))


@pytest.mark.parametrize(("status", "most"), [(None, 3), *((status, 2) for status in JobStatus)])
async def test_a_page_of_jobs_is_one_statement_and_one_for_its_pictures_or_its_lines(
    one: Connection, new_job: Callable[..., NewJob], status: JobStatus | None, most: int
) -> None:
    await new_jobs.create(one, new_job())
    await jobs.claim(one, 1, 30)
    await new_jobs.create(one, new_job())
    await job_views.page(one, 1, status, limit=4)  # A connection asks once what some types are.
    asked: list[str] = []
    with one.query_logger(lambda said: asked.append(said.query)):
        found, _ = await job_views.page(one, 1, status, limit=4)
    assert len(asked) <= most
    assert [job_view.job.id for job_view in found] == await newest(one, status)
    assert all((job_view.eta_seconds is None) == job_view.job.final for job_view in found)


async def newest(db: Db, status: JobStatus | None) -> list[UUID]:
    """The first page, by a statement of its own."""
    rows = await db.fetch(
        """select id from jobs where business_id = 1 and ($1::text is null or status = $1)
            order by created_at desc, id desc limit 4""",
        status,
    )
    return [row["id"] for row in rows]


async def counted(db: Db, business_id: int, status: JobStatus | None) -> int:
    """One by one."""
    found: int = await db.fetchval(
        "select count(*) from jobs where business_id = $1 and ($2::text is null or status = $2)", business_id, status
    )
    return found


async def test_totals_stay_right_while_many_end_at_once_and_some_are_taken_away(
    db: Pool, new_job: Callable[..., NewJob]
) -> None:
    made = [(await new_jobs.create(db, new_job(n % 2 + 1)))[0] for n in range(160)]
    await asyncio.gather(*(jobs.cancel(db, job.id, None) for job in made[:90]))
    for job in await jobs.claim(db, 30, 30):
        await jobs.fail(db, job.id, job.attempt, JobError.CONTENT_POLICY, "no")
    await db.execute("delete from jobs where id = any($1)", [job.id for job in made[:7]])
    for business in (1, 2, 3):
        for status in (None, *JobStatus):
            _, total = await job_views.page(db, business, status, limit=1)
            assert total == await counted(db, business, status), (business, status)
    assert await db.fetchval("select count(*) from job_counts") < 150, "they are folded"
    await db.execute("truncate jobs cascade")
    assert (await job_views.page(db, 1, None, limit=1))[1] == 0
