"""A bounded memory of bytes: the least recently used go first.
Knows nothing of pictures; painting keeps painted ones in it, delivery.py derived ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Cache(Generic[Key]):
    """Bounded by the bytes it holds. Safe in threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._entries: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> bytes | None:
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
            return found

    def put(self, key: Key, value: bytes) -> None:
        with self._lock:
            replaced = self._entries.pop(key, b"")
            self._entries[key] = value
            self._held += len(value) - len(replaced)
            while self._held > self._most and len(self._entries) > 1:
                _, dropped = self._entries.popitem(last=False)
                self._held -= len(dropped)
