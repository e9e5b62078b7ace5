"""Into the trash and out of it, one picture or many, and beyond. What lay there long enough goes in `purge.py`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from library_service.purge import destroy
from library_service.resources import LibraryResources, resources_of
from library_service.responses import Tag, changing, lock_version, shown
from library_service.schemas import (
    BulkDelete,
    BulkDeleted,
    BulkRestore,
    BulkRestored,
    Deleted,
    DeleteQuery,
    ImageId,
    Restored,
    Scope,
)
from shared.db import images, trash
from shared.db.pool import Row, transaction
from shared.domain import caller
from shared.domain.caller import BusinessIds
from shared.domain.errors import Conflict, NotFound
from shared.http import api_schemas
from shared.http.shares import share_key
from shared.observability import log

router = APIRouter(prefix="/api/v1/images", tags=["Library"])


@router.post(
    "/bulk-delete",
    response_model=BulkDeleted,
    operation_id="delete_images",
    summary="Put several pictures in the trash",
)
async def bulk_delete(request: Request, body: BulkDelete) -> Response:
    """All of those that exist, but what a post shows only with `even_if_used`; the answer says it for each id."""
    resources, business_ids = resources_of(request), caller.of(request.scope).business_ids(body.business_id)
    async with resources.turn(request, body.business_id), transaction(resources.db) as connection:
        rows = await trash.put_many(connection, body.ids, business_ids, even_if_used=body.even_if_used)
    log.get().info("images.trashed", count=sum(row["deleted_at"] is not None for row in rows.values()))
    return api_schemas.json_response(BulkDeleted(results=[_deleted(resources, one, rows.get(one)) for one in body.ids]))


def _deleted(resources: LibraryResources, image_id: UUID, row: Row | None) -> Deleted:
    if row is None:
        return Deleted(id=image_id, status="not_found", image=None)
    image = api_schemas.image(row, resources.settings.purge_after)
    return Deleted(id=image_id, status="deleted" if image.deleted_at else "in_use", image=image)


@router.post(
    "/bulk-restore",
    response_model=BulkRestored,
    operation_id="restore_images",
    summary="Bring several pictures back from the trash",
)
async def bulk_restore(request: Request, body: BulkRestore) -> Response:
    """One after the other, by the rules of `restore`; the answer says for each id what became of it."""
    resources, business_ids = resources_of(request), caller.of(request.scope).business_ids(body.business_id)
    async with resources.turn(request, body.business_id):
        results = [await _restored(resources, one, business_ids) for one in body.ids]
    log.get().info("images.restored", count=sum(result.status == "restored" for result in results))
    return api_schemas.json_response(BulkRestored(results=results))


async def _restored(resources: LibraryResources, image_id: UUID, business_ids: BusinessIds) -> Restored:
    """A transaction for each: one that cannot be restored does not undo the others."""
    try:
        async with transaction(resources.db) as connection:
            row = await trash.restore(connection, image_id, business_ids, resources.settings.purge_after)
    except NotFound:
        return Restored(id=image_id, status="not_found", image=None)
    except Conflict:
        there = await images.find(resources.db, image_id, business_ids)
        image = api_schemas.image(there, resources.settings.purge_after) if there else None
        return Restored(id=image_id, status="conflict", image=image)
    return Restored(id=image_id, status="restored", image=api_schemas.image(row, resources.settings.purge_after))


@router.delete(
    "/{image_id}",
    response_model=api_schemas.Image,
    responses={
        202: {
            "model": api_schemas.Image,
            "description": "`purge`: nobody brings it back; it is read as deleted until the store has destroyed it",
        }
    },
    operation_id="delete_image",
    summary="Put a picture in the trash, or destroy it",
)
async def delete(
    request: Request, image_id: ImageId, query: Annotated[DeleteQuery, Query()], if_match: Tag = None
) -> Response:
    """Nothing is destroyed before `purge_after`; until then `restore` brings it back. Repeating it is safe.

    With `purge` its bytes are destroyed before the answer; nobody brings it back, and then the id is 404. With
    `If-Match: <ETag>` only if nobody changed it meanwhile.
    409 `image_in_use`, with the `posts`, where a post shows it, unless `even_if_used`.
    """
    if query.purge:
        who = caller.of(request.scope)
        business_ids = who.business_ids(query.business_id)
        async with resources_of(request).purging.turn(share_key(who, query.business_id)):
            return await _purged(request, image_id, business_ids, if_match, even_if_used=query.even_if_used)
    async with changing(request, image_id, query.business_id, if_match) as (connection, business_ids):
        row = await trash.put(connection, image_id, business_ids, even_if_used=query.even_if_used)
    log.get().info("image.trashed", image_id=str(image_id), business_id=row["business_id"])
    return shown(request, row)


async def _purged(
    request: Request, image_id: UUID, business_ids: BusinessIds, if_match: str | None, *, even_if_used: bool
) -> Response:
    """Said in the row first: whatever dies after that, the rounds of `purge.py` bring it to its end."""
    resources = resources_of(request)
    async with transaction(resources.db) as connection:
        await lock_version(request, connection, image_id, business_ids, if_match)
        row = await trash.purge(connection, image_id, business_ids, even_if_used=even_if_used)
    fault = await destroy(resources.db, resources.store, image_id, row["public_id"])
    if fault is None:
        log.get().info("image.purged", image_id=str(image_id), business_id=row["business_id"])
    return api_schemas.json_response(api_schemas.image(row, resources.settings.purge_after), 202 if fault else 200)


@router.post(
    "/{image_id}/restore",
    response_model=api_schemas.Image,
    operation_id="restore_image",
    summary="Bring a picture back from the trash",
)
async def restore(
    request: Request, image_id: ImageId, query: Annotated[Scope, Query()], if_match: Tag = None
) -> Response:
    """Same id, same address. 409 where the same picture was uploaded again meanwhile. With `If-Match: <ETag>` only if
    nobody changed it meanwhile."""
    purge_after = resources_of(request).settings.purge_after
    async with changing(request, image_id, query.business_id, if_match) as (connection, business_ids):
        row = await trash.restore(connection, image_id, business_ids, purge_after)
    log.get().info("image.restored", image_id=str(image_id), business_id=row["business_id"])
    return shown(request, row)
