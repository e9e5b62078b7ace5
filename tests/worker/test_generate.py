"""One job against every fault of the two vendors: what it becomes, what the ledger says, how often was painted."""

import asyncio
from typing import Any

import asyncpg
import pytest

from generation_worker import generate
from generation_worker.lease import Stop
from generation_worker.pause import Pause
from generation_worker.tools import Tools
from shared.db import jobs, ledger
from shared.db.models import Charged, Job, JobError, JobStatus, Outcome, Stage
from shared.settings import WorkerSettings
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working, accept, claim, until


async def attempts(tools: Tools) -> list[asyncpg.Record]:
    return await tools.db.fetch("select * from attempts order by started_at")


def paintings(sandbox: SandboxServer) -> list[dict[str, Any]]:
    return [call for call in sandbox.ledger(target="openai.generate") if call["painted"]]


async def test_a_good_job_ends_with_one_image_and_the_true_bill(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    job = await worked(alt_text="a fox")
    assert (job.status, job.stage, job.charged) == (JobStatus.SUCCEEDED, Stage.DONE, Charged.TRUE)
    image = await tools.db.fetchrow("select * from images")
    assert image
    assert (image["job_id"], image["id"], image["alt_text"]) == (job.id, job.image_id, "a fox")
    (painted,) = paintings(sandbox)
    (attempt,) = await attempts(tools)
    assert attempt["cost_micros"] == painted["cost_micros"] == job.actual_micros
    assert str(attempt["id"]) == painted["client_request_id"]
    assert await ledger.spilled(tools.db, job.id) is None


REFUSALS = [
    ({"do": "moderation", "stage": "input"}, JobError.CONTENT_POLICY, Charged.FALSE),
    ({"do": "moderation", "stage": "output"}, JobError.CONTENT_POLICY, Charged.UNKNOWN),
]


@pytest.mark.parametrize(("fault", "error", "charged"), REFUSALS)
async def test_a_refusal_is_final_and_says_what_it_cost(
    tools: Tools, worked: Working, sandbox: SandboxServer, fault: dict[str, Any], error: JobError, charged: Charged
) -> None:
    sandbox.script("openai.generate", fault)
    job = await worked()
    assert (job.status, job.error_code, job.charged) == (JobStatus.FAILED, error, charged)
    assert job.error_detail
    (attempt,) = await attempts(tools)
    assert attempt["outcome"] == Outcome.REFUSED


@pytest.mark.parametrize("do", ["429", "slow_down", "503"])
async def test_a_busy_vendor_postpones_and_costs_nothing(
    tools: Tools, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do, "retry_after": 7})
    job = await worked()
    assert (job.status, job.failures, job.losses) == (JobStatus.QUEUED, 0, 0)
    wait = await tools.db.fetchval("select extract(epoch from due_at - now())::float8 from jobs")
    assert 5 < wait <= 7
    tokens, seconds = await tools.throttle.take()
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
    tools: Tools, worked: Working, sandbox: SandboxServer, do: str, reason: JobError
) -> None:
    object.__setattr__(tools, "pause", Pause(0.5))
    sandbox.script("openai.generate", {"do": do})
    job = await worked()
    assert (job.status, job.error_code, job.failures) == (JobStatus.QUEUED, reason, 0)
    assert tools.pause.reason is reason
    assert tools.pause.left > 0 or tools.pause.shut()
    standing = await jobs.standstill(tools.db)
    assert standing is not None
    assert standing.error_code is reason
    await until("the pause is over", lambda: not tools.pause.left and not tools.pause.shut())
    again = await worked(job)
    assert again.status is JobStatus.SUCCEEDED
    assert tools.pause.reason is None


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
    tools: Tools, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do})
    job = await worked()
    assert (job.status, job.error_code, job.charged, job.actual_micros) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
        None,
    )
    assert [attempt["outcome"] for attempt in await attempts(tools)] == [Outcome.UNKNOWN]
    assert len(sandbox.ledger(target="openai.generate")) == 1


async def test_the_operator_may_allow_one_more_paid_call(
    settings: WorkerSettings, sandbox: SandboxServer, tools: Tools, worked: Working
) -> None:
    object.__setattr__(tools, "settings", settings.model_copy(update={"on_unknown": "retry"}))
    sandbox.script("openai.generate", {"do": "drop_after"})
    waiting = await worked()
    assert waiting.status is JobStatus.QUEUED
    done = await worked(waiting)
    assert (done.status, done.charged) == (JobStatus.SUCCEEDED, Charged.TRUE)
    assert [attempt["outcome"] for attempt in await attempts(tools)] == [Outcome.UNKNOWN, Outcome.PAINTED]
    assert len(paintings(sandbox)) == 2


