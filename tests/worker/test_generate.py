"""One job against every fault of the two vendors: what it becomes, what the ledger says, how often was painted."""

import asyncio
from typing import Any

import asyncpg
import pytest

from generation_worker import run_job
from generation_worker.circuit_breaker import CircuitBreaker
from generation_worker.leases import Stop
from generation_worker.resources import WorkerResources
from shared.db import jobs, ledger
from shared.db.tables import Charged, JobError, JobRow, JobStatus, Outcome, Stage
from shared.settings import WorkerSettings
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working, accept, claim, until


async def attempts(resources: WorkerResources) -> list[asyncpg.Record]:
    return await resources.db.fetch("select * from attempts order by started_at")


def paintings(sandbox: SandboxServer) -> list[dict[str, Any]]:
    return [call for call in sandbox.ledger(target="openai.generate") if call["painted"]]


async def test_a_good_job_ends_with_one_image_and_the_true_bill(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    job = await worked(alt_text="a fox")
    assert (job.status, job.stage, job.charged) == (JobStatus.SUCCEEDED, Stage.DONE, Charged.TRUE)
    image = await resources.db.fetchrow("select * from images")
    assert image
    assert (image["job_id"], image["id"], image["alt_text"]) == (job.id, job.image_id, "a fox")
    (painted,) = paintings(sandbox)
    (attempt,) = await attempts(resources)
    assert attempt["cost_micros"] == painted["cost_micros"] == job.actual_micros
    assert str(attempt["id"]) == painted["client_request_id"]
    assert await ledger.staged(resources.db, job.id) is None


REFUSALS = [
    ({"do": "moderation", "stage": "input"}, JobError.CONTENT_POLICY, Charged.FALSE),
    ({"do": "moderation", "stage": "output"}, JobError.CONTENT_POLICY, Charged.UNKNOWN),
]


@pytest.mark.parametrize(("fault", "error", "charged"), REFUSALS)
async def test_a_refusal_is_final_and_says_what_it_cost(
    resources: WorkerResources,
    worked: Working,
    sandbox: SandboxServer,
    fault: dict[str, Any],
    error: JobError,
    charged: Charged,
) -> None:
    sandbox.script("openai.generate", fault)
    job = await worked()
    assert (job.status, job.error_code, job.charged) == (JobStatus.FAILED, error, charged)
    assert job.error_detail
    (attempt,) = await attempts(resources)
    assert attempt["outcome"] == Outcome.REFUSED


@pytest.mark.parametrize("do", ["429", "slow_down", "503"])
async def test_a_busy_vendor_postpones_and_costs_nothing(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do, "retry_after": 7})
    job = await worked()
    assert (job.status, job.failures, job.losses) == (JobStatus.QUEUED, 0, 0)
    wait = await resources.db.fetchval("select extract(epoch from due_at - now())::float8 from jobs")
    assert 5 < wait <= 7
    tokens, seconds = await resources.rate_limiter.take()
    assert tokens == [], "the brake is closed for the whole fleet"
    assert 5 < seconds <= 7


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("quota", JobError.PROVIDER_QUOTA),
        ("auth", JobError.PROVIDER_AUTH),
        ("unverified", JobError.PROVIDER_AUTH),
        ("retired", JobError.MODEL_RETIRED),
    ],
)
async def test_our_own_mistake_fails_nobodys_job(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str, reason: JobError
) -> None:
    object.__setattr__(resources, "circuit_breaker", CircuitBreaker(0.5))
    sandbox.script("openai.generate", {"do": do})
    job = await worked()
    assert (job.status, job.error_code, job.failures) == (JobStatus.QUEUED, reason, 0)
    assert resources.circuit_breaker.reason is reason
    assert resources.circuit_breaker.left > 0 or resources.circuit_breaker.shut()
    job_view = await jobs.standstill(resources.db)
    assert job_view is not None
    assert job_view.error_code is reason
    await until(
        "the pause is over", lambda: not resources.circuit_breaker.left and not resources.circuit_breaker.shut()
    )
    again = await worked(job)
    assert again.status is JobStatus.SUCCEEDED
    assert resources.circuit_breaker.reason is None


@pytest.mark.parametrize(
    "do",
    [
        "500",
        "502html",
        "drop_before",
        "drop_after",
        *(pytest.param(do, marks=pytest.mark.times_out("vendor")) for do in ("hang", "trickle")),
    ],
)
async def test_an_ambiguous_answer_is_never_paid_twice_by_default(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do})
    job = await worked()
    assert (job.status, job.error_code, job.charged, job.actual_micros) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
        None,
    )
    assert [attempt["outcome"] for attempt in await attempts(resources)] == [Outcome.UNKNOWN]
    assert len(sandbox.ledger(target="openai.generate")) == 1


