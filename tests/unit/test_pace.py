"""Bodies of one key or business are read no faster than they may, together; others are not slowed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.proxy.bandwidth import AT_ONCE_SECONDS, Bandwidth
from shared.http.shares import ShareKey

ONE, TWO = (ShareKey(f"business {n}", frozenset({f"business {n}", f"key {n}"})) for n in (1, 2))
SAME_KEY = ShareKey("business 3", frozenset({"business 3", "key 1"}))


class Clock:
    """Moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_all_bodies_of_one_are_read_at_its_pace() -> None:
    clock = Clock()
    pace = Bandwidth(1000, clock)
    assert pace.spend(ONE, 100) == pytest.approx(0.1 - AT_ONCE_SECONDS), "a little at once is free"
    assert pace.spend(ONE, 400) == pytest.approx(0.5 - AT_ONCE_SECONDS)
    assert pace.spend(SAME_KEY, 500) == pytest.approx(1.0 - AT_ONCE_SECONDS), "the key is the same"
    assert pace.spend(TWO, 50) <= 0, "others are not slowed"
    clock.now += 1.0
    assert pace.spend(ONE, 50) <= 0, "what was read is paid for"
    clock.now += 3600
    assert pace.spend(ONE, 400) == pytest.approx(0.4 - AT_ONCE_SECONDS), "nothing is saved up"


async def test_the_pieces_stay_the_same() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a", b"bc", b""):
            yield piece

    pace = Bandwidth(1e9, asyncio.get_running_loop().time)
    assert [piece async for piece in pace.slowed(pieces(), ONE)] == [b"a", b"bc", b""]


async def test_who_is_too_fast_is_asked_for_more_when_it_may_come() -> None:
    asked = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal asked
        for _ in range(3):
            asked += 1
            yield bytes(1000)

    async def read() -> None:
        async for _ in Bandwidth(0.001, asyncio.get_running_loop().time).slowed(pieces(), ONE):
            pass

    reading = asyncio.create_task(read())
    for _ in range(20):
        await asyncio.sleep(0)
    assert asked == 1
    reading.cancel()
