"""Turns away what a web page sends: by a name that is not ours (DNS rebinding), or from another origin.
The vendors' SDKs never do either. Who may use the control API is decided in routes.py.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.sandbox.settings import Settings

_PROBES = frozenset({"/healthz", "/readyz"})
"""Asked by address, whatever that is; they tell nothing."""
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::[0-9]{0,5})?")


class Guard:
    """Middleware: 421 for a strange name, 403 for what another origin writes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._public = urlsplit(settings.public_url or "").hostname
        self._at_home = _is_loopback(settings.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's answer, or the refusal."""
        app = self._app
        if scope["type"] == "http" and scope["path"] not in _PROBES:
            app = self._refusal(Headers(scope=scope), harmless=scope["method"] in _HARMLESS) or app
        await app(scope, receive, send)

    def _refusal(self, headers: Headers, *, harmless: bool) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return Response("This is the Darkroom sandbox, and that is no name of it (DARKROOM_SANDBOX_URL).", 421)
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        ours = urlsplit(origin).netloc.lower() == hosts[0].lower() if origin else site in {None, "same-origin", "none"}
        return None if ours or harmless else Response("A web page of another origin sent this.", 403)

    def _is_ours(self, host: str) -> bool:
        match = _HOST.fullmatch(host.lower())
        if match is None:
            return False
        name = match[1].strip("[]")
        if name == self._public or _is_loopback(name) or name.endswith(".localhost"):
            return True
        # In a container: nobody can let an address point elsewhere, nor own a name of one word.
        return not self._at_home and ("." not in name or _is_address(name))


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
