"""Brings home the pictures of jobs that ended without one. Nothing is painted here, so nothing can be paid twice.

A job whose call was cut ends as `outcome_unknown`, and its picture may still reach the store: from a worker that was
frozen or cut off from Postgres. Final is final: the job stays as it ended, and the picture joins the library under it.
"""

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

from generation_worker import picture
from generation_worker.resources import WorkerResources
from shared.db import jobs, late_images, ledger
from shared.db.pool import DatabaseUnavailable, transaction
from shared.db.tables import JobRow
from shared.observability import log
from shared.storage.store import StoreBusy, Stored, StoreDown, StoreMisconfigured, StoreRefused, storage_key

_AT_ONCE = 8
"""Looks of one round: each asks the store, whose quota the jobs need too."""
_WAIT = 60.0
"""Seconds until a look that the store could not answer is tried again."""


async def run(resources: WorkerResources) -> None:
    """Looks until cancelled. Every worker does; a look is one worker's at a time."""
    while True:
        try:
            pause = await look(resources)
        except DatabaseUnavailable as gone:
            log.get().warning("late.failed", error=str(gone))
            pause = resources.settings.sweep_every
        await asyncio.sleep(pause)


async def look(resources: WorkerResources) -> float:
    """One round over what is due; seconds until the next one makes sense."""
    for _ in range(_AT_ONCE):
        taken = await late_images.take(resources.db)
        if taken is None:
            break
        try:
            await take_home(resources, taken.job_id)
        except (StoreBusy, StoreDown, StoreMisconfigured) as away:
            wait = max(_WAIT, away.retry_after) if isinstance(away, StoreBusy) else _WAIT
            log.get().warning("late.snoozed", job_id=str(taken.job_id), detail=str(away), seconds=wait)
            await late_images.snooze(resources.db, taken, timedelta(seconds=wait))
            return wait
        await late_images.in_vain(resources.db, taken)
    return resources.settings.sweep_every


async def take_home(resources: WorkerResources, job_id: UUID) -> JobRow | None:
    """The picture of a job that ended without one, from Postgres or else from the store, into the library.

    Answers the job as it is then; None when there is no such picture, or it came already. Safe to call at any time and
    from several places at once. Raises DatabaseUnavailable, and StoreError where the store could not be asked.
    """
    job = await jobs.get(resources.db, job_id)
    if not job.final or job.image_id is not None:
        return None
    try:
        found = await _kept(resources, job) or await _stored(resources, job)
    except StoreRefused as refused:
        log.get().warning("late.refused", job_id=str(job_id), detail=str(refused))
        return None
    if found is None:
        return None
    changed = await _join(resources, job, *found)
    if changed is not None:
        log.get().info(
            "late.joined", job_id=str(job_id), business_id=job.business_id, cost_micros=changed.actual_micros
        )
        await resources.notifier.publish(changed)
    return changed


_Found = tuple[Stored, str, bool]
"""Where it lies, the digest of its bytes, and whether the ledger does not know yet that it was painted."""


async def _kept(resources: WorkerResources, job: JobRow) -> _Found | None:
    """The bytes that wait in Postgres, brought to the store. Their call is in the ledger as painted."""
    data = await ledger.staged(resources.db, job.id)
    if data is None or await asyncio.to_thread(picture.look, data) is None:
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    note = await ledger.note(resources.db, job.id) | {"sha256": sha256}
    return await resources.store.put(storage_key(job.business_id, job.id), data, note), sha256, False


async def _stored(resources: WorkerResources, job: JobRow) -> _Found | None:
    """What lies in the store under the job's name, with its bill beside it."""
    if not await ledger.unknowns(resources.db, job.id):
        return None
    stored = await resources.store.find(storage_key(job.business_id, job.id))
    return None if stored is None else (stored, stored.context.get("sha256", ""), True)


async def _join(resources: WorkerResources, job: JobRow, stored: Stored, sha256: str, unbilled: bool) -> JobRow | None:
    """Ledger, image row and bill in one transaction: None when another one was first."""
    async with transaction(resources.db) as connection:
        if not await late_images.lock(connection, job.id):
            return None
        job = await jobs.get(connection, job.id)  # Its prompt may have been erased since it was read.
        if unbilled:
            await ledger.found_in_store(connection, job.id, stored.context)
        changed = await late_images.join(connection, picture.library_row(job, stored, sha256))
        await ledger.unstage(connection, job.id)
    return changed
