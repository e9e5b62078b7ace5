"""Looks for the dead and the silent: recovers lost jobs, ends what passed its deadline, rings for the forgotten."""

import asyncio

from generation_worker import ends
from generation_worker.tools import Tools
from shared import jobs, ledger, log
from shared.db import DOWN
from shared.models import Outcome


async def run(tools: Tools) -> None:
    """Sweeps until cancelled. Every worker does; two at once are harmless."""
    while True:
        try:
            await sweep(tools)
            pause = await _until_next(tools)
        except DOWN as gone:
            log.get().warning("sweep.failed", error=type(gone).__name__)
            pause = tools.settings.sweep_every
        await asyncio.sleep(pause)


async def sweep(tools: Tools) -> None:
    """One round."""
    recovered = await jobs.recover(tools.db, tools.settings.lease, tools.settings.max_losses)
    expired = await jobs.expire(tools.db)
    forgotten = await jobs.ring(tools.db)
    for model in await ledger.lost(tools.db, recovered) if recovered else ():
        ends.CALLS.labels(model, Outcome.UNKNOWN).inc()
    for job in recovered:
        log.get().warning("job.recovered", job_id=str(job.id), status=job.status.value, losses=job.losses)
    for job in expired:
        log.get().info("job.expired", job_id=str(job.id))
    again = [job.id for job in recovered if not job.final]
    if recovered or expired or forgotten:
        await tools.bell.ring([*again, *forgotten], [*recovered, *expired])


async def _until_next(tools: Tools) -> float:
    """A lease that ends sooner than the next round is looked at when it ends."""
    lease = await jobs.next_lease_end(tools.db)
    return max(0.05, min(tools.settings.sweep_every, lease if lease is not None else tools.settings.sweep_every))
