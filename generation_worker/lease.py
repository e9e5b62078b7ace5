"""The right to work on a job until a moment: renewed for all held jobs in one statement, taken away when it is lost."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from shared import jobs, log
from shared.db import DOWN, Pool
from shared.models import Job, Stage


class Stop(Enum):
    """Why the work on a job was cancelled."""

    LOST = "lost"
    """Another attempt owns it: write nothing."""
    CANCELED = "canceled"
    """A client asked."""
    SHUTDOWN = "shutdown"
    """This worker leaves."""


@dataclass(slots=True)
class Lease:
    """One held job."""

    job: Job
    task: "asyncio.Task[None]"
    paid: bool = False
    """The picture is in our hands: a client comes too late."""
    safe: bool = False
    """And it is in Postgres: a shutdown may stop the work, another worker stores it."""
    stopped: Stop | None = field(default=None)

    def stop(self, why: Stop) -> None:
        """Cancels the work, unless that would throw away what was paid for. A lost lease stops it in any case."""
        allowed = {Stop.LOST: True, Stop.CANCELED: not self.paid, Stop.SHUTDOWN: self.safe or not self.paid}
        if self.stopped is None and allowed[why]:
            self.stopped = why
            self.task.cancel()


class Leases:
    """All jobs this worker holds."""

    def __init__(self, db: Pool, *, seconds: float, every: float) -> None:
        self._db = db
        self._seconds = seconds
        self._every = every
        self._held: dict[tuple[UUID, int], Lease] = {}
        self._now = asyncio.Event()

    @contextmanager
    def held(self, job: Job) -> Iterator[Lease]:
        """Renews this job's lease in the background for as long as the block runs."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - there is always one inside a coroutine
        # What an earlier attempt paid for waits in Postgres: from the first moment a cancel comes too late.
        painted = job.stage is Stage.STORING
        lease = self._held[job.id, job.attempt] = Lease(job, task, paid=painted, safe=painted)
        try:
            yield lease
        finally:
            del self._held[job.id, job.attempt]

    def all(self) -> list[Lease]:
        """What is held right now."""
        return list(self._held.values())

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
        asked = dict(self._held)
        if not asked:
            return
        try:
            kept = {(held.id, held.attempt): held for held in await jobs.renew(self._db, list(asked), self._seconds)}
        except DOWN as gone:
            # Nobody else can take our jobs either while Postgres is away: the paid calls go on.
            log.get().warning("lease.unrenewed", held=len(asked), error=type(gone).__name__)
            return
        for key, lease in asked.items():
            if key not in kept:
                log.get().warning("lease.lost", job_id=str(key[0]), attempt=key[1])
                lease.stop(Stop.LOST)
            elif kept[key].cancel_requested:
                lease.stop(Stop.CANCELED)
