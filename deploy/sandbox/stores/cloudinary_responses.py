"""The played Cloudinary's answers: an asset as JSON, an error's body and headers, a scripted refusal's words.
What leads to which answer is decided in cloudinary.py and delivery.py.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from deploy.sandbox.control.faults import Behaviour
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.settings import CLOUD
from deploy.sandbox.stores.file_store import Record
from deploy.sandbox.stores.signatures import CloudinaryError

MARK = {"X-Darkroom-Sandbox": "cloudinary"}
HOURLY_CALLS = 500


def delivery_path(record: Record, transformation: str = "") -> str:
    steps = f"{transformation}/" if transformation else ""
    return f"/{CLOUD}/image/upload/{steps}v{record.version}/{quote(record.public_id)}.{record.format}"


def asset(record: Record, base: str, secret: str) -> dict[str, Any]:
    """The fields that uploads, explicit calls and lookups share."""
    folder, _, name = record.public_id.rpartition("/")
    url = base + delivery_path(record)
    shown: dict[str, Any] = {
        "asset_id": record.asset_id,
        "public_id": record.public_id,
        "version": record.version,
        "version_id": record.version_id,
        "signature": _response_signature(record, secret),
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "resource_type": "image",
        "created_at": record.created_at,
        "tags": list(record.tags),
        "pages": 1,
        "bytes": record.bytes,
        "type": "upload",
        "etag": record.etag,
        "placeholder": False,
        "url": url,
        "secure_url": url,
        "asset_folder": folder,
        "display_name": name,
        "original_filename": record.original_filename,
    }
    if record.context:
        shown["context"] = {"custom": dict(record.context)}
    return shown


def answer(body: dict[str, Any], entry: Entry, headers: dict[str, str] | None = None) -> Response:
    content = orjson.dumps(body)
    return Response(content, media_type="application/json", headers={**_headers(entry), **(headers or {})})


def error(problem: CloudinaryError, entry: Entry, headers: dict[str, str] | None = None) -> Response:
    content = orjson.dumps({"error": {"message": problem.message}})
    shown = {**_headers(entry), "X-Cld-Error": quote(problem.message, safe=" '()/:.,-_=&"), **(headers or {})}
    return Response(content, problem.status, media_type="application/json", headers=shown)


def hourly_limit(used: int) -> dict[str, str]:
    """Counted but not enforced: a scripted 429 plays the end of it."""
    return {
        "X-FeatureRateLimit-Limit": str(HOURLY_CALLS),
        "X-FeatureRateLimit-Remaining": str(max(1, HOURLY_CALLS - used)),
        "X-FeatureRateLimit-Reset": format_datetime(_next_hour(), usegmt=True),
    }


def scripted(behaviour: Behaviour, entry: Entry) -> Response:
    """What a behaviour of the script sounds like from Cloudinary."""
    headers = {"Retry-After": f"{behaviour.retry_after:g}"} if behaviour.retry_after is not None else {}
    if behaviour.do == "502html":
        page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return Response(page, 502, media_type="text/html", headers={**_headers(entry), **headers})
    return error(_scripted(behaviour), entry, headers)


def _scripted(behaviour: Behaviour) -> CloudinaryError:
    match behaviour.do:
        case "429":
            until = _next_hour().strftime("%Y-%m-%d %H:%M:%S UTC")
            message = f"Rate Limit Exceeded. Limit of {HOURLY_CALLS} api operations reached. Try again on {until}"
            return CloudinaryError(int(behaviour.code or 420), message)
        case "slow_down":
            return CloudinaryError(int(behaviour.code or 420), "Too many concurrent upload_api operations")
        case "quota":
            return CloudinaryError(403, f"cloud_name {CLOUD} is disabled: the plan's credits are used up")
        case "auth":
            return CloudinaryError(401, "api_secret mismatch")
        case "503":
            return CloudinaryError(503, "Service Unavailable")
        case _:
            return CloudinaryError(500, "General Error")


def _headers(entry: Entry) -> dict[str, str]:
    return {"x-request-id": entry.request_id, **MARK}


def _response_signature(record: Record, secret: str) -> str:
    """The vendor signs its answers with the old version 1."""
    signed = f"public_id={record.public_id}&version={record.version}{secret}"
    return hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()


def _next_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
