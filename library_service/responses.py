"""How the library answers with one picture."""

import hashlib

from fastapi import Response

from library_service.resources import LibraryResources
from shared.db.pool import Row
from shared.http import api_schemas


def shown(resources: LibraryResources, row: Row) -> Response:
    """The picture with a strong ETag: the digest of this very answer."""
    answer = api_schemas.json_response(api_schemas.image(row, resources.settings.purge_after))
    answer.headers["ETag"] = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    return answer
