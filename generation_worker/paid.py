"""A paid picture on its way to a safe place: Postgres, and while that fails the store. Not given up while we live."""

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import UUID

from generation_worker import outcomes
from generation_worker.leases import Lease
from generation_worker.resources import WorkerResources
from generation_worker.write_gate import ORDINARY_SECONDS
from shared.db import jobs, late_images, ledger, unreadable_answers
from shared.db.pool import Connection, DatabaseUnavailable, transaction
from shared.db.tables import JobRow
from shared.domain.errors import NotFound
from shared.observability import log
from shared.storage.store import StoreRefused, public_id

_PAUSE = 0.5


async def write_down(
    resources: WorkerResources, job: JobRow, lease: Lease, *, attempt_id: UUID, receipt: ledger.Receipt, data: bytes
) -> JobRow | None:
    """Bill and bytes into Postgres, in one transaction: the job, now storing. None when another attempt owns the job.

    Then too they are written, for whoever has the job now. Where Postgres does not take them, or says nothing for a
    second, they go to the store as well, where a later attempt looks before it pays again. Returns only when Postgres
    has them; raises what a defect of ours raised, once the store has the picture or has refused it.
    """
    paid = _Paid(job, attempt_id, receipt, data)
    with resources.write_gate.holding(attempt_id):
        writing = asyncio.create_task(_to_postgres(resources, paid), name=f"write {job.id}")
        await asyncio.wait({writing}, timeout=ORDINARY_SECONDS)
        if writing.done() and writing.exception() is None:
            return writing.result()
        # Side by side: a store that hangs must not keep the picture from a Postgres that is back, nor the other way.
        storing = asyncio.create_task(_until_stored(resources, paid, lease), name=f"store {job.id}")
        try:
            return await _until_written(resources, paid, writing, storing)
        finally:
            storing.cancel()


@dataclass(frozen=True, slots=True)
class _Paid:
    job: JobRow
    attempt_id: UUID
    receipt: ledger.Receipt
    data: bytes


async def _until_written(
    resources: WorkerResources,
    paid: _Paid,
    writing: "asyncio.Task[JobRow | None]",
    storing: "asyncio.Task[None]",
) -> JobRow | None:
    while True:
        try:
            return await writing
        except Exception as fault:  # whatever it is, the picture comes first
            _unwritten(resources, paid, fault)
            if storing.done() and not isinstance(fault, DatabaseUnavailable):
                raise
        await asyncio.sleep(_PAUSE)
        writing = asyncio.create_task(_to_postgres(resources, paid), name=f"write {paid.job.id}")


def _unwritten(resources: WorkerResources, paid: _Paid, fault: Exception) -> None:
    resources.write_gate.failed(paid.attempt_id, len(paid.data))
    log.get().warning(
        "picture.unwritten",
        error=type(fault).__name__,
        detail=str(fault)[:200],
        attempt_id=str(paid.attempt_id),
        cost_micros=paid.receipt.cost_micros,
    )


async def _until_stored(resources: WorkerResources, paid: _Paid, lease: Lease) -> None:
    """Ends when the store has it, under the job's name and with its bill beside it, or will never take it."""
    name = public_id(paid.job.business_id, paid.job.id)
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(paid.data).hexdigest())
    note = {"id": str(paid.attempt_id), "cost_micros": str(paid.receipt.cost_micros), "sha256": sha256}
    note["cost_estimated"] = str(paid.receipt.estimated)
    while True:
        try:
            stored = await resources.store.put(name, paid.data, note)
        except StoreRefused as never:
            log.get().error("picture.refused", detail=str(never))
            return
        except Exception as gone:  # noqa: BLE001 - as above
            log.get().warning("picture.nowhere", error=type(gone).__name__, detail=str(gone)[:200])
        else:
            # A name keeps its first bytes: where those are of an earlier call, ours and their bill are still nowhere.
            lease.safe = stored.context.get("id", note["id"]) == note["id"]  # If so, a shutdown may stop us.
            return
        await asyncio.sleep(_PAUSE)


async def _to_postgres(resources: WorkerResources, paid: _Paid) -> JobRow | None:
    async with transaction(resources.db) as connection:
        ours = await jobs.mark_storing(connection, paid.job.id, paid.job.attempt)
        if ours is not None:
            known = await ledger.painted(connection, paid.attempt_id, paid.job, paid.receipt, paid.data)
            tell = None
        else:
            known, tell = await _hand_in(connection, paid)
    if not known:
        outcomes.forgotten(paid.attempt_id)
    if tell is not None:
        await resources.notifier.wake_workers([] if tell.final else [tell.id], [tell])
    return ours


async def _hand_in(connection: Connection, paid: _Paid) -> tuple[bool, JobRow | None]:
    """For whoever has the job now: whether the ledger knew of the call, and the job if that changed it."""
    try:
        job = await jobs.lock(connection, paid.job.id)
    except NotFound:
        return await _of_a_forgotten_job(connection, paid), None
    wanted = not job.final or await late_images.lock(connection, job.id)
    data = paid.data if wanted else None
    known = await ledger.painted(connection, paid.attempt_id, paid.job, paid.receipt, data)
    changed = await jobs.hand_in(connection, job.id)
    if job.final and wanted:
        await late_images.look_soon(connection, job.id)
    log.get().warning("picture.handed_in", status=job.status.value, cost_micros=paid.receipt.cost_micros)
    return known, changed


async def _of_a_forgotten_job(connection: Connection, paid: _Paid) -> bool:
    """A failover lost the job: the bill is written all the same, and the bytes are kept for an operator."""
    known = await ledger.painted(connection, paid.attempt_id, paid.job, paid.receipt, None)
    await unreadable_answers.keep(
        connection, paid.attempt_id, paid.job, "Postgres has lost the job that it is the picture of", paid.data
    )
    return known
