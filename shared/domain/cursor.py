"""Where a page ended, as an opaque word for clients. Pure."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.domain.errors import FieldError, Invalid

PATTERN = "^A[A-Za-v][A-Za-z0-9_-]{30}$"
"""Every one that `read` takes, and no other: 24 bytes, of which eight are a time before the year 8819."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def write(at: datetime, row_id: UUID) -> str:
    """Exact to the microsecond, which is what Postgres keeps."""
    moment = ((at - _EPOCH) // _MICROSECOND).to_bytes(8, "big")
    return urlsafe_b64encode(moment + row_id.bytes).decode()


def read(word: str) -> tuple[datetime, UUID]:
    """Raises Invalid for anything `write` did not make."""
    try:
        if not re.fullmatch(PATTERN, word):
            raise ValueError
        raw = urlsafe_b64decode(word)
        return _EPOCH + int.from_bytes(raw[:8], "big") * _MICROSECOND, UUID(bytes=raw[8:])
    except ValueError:
        wrong = FieldError("query/cursor", "invalid", "Send the next_cursor of the page before, unchanged")
        raise Invalid(wrong.detail, errors=(wrong,)) from None
