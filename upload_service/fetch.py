"""Fetches the beginning of a public picture as a stranger would: no cookies, login or proxy, few bytes.

Whatever it connects to was judged by `addresses`, each hop anew. A name is resolved once, all its addresses are
judged, and the connection goes to one of those: a name that leads elsewhere a moment later changes nothing.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from shared.domain import addresses
from shared.domain.addresses import Fault
from shared.http.public_only import NotPublic, PublicOnly
from shared.http.shares import ShareKey, fair_places
from shared.settings import UploadSettings

MOST_HOPS = 3
"""Redirects that are followed."""
MOST_BYTES = 64 * 1024
"""Bytes of a body that are read, where it does not say how long it is."""
ENOUGH = 64
"""Bytes that say what a file is."""

_ASKING = {"User-Agent": "Darkroom-reachability-probe/1", "Accept": "image/*", "Accept-Encoding": "identity"}
_LOGIN = re.compile(r"(^|[./_-])(log[_-]?in|sign[_-]?in|sso|oauth2?|saml2?|auth)($|[./_?-])", re.IGNORECASE)


@dataclass(slots=True)
class Seen:
    """What there was to see, as far as it went."""

    hops: list[URL] = field(default_factory=list)
    """Everything that was asked, the first address included; the last one may have been refused."""
    connected: bool = False
    """Whether its name was resolved and its addresses judged."""
    address: Fault | None = None
    """Why it, or where it redirects to, is not a public address."""
    listed: bool = False
    """Whether it was fetched because the operator lists it, whatever its address."""
    certificate: Fault | None = None
    """Why the encrypted connection cannot be trusted."""
    answer: Fault | None = None
    """Why there was no answer of 200 without a login."""
    content_type: str = ""
    """As the server says, in lower case and without parameters."""
    size: int | None = None
    """Bytes of the whole body, where they are known."""
    first: bytes = b""
    """The first ENOUGH bytes of the body, for a look; never to be shown."""


class Fetcher:
    """One per process: `async with Fetcher.running(settings) as fetcher:`."""

    def __init__(self, settings: UploadSettings, session: aiohttp.ClientSession) -> None:
        self._timeout = settings.probe_timeout
        self._allowed = settings.probe_allowed
        # Each probe holds a socket to a stranger for as long as the time allows.
        self._places = fair_places(
            settings,
            "addresses that are probed",
            settings.probes,
            queue=settings.probes_queue,
            seconds=settings.probes_wait,
        )
        self._session = session

    @classmethod
    @asynccontextmanager
    async def running(cls, settings: UploadSettings) -> AsyncIterator["Fetcher"]:
        """Connections are never used again: each was judged for one probe."""
        resolver = PublicOnly(settings.probe_allowed)
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, force_close=True, limit=0,
            ssl=ssl.create_default_context(),
        )  # fmt: skip
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers=_ASKING,
            read_bufsize=MOST_BYTES // 4,  # what comes unasked stays in the kernel
        ) as session:
            yield cls(settings, session)
        await resolver.close()

    async def look(self, url: URL, who: ShareKey) -> Seen:
        """Follows the address to a picture's first bytes. Raises RateLimited where they have too many under way, and
        Unavailable where all have."""
        async with self._places.turn(who):
            return await self._look(url)

    async def _look(self, url: URL) -> Seen:
        seen = Seen()
        try:
            async with asyncio.timeout(self._timeout):
                await self._follow(url, seen)
        except NotPublic as refused:
            seen.connected, seen.address = True, refused.fault
        except aiohttp.ClientConnectorDNSError:
            seen.connected = True
            seen.address = Fault("no address", "The host's name leads to no address.", "Correct the host's name.")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            seen.connected = True
            seen.certificate = Fault(
                "https that is not trusted",
                "The server's certificate is not valid for this address, or it speaks no https.",
                "Serve it with a certificate that browsers trust.",
            )
        except TimeoutError:
            seen.answer = Fault(
                f"not within {self._timeout:g} s", "The server took too long.", "Serve it from a faster host."
            )
        except (aiohttp.ClientError, OSError, ValueError) as failed:
            seen.connected = seen.connected or isinstance(failed, aiohttp.ClientConnectorError)
            seen.answer = Fault("no answer", "The server gave no proper answer.", "See that it answers a plain GET.")
        return seen

    async def _follow(self, url: URL | None, seen: Seen) -> None:
        while url is not None:
            seen.hops.append(url)
            seen.connected = False
            if fault := addresses.of_url(url, self._allowed):
                raise NotPublic(fault)
            seen.listed = seen.listed or ((url.raw_host or "").lower(), url.port) in self._allowed
            async with self._session.get(url, allow_redirects=False) as response:
                seen.connected = True
                if response.status in (301, 302, 303, 307, 308):
                    url = _target(seen, url, response)
                else:
                    await _read(response, seen)
                    url = None


def _target(seen: Seen, url: URL, response: aiohttp.ClientResponse) -> URL | None:
    """Where this redirect leads; None, and why in `seen.answer`, where it is not followed."""
    if len(seen.hops) > MOST_HOPS:
        seen.answer = Fault(
            f"more than {MOST_HOPS} redirects", "The address redirects too often.", "Use the address it ends at."
        )
        return None
    with suppress(KeyError, ValueError):
        target = url.join(URL(response.headers["Location"]))
        if target.scheme in addresses.PORTS and target.raw_host:
            return target
    seen.answer = Fault(
        "a redirect to nowhere", "The address redirects to no web address.", "Use the address of the picture."
    )
    return None


async def _read(response: aiohttp.ClientResponse, seen: Seen) -> None:
    """Notes what there is, or why it is none of it."""
    seen.answer = _refusal(response, seen)
    if seen.answer:
        return
    seen.content_type = response.content_type if "Content-Type" in response.headers else ""
    most = MOST_BYTES if response.content_length is None else ENOUGH
    body = bytearray()
    while len(body) < most and (piece := await response.content.read(most - len(body))):
        body += piece
    seen.size = response.content_length
    if seen.size is None and len(body) < most:
        seen.size = len(body)
    seen.first = bytes(body[:ENOUGH])


def _refusal(response: aiohttp.ClientResponse, seen: Seen) -> Fault | None:
    login = "Publish the picture under an address that needs no login."
    if response.status in (401, 403, 407):
        return Fault(f"{response.status}", "The server asks who is asking: it gives the picture to some only.", login)
    page = response.content_type.endswith(("html", "xml"))
    if len(seen.hops) > 1 and page and any(_LOGIN.search(f"{hop.raw_host}{hop.raw_path}") for hop in seen.hops[1:]):
        return Fault("a redirect to a login page", "The server sends strangers to a login page.", login)
    if response.status != 200:
        return Fault(f"{response.status}", "The server does not answer with the picture.", "Correct the address.")
    return None
