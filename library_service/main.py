"""The library service as an ASGI application: its parts, its routes, its probes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from library_service import retention
from library_service.purge import EVERY, purge
from library_service.resources import LibraryResources, open_resources
from library_service.routes import derivatives, images, posts, trash
from library_service.routes.lists import Lists
from shared.db import pool as db
from shared.http.app import make_app
from shared.http.internal_auth import InternalAuth
from shared.http.middleware import Middleware
from shared.observability.periodic import run_periodically
from shared.settings import LibrarySettings

_MOST_BODY = 64 * 1024


def build(settings: LibrarySettings) -> Middleware:
    """Ready to be served."""

    @asynccontextmanager
    async def resources() -> AsyncIterator[LibraryResources]:
        async with (
            open_resources(settings) as built,
            run_periodically("purge", EVERY, lambda: purge(built.db, built.store, settings.purge_after)),
            run_periodically("retention", retention.EVERY, lambda: retention.keep_to(built.db, settings)),
        ):
            yield built

    app = make_app(
        title="Darkroom library service",
        description="Lists, shows, changes, deletes and brings back pictures, and knows which post shows which.",
        resources=resources,
        routers=[images.router, trash.router, derivatives.router, posts.router],
        max_body=_MOST_BODY,
    )
    lane = Lists(app, lambda: app.state.resources)

    async def store() -> None:
        await app.state.resources.store.ping()

    checks = {"postgres": lambda: db.ping(app.state.resources.probe)}
    return Middleware(InternalAuth(lane, settings), settings, checks=checks, advisory={"store": store})
