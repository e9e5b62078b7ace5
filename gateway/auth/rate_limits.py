"""How often somebody may ask: per key and per business, and how many uploads and requests at once. Behind the lock, so
that only those who were let in are counted; with authentication off only what a business has open is.

The buckets are in Redis, where all gateways share them; while it is away each process keeps to buckets of its own, of
the same size. Status polls never wait for Redis: they are counted after their answer, many together, and not at all
when the answer was that nothing changed.
"""

import asyncio
import collections
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.auth import limit_keys
from gateway.generation import status
from gateway.proxy.proxy import SMALL
from gateway.proxy.routes import IMAGES
from shared.domain.caller import ANYONE, Caller, of
from shared.domain.errors import Problem, RateLimited
from shared.http.shares import ShareCount, ShareKey, part
from shared.notify.notifier import DOWN, Notifier
from shared.observability import log
from shared.settings import GatewaySettings

FLUSH_SECONDS = 0.05
"""How long polls are gathered before they are counted."""
DOWN_SECONDS = 5.0
"""How long a Redis that was found away is not asked again."""
_PATIENCE = 0.25
_AT_ONCE = 32
"""Questions to Redis under way, the others wait for their turn. A burst of them all at once would keep this process too
busy to read the answers in time, and a Redis that is well would pass for one that is away."""
_MOST_REMEMBERED = 10_000
_MINUTE = 60_000_000
"""All arithmetic is in whole microseconds: fractions of them beside a time of day do not fit into a float."""
_API = b"/api/"
_POLL = status.PREFIX.encode()
_UPLOAD = f"{IMAGES}/upload".encode()
_VALIDATE = frozenset(f"{IMAGES}/{path}".encode() for path in ("validate", "validate/instagram"))

_SPEND = """
local clock = redis.call('time'); local now = clock[1] * 1000000 + clock[2]
local before, after, fits = {}, {}, true
for n, key in ipairs(KEYS) do
  local every, most, count = tonumber(ARGV[3 * n - 1]), tonumber(ARGV[3 * n]), tonumber(ARGV[3 * n + 1])
  before[n] = math.min(math.max(now, tonumber(redis.call('get', key) or 0)), now + most + 60000000)
  after[n] = before[n] + every * count
  if after[n] > now + most then fits = false end
end
local taken = fits or ARGV[1] == '1'
local answer = {taken and 1 or 0}
for n, key in ipairs(KEYS) do
  local most = tonumber(ARGV[3 * n])
  if taken then
    redis.call('set', key, string.format('%.0f', after[n]), 'px', math.ceil((after[n] - now) / 1000) + 1000)
  end
  answer[n + 1] = now + most - (taken and after[n] or before[n])
end
return answer
"""
"""A bucket is one time: when it will be full again. The same as `Local.spend`, by the clock of Redis."""


class RateLimitStatus(NamedTuple):
    """One limit as the answer tells it (draft-ietf-httpapi-ratelimit-headers-11)."""

    policy: str
    """For the header `RateLimit-Policy`."""
    remaining: int
    """Requests that may be made now."""
    seconds: int
    """Until one more may be."""

    @staticmethod
    def headers(limits: Sequence["RateLimitStatus"]) -> list[tuple[bytes, bytes]]:
        """`RateLimit-Policy`, which is always the same, and `RateLimit`, which is of this moment."""
        now = (f"{one.policy.partition(';')[0]};r={one.remaining};t={one.seconds}" for one in limits)
        return [
            (b"ratelimit-policy", ", ".join(one.policy for one in limits).encode()),
            (b"ratelimit", ", ".join(now).encode()),
        ]


