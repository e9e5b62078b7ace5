"""A paid picture on its way to a safe place: Postgres, and while that fails the store. Not given up while we live."""

import asyncio
import hashlib
from uuid import UUID

from generation_worker.lease import Lease
from generation_worker.tools import Tools
from shared import jobs, late, ledger, log
from shared.db import DatabaseUnavailable, transaction
from shared.models import Job
from shared.store import StoreError, StoreRefused, public_id

_PAUSE = 0.5


async def write_down(
    tools: Tools, job: Job, lease: Lease, *, attempt_id: UUID, receipt: ledger.Receipt, data: bytes
) -> Job | None:
    """Bill and bytes into Postgres, in one transaction: the job, now storing. None when another attempt owns the job.

    Then too they are written, for whoever has the job now. While Postgres does not take them they go to the store,
    where a later attempt looks before it pays again. Returns only when Postgres has them; raises what a defect of ours
    raised, once the store has the picture or has refused it.
    """
    refused = False
    with tools.write_gate.holding(attempt_id):
        while True:
            try:
                return await _to_postgres(tools, job, attempt_id, receipt, data)
            except Exception as fault:  # whatever it is, the picture comes first
                tools.write_gate.failed(len(data))
                log.get().warning("picture.unwritten", error=type(fault).__name__, detail=str(fault)[:200])
                if not (lease.safe or refused):
                    try:
                        # Once it is there a shutdown may stop us; nothing may before.
                        lease.safe = await _to_store(tools, job, attempt_id, receipt, data)
                    except StoreRefused as never:
                        log.get().error("picture.refused", detail=str(never))
                        refused = True
                if (lease.safe or refused) and not isinstance(fault, DatabaseUnavailable):
                    raise
            await asyncio.sleep(_PAUSE)


async def _to_postgres(tools: Tools, job: Job, attempt_id: UUID, receipt: ledger.Receipt, data: bytes) -> Job | None:
    async with transaction(tools.db) as connection:
        ours = await jobs.keep(connection, job.id, job.attempt)
        if ours is not None:
            await ledger.painted(connection, attempt_id, job.id, receipt, data)
            return ours
        theirs = await jobs.lock(connection, job.id)
        wanted = not theirs.final or await late.lock(connection, job.id)
        await ledger.painted(connection, attempt_id, job.id, receipt, data if wanted else None)
        changed = await jobs.hand_in(connection, job.id)
        if theirs.final and wanted:
            await late.look_soon(connection, job.id)
    log.get().warning("picture.handed_in", status=theirs.status.value, cost_micros=receipt.cost_micros)
    if changed is not None:
        await tools.bell.ring([] if changed.final else [changed.id], [changed])
    return None


async def _to_store(tools: Tools, job: Job, attempt_id: UUID, receipt: ledger.Receipt, data: bytes) -> bool:
    """Whether the store has it now, under the job's name and with its bill beside it. Raises StoreRefused."""
    note = {"id": str(attempt_id), "cost_micros": str(receipt.cost_micros), "sha256": hashlib.sha256(data).hexdigest()}
    try:
        await tools.store.put(public_id(job.business_id, job.id), data, note)
    except StoreRefused:
        raise
    except StoreError as gone:
        log.get().warning("picture.nowhere", error=type(gone).__name__, detail=str(gone)[:200])
        return False
    return True
