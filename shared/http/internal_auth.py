"""How the gateway tells an inner service who asks, and how the service knows that it was the gateway.

One header, signed with a secret that only they have, for this very request and a minute. With two secrets, the first
signs and both are believed, so that they can be changed without a stop. The rights are signed too, and the service
looks again whether this request is within them.

Two versions of us speak with each other while they are exchanged: a service passes over rights that it does not know,
and over fields behind those it knows.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.domain.caller import ANYONE, Caller, Right
from shared.domain.errors import Unauthorized
from shared.http.health import METRICS
from shared.settings import Common

HEADER = "X-Darkroom-Caller"
SECONDS = 60
"""How long a signature is believed. Clocks of two hosts may differ by less than this."""

_RAW_HEADER = HEADER.lower().encode()
_OPEN = frozenset({b"/openapi.json"})
"""Says nothing about anybody; the gateway reads it before there is a caller."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_GENERATE = "/api/v1/images/generate"
_LOOKING = ("/api/v1/images/validate", f"{_GENERATE}/estimate-cost")
"""What is sent with POST and changes nothing."""


def needed(method: str, path: str) -> Right:
    """The right that a request needs. The gateway asks for it, and the service asks again of what was signed."""
    if path == METRICS:
        return Right.OPERATE
    if method in SAFE or path.startswith(_LOOKING):
        return Right.READ
    return Right.GENERATE if path.startswith(_GENERATE) else Right.WRITE


class CallerToken:
    """Signs and reads callers with the secrets of these settings."""

    def __init__(self, settings: Common, clock: Callable[[], float] = time.time) -> None:
        self._secrets = [secret.encode() for secret in settings.inner_secrets()]
        self._clock = clock

    @property
    def used(self) -> bool:
        """Whether there is a secret. Without one everybody is let in, which settings allow on loopback only."""
        return bool(self._secrets)

    def sign(self, caller: Caller, method: str, target: bytes) -> str:
        """The header's value. `target` is path and query as they are sent."""
        rights = ",".join(sorted(caller.rights))
        businesses = "*" if caller.businesses is None else ",".join(map(str, sorted(caller.businesses)))
        claims = f"{int(self._clock()) + SECONDS};{caller.name};{rights};{businesses}"
        return f"{claims};{_mac(self._secrets[0], claims, method, target)}"

    def read(self, value: bytes, method: str, target: bytes) -> Caller:
        """Who was signed. Raises Unauthorized, in the same words whatever is wrong."""
        claims, _, mac = value.decode("latin-1").rpartition(";")
        # Every secret is compared, so that the time taken tells nothing.
        signed = [
            hmac.compare_digest(mac.encode("latin-1"), _mac(s, claims, method, target).encode()) for s in self._secrets
        ]
        if not any(signed):
            raise _STRANGER
        until, name, rights, businesses, *_later = claims.split(";")
        if not 0 <= int(until) - self._clock() <= 2 * SECONDS:
            raise _STRANGER
        allowed = None if businesses == "*" else frozenset(int(one) for one in businesses.split(",") if one)
        given = rights.split(",")
        return Caller(name, frozenset(right for right in Right if right in given), allowed)


_STRANGER = Unauthorized("Only the gateway may ask here")


def _mac(secret: bytes, claims: str, method: str, target: bytes) -> str:
    return hmac.new(secret, b"\n".join((claims.encode("latin-1"), method.encode(), target)), hashlib.sha256).hexdigest()


class InternalAuth:
    """The door of an inner service: lets the gateway in and notes for whom it asks, refuses everybody else, and whoever
    has not the right that the request needs."""

    def __init__(self, app: ASGIApp, settings: Common) -> None:
        self._app = app
        self._seal = CallerToken(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"]["caller"] = self._caller(scope)
        await self._app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller:
        if not self._seal.used or scope["raw_path"] in _OPEN:
            return ANYONE
        values: Sequence[bytes] = [value for name, value in scope["headers"] if name == _RAW_HEADER]
        if len(values) != 1:
            raise _STRANGER
        caller = self._seal.read(values[0], scope["method"], target(scope))
        caller.require(needed(scope["method"], scope["path"]))
        return caller


def target(scope: Scope) -> bytes:
    """Path and query of a request, byte for byte as they were sent."""
    query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"]
    return path + b"?" + query if query else path
