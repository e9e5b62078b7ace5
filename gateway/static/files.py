"""Pages and files held in memory, and how they are sent: ETag and 304, HEAD, gzip, and a policy that allows no script.

What stands on a page is in `reference.py` and `studio.py`; how our own pages look is in `pages.css`.
"""

import gzip
import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from starlette.types import Scope, Send

from gateway.compression import WORTH_PACKING, takes_gzip
from shared.http import etags

_CSS = (Path(__file__).parent / "pages.css").read_text()
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='7' fill='%231a1211'/%3E%3Ccircle cx='16' cy='16' r='8' fill='%23e5484d'/%3E%3C/svg%3E"
)
_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
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


def html(title: str, body: str, sandbox: Sequence[str]) -> StaticFile:
    """One of our own pages. Says it where a vendor is played by the sandbox."""
    played = " and ".join({"openai": "OpenAI", "cloudinary": "Cloudinary"}[part] for part in sandbox)
    mark = f'<p class="sandbox"><strong>Sandbox</strong> {played} played here: nothing is real, nothing costs.</p>'
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{escape(title)}</title><link rel="icon" href="{_ICON}"><style>{_CSS}</style></head>'
        f"<body>{mark if sandbox else ''}{body}</body></html>"
    )
    return page(text.encode(), "text/html; charset=utf-8", policy=_POLICY)


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
