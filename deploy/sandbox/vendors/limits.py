"""How fast the played vendor is: images per minute and seconds per picture, both settable while it runs.
Scripted faults are another matter and live in faults.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable

GRACE_SECONDS = 0.25
"""A caller that keeps exactly to the limit is not refused because one message travelled faster than the one before."""


class Limits:
    """A token bucket, as the vendor's own "try again in 12s" at five a minute suggests."""

    def __init__(self, latency_seconds: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._default_latency = latency_seconds
        self.latency_seconds = latency_seconds
        self.images_per_minute: int | None = None
        self._tokens = 0.0
        self._counted_at = 0.0

    def set_images_per_minute(self, limit: int | None) -> None:
        """The bucket starts full."""
        self.images_per_minute = limit
        self._tokens = float(limit or 0)
        self._counted_at = self._clock()

    def reset(self) -> None:
        """As at the start."""
        self.set_images_per_minute(None)
        self.latency_seconds = self._default_latency

    def take(self, images: int) -> float:
        """Seconds to wait before asking again; 0 means the images are granted."""
        if self.images_per_minute is None:
            return 0.0
        per_second = self.images_per_minute / 60
        missing = images - self._refill(per_second)
        if missing > GRACE_SECONDS * per_second:
            return missing / per_second
        self._tokens -= images
        return 0.0

    def remaining(self) -> int:
        """Images that would be granted now; 0 where there is no limit."""
        return max(0, int(self._refill((self.images_per_minute or 0) / 60)))

    def seconds_until_full(self) -> float:
        """0 where there is no limit."""
        per_second = (self.images_per_minute or 0) / 60
        return ((self.images_per_minute or 0) - self._refill(per_second)) / per_second if per_second else 0.0

    def _refill(self, per_second: float) -> float:
        now = self._clock()
        self._tokens = min(float(self.images_per_minute or 0), self._tokens + (now - self._counted_at) * per_second)
        self._counted_at = now
        return self._tokens
