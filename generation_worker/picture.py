"""A generated picture: whether its bytes are one, and its row in the library. Pure."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime

from PIL import Image, UnidentifiedImageError

from shared.db.tables import ImageRow, ImageSource, JobRow
from shared.domain import prompts
from shared.domain.ids import new_id
from shared.storage.store import Stored

_FORMATS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp"}
_MOST_PIXELS = 3840 * 2160


@dataclass(frozen=True, slots=True)
class Looked:
    """What the bytes really are, whatever was asked for."""

    format: str
    """`jpeg`, `png` or `webp`."""
    width: int
    height: int
    """Both in pixels, as decoded."""


def look(data: bytes) -> Looked | None:
    """Decodes the whole picture (tens of milliseconds: call it in a thread). None when it is broken or none."""
    try:
        with Image.open(io.BytesIO(data), formats=list(_FORMATS)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            picture.load()
            return Looked(_FORMATS[str(picture.format)], picture.width, picture.height)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, KeyError):
        return None


def library_row(job: JobRow, stored: Stored, sha256: str) -> ImageRow:
    """The row of a stored picture, to be added; `sha256` is that of the vendor's bytes."""
    return ImageRow(
        id=new_id(),
        business_id=job.business_id,
        source=ImageSource.AI_GENERATED,
        filename=prompts.filename(job.prompt, "jpg" if stored.format == "jpeg" else stored.format),
        public_id=stored.storage_key,
        url=stored.url,
        format=stored.format,
        bytes=stored.bytes,
        width=stored.width,
        height=stored.height,
        sha256=sha256,
        alt_text=job.alt_text,
        job_id=job.id,
        created_at=datetime.now(UTC),
    )
