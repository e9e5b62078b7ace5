"""Each verb does its work, and each of its guards holds once it is violated."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import asyncpg
import pytest

from shared.db import jobs, ledger, new_jobs
from shared.db.new_jobs import NewJob
from shared.db.pool import Pool, transaction
from shared.db.tables import Charged, JobError, JobRow, JobStatus, Outcome, Stage
from shared.domain.errors import AlreadyFinished, IdempotencyKeyReused, NotFound
from shared.domain.ids import new_id

LEASE = 30.0
Wishing = Callable[..., NewJob]


async def accepted(db: Pool, new_job: NewJob) -> JobRow:
    job, _ = await new_jobs.create(db, new_job)
    return job


async def claimed(db: Pool, new_job: NewJob, lease: float = LEASE) -> JobRow:
    await accepted(db, new_job)
    (job,) = await jobs.claim(db, 1, lease)
    return job


async def expire_lease(db: Pool, job_id: UUID) -> None:
    await db.execute("update jobs set lease_until = now() - interval '1 s' where id = $1", job_id)


async def lost_to_another_attempt(db: Pool, job: JobRow) -> JobRow:
    """Its lease passes, recovery takes it away, somebody else claims it."""
    await expire_lease(db, job.id)
    assert [found.id for found in await jobs.recover(db, 6)] == [job.id]
    (again,) = await jobs.claim(db, 1, LEASE)
    assert (again.id, again.attempt, again.losses) == (job.id, job.attempt + 1, 1)
    return again


RECEIPT = ledger.Receipt("req", 10, 1756, 52_730)


async def kept(db: Pool, job: JobRow) -> None:
    attempt_id = await ledger.begin(db, job)
    assert attempt_id is not None
    async with transaction(db) as connection:
        assert await jobs.mark_storing(connection, job.id, job.attempt)
        await ledger.generated(connection, attempt_id, job, RECEIPT, b"picture")


async def test_create_writes_a_waiting_job(db: Pool, new_job: Wishing) -> None:
    job, replayed = await new_jobs.create(db, new_job(deadline_seconds=60))
    assert (job.status, job.stage, job.revision, replayed) == (JobStatus.QUEUED, Stage.WAITING, 1, False)
    assert job.deadline_at is not None
    assert 59 < (job.deadline_at - job.created_at).total_seconds() <= 61


async def test_the_same_key_and_body_give_the_first_job_again(db: Pool, new_job: Wishing) -> None:
    first = await accepted(db, new_job(idempotency_key="k"))
    again, replayed = await new_jobs.create(db, new_job(idempotency_key="k"))
    assert (again.id, replayed) == (first.id, True)


async def test_the_same_key_with_another_body_is_refused(db: Pool, new_job: Wishing) -> None:
    await accepted(db, new_job(idempotency_key="k"))
    with pytest.raises(IdempotencyKeyReused):
        await new_jobs.create(db, new_job(idempotency_key="k", body_hash="other"))


async def test_a_key_belongs_to_its_business(db: Pool, new_job: Wishing) -> None:
    first = await accepted(db, new_job(idempotency_key="k"))
    other = await accepted(db, new_job(2, idempotency_key="k"))
    assert first.id != other.id


async def test_fifty_at_once_with_one_key_make_one_job(db: Pool, new_job: Wishing) -> None:
    made = await asyncio.gather(*(new_jobs.create(db, new_job(idempotency_key="k")) for _ in range(50)))
    assert len({job.id for job, _ in made}) == 1
    assert sum(not replayed for _, replayed in made) == 1


async def test_claim_takes_a_due_job_once(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    assert (job.status, job.stage, job.attempt) == (JobStatus.RUNNING, Stage.GENERATING, 1)
    assert job.started_at is not None
    assert await jobs.claim(db, 1, LEASE) == []


async def test_claim_leaves_a_job_that_is_not_due(db: Pool, new_job: Wishing) -> None:
    job = await accepted(db, new_job())
    await db.execute("update jobs set due_at = now() + interval '1 min' where id = $1", job.id)
    assert await jobs.claim(db, 1, LEASE) == []


async def test_claim_leaves_a_job_whose_deadline_passed(db: Pool, new_job: Wishing) -> None:
    job = await accepted(db, new_job(deadline_seconds=1))
    await db.execute("update jobs set deadline_at = now() - interval '1 s' where id = $1", job.id)
    assert await jobs.claim(db, 1, LEASE) == []


async def test_many_claimers_never_take_one_job_twice(db: Pool, new_job: Wishing) -> None:
    for number in range(40):
        await accepted(db, new_job(1 + number % 3))

    async def claimer() -> list[UUID]:
        mine: list[UUID] = []
        while found := await jobs.claim(db, 2, LEASE):
            mine += [job.id for job in found]
        return mine

    taken = [job_id for mine in await asyncio.gather(*(claimer() for _ in range(8))) for job_id in mine]
    assert len(taken) == len(set(taken))
    rest = await jobs.claim(db, 40, LEASE)  # A claimer may leave while another one holds the last rows.
    assert len(taken) + len(rest) == 40


async def test_a_business_with_many_waiting_jobs_does_not_delay_another(db: Pool, new_job: Wishing) -> None:
    for _ in range(200):
        await accepted(db, new_job(1))
    running = await jobs.claim(db, 5, LEASE)
    assert {job.business_id for job in running} == {1}
    late = await accepted(db, new_job(2))
    (next_one,) = await jobs.claim(db, 1, LEASE)
    assert next_one.id == late.id


async def test_claims_are_shared_evenly_and_in_order(db: Pool, new_job: Wishing) -> None:
    made = {business: [await accepted(db, new_job(business)) for _ in range(6)] for business in (1, 2, 3)}
    taken = await jobs.claim(db, 6, LEASE)
    for business, theirs in made.items():
        mine = {job.id for job in taken if job.business_id == business}
        assert mine == {theirs[0].id, theirs[1].id}


async def test_businesses_take_turns_where_only_one_call_at_a_time_is_allowed(db: Pool, new_job: Wishing) -> None:
    for business in (1, 1, 1, 1, 2, 2):
        await accepted(db, new_job(business))
    served = []
    for _ in range(4):
        (job,) = await jobs.claim(db, 1, LEASE)
        assert await ledger.begin(db, job)
        await jobs.fail(db, job.id, job.attempt, JobError.CONTENT_POLICY, "no")
        served.append(job.business_id)
    assert served == [1, 2, 1, 2]


async def test_renew_extends_and_tells_of_a_cancel_mark(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    (held,) = await jobs.renew(db, [(job.id, job.attempt)], LEASE)
    assert not held.cancel_requested
    await jobs.cancel(db, job.id, [1])
    (held,) = await jobs.renew(db, [(job.id, job.attempt)], LEASE)
    assert held.cancel_requested


async def test_a_lost_lease_is_not_renewed(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    await lost_to_another_attempt(db, job)
    assert await jobs.renew(db, [(job.id, job.attempt)], LEASE) == []


async def test_finish_says_what_it_cost(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    await kept(db, job)
    done = await jobs.finish(db, job.id, job.attempt, new_id())
    assert done is not None
    assert (done.status, done.stage, done.actual_micros, done.charged) == (
        JobStatus.SUCCEEDED,
        Stage.DONE,
        52_730,
        Charged.TRUE,
    )


@pytest.mark.parametrize("verb", ["finish", "mark_storing", "fail", "retry", "snooze", "release", "canceled"])
async def test_a_fenced_worker_changes_nothing(db: Pool, new_job: Wishing, verb: str) -> None:
    old = await claimed(db, new_job())
    current = await lost_to_another_attempt(db, old)
    code = JobError.PROVIDER_UNAVAILABLE
    calls = {
        "finish": lambda: jobs.finish(db, old.id, old.attempt, new_id()),
        "mark_storing": lambda: jobs.mark_storing(db, old.id, old.attempt),
        "fail": lambda: jobs.fail(db, old.id, old.attempt, code, ""),
        "retry": lambda: jobs.retry(db, old.id, old.attempt, code, "", delay=1, most=3),
        "snooze": lambda: jobs.snooze(db, old.id, old.attempt, code, "", delay=1),
        "release": lambda: jobs.release(db, old.id, old.attempt),
        "canceled": lambda: jobs.canceled(db, old.id, old.attempt),
    }
    assert await calls[verb]() is None
    assert await jobs.get(db, old.id) == current


@pytest.mark.parametrize("verb", ["finish", "mark_storing", "fail", "retry", "snooze", "release", "canceled"])
async def test_a_final_job_changes_no_more(db: Pool, new_job: Wishing, verb: str) -> None:
    job = await claimed(db, new_job())
    ended = await jobs.fail(db, job.id, job.attempt, JobError.CONTENT_POLICY, "no")
    code = JobError.PROVIDER_UNAVAILABLE
    calls = {
        "finish": lambda: jobs.finish(db, job.id, job.attempt, new_id()),
        "mark_storing": lambda: jobs.mark_storing(db, job.id, job.attempt),
        "fail": lambda: jobs.fail(db, job.id, job.attempt, code, ""),
        "retry": lambda: jobs.retry(db, job.id, job.attempt, code, "", delay=1, most=3),
        "snooze": lambda: jobs.snooze(db, job.id, job.attempt, code, "", delay=1),
        "release": lambda: jobs.release(db, job.id, job.attempt),
        "canceled": lambda: jobs.canceled(db, job.id, job.attempt),
    }
    assert await calls[verb]() is None
    assert await jobs.get(db, job.id) == ended
    assert await jobs.renew(db, [(job.id, job.attempt)], LEASE) == []
    await expire_lease_is_refused(db, job.id)


async def expire_lease_is_refused(db: Pool, job_id: UUID) -> None:
    """The database itself refuses a lease on a job that does not run."""
    with pytest.raises(asyncpg.CheckViolationError):
        await expire_lease(db, job_id)


async def test_retry_waits_and_gives_up_after_the_last_failure(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    code = JobError.PROVIDER_UNAVAILABLE
    waiting = await jobs.retry(db, job.id, job.attempt, code, "down", delay=30, most=2)
    assert waiting is not None
    assert (waiting.status, waiting.failures, waiting.error_code) == (JobStatus.QUEUED, 1, code)
    assert await jobs.claim(db, 1, LEASE) == []
    await db.execute("update jobs set due_at = now() where id = $1", job.id)
    (again,) = await jobs.claim(db, 1, LEASE)
    ended = await jobs.retry(db, again.id, again.attempt, code, "down", delay=30, most=2)
    assert ended is not None
    assert (ended.status, ended.charged, ended.actual_micros) == (JobStatus.FAILED, Charged.FALSE, 0)


@pytest.mark.parametrize("verb", ["snooze", "release"])
async def test_snooze_and_release_touch_no_counter(db: Pool, new_job: Wishing, verb: str) -> None:
    job = await claimed(db, new_job())
    back = (
        await jobs.release(db, job.id, job.attempt)
        if verb == "release"
        else await jobs.snooze(db, job.id, job.attempt, JobError.PROVIDER_RATE_LIMITED, "busy", delay=0)
    )
    assert back is not None
    assert (back.status, back.failures, back.losses) == (JobStatus.QUEUED, 0, 0)
    (again,) = await jobs.claim(db, 1, LEASE)
    assert again.id == job.id


async def test_a_painted_job_waits_for_the_store_not_for_the_painter(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    await kept(db, job)
    back = await jobs.snooze(db, job.id, job.attempt, JobError.STORAGE_UNAVAILABLE, "down", delay=0)
    assert back is not None
    assert back.stage is Stage.STORING
    (again,) = await jobs.claim(db, 1, LEASE)
    assert again.stage is Stage.STORING
    assert await ledger.staged(db, job.id) == b"picture"


async def test_recover_leaves_a_living_lease_alone(db: Pool, new_job: Wishing) -> None:
    await claimed(db, new_job())
    assert await jobs.recover(db, 6) == []


async def test_recover_ends_a_job_that_kills_its_workers(db: Pool, new_job: Wishing) -> None:
    found = await accepted(db, new_job())
    for losses in (1, 2, 3):
        (job,) = await jobs.claim(db, 1, LEASE)
        await expire_lease(db, job.id)
        (found,) = await jobs.recover(db, 3)
        assert found.losses == losses
    assert (found.status, found.error_code, found.charged) == (
        JobStatus.FAILED,
        JobError.WORKER_LOST,
        Charged.FALSE,
    )


async def test_recover_makes_an_open_call_unknown(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    assert await ledger.begin(db, job)
    await lost_to_another_attempt(db, job)
    assert await ledger.unknowns(db, job.id) == 1


async def test_recover_cancels_what_nobody_wants_and_says_that_it_may_have_cost(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    assert await ledger.begin(db, job)
    await jobs.cancel(db, job.id, [1])
    await expire_lease(db, job.id)
    (ended,) = await jobs.recover(db, 6)
    assert (ended.status, ended.charged, ended.actual_micros) == (JobStatus.CANCELED, Charged.UNKNOWN, None)


async def test_expire_ends_only_what_never_started(db: Pool, new_job: Wishing) -> None:
    started = await claimed(db, new_job(deadline_seconds=60))
    await jobs.release(db, started.id, started.attempt)
    late = await accepted(db, new_job(deadline_seconds=60))
    await accepted(db, new_job())
    await db.execute("update jobs set deadline_at = now() - interval '1 s' where deadline_at is not null")
    (ended,) = await jobs.expire(db)
    assert (ended.id, ended.error_code, ended.charged) == (late.id, JobError.DEADLINE_PASSED, Charged.FALSE)


async def test_ring_comes_back_more_and_more_rarely(db: Pool, new_job: Wishing) -> None:
    job = await accepted(db, new_job())
    assert await jobs.mark_woken(db) == []
    await db.execute("update jobs set ring_at = now()")
    assert await jobs.mark_woken(db) == [job.id]
    assert await jobs.mark_woken(db) == []
    assert await db.fetchval("select rings from jobs") == 1
    assert 14 <= await db.fetchval("select extract(epoch from ring_at - now())::int from jobs") <= 30


async def test_cancel_before_start_is_free_and_final(db: Pool, new_job: Wishing) -> None:
    job = await accepted(db, new_job())
    ended = await jobs.cancel(db, job.id, [1])
    assert (ended.status, ended.charged, ended.actual_micros) == (JobStatus.CANCELED, Charged.FALSE, 0)
    assert await jobs.claim(db, 1, LEASE) == []
    assert (await jobs.cancel(db, job.id, [1])).status is JobStatus.CANCELED


async def test_cancel_of_a_running_job_only_marks_it(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    marked = await jobs.cancel(db, job.id, [1])
    assert marked.status is JobStatus.RUNNING
    assert marked.cancel_requested_at is not None
    assert await ledger.begin(db, job) is None


async def test_a_painted_job_is_not_canceled_it_is_paid(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    await kept(db, job)
    await jobs.snooze(db, job.id, job.attempt, JobError.STORAGE_UNAVAILABLE, "down", delay=0)
    assert (await jobs.cancel(db, job.id, [1])).status is JobStatus.QUEUED


async def test_cancel_knows_foreign_and_finished_jobs(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    with pytest.raises(NotFound):
        await jobs.cancel(db, job.id, [2])
    await jobs.fail(db, job.id, job.attempt, JobError.CONTENT_POLICY, "no")
    with pytest.raises(AlreadyFinished):
        await jobs.cancel(db, job.id, [1])


async def test_begin_is_fenced(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    await lost_to_another_attempt(db, job)
    assert await ledger.begin(db, job) is None


async def test_settle_leaves_what_recovery_wrote(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    attempt_id = await ledger.begin(db, job)
    assert attempt_id is not None
    await lost_to_another_attempt(db, job)
    await ledger.settle(db, attempt_id, job, Outcome.FAILED, Charged.FALSE, detail="late")
    assert await ledger.unknowns(db, job.id) == 1


async def test_success_after_an_unknown_call_is_charged_for_what_is_known(db: Pool, new_job: Wishing) -> None:
    job = await claimed(db, new_job())
    assert await ledger.begin(db, job)
    again = await lost_to_another_attempt(db, job)
    await kept(db, again)
    done = await jobs.finish(db, again.id, again.attempt, new_id())
    assert done is not None
    assert (done.charged, done.actual_micros) == (Charged.TRUE, 52_730)
