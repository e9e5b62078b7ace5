"""Who keeps the proxy busy keeps it from nobody else: places at a service are shared out by key and by business."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.types import Receive, Scope, Send

from gateway.proxy.proxy import Proxy
from shared.http.middleware import Middleware
from tests.service.gate import (
    LIST,
    UPLOAD,
    Seen,
    Upstream,
    answer,
    eventually,
    gate,
    get,
    listening,
    parse,
    raw,
    read,
    settings,
    unlocked,
)

SLOW = f"POST {LIST}/validate HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\nsome bytes".encode()
"""And then silence."""


def upload(business: int, size: int = 100_000) -> bytes:
    head = f"POST {UPLOAD}?business_id={business} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}"
    return head.encode() + b"\r\n\r\n" + bytes(size)


@asynccontextmanager
async def sent(port: int, request: bytes, times: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """So many connections that have sent this, and stay."""
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(times)]
    try:
        for _, writer in held:
            writer.write(request)
        yield [reader for reader, _ in held]
    finally:
        for _, writer in held:
            writer.close()


class Holding(Upstream):
    """Holds the requests for one business until it is told to let go; answers all others."""

    def __init__(self, business: int) -> None:
        super().__init__(self._respond)
        self._business = f"business_id={business}"
        self.let_go = asyncio.Event()

    def held(self) -> int:
        return sum(self._business in seen.target for seen in self.asked)

    async def _respond(self, seen: Seen, receive: Receive, send: Send) -> None:
        await read(seen, receive)
        if self._business in seen.target:
            await self.let_go.wait()
        await answer(send)


async def test_slow_bodies_of_one_leave_places_for_all_others() -> None:
    """Ten of each business under way are what the proxy has room for many times over."""
    upstream = Upstream()
    async with gate(upstream) as port, sent(port, SLOW, 262):
        await eventually("they have the places that they get", lambda: len(upstream.asked) == 64)
        for business in range(1, 4):
            assert parse(await raw(port, upload(business))).status == 200
        assert len(upstream.asked) == 64 + 3


async def test_who_is_above_the_share_waits_and_then_is_told() -> None:
    upstream = Holding(1)
    one, two = (get(f"{LIST}?business_id={business}") for business in (1, 2))
    async with gate(upstream, proxy_places=8, proxy_queue=40, share=0.25, proxy_wait=0.3) as port:
        first = [asyncio.create_task(raw(port, one)) for _ in range(2)]
        await eventually("the share is taken", lambda: upstream.held() == 2)
        refused = parse(await raw(port, one))
        assert (refused.status, refused.problem()["code"], refused.header("retry-after")) == (429, "rate_limited", "5")
        assert parse(await raw(port, two)).status == 200
        waiting = asyncio.create_task(raw(port, one))
        upstream.let_go.set()
        assert [parse(await each).status for each in (*first, waiting)] == [200] * 3


async def test_more_than_may_wait_are_refused_at_once() -> None:
    upstream = Holding(1)
    one, two = (get(f"{LIST}?business_id={business}") for business in (1, 2))
    async with gate(upstream, proxy_places=8, proxy_queue=16, share=0.25) as port:
        held = [asyncio.create_task(raw(port, one)) for _ in range(5)]
        done, under_way = await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED)
        refused = parse(done.pop().result())
        assert (refused.status, refused.problem()["detail"]) == (
            429,
            "More than 4 requests at once of this key or business",
        )
        assert parse(await raw(port, two)).status == 200
        upstream.let_go.set()
        assert [parse(await each).status for each in under_way] == [200] * 4


async def test_probes_need_no_place() -> None:
    asked = 0

    async def service(scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal asked
        if scope["path"] != "/readyz":
            asked += 1
            await asyncio.Event().wait()
        await answer(send)

    async with AsyncExitStack() as stack:
        inner = await stack.enter_async_context(listening(service))
        chosen = settings(f"http://127.0.0.1:{inner}", proxy_places=1)
        proxy = Proxy(chosen)
        await stack.enter_async_context(proxy.running())
        port = await stack.enter_async_context(listening(Middleware(unlocked(proxy), chosen, checks={})))
        await stack.enter_async_context(sent(port, get(LIST), 3))
        await eventually("the only place is taken", lambda: asked == 1)
        assert (await proxy.fetch("library", "/readyz"))[0] == 200
