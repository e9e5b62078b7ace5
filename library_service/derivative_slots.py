"""Copies in the making: of each kind one at a time, and of all of them no more than this process has room for.

Each holds its bytes in memory, and is a transformation that the store may bill.
"""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from shared.db.pool import Row
from shared.http.shares import ShareKey, fair_places
from shared.settings import LibrarySettings


class DerivativeSlots:
    """One per process."""

    def __init__(self, settings: LibrarySettings) -> None:
        self._places = fair_places(
            settings, "copies", settings.copies, queue=settings.copies_queue, seconds=settings.copies_wait
        )
        self._under_way: dict[tuple[UUID, str], asyncio.Task[tuple[Row, bool]]] = {}

    async def once(
        self, parent_id: UUID, kind: str, who: ShareKey, make: Callable[[], Awaitable[tuple[Row, bool]]]
    ) -> tuple[Row, bool]:
        """What `make` answers: the copy, and whether it was made. Who asks meanwhile gets the same, not made for them,
        or the same refusal. Raises RateLimited, or Unavailable where all is full."""
        key = parent_id, kind
        task = self._under_way.get(key)
        if task is not None:
            copy, _made = await asyncio.shield(task)
            return copy, False
        # A task of its own: the client that asked first may leave, and the others wait for it.
        task = self._under_way[key] = asyncio.create_task(self._in_turn(who, make))
        task.add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(task)

    async def _in_turn(self, who: ShareKey, make: Callable[[], Awaitable[tuple[Row, bool]]]) -> tuple[Row, bool]:
        async with self._places.turn(who):
            return await make()
