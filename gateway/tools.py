"""What the gateway is built of, made once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.generation.watch import Watch
from shared.catalog.catalogue import Catalogue, load
from shared.db.pool import Pool, connect
from shared.notify.doorbell import Doorbell
from shared.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class Tools:
    """Handed to every route as `request.app.state.tools`."""

    settings: GatewaySettings
    db: Pool
    bell: Doorbell
    catalogue: Catalogue
    watch: Watch
    probe: Pool
    """One connection for `/readyz`, which is not told that Postgres is away when the others are all in use."""


@asynccontextmanager
async def opened(settings: GatewaySettings) -> AsyncIterator[Tools]:
    """Builds them, listens for changed jobs, and takes everything down in the opposite order."""
    catalogue = load(settings.catalogue)
    bell = Doorbell.at(settings)
    async with await connect(settings) as db, await connect(settings, most=1) as probe:
        watch = Watch(db, bell, settings)
        listening = asyncio.create_task(watch.run())
        try:
            yield Tools(settings, db, bell, catalogue, watch, probe)
        finally:
            watch.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await bell.close()
