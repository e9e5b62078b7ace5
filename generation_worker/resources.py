"""What a worker is built of, made once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from generation_worker.circuit_breaker import CircuitBreaker
from generation_worker.leases import Leases
from generation_worker.paid import PaidPictures
from generation_worker.providers.base import Provider
from generation_worker.providers.openai import OpenAIProvider
from generation_worker.rate_limiter import RateLimiter
from shared.catalog.catalogue import Catalogue, load
from shared.db import pool as db
from shared.notify.notifier import Notifier
from shared.settings import WorkerSettings
from shared.storage.store import CloudinaryStore, ImageStore


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """Handed to every job."""

    settings: WorkerSettings
    db: db.Pool
    notifier: Notifier
    catalogue: Catalogue
    provider: Provider
    store: ImageStore
    leases: Leases
    rate_limiter: RateLimiter
    circuit_breaker: CircuitBreaker
    paid: PaidPictures


@asynccontextmanager
async def open_resources(settings: WorkerSettings) -> AsyncIterator[WorkerResources]:
    """Opens everything, and closes it in the reverse order."""
    pool = await db.connect(settings)
    notifier = Notifier.at(settings)
    provider = OpenAIProvider(settings)
    store = CloudinaryStore(settings)
    try:
        yield WorkerResources(
            settings=settings,
            db=pool,
            notifier=notifier,
            catalogue=load(settings.catalogue),
            provider=provider,
            store=store,
            leases=Leases(pool, seconds=settings.lease, every=settings.renew_every),
            rate_limiter=RateLimiter(notifier.redis, settings.images_per_minute, settings.longest_pause),
            circuit_breaker=CircuitBreaker(settings.misconfigured_pause),
            paid=PaidPictures(pool, store, notifier),
        )
    finally:
        await provider.close()
        store.close()
        await notifier.close()
        await pool.close()
