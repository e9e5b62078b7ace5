"""The library's entry of a painted picture: made of its job and of what the store says of it."""

from datetime import UTC, datetime

from shared.db.tables import ImageRow, ImageSource, JobRow
from shared.domain import prompts
from shared.domain.ids import new_id
from shared.storage.store import Stored


def of(job: JobRow, stored: Stored, sha256: str) -> ImageRow:
    """The row to be added; `sha256` is that of the vendor's bytes."""
    return ImageRow(
        id=new_id(),
        business_id=job.business_id,
        source=ImageSource.AI_GENERATED,
        filename=prompts.filename(job.prompt, "jpg" if stored.format == "jpeg" else stored.format),
        public_id=stored.public_id,
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
