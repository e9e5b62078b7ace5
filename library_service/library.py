"""The library's routes: list, look, change, delete and bring back. Copies are made in `derivatives.py`."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from library_service.schemas import (
    BulkDelete,
    BulkDeleted,
    Deleted,
    Description,
    ImageId,
    ImagePage,
    ListQuery,
    Scope,
    Thumbnail,
    ThumbnailQuery,
)
from library_service.tools import Tools
from shared import caller, delivery, filenames, images, log, pages, wire
from shared.caller import Whose
from shared.db import Row, transaction
from shared.errors import PreconditionFailed
from shared.models import ImageSource
from shared.pages import Wanted

router = APIRouter(prefix="/api/v1/images", tags=["Library"])

Tag = Annotated[str | None, Header(max_length=1000)]


def _tools(request: Request) -> Tools:
    tools: Tools = request.app.state.tools
    return tools


def _whose(request: Request, business_id: int | None) -> Whose:
    return caller.of(request.scope).whose(business_id)


@router.get("", response_model=ImagePage, summary="List pictures, newest first")
@router.get("/", include_in_schema=False)
async def list_images(request: Request, asked: Annotated[ListQuery, Query()]) -> Response:
    """By page number, or by `cursor`, which costs the same at any depth."""
    tools = _tools(request)
    caller.of(request.scope).act_for(asked.business_id)
    source = None if asked.source == "all" else ImageSource(asked.source)
    wanted = Wanted(asked.business_id, source, asked.search.strip(), asked.trashed)
    if asked.cursor:
        found = await pages.following(tools.db, wanted, asked.cursor, asked.page_size)
    else:
        found = await pages.numbered(tools.db, wanted, asked.page, asked.page_size)
    return wire.answer(
        ImagePage(
            items=[wire.image(row, tools.settings.purge_after) for row in found.rows],
            total=found.total,
            total_exact=found.exact,
            page=None if asked.cursor else asked.page,
            page_size=asked.page_size,
            pages=-(-found.total // asked.page_size),
            next_cursor=found.next_cursor,
        )
    )


@router.post("/bulk-delete", response_model=BulkDeleted, summary="Put several pictures in the trash")
async def bulk_delete(request: Request, asked: BulkDelete) -> Response:
    """All of those that exist; the answer says it for each id."""
    tools = _tools(request)
    rows = await images.trash_many(tools.db, asked.ids, _whose(request, asked.business_id))
    shown = {image_id: wire.image(row, tools.settings.purge_after) for image_id, row in rows.items()}
    log.get().info("images.trashed", count=len(rows))
    results = [
        Deleted(id=one, status="deleted" if one in shown else "not_found", image=shown.get(one)) for one in asked.ids
    ]
    return wire.answer(BulkDeleted(results=results))


@router.get("/{image_id}", response_model=wire.Image, summary="One picture")
async def look(
    request: Request, image_id: ImageId, asked: Annotated[Scope, Query()], if_none_match: Tag = None
) -> Response:
    """One in the trash still answers, with `deleted_at`."""
    tools = _tools(request)
    answer = _shown(tools, await images.get(tools.db, image_id, _whose(request, asked.business_id)))
    if if_none_match and answer.headers["etag"] in _tags(if_none_match):
        return Response(status_code=304, headers={"ETag": answer.headers["etag"]})
    return answer


@router.patch("/{image_id}", response_model=wire.Image, summary="Change filename or alt text")
async def change(
    request: Request,
    image_id: ImageId,
    asked: Annotated[Scope, Query()],
    said: Description,
    if_match: Tag = None,
) -> Response:
    """With `If-Match: <ETag>` only if nobody changed it meanwhile."""
    tools = _tools(request)
    async with transaction(tools.db) as connection:
        row = await images.lock(connection, image_id, _whose(request, asked.business_id))
        if if_match and _shown(tools, row).headers["etag"] not in _tags(if_match) and if_match.strip() != "*":
            raise PreconditionFailed("It was changed meanwhile; look at it again before you change it")
        filename, alt_text = row["filename"], row["alt_text"]
        if said.filename is not None:
            filename = filenames.safe(said.filename, filename)
        if "alt_text" in said.model_fields_set:
            alt_text = said.alt_text if said.alt_text == "" else (said.alt_text or "").strip() or None
        row = await images.describe(connection, row, filename, alt_text)
    return _shown(tools, row)


@router.delete("/{image_id}", response_model=wire.Image, summary="Put a picture in the trash")
async def delete(request: Request, image_id: ImageId, asked: Annotated[Scope, Query()]) -> Response:
    """Nothing is destroyed before `purge_after`; until then `restore` brings it back. Repeating it is safe."""
    tools = _tools(request)
    row = await images.trash(tools.db, image_id, _whose(request, asked.business_id))
    log.get().info("image.trashed", image_id=str(image_id), business_id=row["business_id"])
    return _shown(tools, row)


@router.post("/{image_id}/restore", response_model=wire.Image, summary="Bring a picture back from the trash")
async def restore(request: Request, image_id: ImageId, asked: Annotated[Scope, Query()]) -> Response:
    """Same id, same address. 409 where the same picture was uploaded again meanwhile."""
    tools = _tools(request)
    row = await images.restore(tools.db, image_id, _whose(request, asked.business_id), tools.settings.purge_after)
    log.get().info("image.restored", image_id=str(image_id), business_id=row["business_id"])
    return _shown(tools, row)


@router.get(
    "/{image_id}/thumbnail",
    response_model=Thumbnail,
    responses={302: {"description": "Its address, where `redirect=true`"}},
    summary="A smaller copy",
)
async def thumbnail(request: Request, image_id: ImageId, asked: Annotated[ThumbnailQuery, Query()]) -> Response:
    """Never enlarged: `width` and `height` say what it really has. The browser's format is chosen by the store."""
    row = await images.get(_tools(request).db, image_id, _whose(request, asked.business_id))
    made = delivery.thumbnail(
        row["url"], row["width"], row["height"], width=asked.width, height=asked.height, fit=asked.fit
    )
    if asked.redirect:
        return Response(status_code=302, headers={"Location": made.url, "Cache-Control": "private, max-age=3600"})
    return wire.answer(Thumbnail(url=made.url, width=made.width, height=made.height))


def _shown(tools: Tools, row: Row) -> Response:
    """The picture with a strong ETag: the digest of this very answer."""
    answer = wire.answer(wire.image(row, tools.settings.purge_after))
    answer.headers["ETag"] = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    return answer


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
