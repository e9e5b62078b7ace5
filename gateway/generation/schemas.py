"""What clients of the generation routes send and see."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from shared.catalog.catalogue import MAX_PROMPT_CHARACTERS
from shared.db import budgets
from shared.db.budgets import Month
from shared.db.job_views import JobView
from shared.db.tables import Charged, JobError, JobRow, JobStatus, Stage
from shared.domain import texts
from shared.domain.money import usd
from shared.http import api_schemas
from shared.http.api_schemas import BusinessId, ResponseModel, Text, Words
from shared.http.strict_input import RequestModel

Prompt = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_PROMPT_CHARACTERS),
    BeforeValidator(texts.read),
    AfterValidator(api_schemas.storable),
    AfterValidator(texts.seen),
    Field(json_schema_extra={"pattern": texts.PATTERN_SEEN}),
]
Dollars = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$")]

RETRYABLE = {
    JobError.PROVIDER_RATE_LIMITED,
    JobError.PROVIDER_UNAVAILABLE,
    JobError.DEADLINE_PASSED,
    JobError.WORKER_LOST,
}
"""Errors after which the same wish, as a new job, may succeed. Never where the failed one may have been charged."""


class Choosing(RequestModel):
    """What picture is wanted, in the catalogue's words."""

    model: Text | None = Field(None, max_length=100, description="Default: the catalogue's default model")
    size: Text | None = Field(
        None, max_length=20, description="`WIDTHxHEIGHT`; see GET /generate/sizes", examples=["1024x1024"]
    )
    quality: Text | None = Field(None, max_length=20, description="`standard` or `hd`", examples=["standard"])


class GenerateRequest(Choosing):
    """A wish for one picture."""

    prompt: Prompt = Field(
        description=f"1 to {MAX_PROMPT_CHARACTERS} characters after trimming", examples=["a red fox in fresh snow"]
    )
    business_id: BusinessId
    alt_text: Words | None = Field(
        None, max_length=1000, description="What the picture shows, for people who cannot see it"
    )
    max_cost_usd: Dollars | None = Field(None, description="Refuse if the estimate is above this")
    deadline_seconds: int | None = Field(None, ge=1, le=86_400, description="End the job if it has not started by then")


class EstimateRequest(Choosing):
    """What would it cost?"""

    prompt: Prompt | None = None
    business_id: BusinessId | None = None
    count: int = Field(1, ge=1, le=10, description="How many pictures")


class Queue(ResponseModel):
    """Where a waiting job stands."""

    position: int = Field(description="1 is next in this business's line; never rises")
    eta_seconds: int = Field(description="Until the picture is there, from recent runs of the same kind")
    waiting_for: JobError | None = Field(description="Why it was put back, if it was: it is tried again by itself")


class Cost(ResponseModel):
    """Money as decimal strings in US dollars."""

    estimated_usd: str
    actual_usd: str | None = Field(
        description="Null while the job is open, or where it cannot be known: then only the estimate is"
    )
    charged: bool | Literal["unknown"] | None = Field(description="Null while the job is open")


class JobFailure(ResponseModel):
    """Why a job ended without a picture."""

    code: JobError
    detail: str
    retryable: bool = Field(
        description="Whether asking again, as a new job, may help. Never where this one is, or may be, charged"
    )
    charged: bool | Literal["unknown"]


class Links(ResponseModel):
    """Where to go on."""

    status: str
    events: str
    cancel: str


class Job(ResponseModel):
    """A generation job."""

    job_id: UUID
    business_id: int
    status: JobStatus
    stage: Stage
    prompt: str = Field(description="Empty once it was erased")
    model: str
    size: str
    quality: str
    attempt: int = Field(description="How often a worker took it")
    queue: Queue | None = Field(description="Null once it runs")
    eta_seconds: int | None = Field(description="Until its end; null once it ended")
    cost: Cost
    image: api_schemas.Image | None
    late_image: api_schemas.Image | None = Field(
        description="The picture of a job that ended without one, where it was found later; the end stays as it is"
    )
    error: JobFailure | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: Links


class JobPage(ResponseModel):
    """Jobs, newest first."""

    items: list[Job]
    total: int
    page: int
    page_size: int
    pages: int
    next_cursor: str | None


class Alternative(ResponseModel):
    """Another offer at another price."""

    model: str
    size: str
    quality: str
    unit_cost_usd: str


class Budget(ResponseModel):
    """What a business may spend in a month (UTC), and what became of it: decimal strings in US dollars."""

    limit_usd: str
    spent_usd: str = Field(description="Known cost of the vendor calls that started in the month")
    reserved_usd: str = Field(description="Estimates of the open jobs that have no picture yet")
    unknown_usd: str = Field(description="Estimates of calls that may have been charged: they count against the limit")
    left_usd: str = Field(description="What still fits; never negative")
    resets_at: datetime = Field(description="The first moment of the next month")


class Estimate(ResponseModel):
    """What `count` pictures would cost."""

    model: str
    size: str
    quality: str
    count: int
    unit_cost_usd: str
    total_cost_usd: str
    currency: Literal["USD"] = "USD"
    exact: bool = Field(description="False: billed by tokens, the answer's usage decides; the prompt adds about $0.001")
    price_list_version: str
    budget: Budget | None = None
    alternatives: list[Alternative]


_SAME = JobRow.model_fields.keys() & Job.model_fields.keys()
"""What a job's row and the contract call by the same name."""


_CHARGED: Mapping[Charged | None, bool | Literal["unknown"] | None] = {
    None: None, Charged.TRUE: True, Charged.FALSE: False, Charged.UNKNOWN: "unknown",
}  # fmt: skip


def budget(month: Month, limit: int) -> Budget:
    """The contract's Budget."""
    return Budget.model_validate(budgets.described(month, limit))


def job(job_view: JobView, public_url: str, purge_after_days: int) -> Job:
    """The contract's Job."""
    row = job_view.job
    routes = f"{public_url}/api/v1/images/generate"
    status_url = f"{routes}/status/{row.id}"
    charged = _CHARGED[row.charged]
    queued, failed = row.status is JobStatus.QUEUED, row.status is JobStatus.FAILED
    return Job(
        **{name: getattr(row, name) for name in _SAME},
        job_id=row.id,
        queue=Queue(position=job_view.position or 1, eta_seconds=job_view.eta_seconds or 1, waiting_for=row.error_code)
        if queued
        else None,
        eta_seconds=job_view.eta_seconds,
        cost=Cost(
            estimated_usd=usd(row.estimated_micros),
            actual_usd=None if row.actual_micros is None else usd(row.actual_micros),
            charged=charged,
        ),
        image=api_schemas.image(job_view.image, purge_after_days) if job_view.image else None,
        late_image=api_schemas.image(job_view.late_image, purge_after_days) if job_view.late_image else None,
        error=JobFailure(
            code=row.error_code,
            detail=row.error_detail or "",
            retryable=row.error_code in RETRYABLE and charged is False,
            charged=charged if charged is not None else "unknown",
        )
        if failed and row.error_code
        else None,
        cancel_requested=row.cancel_requested_at is not None,
        links=Links(status=status_url, events=f"{status_url}/events", cancel=f"{routes}/{row.id}/cancel"),
    )
