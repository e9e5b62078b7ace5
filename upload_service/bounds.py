"""What one key or business may have of this process: space for the files that come in, decoders, and their time.

All figures are of this process. Time is the processor's, as the decoders count it: a machine with much else to do
makes nobody pay more.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from shared.domain.errors import RateLimited, Unavailable
from shared.http.shares import MOST_REMEMBERED, Line, Places, ShareCount, ShareKey, part
from shared.settings import UploadSettings

_MINUTE = 60.0


class Space:
    """Bytes of the files that come in and are looked at: bounded, and of each key or business a share. One per
    process."""

    def __init__(self, settings: UploadSettings) -> None:
        self._held = ShareCount()
        self._most = settings.temp_bytes
        self._share = part(settings.share, settings.temp_bytes)

    @contextmanager
    def account(self, who: ShareKey) -> Iterator["Account"]:
        """For one file; what it took is given back with the block."""
        account = Account(self, who)
        try:
            yield account
        finally:
            self._held.add(who, -account.taken)

    def take(self, who: ShareKey, amount: int) -> None:
        """Raises RateLimited, or Unavailable where all is taken."""
        if self._held.most_of(who) + amount > self._share:
            detail = f"The files of this key or business that are coming in have more than {self._share} bytes"
            raise RateLimited(f"{detail}; nothing was kept", retry_after=5)
        if self._held.all + amount > self._most:
            raise Unavailable("Too many files are coming in; nothing was kept", retry_after=5)
        self._held.add(who, amount)


@dataclass(slots=True)
class Account:
    """Bytes that one file takes."""

    space: Space
    who: ShareKey
    taken: int = 0
    """So far."""

    def take(self, amount: int) -> None:
        """So many bytes more. Raises what the space does."""
        self.space.take(self.who, amount)
        self.taken += amount


class DecoderQueue:
    """Who may have a decoder next. Pictures wait in turns by business, in a queue with an end; no key and no business
    holds more than a share of the places, of the decoders and of their time. One per process."""

    def __init__(self, settings: UploadSettings, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`count` is how many decoders one may have at once. There is one more, so that another never waits for all of
        theirs."""
        line = Line(
            what="pictures", longest=settings.decode_queue, each=settings.decode_places, seconds=settings.decode_wait
        )
        self._places = Places(count + 1, count, line)
        self._settings = settings
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}
        """Seconds of decoding that are not yet forgiven, and when that was so."""

    @asynccontextmanager
    async def turn(self, who: ShareKey) -> AsyncIterator[None]:
        """Inside it a decoder may be used. Raises RateLimited, or Unavailable where all is full."""
        self._refuse_spent(who)
        async with self._places.turn(who):
            self._refuse_spent(who)  # Much may have been decoded meanwhile.
            yield

    def must_wait(self, who: ShareKey) -> bool:
        """Whether there is no decoder for them right now."""
        return self._places.must_wait(who)

    def spend(self, who: ShareKey, seconds: float) -> None:
        """So long a decoder has worked for them."""
        if len(self._spent) >= MOST_REMEMBERED:
            self._spent = {name: spent for name, spent in self._spent.items() if self._debt(name) > 0}
        for name in who.counted:
            self._spent[name] = (self._debt(name) + seconds, self._clock())

    def _refuse_spent(self, who: ShareKey) -> None:
        most = self._settings.decode_seconds
        over = max(self._debt(name) for name in who.counted) - most
        if over >= 0:
            wait = max(1.0, (over + most / 10) / most * _MINUTE)
            raise RateLimited(
                f"The pictures of this key or business took more than {most:g} s a minute to decode", retry_after=wait
            )

    def _debt(self, name: str) -> float:
        seconds, when = self._spent.get(name, (0.0, 0.0))
        return max(0.0, seconds - (self._clock() - when) / _MINUTE * self._settings.decode_seconds)
