"""Whether the store is away or only one of its objects cannot be destroyed, for rounds that destroy many."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from prometheus_client import Gauge

from shared.storage.store import ImageStore, StoreDown, StoreError, StoreRefused

NOT_DESTROYED = Gauge(
    "darkroom_objects_not_destroyed", "Objects that the store did not destroy and that are tried again", ["kind"]
)
"""Set by each round, by the kind of object."""

_IN_A_ROW = 3


class StoreFailures:
    """One per round: a sick object keeps no others, a store that is away ends the round and makes no object sick."""

    def __init__(self, store: ImageStore, put_off: Callable[[UUID], Awaitable[None]]) -> None:
        self._store = store
        self._put_off = put_off
        self._in_doubt: list[UUID] = []
        """Failed one after the other since the store last did something: it or they."""

    async def succeeded(self) -> None:
        """One was destroyed: the store is there, and what failed before failed by itself. Also at the round's end."""
        for one in self._in_doubt:
            await self._put_off(one)
        self._in_doubt = []

    async def failed(self, one: UUID, fault: StoreError) -> None:
        """Puts it off. Raises where it is not about this object: a refused key, a spent quota, or no answer three
        times in a row and then none to a ping either."""
        if isinstance(fault, StoreRefused):
            await self._put_off(one)
        elif not isinstance(fault, StoreDown):
            raise fault
        else:
            self._in_doubt.append(one)
            if len(self._in_doubt) == _IN_A_ROW:
                await self._store.ping()
                await self.succeeded()
