"""How a job ends without a picture, or waits: every way but success, and the ledger before each of them."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID

from prometheus_client import Counter

from generation_worker.circuit_breaker import OpenCircuit
from generation_worker.leases import Lease, Stop
from generation_worker.paid import forgotten, until_postgres_answers
from generation_worker.providers import base
from generation_worker.providers.base import Whose
from generation_worker.resources import WorkerResources
from shared.catalog.catalogue import Catalogue
from shared.db import jobs, ledger, unreadable_answers
from shared.db.pool import transaction
from shared.db.tables import JobError, JobRow, JobStatus, Outcome
from shared.observability import log
from shared.storage.store import StoreBusy, StoreError, StoreMisconfigured

CALLS = Counter("darkroom_vendor_calls_total", "Vendor calls by outcome", ["model", "outcome"])

COST = Counter("darkroom_vendor_cost_dollars_total", "Known cost of vendor calls", ["model"])
ENDED = Counter("darkroom_jobs_ended_total", "Jobs that ended", ["status", "error"])

_LONGEST_DELAY = 60.0
_HELD_BACK_DELAY = 2.0
_KEPT_BACK_DELAY = 1.0

_UNKNOWN = (
    "The vendor was asked for the picture and it cannot be known whether it made, and charged for, one. "
    "It was not asked again"
)


def start_counters_at_zero(catalogue: Catalogue) -> None:
    """Every counter there can be begins at 0: of one that is first seen at 1, `increase()` does not see the step."""
    for model in catalogue.models:
        COST.labels(model.name)
        for outcome in set(Outcome) - {Outcome.IN_FLIGHT}:
            CALLS.labels(model.name, outcome)
    for status in (JobStatus.SUCCEEDED, JobStatus.CANCELED):
        ENDED.labels(status, "")
    for error in JobError:
        ENDED.labels(JobStatus.FAILED, error)


async def provider_failed(
    resources: WorkerResources, job: JobRow, attempt_id: UUID, failure: base.ProviderError
) -> JobRow | None:
    """The ledger first, then what the table says follows."""
    outcome = _OUTCOMES.get(type(failure), Outcome.FAILED)
    CALLS.labels(job.model, outcome).inc()
    log.get().warning("call.failed", outcome=outcome.value, word=failure.word, charged=failure.charged.value)

    async def settle() -> None:
        if isinstance(failure, base.UnreadableImage):
            await unreadable_answers.keep(resources.db, attempt_id, job, str(failure), failure.answer)
        known = await ledger.settle(
            resources.db, attempt_id, job, outcome, failure.charged,
            detail=failure.word, provider_request_id=failure.request_id,
        )  # fmt: skip
        if not known:
            forgotten(attempt_id)

    await until_postgres_answers(settle)
    if isinstance(failure, base.ProviderRefused):
        resources.circuit_breaker.end(job)
    match failure:
        case base.ProviderBusy():
            delay = failure.retry_after if failure.retry_after is not None else _backoff(job.attempt)
            delay = await resources.rate_limiter.close(delay)
            return await _snooze_or_fail(resources, job, failure.error, str(failure), delay)
        case base.ProviderMisconfigured():
            return await misconfigured(resources, job, failure.error, str(failure), failure.whose)
        case base.NotSent():
            return await _retry(resources, job, failure.error, str(failure))
        case base.OutcomeUnknown():
            before = await until_postgres_answers(lambda: ledger.unknowns(resources.db, job.id))
            if resources.settings.on_unknown == "retry" and before <= 1:
                return await _snooze_or_fail(resources, job, failure.error, str(failure), _backoff(job.attempt))
            return await unknown(resources, job)
        case _:
            return await fail(resources, job, failure.error, str(failure))


_OUTCOMES = {base.ProviderRefused: Outcome.REFUSED, base.OutcomeUnknown: Outcome.UNKNOWN}


async def unknown(resources: WorkerResources, job: JobRow) -> JobRow | None:
    """A call may have been paid, and nobody can know: said instead of guessed. Unless its picture has come meanwhile,
    from a worker that had lost the job: then it waits to be stored."""

    async def end() -> JobRow | None:
        async with transaction(resources.db) as connection:
            await jobs.lock(connection, job.id)  # Who hands a picture in locks it too: one of us sees the other.
            if await ledger.staged(connection, job.id) is not None:
                return await jobs.release(connection, job.id, job.attempt)
            return await jobs.fail(connection, job.id, job.attempt, JobError.OUTCOME_UNKNOWN, _UNKNOWN)

    return await until_postgres_answers(end)


async def wait_for_store(resources: WorkerResources, job: JobRow, gone: StoreError) -> JobRow | None:
    """The picture is safe in Postgres, or nobody knows whether the store has it: stored later, as long as it takes, and
    never painted again. What is paid for does not end without its picture because of a store that is away for long."""
    if isinstance(gone, StoreMisconfigured):
        log.get().error("store.misconfigured", detail=str(gone))
        delay = resources.settings.misconfigured_pause
    else:
        delay = (gone.retry_after if isinstance(gone, StoreBusy) else None) or _backoff(job.attempt)
    return await _not_now(resources, job, JobError.STORAGE_UNAVAILABLE, "The picture store is down", delay)


async def misconfigured(
    resources: WorkerResources, job: JobRow, error: JobError, detail: str, whose: Whose
) -> JobRow | None:
    """Our own mistake: nobody's job fails for it, and what meets it too waits until it is mended or probed again."""
    delay = resources.circuit_breaker.begin(error, detail, job, whose)
    return await _not_now(resources, job, error, detail, delay)


