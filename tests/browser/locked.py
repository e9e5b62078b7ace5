"""A product with its door locked and its limits within reach, and what its operator does to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from deploy.local.ports import free_port
from tests.stack import Stack

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

    def key(self, business_id: int, *rights: str) -> str:
        """A new key for it; with every right of a person unless some are named."""
        limited = ("--right", *rights) if rights else ()
        return self.command("keys", "make", "--name", "a person", "--business", str(business_id), *limited).split()[0]

    def revoke(self, key: str) -> None:
        """It opens nothing any more, a few seconds later."""
        self.command("keys", "revoke", key.split("_")[1])

    def sell(self, catalogue: str) -> None:
        """Other models or prices from now on, laid over the usual ones."""
        self.catalogue.write_text(catalogue)
        self.gateway.stop()
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
