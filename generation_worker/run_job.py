"""One job, told as steps: find the picture or call for it, keep its bytes, store it, finish.

All other ends of a job are in `outcomes`.
"""

import asyncio
import hashlib
from datetime import UTC, datetime
from uuid import UUID

import structlog

from generation_worker import hosted, outcomes, picture
from generation_worker.leases import Lease
from generation_worker.paid import HeldBack
from generation_worker.providers.base import GeneratedImage, ProviderError, UnreadableImage, Whose
from generation_worker.resources import WorkerResources
from shared.catalog import tokens
from shared.catalog.catalogue import Choice
from shared.catalog.model import NotOffered
from shared.db import jobs, ledger
from shared.db.pool import DatabaseUnavailable
from shared.db.tables import JobError, JobRow, Outcome
from shared.observability import log
from shared.storage.store import StoreBusy, Stored, StoreDown, StoreMisconfigured, StoreRefused, storage_key


async def run(resources: WorkerResources, job: JobRow, token: str | None) -> None:
    """Does one claimed job to an end, or hands it back. `token` is its right to one vendor call; without one it is only
    stored, if its picture waits for that. Never raises."""
    structlog.contextvars.bind_contextvars(
        job_id=str(job.id), business_id=job.business_id, attempt=job.attempt, request_id=job.request_id
    )
    log.get().info("job.claimed", stage=job.stage.value, lost_workers=job.losses, failures=job.failures)
    changed = None
    with resources.leases.held(job) as lease:
        try:
            changed = await _guarded(resources, job, lease, token)
        except (Exception, asyncio.CancelledError) as gone:  # noqa: BLE001
            # Postgres stayed away, or does not take even the end. The lease ends by itself, and recovery decides by the
            # ledger.
            outcomes.go_on()
            log.get().error("job.left", error=type(gone).__name__, detail=str(gone)[:200])
            return
    if changed is None:
        log.get().warning("job.fenced")
        return
    await resources.notifier.publish(changed)
    if changed.final:
        outcomes.ENDED.labels(changed.status.value, changed.error_code.value if changed.error_code else "").inc()
    log.get().info(
        "job.changed",
        status=changed.status.value,
        error=changed.error_code,
        charged=changed.charged,
        cost_micros=changed.actual_micros,
    )


async def _guarded(resources: WorkerResources, job: JobRow, lease: Lease, token: str | None) -> JobRow | None:
    try:
        async with asyncio.timeout(resources.settings.job_timeout) as lease.deadline:
            return await _steps(resources, job, lease, token)
    except asyncio.CancelledError:
        outcomes.go_on()
        return await outcomes.stopped(resources, job, lease)
    except DatabaseUnavailable as gone:
        log.get().warning("job.handed_back", error=str(gone))
        return await outcomes.database_away(resources, job, lease)
    except TimeoutError:
        log.get().error("job.out_of_time", seconds=resources.settings.job_timeout)
        return await outcomes.crashed(resources, job)
    except Exception:  # noqa: BLE001
        # A defect of ours must not take the other jobs of this worker down.
        log.get().exception("job.crashed")
        return await outcomes.crashed(resources, job)


async def _steps(resources: WorkerResources, job: JobRow, lease: Lease, token: str | None) -> JobRow | None:
    """Each step either hands on what the next one needs or answers how the job was changed."""
    earlier = job.attempt > 1
    data = await ledger.staged(resources.db, job.id) if earlier else None
    unknown = await ledger.unknowns(resources.db, job.id) if earlier else 0
    if data is not None:
        await _give_back(resources, token)
        lease.paid = lease.safe = True
        return await _store(resources, job, data)
    if unknown:
        found = await _find_in_store(resources, job)
        if found is not None or resources.settings.on_unknown == "fail" or unknown > 1:
            await _give_back(resources, token)
            return await _not_asked_again(resources, job, lease, found)
    if token is None:
        return await jobs.release(resources.db, job.id, job.attempt)
    called = await _call(resources, job, lease, token)
    if not isinstance(called, bytes):
        return called
    lease.paid = lease.safe = True
    return await _store(resources, job, called)


async def _give_back(resources: WorkerResources, token: str | None) -> None:
    if token is not None:
        await resources.rate_limiter.give_back(token)


async def _not_asked_again(
    resources: WorkerResources,
    job: JobRow,
    lease: Lease,
    found: Stored | StoreDown | StoreBusy | StoreMisconfigured | None,
) -> JobRow | None:
    """After a call whose outcome is unknown: its picture, if the store has it, or the end."""
    if isinstance(found, Stored):
        lease.paid = lease.safe = True
        # An earlier attempt had stored it, with its bill beside it, before its worker died.
        image = picture.library_row(job, found, found.context.get("sha256", ""))
        return await resources.paid.finish(job, image, note=found.context)
    return (
        await outcomes.unknown(resources, job)
        if found is None
        else await outcomes.wait_for_store(resources, job, found)
    )


