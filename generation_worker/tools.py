"""What a worker is built of, made once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from generation_worker.lease import Leases
from generation_worker.pause import Pause
from generation_worker.providers.painter import OpenAIPainter, Painter
from generation_worker.throttle import Throttle
from generation_worker.write_gate import WriteGate
from shared.catalog.catalogue import Catalogue, load
from shared.db import pool as db
from shared.notify.doorbell import Doorbell
from shared.settings import WorkerSettings
from shared.storage.store import CloudinaryStore, ImageStore


@dataclass(frozen=True, slots=True)
class Tools:
    """Handed to every job."""

    settings: WorkerSettings
    db: db.Pool
    bell: Doorbell
    catalogue: Catalogue
    painter: Painter
    store: ImageStore
    leases: Leases
    throttle: Throttle
    pause: Pause
    write_gate: WriteGate


@asynccontextmanager
async def open_tools(settings: WorkerSettings) -> AsyncIterator[Tools]:
    """Opens everything, and closes it in the reverse order."""
    pool = await db.connect(settings)
    bell = Doorbell.at(settings)
    painter = OpenAIPainter(settings)
    store = CloudinaryStore(settings)
    try:
        yield Tools(
            settings=settings,
            db=pool,
            bell=bell,
            catalogue=load(settings.catalogue),
            painter=painter,
            store=store,
            leases=Leases(pool, seconds=settings.lease, every=settings.renew_every),
            throttle=Throttle(bell.redis, settings.images_per_minute),
            pause=Pause(settings.misconfigured_pause),
            write_gate=WriteGate(pool),
        )
    finally:
        await painter.close()
        store.close()
        await bell.close()
        await pool.close()
