"""Which requests the gateway hands on, and to whom: the whole list, matched on the bytes the client sent. Pure.

What is not in the list is not forwarded. No path of ours needs an escape but at its end, in a host's own name of a
post; elsewhere `..`, `%2f`, `//` and their like match nothing and need no rules of their own.
"""

import re
from typing import Literal, NamedTuple

from gateway.proxy.body_rules import FORM, JSON
from shared.domain.errors import MethodNotAllowed, NotFound

IMAGES = "/api/v1/images"

Service = Literal["upload", "library"]


class Route(NamedTuple):
    """One path of the public API that an inner service answers."""

    template: str
    """The path, as in the OpenAPI document and in the metrics."""
    service: Service
    """Who answers."""
    methods: tuple[str, ...]
    """What the path takes, and HEAD where it takes GET; everything else is 405."""
    area: str
    """The heading it stands under in the documentation."""
    kinds: tuple[str, ...] = (JSON,)
    """Media types that its body may have."""


ROUTES = (
    Route(f"{IMAGES}/upload", "upload", ("POST",), "Uploads", (FORM,)),
    Route(f"{IMAGES}/validate", "upload", ("POST",), "Validation", (JSON, FORM)),
    Route(f"{IMAGES}/validate/instagram", "upload", ("POST",), "Validation", (JSON, FORM)),
    Route(f"{IMAGES}/validate/reachability", "upload", ("POST",), "Validation"),
    Route(IMAGES, "library", ("GET",), "Library"),
    Route(f"{IMAGES}/bulk-delete", "library", ("POST",), "Library"),
    Route(f"{IMAGES}/bulk-restore", "library", ("POST",), "Library"),
    Route(f"{IMAGES}/{{image_id}}", "library", ("GET", "PATCH", "DELETE"), "Library"),
    Route(f"{IMAGES}/{{image_id}}/restore", "library", ("POST",), "Library"),
    Route(f"{IMAGES}/{{image_id}}/thumbnail", "library", ("GET",), "Library"),
    Route(f"{IMAGES}/{{image_id}}/derivatives", "library", ("GET", "POST"), "Library"),
    Route(f"{IMAGES}/{{image_id}}/posts", "library", ("GET",), "Library"),
    Route(f"{IMAGES}/{{image_id}}/posts/{{post_id}}", "library", ("PUT", "DELETE"), "Library"),
)

_BY_PATH = {route.template.encode(): route for route in ROUTES}
_ID = re.compile(rb"(?<=\A/api/v1/images/)[0-9A-Za-z-]{1,64}(?=/|\Z)")
_POST_ID = re.compile(
    rb"(?<=\A/api/v1/images/\{image_id\}/posts/)(?!(?:\.|%2e){1,2}\Z)"
    rb"(?:[\w.~!$&'()*+,;=:@-]|%(?!7f)[2-9a-f][0-9a-f]){1,2400}\Z",
    re.IGNORECASE,
)
"""Escapes of anything but control characters: 200 characters of four bytes at most. It is handed on as it came, and
nobody but the library, where it is the rest of the path, takes the escapes out."""


def find(method: str, path: bytes) -> Route:
    """The route of a raw path. Raises NotFound or MethodNotAllowed."""
    route = None
    if b"{" not in path:
        of_one = _ID.sub(b"{image_id}", path, count=1)
        route = _BY_PATH.get(path) or _BY_PATH.get(of_one) or _BY_PATH.get(_POST_ID.sub(b"{post_id}", of_one, count=1))
    if route is None:
        raise NotFound("There is no such path")
    methods = [one for known in route.methods for one in (("GET", "HEAD") if known == "GET" else (known,))]
    if method not in methods:
        raise MethodNotAllowed(f"This path takes {', '.join(methods)}", extra={"allow": methods})
    return route
