"""What is answered to browsers: the studio at `/`, the API's reference at `/docs`, and its data at `/openapi.json`.

The front end is read once into memory, so that no request ever names a file; unbuilt, a page says so. Its pages name
what is beside them: below which path of a larger site they are seen, only a proxy knows.
"""

import mimetypes
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from gateway.docs.document import document
from gateway.static import files
from gateway.static.files import StaticFile
from shared.domain.errors import MethodNotAllowed, NotFound
from shared.settings import GatewaySettings

DIST = Path(__file__).parent.parent / "web" / "dist"
_HASHED = "/assets/"
"""Vite puts the content's hash into every name below this."""
_BARE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_DOCS_POLICY = (
    f"{_BARE_POLICY}; script-src 'self'; font-src 'self'; "
    "connect-src 'self'; "  # The document, and what a reader tries.
    "style-src 'self' 'unsafe-inline'; "  # Scalar writes style elements and style attributes.
    "img-src 'self' data:"  # Icons within Scalar's style sheet.
)
_LANES = {b"/docs", b"/openapi.json"}
"""Told apart from the studio in metrics and in the log."""
_KINDS = mimetypes.MimeTypes(filenames=())
"""Python's own table, whatever the machine thinks that a script is: browsers take us at our word."""
_KINDS.add_type("text/javascript", ".js")
_KINDS.add_type("font/woff2", ".woff2")
_KINDS.add_type("application/manifest+json", ".webmanifest")


class Studio:
    """Answers every path that is not the API's."""

    def __init__(self, settings: GatewaySettings, dist: Path = DIST) -> None:
        self._files = _read(dist, settings)
        for path in (b"/", b"/docs"):
            self._files.setdefault(path, _unbuilt(settings))
        self._files[b"/openapi.json"] = document(settings)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        found = self._files.get(scope["raw_path"])
        if found is None:
            raise NotFound("There is no such path")
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("A page can only be read", extra={"allow": ["GET", "HEAD"]})
        scope["state"]["lane"] = scope["path"] if scope["raw_path"] in _LANES else "studio"
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


def _read(dist: Path, settings: GatewaySettings) -> dict[bytes, StaticFile]:
    """Every file of the build under the path it has in a URL; `index.html` is `/`, and `docs.html` is `/docs`."""
    studio = _policy(settings)
    pages = {"/index.html": ("/", studio), "/docs.html": ("/docs", _DOCS_POLICY)}
    found = {}
    for file in sorted(dist.rglob("*")) if (dist / "index.html").is_file() else ():
        name = "/" + file.relative_to(dist).as_posix()
        path, policy = pages.get(name, (name, studio))
        if file.is_file() and not any(part.startswith(".") for part in name.split("/")):
            kind = _KINDS.guess_type(file.name)[0] or "application/octet-stream"
            found[path.encode()] = files.page(
                file.read_bytes(),
                f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
                caching=files.FOREVER if name.startswith(_HASHED) else files.REVALIDATE,
                policy=policy if kind in {"text/html", "image/svg+xml"} else None,
            )
    return found


def _unbuilt(settings: GatewaySettings) -> StaticFile:
    """What stands where a page of the build would, with the first requests to try."""
    played = (
        f"<p><strong>Sandbox</strong> for {' and '.join(settings.sandbox_parts)}: nothing is real, nothing costs.</p>"
    )
    text = Template((Path(__file__).parent / "unbuilt.html").read_text()).substitute(
        base=escape(f"{settings.public_url.rstrip('/')}/api/v1/images"),
        sandbox=played if settings.sandbox_parts else "",
    )
    return files.page(text.encode(), "text/html; charset=utf-8", policy=_BARE_POLICY)
