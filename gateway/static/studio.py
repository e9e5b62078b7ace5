"""The built front end at `/`, read once into memory, so that no request ever names a file. Unbuilt, a page says so.

Its pages name what is beside them: below which path of a larger site they are seen, only a proxy knows."""

import mimetypes
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from gateway.static import files
from gateway.static.files import StaticFile
from shared.domain.errors import MethodNotAllowed, NotFound
from shared.settings import GatewaySettings

DIST = Path(__file__).parent.parent / "web" / "dist"
_HASHED = "/assets/"
"""Vite puts the content's hash into every name below this."""


_FILE = '\\\n  -F "file=@image.jpg"'
_FOX = """\\
  -H "Content-Type: application/json" \\
  -d '{"prompt": "a red fox in fresh snow", "business_id": 1, "size": "1024x1024"}'"""
_KINDS = mimetypes.MimeTypes(filenames=())
"""Python's own table, whatever the machine thinks that a script is: browsers take us at our word."""
_KINDS.add_type("text/javascript", ".js")
_KINDS.add_type("font/woff2", ".woff2")
_KINDS.add_type("application/manifest+json", ".webmanifest")


class Studio:
    """Answers every path that is not the API's."""

    def __init__(self, settings: GatewaySettings, dist: Path = DIST) -> None:
        self._files = _read(dist, _policy(settings))
        if b"/" not in self._files:
            self._files[b"/"] = _welcome(settings)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        found = self._files.get(scope["raw_path"])
        if found is None:
            raise NotFound("There is no such path")
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("A page can only be read", extra={"allow": ["GET", "HEAD"]})
        scope["state"]["lane"] = "studio"
        await files.send_page(scope, send, found)


def _policy(settings: GatewaySettings) -> str:
    """Pictures come from the store, and can be fetched from there to be saved; everything else comes from here, and no
    script from within the page."""
    store = " ".join(("https://res.cloudinary.com", *(settings.picture_origins or ())))
    if settings.sandbox_url and "cloudinary" in settings.sandbox_parts:
        sandbox = urlsplit(settings.sandbox_url)
        store += f" {sandbox.scheme}://{sandbox.netloc}"
    return "; ".join(
        (
            "default-src 'self'",
            f"img-src 'self' blob: data: {store}",
            f"connect-src 'self' {store}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _read(dist: Path, policy: str) -> dict[bytes, StaticFile]:
    """Every file of the build under the path it has in a URL; `index.html` is `/`."""
    found = {}
    for file in sorted(dist.rglob("*")) if (dist / "index.html").is_file() else ():
        path = "/" + file.relative_to(dist).as_posix()
        if file.is_file() and not any(part.startswith(".") for part in path.split("/")):
            kind = _KINDS.guess_type(file.name)[0] or "application/octet-stream"
            found[("/" if path == "/index.html" else path).encode()] = files.page(
                file.read_bytes(),
                f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
                caching=files.FOREVER if path.startswith(_HASHED) else files.REVALIDATE,
                policy=policy if kind in {"text/html", "image/svg+xml"} else None,
            )
    return found


def _welcome(settings: GatewaySettings) -> StaticFile:
    base = f"{settings.public_url.rstrip('/')}/api/v1/images"
    lines = (
        f'curl -X POST "{base}/upload?business_id=1" {_FILE}',
        f'curl "{base}?business_id=1"',
        f'curl -X POST "{base}/generate" {_FOX}',
    )
    body = (
        '<main class="welcome"><h1><span class="lamp"></span>Darkroom</h1>'
        '<p class="lead">Pictures for posts: upload them or have them made, keep them in a library, and get renditions '
        "that Instagram accepts.</p>"
        "<p>The API runs. The studio, its page for people, was not built on this machine.</p>"
        '<p><a href="docs">Read the API reference</a></p>'
        + "".join(
            f"<h2>{title}</h2><pre><code>{escape(line)}</code></pre>"
            for title, line in zip(("Upload a picture", "See the library", "Ask for one"), lines, strict=True)
        )
        + "</main>"
    )
    return files.html("Darkroom", body, settings.sandbox_parts)
