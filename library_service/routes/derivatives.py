"""Copies in a platform's shape, kept as pictures of their own and linked to their parent: made, and listed."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import httpx2
from fastapi import APIRouter, Query, Request, Response

from library_service.resources import LibraryResources, resources_of
from library_service.schemas import Copies, ImageId, Scope, Wish
from shared.db import images, uploads
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
from shared.storage.urls import Delivered

router = APIRouter(prefix="/api/v1/images", tags=["Library"])

_MOST_BYTES = platforms.MAX_BYTES
_MOST_COPIES = 100


@router.get(
    "/{image_id}/derivatives",
    response_model=Copies,
    operation_id="list_derivatives",
    summary="The copies that were made of a picture",
)
async def copies(request: Request, image_id: ImageId, asked: Annotated[Scope, Query()]) -> Response:
    """Those that are live, newest first, at most 100."""
    resources = resources_of(request)
    business_ids = caller.of(request.scope).business_ids(asked.business_id)
    async with resources.turn(request, asked.business_id):
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
async def derive(request: Request, image_id: ImageId, asked: Annotated[Scope, Query()], wish: Wish) -> Response:
    """The copy has bytes of its own: deleting the parent does not touch it. There is one of each preset and mode."""
    resources = resources_of(request)
    business_ids = caller.of(request.scope).business_ids(asked.business_id)
    async with resources.turn(request, asked.business_id):
        parent = await images.get(resources.db, image_id, business_ids)
        row = await images.find_copy(resources.db, image_id, _kind(wish))
    if parent["deleted_at"]:
        raise Conflict("The picture is in the trash; restore it first")
    if row:
        return _answer(resources, row, created=False)
    new = new_id()
    who = share_key(caller.of(request.scope), parent["business_id"])
    copy_id, ours = await resources.making.once(image_id, _kind(wish), who, lambda: _make(resources, parent, wish, new))
    return _answer(resources, await images.get(resources.db, copy_id), created=ours and copy_id == new)


def _kind(wish: Wish) -> str:
    return f"{wish.preset} {wish.mode}"


async def _make(resources: LibraryResources, parent: Row, wish: Wish, new: UUID) -> UUID:
    """The id of the copy: `new`, or that of the one which is there. The store is asked only where none is known."""
    row = await images.find_copy(resources.db, parent["id"], _kind(wish))  # Somebody may have made it a moment ago.
    if row:
        return UUID(str(row["id"]))
    made = _made(parent, wish)
    fetched = await _fetch(resources, made.url)
    same = await images.same_copy(resources.db, parent["id"], fetched.sha256, _kind(wish))
    if same:
        return same
    image = _image(parent, wish, made, fetched, new)
    begun = await uploads.begin(resources.db, image.id, image.business_id, None, None)
    kept = await save_image(resources.db, resources.store, begun, image, fetched.content)
    await _follow(resources, parent, wish, kept.id)
    return kept.id


async def _follow(resources: LibraryResources, parent: Row, wish: Wish, copy_id: UUID) -> None:
    """The copy has its parent's name and alt text: a prompt that was erased there meanwhile must not live on here."""
    async with transaction(resources.db) as connection:
        try:
            now = await images.lock(connection, parent["id"])
        except NotFound:  # purged meanwhile
            return
        if (now["filename"], now["alt_text"]) != (parent["filename"], parent["alt_text"]):
            row = await images.lock(connection, copy_id)
            await images.describe(connection, row, _name(now, wish), now["alt_text"])


def _name(parent: Row, wish: Wish) -> str:
    stem = parent["filename"].rpartition(".")[0] or parent["filename"]
    return filenames.safe(f"{stem[:200]}-{wish.preset}.jpg", f"{wish.preset}.jpg")


def _made(parent: Row, wish: Wish) -> Delivered:
    picture = platforms.Picture(parent["width"], parent["height"], parent["bytes"], parent["format"])
    copy = renditions.preset_rendition(wish.preset, wish.mode, picture)
    made = urls.for_platform(parent["url"], copy.mode, copy.width, copy.height)
    if made is None:
        raise Conflict("Its address is none at which the store makes copies")
    return made


@dataclass(frozen=True, slots=True)
class _Fetched:
    content: Content
    sha256: str


async def _fetch(resources: LibraryResources, url: str) -> _Fetched:
    """The bytes of a rendition, from the store. Raises StorageUnavailable."""
    pieces: list[bytes] = []
    size, digest = 0, hashlib.sha256()
    try:
        async with resources.delivery.stream("GET", url) as answer:
            if answer.status_code != 200:
                raise _unavailable(f"it answered {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                pieces.append(chunk)
                size += len(chunk)
                digest.update(chunk)
                if size > _MOST_BYTES:
                    raise _unavailable("the copy is too large")
    except httpx2.HTTPError as fault:
        raise _unavailable(type(fault).__name__) from fault
    if not b"".join(pieces[:3]).startswith(b"\xff\xd8\xff"):
        raise _unavailable("it answered something that is no JPEG")
    return _Fetched(Content(size, lambda: pieces), digest.hexdigest())


def _unavailable(why: str) -> StorageUnavailable:
    log.get().warning("rendition.failed", detail=why)
    return StorageUnavailable("The picture store did not make the copy; nothing was kept", retry_after=5)


def _image(parent: Row, wish: Wish, made: Delivered, fetched: _Fetched, new: UUID) -> ImageRow:
    return ImageRow(
        id=new,
        business_id=parent["business_id"],
        source=parent["source"],
        filename=_name(parent, wish),
        public_id="",
        url="",
        format="jpeg",
        bytes=fetched.content.size,
        width=made.width,
        height=made.height,
        sha256=fetched.sha256,
        alt_text=parent["alt_text"],
        parent_id=parent["id"],
        derived_as=_kind(wish),
        created_at=datetime.now(UTC),
    )


def _answer(resources: LibraryResources, row: Row, *, created: bool) -> Response:
    image = api_schemas.image(row, resources.settings.purge_after)
    headers = {"Location": f"{resources.settings.public_url}/api/v1/images/{image.id}"}
    if not created:
        headers["X-Deduplicated"] = "true"
    log.get().info("image.derived", image_id=str(image.id), business_id=image.business_id, created=created)
    return api_schemas.json_response(image, 201 if created else 200, headers)
