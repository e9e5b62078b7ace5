"""The library service as an ASGI application: its parts, its routes, its probes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from library_service import retention
from library_service.purge import EVERY, purge
from library_service.routes import attachments, derivatives, library, trash
from library_service.routes.lists import Lists
from library_service.tools import Tools, opened
from shared.db import pool as db
from shared.http.identity import Inner
from shared.http.shell import Shell
from shared.http.web import make_app
from shared.observability.rounds import repeating
from shared.settings import LibrarySettings

_MOST_BODY = 64 * 1024


def build(settings: LibrarySettings) -> ASGIApp:
    """Ready to be served."""

    @asynccontextmanager
    async def tools() -> AsyncIterator[Tools]:
        async with (
            opened(settings) as built,
            repeating("purge", EVERY, lambda: purge(built.db, built.store, settings.purge_after)),
            repeating("retention", retention.EVERY, lambda: retention.keep_to(built.db, settings)),
        ):
            yield built

    app = make_app(
        title="Darkroom library service",
        description="Lists, shows, changes, deletes and brings back pictures, and knows which post shows which.",
        tools=tools,
        routers=[library.router, trash.router, derivatives.router, attachments.router],
        max_body=_MOST_BODY,
    )

    lane = Lists(app, lambda: app.state.tools)

    async def postgres() -> None:
        await db.ping(app.state.tools.probe)

    async def store() -> None:
        await app.state.tools.store.ping()

    return Shell(Inner(lane, settings), settings, checks={"postgres": postgres}, advisory={"store": store})
