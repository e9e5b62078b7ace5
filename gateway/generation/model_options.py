"""What `GET /generate/sizes` answers. For the document: the body is written in `catalogue`."""

from datetime import date

from pydantic import Field

from shared.catalog.model import Status
from shared.http.api_schemas import ResponseModel


class OfferedSize(ResponseModel):
    """A size of a model."""

    size: str
    width: int
    height: int
    ratio: str
    label: str
    instagram_ready: bool = Field(description="A JPEG of it can be published on Instagram as it is")
    default: bool


class FurtherSizes(ResponseModel):
    """Which sizes a model paints beyond those listed."""

    step: int = Field(description="Both sides are multiples of it")
    min_pixels: int
    max_pixels: int
    max_side: int
    max_ratio: int = Field(description="The longer side is at most this many times the shorter")


class OfferedModel(ResponseModel):
    """A model, with its prices by size and quality as decimal strings in US dollars."""

    model: str
    label: str
    status: Status
    shutdown_date: date | None
    replacement: str | None
    exact_prices: bool = Field(description="False: billed by tokens, the answer's usage decides")
    sizes: list[OfferedSize]
    size_rule: FurtherSizes | None
    max_prompt_characters: int
    qualities: list[str]
    prices: dict[str, dict[str, str]]


class Offer(ResponseModel):
    """What can be asked for."""

    models: list[OfferedModel]
    default_model: str | None
    catalogue_version: str
