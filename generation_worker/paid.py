"""What is paid for, from the ledger's row before the call to the commit that ends the job. Not given up while we live.

A paid picture goes to Postgres, and while that fails to the store. As long as one of this worker's is unwritten, or one
could not be written, no call begins: a Postgres that is read-only or full for seconds would otherwise be found out by
one paid picture after the other.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from prometheus_client import Gauge

from generation_worker.leases import Lease
from shared.db import images, jobs, late_images, ledger, unreadable_answers
from shared.db.pool import Connection, DatabaseUnavailable, Pool, transaction
from shared.db.tables import ImageRow, JobRow
from shared.domain.errors import NotFound
from shared.notify.notifier import Notifier
from shared.observability import log
from shared.storage.store import ImageStore, StoreRefused, storage_key

ORDINARY_SECONDS = 1.0
"""A write that takes longer counts as one that fails. Shorter ones are the work of every day and stop nothing."""
_FIRST_TEST_BYTES = 4 * 1024 * 1024
"""What a worker that has just started tests with: about the largest picture that a vendor sends."""
_TEST_EVERY = 1.0
_PAUSE = 0.5

_UNWRITTEN = Gauge(
    "darkroom_paid_pictures_unwritten", "Paid pictures in this worker's hands that Postgres did not take when asked"
)

Result = TypeVar("Result")


class HeldBack(Exception):
    """No call may begin now."""


@dataclass(frozen=True, slots=True)
class _Paid:
    job: JobRow
    attempt_id: UUID
    receipt: ledger.Receipt
    data: bytes


class PaidPictures:
    """One per worker."""

    def __init__(self, db: Pool, store: ImageStore, notifier: Notifier) -> None:
        self._db = db
        self._store = store
        self._notifier = notifier
        self._held: dict[UUID, float] = {}
        """When each picture in hand arrived, by the monotonic clock."""
        self._unwritten: set[UUID] = set()
        """Those of them that Postgres did not take at the first try."""
        self._test_bytes = _FIRST_TEST_BYTES
        """The size of the write that must succeed before a call begins; 0 where none is needed."""
        self._next_test = 0.0
        self._testing = asyncio.Lock()

    async def may_call(self) -> bool:
        """Whether a vendor call may begin. After a failed write it writes as much as failed and takes it back."""
        async with self._testing:
            if self._test_bytes and not self._overdue() and time.monotonic() >= self._next_test:
                await self._test()
        return not self._closed()

    async def begin(self, job: JobRow) -> UUID | None:
        """The call's row in the ledger, to be there before the call: its id. None when the job is no longer ours, or
        was cancelled. Raises HeldBack; then the row may be there, and is to be taken back."""
        if not await self.may_call():
            raise HeldBack
        attempt_id = await ledger.begin(self._db, job)
        if attempt_id is not None and self._closed():
            # Another job's picture met a Postgres that takes no more, in this very moment.
            raise HeldBack
        return attempt_id

    async def write_down(
        self, job: JobRow, lease: Lease, *, attempt_id: UUID, receipt: ledger.Receipt, data: bytes
    ) -> JobRow | None:
        """Bill and bytes into Postgres, in one transaction: the job, now storing. None when another attempt owns it.

        Then too they are written, for whoever has the job now. Where Postgres does not take them, or says nothing for
        a second, they go to the store as well, where a later attempt looks before it pays again. Returns only when
        Postgres has them; raises what a defect of ours raised, once the store has the picture or has refused it.
        """
        paid = _Paid(job, attempt_id, receipt, data)
        with self.holding(attempt_id):
            writing = asyncio.create_task(self._to_postgres(paid), name=f"write {job.id}")
            await asyncio.wait({writing}, timeout=ORDINARY_SECONDS)
            if writing.done() and writing.exception() is None:
                return writing.result()
            # Side by side: a store that hangs must not keep the picture from a Postgres that is back, nor the reverse.
            storing = asyncio.create_task(self._until_stored(paid, lease), name=f"store {job.id}")
            try:
                return await self._until_written(paid, writing, storing)
            finally:
                storing.cancel()

    async def finish(self, job: JobRow, image: ImageRow, note: Mapping[str, str] | None = None) -> JobRow | None:
        """The stored picture's row, success and ledger in one transaction; None when another attempt owns the job.

        `note` is the bill of a call that the ledger does not know.
        """

        async def finish() -> JobRow | None:
            async with transaction(self._db) as connection:
                if await jobs.mark_storing(connection, job.id, job.attempt) is None:
                    return None
                if note is not None:
                    await ledger.found_in_store(connection, job.id, note)
                done = await jobs.finish(connection, job.id, job.attempt, image.id)
                await images.add(connection, image)
                await ledger.unstage(connection, job.id)
                await unreadable_answers.read_after_all(connection, job.id)
            return done

        return await until_postgres_answers(finish)

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

    async def _until_written(
        self,
        paid: _Paid,
        writing: "asyncio.Task[JobRow | None]",
        storing: "asyncio.Task[None]",
    ) -> JobRow | None:
        while True:
            try:
                return await writing
            except Exception as fault:  # whatever it is, the picture comes first
                self._note_unwritten(paid, fault)
                if storing.done() and not isinstance(fault, DatabaseUnavailable):
                    raise
            await asyncio.sleep(_PAUSE)
            writing = asyncio.create_task(self._to_postgres(paid), name=f"write {paid.job.id}")

    def _note_unwritten(self, paid: _Paid, fault: Exception) -> None:
        self.failed(paid.attempt_id, len(paid.data))
        log.get().warning(
            "picture.unwritten",
            error=type(fault).__name__,
            detail=str(fault)[:200],
            attempt_id=str(paid.attempt_id),
            cost_micros=paid.receipt.cost_micros,
        )

    async def _until_stored(self, paid: _Paid, lease: Lease) -> None:
        """Ends when the store has it, under the job's name and with its bill beside it, or will never take it."""
        name = storage_key(paid.job.business_id, paid.job.id)
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(paid.data).hexdigest())
        note = {"id": str(paid.attempt_id), "cost_micros": str(paid.receipt.cost_micros), "sha256": sha256}
        note["cost_estimated"] = str(paid.receipt.estimated)
        while True:
            try:
                stored = await self._store.put(name, paid.data, note)
            except StoreRefused as never:
                log.get().error("picture.refused", detail=str(never))
                return
            except Exception as gone:  # noqa: BLE001 - as above
                log.get().warning("picture.nowhere", error=type(gone).__name__, detail=str(gone)[:200])
            else:
                # A name keeps its first bytes: where those are of an earlier call, ours and their bill are nowhere yet.
                lease.safe = stored.context.get("id", note["id"]) == note["id"]  # If so, a shutdown may stop us.
                return
            await asyncio.sleep(_PAUSE)

    async def _to_postgres(self, paid: _Paid) -> JobRow | None:
        async with transaction(self._db) as connection:
            ours = await jobs.mark_storing(connection, paid.job.id, paid.job.attempt)
            if ours is not None:
                known = await ledger.generated(connection, paid.attempt_id, paid.job, paid.receipt, paid.data)
                tell = None
            else:
                known, tell = await _hand_in(connection, paid)
        if not known:
            forgotten(paid.attempt_id)
        if tell is not None:
            await self._notifier.wake_workers([] if tell.final else [tell.id], [tell])
        return ours

    def _closed(self) -> bool:
        """Whether a call must not begin right now. Asks nobody; `may_call` finds out whether it may."""
        return self._test_bytes > 0 or self._overdue()

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


