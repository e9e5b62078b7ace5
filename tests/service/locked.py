"""The product with its door locked, as whoever makes its keys sees it."""

from dataclasses import dataclass

import httpx2

from tests import pictures
from tests.stack import Stack

IMAGES = "/api/v1/images"
SECRET = "between-the-gateway-and-the-services-only"
OURS, THEIRS = 41, 42


@dataclass(frozen=True)
class Locked:
    """The product with its door locked, and the operator's terminal."""

    stack: Stack

    def command(self, *words: str, status: int = 0) -> str:
        """`./darkroom WORDS`; what it said."""
        return self.stack.command(*words, status=status)

    def key(self, *words: str) -> str:
        """A new key, for OURS unless told otherwise."""
        whose = [] if "--business" in words or "--all-businesses" in words else ["--business", str(OURS)]
        return self.command("keys", "make", "--name", "test", *whose, *words).split()[0]

    def as_(self, key: str | None) -> httpx2.Client:
        """A client that sends this key."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx2.Client(base_url=self.stack.url, headers=headers, timeout=30, trust_env=False)


def upload(client: httpx2.Client, business: int, width: int = 640) -> httpx2.Response:
    return client.post(
        f"{IMAGES}/upload?business_id={business}", files={"file": ("a.jpg", pictures.jpeg(width, 480), "image/jpeg")}
    )


def ask(client: httpx2.Client, business: int) -> httpx2.Response:
    return client.post(f"{IMAGES}/generate", json={"prompt": "a fox", "business_id": business})
