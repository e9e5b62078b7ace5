"""One sandbox process for all of its tests, as new for each of them, and the official SDKs pointed at it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, cast

import cloudinary.api
import cloudinary.uploader
import httpx2
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

from tests.sandbox_server import SandboxServer


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture
def sandbox(running_sandbox: SandboxServer) -> SandboxServer:
    running_sandbox.clear()
    return running_sandbox


@pytest.fixture
async def painter(sandbox: SandboxServer) -> AsyncIterator[AsyncOpenAI]:
    """Without certificates, which plain HTTP does not need and which take longer to load than a test to run."""
    wire = DefaultAsyncHttpx2Client(verify=False)
    url = sandbox.openai_base_url
    async with AsyncOpenAI(api_key="sk-sandbox", base_url=url, max_retries=0, http_client=wire) as client:
        yield client


@pytest.fixture
def web(sandbox: SandboxServer) -> Iterator[httpx2.Client]:
    """A stranger to the control API. Its owner adds `sandbox.owner`."""
    with httpx2.Client(base_url=sandbox.url, timeout=10, trust_env=False, verify=False) as client:
        yield client


@dataclass(frozen=True)
class Store:
    """The cloudinary SDK with the sandbox's account, without touching its global configuration."""

    account: dict[str, Any]

    def upload(self, picture: bytes, **options: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", cloudinary.uploader.upload(io.BytesIO(picture), **{**self.account, **options}))

    def destroy(self, public_id: str, **options: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", cloudinary.uploader.destroy(public_id, **{**self.account, **options}))

    def explicit(self, public_id: str, **options: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", cloudinary.uploader.explicit(public_id, **{**self.account, **options}))

    def resource(self, public_id: str, **options: Any) -> Any:
        return cloudinary.api.resource(public_id, **{**self.account, **options})

    def ping(self, **options: Any) -> Any:
        return cloudinary.api.ping(**{**self.account, **options})

    def usage(self, **options: Any) -> Any:
        return cloudinary.api.usage(**{**self.account, **options})


@pytest.fixture
def store(sandbox: SandboxServer) -> Store:
    return Store(
        {
            "cloud_name": "sandbox",
            "api_key": "sandbox-key",
            "api_secret": "sandbox-secret",
            "upload_prefix": sandbox.url,
            "timeout": 10,
        }
    )
