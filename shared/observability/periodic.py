"""Work that is done again and again in the background, as long as a process runs. Not for jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from shared.observability import log


@asynccontextmanager
async def run_periodically(name: str, every: float, work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """One round at once and then one every `every` seconds; a round that fails is logged and the next one tries."""

    async def rounds() -> None:
        while True:
            try:
                await work()
            except Exception as fault:  # noqa: BLE001 - nobody else would start the next round
                log.get().warning("periodic.failed", round=name, kind=type(fault).__name__, detail=str(fault))
            await asyncio.sleep(every)

    task = asyncio.create_task(rounds())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
