"""The polls as FastAPI would describe them. For the document only: `status.py` answers them before FastAPI is asked."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response

from gateway import schemas
from gateway.status import PREFIX
from shared.errors import NotFound

router = APIRouter(tags=["Generation"])

_TAG = {"description": "Weak; send it back as `If-None-Match`", "schema": {"type": "string"}}
_RETRY = {"description": "Seconds until asking again makes sense; absent once it ended", "schema": {"type": "integer"}}


@router.get(
    PREFIX + "{job_id}",
    response_model=schemas.Job,
    operation_id="get_job",
    summary="How does it stand?",
    response_description="The job, finished or not, also when it failed",
    responses={
        200: {"headers": {"ETag": _TAG, "Retry-After": _RETRY}},
        304: {"description": "Nothing changed since the version named in `If-None-Match`"},
    },
)
async def status(
    job_id: UUID,
    if_none_match: Annotated[str | None, Header(description="The `ETag` of the last answer")] = None,
    prefer: Annotated[str | None, Header(description="`wait=1` to `wait=30`: answer when the job changes")] = None,
) -> Response:
    """One cheap read for thousands of askers. With `Prefer: wait=N` the answer is held until the job changes."""
    raise NotFound(f"There is no job {job_id} {if_none_match} {prefer}")


@router.get(
    PREFIX + "{job_id}/events",
    response_class=Response,
    operation_id="follow_job",
    summary="Follow it as events",
    response_description="Server-Sent Events named `job`, each with the whole Job; the stream ends with the job",
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    job_id: UUID,
    last_event_id: Annotated[
        str | None, Header(description="The `id` of the last event seen; resumes after it")
    ] = None,
) -> Response:
    """A comment every 15 seconds keeps the connection open."""
    raise NotFound(f"There is no job {job_id} {last_event_id}")
