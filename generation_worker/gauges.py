"""What operators see of the ledger itself: unlike a counter it outlives every process."""

import asyncio
from functools import cache

from prometheus_client import Gauge

from generation_worker.resources import WorkerResources
from shared.db import ledger
from shared.db.pool import DatabaseUnavailable
from shared.observability import log

_EVERY = 60.0
"""Seconds between two reads, whatever the number of scrapes."""


async def run(resources: WorkerResources) -> None:
    """Reads until cancelled. Every worker does, which is cheap; all say the same.

    There is no gauge before the first read: a 0 from a worker that started while Postgres was away would look like
    calls that were cleared up, and the next read like new ones.
    """
    while True:
        try:
            unknown = await ledger.all_unknown(resources.db)
            _gauge().set(unknown)
        except DatabaseUnavailable as gone:
            log.get().warning("gauge.unread", error=str(gone))
        await asyncio.sleep(_EVERY)


@cache
def _gauge() -> Gauge:
    return Gauge("darkroom_ledger_unknown_calls", "Vendor calls in the ledger that may have been charged, or not")
