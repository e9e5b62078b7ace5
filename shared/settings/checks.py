"""Whether a setting makes sense, and what is in one that holds several values. Pure; the settings are in `settings`."""

import re
from ipaddress import ip_address
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainValidator
from pydantic_settings import NoDecode

SHORTEST_SECRET = 32
"""Characters of a secret that is compared or signed with."""


def parts(text: str | None) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine can reach what listens there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(text: object) -> object:
    return parts(text) if isinstance(text, str) else text


def _host_and_port(entry: object) -> tuple[str, int]:
    host, colon, port = str(entry).rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("must be host:port, with commas between")
    return host.strip("[]").lower(), int(port)


def _host(name: str) -> str:
    if not re.fullmatch(r"(\*\.)?[A-Za-z0-9_-][A-Za-z0-9._-]*|[0-9a-fA-F:]+", name):
        raise ValueError("must be names without port, `name.example` or `*.name.example`, with commas between")
    return name.lower()


def _origin(origin: str) -> str:
    if not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?", origin):
        raise ValueError("must be origins, `https://app.example`, with commas between; never `*` or `null`")
    return origin


Entry = TypeVar("Entry")
Listed = Annotated[tuple[Entry, ...], NoDecode, BeforeValidator(_listed)]
"""What stands between commas."""

Host = Annotated[str, AfterValidator(_host)]
"""A name in lower case, also `*.example.org`; never `*` alone, which would let every name in."""

Origin = Annotated[str, AfterValidator(_origin)]
"""Of a web page. `*` would be every page there is, `null` every page in a sandboxed frame."""

HostAndPort = Annotated[tuple[str, int], PlainValidator(_host_and_port)]
"""`a.example:443` or `[::1]:8080`, the host in lower case."""
