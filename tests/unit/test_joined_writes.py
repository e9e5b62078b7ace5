"""One piece for what is written in one turn of the loop, no more bytes than a socket is told of, and nothing lost."""

import asyncio
from typing import Any

from shared.http.joined_writes import JoinedWrites


class _Socket(asyncio.Transport):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[Any] = []
        self.gone = False

    def is_closing(self) -> bool:
        return self.gone

    def write(self, data: Any) -> None:
        self.done.append(bytes(data))

    def write_eof(self) -> None:
        self.done.append("eof")

    def close(self) -> None:
        self.done.append("closed")

    def set_protocol(self, _: asyncio.BaseProtocol) -> None:
        raise NotImplementedError


async def test_head_and_body_are_one_piece() -> None:
    socket = _Socket()
    joined = JoinedWrites(socket, asyncio.get_running_loop())
    joined.write(b"head")
    joined.write(b"body")
    assert socket.done == []
    await asyncio.sleep(0)
    joined.write(b"next")
    await asyncio.sleep(0)
    assert socket.done == [b"headbody", b"next"]


async def test_a_writer_that_never_waits_does_not_pile_up_bytes() -> None:
    socket = _Socket()
    joined = JoinedWrites(socket, asyncio.get_running_loop())
    for _ in range(10):
        joined.write(bytes(20_000))
    assert sum(map(len, socket.done)) >= 200_000 - 80_000
    await asyncio.sleep(0)
    assert sum(map(len, socket.done)) == 200_000


async def test_nothing_is_written_to_a_client_that_left_meanwhile() -> None:
    socket = _Socket()
    joined = JoinedWrites(socket, asyncio.get_running_loop())
    joined.write(b"late")
    socket.gone = True
    await asyncio.sleep(0)
    assert socket.done == []


async def test_what_was_written_comes_before_the_end() -> None:
    for end in ("close", "write_eof"):
        socket = _Socket()
        joined = JoinedWrites(socket, asyncio.get_running_loop())
        joined.write(b"last")
        getattr(joined, end)()
        await asyncio.sleep(0)
        assert socket.done[0] == b"last" and len(socket.done) == 2
