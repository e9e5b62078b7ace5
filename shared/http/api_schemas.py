"""The shapes of the contract that more than one service answers with, and the types of what clients send.

How strictly those are read is in `strict`."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from shared.db.tables import ImageSource
from shared.domain import platforms, texts
from shared.domain.money import usd
from shared.http.strict_input import FromText
from shared.storage import urls

THUMBNAIL = 320
"""Width and height of the `thumbnail_url` of every image."""


def storable(text: str) -> str:
    """Postgres takes no NUL, and UTF-8 no half of a surrogate pair."""
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None
    return text


Text = Annotated[str, AfterValidator(storable)]
"""A string from a client that can be stored."""

Words = Annotated[
    str,
    BeforeValidator(texts.read),
    AfterValidator(storable),
    AfterValidator(texts.seen),
    Field(json_schema_extra={"pattern": texts.PATTERN}),
]
"""A text that people wrote for people."""


def alt_text(said: str | None) -> str | None:
    """As it is kept: without white space around it; of white space only, nobody wrote one. Empty is decorative."""
    return said if said == "" else (said or "").strip() or None


Id = Annotated[UUID, FromText]
"""Of a picture or a job, in a body."""

BusinessId = Annotated[int, Field(gt=0, le=2**63 - 1, description="The tenant")]


class ResponseModel(BaseModel):
    """The root of what we answer."""

    model_config = ConfigDict(frozen=True)


class Generation(ResponseModel):
    """How an AI picture was made; read from its job."""

    job_id: UUID
    prompt: str = Field(description="Empty once it was erased")
    model: str
    size: str
    quality: str
    cost_usd: str | None = Field(description="Decimal string; null where it cannot be known")


class InstagramVerdict(ResponseModel):
    """The short form of POST /validate/instagram."""

    valid: bool = Field(description="Inside Instagram's size and ratio limits")
    publishable_as_is: bool = Field(description="Meta's API takes these very bytes")
    warnings: list[str]


class Image(ResponseModel):
    """A stored picture."""

    id: UUID
    business_id: int
    source: ImageSource
    filename: str
    url: str
    thumbnail_url: str
    width: int
    height: int
    # A row that another version wrote, or a hand, is shown with what it says, instead of not at all.
    format: Annotated[str, WithJsonSchema({"enum": ["jpeg", "png", "webp"], "type": "string"})]
    bytes: int
    sha256: str
    alt_text: str | None = Field(
        description="What it shows. Empty: decorative, there is nothing to describe. Null: nobody wrote one"
    )
    parent_id: UUID | None = Field(description="The picture this one was derived from")
    generation: Generation | None = Field(description="Null where no job painted it, or the job is kept no longer")
    instagram: InstagramVerdict
    used_in: int = Field(ge=0, description="How many posts it is attached to; while there is one it is not destroyed")
    created_at: datetime
    deleted_at: datetime | None
    purge_after: datetime | None = Field(
        description="When the bytes of a deleted picture are destroyed; null while it is attached to a post"
    )


def image(row: Any, purge_after_days: int) -> Image:
    """A row of `images.ROW`: an image, what it has of its job (all null without one), and `used_in`."""
    return Image.model_validate(shown(row, purge_after_days))


def shown(row: Any, purge_after_days: int) -> dict[str, Any]:
    """The same as plain values, for `listed`: a model of each row takes longer than all the rest of a page."""
    deleted, used_in = row["deleted_at"], row["used_in"]
    width, height = row["width"], row["height"]
    return {
        "id": row["id"],
        "business_id": row["business_id"],
        "source": row["source"],
        "filename": row["filename"],
        "url": row["url"],
        "thumbnail_url": urls.thumbnail(row["url"], width, height, width=THUMBNAIL, height=THUMBNAIL, fit="cover").url,
        "width": width,
        "height": height,
        "format": row["format"],
        "bytes": row["bytes"],
        "sha256": row["sha256"],
        "alt_text": row["alt_text"],
        "parent_id": row["parent_id"],
        "generation": _generation(row),
        "instagram": _instagram(width, height, row["bytes"], row["format"]),
        "used_in": used_in,
        "created_at": row["created_at"],
        "deleted_at": deleted,
        "purge_after": row["purge_at"]
        or (deleted + timedelta(days=purge_after_days) if deleted and not used_in else None),
    }


@lru_cache(4096)
def _instagram(*picture: Any) -> dict[str, Any]:
    """Of what makes a `platforms.Picture`. Remembered: judging twenty anew took longer than reading them."""
    verdict = platforms.check(platforms.Platform.INSTAGRAM, platforms.Picture(*picture))
    return {
        "valid": verdict.valid,
        "publishable_as_is": verdict.publishable_as_is,
        "warnings": [str(warning) for warning in verdict.warnings],
    }


def _generation(row: Any) -> dict[str, Any] | None:
    if row["job_id"] is None or row["prompt"] is None:
        return None
    cost = row["actual_micros"]
    same = {name: row[name] for name in ("job_id", "prompt", "model", "size", "quality")}
    return {**same, "cost_usd": None if cost is None else usd(cost)}


def listed(values: dict[str, Any]) -> bytes:
    """JSON, in the very bytes that a model of these values would be written in."""
    return orjson.dumps(values, default=str, option=orjson.OPT_UTC_Z)


def json_response(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The model as JSON bytes, serialised once."""
    return Response(model.model_dump_json(), status_code=status, headers=headers, media_type="application/json")
