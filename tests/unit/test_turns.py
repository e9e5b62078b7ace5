"""Many uploads at once hold up nobody else: the loop hands on a few pieces, then looks at the network again."""

import asyncio
from collections.abc import AsyncIterator

from gateway.proxy.write_turns import AT_ONCE, WriteTurns


async def body(pieces: int) -> AsyncIterator[bytes]:
    """All of it is there at once."""
    for number in range(pieces):
        yield b"%d" % number


async def test_only_a_few_pieces_are_handed_on_in_one_round_of_the_loop() -> None:
    turns, handed, rounds = WriteTurns(), 0, list[int]()

    async def upload() -> list[bytes]:
        nonlocal handed
        came = []
        async for piece in turns.pace(body(6)):
            handed += 1
            came.append(piece)
        return came

    sending = asyncio.gather(*(upload() for _ in range(30)))
    while not sending.done():
        before = handed
        await asyncio.sleep(0)
        rounds.append(handed - before)
    assert await sending == [[b"%d" % number for number in range(6)]] * 30
    assert max(rounds) <= AT_ONCE
    assert len(rounds) < 30 * 6, "no round is wasted while somebody waits"


async def test_one_that_gives_up_takes_nobodys_turn() -> None:
    turns, handed = WriteTurns(), list[str]()

    async def upload(name: str) -> None:
        async for _ in turns.pace(body(3)):
            handed.append(name)

    given_up = [asyncio.create_task(upload("given up")) for _ in range(20)]
    others = [asyncio.create_task(upload("other")) for _ in range(20)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)
    await asyncio.gather(*others)
    assert handed.count("other") == 60


async def test_a_slow_body_holds_no_turn() -> None:
    turns, never = WriteTurns(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"first"
        await never.wait()

    async def stuck() -> None:
        async for _ in turns.pace(slow()):
            await never.wait()

    waiting = [asyncio.create_task(stuck()) for _ in range(3 * AT_ONCE)]
    assert [piece async for piece in turns.pace(body(20))] == [b"%d" % number for number in range(20)]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
