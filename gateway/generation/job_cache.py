"""How jobs stand, for thousands who ask: one read of Postgres per change, whatever the number of askers.

One Redis subscription per process tells which jobs changed. While it is silent nothing is answered from memory, so
what is said is right without Redis too, only dearer.
"""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

import orjson

from gateway.generation import schemas
from shared.db import job_views
from shared.db.pool import Pool
from shared.db.tables import JobStatus
from shared.domain.errors import Problem, RateLimited, Unavailable
from shared.http.shares import ShareCount, ShareKey, part
from shared.notify.notifier import CHANGES, Notifier
from shared.observability import log
from shared.settings import GatewaySettings

_LINE_SECONDS = 1.0
"""A waiting job's place in the line changes without an event of its own."""
_MOST_REMEMBERED = 20_000
_RECONNECT_SECONDS = 1.0
_UNTOLD_SECONDS = 1.0
"""How often a waiter looks for itself while Redis does not tell."""


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """One job, ready to be sent."""

    business_id: int
    revision: int
    """The job's, which grows with each change."""
    status: JobStatus
    etag: str
    """Of the body, in quotation marks."""
    body: bytes
    """The Job as JSON, as it is sent."""
    retry_after: int | None
    """Seconds until asking again makes sense; None once it ended."""


class JobCache:
    """One per process."""

    def __init__(self, db: Pool, notifier: Notifier, settings: GatewaySettings) -> None:
        self._db = db
        self._notifier = notifier
        self._settings = settings
        self._told = False
        self._views: dict[UUID, tuple[float, JobSnapshot | None]] = {}
        self._wanted: dict[UUID, asyncio.Future[JobSnapshot | None]] = {}
        self._loading: dict[UUID, asyncio.Future[JobSnapshot | None]] = {}
        self._waiters: dict[UUID, set[asyncio.Event]] = {}
        self._watchers = ShareCount()
        self._share = part(settings.share, settings.max_watchers)
        self._loads: set[asyncio.Task[None]] = set()
        self.closing = False
        """Set when the process is asked to stop: open streams end."""

    async def view(self, job_id: UUID) -> JobSnapshot | None:
        """How it stands now, or None when there is no such job. Askers of the same moment share one read."""
        now = asyncio.get_running_loop().time()
        remembered = self._views.get(job_id)
        if remembered is not None and self._told and remembered[0] > now:
            return remembered[1]
        pending = self._loading.get(job_id) or self._wanted.get(job_id)
        if pending is None:
            pending = self._wanted[job_id] = asyncio.get_running_loop().create_future()
            if len(self._wanted) == 1:
                task = asyncio.create_task(self._load())
                self._loads.add(task)
                task.add_done_callback(self._loads.discard)
        return await asyncio.shield(pending)

    async def changed(self, job_id: UUID, since: JobSnapshot, seconds: float) -> JobSnapshot | None:
        """The job once it differs from `since`, or as it is after `seconds`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        event = asyncio.Event()
        self._waiters.setdefault(job_id, set()).add(event)
        try:
            while True:
                view = await self.view(job_id)
                left = until - loop.time()
                if view is None or view.etag != since.etag or left <= 0 or self.closing:
                    return view
                untold = not self._told or view.status is JobStatus.QUEUED
                await _wait(event, min(left, _UNTOLD_SECONDS) if untold else left)
                event.clear()
        finally:
            self._waiters[job_id].discard(event)
            if not self._waiters[job_id]:
                del self._waiters[job_id]

    def refusal(self, who: ShareKey) -> Problem | None:
        """Why there is no place among the waiting: all are taken, or their share is."""
        if self.closing or self._watchers.all >= self._settings.max_watchers:
            return Unavailable("Too many are watching; poll the status instead", retry_after=5)
        if self._watchers.most_of(who) >= self._share:
            return RateLimited(f"More than {self._share} watchers of this key or business; poll instead", retry_after=5)
        return None

    def waiting(self, who: ShareKey) -> AbstractContextManager[None]:
        """A place among the waiting, until the block ends. Only where there is no `refusal`."""
        return self._watchers.holding(who)

    def close(self) -> None:
        """Ends what waits, so that the process can stop."""
        self.closing = True
        for events in self._waiters.values():
            for event in events:
                event.set()

    async def run(self) -> None:
        """Listens until cancelled."""
        while True:
            try:
                async for message in self._notifier.listen(CHANGES):
                    if message is None:
                        self._told = True
                    elif (job_id := _named(message[1])) is not None:
                        self.forget(job_id)
                    else:
                        # Whichever job it means, nothing that was read before it is said again.
                        self._views.clear()
            except Exception as gone:  # noqa: BLE001 - mostly Redis; whatever it is, nobody else would listen again
                log.get().warning("job_cache.unsubscribed", error=type(gone).__name__)
            self._told = False
            self._views.clear()
            await asyncio.sleep(_RECONNECT_SECONDS)

    def forget(self, job_id: UUID) -> None:
        """It changed: what was read of it before is not said again, and who waits looks."""
        self._views.pop(job_id, None)
        # A read that is under way may be older than this change: whoever asks from now on gets a new one.
        self._loading.pop(job_id, None)
        for event in self._waiters.get(job_id, ()):
            event.set()

    async def _load(self) -> None:
        await asyncio.sleep(0)  # Everybody who asks in this turn of the loop comes along.
        batch, self._wanted = self._wanted, {}
        self._loading |= batch
        try:
            views = await job_views.get_many(self._db, list(batch))
        except Exception as failed:  # noqa: BLE001 - handed to everybody who asked
            for job_id, future in batch.items():
                self._done(job_id, future)
                _refuse(future, failed)
            return
        for job_id, future in batch.items():
            current = self._done(job_id, future)
            job_view = views.get(job_id)
            try:
                view = self._view(job_view) if job_view else None
            except Exception as failed:  # noqa: BLE001 - a job that cannot be shown is its askers' only
                _refuse(future, failed)
                continue
            if current:
                self._remember(job_id, view)
            if not future.done():
                future.set_result(view)

    def _done(self, job_id: UUID, future: "asyncio.Future[JobSnapshot | None]") -> bool:
        """Whether no change was told while this read was under way."""
        current = self._loading.get(job_id) is future
        if current:
            del self._loading[job_id]
        return current

    def _remember(self, job_id: UUID, view: JobSnapshot | None) -> None:
        if len(self._views) >= _MOST_REMEMBERED:
            self._views.clear()
        seconds = (
            _LINE_SECONDS if view is not None and view.status is JobStatus.QUEUED else self._settings.job_cache_seconds
        )
        self._views[job_id] = (asyncio.get_running_loop().time() + seconds, view)

    def _view(self, job_view: job_views.JobView) -> JobSnapshot:
        job = job_view.job
        body = schemas.job(job_view, self._settings.public_url, self._settings.purge_after)
        retry_after = None if job.final else min(10, max(1, (job_view.eta_seconds or 1) // 5))
        place = f"{job_view.position}.{job_view.eta_seconds}" if job_view.position else "-"
        return JobSnapshot(
            business_id=job.business_id,
            revision=job.revision,
            status=job.status,
            etag=f'W/"{job.revision}.{place}"',
            body=body.model_dump_json().encode(),
            retry_after=retry_after,
        )


def _refuse(future: "asyncio.Future[JobSnapshot | None]", fault: Exception) -> None:
    if not future.done():
        future.set_exception(fault)
        future.exception()  # Marked as seen: an asker may have left meanwhile.


def _named(message: bytes) -> UUID | None:
    """Which job changed. None, and a word in the log, for what another version of us may say during an upgrade."""
    try:
        return UUID(orjson.loads(message)["id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        log.get().warning("job_cache.not_understood", length=len(message))
        return None


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
