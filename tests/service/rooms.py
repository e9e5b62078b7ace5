"""The upload and the library service inside a test: their real applications on a real database and the sandbox.

Requests go straight into the application; what a socket adds is tested with the gateway.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.types import ASGIApp, Message

import library_service.main
import upload_service.main
from shared.db.pool import Pool, connect
from shared.settings import LibrarySettings, UploadSettings
from shared.storage.store import CloudinaryStore
from tests.sandbox_server import SandboxServer

IMAGES = "/api/v1/images"

_web = httpx2.Client(verify=False, trust_env=False)  # one, because each reads all certificates of the world


@dataclass(frozen=True)
class Room:
    """A running service, and ways around it to what it works on."""

    client: httpx2.AsyncClient
    app: ASGIApp
    db: Pool
    store: CloudinaryStore
    sandbox: SandboxServer

    async def upload(self, data: bytes, name: str = "picture.jpg", business: int = 1, **more: Any) -> httpx2.Response:
        """The upload route; `more` are text fields, or `headers=`."""
        return await self.client.post(
            f"{IMAGES}/upload",
            params={"business_id": business},
            files={"file": (name, data)},
            headers=more.pop("headers", None),
            data=more,
        )

    async def stored(self) -> set[str]:
        """The public ids of everything the store holds."""
        kept = {call["public_id"] for call in self.sandbox.ledger("cloudinary.upload") if call["public_id"]}
        return {name for name in kept if await self.store.find(name)}

    async def count(self, table: str) -> int:
        """Rows of a table."""
        found: int = await self.db.fetchval(f"select count(*) from {table}")
        return found


def fetch(url: str) -> httpx2.Response:
    """What the store delivers there."""
    return _web.get(url)


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 20) -> None:
    """Waits for it."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    app: ASGIApp, settings: UploadSettings | LibrarySettings, sandbox: SandboxServer
) -> AsyncIterator[Room]:
    """The application between its startup and its shutdown."""
    store = CloudinaryStore(settings)
    async with (
        living(app),
        await connect(settings) as db,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://room") as client,
    ):
        yield Room(client, app, db, store, sandbox)
    store.close()


@asynccontextmanager
async def upload_room(database: str, sandbox: SandboxServer, **settings: Any) -> AsyncIterator[Room]:
    """The upload service."""
    chosen = UploadSettings(**_settings(database, sandbox) | settings)
    async with running(upload_service.main.build(chosen), chosen, sandbox) as room:
        yield room


@asynccontextmanager
async def library_room(database: str, sandbox: SandboxServer, **settings: Any) -> AsyncIterator[Room]:
    """The library service."""
    chosen = LibrarySettings(**_settings(database, sandbox) | settings)
    async with running(library_service.main.build(chosen), chosen, sandbox) as room:
        yield room


def _settings(database: str, sandbox: SandboxServer) -> dict[str, Any]:
    return {
        "database_url": database, "redis_url": "redis://unused", "sandbox_url": sandbox.url, "store_timeout": 5,
        "public_url": "http://room",
    }  # fmt: skip


@asynccontextmanager
async def living(app: ASGIApp) -> AsyncIterator[None]:
    """The application between its startup and its shutdown."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def live() -> None:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, to_app.get, from_app.put)

    task = asyncio.create_task(live())
    for stage in ("startup", "shutdown"):
        await to_app.put({"type": f"lifespan.{stage}"})
        answer = await from_app.get()
        assert answer["type"] == f"lifespan.{stage}.complete", answer
        if stage == "startup":
            yield
    await task
