"""No one takes it all: what a process has once is held by turns, and of it each key and each business holds a share at
most. Turns are by business, in lines with an end.

All counts are of this process. What is counted where is said where the counts are kept.
"""

import asyncio
import collections
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from shared.db.pool import DatabaseUnavailable
from shared.domain.caller import ANYONE, Caller
from shared.domain.errors import RateLimited, Unavailable
from shared.settings import Common

MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class ShareKey:
    """Who wants some of it."""

    turn: str
    """They take turns by this."""
    counted: frozenset[str]
    """A key, a business, or both: what is bounded."""


def share_key(caller: Caller, business_id: int | None = None) -> ShareKey:
    """Counted by the business, named or the only one of the key, and by the key. Where nobody is asked for a key, by
    the business alone."""
    if business_id is None and caller.businesses is not None and len(caller.businesses) == 1:
        business_id = next(iter(caller.businesses))
    names = [] if business_id is None else [f"business {business_id}"]
    if caller.name != ANYONE.name or not names:
        names.append(f"key {caller.name}")
    return ShareKey(names[0], frozenset(names))


def part(share: float, whole: int) -> int:
    """So many of them are one's share; one is."""
    return max(1, int(share * whole))


class ShareCount:
    """How much each holds of something that nobody waits for."""

    def __init__(self) -> None:
        self.all = 0
        self._counts: collections.Counter[str] = collections.Counter()

    def most_of(self, who: ShareKey) -> int:
        """What its key or its business holds, whichever is more."""
        return max(self._counts[name] for name in who.counted)

    def add(self, who: ShareKey, amount: int = 1) -> None:
        """Takes so much, or gives it back where it is negative."""
        self.all += amount
        for name in who.counted:
            self._counts[name] += amount
            if not self._counts[name]:
                del self._counts[name]

    @contextmanager
    def holding(self, who: ShareKey) -> Iterator[None]:
        """One of it, until the block ends."""
        self.add(who)
        try:
            yield
        finally:
            self.add(who, -1)


_NO_TURN = 2
"""Connections to Postgres for what takes no turn: looking up keys, polls that many share, what a process does by
itself."""

_OF_QUICK = 0.5
"""The share of those who read a page by its index: that is a millisecond, and with fewer connections in turn one
business would be slower than Postgres and we are."""


def database_places(settings: Common, *, quick: bool = False) -> "Places":
    """The connections of a pool, for requests that ask Postgres: `quick` where each statement is."""
    most = max(1, settings.database_pool - _NO_TURN)
    line = Line(
        what="requests to the database",
        longest=settings.database_queue,
        each=part(settings.share, settings.database_queue),
        seconds=settings.database_timeout,
    )
    return _DatabasePlaces(most, part(max(settings.share, _OF_QUICK if quick else 0), most), line)


@dataclass(slots=True, eq=False)
class _Waiting:
    share_key: ShareKey
    granted: asyncio.Future[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Those who wait for a place."""

    what: str
    """What they are, in the plural, for refusals."""
    longest: int
    """So many wait at most."""
    each: int
    """So many of one, that wait or have a place."""
    seconds: float
    """So long one waits at most."""


class Places:
    """So many at once, of one no more than a share. Who has to wait does so in turns by business."""

    def __init__(self, count: int, share: int, line: Line) -> None:
        self._free = count
        self._share = share
        self._line = line
        self._waiting: dict[str, collections.deque[_Waiting]] = {}
        """By turn."""
        self._had: dict[str, int] = {}
        """When each last had its turn, as a number that only grows."""
        self._turns = 0
        self._present = ShareCount()
        self._running = ShareCount()
        self._length = 0

    @asynccontextmanager
    async def turn(self, who: ShareKey) -> AsyncIterator[None]:
        """Inside it one place is theirs. Raises RateLimited, or Unavailable where all is full."""
        self._refuse(who)
        with self._present.holding(who):
            await self._wait(who)
            try:
                yield
            finally:
                self._end(who)

    def must_wait(self, who: ShareKey) -> bool:
        """Whether there is no place for them right now."""
        return not self._may_run(who)

    def _refuse(self, who: ShareKey) -> None:
        line = self._line
        if self._present.most_of(who) >= line.each:
            raise RateLimited(f"More than {line.each} {line.what} at once of this key or business", retry_after=2)
        if self._length >= line.longest:
            raise Unavailable(f"Too many {line.what} wait for their turn; nothing was kept", retry_after=5)

    async def _wait(self, who: ShareKey) -> None:
        if self._may_run(who):
            self._start(who)
            return
        entry = _Waiting(who, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(who.turn, collections.deque()).append(entry)
        self._length += 1
        try:
            async with asyncio.timeout(self._line.seconds):
                await entry.granted
        except BaseException as fault:
            if entry.granted.done() and not entry.granted.cancelled():  # In the same moment.
                self._end(who)
            else:
                self._forget(entry)
                self._grant()
            if isinstance(fault, TimeoutError):
                raise self._late(who) from None
            raise

    def _late(self, who: ShareKey) -> Exception:
        if self._running.most_of(who) >= self._share:
            return RateLimited(
                f"{self._share} {self._line.what} of this key or business are under way for long", retry_after=5
            )
        return Unavailable("It waited too long for its turn; nothing was kept", retry_after=5)

    def _may_run(self, who: ShareKey) -> bool:
        return self._free > 0 and self._running.most_of(who) < self._share

    def _start(self, who: ShareKey) -> None:
        self._free -= 1
        self._running.add(who)
        self._turns += 1
        if len(self._had) >= MOST_REMEMBERED:
            self._had = {turn: had for turn, had in self._had.items() if turn in self._waiting}
        self._had[who.turn] = self._turns

    def _end(self, who: ShareKey) -> None:
        self._free += 1
        self._running.add(who, -1)
        self._grant()

    def _grant(self) -> None:
        while self._waiting and (entry := self._next()):
            self._forget(entry)
            self._start(entry.share_key)
            entry.granted.set_result(None)

    def _next(self) -> _Waiting | None:
        """The first of those who had their turn longest ago, or never."""
        if not self._free:
            return None
        lines = sorted(self._waiting, key=lambda turn: self._had.get(turn, 0))
        return next((entry for turn in lines for entry in self._waiting[turn] if self._may_have(entry)), None)

    def _may_have(self, entry: _Waiting) -> bool:
        """Not one that has just been given up and is still to say so."""
        return not entry.granted.done() and self._may_run(entry.share_key)

    def _forget(self, entry: _Waiting) -> None:
        line = self._waiting[entry.share_key.turn]
        line.remove(entry)
        self._length -= 1
        if not line:
            del self._waiting[entry.share_key.turn]


def fair_places(settings: Common, what: str, count: int, *, queue: int, seconds: float) -> Places:
    """`count` places and a line of `queue` for them, of both of which one has `DARKROOM_SHARE`. `what` they are for is
    said in refusals, in the plural; `seconds` one waits at most."""
    line = Line(what=what, longest=queue, each=part(settings.share, queue), seconds=seconds)
    return Places(count, part(settings.share, count), line)


class _DatabasePlaces(Places):
    """Who waits in vain is told what it would be told with a connection: a Postgres that is silent holds them all."""

    def _late(self, who: ShareKey) -> Exception:  # noqa: ARG002 - it is nobody's own fault
        return DatabaseUnavailable("no connection became free in time")
