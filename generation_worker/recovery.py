"""Looks for the dead and the silent: recovers lost jobs, ends what passed its deadline, wakes for the forgotten."""

import asyncio
import time

from generation_worker import outcomes
from generation_worker.resources import WorkerResources
from shared.db import jobs, ledger
from shared.db import pool as db
from shared.db.pool import DatabaseUnavailable
from shared.db.tables import Outcome
from shared.observability import log


class Contact:
    """How long this sweeper has been in unbroken contact with a Postgres that takes writes.

    While Postgres was away, read-only or being failed over, no worker could renew its leases, and none of them is dead
    for that. How long it was so is nothing that Postgres could say: a standby that was promoted has been up for months.
    """

    def __init__(self, longest_gap: float) -> None:
        """After `longest_gap` seconds without a look, such as in a suspended machine, a living lease may have ended."""
        self.longest_gap = longest_gap
        self._since: float | None = None
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """0 when there is none."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def made(self) -> None:
        """A write went through. One that comes long after the last says nothing about the time between."""
        now = time.monotonic()
        if self._since is None or now - self._last > self.longest_gap:
            self._since = now
        self._last = now

    def broken(self) -> None:
        """A statement failed."""
        self._since = None


async def run(resources: WorkerResources) -> None:
    """Sweeps until cancelled. Every worker does; two at once are harmless."""
    contact = Contact(resources.settings.lease - resources.settings.renew_every)
    while True:
        try:
            await sweep(resources, contact)
            pause = await _until_next(resources, contact)
        except DatabaseUnavailable as gone:
            contact.broken()
            log.get().warning("sweep.failed", error=str(gone))
            pause = resources.settings.sweep_every
        # Looks that are further apart would each begin the contact anew, and nobody would ever be recovered.
        await asyncio.sleep(min(pause, contact.longest_gap / 2))


async def sweep(resources: WorkerResources, contact: Contact) -> None:
    """One round. Nobody is declared dead before `contact` has lasted for one lease."""
    await db.ping_with_a_write(resources.db)
    expired = await jobs.expire(resources.db)
    forgotten = await jobs.mark_woken(resources.db)
    contact.made()
    recovered = []
    if contact.seconds >= resources.settings.lease:
        recovered = await jobs.recover(resources.db, resources.settings.max_losses)
        left_over = await ledger.abandoned(resources.db)
        for model in [*left_over, *(await ledger.lost(resources.db, recovered) if recovered else ())]:
            outcomes.CALLS.labels(model, Outcome.UNKNOWN).inc()
        if left_over:
            log.get().error("calls.abandoned", calls=len(left_over))
    for job in recovered:
        log.get().warning("job.recovered", job_id=str(job.id), status=job.status.value, lost_workers=job.losses)
    for job in expired:
        log.get().info("job.expired", job_id=str(job.id))
    again = [job.id for job in recovered if not job.final]
    if recovered or expired or forgotten:
        await resources.notifier.wake_workers([*again, *forgotten], [*recovered, *expired])


async def _until_next(resources: WorkerResources, contact: Contact) -> float:
    """A lease that ends sooner than the next round is looked at when it ends, or when we may."""
    lease_ends = await jobs.next_lease_end(resources.db)
    if lease_ends is None:
        return resources.settings.sweep_every
    soonest = max(0.05, lease_ends, resources.settings.lease - contact.seconds)
    return min(resources.settings.sweep_every, soonest)
