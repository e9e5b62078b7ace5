"""Fixtures of the service tests: the session's sandbox, the two inner services on an empty database, and the
whole product with its door locked."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer, ValkeyServer
from tests.service.locked import SECRET, Locked
from tests.service.rooms import Room, library_room, upload_room
from tests.stack import Stack


@pytest.fixture(scope="session")
def session_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(session_sandbox: SandboxServer) -> SandboxServer:
    """Nothing scripted, an empty ledger."""
    session_sandbox.clear()
    return session_sandbox


@pytest.fixture
async def uploads(database: str, sandbox: SandboxServer) -> AsyncIterator[Room]:
    """The upload service."""
    async with upload_room(database, sandbox) as room:
        yield room


@pytest.fixture
async def library(database: str, sandbox: SandboxServer) -> AsyncIterator[Room]:
    """The library service, on the same database as `uploads`."""
    async with library_room(database, sandbox) as room:
        yield room


@pytest.fixture(scope="module")
def locked(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Locked]:
    told = {
        "DARKROOM_AUTH": "keys",
        "DARKROOM_INNER_SECRET": SECRET,
        "DARKROOM_CORS_ORIGINS": "https://app.example, https://other.example",
    }
    folder = tmp_path_factory.mktemp("locked")
    database = postgres_server.create(folder.name, migrated_template)
    with (
        ValkeyServer() as queue,
        Stack(folder, database_url=database, redis_url=queue.url, environment=told) as running,
    ):
        yield Locked(running)


@pytest.fixture(scope="module")
def ours(locked: Locked) -> Iterator[httpx2.Client]:
    with locked.as_(locked.key()) as client:
        yield client