async def _call(resources: WorkerResources, job: JobRow, lease: Lease, token: str) -> bytes | JobRow | None:
    """The paid call, between two rows of the ledger."""
    if (open_circuit := resources.circuit_breaker.keeps_back(job)) is not None:
        return await outcomes.kept_back(resources, job, token, open_circuit)
    try:
        choice = resources.catalogue.choose(job.model, job.size, job.quality, datetime.now(UTC).date())
    except NotOffered as gone:
        await resources.rate_limiter.give_back(token)
        return await outcomes.misconfigured(resources, job, JobError.MODEL_RETIRED, gone.detail, Whose.MODEL)
    attempt_id = await _begin(resources, job, token)
    if not isinstance(attempt_id, UUID):
        return attempt_id
    try:
        generated = await _generate(resources, job, lease, choice, attempt_id)
    except ProviderError as failure:
        with lease.no_deadline():
            return await outcomes.provider_failed(resources, job, attempt_id, failure)
    receipt = _receipt(choice, generated)
    outcomes.CALLS.labels(job.model, Outcome.PAINTED).inc()
    outcomes.COST.labels(job.model).inc(receipt.cost_micros / 1_000_000)
    with lease.no_deadline():
        storing = await resources.paid.write_down(
            job, lease, attempt_id=attempt_id, receipt=receipt, data=generated.data
        )
    if storing is None:
        return None
    lease.safe = True
    await resources.notifier.publish(storing)
    await resources.rate_limiter.learn(generated.headers)
    return generated.data


async def _begin(resources: WorkerResources, job: JobRow, token: str) -> UUID | JobRow | None:
    """The call's row in the ledger; where no call may begin, how the job was changed."""
    try:
        attempt_id = await resources.paid.begin(job)
    except HeldBack:
        return await outcomes.held_back(resources, job, token)
    return attempt_id or await outcomes.not_begun(resources, job)


async def _generate(
    resources: WorkerResources, job: JobRow, lease: Lease, choice: Choice, attempt_id: UUID
) -> GeneratedImage:
    """The call, and the picture where the answer only names its address. Raises ProviderError.

    From its answer on the lease is paid: an answer of success is in hand like a picture, whatever it holds.
    """
    lease.sent = lease.calling = True
    try:
        generated = await resources.provider.generate(
            job.prompt, choice.provider_parameters(), attempt_id, choice.model.dialect
        )
        lease.paid = True
    except UnreadableImage:
        lease.paid = True
        raise
    finally:
        lease.calling = False
    resources.circuit_breaker.end(job)
    if generated.address:
        with lease.no_deadline():
            generated = await hosted.bring(resources, job, attempt_id, generated, generated.address)
    return generated


def _receipt(choice: Choice, generated: GeneratedImage) -> ledger.Receipt:
    cost = choice.cost_micros(generated.usage)
    usage = generated.usage or {}
    return ledger.Receipt(
        provider_request_id=generated.request_id,
        input_tokens=tokens.count(usage, "input_tokens"),
        output_tokens=tokens.count(usage, "output_tokens"),
        cost_micros=choice.unit_price_micros if cost is None else cost,
        estimated=cost is None,
    )


async def _find_in_store(
    resources: WorkerResources, job: JobRow
) -> Stored | StoreDown | StoreBusy | StoreMisconfigured | None:
    """A call whose outcome is unknown may have reached the store: look before anybody pays again."""
    try:
        return await resources.store.find(_name(job))
    except (StoreDown, StoreBusy, StoreMisconfigured) as gone:
        return gone


async def _store(resources: WorkerResources, job: JobRow, data: bytes) -> JobRow | None:
    """To the store under the job's own name, then image row and success in one transaction."""
    looked = await asyncio.to_thread(picture.look, data)
    sha256 = hashlib.sha256(data).hexdigest()
    if looked is None:
        return await outcomes.bad_picture(resources, job, "The vendor's bytes are not a whole picture")
    try:
        stored = await resources.store.put(
            _name(job), data, await ledger.note(resources.db, job.id) | {"sha256": sha256}
        )
    except (StoreBusy, StoreDown, StoreMisconfigured) as gone:
        return await outcomes.wait_for_store(resources, job, gone)
    except StoreRefused as refused:
        return await outcomes.fail(
            resources, job, JobError.BAD_PROVIDER_IMAGE, f"The picture store refused it: {refused}"
        )
    return await resources.paid.finish(job, picture.library_row(job, stored, sha256))


def _name(job: JobRow) -> str:
    """The picture's name in the store: from the job, so that a later attempt finds what an earlier one stored."""
    return storage_key(job.business_id, job.id)
