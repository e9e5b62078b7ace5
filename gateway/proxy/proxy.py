"""Hands requests on to the inner services, byte for byte and both ways at once, as pure ASGI over aiohttp's client.

What is handed on is in `routes.py`; which headers go in and out is here. No page, document or data of our own.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from starlette.types import Receive, Scope, Send
from yarl import URL

from gateway.auth import limit_keys
from gateway.proxy import headers, routes
from gateway.proxy.bandwidth import Bandwidth
from gateway.proxy.body_rules import BodyRules
from gateway.proxy.client_stream import ClientLeft, ClientStream
from gateway.proxy.routes import Route, Service
from gateway.proxy.watchdog import Watchdog
from gateway.proxy.write_turns import WriteTurns
from shared.domain import caller
from shared.domain.errors import Malformed, Problem, Unavailable, UpstreamTimeout, UpstreamUnavailable
from shared.http.internal_auth import HEADER, CallerToken
from shared.http.shares import Line, Places, ShareKey, part
from shared.observability import log
from shared.settings import GatewaySettings

SMALL = 64 * 1024
"""Bodies and answers up to this size are handed on in one piece."""

_IDLE_SECONDS = 30.0
"""Shorter than the services keep an idle connection, or a request would meet one that is just being closed."""
PEEK_SECONDS = 2.5
"""For a small document of a service: longer than that waits for what it can do without."""


class Proxy:
    """One per process; `running` holds the connections to the inner services."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._bases: dict[Service, str] = {
            "upload": settings.upload_url.rstrip("/"),
            "library": settings.library_url.rstrip("/"),
        }
        self._most_file = settings.max_file
        self._seal = CallerToken(settings)
        self._watchdog = Watchdog(settings.proxy_timeout)
        self._turns = WriteTurns()
        self._pace = Bandwidth(settings.body_rate, time.monotonic)
        self._places: dict[Service, Places] = {name: _places(settings) for name in self._bases}
        """Requests that a service has under way. The probes need none."""
        self._connect = settings.connect_timeout
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens the connection pool and closes it."""
        async with (
            self._watchdog.walking(),
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as self._session,
        ):
            yield
        self._session = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _plain(scope["raw_path"])
        route = routes.find(scope["method"], path)
        scope["state"]["lane"] = route.template
        url = self._url(route.service, path, scope["query_string"])
        client = ClientStream(scope, receive, send, BodyRules(route.kinds, self._most_file))
        try:
            await self._exchange(route, url, scope, client)
        except ClientLeft:
            await client.leave()
        except Problem as problem:
            if client.answered or not client.unread:
                raise
            await client.refuse(problem)

    async def _exchange(self, route: Route, url: URL, scope: Scope, client: ClientStream) -> None:
        if client.refusal:
            raise client.refusal
        try:
            with self._watchdog.over(client):
                body = await self._body(client, limit_keys.of(scope))
                async with self._places[route.service].turn(limit_keys.of(scope)):
                    response = await self._ask(url, scope, client, body)
                    try:
                        if response.status == 401:
                            raise self._stranger(route)
                        await self._answer(response, client)
                    finally:
                        response.close()
        except (aiohttp.ClientError, TimeoutError) as failed:
            raise self._meaning(failed, route, client) from failed

    async def _body(self, client: ClientStream, who: ShareKey) -> bytes | AsyncIterator[bytes] | None:
        """A small one is read before a place is taken, however slowly it comes."""
        if not client.unread:
            return None
        if client.length is not None and client.length <= SMALL:
            return await client.whole()
        return self._pace.slowed(self._turns.pace(client.chunks()), who)

    async def _ask(
        self, url: URL, scope: Scope, client: ClientStream, body: bytes | AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        told = headers.to_service(scope)
        if self._seal.used:
            told[HEADER] = self._seal.sign(caller.of(scope), scope["method"], url.raw_path_qs.encode())
        if client.unread and client.length is not None:
            told["Content-Length"] = str(client.length)
        return await self._open().request(scope["method"], url, headers=told, data=body, allow_redirects=False)

    async def _answer(self, response: aiohttp.ClientResponse, client: ClientStream) -> None:
        told, length = headers.to_client(response)
        if length is not None and length <= SMALL:
            content = response.content
            whole = content.read_nowait() if content.is_eof() else await content.read()
            await client.start(response.status, told)
            await client.end(whole)
            return
        await client.start(response.status, told)
        async for chunk in response.content.iter_any():
            await client.write(chunk)
        await client.end()

    def _stranger(self, route: Route) -> Problem:
        """The client was let in here; the service did not believe us, which no client can mend."""
        log.get().error("upstream.disbelieved", service=route.service, setting="DARKROOM_INNER_SECRET")
        return UpstreamUnavailable(f"The {route.service} service did not believe the gateway")

    def _meaning(self, failed: Exception, route: Route, client: ClientStream) -> Exception:
        """What the client is told. The order matters: its own faults also break the connection to the service."""
        if client.refusal:
            return client.refusal
        if client.gone:
            return ClientLeft()
        if client.waiting and not isinstance(failed, aiohttp.ClientError):
            return Malformed("The body stopped before its end")
        log.get().warning("upstream.failed", service=route.service, error=type(failed).__name__)
        if isinstance(failed, aiohttp.ClientError):
            return UpstreamUnavailable(f"The {route.service} service did not answer", retry_after=1)
        return UpstreamTimeout(f"The {route.service} service took too long", retry_after=1)

    def _url(self, service: Service, path: bytes, query: bytes) -> URL:
        target = self._bases[service] + path.decode("ascii")
        return URL(f"{target}?{query.decode('ascii')}" if query else target, encoded=True)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise Unavailable("The gateway is starting or stopping")
        return self._session

    async def fetch(self, service: Service, path: str) -> tuple[int, bytes]:
        """A small document of an inner service. Raises Unavailable, naming the service."""
        try:
            async with asyncio.timeout(PEEK_SECONDS):
                async with self._open().get(self._bases[service] + path) as response:
                    return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as failed:
            raise Unavailable(f"The {service} service does not answer", retry_after=2) from failed


def _places(settings: GatewaySettings) -> Places:
    line = Line(
        what="requests",
        longest=settings.proxy_queue,
        each=part(settings.share, settings.proxy_queue),
        seconds=settings.proxy_wait,
    )
    return Places(settings.proxy_places, part(settings.share, settings.proxy_places), line)


def _plain(path: bytes) -> bytes:
    return path[:-1] if path == b"/api/v1/images/" else path
