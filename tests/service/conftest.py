"""Fixtures of the service tests: the session's sandbox, and the two inner services on an empty database."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.sandbox_server import SandboxServer
from tests.service.rooms import Room, library_room, upload_room


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
