"""Bytes become a picture of the library: store, row, intent closed. In this order, so that whatever dies in between
leaves no row without bytes, and no bytes that the sweep does not know of (`uploads.begin` came before).
"""

from shared.db import images, uploads
from shared.db.pool import Pool, transaction
from shared.db.tables import ImageRow
from shared.db.uploads import Begun
from shared.observability import log
from shared.storage.content import Content
from shared.storage.store import ImageStore, StoreError, as_problem, public_id


async def save_image(db: Pool, store: ImageStore, begun: Begun, image: ImageRow, data: bytes | Content) -> ImageRow:
    """Stores the bytes under the name that was begun and adds the row; or answers the image with the same bytes.

    `image` needs no `public_id` and no `url`. Raises StorageUnavailable, InvalidImage, Unavailable.
    """
    try:
        stored = await store.put(public_id(image.business_id, begun.id), data)
    except StoreError as fault:
        _failed(fault, begun)
        raise as_problem(fault) from fault
    ours = image.model_copy(update={"id": begun.id, "public_id": stored.public_id, "url": stored.url})
    async with transaction(db) as connection:
        kept = await images.add(connection, ours)
        if kept.id == ours.id:
            await uploads.close(connection, begun.id, kept.id)
    if kept.id != ours.id:
        await _drop(db, store, begun, ours, kept)
    return kept


async def _drop(db: Pool, store: ImageStore, begun: Begun, ours: ImageRow, kept: ImageRow) -> None:
    """The same bytes arrived twice at the same moment, and the other was first. Ours go, now or with the sweep."""
    try:
        await store.remove(ours.public_id)
    except StoreError as fault:
        _failed(fault, begun)
    else:
        await uploads.close(db, begun.id, kept.id)


def _failed(fault: StoreError, begun: Begun) -> None:
    log.get().warning("store.failed", kind=type(fault).__name__, detail=str(fault), upload_id=str(begun.id))
