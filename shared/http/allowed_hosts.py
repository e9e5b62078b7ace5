"""Whether a request may have been sent on purpose: by which name it came, and from which web page.

A web page can make its visitor's browser send anything anywhere. Two headers it cannot choose tell on it. `Host` is its
own name when it let that name point here (DNS rebinding). `Origin`, or without one `Sec-Fetch-Site`, is foreign when it
sends to our name. Pure.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import Scope

from shared.domain.errors import Forbidden, Misdirected
from shared.settings import Common
from shared.settings.checks import is_loopback

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::[0-9]{0,5})?")
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
_INNER = (".svc", ".svc.cluster.local")
"""What Kubernetes calls its services. No stranger can have a name under these."""
_MOST_REMEMBERED = 1000


class AllowedHosts:
    """Who is let in. `origins` are those of pages that the operator listed."""

    def __init__(self, settings: Common, origins: Iterable[str] = ()) -> None:
        public = urlsplit(settings.public_url)
        self._origins = {f"{public.scheme}://{public.netloc}".lower(), *map(str.lower, origins)}
        self._names = {"localhost", public.hostname or ""}
        self._endings = [".localhost"]
        self._at_home = settings.loopback
        if not self._at_home:
            self._endings += _INNER
        for listed in settings.allowed_hosts or ():
            if listed.startswith("*."):
                self._endings.append(listed[1:])
            else:
                self._names.add(listed)
        self._known: set[bytes] = set()

    def check(self, scope: Scope) -> None:
        """Raises Misdirected or Forbidden."""
        host = origin = site = None
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    raise Misdirected("The request names two hosts")
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if host is None or not (host in self._known or self._learn(host)):
            raise Misdirected("That name is not ours: DARKROOM_ALLOWED_HOSTS or DARKROOM_PUBLIC_URL must say it")
        if scope["method"] in _HARMLESS or (origin is None and site is None):
            return
        if origin is not None:
            named = origin.decode("latin-1").lower()
            ours = named in self._origins or _authority(named) == host.decode("latin-1").lower()
        else:
            ours = site in (b"same-origin", b"none")
        if not ours:
            raise Forbidden("A web page of another origin sent this: DARKROOM_CORS_ORIGINS has to list that origin")

    def _learn(self, host: bytes) -> bool:
        """Looks closely at a name that was not met before."""
        match = _HOST.fullmatch(host.decode("latin-1").lower())
        if match is None or not self._is_ours(match[1].strip("[]")):
            return False
        if len(self._known) < _MOST_REMEMBERED:
            self._known.add(host)
        return True

    def _is_ours(self, name: str) -> bool:
        if name in self._names or is_loopback(name) or name.endswith(tuple(self._endings)):
            return True
        # Nobody can let an address point elsewhere, nor own a name of one word. Only where all need a key.
        return not self._at_home and ("." not in name or _is_address(name))


def _authority(origin: str) -> str:
    """`https://name:port` without its scheme; nothing for `null` and for what is no web page's."""
    scheme, separator, rest = origin.partition("://")
    return rest if separator and scheme in ("http", "https") else ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
