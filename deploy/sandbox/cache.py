"""A bounded memory: the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Bounded by the bytes its values have, as `size` tells; one value may be larger alone. Safe in threads."""

    def __init__(self, most_bytes: int, size: Callable[[Any], int] = len) -> None:
        self._most, self._size, self._held = most_bytes, size, 0
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """None where it was never put or had to go."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Replaces what was there."""
        with self._lock:
            self._drop(key)
            self._entries[key] = value
            self._held += self._size(value)
            while self._held > self._most and len(self._entries) > 1:
                self._drop(next(iter(self._entries)))

    def forget(self, which: Callable[[Value], bool]) -> None:
        """Every value of which that is true."""
        with self._lock:
            for key in [key for key, value in self._entries.items() if which(value)]:
                self._drop(key)

    def _drop(self, key: Key) -> None:
        if key in self._entries:
            self._held -= self._size(self._entries.pop(key))
