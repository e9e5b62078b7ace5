"""What an upload is kept as: bytes we have already, or a new picture. Nothing is stored before it was decoded."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Literal

from shared.db import images, uploads
from shared.db.pool import Row
from shared.db.tables import ImageRow, ImageSource
from shared.domain import filenames
from shared.domain.errors import Conflict
from shared.domain.ids import new_id
from shared.http.shares import ShareKey
from shared.storage.content import Content
from shared.storage.save_image import save_image
from upload_service.decoder.inspect import Accepted
from upload_service.formats.container import Part
from upload_service.multipart import ReceivedForm
from upload_service.resources import UploadResources

Word = Literal["filename", "alt_text"]

_PIECE = 256 * 1024
"""Bytes that are read and sent at once."""


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What somebody wants to be kept, besides the bytes."""

    business_id: int
    filename: str
    """As it was sent; may be empty."""
    alt_text: str | None
    key: str | None
    """The idempotency key."""
    who: ShareKey
    """Whose turn it is to have it decoded."""

    def digest(self, sha256: str) -> str:
        """Tells a repetition from a reused key."""
        return hashlib.sha256(repr((sha256, self.filename, self.alt_text)).encode()).hexdigest()

    def not_taken(self, row: Row) -> list[Word]:
        """Which of its words the picture that was there already does not have. What was not said is not among them."""
        words: list[Word] = []
        if filenames.safe(self.filename, row["filename"]) != row["filename"]:
            words.append("filename")
        if self.alt_text is not None and self.alt_text != row["alt_text"]:
            words.append("alt_text")
        return words


@dataclass(frozen=True, slots=True)
class SavedUpload:
    """The answer."""

    row: Row
    created: bool
    """False where the same bytes were there already."""
    replayed: bool = False
    """Whether this key had its answer before."""


async def save_upload(resources: UploadResources, wanted: NewUpload, file: ReceivedForm) -> SavedUpload:
    """Raises the intake's problems, the queue's, IdempotencyKeyReused, StorageUnavailable."""
    twin = await images.find_by_hash(resources.db, wanted.business_id, file.sha256)
    if twin and not wanted.key:
        return SavedUpload(twin, created=False)
    if twin:
        return await _begun(resources, wanted, file, twin)
    accepted = await resources.decoders.inspect(file.file, file.bytes, wanted.who)
    # Who waits here has begun nothing yet that the sweep would have to look after.
    async with resources.sending.turn(wanted.who):
        return await _begun(resources, wanted, file, accepted)


async def _begun(
    resources: UploadResources, wanted: NewUpload, file: ReceivedForm, found: Row | Accepted
) -> SavedUpload:
    """What was found: a picture that is there already, or one to be stored."""
    begun = await uploads.begin(resources.db, new_id(), wanted.business_id, wanted.key, wanted.digest(file.sha256))
    if begun.image_id:
        first = await images.find(resources.db, begun.image_id)
        if first is None:
            raise Conflict("The picture that answered this Idempotency-Key was deleted for good; send a new key")
        return SavedUpload(first, created=begun.id == begun.image_id, replayed=True)
    if not isinstance(found, Accepted):
        await uploads.close(resources.db, begun.id, found["id"])
        return SavedUpload(found, created=False)
    content = Content(found.bytes, lambda: _pieces(file.file, found.parts))
    image = await save_image(resources.db, resources.store, begun, _image(wanted, file, found), content)
    return SavedUpload(await images.get(resources.db, image.id), created=image.id == begun.id)


def _image(wanted: NewUpload, file: ReceivedForm, accepted: Accepted) -> ImageRow:
    extension = "jpg" if accepted.format == "jpeg" else accepted.format
    return ImageRow(
        id=new_id(),
        business_id=wanted.business_id,
        source=ImageSource.UPLOADED,
        filename=filenames.safe(wanted.filename, f"image.{extension}"),
        public_id="",
        url="",
        format=accepted.format,
        bytes=accepted.bytes,
        width=accepted.width,
        height=accepted.height,
        sha256=file.sha256,
        alt_text=wanted.alt_text,
        created_at=datetime.now(UTC),
    )


def _pieces(file: IO[bytes], parts: tuple[Part, ...]) -> Iterator[bytes]:
    """The cleaned file. Read in the store's thread, from a descriptor of its own: a request that is given up closes the
    file, and its number may then be another one's."""
    own = os.dup(file.fileno())
    try:
        for part in parts:
            if isinstance(part, bytes):
                yield part
            else:
                for start in range(part[0], part[1], _PIECE):
                    yield os.pread(own, min(_PIECE, part[1] - start), start)
    finally:
        os.close(own)