async def test_a_second_ambiguous_answer_ends_it_even_then(
    sandbox: SandboxServer, tools: Tools, worked: Working
) -> None:
    object.__setattr__(tools, "settings", tools.settings.model_copy(update={"on_unknown": "retry"}))
    sandbox.script("openai.generate", {"do": "drop_after", "times": 2})
    waiting = await worked()
    ended = await worked(waiting)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, JobError.OUTCOME_UNKNOWN)


async def test_a_vendor_that_cannot_be_reached_is_tried_again_for_free(
    settings: WorkerSettings, sandbox: SandboxServer, tools: Tools, worked: Working
) -> None:
    unreachable = settings.model_copy(update={"openai_api_key": None, "sandbox_url": "http://127.0.0.1:9"})
    painter = type(tools.painter)(unreachable)  # type: ignore[call-arg]
    object.__setattr__(tools, "painter", painter)
    job = await worked()
    assert (job.status, job.error_code, job.failures) == (JobStatus.QUEUED, JobError.PROVIDER_UNAVAILABLE, 1)
    (attempt,) = await attempts(tools)
    assert (attempt["outcome"], attempt["charged"]) == (Outcome.FAILED, Charged.FALSE)
    await painter.close()


@pytest.mark.parametrize("broken", ["garbage", "truncated"])
async def test_broken_bytes_end_the_job_and_were_paid(
    tools: Tools, worked: Working, sandbox: SandboxServer, broken: str
) -> None:
    sandbox.script("openai.generate", {"do": "broken_bytes", "broken": broken})
    job = await worked()
    assert (job.status, job.error_code, job.charged) == (
        JobStatus.FAILED,
        JobError.BAD_PROVIDER_IMAGE,
        Charged.TRUE,
    )
    assert await ledger.spilled(tools.db, job.id) is None


async def test_an_answer_that_is_no_json_may_have_been_paid(worked: Working, sandbox: SandboxServer) -> None:
    sandbox.script("openai.generate", {"do": "not_json"})
    job = await worked()
    assert (job.error_code, job.charged) == (JobError.BAD_PROVIDER_IMAGE, Charged.UNKNOWN)


