"""A transport that sends in one piece what is written in one turn of the loop: head and body of an answer are two
writes of uvicorn's, and would be two calls of the system and two packets."""

import asyncio
from collections.abc import Callable

_AT_ONCE = 64 * 1024
"""Bytes that wait at most: beyond, the socket says whether the client is too slow."""


class JoinedWrites:
    """What uvicorn needs of a transport."""

    __slots__ = ("_loop", "_pieces", "_size", "_transport", "abort", "get_extra_info", "is_closing", "pause_reading",
                 "resume_reading", "set_protocol")  # fmt: skip

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport = transport
        self._pieces: list[bytes] = []
        self._size = 0
        self.abort: Callable[[], None] = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.is_closing: Callable[[], bool] = transport.is_closing
        self.pause_reading: Callable[[], None] = transport.pause_reading
        self.resume_reading: Callable[[], None] = transport.resume_reading
        self.set_protocol = transport.set_protocol

    def write(self, data: bytes) -> None:
        """Sends it before the loop's next turn, with whatever else is written until then."""
        if not self._pieces:
            self._loop.call_soon(self._send)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > _AT_ONCE:
            self._send()

    def write_eof(self) -> None:
        """Ends our side after what was written."""
        self._send()
        self._transport.write_eof()

    def close(self) -> None:
        """Closes after what was written was sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._pieces:
            whole = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self._pieces = []
            self._size = 0
            if not self._transport.is_closing():  # The client may have left since it was written.
                self._transport.write(whole)
