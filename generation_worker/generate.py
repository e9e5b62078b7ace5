"""One job, told as steps: find or paint the picture, keep its bytes, store it, finish. Other ends are in `ends`."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import structlog

from generation_worker import ends, entry, hosted, paid, picture
from generation_worker.lease import Lease
from generation_worker.providers import painter
from generation_worker.providers.answers import Whose
from generation_worker.tools import Tools
from shared.catalog.catalogue import Choice, Refusal
from shared.db import images, jobs, ledger, unread
from shared.db.models import Job, JobError, Outcome
from shared.db.pool import DatabaseUnavailable, transaction
from shared.observability import log
from shared.storage.store import StoreBusy, Stored, StoreDown, StoreMisconfigured, StoreRefused, public_id


async def work(tools: Tools, job: Job, token: str | None) -> None:
    """Does one claimed job to an end, or hands it back. `token` is its right to one vendor call; without one it is only
    stored, if its picture waits for that. Never raises."""
    structlog.contextvars.bind_contextvars(
        job_id=str(job.id), business_id=job.business_id, attempt=job.attempt, request_id=job.request_id
    )
    log.get().info("job.claimed", stage=job.stage.value, losses=job.losses, failures=job.failures)
    changed = None
    with tools.leases.held(job) as lease:
        try:
            changed = await _guarded(tools, job, lease, token)
        except (Exception, asyncio.CancelledError) as gone:  # noqa: BLE001
            # Postgres stayed away, or does not take even the end. The lease ends by itself, and recovery decides by the
            # ledger.
            ends.go_on()
            log.get().error("job.left", error=type(gone).__name__, detail=str(gone)[:200])
            return
    if changed is None:
        log.get().warning("job.fenced")
        return
    await tools.bell.tell(changed)
    if changed.final:
        ends.ENDED.labels(changed.status.value, changed.error_code.value if changed.error_code else "").inc()
    log.get().info(
        "job.changed",
        status=changed.status.value,
        error=changed.error_code,
        charged=changed.charged,
        cost_micros=changed.actual_micros,
    )


async def _guarded(tools: Tools, job: Job, lease: Lease, token: str | None) -> Job | None:
    try:
        async with asyncio.timeout(tools.settings.job_timeout) as lease.deadline:
            return await _steps(tools, job, lease, token)
    except asyncio.CancelledError:
        ends.go_on()
        return await ends.stopped(tools, job, lease)
    except DatabaseUnavailable as gone:
        log.get().warning("job.handed_back", error=str(gone))
        return await ends.handed_back(tools, job, lease)
    except TimeoutError:
        log.get().error("job.out_of_time", seconds=tools.settings.job_timeout)
        return await ends.crashed(tools, job)
    except Exception:  # noqa: BLE001
        # A defect of ours must not take the other jobs of this worker down.
        log.get().exception("job.crashed")
        return await ends.crashed(tools, job)


async def _steps(tools: Tools, job: Job, lease: Lease, token: str | None) -> Job | None:
    """Each step either hands on what the next one needs or answers how the job was changed."""
    earlier = job.attempt > 1
    data = await ledger.spilled(tools.db, job.id) if earlier else None
    unknown = await ledger.unknowns(tools.db, job.id) if earlier else 0
    if data is not None:
        await _give_back(tools, token)
        lease.paid = lease.safe = True
        return await _store(tools, job, data)
    if unknown:
        found = await _look_in_store(tools, job)
        if found is not None or tools.settings.on_unknown == "fail" or unknown > 1:
            await _give_back(tools, token)
            return await _not_asked_again(tools, job, lease, found)
    if token is None:
        return await jobs.release(tools.db, job.id, job.attempt)
    painted = await _paint(tools, job, lease, token)
    if not isinstance(painted, bytes):
        return painted
    lease.paid = lease.safe = True
    return await _store(tools, job, painted)


async def _give_back(tools: Tools, token: str | None) -> None:
    if token is not None:
        await tools.throttle.give_back(token)


async def _not_asked_again(
    tools: Tools, job: Job, lease: Lease, found: Stored | StoreDown | StoreBusy | StoreMisconfigured | None
) -> Job | None:
    """After a call whose outcome is unknown: its picture, if the store has it, or the end."""
    if isinstance(found, Stored):
        lease.paid = lease.safe = True
        # An earlier attempt had stored it, with its bill beside it, before its worker died.
        return await _finish(tools, job, found, found.context.get("sha256", ""), note=found.context)
    return await ends.unknown(tools, job) if found is None else await ends.wait_for_store(tools, job, found)


async def _paint(tools: Tools, job: Job, lease: Lease, token: str) -> bytes | Job | None:
    """The paid call, between two rows of the ledger."""
    if (standing := tools.pause.keeps_back(job)) is not None:
        return await ends.kept_back(tools, job, token, standing)
    try:
        choice = tools.catalogue.choose(job.model, job.size, job.quality, datetime.now(UTC).date())
    except Refusal as gone:
        await tools.throttle.give_back(token)
        return await ends.misconfigured(tools, job, JobError.MODEL_RETIRED, gone.detail, Whose.MODEL)
    attempt_id = await _begin(tools, job, token)
    if not isinstance(attempt_id, UUID):
        return attempt_id
    lease.sent = lease.calling = True
    try:
        painting = await tools.painter.paint(job.prompt, choice.provider_parameters(), attempt_id, choice.model.dialect)
        if painting.address:
            painting = await hosted.bring(tools, job, attempt_id, painting, painting.address)
    except painter.NotPainted as nothing:
        return await ends.not_painted(tools, job, attempt_id, nothing)
    finally:
        lease.calling = False
    # No await until `paid`: a cancellation can only come at one.
    lease.paid = True
    tools.pause.end(job)
    receipt = _receipt(choice, painting)
    ends.CALLS.labels(job.model, Outcome.PAINTED).inc()
    ends.COST.labels(job.model).inc(receipt.cost_micros / 1_000_000)
    with lease.no_deadline():
        kept = await paid.write_down(tools, job, lease, attempt_id=attempt_id, receipt=receipt, data=painting.data)
    if kept is None:
        return None
    lease.safe = True
    await tools.bell.tell(kept)
    if painting.address:
        await unread.read_after_all(tools.db, attempt_id)
    await tools.throttle.learn(painting.headers)
    return painting.data


async def _begin(tools: Tools, job: Job, token: str) -> UUID | Job | None:
    """The call's row in the ledger; where no call may begin, how the job was changed."""
    if not await tools.write_gate.open():
        return await ends.gate_closed(tools, job, token)
    attempt_id = await ledger.begin(tools.db, job)
    if attempt_id is None:
        return await jobs.canceled(tools.db, job.id, job.attempt) if await ends.unwanted(tools, job) else None
    if tools.write_gate.closed:  # Another job's picture met a Postgres that takes no more, in this very moment.
        return await ends.gate_closed(tools, job, token)
    return attempt_id


