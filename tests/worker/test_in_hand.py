"""What the vendor answered is in our hands from its last byte on: it gets to a safe place, whatever happens then."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from generation_worker import run_job
from generation_worker.leases import Lease, Stop
from generation_worker.providers.openai import OpenAIProvider
from generation_worker.resources import WorkerResources
from shared.db import jobs
from shared.db.tables import Charged, JobError, JobRow, JobStatus, Outcome
from tests import pictures
from tests.worker.conftest import Working, accept, claim, until
from tests.worker.test_absurd_answers import HTML, Vendor, vendor

__all__ = ["vendor"]


@asynccontextmanager
async def locked(resources: WorkerResources, table: str) -> AsyncIterator[None]:
    """A Postgres that says nothing to whoever writes into it."""
    async with resources.db.acquire() as connection, connection.transaction():
        await connection.execute(f"lock table {table} in access exclusive mode")
        yield


@asynccontextmanager
async def begun(resources: WorkerResources) -> AsyncIterator[tuple[JobRow, Lease]]:
    """A job that is worked on; awaited at the end."""
    await accept(resources)
    job = await claim(resources)
    working = asyncio.create_task(run_job.run(resources, job, ""))
    await until("it holds its lease", resources.leases.all)
    (lease,) = resources.leases.all()
    yield job, lease
    await working


async def answered(lease: Lease) -> None:
    await until("the answer is there", lambda: lease.paid)


async def test_a_postgres_that_says_nothing_keeps_no_picture_from_the_store(
    resources: WorkerResources, vendor: Vendor
) -> None:
    vendor.painted()
    vendor.may_answer.clear()
    async with begun(resources) as (job, lease):
        await until("the vendor was asked", lambda: vendor.asked)
        async with locked(resources, "spills"), asyncio.timeout(resources.settings.database_timeout - 3):
            vendor.may_answer.set()
            await until("the store has it", lambda: lease.safe)
    assert (await jobs.get(resources.db, job.id)).status is JobStatus.SUCCEEDED


async def test_an_answer_without_a_picture_is_written_down_before_its_worker_leaves(
    resources: WorkerResources, vendor: Vendor
) -> None:
    vendor.answer = HTML
    vendor.may_answer.clear()
    async with begun(resources) as (job, lease), locked(resources, "unread_answers"):
        vendor.may_answer.set()
        await answered(lease)
        lease.stop(Stop.SHUTDOWN)
        assert lease.stopped is None
    ended = await jobs.get(resources.db, job.id)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, JobError.BAD_PROVIDER_IMAGE)
    assert await resources.db.fetchval("select data from unread_answers where job_id = $1", job.id) == HTML[2]


async def test_an_address_is_followed_before_its_worker_leaves(resources: WorkerResources, vendor: Vendor) -> None:
    vendor.answer = (200, {}, json.dumps({"data": [{"url": f"{vendor.base_url}/p.jpg"}]}).encode())
    vendor.pictures = [(200, {}, pictures.jpeg(64, 64))]
    vendor.may_show.clear()
    async with begun(resources) as (job, lease):
        await answered(lease)
        lease.stop(Stop.SHUTDOWN)
        assert lease.stopped is None
        vendor.may_show.set()
    assert (await jobs.get(resources.db, job.id)).status is JobStatus.SUCCEEDED


async def test_a_word_in_a_wrong_field_hides_no_picture(worked: Working, vendor: Vendor) -> None:
    picture = base64.b64encode(pictures.png(64, 64)).decode()
    vendor.answer = (200, {}, json.dumps({"data": [{"url": "pending", "b64": "abcd", "image": picture}]}).encode())
    assert (await worked()).status is JobStatus.SUCCEEDED


async def test_the_picture_of_a_job_that_postgres_lost_is_on_the_bill_and_kept(
    resources: WorkerResources, vendor: Vendor
) -> None:
    vendor.painted()
    vendor.may_answer.clear()
    async with begun(resources) as (job, _):
        await until("the vendor was asked", lambda: vendor.asked)
        await resources.db.execute("delete from attempts")
        await resources.db.execute("delete from jobs")
        vendor.may_answer.set()
    (row,) = await resources.db.fetch("select outcome, charged, cost_micros, business_id from attempts")
    assert dict(row) == {"outcome": "painted", "charged": "true", "cost_micros": 52_700, "business_id": 1}
    assert await resources.db.fetchval("select data from unread_answers where job_id = $1", job.id) == pictures.jpeg(
        64, 64
    )


async def test_an_answer_of_too_many_bytes_is_not_gathered(
    resources: WorkerResources, worked: Working, vendor: Vendor
) -> None:
    settings = resources.settings.model_copy(update={"max_vendor_picture": 1024})
    object.__setattr__(resources, "provider", OpenAIProvider(settings))
    vendor.answer = (200, {}, b" " * 3_000_000)
    job = await worked()
    assert (job.error_code, job.charged) == (JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN)
    assert await resources.db.fetchval("select detail from attempts") == "answer_too_long"


async def test_an_answer_that_is_packed_unasked_is_kept_as_it_came(
    resources: WorkerResources, worked: Working, vendor: Vendor
) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    vendor.answer = (200, {"Content-Encoding": "gzip"}, bomb)
    job = await worked()
    assert (job.error_code, job.charged) == (JobError.BAD_PROVIDER_IMAGE, Charged.UNKNOWN)
    assert await resources.db.fetchval("select data from unread_answers") == bomb
    assert await resources.db.fetchval("select outcome from attempts") == Outcome.FAILED


@pytest.mark.parametrize("status", [400, 500])
async def test_a_refusal_of_too_many_bytes_is_not_gathered_either(
    worked: Working, vendor: Vendor, resources: WorkerResources, status: int
) -> None:
    settings = resources.settings.model_copy(update={"max_vendor_picture": 1024})
    object.__setattr__(resources, "provider", OpenAIProvider(settings))
    vendor.answer = (status, {}, b" " * 3_000_000)
    assert (await worked()).error_code is JobError.OUTCOME_UNKNOWN
