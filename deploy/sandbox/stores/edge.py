"""Plays the CDN in front of Cloudinary's delivery: what it has handed out once it goes on handing out when the original
is destroyed, unless it is told to forget it (`invalidate`).
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from starlette.responses import Response

Key = tuple[str, bool]
"""The path of the address, and whether WebP was accepted."""


class Edge:
    """Bounded by the bytes it holds; the least recently kept go first. Safe in threads."""

    def __init__(self, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._most = most_bytes
        self._held = 0
        self._kept: OrderedDict[Key, tuple[str, Response]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Response | None:
        with self._lock:
            return self._kept[key][1] if key in self._kept else None

    def keep(self, key: Key, public_id: str, response: Response) -> None:
        with self._lock:
            self._drop(key)
            self._kept[key] = public_id, response
            self._held += len(response.body)
            while self._held > self._most:
                self._drop(next(iter(self._kept)))

    def invalidate(self, public_id: str) -> None:
        """The picture, and all that was derived from it."""
        with self._lock:
            for key in [key for key, (name, _) in self._kept.items() if name == public_id]:
                self._drop(key)

    def _drop(self, key: Key) -> None:
        if key in self._kept:
            self._held -= len(self._kept.pop(key)[1].body)
