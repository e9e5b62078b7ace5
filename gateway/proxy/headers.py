"""Which headers pass the gateway: an allow-list on the way in, all but the connection's own on the way out. Pure."""

import aiohttp
from multidict import CIMultiDict, istr
from starlette.types import Scope

_HANDED_ON = {
    name.lower().encode(): istr(name)
    for name in (
        "Accept",
        "Accept-Language",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "Prefer",
        "Range",
        "User-Agent",
    )
}
"""Everything else stays here, above all what a client may claim about who it is."""

_KEPT_BACK = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"date",
        b"server",
        b"x-request-id",
        b"x-darkroom-sandbox",
    }
)
"""Belongs to the connection with the inner service, or is said by the gateway itself."""


def to_service(scope: Scope) -> CIMultiDict[str]:
    """What an inner service is told. aiohttp writes UTF-8, so reading UTF-8 keeps the bytes."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in scope["headers"]:
        if known := _HANDED_ON.get(name):
            headers.add(known, value.decode("utf-8", "replace"))
    headers["X-Request-Id"] = scope["state"]["request_id"]
    return headers


def to_client(response: aiohttp.ClientResponse) -> tuple[list[tuple[bytes, bytes]], int | None]:
    """What goes out, and the length where it is known."""
    headers: list[tuple[bytes, bytes]] = []
    length = None
    nominated: set[bytes] = set()
    bodiless = response.status in (204, 304)
    for raw, value in response.raw_headers:
        name = raw.lower()
        if name == b"content-length":
            length = int(value)
            if bodiless:
                continue
        elif name == b"connection":
            nominated.update(token.strip().lower() for token in value.split(b","))
        if name not in _KEPT_BACK:
            headers.append((name, value))
    if nominated:
        headers = [(name, value) for name, value in headers if name not in nominated]
    return headers, 0 if bodiless else length
