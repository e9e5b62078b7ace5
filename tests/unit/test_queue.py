"""Who may have a decoder next."""

import asyncio
from typing import Any

import pytest

from shared.domain.caller import ANYONE, Caller, Right
from shared.domain.errors import RateLimited, Unavailable
from shared.http.shares import ShareKey, share_key
from shared.settings import UploadSettings
from upload_service.bounds import DecoderQueue

ONE, TWO, THREE = (ShareKey(f"business {n}", frozenset({f"business {n}"})) for n in (1, 2, 3))


class Clock:
    """Moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def queue(count: int = 1, clock: Clock | None = None, **more: Any) -> DecoderQueue:
    settings = UploadSettings(database_url="postgresql://unused", redis_url="redis://unused", **more)
    return DecoderQueue(settings, count, clock or Clock())


class Room:
    """Pictures that are being decoded until they are let out."""

    def __init__(self, queue: DecoderQueue) -> None:
        self.queue = queue
        self.inside: list[str] = []
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.out: dict[str, asyncio.Event] = {}

    async def send(self, name: str, who: ShareKey) -> None:
        self.out[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._pass(name, who))
        await settled()

    async def let_out(self, name: str) -> None:
        self.out[name].set()
        await settled()

    async def _pass(self, name: str, who: ShareKey) -> None:
        async with self.queue.turn(who):
            self.inside.append(name)
            self.order.append(name)
            await self.out[name].wait()
            self.inside.remove(name)


async def settled() -> None:
    """Whatever can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


def key(name: str, *businesses: int) -> Caller:
    return Caller(name, frozenset(Right), frozenset(businesses) if businesses else None)


def test_a_picture_is_counted_for_its_business_and_for_the_key() -> None:
    assert share_key(key("k", 1, 2), 2) == ShareKey("business 2", frozenset({"business 2", "key k"}))
    assert share_key(key("k", 1)) == ShareKey("business 1", frozenset({"business 1", "key k"}))
    assert share_key(key("k", 1, 2)) == share_key(key("k")) == ShareKey("key k", frozenset({"key k"}))
    assert share_key(ANYONE, 3) == THREE
    assert share_key(ANYONE) == ShareKey("key anyone", frozenset({"key anyone"}))


async def test_businesses_take_turns_however_many_one_has_sent() -> None:
    room = Room(queue(count=1))
    for number in range(4):
        await room.send(f"a{number}", ONE)
    await room.send("b0", TWO)
    assert room.inside == ["a0", "b0"], "one holds its share, and there is one more for another"
    for name, who in (("b1", TWO), ("c0", THREE), ("c1", THREE)):
        await room.send(name, who)
    while room.inside:
        await room.let_out(room.inside[0])
    assert room.order[:6] == ["a0", "b0", "c0", "a1", "b1", "c1"]
    assert sorted(room.order) == ["a0", "a1", "a2", "a3", "b0", "b1", "c0", "c1"]


async def test_a_key_of_many_businesses_has_one_share() -> None:
    room = Room(queue(count=2, decode_places=4))
    for business in range(10, 14):
        await room.send(f"{business}", share_key(key("k"), business))
    assert room.inside == ["10", "11"]
    with pytest.raises(RateLimited, match="More than 4 pictures at once"):
        await room.send("14", share_key(key("k"), 14))
        await room.tasks["14"]
    await room.send("other", share_key(key("other"), 14))
    assert room.inside == ["10", "11", "other"]
    for name in ("10", "11", "12", "13", "other"):
        await room.let_out(name)
    assert not room.inside


async def test_fifty_at_once_of_one_business_all_come_in() -> None:
    room = Room(queue(count=2))
    for n in range(50):
        await room.send(f"{n}", ONE)
    while room.inside:
        await room.let_out(room.inside[0])
    await asyncio.gather(*room.tasks.values())
    assert len(room.order) == 50


async def test_a_full_queue_refuses_with_a_time_to_come_again() -> None:
    room = Room(queue(count=1, decode_queue=1))
    await room.send("runs", ONE)
    await room.send("waits", ONE)
    with pytest.raises(Unavailable, match="Too many pictures wait") as refused:
        await room.send("more", ONE)
        await room.tasks["more"]
    assert refused.value.retry_after
    for name in ("runs", "waits"):
        await room.let_out(name)


async def test_who_waits_too_long_is_told_and_leaves_no_place_behind() -> None:
    room = Room(queue(count=1, decode_queue=1, decode_wait=0.01))
    await room.send("runs", ONE)
    with pytest.raises(RateLimited, match="1 pictures of this key or business are under way"):
        await room.send("waits", ONE)
        await room.tasks["waits"]
    await room.send("another runs", TWO)
    with pytest.raises(Unavailable, match="waited too long"):
        await room.send("waits too", THREE)
        await room.tasks["waits too"]
    await room.let_out("another runs")
    await room.let_out("runs")
    await room.send("next", ONE)
    assert room.inside == ["next"]


async def test_who_gives_up_while_waiting_leaves_no_place_behind() -> None:
    room = Room(queue(count=1, decode_places=2))
    await room.send("runs", ONE)
    await room.send("waits", ONE)
    room.tasks["waits"].cancel()
    await settled()
    await room.send("next", ONE)
    await room.let_out("runs")
    assert room.inside == ["next"]


async def test_who_gives_up_in_the_moment_of_the_turn_does_not_take_it() -> None:
    room = Room(queue(count=1))
    await room.send("runs", ONE)
    await room.send("gives up", ONE)
    await room.send("next", ONE)
    room.out["runs"].set()
    room.tasks["gives up"].cancel()
    await settled()
    assert room.inside == ["next"]
    await room.let_out("next")
    await asyncio.gather(*room.tasks.values(), return_exceptions=True)
    assert room.order == ["runs", "next"]
    assert room.tasks["runs"].exception() is None


async def test_time_is_bounded_for_each_and_comes_back() -> None:
    clock = Clock()
    room = Room(queue(clock=clock, decode_seconds=60))
    room.queue.spend(ONE, 59)
    await room.send("fits", ONE)
    await room.send("waits", ONE)
    room.queue.spend(ONE, 21)
    await room.send("another", TWO)
    assert room.inside == ["fits", "another"]
    with pytest.raises(RateLimited, match="more than 60 s a minute") as refused:
        await room.send("more", ONE)
        await room.tasks["more"]
    assert refused.value.retry_after == 26
    clock.now += 26
    await room.send("again", ONE)
    for name in ("fits", "waits", "again", "another"):
        await room.let_out(name)
    assert room.order == ["fits", "another", "waits", "again"]


async def test_who_waits_is_refused_when_the_time_is_spent_meanwhile() -> None:
    room = Room(queue(decode_seconds=10))
    await room.send("runs", ONE)
    await room.send("waits", ONE)
    room.queue.spend(ONE, 11)
    await room.let_out("runs")
    with pytest.raises(RateLimited):
        await room.tasks["waits"]
