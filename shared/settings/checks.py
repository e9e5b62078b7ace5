"""Whether a setting makes sense, and what is in one that holds several values. Pure; the settings are in `settings`."""

import re
from collections.abc import Iterable
from ipaddress import ip_address

SHORTEST_SECRET = 32
"""Characters of a secret that is compared or signed with."""

_PUBLIC_KEY_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}


def parts(text: str | None) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine can reach what listens there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def hosts_and_ports(text: str | None) -> frozenset[tuple[str, int]]:
    """`a.example:443, [::1]:8080` as pairs, hosts in lower case. Raises ValueError."""
    found = set()
    for entry in parts(text):
        host, colon, port = entry.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError("must be host:port, with commas between")
        found.add((host.strip("[]").lower(), int(port)))
    return frozenset(found)


def check_hosts(text: str | None) -> None:
    """Raises ValueError where a name is none, such as `*`, which would let every name in."""
    for name in parts(text):
        if not re.fullmatch(r"(\*\.)?[A-Za-z0-9_-][A-Za-z0-9._-]*|[0-9a-fA-F:]+", name):
            raise ValueError("must be names without port, `name.example` or `*.name.example`, with commas between")


def check_origins(text: str | None) -> None:
    """Raises ValueError where an origin is none. `*` is every page there is, `null` every page in a sandboxed frame."""
    for origin in parts(text):
        if not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?", origin):
            raise ValueError("must be origins, `https://app.example`, with commas between; never `*` or `null`")


def check_tokens(
    issuer: str | None, audience: str | None, jwks_url: str | None, key: str | None, names: Iterable[str]
) -> None:
    """Raises ValueError where tokens could not be checked with these settings. `names` are the algorithms."""
    for name, value in (("ISSUER", issuer), ("AUDIENCE", audience)):
        if not value:
            raise ValueError(f"DARKROOM_AUTH with jwt needs DARKROOM_JWT_{name}")
    if (jwks_url is None) == (key is None):
        raise ValueError("DARKROOM_AUTH with jwt needs one of DARKROOM_JWT_JWKS_URL and DARKROOM_JWT_KEY")
    if jwks_url and not re.match(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/]", jwks_url):
        raise ValueError("DARKROOM_JWT_JWKS_URL must begin with https://")
    algorithms = set(names)
    if algorithms != {"HS256"} and not (algorithms and algorithms <= _PUBLIC_KEY_ALGORITHMS):
        raise ValueError(f"DARKROOM_JWT_ALGORITHMS: HS256, or some of {', '.join(sorted(_PUBLIC_KEY_ALGORITHMS))}")
    if algorithms == {"HS256"} and (key is None or len(key) < SHORTEST_SECRET):
        raise ValueError(f"HS256 needs a DARKROOM_JWT_KEY of at least {SHORTEST_SECRET} characters")
