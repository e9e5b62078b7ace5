"""POST /api/v1/images/upload: take the form in, look for the same bytes, decode, store, answer.

Nothing is stored before it was decoded. What is kept of a file is decided in `decoder/`, how it is kept in
`shared/storage/save_image.py`.
"""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.requests import ClientDisconnect

from shared.db import images
from shared.db.pool import Row
from shared.db.tables import ImageRow, ImageSource
from shared.domain import caller, filenames
from shared.domain.filenames import MAX_LENGTH
from shared.domain.ids import new_id
from shared.http import api_schemas
from shared.http.api_schemas import BusinessId, Text, Words
from shared.http.shares import ShareKey, share_key
from shared.http.strict_input import QueryModel, RequestModel
from shared.observability import log
from shared.storage.content import Content
from shared.storage.save_image import SavedImage, reuse_image, save_image
from upload_service.decoder.inspect import Accepted
from upload_service.multipart import ReceivedForm, pieces, received
from upload_service.resources import UploadResources

Word = Literal["filename", "alt_text"]
"""What is said of a picture besides its bytes."""

router = APIRouter(prefix="/api/v1/images", tags=["Uploads"])


class UploadQuery(QueryModel):
    """Whose picture it will be."""

    business_id: BusinessId = Field(examples=[1])


class UploadFields(RequestModel):
    """The text parts of the form. Empty, and of white space only, is as good as absent."""

    alt_text: Words = Field("", max_length=1000, description="What the picture shows")
    filename: Text = Field("", max_length=MAX_LENGTH, description="Instead of the file's own name")

    def differing(self, row: Row) -> list[Word]:
        """Which of them a picture that was there already does not have. What was not sent is not among them."""
        differing: list[Word] = []
        if filenames.safe(self.filename, row["filename"]) != row["filename"]:
            differing.append("filename")
        if self.alt_text and self.alt_text != row["alt_text"]:
            differing.append("alt_text")
        return differing


_FIELDS = frozenset(UploadFields.model_fields)


class Uploaded(api_schemas.Image):
    """The picture that is kept now."""

    not_taken: list[Word] | None = Field(
        None,
        min_length=1,
        description="Only where these bytes were there already: what was sent and differs from what the picture has. "
        "It keeps its own; PATCH changes it",
    )


def _body() -> dict[str, Any]:
    """The form for the document."""
    file = "JPEG, PNG or WebP, decided by its bytes; at most 10 MiB, 25 megapixels"
    properties = {"file": {"type": "string", "format": "binary", "description": file}}
    for name, schema in UploadFields.model_json_schema()["properties"].items():
        properties[name] = {
            key: schema[key] for key in ("type", "maxLength", "pattern", "description") if key in schema
        }
    form = {"type": "object", "required": ["file"], "additionalProperties": False, "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


@router.post(
    "/upload",
    status_code=201,
    response_model=api_schemas.Image,
    responses={200: {"model": Uploaded, "description": "These bytes were there already; `X-Deduplicated: true`"}},
    openapi_extra=_body(),
    operation_id="upload_image",
    summary="Upload a picture",
    response_description="Stored; its address is in `Location`",
)
async def upload(
    request: Request,
    query: Annotated[UploadQuery, Query()],
    idempotency_key: Annotated[Text | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Camera data, places and comments are taken out before it is stored; the colour profile and the turn are kept."""
    who = caller.of(request.scope)
    who.act_for(query.business_id)
    resources: UploadResources = request.app.state.resources
    share = share_key(who, query.business_id)
    async with received(request, _FIELDS, share) as form:
        fields = _fields(form)
        if await request.is_disconnected():
            raise ClientDisconnect
        saved = await _save(resources, form, fields, business_id=query.business_id, key=idempotency_key, share=share)
    return _answer(resources, saved, fields)


def _fields(form: ReceivedForm) -> UploadFields:
    """What was sent, with the file's own name where no other was."""
    try:
        sent = UploadFields.model_validate(form.fields)
    except ValidationError as wrong:
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in wrong.errors()]) from None
    filename = sent.filename.strip() or form.filename
    return UploadFields.model_construct(alt_text=sent.alt_text.strip(), filename=filename)


async def _save(
    resources: UploadResources,
    form: ReceivedForm,
    fields: UploadFields,
    *,
    business_id: int,
    key: str | None,
    share: ShareKey,
) -> SavedImage:
    """Looks for the same bytes, else decodes and stores them. Raises what `Decoders.inspect` and `save_image` do."""
    # Tells a repetition from a reused key; digests are remembered, so how they are made must not change.
    digest = hashlib.sha256(repr((form.sha256, fields.filename, fields.alt_text or None)).encode()).hexdigest()
    twin = await images.find_by_hash(resources.db, business_id, form.sha256)
    if twin:
        return await reuse_image(resources.db, twin, key, digest) if key else SavedImage(twin, created=False)
    accepted = await resources.decoders.inspect(form.file, form.bytes, share)
    content = Content(accepted.bytes, lambda: pieces(form.file, accepted.parts))
    image = _image(business_id, form, fields, accepted)
    # Who waits here has begun nothing yet that the sweep would have to look after.
    async with resources.sending.turn(share):
        return await save_image(resources.db, resources.store, image, content, key=key, body_hash=digest)


def _image(business_id: int, form: ReceivedForm, fields: UploadFields, accepted: Accepted) -> ImageRow:
    extension = "jpg" if accepted.format == "jpeg" else accepted.format
    return ImageRow(
        id=new_id(),
        business_id=business_id,
        source=ImageSource.UPLOADED,
        filename=filenames.safe(fields.filename, f"image.{extension}"),
        public_id="",
        url="",
        format=accepted.format,
        bytes=accepted.bytes,
        width=accepted.width,
        height=accepted.height,
        sha256=form.sha256,
        alt_text=fields.alt_text or None,
        created_at=datetime.now(UTC),
    )


def _answer(resources: UploadResources, saved: SavedImage, fields: UploadFields) -> Response:
    image = api_schemas.image(saved.row, resources.settings.purge_after)
    headers = {"Location": f"{resources.settings.public_url}/api/v1/images/{image.id}"}
    if not saved.created:
        headers["X-Deduplicated"] = "true"
        if differing := fields.differing(saved.row):
            image = Uploaded(**dict(image), not_taken=differing)
    if saved.replayed:
        headers["Idempotency-Replayed"] = "true"
    log.get().info(
        "image.uploaded",
        image_id=str(image.id),
        business_id=image.business_id,
        bytes=image.bytes,
        created=saved.created,
        replayed=saved.replayed,
    )
    return api_schemas.json_response(image, 201 if saved.created else 200, headers)
