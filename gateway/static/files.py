"""Pages and files held in memory, and how they are sent: ETag and 304, HEAD, gzip."""

import gzip
import hashlib
from dataclasses import dataclass

from starlette.types import Scope, Send

from gateway.compression import WORTH_PACKING, takes_gzip
from shared.http import etags

_PACKABLE = ("text/", "application/json", "application/javascript", "image/svg+xml", "application/manifest+json")

REVALIDATE = "no-cache"
"""Kept by the browser, but asked for each time."""
FOREVER = "public, max-age=31536000, immutable"
"""For files whose name changes with their content."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """Bytes ready to be sent."""

    content: bytes
    packed: bytes | None
    """The same in gzip, where that is worth it."""
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def page(content: bytes, kind: str, *, caching: str = REVALIDATE, policy: str | None = None) -> StaticFile:
    """A page of this media type. `policy` is its Content-Security-Policy."""
    packed = None
    if len(content) >= WORTH_PACKING and kind.startswith(_PACKABLE):
        packed = gzip.compress(content, mtime=0)
    headers = [
        (b"content-type", kind.encode()),
        (b"cache-control", caching.encode()),
    ]
    if policy:
        headers.append((b"content-security-policy", policy.encode()))
    if packed:
        headers.append((b"vary", b"accept-encoding"))
    # Weak, since the packed and the plain form share it.
    return StaticFile(content, packed, b'W/"%b"' % hashlib.sha256(content).hexdigest()[:20].encode(), tuple(headers))


async def send_page(scope: Scope, send: Send, found: StaticFile) -> None:
    """Answers GET and HEAD."""
    asked = dict(scope["headers"])
    headers = [*found.headers, (b"etag", found.etag)]
    if etags.names(asked.get(b"if-none-match"), found.etag):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    content = found.content
    if found.packed and takes_gzip(scope):
        content = found.packed
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})
