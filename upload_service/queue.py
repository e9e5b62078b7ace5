"""Who may have a decoder next. Pictures wait in turns by business, in a queue with an end; no key and no business holds
more than a share of the places, of the decoders and of their time.

All figures are of this process. Time is the processor's, as the decoders count it: a machine with much else to do
makes nobody pay more.
"""

import asyncio
import collections
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.caller import ANYONE, Caller
from shared.errors import RateLimited, Unavailable
from shared.settings import UploadSettings

_MINUTE = 60.0
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants a picture to be decoded."""

    turn: str
    """They take turns by this."""
    counted: frozenset[str]
    """A key, a business, or both: what is bounded."""


def asker(caller: Caller, business_id: int | None = None) -> Asker:
    """Counted by the business, named or the only one of the key, and by the key. Where nobody is asked for a key, by
    the business alone."""
    if business_id is None and caller.businesses is not None and len(caller.businesses) == 1:
        business_id = next(iter(caller.businesses))
    names = [] if business_id is None else [f"business {business_id}"]
    if caller.name != ANYONE.name or not names:
        names.append(f"key {caller.name}")
    return Asker(names[0], frozenset(names))


@dataclass(slots=True, eq=False)
class _Waiting:
    asker: Asker
    granted: asyncio.Future[None]


class Queue:
    """One per process."""

    def __init__(self, settings: UploadSettings, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._share = count
        """Decoders that one may have at once. There is one more, so that another never waits for all of theirs."""
        self._free = count + 1
        self._clock = clock
        self._waiting: dict[str, collections.deque[_Waiting]] = {}
        """By turn."""
        self._had: dict[str, int] = {}
        """When each last had its turn, as a number that only grows."""
        self._turns = 0
        self._places: collections.Counter[str] = collections.Counter()
        self._running: collections.Counter[str] = collections.Counter()
        self._length = 0
        self._spent: dict[str, tuple[float, float]] = {}
        """Seconds of decoding that are not yet forgiven, and when that was so."""

    @asynccontextmanager
    async def turn(self, who: Asker) -> AsyncIterator[None]:
        """Inside it a decoder may be used. Raises RateLimited, or Unavailable where all is full."""
        self._refuse(who)
        self._places.update(who.counted)
        try:
            await self._wait(who)
            try:
                self._refuse_spent(who)  # Much may have been decoded meanwhile.
                yield
            finally:
                self._free += 1
                _take(self._running, who)
                self._grant()
        finally:
            _take(self._places, who)

    def spend(self, who: Asker, seconds: float) -> None:
        """So long a decoder has worked for them."""
        if len(self._spent) >= _MOST_REMEMBERED:
            self._spent = {name: spent for name, spent in self._spent.items() if self._debt(name) > 0}
        for name in who.counted:
            self._spent[name] = (self._debt(name) + seconds, self._clock())

    def _refuse(self, who: Asker) -> None:
        self._refuse_spent(who)
        most = self._settings.decode_places
        if any(self._places[name] >= most for name in who.counted):
            raise RateLimited(f"More than {most} pictures at once of this key or business", retry_after=2)
        if self._length >= self._settings.decode_queue:
            raise Unavailable("Too many pictures wait to be looked at; nothing was kept", retry_after=5)

    def _refuse_spent(self, who: Asker) -> None:
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

    async def _wait(self, who: Asker) -> None:
        if self._may_run(who):
            self._start(who)
            return
        entry = _Waiting(who, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(who.turn, collections.deque()).append(entry)
        self._length += 1
        try:
            async with asyncio.timeout(self._settings.decode_wait):
                await entry.granted
        except BaseException as fault:
            if entry.granted.done() and not entry.granted.cancelled():  # In the same moment.
                self._free += 1
                _take(self._running, who)
            else:
                self._forget(entry)
            self._grant()
            if isinstance(fault, TimeoutError):
                raise Unavailable(
                    "The picture waited too long to be looked at; nothing was kept", retry_after=5
                ) from None
            raise

    def _may_run(self, who: Asker) -> bool:
        return self._free > 0 and all(self._running[name] < self._share for name in who.counted)

    def _start(self, who: Asker) -> None:
        self._free -= 1
        self._running.update(who.counted)
        self._turns += 1
        if len(self._had) >= _MOST_REMEMBERED:
            self._had = {turn: had for turn, had in self._had.items() if turn in self._waiting}
        self._had[who.turn] = self._turns

    def _grant(self) -> None:
        while entry := self._next():
            self._forget(entry)
            self._start(entry.asker)
            entry.granted.set_result(None)

    def _next(self) -> _Waiting | None:
        """The first of those who had their turn longest ago, or never."""
        if not self._free:
            return None
        lines = sorted(self._waiting, key=lambda turn: self._had.get(turn, 0))
        return next((entry for turn in lines for entry in self._waiting[turn] if self._may_run(entry.asker)), None)

    def _forget(self, entry: _Waiting) -> None:
        line = self._waiting[entry.asker.turn]
        line.remove(entry)
        self._length -= 1
        if not line:
            del self._waiting[entry.asker.turn]


def _take(counts: collections.Counter[str], who: Asker) -> None:
    for name in who.counted:
        counts[name] -= 1
        if not counts[name]:
            del counts[name]
