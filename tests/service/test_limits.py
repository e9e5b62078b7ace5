"""How often somebody may ask: the lock and the limits in front of a small application, with a real Redis."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import redis
from starlette.types import Message, Receive, Scope, Send

from gateway.auth.authenticate import Authenticate
from gateway.auth.rate_limits import DOWN_SECONDS, FLUSH_SECONDS, RateLimits
from gateway.proxy.proxy import SMALL
from shared.domain.caller import Caller, Right
from shared.domain.errors import NotFound
from shared.http.middleware import Middleware
from shared.notify.notifier import Notifier
from shared.settings import GatewaySettings
from tests.service.gate import answer, eventually

IMAGES = "/api/v1/images"
UPLOAD = f"{IMAGES}/upload"
STATUS = f"{IMAGES}/generate/status/0190a5f0-0000-7000-8000-000000000000"
AWAY = "redis://127.0.0.1:1/0"
CALLERS = {
    "one": Caller("one", frozenset(Right), frozenset({7})),
    "two": Caller("two", frozenset(Right), frozenset({7})),
    "three": Caller("three", frozenset(Right), frozenset({8})),
    "many": Caller("many", frozenset(Right), frozenset({7, 8})),
}


class Known:
    """Believes the names of CALLERS."""

    async def caller(self, token: str) -> Caller | None:
        return CALLERS.get(token)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Door:
    """One gateway: its clock, and what stands behind its limits."""

    client: httpx2.AsyncClient
    clock: Clock
    status: int = 200
    reached: int = 0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached += 1
        if scope["method"] == "POST":
            await self.hold.wait()
        if self.status == 404:
            raise NotFound
        await answer(send, b"" if self.status == 304 else b"{}", self.status)

    async def ask(
        self, key: str = "one", path: str = IMAGES, method: str = "GET", body: bytes = b""
    ) -> httpx2.Response:
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {key}"}, content=body)

    async def until_refused(self, key: str = "one", path: str = IMAGES, most: int = 50) -> int:
        """How often it was let in."""
        for let_in in range(most):
            if (await self.ask(key, path)).status_code == 429:
                return let_in
        pytest.fail(f"{most} requests were let in")


Opened = Callable[..., Any]


@pytest.fixture
async def opened(redis_url: str) -> AsyncIterator[Opened]:
    """Opens gateways on one Redis, with limits that the test says."""
    async with AsyncExitStack() as stack:

        async def one(**more: Any) -> Door:
            return await stack.enter_async_context(door(**{"redis_url": redis_url} | more))

        yield one


def settings(redis_url: str, **more: Any) -> GatewaySettings:
    return GatewaySettings(
        database_url="postgresql://nobody@127.0.0.1:1/none", redis_url=redis_url, log_level="error", **more
    )


@asynccontextmanager
async def door(*, auth: bool = True, **more: Any) -> AsyncIterator[Door]:
    chosen = settings(**more)
    clock = Clock()
    found = Door(httpx2.AsyncClient(), clock)
    limits = RateLimits(found, chosen, clock)
    access = Authenticate(limits)
    access.open(*([Known()] if auth else []))
    notifier = Notifier.at(chosen)
    transport = httpx2.ASGITransport(app=Middleware(access, chosen, checks={}))
    async with limits.running(notifier), httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        found.client = client
        yield found
    await notifier.close()


def refused(response: httpx2.Response, says: str) -> int:
    """The seconds of Retry-After, once the refusal is as documented."""
    body = response.json()
    assert response.status_code == body["status"] == 429
    assert response.headers["content-type"] == "application/problem+json"
    assert (body["code"], body["retryable"], body["detail"]) == ("rate_limited", True, says)
    return int(response.headers["retry-after"])


async def test_a_key_has_a_burst_and_then_waits_for_its_minute(opened: Opened, redis_url: str) -> None:
    door = await opened(key_requests=30)
    assert await door.until_refused() == 5
    assert refused(await door.ask(), "More than 30 requests a minute with this key") in (1, 2)
    assert door.reached == 5
    assert await door.until_refused("three") == 5, "another key has a bucket of its own"
    with redis.Redis.from_url(redis_url) as store:
        names = {name.decode() for name in store.scan_iter("darkroom:limit:*")}
        assert {f"darkroom:limit:key:{key}" for key in ("one", "three")} <= names
        assert all(0 < store.ttl(name) <= 60 for name in names), "nothing is kept for ever"
        # As if the two seconds had passed in which one comes back, for Redis and for the gateway.
        store.decrby("darkroom:limit:key:one", 2_000_000)
        door.clock.now += 2
        assert [(await door.ask()).status_code for _ in range(2)] == [200, 429]


async def test_keys_of_one_business_share_its_bucket(opened: Opened) -> None:
    door = await opened(business_requests=6 * 4)
    assert [(await door.ask(key)).status_code for key in ("one", "two", "one", "two")] == [200] * 4
    for key in ("one", "two"):
        assert refused(await door.ask(key), "More than 24 requests a minute for this business") in (1, 2, 3)
    named = f"{IMAGES}?business_id="
    assert (await door.ask("many", named + "7")).status_code == 429
    assert (await door.ask("many", named + "8")).status_code == 200
    assert (await door.ask("many")).status_code == 200, "no business is named"
    assert await door.until_refused("three") == 3


async def test_nobody_empties_the_bucket_of_a_stranger(opened: Opened) -> None:
    door = await opened(business_requests=6 * 4)
    for _ in range(4):
        await door.ask("three", f"{IMAGES}?business_id=7")
    assert (await door.ask("one")).status_code == 200
    assert (await door.ask("three", f"{IMAGES}?business_id=7")).status_code == 429, "its own pays"


async def test_gateways_share_the_buckets_through_redis(opened: Opened) -> None:
    first, second = await opened(key_requests=36), await opened(key_requests=36)
    assert [(await door.ask()).status_code for door in (first, second) * 3] == [200] * 6
    assert [(await door.ask()).status_code for door in (first, second)] == [429, 429]
    assert first.reached == second.reached == 3


async def test_a_burst_is_counted_in_redis_to_the_last_and_asks_a_few_at_once(redis_url: str) -> None:
    """All at once would keep the gateway too busy to read the answers: Redis would pass for one that is away."""
    let_in = 0
    burst = 4000

    async def behind(_scope: Scope, _receive: Receive, _send: Send) -> None:
        nonlocal let_in
        let_in += 1

    chosen = settings(redis_url, key_requests=6 * burst, business_requests=6 * burst, share=1, redis_timeout=60)
    scope = {
        "type": "http", "raw_path": IMAGES.encode(), "query_string": b"", "state": {"caller": CALLERS["one"]},
    }  # fmt: skip
    # However busy this machine is, Redis is not taken for one that is away.
    notifier, limits = Notifier.at(chosen), RateLimits(behind, chosen, patience=60)
    with redis.Redis.from_url(redis_url) as store:
        before = store.info("stats")["total_connections_received"]
        began = time.time()
        async with limits.running(notifier):
            await asyncio.gather(*(limits(scope, no_receive, no_send) for _ in range(burst)))
        await notifier.close()
        assert let_in == burst
        full_at = int(store.get("darkroom:limit:key:one") or 0) / 1_000_000
        opened = store.info("stats")["total_connections_received"] - before
    assert full_at - began > 9.9, "each took its part of the ten seconds that the bucket needs"
    assert 0 < opened <= 40


async def no_receive() -> Message:
    raise AssertionError("nobody reads")


async def no_send(_message: Message) -> None:
    raise AssertionError("nobody answers")


async def test_a_redis_that_forgot_everything_counts_on(opened: Opened, redis_url: str) -> None:
    door = await opened(key_requests=30)
    assert await door.until_refused() == 5
    with redis.Redis.from_url(redis_url) as store:
        store.script_flush()
        store.flushall()
        door.clock.now += 2
        assert await door.until_refused() == 5
        assert store.exists("darkroom:limit:key:one")


async def test_without_redis_each_gateway_keeps_buckets_of_its_own(opened: Opened) -> None:
    first, second = [await opened(key_requests=60, redis_url=AWAY) for _ in range(2)]
    assert await first.until_refused() == 10
    assert await second.until_refused() == 10
    refused(await first.ask(), "More than 60 requests a minute with this key")
    first.clock.now += 2
    assert await first.until_refused() == 2, "one comes back in a second"
    first.clock.now += 3600
    assert await first.until_refused() == 10, "and never more than the burst"


async def test_a_dead_redis_is_not_asked_for_every_request() -> None:
    asked = 0

    async def dead(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    server = await asyncio.start_server(dead, "127.0.0.1", 0)
    async with server, door(redis_url=f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0") as gateway:
        await gateway.ask()
        first = asked
        assert 0 < first < 10, "each command is tried twice, and no connection is made in order to make one"
        for _ in range(20):
            assert (await gateway.ask()).status_code == 200
        assert asked == first
        gateway.clock.now += DOWN_SECONDS
        await gateway.ask()
        assert asked > first


@pytest.mark.parametrize("away", [False, True], ids=["with Redis", "without Redis"])
async def test_polls_count_unless_nothing_changed(opened: Opened, redis_url: str, away: bool) -> None:
    door = await opened(key_requests=30, redis_url=AWAY if away else redis_url)
    door.status = 304
    for _ in range(50):
        assert (await door.ask(path=STATUS)).status_code == 304
    await asyncio.sleep(2 * FLUSH_SECONDS)
    assert await door.until_refused() == 5, "those were free"
    assert (await door.ask(path=STATUS)).status_code == 429, "an empty bucket is closed for them too"
    door.status = 200
    for _ in range(50):
        assert (await door.ask("two", STATUS)).status_code == 200
    answers: list[int] = []

    async def closed() -> bool:
        answers.append((await door.ask("two", STATUS)).status_code)
        return answers[-1] == 429

    async with asyncio.timeout(10):
        while not await closed():
            await asyncio.sleep(0.01)
    # More came than the bucket holds, and that is owed.
    assert refused(await door.ask("two"), "More than 30 requests a minute with this key") > 2


async def test_a_poll_that_is_refused_counts(opened: Opened) -> None:
    door = await opened(key_requests=6)
    door.status = 404
    assert (await door.ask(path=STATUS)).status_code == 404
    async with asyncio.timeout(10):
        while (await door.ask(path=STATUS)).status_code != 429:
            await asyncio.sleep(0.01)


async def test_uploads_at_once(opened: Opened) -> None:
    door = await opened(key_uploads=2)
    under_way = [asyncio.create_task(door.ask(path=UPLOAD, method="POST")) for _ in range(2)]
    await eventually("both are under way", lambda: door.reached == 2)
    assert refused(await door.ask(path=UPLOAD, method="POST"), "More than 2 uploads at once with this key") == 1
    assert (await door.ask()).status_code == 200, "everything else goes on"
    other = asyncio.create_task(door.ask("two", UPLOAD, "POST"))
    await eventually("another key has its own", lambda: door.reached == 4)
    under_way[0].cancel()
    await asyncio.wait(under_way[:1])
    third = asyncio.create_task(door.ask(path=UPLOAD, method="POST"))
    await eventually("one that broke off makes room", lambda: door.reached == 5)
    door.hold.set()
    assert [one.status_code for one in await asyncio.gather(under_way[1], other, third)] == [200] * 3


def told(response: httpx2.Response) -> tuple[str, str]:
    return response.headers.get("ratelimit-policy", ""), response.headers.get("ratelimit", "")


@pytest.mark.parametrize("away", [False, True], ids=["with Redis", "without Redis"])
async def test_every_answer_that_is_counted_tells_what_is_left(opened: Opened, redis_url: str, away: bool) -> None:
    door = await opened(key_requests=18, business_requests=6, redis_url=AWAY if away else redis_url)
    policy = '"key";q=18;w=60, "business";q=6;w=60'
    first = await door.ask("many")
    assert told(first)[0] == '"key";q=18;w=60', "no business is named, so none is counted"
    assert re.fullmatch(r'"key";r=2;t=[34]', told(first)[1])
    second = await door.ask("many", f"{IMAGES}?business_id=7")
    assert told(second)[0] == policy
    assert re.fullmatch(r'"key";r=1;t=[34], "business";r=0;t=(9|10)', told(second)[1])
    third = await door.ask("many", f"{IMAGES}?business_id=7")
    seconds = refused(third, "More than 6 requests a minute for this business")
    assert told(third) == ('"business";q=6;w=60', f'"business";r=0;t={seconds}'), "no earlier than Retry-After"
    door.status = 404
    missing = await door.ask("many")
    assert (missing.status_code, told(missing)[1][:9]) == (404, '"key";r=0')


async def test_polls_tell_nothing_until_they_are_refused(opened: Opened) -> None:
    door = await opened(key_requests=6)
    assert told(await door.ask(path=STATUS)) == ("", "")
    async with asyncio.timeout(10):
        while (answered := await door.ask(path=STATUS)).status_code != 429:
            await asyncio.sleep(0.01)
    assert told(answered)[0] == '"key";q=6;w=60'


async def test_uploads_tell_how_many_more_may_be_under_way(opened: Opened) -> None:
    door = await opened(key_uploads=2)
    door.hold.set()
    policy, left = told(await door.ask(path=UPLOAD, method="POST"))
    assert policy.endswith(', "uploads";q=2;qu="concurrent-requests"')
    assert left.endswith(', "uploads";r=1;t=1')


@pytest.mark.parametrize("path", [f"{IMAGES}/validate", f"{IMAGES}/validate/instagram"])
async def test_files_to_be_validated_count_as_uploads_and_questions_do_not(opened: Opened, path: str) -> None:
    door = await opened(key_uploads=2)
    file = bytes(SMALL + 1)
    under_way = [asyncio.create_task(door.ask(path=where, method="POST", body=file)) for where in (UPLOAD, path)]
    await eventually("both are under way", lambda: door.reached == 2)
    for where in (UPLOAD, path):
        refused(await door.ask(path=where, method="POST", body=file), "More than 2 uploads at once with this key")
    under_way.append(asyncio.create_task(door.ask(path=path, method="POST", body=bytes(SMALL))))
    await eventually("a question goes on", lambda: door.reached == 3)
    door.hold.set()
    assert [one.status_code for one in await asyncio.gather(*under_way)] == [200] * 3


@pytest.mark.parametrize("auth", [True, False], ids=["keys", "off"])
async def test_requests_at_once_of_one_key_or_business_are_a_share_of_the_connections(
    opened: Opened, auth: bool
) -> None:
    door = await opened(auth=auth, max_connections=8, share=0.25)
    cancel = f"{IMAGES}/bulk-delete?business_id=7"
    under_way = [asyncio.create_task(door.ask(path=cancel, method="POST")) for _ in range(2)]
    await eventually("both are under way", lambda: door.reached == 2)
    says = "More than 2 requests at once of this key or business"
    for key in ("one", "two"):
        assert refused(await door.ask(key, f"{IMAGES}?business_id=7"), says) == 1
    assert (await door.ask("three", f"{IMAGES}?business_id=8")).status_code == 200, "another business has its own"
    door.hold.set()
    assert [one.status_code for one in await asyncio.gather(*under_way)] == [200] * 2
    assert (await door.ask("one", f"{IMAGES}?business_id=7")).status_code == 200


async def test_with_authentication_off_nobody_is_counted_who_does_not_hold_on(opened: Opened) -> None:
    door = await opened(auth=False, key_requests=1, business_requests=1, key_uploads=1)
    door.hold.set()
    for path, method in ((f"{IMAGES}?business_id=7", "GET"), (STATUS, "GET"), (UPLOAD, "POST")):
        answers = [await door.ask(path=path, method=method) for _ in range(5)]
        assert [(answered.status_code, *told(answered)) for answered in answers] == [(200, "", "")] * 5
