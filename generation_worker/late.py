"""Brings home the pictures of jobs that ended without one. Nothing is painted here, so nothing can be paid twice.

A job whose call was cut ends as `outcome_unknown`, and its picture may still reach the store: from a worker that was
frozen or cut off from Postgres. Final is final: the job stays as it ended, and the picture joins the library under it.
"""

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

from generation_worker import entry, picture
from generation_worker.tools import Tools
from shared.db import jobs, late, ledger
from shared.db.models import Job
from shared.db.pool import DatabaseUnavailable, transaction
from shared.observability import log
from shared.storage.store import StoreBusy, Stored, StoreDown, StoreMisconfigured, StoreRefused, public_id

_AT_ONCE = 8
"""Looks of one round: each asks the store, whose quota the jobs need too."""
_WAIT = 60.0
"""Seconds until a look that the store could not answer is tried again."""


async def run(tools: Tools) -> None:
    """Looks until cancelled. Every worker does; a look is one worker's at a time."""
    while True:
        try:
            pause = await look(tools)
        except DatabaseUnavailable as gone:
            log.get().warning("late.failed", error=str(gone))
            pause = tools.settings.sweep_every
        await asyncio.sleep(pause)


async def look(tools: Tools) -> float:
    """One round over what is due; seconds until the next one makes sense."""
    for _ in range(_AT_ONCE):
        taken = await late.take(tools.db)
        if taken is None:
            break
        try:
            await take_home(tools, taken.job_id)
        except (StoreBusy, StoreDown, StoreMisconfigured) as away:
            wait = max(_WAIT, away.retry_after) if isinstance(away, StoreBusy) else _WAIT
            log.get().warning("late.postponed", job_id=str(taken.job_id), detail=str(away), seconds=wait)
            await late.postpone(tools.db, taken, timedelta(seconds=wait))
            return wait
        await late.in_vain(tools.db, taken)
    return tools.settings.sweep_every


async def take_home(tools: Tools, job_id: UUID) -> Job | None:
    """The picture of a job that ended without one, from Postgres or else from the store, into the library.

    Answers the job as it is then; None when there is no such picture, or it came already. Safe to call at any time and
    from several places at once. Raises DatabaseUnavailable, and StoreError where the store could not be asked.
    """
    job = await jobs.get(tools.db, job_id)
    if not job.final or job.image_id is not None:
        return None
    try:
        found = await _kept(tools, job) or await _stored(tools, job)
    except StoreRefused as refused:
        log.get().warning("late.refused", job_id=str(job_id), detail=str(refused))
        return None
    if found is None:
        return None
    changed = await _join(tools, job, *found)
    if changed is not None:
        log.get().info(
            "late.joined", job_id=str(job_id), business_id=job.business_id, cost_micros=changed.actual_micros
        )
        await tools.bell.tell(changed)
    return changed


_Found = tuple[Stored, str, bool]
"""Where it lies, the digest of its bytes, and whether the ledger does not know yet that it was painted."""


async def _kept(tools: Tools, job: Job) -> _Found | None:
    """The bytes that wait in Postgres, brought to the store. Their call is in the ledger as painted."""
    data = await ledger.spilled(tools.db, job.id)
    if data is None or await asyncio.to_thread(picture.look, data) is None:
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    note = await ledger.note(tools.db, job.id) | {"sha256": sha256}
    return await tools.store.put(public_id(job.business_id, job.id), data, note), sha256, False


async def _stored(tools: Tools, job: Job) -> _Found | None:
    """What lies in the store under the job's name, with its bill beside it."""
    if not await ledger.unknowns(tools.db, job.id):
        return None
    stored = await tools.store.find(public_id(job.business_id, job.id))
    return None if stored is None else (stored, stored.context.get("sha256", ""), True)


async def _join(tools: Tools, job: Job, stored: Stored, sha256: str, unbilled: bool) -> Job | None:
    """Ledger, image row and bill in one transaction: None when another one was first."""
    async with transaction(tools.db) as connection:
        if not await late.lock(connection, job.id):
            return None
        job = await jobs.get(connection, job.id)  # Its prompt may have been erased since it was read.
        if unbilled:
            await ledger.found(connection, job.id, stored.context)
        changed = await late.join(connection, entry.of(job, stored, sha256))
        await ledger.unspill(connection, job.id)
    return changed
