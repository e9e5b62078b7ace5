"""How the library answers with one picture."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import Header, Response

from library_service.resources import LibraryResources
from shared.db import images
from shared.db.pool import Connection, Row
from shared.domain.caller import Whose
from shared.domain.errors import PreconditionFailed
from shared.http import api_schemas, etags

Tag = Annotated[str | None, Header(max_length=1000)]
"""`If-Match` or `If-None-Match`: tags of versions, or `*`."""


def shown(resources: LibraryResources, row: Row) -> Response:
    """The picture with a strong ETag: the digest of this very answer."""
    answer = api_schemas.json_response(api_schemas.image(row, resources.settings.purge_after))
    answer.headers["ETag"] = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    return answer


def check_version(resources: LibraryResources, row: Row, if_match: str | None) -> None:
    """Raises PreconditionFailed where `If-Match` was sent and does not name the version of this row."""
    if if_match is not None and not etags.names(if_match, shown(resources, row).headers["etag"]):
        raise PreconditionFailed("It was changed meanwhile; look at it again before you change it")


async def lock_version(
    resources: LibraryResources, connection: Connection, image_id: UUID, business_ids: Whose, if_match: str | None
) -> None:
    """With `If-Match`, the same of the picture as it is, which then stays so in the caller's transaction. Raises
    NotFound too."""
    if if_match is not None:
        check_version(resources, await images.lock(connection, image_id, business_ids), if_match)
