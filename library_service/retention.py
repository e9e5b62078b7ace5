"""What goes by itself when its time is over, as `DARKROOM_KEEP_…` say; without them nothing does."""

from collections.abc import Awaitable, Callable
from functools import partial

from shared.db import retention, unreadable_answers
from shared.db.pool import Connection, Pool, transaction
from shared.db.retention import Erased
from shared.observability import log
from shared.settings import LibrarySettings

EVERY = 3600.0
"""Seconds between two rounds."""
_AT_ONCE = 200
"""Rows in one transaction: it holds their locks for milliseconds."""


async def keep_to(db: Pool, settings: LibrarySettings, at_once: int = _AT_ONCE) -> None:
    """One round: all that is due. A job goes only after its prompt, so that nothing of it is left in the library."""
    prompts = min((days for days in (settings.keep_prompts, settings.keep_jobs) if days is not None), default=None)
    if prompts is not None:
        await _erase(db, prompts, at_once)
    if settings.keep_jobs is not None:
        jobs = await _all(db, at_once, partial(retention.forget_jobs, days=settings.keep_jobs, limit=at_once))
        log.get().info("jobs.forgotten", count=jobs, days=settings.keep_jobs)
    if settings.keep_ledger is not None:
        calls = await _all(db, at_once, partial(retention.fold_calls, days=settings.keep_ledger, limit=at_once))
        log.get().info("calls.folded", count=calls, days=settings.keep_ledger)


async def _erase(db: Pool, days: int, at_once: int) -> None:
    erased = Erased()

    async def prompts(connection: Connection) -> int:
        nonlocal erased
        batch = await retention.erase_old_prompts(connection, days, at_once)
        erased += batch
        return batch.jobs

    async def names(connection: Connection) -> int:
        nonlocal erased
        batch = await retention.erase_lost_names(connection, at_once, days=days)
        erased += batch
        return batch.pictures

    await _all(db, at_once, prompts)
    await _all(db, at_once, names)
    async with transaction(db) as connection:
        erased += Erased(answers=await unreadable_answers.forget_lost(connection, days=days))
    log.get().info("prompts.erased", jobs=erased.jobs, pictures=erased.pictures, answers=erased.answers, days=days)


async def _all(db: Pool, at_once: int, batch: Callable[[Connection], Awaitable[int]]) -> int:
    """Batches until one is not full; how many in all. Where another process has a round too, they take turns: one that
    left the work to the other would leave it undone, when that one is about to leave it, too."""
    done = 0
    while True:
        async with transaction(db) as connection:
            await retention.take_turn(connection)
            count = await batch(connection)
        done += count
        if count < at_once:
            return done
