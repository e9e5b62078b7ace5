"""Rows for the library's tests, added with the product's own verbs; their bytes are in no store."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.db import images, new_jobs
from shared.db.new_jobs import NewJob
from shared.db.pool import Db, Pool
from shared.db.tables import ImageRow, ImageSource
from shared.domain.ids import new_id


async def add(db: Db, business: int = 1, **more: Any) -> ImageRow:
    """A picture in the library."""
    image_id = more.pop("id", None) or new_id()
    values: dict[str, Any] = {
        "id": image_id, "business_id": business, "source": ImageSource.UPLOADED, "filename": "picture.jpg",
        "public_id": f"darkroom/{business}/{image_id}", "format": "jpeg", "bytes": 1000, "width": 1200, "height": 900,
        "url": f"http://store/sandbox/image/upload/v1/darkroom/{business}/{image_id}.jpg", "sha256": image_id.hex * 2,
        "created_at": datetime.now(UTC),
    }  # fmt: skip
    return await images.add(db, ImageRow(**values | more))


async def painted(db: Pool, prompt: str, business: int = 1, **more: Any) -> ImageRow:
    """A picture that a job made."""
    job_id = await job(db, prompt, business)
    image = await add(db, business, source=ImageSource.AI_GENERATED, job_id=job_id, filename="painted.png", **more)
    await db.execute("update jobs set actual_micros = 52700 where id = $1", job_id)
    return image


async def job(db: Pool, prompt: str, business: int = 1) -> UUID:
    """A job that still waits; what it is to paint is enough here."""
    new_job = NewJob(
        id=new_id(), business_id=business, prompt=prompt, model="gpt-image-2.5-flare", size="1024x1024",
        quality="standard", alt_text=None, estimated_micros=52_700, request_id="r", body_hash="h",
    )  # fmt: skip
    made, _ = await new_jobs.create(db, new_job)
    return made.id
