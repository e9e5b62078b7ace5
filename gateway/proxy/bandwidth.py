"""How fast large bodies of one key, and of one business, are read: no faster than they may, however many come at once.

What comes too fast stays where it takes no room of ours, in the client and on the way. So a key that sends files as
fast as the network carries them leaves processor time to everybody else, here and in the service behind.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from shared.http.shares import MOST_REMEMBERED, ShareKey

AT_ONCE_SECONDS = 0.1
"""So far ahead of its pace a body may be."""


class Bandwidth:
    """One per process."""

    def __init__(self, bytes_per_second: float, clock: Callable[[], float]) -> None:
        self._rate = bytes_per_second
        self._clock = clock
        self._due: dict[str, float] = {}
        """By key or business: when what has been read of theirs would have been, at the pace."""

    async def slowed(self, pieces: AsyncIterator[bytes], who: ShareKey) -> AsyncIterator[bytes]:
        """The same pieces; the next one is asked for when it may come."""
        async for piece in pieces:
            yield piece
            wait = self.spend(who, len(piece))
            if wait > 0:
                await asyncio.sleep(wait)

    def spend(self, who: ShareKey, size: int) -> float:
        """So many bytes have been read; how long to wait for more."""
        now = self._clock()
        if len(self._due) >= MOST_REMEMBERED:
            self._due = {name: due for name, due in self._due.items() if due > now}
        for name in who.counted:
            self._due[name] = max(self._due.get(name, now), now) + size / self._rate
        return max(self._due[name] for name in who.counted) - now - AT_ONCE_SECONDS
