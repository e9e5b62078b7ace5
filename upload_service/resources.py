"""What the upload service is built of, made once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from shared.db.pool import Pool, connect
from shared.http.shares import Line, Places
from shared.settings import UploadSettings
from shared.storage.store import CloudinaryStore, ImageStore
from upload_service.bounds import Space
from upload_service.decoder.decoders import Decoders
from upload_service.fetch import Fetcher


@dataclass(frozen=True, slots=True)
class UploadResources:
    """Handed to every route as `request.app.state.resources`."""

    settings: UploadSettings
    db: Pool
    store: ImageStore
    decoders: Decoders
    fetcher: Fetcher
    space: Space
    """Of the files that come in."""
    sending: Places
    """To the store."""
    probe: Pool
    """One connection for `/readyz`, which is not told that Postgres is away when the others are all in use."""


@asynccontextmanager
async def open_resources(settings: UploadSettings) -> AsyncIterator[UploadResources]:
    """Builds them, and takes them down in the opposite order."""
    with closing(CloudinaryStore(settings)) as store:
        async with (
            await connect(settings) as db,
            await connect(settings, most=1) as probe,
            Decoders(settings) as decoders,
            Fetcher.running(settings) as fetcher,
        ):
            yield UploadResources(settings, db, store, decoders, fetcher, Space(settings), _sending(settings), probe)


def _sending(settings: UploadSettings) -> Places:
    """A place for each thread of the store, of which one is never theirs who have all the others."""
    line = Line(
        what="pictures on their way to the store",
        longest=settings.decode_queue,
        each=settings.decode_places,
        seconds=settings.decode_wait,
    )
    return Places(settings.store_threads, max(1, settings.store_threads - 1), line)