async def test_the_operator_may_allow_one_more_paid_call(
    settings: WorkerSettings, sandbox: SandboxServer, resources: WorkerResources, worked: Working
) -> None:
    object.__setattr__(resources, "settings", settings.model_copy(update={"on_unknown": "retry"}))
    sandbox.script("openai.generate", {"do": "drop_after"})
    waiting = await worked()
    assert waiting.status is JobStatus.QUEUED
    done = await worked(waiting)
    assert (done.status, done.charged) == (JobStatus.SUCCEEDED, Charged.TRUE)
    assert [attempt["outcome"] for attempt in await attempts(resources)] == [Outcome.UNKNOWN, Outcome.PAINTED]
    assert len(paintings(sandbox)) == 2


async def test_a_second_ambiguous_answer_ends_it_even_then(
    sandbox: SandboxServer, resources: WorkerResources, worked: Working
) -> None:
    object.__setattr__(resources, "settings", resources.settings.model_copy(update={"on_unknown": "retry"}))
    sandbox.script("openai.generate", {"do": "drop_after", "times": 2})
    waiting = await worked()
    ended = await worked(waiting)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, JobError.OUTCOME_UNKNOWN)


async def test_a_vendor_that_cannot_be_reached_is_tried_again_for_free(
    settings: WorkerSettings, sandbox: SandboxServer, resources: WorkerResources, worked: Working
) -> None:
    unreachable = settings.model_copy(update={"openai_api_key": None, "sandbox_url": "http://127.0.0.1:9"})
    painter = type(resources.provider)(unreachable)  # type: ignore[call-arg]
    object.__setattr__(resources, "provider", painter)
    job = await worked()
    assert (job.status, job.error_code, job.failures) == (JobStatus.QUEUED, JobError.PROVIDER_UNAVAILABLE, 1)
    (attempt,) = await attempts(resources)
    assert (attempt["outcome"], attempt["charged"]) == (Outcome.FAILED, Charged.FALSE)
    await painter.close()


@pytest.mark.parametrize("broken", ["garbage", "truncated"])
async def test_broken_bytes_end_the_job_and_were_paid(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, broken: str
) -> None:
    sandbox.script("openai.generate", {"do": "broken_bytes", "broken": broken})
    job = await worked()
    assert (job.status, job.error_code, job.charged) == (
        JobStatus.FAILED,
        JobError.BAD_PROVIDER_IMAGE,
        Charged.TRUE,
    )
    assert await ledger.staged(resources.db, job.id) is None


async def test_an_answer_that_is_no_json_may_have_been_paid(worked: Working, sandbox: SandboxServer) -> None:
    sandbox.script("openai.generate", {"do": "not_json"})
    job = await worked()
    assert (job.error_code, job.charged) == (JobError.BAD_PROVIDER_IMAGE, Charged.UNKNOWN)


