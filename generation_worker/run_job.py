"""One job, told as steps: find or paint the picture, keep its bytes, store it, finish. Other ends are in `ends`."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import structlog

from generation_worker import hosted, library_entry, outcomes, paid, picture
from generation_worker.leases import Lease
from generation_worker.providers import openai
from generation_worker.providers.openai_errors import Whose
from generation_worker.resources import WorkerResources
from shared.catalog import tokens
from shared.catalog.catalogue import Choice, NotOffered
from shared.db import images, jobs, ledger, unreadable_answers
from shared.db.pool import DatabaseUnavailable, transaction
from shared.db.tables import JobError, JobRow, Outcome
from shared.observability import log
from shared.storage.store import StoreBusy, Stored, StoreDown, StoreMisconfigured, StoreRefused, public_id


async def run(resources: WorkerResources, job: JobRow, token: str | None) -> None:
    """Does one claimed job to an end, or hands it back. `token` is its right to one vendor call; without one it is only
    stored, if its picture waits for that. Never raises."""
    structlog.contextvars.bind_contextvars(
        job_id=str(job.id), business_id=job.business_id, attempt=job.attempt, request_id=job.request_id
    )
    log.get().info("job.claimed", stage=job.stage.value, losses=job.losses, failures=job.failures)
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
        found = await _look_in_store(resources, job)
        if found is not None or resources.settings.on_unknown == "fail" or unknown > 1:
            await _give_back(resources, token)
            return await _not_asked_again(resources, job, lease, found)
    if token is None:
        return await jobs.release(resources.db, job.id, job.attempt)
    painted = await _paint(resources, job, lease, token)
    if not isinstance(painted, bytes):
        return painted
    lease.paid = lease.safe = True
    return await _store(resources, job, painted)


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
        return await _finish(resources, job, found, found.context.get("sha256", ""), note=found.context)
    return (
        await outcomes.unknown(resources, job)
        if found is None
        else await outcomes.wait_for_store(resources, job, found)
    )


async def _paint(resources: WorkerResources, job: JobRow, lease: Lease, token: str) -> bytes | JobRow | None:
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
        painting = await _generate(resources, job, lease, choice, attempt_id)
    except openai.ProviderError as nothing:
        with lease.no_deadline():
            return await outcomes.provider_failed(resources, job, attempt_id, nothing)
    receipt = _receipt(choice, painting)
    outcomes.CALLS.labels(job.model, Outcome.PAINTED).inc()
    outcomes.COST.labels(job.model).inc(receipt.cost_micros / 1_000_000)
    with lease.no_deadline():
        kept = await paid.write_down(resources, job, lease, attempt_id=attempt_id, receipt=receipt, data=painting.data)
    if kept is None:
        return None
    lease.safe = True
    await resources.notifier.publish(kept)
    await resources.rate_limiter.learn(painting.headers)
    return painting.data


async def _generate(
    resources: WorkerResources, job: JobRow, lease: Lease, choice: Choice, attempt_id: UUID
) -> openai.GeneratedImage:
    """The call, and the picture where the answer only names its address. Raises ProviderError.

    From its answer on the lease is paid: an answer of success is in hand like a picture, whatever it holds.
    """
    lease.sent = lease.calling = True
    try:
        painting = await resources.provider.generate(
            job.prompt, choice.provider_parameters(), attempt_id, choice.model.dialect
        )
        lease.paid = True
    except openai.UnreadableImage:
        lease.paid = True
        raise
    finally:
        lease.calling = False
    resources.circuit_breaker.end(job)
    if painting.address:
        with lease.no_deadline():
            painting = await hosted.bring(resources, job, attempt_id, painting, painting.address)
    return painting


async def _begin(resources: WorkerResources, job: JobRow, token: str) -> UUID | JobRow | None:
    """The call's row in the ledger; where no call may begin, how the job was changed."""
    if not await resources.write_gate.open():
        return await outcomes.gate_closed(resources, job, token)
    attempt_id = await ledger.begin(resources.db, job)
    if attempt_id is None:
        return (
            await jobs.canceled(resources.db, job.id, job.attempt) if await outcomes.unwanted(resources, job) else None
        )
    if resources.write_gate.closed:  # Another job's picture met a Postgres that takes no more, in this very moment.
        return await outcomes.gate_closed(resources, job, token)
    return attempt_id


def _receipt(choice: Choice, painting: openai.GeneratedImage) -> ledger.Receipt:
    cost = choice.cost_micros(painting.usage)
    usage = painting.usage or {}
    return ledger.Receipt(
        provider_request_id=painting.request_id,
        input_tokens=tokens.count(usage, "input_tokens"),
        output_tokens=tokens.count(usage, "output_tokens"),
        cost_micros=choice.unit_price_micros if cost is None else cost,
        estimated=cost is None,
    )


async def _look_in_store(
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
    return await _finish(resources, job, stored, sha256)


async def _finish(
    resources: WorkerResources, job: JobRow, stored: Stored, sha256: str, note: Mapping[str, str] | None = None
) -> JobRow | None:
    """Image row, success and ledger in one transaction. `note` is the bill of a call that the ledger does not know."""
    image = library_entry.of(job, stored, sha256)

    async def finish() -> JobRow | None:
        async with transaction(resources.db) as connection:
            if await jobs.mark_storing(connection, job.id, job.attempt) is None:
                return None
            if note is not None:
                await ledger.found(connection, job.id, note)
            done = await jobs.finish(connection, job.id, job.attempt, image.id)
            await images.add(connection, image)
            await ledger.unstage(connection, job.id)
            await unreadable_answers.read_after_all(connection, job.id)
        return done

    return await outcomes.until_postgres_answers(finish)


def _name(job: JobRow) -> str:
    """The picture's name in the store: from the job, so that a later attempt finds what an earlier one stored."""
    return public_id(job.business_id, job.id)
