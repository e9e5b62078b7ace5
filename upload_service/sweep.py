"""Bytes that lost their upload to a crash are destroyed, by the intent row that was written before them."""

from uuid import UUID

from shared.db import uploads
from shared.db.pool import Pool
from shared.observability import log
from shared.storage.store import ImageStore, StoreError, storage_key
from shared.storage.store_failures import NOT_DESTROYED, StoreFailures

EVERY = 60.0
"""Seconds between two rounds."""
_AT_ONCE = 100


async def sweep(db: Pool, store: ImageStore, older_than: float = uploads.STALE_AFTER, at_once: int = _AT_ONCE) -> int:
    """One round; how many dead uploads it cleared. Killed in between, it begins again: all of it can be repeated.

    What the store does not destroy is put off, longer each time. Raises StoreError when the store is away.
    """
    cleared = 0
    failures = StoreFailures(store, lambda upload_id: uploads.put_off(db, upload_id))
    left: list[UUID] = []
    try:
        while dead := await uploads.stale(db, older_than, at_once, left):
            for upload_id, business_id in dead:
                try:
                    await store.remove(storage_key(business_id, upload_id))
                except StoreError as fault:
                    log.get().error("upload.not_swept", upload_id=str(upload_id), detail=str(fault))
                    left.append(upload_id)
                    await failures.failed(upload_id, fault)
                    continue
                await failures.succeeded()
                await uploads.forget(db, upload_id)
                cleared += 1
        await failures.succeeded()
    finally:
        NOT_DESTROYED.labels("upload").set(await uploads.not_destroyed(db))
    await uploads.tidy(db)
    if cleared:
        log.get().info("uploads.swept", cleared=cleared)
    return cleared
