"""What the gateway is built of, made once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.generation.job_cache import JobCache
from shared.catalog.catalogue import Catalogue, load
from shared.db.pool import Pool, connect
from shared.notify.notifier import Notifier
from shared.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class GatewayResources:
    """Handed to every route as `request.app.state.tools`."""

    settings: GatewaySettings
    db: Pool
    notifier: Notifier
    catalogue: Catalogue
    watch: JobCache
    probe: Pool
    """One connection for `/readyz`, which is not told that Postgres is away when the others are all in use."""


@asynccontextmanager
async def open_resources(settings: GatewaySettings) -> AsyncIterator[GatewayResources]:
    """Builds them, listens for changed jobs, and takes everything down in the opposite order."""
    catalogue = load(settings.catalogue)
    notifier = Notifier.at(settings)
    async with await connect(settings) as db, await connect(settings, most=1) as probe:
        watch = JobCache(db, notifier, settings)
        listening = asyncio.create_task(watch.run())
        try:
            yield GatewayResources(settings, db, notifier, catalogue, watch, probe)
        finally:
            watch.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await notifier.close()
