"""The upload service as an ASGI application: its parts, its routes, its probes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from shared.db import pool as db
from shared.http.identity import Inner
from shared.http.shell import Shell
from shared.http.web import make_app
from shared.observability.rounds import repeating
from shared.settings import UploadSettings
from upload_service.routes import reachability, upload, validate
from upload_service.sweep import EVERY, sweep
from upload_service.tools import Tools, opened


def build(settings: UploadSettings) -> ASGIApp:
    """Ready to be served."""

    @asynccontextmanager
    async def tools() -> AsyncIterator[Tools]:
        async with opened(settings) as built, repeating("sweep", EVERY, lambda: sweep(built.db, built.store)):
            yield built

    app = make_app(
        title="Darkroom upload service",
        description="Takes pictures in, and says what social networks would think of them.",
        tools=tools,
        routers=[upload.router, validate.router, reachability.router],
    )

    async def postgres() -> None:
        await db.ping(app.state.tools.probe)

    async def store() -> None:
        await app.state.tools.store.ping()

    return Shell(Inner(app, settings), settings, checks={"postgres": postgres}, advisory={"store": store})