class Bucket(NamedTuple):
    """What may be asked in a minute, a sixth of it at once."""

    policy: str
    """What its limit is called in the answers."""
    name: str
    """The key in Redis. Never a secret."""
    per_minute: int
    """Requests."""
    whose: str
    """For the refusal."""

    @property
    def every(self) -> int:
        """Microseconds until one more comes back."""
        return _MINUTE // self.per_minute

    @property
    def most(self) -> int:
        """Microseconds until an empty one is full."""
        return max(1, self.per_minute // 6) * self.every

    def wait(self, left: int) -> float:
        """Seconds until one more can be taken, with so many microseconds left in it."""
        return max(0, self.every - left) / 1_000_000

    def told(self, left: int) -> RateLimitStatus:
        """How many can be taken now, and the seconds until one more comes back."""
        count, rest = divmod(left, self.every) if left > 0 else (0, left)
        return RateLimitStatus(
            f'"{self.policy}";q={self.per_minute};w=60', count, math.ceil((self.every - rest) / 1_000_000)
        )


class Local:
    """The buckets of this process alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._full_at: dict[str, int] = {}

    def spend(self, counts: Mapping[Bucket, int], *, always: bool) -> list[int]:
        """Takes from all or none, or `always`. Answers whether it took, then for each what is left, in microseconds."""
        now = int(self._clock() * 1_000_000)
        before = [min(max(now, self._full_at.get(b.name, 0)), now + b.most + _MINUTE) for b in counts]
        after = [full + b.every * count for full, (b, count) in zip(before, counts.items(), strict=True)]
        taken = always or all(full <= now + b.most for full, b in zip(after, counts, strict=True))
        if taken:
            if len(self._full_at) >= _MOST_REMEMBERED:
                self._full_at = {name: full for name, full in self._full_at.items() if full > now}
            self._full_at.update(zip((b.name for b in counts), after, strict=True))
        left = after if taken else before
        return [int(taken), *(now + b.most - full for full, b in zip(left, counts, strict=True))]


class RateLimits:
    """Counts, and raises RateLimited. One per process; `running` while it serves."""

    def __init__(
        self,
        app: ASGIApp,
        settings: GatewaySettings,
        clock: Callable[[], float] = time.monotonic,
        patience: float = _PATIENCE,
    ) -> None:
        self._app = app
        self._patience = patience
        """Seconds a request waits for Redis before Redis counts as away."""
        self._settings = settings
        self._clock = clock
        self._local = Local(clock)
        self._script: Any = None
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._down_until = float("-inf")
        self._closed: dict[str, float] = {}
        """Buckets known to be empty, and until when: they are refused without asking Redis."""
        self._polled: collections.Counter[Bucket] = collections.Counter()
        self._flushing: asyncio.Task[None] | None = None
        self._uploads = ShareCount()
        self._open = ShareCount()
        """Requests that are not answered yet: bodies that come, waiting polls, event streams, all of them."""
        self._most_open = part(settings.share, settings.max_connections)

    @asynccontextmanager
    async def running(self, notifier: Notifier) -> AsyncIterator[None]:
        """Shares the buckets of this Redis; without it only those of the process are kept."""
        self._script = notifier.redis.register_script(_SPEND)
        try:
            yield
        finally:
            if self._flushing is not None:
                self._flushing.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["raw_path"].startswith(_API):
            await self._app(scope, receive, send)
            return
        who = of(scope)
        if who is ANYONE and (not scope["query_string"] or limit_keys.business(who, scope["query_string"]) is None):
            await self._app(scope, receive, send)  # There is nobody to count.
            return
        asker = limit_keys.of(scope)
        if self._open.most_of(asker) >= self._most_open:
            raise RateLimited(f"More than {self._most_open} requests at once of this key or business", retry_after=1)
        with self._open.holding(asker):
            await (self._app if who is ANYONE else self._counted)(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = of(scope)
        buckets = self._buckets(who, scope["query_string"])
        self._refuse_closed(buckets)
        if scope["raw_path"].startswith(_POLL):
            await self._poll(buckets, scope, receive, send)
        elif scope["raw_path"] == _UPLOAD or (scope["raw_path"] in _VALIDATE and _large(scope)):
            await self._upload(who, buckets, scope, receive, send)
        else:
            await self._answer(await self._take(buckets), scope, receive, send)

    async def _answer(self, limits: Sequence[RateLimitStatus], scope: Scope, receive: Receive, send: Send) -> None:
        """Tells them with whatever is answered. Not with polls, which are counted later, many together."""
        told = RateLimitStatus.headers(limits)

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Problem as problem:
            problem.headers = [*problem.headers, *told]
            raise

    async def _poll(self, buckets: list[Bucket], scope: Scope, receive: Receive, send: Send) -> None:
        answered = 0

        async def answer(message: Any) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                if answered != 304:
                    self._count(buckets)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            if answered == 0:  # Refused, or the client left.
                self._count(buckets)

    async def _upload(self, who: Caller, buckets: list[Bucket], scope: Scope, receive: Receive, send: Send) -> None:
        most, key = self._settings.key_uploads, ShareKey(who.name, frozenset({who.name}))
        if self._uploads.most_of(key) >= most:
            detail = f"More than {most} uploads at once with this key"
            raise RateLimited(detail, retry_after=1, headers=RateLimitStatus.headers([_uploads(most, 0)]))
        with self._uploads.holding(key):
            limits = [*await self._take(buckets), _uploads(most, most - self._uploads.most_of(key))]
            await self._answer(limits, scope, receive, send)

    def _buckets(self, who: Caller, query: bytes) -> list[Bucket]:
        found = [Bucket("key", f"darkroom:limit:key:{who.name}", self._settings.key_requests, "with this key")]
        business = limit_keys.business(who, query)
        if business is not None:
            name = f"darkroom:limit:business:{business}"
            found.append(Bucket("business", name, self._settings.business_requests, "for this business"))
        return found

    def _refuse_closed(self, buckets: list[Bucket]) -> None:
        now = self._clock()
        wait, bucket = max((self._closed.get(bucket.name, now) - now, bucket) for bucket in buckets)
        if wait > 0:
            detail = f"More than {bucket.per_minute} requests a minute {bucket.whose}"
            told = bucket.told(bucket.every - math.ceil(wait * 1_000_000))
            raise RateLimited(detail, retry_after=wait, headers=RateLimitStatus.headers([told]))

    async def _take(self, buckets: list[Bucket]) -> list[RateLimitStatus]:
        """What is left after it."""
        # Again, should the wait that was answered be over already.
        while (left := await self._spend(dict.fromkeys(buckets, 1), always=False)) is None:
            self._refuse_closed(buckets)
        return [bucket.told(microseconds) for bucket, microseconds in zip(buckets, left, strict=True)]

    def _count(self, buckets: list[Bucket]) -> None:
        self._polled.update(buckets)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        while self._polled:
            await asyncio.sleep(FLUSH_SECONDS)
            gathered, self._polled = self._polled, collections.Counter()
            await self._spend(gathered, always=True)

    async def _spend(self, counts: Mapping[Bucket, int], *, always: bool) -> list[int] | None:
        """Microseconds left in each; None where it was not taken. Remembers which buckets are empty now."""
        taken, *left = await self._shared(counts, always=always) or self._local.spend(counts, always=always)
        now = self._clock()
        if len(self._closed) >= _MOST_REMEMBERED:
            self._closed = {name: until for name, until in self._closed.items() if until > now}
        for bucket, microseconds in zip(counts, left, strict=True):
            if wait := bucket.wait(microseconds):
                self._closed[bucket.name] = now + wait
        return left if taken else None

    async def _shared(self, counts: Mapping[Bucket, int], *, always: bool) -> list[int] | None:
        """From the buckets in Redis; None while it is away, and the next seconds nobody waits for it."""
        if self._alone():
            return None
        told = [number for bucket, count in counts.items() for number in (bucket.every, bucket.most, count)]
        async with self._turns:
            if self._alone():  # Found away while this one waited.
                return None
            try:
                async with asyncio.timeout(self._patience):
                    answered: list[int] = await self._script([bucket.name for bucket in counts], [int(always), *told])
            except DOWN as gone:
                if not self._alone():
                    log.get().warning("limits.alone", error=type(gone).__name__)
                self._down_until = self._clock() + DOWN_SECONDS
                return None
        return answered

    def _alone(self) -> bool:
        return self._clock() < self._down_until


def _uploads(most: int, remaining: int) -> RateLimitStatus:
    """Uploads at once: one that ends makes room, and none takes less than a moment."""
    return RateLimitStatus(f'"uploads";q={most};qu="concurrent-requests"', remaining, 1)


def _large(scope: Scope) -> bool:
    """Whether it is more than a question: a file, which takes a place of the proxy while it comes."""
    told = dict(scope["headers"])
    length = told.get(b"content-length", b"0")
    return b"transfer-encoding" in told or not length.isdigit() or int(length) > SMALL