@pytest.mark.parametrize(
    "do", ["500", pytest.param("hang", marks=pytest.mark.times_out("store")), "drop_before", "429", "auth"]
)
async def test_a_picture_outlives_a_store_that_is_down(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("cloudinary.upload", {"do": do})
    waiting = await worked()
    assert (waiting.status, waiting.stage, waiting.error_code) == (
        JobStatus.QUEUED,
        Stage.STORING,
        JobError.STORAGE_UNAVAILABLE,
    )
    assert await ledger.staged(resources.db, waiting.id)
    done = await worked(waiting)
    assert done.status is JobStatus.SUCCEEDED
    assert len(paintings(sandbox)) == 1, "painted once, stored later"


async def test_a_paid_picture_waits_for_the_store_longer_than_any_patience(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    object.__setattr__(resources, "settings", resources.settings.model_copy(update={"patience": 0.001}))
    sandbox.script("cloudinary.upload", {"do": "500"})
    waiting = await worked()
    assert (waiting.status, waiting.error_code) == (JobStatus.QUEUED, JobError.STORAGE_UNAVAILABLE)
    assert (await worked(waiting)).status is JobStatus.SUCCEEDED


async def dies_after(resources: WorkerResources, job: JobRow, *, spilled: bool) -> None:
    """What a worker leaves that is killed inside its call (False) or right after its bytes were kept (True)."""
    attempt_id = await ledger.begin(resources.db, job)
    assert attempt_id is not None
    if spilled:
        painting = await resources.provider.generate(
            job.prompt, {"model": job.model, "size": job.size, "quality": "high"}, attempt_id
        )
        await jobs.mark_storing(resources.db, job.id, job.attempt)
        async with resources.db.acquire() as connection:
            receipt = ledger.Receipt("req", 10, 1756, 52_730)
            await ledger.generated(connection, attempt_id, job, receipt, painting.data)
    await resources.db.execute("update jobs set lease_until = now() - interval '1 s' where id = $1", job.id)
    assert len(await jobs.recover(resources.db, 6)) == 1


async def test_recovery_after_a_death_inside_the_call_ends_unknown(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    await accept(resources)
    await dies_after(resources, await claim(resources), spilled=False)
    job = await worked(await jobs.get(resources.db, (await attempts(resources))[0]["job_id"]))
    assert (job.status, job.error_code, job.charged) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
    )
    assert len(sandbox.ledger(target="cloudinary.lookup")) == 1, "it looked in the store first"
    assert paintings(sandbox) == []


async def test_recovery_finds_what_was_stored_before_the_death(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    await accept(resources)
    job = await claim(resources)
    attempt_id = await ledger.begin(resources.db, job)
    assert attempt_id is not None
    parameters = {"model": job.model, "size": job.size, "quality": "high", "output_format": "jpeg"}
    painting = await resources.provider.generate(job.prompt, parameters, attempt_id)
    note = {"id": str(attempt_id), "cost_micros": "52730", "sha256": "ab"}
    await resources.store.put(run_job._name(job), painting.data, note)
    await resources.db.execute("update jobs set lease_until = now() - interval '1 s'")
    await jobs.recover(resources.db, 6)
    done = await worked(job)
    assert (done.status, done.charged, done.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, 52_730)
    assert len(paintings(sandbox)) == 1
    assert await resources.db.fetchval("select sha256 from images") == "ab"


async def test_recovery_stores_what_was_kept_before_the_death(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    await accept(resources)
    await dies_after(resources, await claim(resources), spilled=True)
    done = await worked(await jobs.get(resources.db, (await attempts(resources))[0]["job_id"]))
    assert done.status is JobStatus.SUCCEEDED
    assert len(paintings(sandbox)) == 1


async def in_the_call(resources: WorkerResources, sandbox: SandboxServer) -> "tuple[JobRow, asyncio.Task[None]]":
    """A job whose call hangs at the vendor."""
    sandbox.script("openai.generate", {"do": "hang"})
    await accept(resources)
    job = await claim(resources)
    working = asyncio.create_task(run_job.run(resources, job, ""))
    async with asyncio.timeout(5):
        while not sandbox.ledger(target="openai.generate"):
            await asyncio.sleep(0.01)
    return job, working


async def test_a_cancel_stops_the_call_and_says_that_it_may_have_cost(
    resources: WorkerResources, sandbox: SandboxServer
) -> None:
    job, working = await in_the_call(resources, sandbox)
    await jobs.cancel(resources.db, job.id, [1])
    resources.leases.renew_soon()
    await working
    ended = await jobs.get(resources.db, job.id)
    assert (ended.status, ended.charged) == (JobStatus.CANCELED, Charged.UNKNOWN)
    assert [attempt["outcome"] for attempt in await attempts(resources)] == [Outcome.UNKNOWN]


@pytest.mark.times_out("vendor")
async def test_who_lost_the_lease_writes_nothing(resources: WorkerResources, sandbox: SandboxServer) -> None:
    job, working = await in_the_call(resources, sandbox)
    await resources.db.execute("update jobs set lease_until = now() - interval '1 s'")
    await jobs.recover(resources.db, 6)
    before = await resources.db.fetchrow("select * from jobs")
    resources.leases.renew_soon()
    await working
    assert await resources.db.fetchrow("select * from jobs") == before
    assert (await jobs.get(resources.db, job.id)).status is JobStatus.QUEUED


async def test_a_shutdown_inside_the_call_is_said_not_hidden(
    resources: WorkerResources, sandbox: SandboxServer
) -> None:
    job, working = await in_the_call(resources, sandbox)
    for lease in resources.leases.all():
        lease.stop(Stop.SHUTDOWN)
    await working
    ended = await jobs.get(resources.db, job.id)
    assert (ended.status, ended.error_code, ended.charged) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
    )


@pytest.mark.times_out("store")
async def test_a_shutdown_while_storing_hands_the_job_on(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("cloudinary.upload", {"do": "hang"})
    await accept(resources)
    job = await claim(resources)
    working = asyncio.create_task(run_job.run(resources, job, ""))
    async with asyncio.timeout(5):
        while not sandbox.ledger(target="cloudinary.upload"):
            await asyncio.sleep(0.01)
    for lease in resources.leases.all():
        lease.stop(Stop.SHUTDOWN)
    await working
    released = await jobs.get(resources.db, job.id)
    assert (released.status, released.failures, released.losses) == (JobStatus.QUEUED, 0, 0)
    done = await worked(released)
    assert done.status is JobStatus.SUCCEEDED
    assert len(paintings(sandbox)) == 1


async def test_a_model_that_left_the_catalogue_waits_for_the_operator(
    resources: WorkerResources, worked: Working
) -> None:
    job = await worked(model="dall-e-3")
    assert (job.status, job.error_code) == (JobStatus.QUEUED, JobError.MODEL_RETIRED)
