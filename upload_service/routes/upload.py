"""POST /api/v1/images/upload: receive, fulfil, answer. How a file becomes a picture is in `save_upload.py`."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.requests import ClientDisconnect

from shared.domain import caller
from shared.domain.errors import FieldError, Invalid
from shared.domain.filenames import MAX_LENGTH
from shared.domain.texts import PATTERN
from shared.http import api_schemas
from shared.http.api_schemas import BusinessId, Text, Words
from shared.http.shares import ShareKey, share_key
from shared.http.strict_input import QueryModel, RequestModel
from shared.observability import log
from upload_service.multipart import ReceivedForm, received
from upload_service.resources import UploadResources
from upload_service.save_upload import NewUpload, SavedUpload, Word, save_upload

router = APIRouter(prefix="/api/v1/images", tags=["Uploads"])


class UploadQuery(QueryModel):
    """Whose picture it will be."""

    business_id: BusinessId


class UploadFields(RequestModel):
    """The text parts of the form."""

    alt_text: Words | None = Field(None, max_length=1000, description="What the picture shows")
    filename: Text | None = Field(None, max_length=MAX_LENGTH, description="Instead of the file's own name")


class Uploaded(api_schemas.Image):
    """The picture that is kept now."""

    not_taken: list[Word] | None = Field(
        None,
        min_length=1,
        description="Only where these bytes were there already: what was sent and differs from what the picture has. "
        "It keeps its own; PATCH changes it",
    )


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "JPEG, PNG or WebP, decided by its bytes; at most 10 MiB, 25 megapixels",
                        },
                        "alt_text": {
                            "type": "string",
                            "maxLength": 1000,
                            "pattern": PATTERN,
                            "description": "What the picture shows",
                        },
                        "filename": {
                            "type": "string",
                            "maxLength": MAX_LENGTH,
                            "description": "Instead of the file's own name",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "/upload",
    status_code=201,
    response_model=api_schemas.Image,
    responses={200: {"model": Uploaded, "description": "These bytes were there already; `X-Deduplicated: true`"}},
    openapi_extra=_BODY,
    operation_id="upload_image",
    summary="Upload a picture",
    response_description="Stored; its address is in `Location`",
)
async def upload(
    request: Request,
    asked: Annotated[UploadQuery, Query()],
    idempotency_key: Annotated[Text | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Camera data, places and comments are taken out before it is stored; the colour profile and the turn are kept."""
    who = caller.of(request.scope)
    who.act_for(asked.business_id)
    resources: UploadResources = request.app.state.resources
    business_ids = share_key(who, asked.business_id)
    fields = frozenset(UploadFields.model_fields)
    with resources.space.account(business_ids) as account:
        async with received(request, resources.settings.max_file, fields, account) as form:
            order = _order(form, asked.business_id, idempotency_key, business_ids)
            if await request.is_disconnected():
                raise ClientDisconnect
            kept = await save_upload(resources, order, form)
    return _answer(resources, kept, [] if kept.created else order.not_taken(kept.row))


def _order(form: ReceivedForm, business_id: int, key: str | None, who: ShareKey) -> NewUpload:
    if form.filename is None:
        missing = FieldError("/file", "missing", "Send the picture in the part `file`")
        raise Invalid(missing.detail, errors=(missing,))
    try:
        said = UploadFields.model_validate(form.fields)
    except ValidationError as wrong:
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in wrong.errors()]) from None
    alt_text = (said.alt_text or "").strip() or None
    return NewUpload(business_id, (said.filename or "").strip() or form.filename, alt_text, key, who)


def _answer(resources: UploadResources, kept: SavedUpload, not_taken: list[Word]) -> Response:
    image = api_schemas.image(kept.row, resources.settings.purge_after)
    headers = {"Location": f"{resources.settings.public_url}/api/v1/images/{image.id}"}
    if not kept.created:
        headers["X-Deduplicated"] = "true"
    if kept.replayed:
        headers["Idempotency-Replayed"] = "true"
    log.get().info(
        "image.uploaded",
        image_id=str(image.id),
        business_id=image.business_id,
        bytes=image.bytes,
        created=kept.created,
        replayed=kept.replayed,
    )
    if not_taken:
        image = Uploaded(**dict(image), not_taken=not_taken)
    return api_schemas.json_response(image, 201 if kept.created else 200, headers)
