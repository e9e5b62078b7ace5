"""The upload service as an ASGI application: its parts, its routes, its probes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.db import pool as db
from shared.http.app import make_app
from shared.http.internal_auth import InternalAuth
from shared.http.middleware import Middleware
from shared.observability.periodic import run_periodically
from shared.settings import UploadSettings
from upload_service.resources import UploadResources, open_resources
from upload_service.routes import reachability, upload, validate
from upload_service.sweep import EVERY, sweep


def build(settings: UploadSettings) -> Middleware:
    """Ready to be served."""

    @asynccontextmanager
    async def resources() -> AsyncIterator[UploadResources]:
        async with (
            open_resources(settings) as built,
            run_periodically("sweep", EVERY, lambda: sweep(built.db, built.store)),
        ):
            yield built

    app = make_app(
        title="Darkroom upload service",
        description="Takes pictures in, and says what social networks would think of them.",
        resources=resources,
        routers=[upload.router, validate.router, reachability.router],
    )

    async def store() -> None:
        await app.state.resources.store.ping()

    checks = {"postgres": lambda: db.ping(app.state.resources.probe)}
    return Middleware(InternalAuth(app, settings), settings, checks=checks, advisory={"store": store})
