"""Large bodies take turns: from one look at the network to the next, the loop hands on the pieces of a few only.

Without it, everybody who asks for anything else waits until a piece of each upload has been read and written, and that
several times over. Nobody holds a turn while a client or a service is slow.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

AT_ONCE = 4
"""Pieces, of up to a quarter of a megabyte: one or two milliseconds' work."""


class WriteTurns:
    """One per process."""

    def __init__(self) -> None:
        self._left = AT_ONCE
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._renewing = False

    async def pace(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same pieces, each asked for when it is its turn: until then it stays where it takes no room of ours."""
        await self._turn()
        async for piece in pieces:
            yield piece
            await self._turn()

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._renewing:
            self._renewing = True
            loop.call_soon(self._renew, loop)
        if self._left and not self._waiting:
            self._left -= 1
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _renew(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once a round of the loop, for as long as somebody takes turns."""
        self._left = AT_ONCE
        while self._left and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # it is, where the request has ended meanwhile
                turn.set_result(None)
                self._left -= 1
        self._renewing = self._left < AT_ONCE
        if self._renewing:
            loop.call_soon(self._renew, loop)