async def kept_back(resources: WorkerResources, job: JobRow, token: str, open_circuit: OpenCircuit) -> JobRow | None:
    """Another job proves right now whether the mistake is mended: this one is claimed when that is known."""
    await resources.rate_limiter.give_back(token)
    delay = min(open_circuit.left, _KEPT_BACK_DELAY)
    return await _not_now(resources, job, open_circuit.reason, open_circuit.detail, delay)


async def held_back(resources: WorkerResources, job: JobRow, token: str) -> JobRow | None:
    """No call may begin while a paid picture cannot be written: this one was not made, and waits."""
    log.get().warning("call.held_back")
    await resources.rate_limiter.give_back(token)
    await until_postgres_answers(lambda: ledger.unsent(resources.db, job.id, job.attempt))
    detail = "Results cannot be written down right now, so nothing is asked of the vendor"
    return await _not_now(resources, job, JobError.STORAGE_UNAVAILABLE, detail, _HELD_BACK_DELAY)


async def database_away(resources: WorkerResources, job: JobRow, lease: Lease) -> JobRow | None:
    """Postgres did not take a step of the work: when it answers again, another claim begins where this one stopped."""

    async def release() -> JobRow | None:
        if lease.sent:
            await _interrupt(resources, job, "database_unavailable")
        else:  # `begin` may have been committed without our knowing, but the call was not made.
            await ledger.unsent(resources.db, job.id, job.attempt)
        return await jobs.release(resources.db, job.id, job.attempt)

    async with asyncio.timeout(resources.settings.job_timeout):
        return await until_postgres_answers(release)


async def _snooze_or_fail(
    resources: WorkerResources, job: JobRow, error: JobError, detail: str, delay: float
) -> JobRow | None:
    age = (datetime.now(UTC) - job.created_at).total_seconds()
    if age + delay > resources.settings.patience:
        return await fail(resources, job, error, f"{detail}; it waited {age:.0f} s")
    return await _not_now(resources, job, error, detail, delay)


async def _not_now(
    resources: WorkerResources, job: JobRow, error: JobError, detail: str, delay: float
) -> JobRow | None:
    return await until_postgres_answers(
        lambda: jobs.snooze(resources.db, job.id, job.attempt, error, detail, delay=delay)
    )


