"""The shapes that only the library answers with or takes. Those of its pages are in `routes/lists.py`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path
from pydantic import AfterValidator, Field

from shared.domain import texts
from shared.domain.errors import NotFound
from shared.domain.filenames import MAX_LENGTH
from shared.domain.platforms import Platform
from shared.domain.renditions import PRESETS, Mode
from shared.http import api_schemas
from shared.http.api_schemas import BusinessId, Id, ResponseModel, Text, Words
from shared.http.strict_input import FromText, QueryModel, RequestModel
from shared.storage.urls import SIDES, Fit


def _image_id(image_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    try:
        return UUID(image_id)
    except ValueError:
        raise NotFound("There is no such picture") from None


ImageId = Annotated[UUID, Depends(_image_id)]
"""From the path. What is no id is no picture: 404."""


class Scope(QueryModel):
    """Where the id alone says which picture; naming the business as well makes another's a 404."""

    business_id: BusinessId | None = None


def _side(value: int) -> int:
    if value not in SIDES:
        raise ValueError(f"must be one of {', '.join(map(str, SIDES))}")
    return value


Side = Annotated[int, AfterValidator(_side), Field(json_schema_extra={"enum": list(SIDES)})]


class ThumbnailQuery(Scope):
    """Which box, and how the picture lies in it."""

    width: Side = 320
    height: Side = 320
    fit: Fit = Field("cover", description="cover fills the box and cuts; contain shows everything")
    redirect: bool = Field(False, description="302 to it instead of JSON")


class Thumbnail(ResponseModel):
    """Where it is, and exactly what it is."""

    url: str
    width: int
    height: int


class Description(RequestModel):
    """What can be changed. What is absent stays."""

    filename: Annotated[Text, AfterValidator(texts.seen)] = Field(
        default_factory=str, min_length=1, max_length=MAX_LENGTH, pattern=r"\S", description="Not empty, not null"
    )
    alt_text: Words | None = Field(
        None, max_length=1000, description="Empty: decorative. Null or only white space takes it away"
    )


EvenIfUsed = Annotated[bool, Field(description="Also what is attached to a post")]


class DeleteQuery(Scope):
    """Whether it may go although a post shows it, and whether for good."""

    even_if_used: EvenIfUsed = False
    purge: bool = Field(False, description="Destroy its bytes now, in the store's caches too, instead of in the trash")


class _Several(RequestModel):
    """Which pictures."""

    ids: list[Id] = Field(min_length=1, max_length=100)
    business_id: BusinessId | None = None


class BulkDelete(_Several):
    """Which pictures go to the trash."""

    even_if_used: EvenIfUsed = False


class Deleted(ResponseModel):
    """What became of one id."""

    id: UUID
    status: Literal["deleted", "in_use", "not_found"] = Field(description="in_use: a post shows it, so it stays")
    image: api_schemas.Image | None = Field(description="As it is now; null where there is none")


class BulkDeleted(ResponseModel):
    """In the order of the request."""

    results: list[Deleted]


class BulkRestore(_Several):
    """Which pictures come back from the trash."""


class Restored(ResponseModel):
    """What became of one id."""

    id: UUID
    status: Literal["restored", "not_found", "conflict"] = Field(
        description="conflict: the same picture was uploaded again meanwhile, so it stays in the trash"
    )
    image: api_schemas.Image | None = Field(description="As it is now; null where there is none")


class BulkRestored(ResponseModel):
    """In the order of the request."""

    results: list[Restored]


def _printable(text: str) -> str:
    """Also what it takes to be a part of an address: nothing that was no UTF-8, no `.` and no `..`."""
    if not text.isprintable() or "\N{REPLACEMENT CHARACTER}" in text:
        raise ValueError("must be printable characters")
    if text in (".", ".."):
        raise ValueError("must not be . or ..")
    return text


PostId = Annotated[
    Text, AfterValidator(_printable), Path(min_length=1, max_length=200, description="Your own name of the post")
]


class Attaching(RequestModel):
    """Where the post goes."""

    platform: Annotated[Platform, FromText] | None = Field(None, description="Its rules are checked; null: nothing is")


class Post(ResponseModel):
    """A post that shows a picture."""

    post_id: str
    platform: Platform | None
    attached_at: datetime


class Posts(ResponseModel):
    """Attached last first."""

    items: list[Post] = Field(description="At most 100")
    total: int


class Copies(ResponseModel):
    """Newest first."""

    items: list[api_schemas.Image] = Field(description="At most 100")


def _preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(f"must be one of {', '.join(PRESETS)}")
    return name


class Wish(RequestModel):
    """Which copy to keep."""

    preset: Annotated[Text, AfterValidator(_preset), Field(json_schema_extra={"enum": list(PRESETS)})]
    mode: Mode = Field("crop", description="crop cuts what sticks out; pad keeps everything and adds blurred bars")

    @property
    def kind(self) -> str:
        """How a copy that was made so is named in its row: `instagram_4x5 crop`."""
        return f"{self.preset} {self.mode}"
