"""The right to work on a job until a moment: renewed for all held jobs in one statement.

Who lost it is not stopped: each of its statements names the attempt and changes nothing any more, and what it pays for
is brought home. A cancellation that came too late would hit what follows the work, such as telling who waits.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from shared.db import jobs
from shared.db.pool import DatabaseUnavailable, Pool
from shared.db.tables import JobRow, Stage
from shared.observability import log


class Stop(Enum):
    """Why the work on a job was cancelled."""

    CANCELED = "canceled"
    """A client asked."""
    SHUTDOWN = "shutdown"
    """This worker leaves."""


@dataclass(slots=True, eq=False)
class Lease:
    """One held job."""

    job: JobRow
    task: "asyncio.Task[None]"
    """Does the work; cancelled to stop it."""
    calling: bool = False
    """The vendor is at work for us: it will charge whether we listen or not."""
    sent: bool = False
    """The vendor has been asked; whatever came of it."""
    paid: bool = False
    """The picture is in our hands: a client comes too late."""
    safe: bool = False
    """And it is in Postgres or in the store: the work may stop, another attempt finds it."""
    lost: bool = False
    """Another attempt owns the job; we only bring home what we pay for."""
    stopped: Stop | None = field(default=None)
    """Why it was cancelled by us; None: it was not."""
    deadline: asyncio.Timeout | None = field(default=None)
    """Ends the work when the job's own time is over."""

    @property
    def key(self) -> tuple[UUID, int]:
        """What Postgres knows it by."""
        return self.job.id, self.job.attempt

    @contextmanager
    def no_deadline(self) -> Iterator[None]:
        """The job's time stands still while something paid is in our hands and nowhere else."""
        if not self.paid or self.deadline is None or (when := self.deadline.when()) is None:
            yield
            return
        began = asyncio.get_running_loop().time()
        self.deadline.reschedule(None)
        yield
        self.deadline.reschedule(when + asyncio.get_running_loop().time() - began)

    def stop(self, why: Stop) -> None:
        """Cancels the work, unless that would throw away what was paid for. A client's cancel and a shutdown may cut a
        call, for that is what was asked."""
        forbidden = {Stop.CANCELED: self.paid, Stop.SHUTDOWN: self.paid and not self.safe}
        if self.stopped is None and not forbidden[why]:
            self.stopped = why
            self.task.cancel()


class Leases:
    """All jobs this worker holds."""

    def __init__(self, db: Pool, *, seconds: float, every: float) -> None:
        self._db = db
        self._seconds = seconds
        self._every = every
        self._held: list[Lease] = []
        """Of one attempt there can be two: after a failover that lost the claim, its number is given again."""
        self._now = asyncio.Event()

    @contextmanager
    def held(self, job: JobRow) -> Iterator[Lease]:
        """Renews this job's lease in the background for as long as the block runs."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - there is always one inside a coroutine
        # What an earlier attempt paid for waits in Postgres: from the first moment a cancel comes too late.
        painted = job.stage is Stage.STORING
        lease = Lease(job, task, paid=painted, safe=painted)
        self._held.append(lease)
        try:
            yield lease
        finally:
            self._held.remove(lease)

    def all(self) -> list[Lease]:
        """What is held right now."""
        return list(self._held)

    def renew_soon(self) -> None:
        """Looks for cancel marks now instead of at the next renewal."""
        self._now.set()

    async def run(self) -> None:
        """Renews until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._every):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            await self._renew()

    async def _renew(self) -> None:
        due = [lease for lease in self._held if not lease.lost]
        if not due:
            return
        attempts = list({lease.key for lease in due})
        try:
            kept = {(held.id, held.attempt): held for held in await jobs.renew(self._db, attempts, self._seconds)}
        except DatabaseUnavailable as gone:
            # Nobody else can take our jobs either while Postgres is away: the paid calls go on.
            log.get().warning("lease.unrenewed", held=len(due), error=str(gone))
            return
        for lease in due:
            if lease.key not in kept:
                log.get().warning(
                    "lease.lost", job_id=str(lease.job.id), attempt=lease.job.attempt, in_call=lease.calling
                )
                lease.lost = True
            elif kept[lease.key].cancel_requested and lease in self._held:  # not ended while Postgres answered
                lease.stop(Stop.CANCELED)