@pytest.mark.parametrize(
    "do", ["500", pytest.param("hang", marks=pytest.mark.times_out("store")), "drop_before", "429", "auth"]
)
async def test_a_picture_outlives_a_store_that_is_down(
    tools: Tools, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("cloudinary.upload", {"do": do})
    waiting = await worked()
    assert (waiting.status, waiting.stage, waiting.error_code) == (
        JobStatus.QUEUED,
        Stage.STORING,
        JobError.STORAGE_UNAVAILABLE,
    )
    assert await ledger.spilled(tools.db, waiting.id)
    done = await worked(waiting)
    assert done.status is JobStatus.SUCCEEDED
    assert len(paintings(sandbox)) == 1, "painted once, stored later"


async def test_a_paid_picture_waits_for_the_store_longer_than_any_patience(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    object.__setattr__(tools, "settings", tools.settings.model_copy(update={"patience": 0.001}))
    sandbox.script("cloudinary.upload", {"do": "500"})
    waiting = await worked()
    assert (waiting.status, waiting.error_code) == (JobStatus.QUEUED, JobError.STORAGE_UNAVAILABLE)
    assert (await worked(waiting)).status is JobStatus.SUCCEEDED


async def dies_after(tools: Tools, job: Job, *, spilled: bool) -> None:
    """What a worker leaves that is killed inside its call (False) or right after its bytes were kept (True)."""
    attempt_id = await ledger.begin(tools.db, job)
    assert attempt_id is not None
    if spilled:
        painting = await tools.painter.paint(
            job.prompt, {"model": job.model, "size": job.size, "quality": "high"}, attempt_id
        )
        await jobs.keep(tools.db, job.id, job.attempt)
        async with tools.db.acquire() as connection:
            receipt = ledger.Receipt("req", 10, 1756, 52_730)
            await ledger.painted(connection, attempt_id, job, receipt, painting.data)
    await tools.db.execute("update jobs set lease_until = now() - interval '1 s' where id = $1", job.id)
    assert len(await jobs.recover(tools.db, 6)) == 1


async def test_recovery_after_a_death_inside_the_call_ends_unknown(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    await accept(tools)
    await dies_after(tools, await claim(tools), spilled=False)
    job = await worked(await jobs.get(tools.db, (await attempts(tools))[0]["job_id"]))
    assert (job.status, job.error_code, job.charged) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
    )
    assert len(sandbox.ledger(target="cloudinary.lookup")) == 1, "it looked in the store first"
    assert paintings(sandbox) == []


async def test_recovery_finds_what_was_stored_before_the_death(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    await accept(tools)
    job = await claim(tools)
    attempt_id = await ledger.begin(tools.db, job)
    assert attempt_id is not None
    parameters = {"model": job.model, "size": job.size, "quality": "high", "output_format": "jpeg"}
    painting = await tools.painter.paint(job.prompt, parameters, attempt_id)
    note = {"id": str(attempt_id), "cost_micros": "52730", "sha256": "ab"}
    await tools.store.put(generate._name(job), painting.data, note)
    await tools.db.execute("update jobs set lease_until = now() - interval '1 s'")
    await jobs.recover(tools.db, 6)
    done = await worked(job)
    assert (done.status, done.charged, done.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, 52_730)
    assert len(paintings(sandbox)) == 1
    assert await tools.db.fetchval("select sha256 from images") == "ab"


async def test_recovery_stores_what_was_kept_before_the_death(
    tools: Tools, worked: Working, sandbox: SandboxServer
) -> None:
    await accept(tools)
    await dies_after(tools, await claim(tools), spilled=True)
    done = await worked(await jobs.get(tools.db, (await attempts(tools))[0]["job_id"]))
    assert done.status is JobStatus.SUCCEEDED
    assert len(paintings(sandbox)) == 1


async def in_the_call(tools: Tools, sandbox: SandboxServer) -> "tuple[Job, asyncio.Task[None]]":
    """A job whose call hangs at the vendor."""
    sandbox.script("openai.generate", {"do": "hang"})
    await accept(tools)
    job = await claim(tools)
    working = asyncio.create_task(generate.work(tools, job, ""))
    async with asyncio.timeout(5):
        while not sandbox.ledger(target="openai.generate"):
            await asyncio.sleep(0.01)
    return job, working


async def test_a_cancel_stops_the_call_and_says_that_it_may_have_cost(tools: Tools, sandbox: SandboxServer) -> None:
    job, working = await in_the_call(tools, sandbox)
    await jobs.cancel(tools.db, job.id, [1])
    tools.leases.renew_soon()
    await working
    ended = await jobs.get(tools.db, job.id)
    assert (ended.status, ended.charged) == (JobStatus.CANCELED, Charged.UNKNOWN)
    assert [attempt["outcome"] for attempt in await attempts(tools)] == [Outcome.UNKNOWN]


@pytest.mark.times_out("vendor")
async def test_who_lost_the_lease_writes_nothing(tools: Tools, sandbox: SandboxServer) -> None:
    job, working = await in_the_call(tools, sandbox)
    await tools.db.execute("update jobs set lease_until = now() - interval '1 s'")
    await jobs.recover(tools.db, 6)
    before = await tools.db.fetchrow("select * from jobs")
    tools.leases.renew_soon()
    await working
    assert await tools.db.fetchrow("select * from jobs") == before
    assert (await jobs.get(tools.db, job.id)).status is JobStatus.QUEUED


async def test_a_shutdown_inside_the_call_is_said_not_hidden(tools: Tools, sandbox: SandboxServer) -> None:
    job, working = await in_the_call(tools, sandbox)
    for lease in tools.leases.all():
        lease.stop(Stop.SHUTDOWN)
    await working
    ended = await jobs.get(tools.db, job.id)
    assert (ended.status, ended.error_code, ended.charged) == (
        JobStatus.FAILED,
        JobError.OUTCOME_UNKNOWN,
        Charged.UNKNOWN,
    )


@pytest.mark.times_out("store")
async def test_a_shutdown_while_storing_hands_the_job_on(tools: Tools, worked: Working, sandbox: SandboxServer) -> None:
    sandbox.script("cloudinary.upload", {"do": "hang"})
    await accept(tools)
    job = await claim(tools)
    working = asyncio.create_task(generate.work(tools, job, ""))
    async with asyncio.timeout(5):
        while not sandbox.ledger(target="cloudinary.upload"):
            await asyncio.sleep(0.01)
    for lease in tools.leases.all():
        lease.stop(Stop.SHUTDOWN)
    await working
    released = await jobs.get(tools.db, job.id)
    assert (released.status, released.failures, released.losses) == (JobStatus.QUEUED, 0, 0)
    done = await worked(released)
    assert done.status is JobStatus.SUCCEEDED
    assert len(paintings(sandbox)) == 1


async def test_a_model_that_left_the_catalogue_waits_for_the_operator(tools: Tools, worked: Working) -> None:
    job = await worked(model="dall-e-3")
    assert (job.status, job.error_code) == (JobStatus.QUEUED, JobError.MODEL_RETIRED)
