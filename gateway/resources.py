"""What the gateway is built of, made once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from fastapi import Request

from gateway.generation.job_cache import JobCache
from shared.catalog.catalogue import Catalogue, load
from shared.db.pool import Pool, connect
from shared.domain import caller
from shared.http.shares import Places, database_places, share_key
from shared.notify.notifier import Notifier
from shared.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class GatewayResources:
    """Handed to every route as `request.app.state.resources`."""

    settings: GatewaySettings
    db: Pool
    turns: Places
    """For requests that ask Postgres: no key and no business has all connections."""
    notifier: Notifier
    catalogue: Catalogue
    job_cache: JobCache
    probe: Pool
    """One connection for `/readyz`, which is not told that Postgres is away when the others are all in use."""

    def turn(self, request: Request, business_id: int | None = None) -> AbstractAsyncContextManager[None]:
        """Inside it a connection to Postgres is this request's. Raises RateLimited, or Unavailable if all is full."""
        return self.turns.turn(share_key(caller.of(request.scope), business_id))


@asynccontextmanager
async def open_resources(settings: GatewaySettings) -> AsyncIterator[GatewayResources]:
    """Builds them, listens for changed jobs, and takes everything down in the opposite order."""
    catalogue = load(settings.catalogue)
    notifier = Notifier.at(settings)
    async with await connect(settings) as db, await connect(settings, most=1) as probe:
        job_cache = JobCache(db, notifier, settings)
        listening = asyncio.create_task(job_cache.run())
        try:
            yield GatewayResources(settings, db, database_places(settings), notifier, catalogue, job_cache, probe)
        finally:
            job_cache.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await notifier.close()
