"""The brake: never more calls in a minute than allowed, by the whole fleet, with and without Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from generation_worker.rate_limiter import RateLimiter


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def no_redis() -> AsyncIterator[Redis]:
    client = Redis.from_url("redis://127.0.0.1:9/0")
    yield client
    await client.aclose()


async def granted(workers: list[RateLimiter]) -> int:
    """How many tokens a fleet gets that asks as fast as it can until nobody gets one."""
    taken = 0
    while True:
        answers = await asyncio.gather(*(worker.take() for worker in workers))
        now = sum(len(tokens) for tokens, _ in answers)
        if not now:
            return taken
        taken += now


async def test_a_fleet_of_twenty_takes_exactly_the_limit(redis: Redis) -> None:
    assert await granted([RateLimiter(redis, 5) for _ in range(20)]) == 5


async def test_a_refused_worker_is_told_when_the_next_token_comes(redis: Redis) -> None:
    worker = RateLimiter(redis, 1)
    assert (await worker.take())[0]
    _, seconds = await worker.take()
    assert 59 < seconds <= 61


async def test_a_token_that_was_not_used_comes_back_at_once(redis: Redis) -> None:
    worker = RateLimiter(redis, 1)
    tokens, _ = await worker.take()
    await worker.give_back(*tokens)
    assert (await worker.take())[0]


async def test_a_token_comes_back_after_its_minute(redis: Redis) -> None:
    worker = RateLimiter(redis, 1)
    assert (await worker.take())[0]
    (member, due), *_ = await redis.zrange("darkroom:brake:tokens", 0, -1, withscores=True)
    await redis.zadd("darkroom:brake:tokens", {member: due - 61})
    assert (await worker.take())[0]


async def test_one_workers_429_stops_the_fleet(redis: Redis) -> None:
    one, other = RateLimiter(redis, 5), RateLimiter(redis, 5)
    await one.close(30)
    tokens, seconds = await other.take()
    assert tokens == []
    assert 29 < seconds <= 30


async def test_the_vendors_lower_limit_holds_for_all(redis: Redis) -> None:
    one, other = RateLimiter(redis, 100), RateLimiter(redis, 100)
    await one.learn({"x-ratelimit-limit-images": "3"})
    assert await granted([one, other]) == 3


async def test_a_higher_limit_of_the_vendor_does_not_raise_ours(redis: Redis) -> None:
    worker = RateLimiter(redis, 2)
    await worker.learn({"x-ratelimit-limit-images": "250"})
    assert await granted([worker]) == 2


@pytest.mark.parametrize(("reset", "least", "most"), [("12s", 11, 12), ("1m30s", 89, 90), ("250ms", 0, 0.25)])
async def test_an_empty_bucket_of_the_vendor_closes_ours(redis: Redis, reset: str, least: float, most: float) -> None:
    worker = RateLimiter(redis, 5)
    await worker.learn({"x-ratelimit-remaining-images": "0", "x-ratelimit-reset-images": reset})
    tokens, seconds = await worker.take()
    assert tokens == []
    assert least <= seconds <= most


async def test_no_answer_closes_it_for_longer_than_the_longest_pause(redis: Redis) -> None:
    worker = RateLimiter(redis, 5, longest_pause=20)
    await worker.close(float("inf"))
    assert 0 < await redis.pttl("darkroom:brake:closed") <= 20_000
    await redis.delete("darkroom:brake:closed")
    await worker.learn({"x-ratelimit-remaining-images": "0", "x-ratelimit-reset-images": "999999999h"})
    assert 0 < await redis.pttl("darkroom:brake:closed") <= 20_000


@pytest.mark.parametrize("nonsense", ["1.2.3s", ".", "9" * 5000, "inf", "\u0664"])
async def test_nonsense_of_the_vendors_limits_is_no_fault_of_ours(redis: Redis, nonsense: str) -> None:
    names = ("limit-images", "remaining-images", "reset-images")
    await RateLimiter(redis, 5).learn({f"x-ratelimit-{name}": nonsense for name in names})
    await RateLimiter(redis, 5).learn({"x-ratelimit-remaining-images": "0", "x-ratelimit-reset-images": nonsense})


async def test_nothing_stays_in_redis_without_an_expiry(redis: Redis) -> None:
    worker = RateLimiter(redis, 5)
    await worker.take()
    await worker.close(5)
    await worker.learn({"x-ratelimit-limit-images": "3"})
    keys = await redis.keys("*")
    assert len(keys) == 4
    assert all([await redis.ttl(key) > 0 for key in keys])


async def test_without_redis_a_worker_keeps_to_its_share(redis: Redis, no_redis: Redis) -> None:
    fleet = [RateLimiter(redis, 20) for _ in range(4)]
    await asyncio.gather(*(worker.take() for worker in fleet))
    last = fleet[-1]
    await last.take()  # By now it has seen all four.
    last._redis = no_redis
    last._script = no_redis.register_script("return 1")
    assert await granted([last]) == 5


async def test_a_worker_that_never_saw_the_fleet_is_careful(no_redis: Redis) -> None:
    assert await granted([RateLimiter(no_redis, 600)]) == 1


async def test_several_tokens_are_taken_at_once_and_never_more_than_there_are(redis: Redis) -> None:
    worker = RateLimiter(redis, 5)
    first, _ = await worker.take(3)
    second, _ = await worker.take(16)
    assert (len(first), len(second), len({*first, *second})) == (3, 2, 5)
