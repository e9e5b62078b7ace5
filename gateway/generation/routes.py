"""Asking for pictures: accept, estimate, list, cancel. The polls are in `status`."""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from gateway.generation import model_options, schemas
from gateway.generation.schemas import EstimateRequest, GenerateRequest
from gateway.resources import GatewayResources
from shared.catalog.catalogue import Choice
from shared.catalog.model import NotOffered
from shared.db import budgets, job_views, jobs, new_jobs
from shared.db.new_jobs import NewJob
from shared.db.tables import JobRow, JobStatus
from shared.domain import caller, cursor
from shared.domain.errors import CostAboveMaximum, FieldError, Invalid, ModelRetired, NotFound
from shared.domain.ids import new_id
from shared.domain.money import micros, usd
from shared.http import api_schemas, etags
from shared.http.api_schemas import BusinessId
from shared.http.app import request_id
from shared.http.strict_input import QueryModel
from shared.observability import log

router = APIRouter(prefix="/api/v1/images/generate", tags=["Generation"])


_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing changed since the version named in `If-None-Match`"},
}


def _resources(request: Request) -> GatewayResources:
    resources: GatewayResources = request.app.state.resources
    return resources


def _today() -> date:
    return datetime.now(UTC).date()


def _choose(resources: GatewayResources, body: schemas.Choosing) -> Choice:
    """The catalogue's word on model, size and quality, or a problem that names what is allowed."""
    try:
        return resources.catalogue.choose(body.model, body.size, body.quality, _today())
    except NotOffered as wrong:
        field = FieldError(wrong.pointer, wrong.code, wrong.detail)
        extra: dict[str, Any] = {"allowed": list(wrong.allowed)} if wrong.allowed else {}
        if wrong.code != "model_retired":
            raise Invalid(wrong.detail, errors=(field,), extra=extra) from None
        raise ModelRetired(
            wrong.detail, errors=(field,), extra=extra | {"replacement": wrong.replacement, "charged": False}
        ) from None


