"""How the library answers with one picture."""

import hashlib

from fastapi import Response

from library_service.tools import Tools
from shared.db.pool import Row
from shared.http import wire


def shown(tools: Tools, row: Row) -> Response:
    """The picture with a strong ETag: the digest of this very answer."""
    answer = wire.answer(wire.image(row, tools.settings.purge_after))
    answer.headers["ETag"] = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    return answer
