"""The library's routes: list, look and change. Deleting is in `trash.py`, copies are in `derivatives.py`, posts in
`posts.py`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from library_service.resources import resources_of
from library_service.responses import Tag, check_version, shown
from library_service.routes import lists
from library_service.routes.lists import ImagePage, ListQuery
from library_service.schemas import Description, ImageId, Scope, Thumbnail, ThumbnailQuery
from shared.db import images
from shared.db.pool import transaction
from shared.domain import caller, filenames
from shared.http import api_schemas, etags
from shared.storage import urls

router = APIRouter(prefix="/api/v1/images", tags=["Library"])


@router.get("", response_model=ImagePage, operation_id="list_images", summary="List pictures, newest first")
@router.get("/", include_in_schema=False)
async def list_images(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """By page number, or by `cursor`, which costs the same at any depth."""
    # Most never come here: see `lists.py`.
    content = await lists.page(resources_of(request), caller.of(request.scope), query)
    return Response(content, media_type="application/json")


@router.get(
    "/{image_id}",
    response_model=api_schemas.Image,
    responses={304: {"description": "Nothing changed since the version named in `If-None-Match`"}},
    operation_id="get_image",
    summary="One picture",
)
async def look(
    request: Request, image_id: ImageId, query: Annotated[Scope, Query()], if_none_match: Tag = None
) -> Response:
    """One in the trash still answers, with `deleted_at`."""
    resources = resources_of(request)
    business_ids = caller.of(request.scope).business_ids(query.business_id)
    async with resources.turn(request, query.business_id):
        answer = shown(request, await images.get(resources.db, image_id, business_ids))
    if etags.names(if_none_match, answer.headers["etag"]):
        return Response(status_code=304, headers={"ETag": answer.headers["etag"]})
    return answer


@router.patch(
    "/{image_id}", response_model=api_schemas.Image, operation_id="update_image", summary="Change filename or alt text"
)
async def change(
    request: Request,
    image_id: ImageId,
    query: Annotated[Scope, Query()],
    body: Description,
    if_match: Tag = None,
) -> Response:
    """With `If-Match: <ETag>` only if nobody changed it meanwhile."""
    resources = resources_of(request)
    async with resources.turn(request, query.business_id), transaction(resources.db) as connection:
        row = await images.lock(connection, image_id, caller.of(request.scope).business_ids(query.business_id))
        check_version(request, row, if_match)
        filename, alt_text = row["filename"], row["alt_text"]
        if "filename" in body.model_fields_set:
            filename = filenames.safe(body.filename, filename)
        if "alt_text" in body.model_fields_set:
            alt_text = api_schemas.alt_text(body.alt_text)
        row = await images.describe(connection, row, filename, alt_text)
    return shown(request, row)


@router.get(
    "/{image_id}/thumbnail",
    response_model=Thumbnail,
    responses={302: {"description": "Its address, where `redirect=true`"}},
    operation_id="get_thumbnail",
    summary="A smaller copy",
)
async def thumbnail(request: Request, image_id: ImageId, query: Annotated[ThumbnailQuery, Query()]) -> Response:
    """Never enlarged: `width` and `height` say what it really has. The browser's format is chosen by the store."""
    resources, business_ids = resources_of(request), caller.of(request.scope).business_ids(query.business_id)
    async with resources.turn(request, query.business_id):
        row = await images.get(resources.db, image_id, business_ids)
    made = urls.thumbnail(
        row["url"], row["width"], row["height"], width=query.width, height=query.height, fit=query.fit
    )
    if query.redirect:
        return Response(status_code=302, headers={"Location": made.url, "Cache-Control": "private, max-age=3600"})
    return api_schemas.json_response(Thumbnail(url=made.url, width=made.width, height=made.height))
