"""The gate before every vendor call: closed while a paid picture of this worker is unwritten or could not be written.

A Postgres that is read-only or full for seconds would otherwise be found out by one paid picture after the other.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from prometheus_client import Gauge

from shared.db import ledger
from shared.db.pool import Pool
from shared.observability import log

ORDINARY_SECONDS = 1.0
"""A write that takes longer counts as one that fails. Shorter ones are the work of every day and close nothing."""
_FIRST_TEST_BYTES = 4 * 1024 * 1024
"""What a worker that has just started tests with: about the largest picture that a vendor sends."""
_TEST_EVERY = 1.0

_UNWRITTEN = Gauge(
    "darkroom_paid_pictures_unwritten", "Paid pictures in this worker's hands that Postgres did not take when asked"
)


class WriteGate:
    """One per worker."""

    def __init__(self, db: Pool) -> None:
        self._db = db
        self._held: dict[UUID, float] = {}
        """When each picture in hand arrived, by the monotonic clock."""
        self._unwritten: set[UUID] = set()
        """Those of them that Postgres did not take at the first try."""
        self._test_bytes = _FIRST_TEST_BYTES
        """The size of the write that must succeed before the gate opens; 0 where none is needed."""
        self._next_test = 0.0
        self._testing = asyncio.Lock()

    @property
    def closed(self) -> bool:
        """Whether a call must not begin right now. Asks nobody; `open` finds out whether it may."""
        return self._test_bytes > 0 or self._overdue()

    @contextmanager
    def holding(self, attempt_id: UUID) -> Iterator[None]:
        """A paid picture is in this worker's hands and nowhere else, as long as the block runs."""
        self._held[attempt_id] = time.monotonic()
        try:
            yield
        finally:
            del self._held[attempt_id]
            self._unwritten.discard(attempt_id)
            _UNWRITTEN.set(len(self._unwritten))

    def failed(self, attempt_id: UUID, size: int) -> None:
        """Its picture of `size` bytes could not be written: the next call needs a test write of that size first."""
        self._unwritten.add(attempt_id)
        _UNWRITTEN.set(len(self._unwritten))
        if not self._test_bytes:
            log.get().error("calls.stopped", reason="a paid picture could not be written", bytes=size)
        self._test_bytes = max(self._test_bytes, size)

    async def open(self) -> bool:
        """Whether a vendor call may begin. After a failed write it writes as much as failed and takes it back."""
        async with self._testing:
            if self._test_bytes and not self._overdue() and time.monotonic() >= self._next_test:
                await self._test()
        return not self.closed

    def _overdue(self) -> bool:
        """Whether a picture in hand waits longer than a write takes."""
        now = time.monotonic()
        return any(now - since > ORDINARY_SECONDS for since in self._held.values())

    async def _test(self) -> None:
        size = self._test_bytes
        self._next_test = time.monotonic() + _TEST_EVERY
        try:
            await ledger.test_write(self._db, size)
        except Exception as gone:  # noqa: BLE001 - whatever it is, a picture could not be written either
            log.get().warning("test_write.failed", bytes=size, error=str(gone))
            return
        if self._test_bytes == size:  # A larger picture may have failed meanwhile.
            self._test_bytes = 0