async def _retry(resources: WorkerResources, job: JobRow, error: JobError, detail: str) -> JobRow | None:
    """Counted as a failure of the job, so that a poison one ends."""
    return await until_postgres_answers(
        lambda: jobs.retry(
            resources.db, job.id, job.attempt, error, detail,
            delay=_backoff(job.failures), most=resources.settings.max_failures,
        )
    )  # fmt: skip


async def fail(resources: WorkerResources, job: JobRow, error: JobError, detail: str) -> JobRow | None:
    """For good."""
    return await until_postgres_answers(lambda: jobs.fail(resources.db, job.id, job.attempt, error, detail))


async def bad_picture(resources: WorkerResources, job: JobRow, detail: str) -> JobRow | None:
    """For good; the bytes are set aside in the same transaction: an open job without them would be painted again."""

    async def fail_and_set_aside() -> JobRow | None:
        async with transaction(resources.db) as connection:
            failed = await jobs.fail(connection, job.id, job.attempt, JobError.BAD_PROVIDER_IMAGE, detail)
            if failed is not None:
                await unreadable_answers.set_aside(connection, job, detail)
                await ledger.unstage(connection, job.id)
        return failed

    return await until_postgres_answers(fail_and_set_aside)


async def stopped(resources: WorkerResources, job: JobRow, lease: Lease) -> JobRow | None:
    """The work was cancelled. A call in the air has an unknown outcome, and is said to."""
    if lease.stopped is None:  # Not by us.
        return await crashed(resources, job)
    why = lease.stopped

    async def say() -> JobRow | None:
        cut = lease.sent and await _interrupt(resources, job, why.value)
        if not lease.sent:  # `begin` may have been committed, but the call was not made.
            await ledger.unsent(resources.db, job.id, job.attempt)
        if why is Stop.CANCELED:
            return await jobs.canceled(resources.db, job.id, job.attempt)
        # A picture that is in the store and not in the ledger is found there by the next attempt.
        if cut and not lease.safe and resources.settings.on_unknown == "fail":
            return await unknown(resources, job)
        return await jobs.release(resources.db, job.id, job.attempt)

    async with asyncio.timeout(resources.settings.database_timeout):
        return await until_postgres_answers(say)


async def crashed(resources: WorkerResources, job: JobRow) -> JobRow | None:
    """A defect of ours: counted, and a call that was in the air is unknown."""
    async with asyncio.timeout(resources.settings.job_timeout):
        await until_postgres_answers(lambda: _interrupt(resources, job, "crashed"))
        return await _retry(resources, job, JobError.WORKER_LOST, "Something broke on our side")


async def _interrupt(resources: WorkerResources, job: JobRow, why: str) -> bool:
    """Says and counts that a call in the air, if there is one, was cut and has an unknown outcome."""
    cut = await ledger.interrupt(resources.db, job.id, job.attempt, detail=why)
    if cut:
        CALLS.labels(job.model, Outcome.UNKNOWN).inc()
    return cut


async def not_begun(resources: WorkerResources, job: JobRow) -> JobRow | None:
    """The ledger took no row for a call: a client has asked to cancel the job, or another attempt owns it."""
    now = await jobs.get(resources.db, job.id)
    if now.cancel_requested_at is None or now.attempt != job.attempt or now.final:
        return None
    return await jobs.canceled(resources.db, job.id, job.attempt)


def go_on() -> None:
    """The current task caught its cancellation and goes on working.

    Before Python 3.11.3 every later `asyncio.timeout` would raise CancelledError instead of TimeoutError otherwise.
    """
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


def _backoff(times: int) -> float:
    """1, 2, 4 … 60 seconds, with up to a quarter off so that a crowd spreads."""
    return min(_LONGEST_DELAY, 2.0 ** min(times, 10)) * random.uniform(0.75, 1.0)