async def _hand_in(connection: Connection, paid: _Paid) -> tuple[bool, JobRow | None]:
    """For whoever has the job now: whether the ledger knew of the call, and the job if that changed it."""
    try:
        job = await jobs.lock(connection, paid.job.id)
    except NotFound:
        return await _of_a_forgotten_job(connection, paid), None
    needed = not job.final or await late_images.lock(connection, job.id)
    data = paid.data if needed else None
    known = await ledger.generated(connection, paid.attempt_id, paid.job, paid.receipt, data)
    changed = await jobs.hand_in(connection, job.id)
    if job.final and needed:
        await late_images.look_soon(connection, job.id)
    log.get().warning("picture.handed_in", status=job.status.value, cost_micros=paid.receipt.cost_micros)
    return known, changed


async def _of_a_forgotten_job(connection: Connection, paid: _Paid) -> bool:
    """A failover lost the job: the bill is written all the same, and the bytes are kept for an operator."""
    known = await ledger.generated(connection, paid.attempt_id, paid.job, paid.receipt, None)
    await unreadable_answers.keep(
        connection, paid.attempt_id, paid.job, "Postgres has lost the job that it is the picture of", paid.data
    )
    return known


def forgotten(attempt_id: UUID) -> None:
    """Said aloud: Postgres no longer knew of a call that was made. Others may be missing, and are paid twice."""
    log.get().error("call.forgotten", attempt_id=str(attempt_id), detail="Postgres has lost commits")


async def until_postgres_answers(act: Callable[[], Awaitable[Result]]) -> Result:
    """For what must not be lost: tried again while Postgres is away, as long as the job's own time lasts."""
    while True:
        try:
            return await act()
        except DatabaseUnavailable as gone:
            log.get().warning("postgres.awaited", error=str(gone))
            await asyncio.sleep(_PAUSE)
