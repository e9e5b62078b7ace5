"""What the library service is built of, made once."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass

import httpx2
from fastapi import Request

from library_service.derivative_slots import DerivativeSlots
from shared.db.pool import Pool, connect
from shared.domain import caller
from shared.http.shares import Places, database_places, fair_places, share_key
from shared.settings import LibrarySettings
from shared.storage.store import CloudinaryStore, ImageStore


@dataclass(frozen=True, slots=True)
class LibraryResources:
    """Handed to every route as `request.app.state.resources`."""

    settings: LibrarySettings
    db: Pool
    """Plans every statement anew, as searches need it."""
    lists: Pool
    """For the library's pages without a search, whose plan is kept: making it takes longer than reading the page."""
    turns: Places
    """For requests that ask Postgres: no key and no business has all connections."""
    list_turns: Places
    """The same for `lists`."""
    store: ImageStore
    making: DerivativeSlots
    purging: Places
    """For the pictures that clients have destroyed now: never more than half of the store's threads."""
    delivery: httpx2.AsyncClient
    """Fetches renditions from the store's own address; never an address that a client named."""
    probe: Pool
    """One connection for `/readyz`, which is not told that Postgres is away when the others are all in use."""

    def turn(self, request: Request, business_id: int | None = None) -> AbstractAsyncContextManager[None]:
        """Inside it a connection to Postgres is this request's. Raises RateLimited, or Unavailable if all is full."""
        return self.turns.turn(share_key(caller.of(request.scope), business_id))


def resources_of(request: Request) -> LibraryResources:
    """Those of the application that this request came to."""
    found: LibraryResources = request.app.state.resources
    return found


@asynccontextmanager
async def open_resources(settings: LibrarySettings) -> AsyncIterator[LibraryResources]:
    """Builds them, and takes them down in the opposite order."""
    with closing(CloudinaryStore(settings)) as store:
        async with (
            await connect(settings, plans="anew") as db,
            await connect(settings, plans="kept") as lists,
            await connect(settings, most=1) as probe,
            httpx2.AsyncClient(timeout=settings.store_timeout, follow_redirects=False) as delivery,
        ):
            yield LibraryResources(
                settings,
                db,
                lists,
                database_places(settings),
                database_places(settings, quick=True),
                store,
                DerivativeSlots(settings),
                _purging(settings),
                delivery,
                probe,
            )


def _purging(settings: LibrarySettings) -> Places:
    most = max(1, settings.store_threads // 2)
    what = "pictures that are destroyed"
    return fair_places(settings, what, most, queue=settings.purges_queue, seconds=settings.purges_wait)
