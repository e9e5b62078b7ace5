"""What operators see of the ledger itself: unlike a counter it outlives every process."""

import asyncio

from prometheus_client import Gauge

from generation_worker.tools import Tools
from shared import ledger, log
from shared.db import DatabaseUnavailable

_UNKNOWN = Gauge("darkroom_ledger_unknown_calls", "Vendor calls in the ledger that may have been charged, or not")
_EVERY = 60.0
"""Seconds between two reads, whatever the number of scrapes."""


async def run(tools: Tools) -> None:
    """Reads until cancelled. Every worker does, which is cheap; all say the same."""
    while True:
        try:
            _UNKNOWN.set(await ledger.all_unknown(tools.db))
        except DatabaseUnavailable as gone:
            log.get().warning("gauge.unread", error=str(gone))
        await asyncio.sleep(_EVERY)
