"""Copies in a platform's shape, kept as pictures of their own and linked to their parent: made, and listed."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

import httpx2
from fastapi import APIRouter, Query, Request, Response

from library_service.resources import LibraryResources, resources_of
from library_service.schemas import Copies, ImageId, Scope, Wish
from shared.db import images
from shared.db.pool import Row, transaction
from shared.db.tables import ImageRow
from shared.domain import caller, filenames, platforms, renditions
from shared.domain.errors import Conflict, NotFound, StorageUnavailable
from shared.domain.ids import new_id
from shared.http import api_schemas
from shared.http.shares import share_key
from shared.observability import log
from shared.storage import urls
from shared.storage.content import Content
from shared.storage.save_image import save_image

router = APIRouter(prefix="/api/v1/images", tags=["Library"])

_MOST_COPIES = 100


@router.get(
    "/{image_id}/derivatives",
    response_model=Copies,
    operation_id="list_derivatives",
    summary="The copies that were made of a picture",
)
async def copies(request: Request, image_id: ImageId, query: Annotated[Scope, Query()]) -> Response:
    """Those that are live, newest first, at most 100."""
    resources = resources_of(request)
    business_ids = caller.of(request.scope).business_ids(query.business_id)
    async with resources.turn(request, query.business_id):
        await images.get(resources.db, image_id, business_ids)
        rows = await images.copies(resources.db, image_id, _MOST_COPIES)
    return api_schemas.json_response(
        Copies(items=[api_schemas.image(row, resources.settings.purge_after) for row in rows])
    )


@router.post(
    "/{image_id}/derivatives",
    status_code=201,
    response_model=api_schemas.Image,
    responses={200: {"model": api_schemas.Image, "description": "That copy was there already; `X-Deduplicated: true`"}},
    operation_id="create_derivative",
    summary="Keep a copy in a platform's shape",
)
async def derive(request: Request, image_id: ImageId, query: Annotated[Scope, Query()], wish: Wish) -> Response:
    """The copy has bytes of its own: deleting the parent does not touch it. There is one of each preset and mode."""
    resources, who = resources_of(request), caller.of(request.scope)
    business_ids = who.business_ids(query.business_id)
    async with resources.turn(request, query.business_id):
        parent = await images.get(resources.db, image_id, business_ids)
        copy = await images.find_copy(resources.db, image_id, wish.kind)
    if parent["deleted_at"]:
        raise Conflict("The picture is in the trash; restore it first")
    created = False
    if copy is None:
        share = share_key(who, parent["business_id"])
        copy, created = await resources.making.once(image_id, wish.kind, share, lambda: _make(resources, parent, wish))
    image = api_schemas.image(copy, resources.settings.purge_after)
    headers = {"Location": f"{resources.settings.public_url}/api/v1/images/{image.id}"}
    if not created:
        headers["X-Deduplicated"] = "true"
    log.get().info("image.derived", image_id=str(image.id), business_id=image.business_id, created=created)
    return api_schemas.json_response(image, 201 if created else 200, headers)


async def _make(resources: LibraryResources, parent: Row, wish: Wish) -> tuple[Row, bool]:
    """The copy, and whether it was made here. The store is asked only where none is known."""
    copy = await images.find_copy(resources.db, parent["id"], wish.kind)  # Somebody may have made it a moment ago.
    if copy:
        return copy, False
    picture = platforms.Picture(parent["width"], parent["height"], parent["bytes"], parent["format"])
    shape = renditions.preset_rendition(wish.preset, wish.mode, picture)
    rendition = urls.for_platform(parent["url"], shape.mode, shape.width, shape.height)
    if rendition is None:
        raise Conflict("Its address is none at which the store makes copies")
    content, sha256 = await _fetch(resources, rendition.url)
    same = await images.same_copy(resources.db, parent["id"], sha256, wish.kind)
    if same:
        return await images.get(resources.db, same), False
    image = ImageRow(
        id=new_id(),
        business_id=parent["business_id"],
        source=parent["source"],
        filename=_name(parent, wish),
        public_id="",
        url="",
        format="jpeg",
        bytes=content.size,
        width=rendition.width,
        height=rendition.height,
        sha256=sha256,
        alt_text=parent["alt_text"],
        parent_id=parent["id"],
        derived_as=wish.kind,
        created_at=datetime.now(UTC),
    )
    saved = await save_image(resources.db, resources.store, image, content)
    return await _follow(resources, parent, wish, saved.row), saved.created


async def _follow(resources: LibraryResources, parent: Row, wish: Wish, copy: Row) -> Row:
    """The copy has its parent's name and alt text: a prompt that was erased there meanwhile must not live on here."""
    async with transaction(resources.db) as connection:
        try:
            now = await images.lock(connection, parent["id"])
        except NotFound:  # purged meanwhile
            return copy
        if (now["filename"], now["alt_text"]) == (parent["filename"], parent["alt_text"]):
            return copy
        copy = await images.lock(connection, copy["id"])
        return await images.describe(connection, copy, _name(now, wish), now["alt_text"])


def _name(parent: Row, wish: Wish) -> str:
    stem = parent["filename"].rpartition(".")[0] or parent["filename"]
    return filenames.safe(f"{stem[:200]}-{wish.preset}.jpg", f"{wish.preset}.jpg")


async def _fetch(resources: LibraryResources, url: str) -> tuple[Content, str]:
    """The bytes of a rendition, from the store, and their SHA-256 in hex. Raises StorageUnavailable."""
    pieces: list[bytes] = []
    size, digest = 0, hashlib.sha256()
    try:
        async with resources.delivery.stream("GET", url) as response:
            if response.status_code != 200:
                raise _unavailable(f"it answered {response.status_code}")
            async for chunk in response.aiter_bytes():
                pieces.append(chunk)
                size += len(chunk)
                digest.update(chunk)
                if size > platforms.MAX_BYTES:
                    raise _unavailable("the copy is too large")
    except httpx2.HTTPError as fault:
        raise _unavailable(type(fault).__name__) from fault
    if not b"".join(pieces[:3]).startswith(b"\xff\xd8\xff"):
        raise _unavailable("it answered something that is no JPEG")
    return Content(size, lambda: pieces), digest.hexdigest()


def _unavailable(why: str) -> StorageUnavailable:
    log.get().warning("rendition.failed", detail=why)
    return StorageUnavailable("The picture store did not make the copy; nothing was kept", retry_after=5)
