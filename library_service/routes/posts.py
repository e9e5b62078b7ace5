"""Which posts of the host show a picture: said, taken back, and asked for."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from library_service.resources import resources_of
from library_service.responses import Tag, changing, shown
from library_service.schemas import Attaching, ImageId, Post, PostId, Posts, Scope
from shared.db import attachments, images
from shared.domain import caller
from shared.http import api_schemas
from shared.observability import log

router = APIRouter(prefix="/api/v1/images", tags=["Library"])

_MOST = 100
"""Posts in one answer."""
_NO_PLATFORM = Attaching()


@router.put(
    "/{image_id}/posts/{post_id:path}",
    response_model=api_schemas.Image,
    operation_id="attach_to_post",
    summary="Attach a picture to a post",
)
async def attach(
    request: Request,
    image_id: ImageId,
    post_id: PostId,
    query: Annotated[Scope, Query()],
    body: Attaching = _NO_PLATFORM,
    *,
    if_match: Tag = None,
) -> Response:
    """Says that a post of yours shows it; again, with which platform. From then on it is not deleted unasked, and never
    destroyed. 409 `image_deleted` in the trash; 422 `not_publishable` where the platform does not take it. With
    `If-Match: <ETag>` only if nobody changed it meanwhile."""
    async with changing(request, image_id, query.business_id, if_match) as (connection, business_ids):
        row = await attachments.attach(connection, image_id, post_id, body.platform, business_ids)
    log.get().info("image.attached", image_id=str(image_id), business_id=row["business_id"], platform=body.platform)
    return shown(request, row)


@router.delete(
    "/{image_id}/posts/{post_id:path}",
    response_model=api_schemas.Image,
    operation_id="detach_from_post",
    summary="Take a picture off a post",
)
async def detach(
    request: Request, image_id: ImageId, post_id: PostId, query: Annotated[Scope, Query()], if_match: Tag = None
) -> Response:
    """The post is gone, or shows another picture now. Repeating it is safe. With `If-Match: <ETag>` only if nobody
    changed the picture meanwhile."""
    async with changing(request, image_id, query.business_id, if_match) as (connection, business_ids):
        row = await attachments.detach(connection, image_id, post_id, business_ids)
    log.get().info("image.detached", image_id=str(image_id), business_id=row["business_id"])
    return shown(request, row)


@router.get(
    "/{image_id}/posts", response_model=Posts, operation_id="list_posts", summary="The posts that show a picture"
)
async def posts(request: Request, image_id: ImageId, query: Annotated[Scope, Query()]) -> Response:
    """Attached last first, at most 100."""
    resources = resources_of(request)
    business_ids = caller.of(request.scope).business_ids(query.business_id)
    async with resources.turn(request, query.business_id):
        await images.get(resources.db, image_id, business_ids)
        rows = await attachments.posts(resources.db, image_id, _MOST)
    items = [Post.model_validate(dict(row)) for row in rows]
    return api_schemas.json_response(Posts(items=items, total=rows[0]["total"] if rows else 0))
