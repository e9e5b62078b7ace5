"""Bytes that lost their upload to a crash are destroyed, by the intent row that was written before them."""

from shared import log, uploads
from shared.db import Pool
from shared.store import ImageStore, public_id

EVERY = 60.0
"""Seconds between two rounds."""
_AT_ONCE = 100


async def sweep(db: Pool, store: ImageStore, older_than: float = uploads.STALE_AFTER) -> int:
    """One round; how many dead uploads it cleared. Killed in between, it begins again: all of it can be repeated."""
    cleared = 0
    for upload_id, business_id in await uploads.stale(db, older_than, _AT_ONCE):
        await store.remove(public_id(business_id, upload_id))
        await uploads.forget(db, upload_id)
        cleared += 1
    await uploads.tidy(db)
    if cleared:
        log.get().info("uploads.swept", cleared=cleared)
    return cleared