def _receipt(choice: Choice, painting: painter.Painting) -> ledger.Receipt:
    cost = choice.cost_micros(painting.usage)
    usage = painting.usage or {}
    return ledger.Receipt(
        provider_request_id=painting.request_id,
        input_tokens=_tokens(usage.get("input_tokens")),
        output_tokens=_tokens(usage.get("output_tokens")),
        cost_micros=choice.unit_price_micros if cost is None else cost,
        estimated=cost is None,
    )


async def _look_in_store(tools: Tools, job: Job) -> Stored | StoreDown | StoreBusy | StoreMisconfigured | None:
    """A call whose outcome is unknown may have reached the store: look before anybody pays again."""
    try:
        return await tools.store.find(_name(job))
    except (StoreDown, StoreBusy, StoreMisconfigured) as gone:
        return gone


async def _store(tools: Tools, job: Job, data: bytes) -> Job | None:
    """To the store under the job's own name, then image row and success in one transaction."""
    looked = await asyncio.to_thread(picture.look, data)
    sha256 = hashlib.sha256(data).hexdigest()
    if looked is None:
        return await ends.bad_picture(tools, job, "The vendor's bytes are not a whole picture")
    try:
        stored = await tools.store.put(_name(job), data, await ledger.note(tools.db, job.id) | {"sha256": sha256})
    except (StoreBusy, StoreDown, StoreMisconfigured) as gone:
        return await ends.wait_for_store(tools, job, gone)
    except StoreRefused as refused:
        return await ends.fail(tools, job, JobError.BAD_PROVIDER_IMAGE, f"The picture store refused it: {refused}")
    return await _finish(tools, job, stored, sha256)


async def _finish(
    tools: Tools, job: Job, stored: Stored, sha256: str, note: Mapping[str, str] | None = None
) -> Job | None:
    """Image row, success and ledger in one transaction. `note` is the bill of a call that the ledger does not know."""
    image = entry.of(job, stored, sha256)

    async def finish() -> Job | None:
        async with transaction(tools.db) as connection:
            if await jobs.keep(connection, job.id, job.attempt) is None:
                return None
            if note is not None:
                await ledger.found(connection, job.id, note)
            done = await jobs.finish(connection, job.id, job.attempt, image.id)
            await images.add(connection, image)
            await ledger.unspill(connection, job.id)
        return done

    return await ends.until_postgres_answers(finish)


def _name(job: Job) -> str:
    """The picture's name in the store: from the job, so that a later attempt finds what an earlier one stored."""
    return public_id(job.business_id, job.id)


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
