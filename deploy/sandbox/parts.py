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
from itertools import count
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.responses import Response

from deploy.sandbox.cache import Cache
from deploy.sandbox.control.faults import Script
from deploy.sandbox.control.ledger import Ledger
from deploy.sandbox.pictures.painter import Painter, PictureRequest
from deploy.sandbox.settings import Settings
from deploy.sandbox.stores.file_store import FileStore
from deploy.sandbox.vendors.limits import Limits
from deploy.sandbox.vendors.openai_models import OFFERED

Result = TypeVar("Result")


class EndingError(Exception):
    """The process is ending and the work was not begun."""


@dataclass(frozen=True)
class Parts:
    """Everything that is there once."""

    settings: Settings
    ledger: Ledger
    """Every call."""
    files: FileStore
    """The stored pictures."""
    limits: Limits
    """How fast the played OpenAI is."""
    token: str
    """Opens the control API."""
    script: Script = field(default_factory=Script)
    """What the next calls shall meet."""
    offered: set[str] = field(default_factory=lambda: set(OFFERED))
    """Names of the models that the played OpenAI offers."""
    painter: Painter = field(default_factory=Painter)
    hosted: Cache[str, bytes] = field(default_factory=lambda: Cache(32 * 1024 * 1024))
    """Generated pictures behind an address, by its last part; like the real ones they do not stay."""
    derived: Cache[Any, bytes] = field(default_factory=lambda: Cache(96 * 1024 * 1024))
    """Stored pictures, transformed."""
    edge: Cache[Any, tuple[str, Response]] = field(
        default_factory=lambda: Cache(64 * 1024 * 1024, lambda kept: len(kept[1].body))
    )
    """The CDN before the stored pictures: public id and answer. What it has handed out once it goes on handing out when
    the original is destroyed, unless it is told to forget it (`invalidate`)."""
    admin_calls: count[int] = field(default_factory=lambda: count(1))
    """Numbers the calls of Cloudinary's Admin API."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process was asked to end: whoever waits or hangs lets go."""
    waiting: set[asyncio.Event] = field(default_factory=set)
    """One for each call that waits as the script says; set, it goes on."""
    _drawing: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "draw"))
    _working: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "files"))
    """Apart from the other, so that a look never waits for a new picture."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Parts:
        """Makes the folder, closed to other users. Raises OSError where it cannot be used."""
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
        """How others reach this server, without a slash at the end."""
        return self.settings.public_url or str(request.base_url).rstrip("/")

    async def draw(self, picture: PictureRequest) -> bytes:
        """The picture's file. Raises EndingError."""
        return await self._run(self._drawing, lambda: self.painter.paint(picture))

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """For what blocks: files, and Pillow's work on stored pictures. Raises EndingError."""
        return await self._run(self._working, work)

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        if not self.closing.is_set():
            try:
                return await asyncio.get_running_loop().run_in_executor(threads, work)
            except asyncio.CancelledError:
                if not self.closing.is_set():
                    raise
        raise EndingError

    def release(self) -> None:
        """The calls that wait now go on at once; later ones wait as they are told."""
        for call in self.waiting:
            call.set()

    def close(self) -> None:
        """The beginning of the end: whoever waits or hangs is released, and queued work is dropped."""
        self.closing.set()
        self.release()
        for threads in (self._drawing, self._working):
            threads.shutdown(wait=False, cancel_futures=True)


def of_application(request: Request) -> Parts:
    """The parts that answer this request."""
    parts: Parts = request.app.state.parts
    return parts


Sandbox = Annotated[Parts, Depends(of_application)]
"""A route's parameter."""


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
    status = place.stat()
    if status.st_uid == os.geteuid():
        place.chmod(status.st_mode & 0o700)
