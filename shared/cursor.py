"""Where a page ended, as an opaque word for clients. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.errors import FieldError, Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def write(at: datetime, row_id: UUID) -> str:
    """Exact to the microsecond, which is what Postgres keeps."""
    moment = ((at - _EPOCH) // _MICROSECOND).to_bytes(8, "big")
    return urlsafe_b64encode(moment + row_id.bytes).decode()


def read(word: str) -> tuple[datetime, UUID]:
    """Raises Invalid for anything `write` did not make."""
    try:
        raw = urlsafe_b64decode(word.encode("ascii"))
        if len(raw) != 24:
            raise ValueError
        return _EPOCH + int.from_bytes(raw[:8], "big") * _MICROSECOND, UUID(bytes=raw[8:])
    except (ValueError, OverflowError):
        wrong = FieldError("query/cursor", "invalid", "Send the next_cursor of the page before, unchanged")
        raise Invalid(wrong.detail, errors=(wrong,)) from None
