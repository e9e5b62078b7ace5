"""The parts of one running sandbox, built once and handed to whoever answers a request.
Nothing here knows a route.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from starlette.requests import Request

from deploy.sandbox.control.faults import Script
from deploy.sandbox.control.ledger import Ledger
from deploy.sandbox.pictures.painter import Painter
from deploy.sandbox.settings import Settings
from deploy.sandbox.stores.edge import Edge
from deploy.sandbox.stores.file_store import FileStore
from deploy.sandbox.vendors.limits import Limits
from deploy.sandbox.vendors.openai_models import Shop

Result = TypeVar("Result")


class DismissedError(Exception):
    """The process is ending and the work was not begun."""


class Crew:
    """A few threads for work that would hold up the event loop."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._dismissed = False

    async def run(self, work: Callable[[], Result]) -> Result:
        if self._dismissed:
            raise DismissedError
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except asyncio.CancelledError:
            if self._dismissed:
                raise DismissedError from None
            raise

    def dismiss(self) -> None:
        self._dismissed = True
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class Parts:
    settings: Settings
    ledger: Ledger
    """Every call."""
    files: FileStore
    """The stored pictures."""
    limits: Limits
    """How fast the played OpenAI is."""
    token: str
    """Opens the control API."""
    edge: Edge = field(default_factory=Edge)
    """The CDN before the stored pictures."""
    script: Script = field(default_factory=Script)
    """What the next calls shall meet."""
    shop: Shop = field(default_factory=Shop)
    """Which models the played OpenAI offers."""
    painter: Painter = field(default_factory=Painter)
    """Paints."""
    painters: Crew = field(default_factory=lambda: Crew("paint", 2))
    """Threads that paint."""
    handlers: Crew = field(default_factory=lambda: Crew("pictures", 4))
    """Threads that store, read and derive; apart from the painters, so that a look never waits for a new picture."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process was asked to end: whoever waits or hangs lets go."""
    waiting: set[asyncio.Event] = field(default_factory=set)
    """One for each call that waits as the script says; set, it goes on."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Parts:
        ledger, pictures = settings.data / "ledger.jsonl", settings.data / "pictures"
        parts = cls(
            settings=settings,
            ledger=Ledger(ledger),
            files=FileStore(pictures),
            limits=Limits(settings.latency_seconds),
            token=settings.token or _fresh_token(settings.data / "token"),
        )
        for place in (settings.data, ledger, pictures):
            _close_to_others(place)
        return parts

    def public_url(self, request: Request) -> str:
        return self.settings.public_url or str(request.base_url).rstrip("/")

    def release(self) -> None:
        """The calls that wait now go on at once; later ones wait as they are told."""
        for call in self.waiting:
            call.set()

    def let_go(self) -> None:
        """The beginning of the end: whoever waits or hangs is released, and queued work is dropped."""
        self.closing.set()
        self.release()
        self.painters.dismiss()
        self.handlers.dismiss()

    def shut(self) -> None:
        self.ledger.shut()


def _fresh_token(file: Path) -> str:
    """Written down for its owner's eyes only, from the first byte on."""
    token = secrets.token_urlsafe(32)
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
        written.write(token)
    return token


def _close_to_others(place: Path) -> None:
    """Prompts and pictures are for nobody else, also where an earlier version left them open. A folder that is mounted
    may be somebody else's; what we make in it is ours."""
    found = place.stat()
    if found.st_uid == os.geteuid():
        place.chmod(found.st_mode & 0o700)