@router.post(
    "",
    status_code=202,
    response_model=schemas.Job,
    operation_id="generate_image",
    summary="Ask for a picture",
    response_description="Accepted and safely written down; poll `Location`",
)
async def generate(
    request: Request,
    body: GenerateRequest,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Everything wrong is refused here, before anything is queued. The answer is sent after the job is committed."""
    resources = _resources(request)
    caller.of(request.scope).act_for(body.business_id)
    choice = _choose(resources, body)
    if body.max_cost_usd is not None and choice.unit_price_micros > micros(body.max_cost_usd):
        estimate = usd(choice.unit_price_micros)
        raise CostAboveMaximum(
            f"It is estimated at ${estimate}, above your maximum of ${body.max_cost_usd}",
            errors=(FieldError("/max_cost_usd", "too_small", f"The estimate is ${estimate}"),),
            extra={"estimated_usd": estimate, "charged": False},
        )
    new_job = NewJob(
        id=new_id(),
        business_id=body.business_id,
        prompt=body.prompt,
        model=choice.model.name,
        size=str(choice.size),
        quality=choice.quality.name,
        alt_text=api_schemas.alt_text(body.alt_text),
        estimated_micros=choice.unit_price_micros,
        request_id=request_id(request),
        body_hash=_digest(body),
        idempotency_key=idempotency_key,
        deadline_seconds=body.deadline_seconds,
    )
    async with resources.turn(request, body.business_id):
        job, replayed = await new_jobs.accept(
            resources.db, new_job, resources.settings.monthly_budget, resources.settings.max_waiting_jobs
        )
    if not replayed:
        await resources.notifier.wake_workers([job.id], [job])
        log.get().info("job.accepted", job_id=str(job.id), business_id=job.business_id, model=job.model)
    return await _answer(request, job, 202, {"Idempotency-Replayed": "true"} if replayed else {})


def _digest(body: GenerateRequest) -> str:
    return hashlib.sha256(json.dumps(body.model_dump(), sort_keys=True).encode()).hexdigest()


async def _answer(request: Request, job: JobRow, status: int, headers: dict[str, str]) -> Response:
    resources = _resources(request)
    async with resources.turn(request, job.business_id):
        job_view = await job_views.get_one(resources.db, job.id)
    body = schemas.job(job_view, resources.settings.public_url, resources.settings.purge_after)
    if not job_view.job.final:
        headers = headers | {"Retry-After": "1"}
    return api_schemas.json_response(body, status, headers | {"Location": body.links.status})


@router.post(
    "/{job_id}/cancel",
    response_model=schemas.Job,
    responses={202: {"model": schemas.Job, "description": "It runs: asked to stop, may be charged"}},
    operation_id="cancel_job",
    summary="Cancel a job",
    response_description="Canceled before it started; not charged",
)
async def cancel(request: Request, job_id: str) -> Response:
    """Free and final before it starts. While it runs, what can be stopped is; `cost.charged` tells the truth."""
    resources = _resources(request)
    async with resources.turn(request):
        job = await jobs.cancel(resources.db, _uuid(job_id), caller.of(request.scope).business_ids(None))
    resources.job_cache.forget(job.id)
    if job.final:
        await resources.notifier.publish(job)
    else:
        await resources.notifier.cancel(job)
        await resources.notifier.publish(job)
    return await _answer(request, job, 200 if job.final else 202, {})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such job") from None


_CURSOR = f"^$|{cursor.PATTERN}"


class JobsQuery(QueryModel):
    """Which jobs."""

    business_id: BusinessId = Field(examples=[1])
    status: JobStatus | None = None
    page: int | None = Field(None, ge=1, le=100_000, description="Without `cursor`: the first by default")
    page_size: int = Field(20, ge=1, le=100)
    cursor: api_schemas.Text | None = Field(
        None,
        max_length=200,
        description="`next_cursor` of the page before; empty: the first page",
        json_schema_extra={"pattern": _CURSOR},
    )


@router.get("/jobs", response_model=schemas.JobPage, operation_id="list_jobs", summary="List jobs, newest first")
async def list_jobs(request: Request, query: Annotated[JobsQuery, Query()]) -> Response:
    """By page number, or by `cursor`, which costs the same at any depth."""
    resources = _resources(request)
    caller.of(request.scope).act_for(query.business_id)
    before = cursor.read(query.cursor) if query.cursor else None
    page = query.page or 1
    offset = 0 if before else (page - 1) * query.page_size
    async with resources.turn(request, query.business_id):
        views, total = await job_views.page(
            resources.db, query.business_id, query.status, limit=query.page_size + 1, offset=offset, before=before
        )
    shown, more = views[: query.page_size], len(views) > query.page_size
    settings = resources.settings
    last = shown[-1].job if shown else None
    return api_schemas.json_response(
        schemas.JobPage(
            items=[schemas.job(job_view, settings.public_url, settings.purge_after) for job_view in shown],
            total=total,
            page=page,
            page_size=query.page_size,
            pages=-(-total // query.page_size),
            next_cursor=cursor.write(last.created_at, last.id) if last and more else None,
        )
    )


@router.get(
    "/sizes",
    response_model=model_options.Offer,
    responses=_UNCHANGED,
    operation_id="list_sizes",
    summary="What can be asked for, and what it costs",
)
async def sizes(request: Request, if_none_match: Annotated[str | None, Header(max_length=1000)] = None) -> Response:
    """Changes only with the catalogue and the day."""
    body = orjson.dumps(_resources(request).catalogue.sizes_document(_today()))
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etags.names(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


@router.post(
    "/estimate-cost", response_model=schemas.Estimate, operation_id="estimate_cost", summary="What would it cost?"
)
async def estimate(request: Request, body: EstimateRequest) -> Response:
    """The same validation as asking for the picture, without any effect; for a `business_id` also its budget."""
    if body.business_id is not None:
        caller.of(request.scope).act_for(body.business_id)
    resources = _resources(request)
    choice = _choose(resources, body)
    others = resources.catalogue.alternatives(choice, _today())
    return api_schemas.json_response(
        schemas.Estimate(
            **_priced(choice),
            count=body.count,
            total_cost_usd=usd(choice.unit_price_micros * body.count),
            exact=choice.exact,
            price_list_version=choice.price_list_version,
            budget=await _budget(request, body.business_id),
            alternatives=[schemas.Alternative(**_priced(other)) for other in others],
        )
    )


def _priced(choice: Choice) -> dict[str, str]:
    return {
        "model": choice.model.name,
        "size": str(choice.size),
        "quality": choice.quality.name,
        "unit_cost_usd": usd(choice.unit_price_micros),
    }


async def _budget(request: Request, business_id: int | None) -> schemas.Budget | None:
    """Nothing is asked for where nobody is named or nothing is limited."""
    if business_id is None:
        return None
    resources = _resources(request)
    async with resources.turn(request, business_id):
        limit = await budgets.limit_of(resources.db, business_id, resources.settings.monthly_budget)
        return None if limit is None else schemas.budget(await budgets.month_of(resources.db, business_id), limit)
