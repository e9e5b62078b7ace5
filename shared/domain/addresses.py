"""Whether an address can be fetched by anybody, or only from where we stand. Pure: nothing is looked up here.

A service that fetches what strangers name can be made to fetch from its own network (server-side request forgery).
So every address is judged twice: the URL as written, here `of_url`, and what its name leads to, `of_ip`, by whoever
connects. URLs are yarl's because that is what the client connects by: a second parser would read some differently.
"""

import ipaddress
import re
from dataclasses import dataclass

from yarl import URL

PORTS = {"https": 443, "http": 80}
"""The only ports that are fetched from; any other would let strangers knock on doors in our name."""

Allowed = frozenset[tuple[str, int]]
"""Host and port of what an operator lets be fetched whatever its address."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a check failed, in the words of a `platforms.RuleCheck`."""

    actual: str
    """What it is, in a word or few; never the address itself."""
    message: str
    """A sentence for people."""
    fix: str
    """What to do about it."""


# IANA's special-purpose registries, read in November 2026, and one address that a large cloud keeps for itself.
# `ipaddress.is_global` will not do: it calls multicast global, and what it knows depends on Python's version.
_V4 = tuple(
    (ipaddress.IPv4Network(network), word)
    for network, word in (
        ("0.0.0.0/8", "unspecified"), ("10.0.0.0/8", "private"), ("100.64.0.0/10", "carrier-internal"),
        ("127.0.0.0/8", "loopback"), ("168.63.129.16/32", "cloud-internal"), ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"), ("192.0.0.0/24", "reserved"), ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "reserved"), ("192.168.0.0/16", "private"), ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"), ("203.0.113.0/24", "documentation"), ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)  # fmt: skip
_V6 = tuple(
    (ipaddress.IPv6Network(network), word)
    for network, word in (
        ("::/128", "unspecified"), ("::1/128", "loopback"), ("::ffff:0:0/96", "IPv4-mapped"), ("fc00::/7", "private"),
        ("fe80::/10", "link-local"), ("fec0::/10", "site-local"), ("ff00::/8", "multicast"), ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"), ("2002::/16", "6to4"), ("3fff::/20", "documentation"),
    )
)  # fmt: skip
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
_INSIDE = ("localhost", "local", "internal", "home.arpa", "invalid", "test", "onion", "alt")
"""Names below these mean something else, or nothing, everywhere."""
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)


def of_ip(address: str) -> str | None:
    """What kind of not public address it is, in a word; None for a public one. What is no address is not public."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unreadable"
    if isinstance(ip, ipaddress.IPv4Address):
        return next((word for network, word in _V4 if ip in network), None)
    if ip.scope_id is not None:
        return "link-local"
    if ip in _NAT64:
        # Where the host itself has no IPv4, every IPv4 address looks like this: what it leads to decides.
        return of_ip(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    listed = next((word for network, word in _V6 if ip in network), None)
    return listed or (None if ip in _UNICAST else "reserved")


def of_url(url: URL, allowed: Allowed = frozenset()) -> Fault | None:
    """Why this http or https URL, as written, is not fetched; None where what its name leads to decides."""
    if url.raw_user is not None or url.raw_password is not None:
        return Fault(
            "a user name or password in it",
            "The address carries a user name or a password, which nobody else would send.",
            "Publish the picture under an address that needs neither.",
        )
    host, port = url.raw_host or "", url.port
    if port is not None and (host.lower(), port) in allowed:
        return None
    if word := _of_host(host):
        return not_public(word)
    if port != PORTS[url.scheme]:
        return Fault(
            f"port {port}",
            f"Pictures are fetched from port {PORTS[url.scheme]} of {url.scheme}.",
            "Serve the picture on the usual port, 443.",
        )
    return None


def not_public(word: str) -> Fault:
    """The fault of an address of this kind. It never shows the address: that would tell strangers about our network."""
    return Fault(
        word, f"The address is not a public one ({word}): nobody outside can reach it.", "Serve it from a public host."
    )


def _of_host(host: str) -> str | None:
    name = host.lower().rstrip(".")
    if ":" in host:
        return of_ip(host)
    if not _NAME.fullmatch(host):
        return "unreadable"
    last = name.rpartition(".")[2]
    if _NUMBER.fullmatch(last):  # the resolver would take it for a number, however it is written
        plain = _dotted(name)
        return of_ip(plain) or (None if plain == host else "not written in full")
    if "." not in name or name.endswith(tuple("." + inside for inside in _INSIDE)):
        return "loopback" if name == "localhost" or name.endswith(".localhost") else "local name"
    return None


def _dotted(number: str) -> str:
    """`0x7f.1`, `2130706433` or `0177.0.0.1` as C libraries read them; what they do not read comes back as it is."""
    parts = number.split(".")
    try:
        values = [
            int(part[2:] or "0", 16) if part[:2] == "0x" else int(part, 8 if part[0] == "0" else 10) for part in parts
        ]
        *heads, rest = values
        if len(parts) > 4 or any(head > 255 for head in heads) or rest >= 256 ** (5 - len(parts)):
            return number
    except (ValueError, IndexError):
        return number
    for at, head in enumerate(heads):
        rest += head << (24 - 8 * at)
    return str(ipaddress.IPv4Address(rest))
