"""The rate limiter: how many vendor calls the whole fleet may start in a minute.

A bucket of `images_per_minute` tokens in Redis. A token comes back one minute after it was spent, so no window of
sixty seconds ever holds more calls than allowed, whichever way the vendor counts. While Redis is down every worker
keeps to its share of the bucket.
"""

import re
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from redis.asyncio import Redis

from shared.notify.notifier import DOWN
from shared.observability import log

_BUCKET, _CLOSED, _VENDOR, _FLEET = (
    "darkroom:brake:tokens",
    "darkroom:brake:closed",
    "darkroom:brake:vendor",
    "darkroom:brake:fleet",
)
_SHARE = ""
"""A token of a worker's own share, taken without Redis."""
_MINUTE = 61.0
"""Seconds until a token comes back: a minute, and the time a call may need to reach the vendor."""

_TAKE = """
local now = redis.call('time'); local at = now[1] + now[2] / 1000000
redis.call('zadd', KEYS[4], at, ARGV[3]); redis.call('zremrangebyscore', KEYS[4], '-inf', at - 60)
redis.call('expire', KEYS[4], 120)
local fleet = redis.call('zcard', KEYS[4])
local closed = redis.call('pttl', KEYS[2])
if closed > 0 then return {0, closed, fleet} end
local limit = math.min(tonumber(ARGV[1]), tonumber(redis.call('get', KEYS[3]) or ARGV[1]))
redis.call('zremrangebyscore', KEYS[1], '-inf', at)
local granted = math.min(limit - redis.call('zcard', KEYS[1]), tonumber(ARGV[5]))
if granted > 0 then
  for n = 1, granted do redis.call('zadd', KEYS[1], at + tonumber(ARGV[4]), ARGV[2] .. n) end
  redis.call('expire', KEYS[1], 120)
  return {granted, 0, fleet}
end
local first = redis.call('zrange', KEYS[1], 0, 0, 'withscores')
return {0, math.ceil((first[2] - at) * 1000), fleet}
"""


class RateLimiter:
    """One per worker; all share the bucket."""

    def __init__(self, redis: Redis, images_per_minute: float, longest_pause: float = 600.0) -> None:
        self._redis = redis
        self._longest_pause = longest_pause
        self._limit = max(1, int(images_per_minute))
        self._script = redis.register_script(_TAKE)
        self._me = uuid4().hex
        self._fleet: int | None = None
        """Workers seen in the last minute; None until Redis was reached once."""
        self._own: deque[float] = deque()
        """Times of the calls made without Redis."""
        self._closed_until = 0.0
        self._down_until = 0.0

    async def take(self, most: int = 1) -> tuple[list[str], float]:
        """At most so many tokens; where there is none, the seconds until asking again makes sense."""
        if (closed := self._closed_until - time.monotonic()) > 0:
            return [], closed
        if time.monotonic() < self._down_until:
            return self._take_share()
        name = uuid4().hex + ":"
        keys = [_BUCKET, _CLOSED, _VENDOR, _FLEET]
        try:
            granted, wait_ms, self._fleet = await self._script(keys, [self._limit, name, self._me, _MINUTE, most])
        except DOWN as gone:
            log.get().warning("rate_limiter.alone", error=type(gone).__name__, share=self._share())
            self._down_until = time.monotonic() + 5.0
            return self._take_share()
        return [f"{name}{n}" for n in range(1, granted + 1)], (0.0 if granted else max(0.01, wait_ms / 1000))

    async def give_back(self, *tokens: str) -> None:
        """These calls were not made."""
        for _ in range(min(tokens.count(_SHARE), len(self._own))):  # an older one came back by itself
            self._own.pop()
        if shared := [token for token in tokens if token != _SHARE]:
            with suppress(*DOWN):  # They come back by themselves in a minute.
                await self._redis.zrem(_BUCKET, *shared)

    async def close(self, seconds: float) -> float:
        """The vendor said it is too much: nobody in the fleet calls for that long, `longest_pause` at most. For how
        long."""
        seconds = min(seconds, self._longest_pause)
        log.get().warning("rate_limiter.closed", seconds=round(seconds, 3))
        self._closed_until = max(self._closed_until, time.monotonic() + seconds)
        with suppress(*DOWN):  # The others will be told by the vendor themselves.
            await self._redis.set(_CLOSED, 1, px=max(1, int(seconds * 1000)))
        return seconds

    async def learn(self, headers: Mapping[str, str]) -> None:
        """Takes the vendor's own limit, where it is said and lower than ours; it lasts two minutes."""
        limit, remaining = (_number(headers.get(f"x-ratelimit-{word}-images")) for word in ("limit", "remaining"))
        with suppress(*DOWN):  # A hint is lost; the limit of the settings holds.
            if limit is not None and 0 < limit < self._limit:
                await self._redis.set(_VENDOR, limit, ex=120)
            if remaining == 0 and (reset := _seconds(headers.get("x-ratelimit-reset-images"))):
                await self._redis.set(_CLOSED, 1, px=max(1, int(min(reset, self._longest_pause) * 1000)))

    def _share(self) -> float:
        """Calls a minute without Redis. A worker that never reached it does not know the fleet: one."""
        return max(self._limit / self._fleet, 0.1) if self._fleet else 1.0

    def _take_share(self) -> tuple[list[str], float]:
        share, now = self._share(), time.monotonic()
        most, window = (int(share), _MINUTE) if share >= 1 else (1, _MINUTE / share)
        while self._own and self._own[0] <= now - window:
            self._own.popleft()
        if len(self._own) < most:
            self._own.append(now)
            return [_SHARE], 0.0
        return [], self._own[0] + window - now


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,9}", text) else None


def _seconds(text: str | None) -> float:
    """`12s`, `6m0s`, `250ms` or a plain number."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "": 1.0}
    return sum(float(n) * units[unit] for n, unit in re.findall(r"([0-9]{1,9}(?:\.[0-9]+)?)(ms|h|m|s|)", text or ""))
