"""How the library answers with one picture, and how it changes one that nobody else has changed meanwhile."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response

from library_service.resources import resources_of
from shared.db import images
from shared.db.pool import Connection, Row, transaction
from shared.domain import caller
from shared.domain.caller import BusinessIds
from shared.domain.errors import PreconditionFailed
from shared.http import api_schemas, etags

Tag = Annotated[str | None, Header(max_length=1000)]
"""`If-Match` or `If-None-Match`: tags of versions, or `*`."""


def shown(request: Request, row: Row) -> Response:
    """The picture with a strong ETag: the digest of this very answer."""
    answer = api_schemas.json_response(api_schemas.image(row, resources_of(request).settings.purge_after))
    answer.headers["ETag"] = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    return answer


@asynccontextmanager
async def changing(
    request: Request, image_id: UUID, business_id: int | None, if_match: str | None
) -> AsyncIterator[tuple[Connection, BusinessIds]]:
    """A transaction that changes this picture, in the caller's turn, and the businesses whose it may be.

    With `If-Match` the picture is locked first. Raises PreconditionFailed where it is of another version, NotFound,
    Forbidden, RateLimited, Unavailable.
    """
    resources, business_ids = resources_of(request), caller.of(request.scope).business_ids(business_id)
    async with resources.turn(request, business_id), transaction(resources.db) as connection:
        await lock_version(request, connection, image_id, business_ids, if_match)
        yield connection, business_ids


async def lock_version(
    request: Request, connection: Connection, image_id: UUID, business_ids: BusinessIds, if_match: str | None
) -> None:
    """Locks the picture where `If-Match` was sent. Raises NotFound, and PreconditionFailed where it is of another
    version."""
    if if_match is not None:
        check_version(request, await images.lock(connection, image_id, business_ids), if_match)


def check_version(request: Request, row: Row, if_match: str | None) -> None:
    """Raises PreconditionFailed where `If-Match` was sent and does not name the version of this row."""
    if if_match is not None and not etags.names(if_match, shown(request, row).headers["etag"]):
        raise PreconditionFailed("It was changed meanwhile; look at it again before you change it")
