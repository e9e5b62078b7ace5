"""Bytes become a picture of the library: intent, store, row, intent closed. In this order, so that whatever dies in
between leaves no row without bytes, and no bytes that the sweep does not know of. Nobody else begins or closes intents.
"""

from dataclasses import dataclass

from shared.db import images, uploads
from shared.db.pool import Pool, Row, transaction
from shared.db.tables import ImageRow
from shared.db.uploads import Begun
from shared.domain.errors import Conflict
from shared.domain.ids import new_id
from shared.observability import log
from shared.storage.content import Content
from shared.storage.store import ImageStore, StoreError, as_problem, storage_key


@dataclass(frozen=True, slots=True)
class SavedImage:
    """The picture that is kept now, and how it came to be."""

    row: Row
    """As `shared.db.images` reads it."""
    created: bool
    """False where the same bytes were there already."""
    replayed: bool = False
    """Whether this idempotency key had its answer before."""


async def save_image(
    db: Pool, store: ImageStore, image: ImageRow, data: Content, *, key: str | None = None, body_hash: str | None = None
) -> SavedImage:
    """Stores the bytes and adds the row, or finds the picture with the same bytes, or the answer that `key` had before.

    `image` needs no `public_id` and no `url`; it gets the id of the first upload with the same key and `body_hash`.
    Raises IdempotencyKeyReused, Conflict, StorageUnavailable, InvalidImage, Unavailable.
    """
    begun = await uploads.begin(db, image.id, image.business_id, key, body_hash)
    if begun.image_id:
        return await _replayed(db, begun)
    try:
        stored = await store.put(storage_key(image.business_id, begun.id), data)
    except StoreError as fault:
        _failed(fault, begun)
        raise as_problem(fault) from fault
    ours = image.model_copy(update={"id": begun.id, "public_id": stored.storage_key, "url": stored.url})
    async with transaction(db) as connection:
        row = await images.insert(connection, ours)
        created = row["id"] == begun.id
        if created:
            await uploads.close(connection, begun.id, begun.id)
    if not created:
        # The same bytes arrived twice at the same moment, and the other was first. Ours go, now or with the sweep.
        try:
            await store.remove(ours.public_id)
        except StoreError as fault:
            _failed(fault, begun)
        else:
            await uploads.close(db, begun.id, row["id"])
    return SavedImage(row, created)


async def reuse_image(db: Pool, twin: Row, key: str, body_hash: str) -> SavedImage:
    """Makes a picture that is there the answer of this key, unless it has one. Raises IdempotencyKeyReused, Conflict,
    Unavailable."""
    begun = await uploads.begin(db, new_id(), twin["business_id"], key, body_hash)
    if begun.image_id:
        return await _replayed(db, begun)
    await uploads.close(db, begun.id, twin["id"])
    return SavedImage(twin, created=False)


async def _replayed(db: Pool, begun: Begun) -> SavedImage:
    row = await images.find(db, begun.image_id) if begun.image_id else None
    if row is None:
        raise Conflict("The picture that answered this Idempotency-Key was deleted for good; send a new key")
    return SavedImage(row, created=begun.id == begun.image_id, replayed=True)


def _failed(fault: StoreError, begun: Begun) -> None:
    log.get().warning("store.failed", kind=type(fault).__name__, detail=str(fault), upload_id=str(begun.id))
