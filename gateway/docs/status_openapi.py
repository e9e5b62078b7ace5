"""The polls as FastAPI would describe them. For the document only: `status.py` answers them before FastAPI is asked."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Response

from gateway.docs.openapi_examples import JOB
from gateway.generation import schemas
from gateway.generation.status import PREFIX
from shared.domain.errors import NotFound

router = APIRouter(tags=["Generation"])

_EVENT: dict[str, Any] = {
    "title": "JobEvent",
    "type": "object",
    "description": "One event, as tools that read event streams take them apart",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$", "description": "Grows with each change"},
        "event": {"type": "string", "enum": ["job"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Job"},
            "description": "The whole Job as JSON",
        },
    },
}
_STREAM = {"anyOf": [{"type": "string", "description": "The stream as text"}, _EVENT]}
_SEEN = "id: 3\nevent: job\ndata: " + orjson.dumps(JOB).decode() + "\n\n"


@router.get(
    PREFIX + "{job_id}",
    response_model=schemas.Job,
    operation_id="get_job",
    summary="How does it stand?",
    response_description="The job, finished or not, also when it failed",
    responses={
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
    responses={200: {"content": {"text/event-stream": {"schema": _STREAM, "example": _SEEN}}}},
)
async def events(
    job_id: UUID,
    last_event_id: Annotated[
        str | None, Header(description="The `id` of the last event seen; resumes after it")
    ] = None,
) -> Response:
    """A comment every 15 seconds keeps the connection open."""
    raise NotFound(f"There is no job {job_id} {last_event_id}")
