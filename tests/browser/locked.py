"""A product with its door locked and its limits within reach, and what its operator does to it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx2

from deploy.local.ports import free_port
from shared.db import api_keys
from shared.db.pool import Pool, connect
from shared.domain.caller import Right
from shared.settings import CommandSettings
from tests.servers import run_apart
from tests.stack import Stack

Result = TypeVar("Result")

WAITING = 3
"""Most jobs of one business that may wait."""


class Locked(Stack):
    """Everybody needs a key. Its catalogue is a file that can be changed."""

    def __init__(self, folder: Path, *, database_url: str, redis_url: str) -> None:
        self.host_port = free_port()
        """Where somebody's app listens whose pages may call this product."""
        self.catalogue = folder / "catalogue.toml"
        self.catalogue.write_text("")
        told = {
            "DARKROOM_AUTH": "keys",
            "DARKROOM_INNER_SECRET": "b" * 32,
            "DARKROOM_CORS_ORIGINS": self.host_origin,
            "DARKROOM_CATALOGUE": str(self.catalogue),
            "DARKROOM_KEY_REQUESTS_PER_MINUTE": "600",
            "DARKROOM_MAX_WAITING_JOBS": str(WAITING),
        }
        super().__init__(folder, database_url=database_url, redis_url=redis_url, environment=told)

    @property
    def host_origin(self) -> str:
        """Of that app."""
        return f"http://127.0.0.1:{self.host_port}"

    def key(self, business_id: int, rights: tuple[Right, ...] = (Right.READ, Right.WRITE, Right.GENERATE)) -> str:
        """A new key for it, as `./darkroom keys make` makes one."""
        return at_the_terminal(self, lambda db: api_keys.make(db, "a person", rights, [business_id]))[1]

    def revoke(self, key: str) -> None:
        """It opens nothing any more, a few seconds later."""
        presented = api_keys.read(key)
        assert presented is not None
        at_the_terminal(self, lambda db: api_keys.revoke(db, presented.prefix))

    def sell(self, catalogue: str) -> None:
        """Other models or prices from now on, laid over the usual ones."""
        self.catalogue.write_text(catalogue)
        self.gateway.kill9()
        self.gateway.start()

    def as_(self, key: str) -> httpx2.Client:
        """A program that has this key."""
        headers = {"Authorization": f"Bearer {key}"}
        return httpx2.Client(base_url=f"{self.url}/api/v1/images", headers=headers, timeout=30, trust_env=False)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """No job is begun meanwhile."""
        for worker in self.workers:
            worker.stop_signal()
        try:
            yield
        finally:
            for worker in self.workers:
                worker.continue_signal()


def at_the_terminal(stack: Stack, work: Callable[[Pool], Awaitable[Result]]) -> Result:
    """What a command of the operator does; without its process, which takes a second to start."""

    async def run() -> Result:
        async with (
            asyncio.timeout(30),
            await connect(CommandSettings(database_url=stack.environment["DATABASE_URL"])) as db,
        ):
            return await work(db)

    return run_apart(run())
