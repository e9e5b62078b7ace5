"""The played Cloudinary's answers: an asset as JSON, an error's body and headers, a scripted refusal's words.
What leads to which answer is decided in cloudinary.py and delivery.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from deploy.sandbox.control.faults import Behaviour
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import VendorError
from deploy.sandbox.parts import Parts
from deploy.sandbox.settings import CLOUD
from deploy.sandbox.stores.file_store import Record

MARK = {"X-Darkroom-Sandbox": "cloudinary"}
_HOURLY_CALLS = 500


class CloudinaryError(VendorError):
    """An answer other than 200, in the vendor's envelope."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] = {}) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers

    def response(self, parts: Parts, entry: Entry) -> Response:  # noqa: ARG002 (the same at each sandbox)
        """JSON, and the message in a header; a 502 is the page of a proxy."""
        headers = {"x-request-id": entry.request_id, **MARK, **self.headers}
        if self.status == 502:
            return Response(self.message, 502, headers, "text/html")
        headers["X-Cld-Error"] = quote(self.message, safe=" '()/:.,-_=&")
        return Response(orjson.dumps({"error": {"message": self.message}}), self.status, headers, "application/json")


def good(body: dict[str, Any], entry: Entry, headers: Mapping[str, str] = {}) -> Response:
    """An answer of success."""
    shown = {"x-request-id": entry.request_id, **MARK, **headers}
    return Response(orjson.dumps(body), headers=shown, media_type="application/json")


def delivery_path(record: Record, transformation: str = "") -> str:
    """Where the picture is delivered, from the root."""
    steps = f"{transformation}/" if transformation else ""
    return f"/{CLOUD}/image/upload/{steps}v{record.version}/{quote(record.public_id)}.{record.format}"


def asset(record: Record, base: str) -> dict[str, Any]:
    """The fields that uploads, explicit calls and lookups share."""
    url = base + delivery_path(record)
    return {
        "asset_id": record.asset_id,
        "public_id": record.public_id,
        "version": record.version,
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "resource_type": "image",
        "created_at": record.created_at,
        "tags": list(record.tags),
        "bytes": record.bytes,
        "type": "upload",
        "etag": record.etag,
        "url": url,
        "secure_url": url,
        **({"context": {"custom": record.context}} if record.context else {}),
    }


def hourly_limit(used: int) -> dict[str, str]:
    """Counted but not enforced: a scripted 429 plays the end of it."""
    return {
        "X-FeatureRateLimit-Limit": str(_HOURLY_CALLS),
        "X-FeatureRateLimit-Remaining": str(max(1, _HOURLY_CALLS - used)),
        "X-FeatureRateLimit-Reset": format_datetime(_next_hour(), usegmt=True),
    }


def scripted(behaviour: Behaviour) -> CloudinaryError:
    """What a behaviour of the script sounds like from Cloudinary."""
    status, message = _SCRIPTED[behaviour.do]
    if status == 420:
        status = int(behaviour.code or status)
    headers = {} if behaviour.retry_after is None else {"Retry-After": f"{behaviour.retry_after:g}"}
    return CloudinaryError(status, message.format(until=_next_hour().strftime("%Y-%m-%d %H:%M:%S UTC")), headers)


_SCRIPTED = {
    "429": (420, f"Rate Limit Exceeded. Limit of {_HOURLY_CALLS} api operations reached. Try again on {{until}}"),
    "slow_down": (420, "Too many concurrent upload_api operations"),
    "quota": (403, f"cloud_name {CLOUD} is disabled: the plan's credits are used up"),
    "auth": (401, "api_secret mismatch"),
    "500": (500, "General Error"),
    "502html": (502, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"),
    "503": (503, "Service Unavailable"),
}
"""By what the script says to do: status, which `code` changes where it is 420, and message."""


def _next_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
