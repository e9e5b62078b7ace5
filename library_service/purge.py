"""What lay in the trash long enough, or was purged, is destroyed: first the bytes, in caches too, then the row.

Killed in between, the next round does it again: destroying what is gone is no error. A copy of a purged picture has
bytes of its own and stays; its `parent_id` then names a picture that is no more. What a post shows is never destroyed.
"""

from uuid import UUID

from shared.db import trash
from shared.db.pool import Pool
from shared.observability import log
from shared.storage.store import ImageStore, StoreError
from shared.storage.store_failures import NOT_DESTROYED, StoreFailures

EVERY = 300.0
"""Seconds between two rounds."""
MARGIN = 60.0
"""Seconds between the end of `restore` and the first purge: longer than any statement takes."""
_AT_ONCE = 100


async def purge(db: Pool, store: ImageStore, after_days: int, margin: float = MARGIN) -> int:
    """One round over everything that is due; how many pictures are gone. Raises StoreError when the store is away."""
    gone, last = 0, None
    failures = StoreFailures(store, lambda image_id: trash.put_off(db, image_id))
    try:
        while rows := await trash.due(db, after_days, margin, _AT_ONCE, last):
            for row in rows:
                fault = await destroy(db, store, row["id"], row["public_id"])
                if fault is None:
                    gone += 1
                    await failures.succeeded()
                else:
                    await failures.failed(row["id"], fault)
            last = rows[-1]["id"]
        await failures.succeeded()
    finally:
        NOT_DESTROYED.labels("picture").set(await trash.not_destroyed(db))
    if gone:
        log.get().info("images.purged", count=gone)
    return gone


async def destroy(db: Pool, store: ImageStore, image_id: UUID, storage_key: str) -> StoreError | None:
    """One picture, of those that nobody can bring back. What the store said where it did not destroy the bytes."""
    try:
        await store.remove(storage_key)
    except StoreError as fault:
        log.get().error("image.not_purged", image_id=str(image_id), detail=str(fault))
        return fault
    await trash.destroyed(db, image_id)
    return None
