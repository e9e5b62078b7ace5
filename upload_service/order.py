"""What an upload is kept as: bytes we have already, or a new picture. Nothing is stored before it was decoded."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Literal

from shared.db import images, uploads
from shared.db.models import Image, ImageSource
from shared.db.pool import Row
from shared.domain import filenames
from shared.domain.errors import Conflict
from shared.domain.ids import new_id
from shared.http.shares import Asker
from shared.storage.content import Content
from shared.storage.keep import keep
from upload_service.decoder.intake import Accepted
from upload_service.formats.containers import Part
from upload_service.receive import Received
from upload_service.tools import Tools

Word = Literal["filename", "alt_text"]

_PIECE = 256 * 1024
"""Bytes that are read and sent at once."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to be kept, besides the bytes."""

    business_id: int
    filename: str
    """As it was sent; may be empty."""
    alt_text: str | None
    key: str | None
    """The idempotency key."""
    who: Asker
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
class Kept:
    """The answer."""

    row: Row
    created: bool
    """False where the same bytes were there already."""
    replayed: bool = False
    """Whether this key had its answer before."""


async def fulfil(tools: Tools, wanted: Order, file: Received) -> Kept:
    """Raises the intake's problems, the queue's, IdempotencyKeyReused, StorageUnavailable."""
    twin = await images.find_by_hash(tools.db, wanted.business_id, file.sha256)
    if twin and not wanted.key:
        return Kept(twin, created=False)
    if twin:
        return await _begun(tools, wanted, file, twin)
    accepted = await tools.decoders.inspect(file.file, file.bytes, wanted.who)
    # Who waits here has begun nothing yet that the sweep would have to look after.
    async with tools.sending.turn(wanted.who):
        return await _begun(tools, wanted, file, accepted)


async def _begun(tools: Tools, wanted: Order, file: Received, found: Row | Accepted) -> Kept:
    """What was found: a picture that is there already, or one to be stored."""
    begun = await uploads.begin(tools.db, new_id(), wanted.business_id, wanted.key, wanted.digest(file.sha256))
    if begun.image_id:
        first = await images.find(tools.db, begun.image_id)
        if first is None:
            raise Conflict("The picture that answered this Idempotency-Key was deleted for good; send a new key")
        return Kept(first, created=begun.id == begun.image_id, replayed=True)
    if not isinstance(found, Accepted):
        await uploads.close(tools.db, begun.id, found["id"])
        return Kept(found, created=False)
    content = Content(found.bytes, lambda: _pieces(file.file, found.parts))
    image = await keep(tools.db, tools.store, begun, _image(wanted, file, found), content)
    return Kept(await images.get(tools.db, image.id), created=image.id == begun.id)


def _image(wanted: Order, file: Received, accepted: Accepted) -> Image:
    extension = "jpg" if accepted.format == "jpeg" else accepted.format
    return Image(
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
