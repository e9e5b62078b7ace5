"""The claim loop: on a wake-up or every few seconds takes due rows, as many as there are free slots and tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import zip_longest

from prometheus_client import Gauge

from generation_worker import run_job
from generation_worker.leases import Stop
from generation_worker.resources import WorkerResources
from shared.db import jobs
from shared.db.pool import DatabaseUnavailable, Pool
from shared.db.tables import JobRow
from shared.observability import log

_AT_ONCE = 16
"""Rows one claim takes at most: others look too, and tokens are held meanwhile."""

_HELD_BACK_PAUSE = 1.0
_UNWRITTEN_PAUSE = 5.0

_HELD = Gauge("darkroom_jobs_held", "Jobs this worker holds")


class ClaimLoop:
    """The slots of one worker."""

    def __init__(self, resources: WorkerResources) -> None:
        self._resources = resources
        self._awake = asyncio.Event()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Looks for due rows now."""
        self._awake.set()

    async def run(self) -> None:
        """Claims until `stop`. A wake-up that is lost costs one round of the sweep's interval."""
        while not self._stopping:
            pause = await self._claim_what_is_due()
            try:
                async with asyncio.timeout(min(pause, self._resources.settings.sweep_every)):
                    await self._awake.wait()
            except TimeoutError:
                pass
            self._awake.clear()

    def stop(self) -> None:
        """No further claims; `run` ends."""
        self._stopping = True
        self._awake.set()

    async def _claim_what_is_due(self) -> float:
        """Seconds until looking again makes sense without a wake-up."""
        resources = self._resources
        while self._free():
            tokens, wait = await self._tokens()
            if not tokens:
                # What is paid for needs no vendor: neither its limits nor our mistakes keep it from getting home.
                await self._begin(await self._claim(jobs.claim_staged, self._free()), [])
                return wait
            shut = [(scope.model or "", scope.business_id) for scope in resources.circuit_breaker.shut()]
            claimed = await self._claim(partial(jobs.claim, shut=shut), len(tokens))
            await self._begin(claimed, tokens)
            if unused := tokens[len(claimed) :]:
                await resources.rate_limiter.give_back(*unused)
                break
        return min(resources.settings.sweep_every, resources.circuit_breaker.next_opens)

    async def _tokens(self) -> tuple[list[str], float]:
        """Rights to a vendor call each; where there is none, the seconds until asking again makes sense."""
        resources = self._resources
        if resources.circuit_breaker.left:
            return [], resources.circuit_breaker.left
        # One job while the mend of our own mistake is being proved.
        most = min(self._free(), 1 - len(self._tasks)) if resources.circuit_breaker.probing else self._free()
        if most <= 0:
            return [], resources.settings.sweep_every
        if not await resources.paid.may_call():
            return [], _HELD_BACK_PAUSE
        return await resources.rate_limiter.take(most)

    async def _claim(self, how: Callable[[Pool, int, float], Awaitable[list[JobRow]]], most: int) -> list[JobRow]:
        try:
            return await how(self._resources.db, most, self._resources.settings.lease)
        except DatabaseUnavailable as gone:
            log.get().warning("claim.failed", error=str(gone))
            return []

    async def _begin(self, claimed: list[JobRow], tokens: list[str]) -> None:
        for job, token in zip_longest(claimed, tokens[: len(claimed)]):
            self._start(job, token)
        await self._resources.notifier.publish(*claimed)

    def _free(self) -> int:
        """Jobs to claim at once."""
        return 0 if self._stopping else max(0, min(self._resources.settings.slots - len(self._tasks), _AT_ONCE))

    def _start(self, job: JobRow, token: str | None) -> None:
        task = asyncio.create_task(run_job.run(self._resources, job, token), name=f"job {job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        _HELD.set(len(self._tasks))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        _HELD.set(len(self._tasks))
        if not task.cancelled() and task.exception():
            log.get().error("job.task_died", error=repr(task.exception()))
        # A freed slot claims the next row without waiting to be woken.
        self._awake.set()

    async def drain(self, seconds: float) -> None:
        """Lets running jobs finish, then hands the rest back. Claiming must have stopped before."""
        if self._tasks:
            log.get().info("worker.draining", held=len(self._tasks), seconds=seconds)
            await asyncio.wait(self._tasks, timeout=seconds)
        while self._hand_back():
            # Neither Postgres nor the store takes a paid picture. To leave now would be to throw it away.
            log.get().error("worker.cannot_leave", held=len(self._tasks))
            await asyncio.wait(self._tasks, timeout=_UNWRITTEN_PAUSE)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._resources.settings.database_timeout)

    def _hand_back(self) -> bool:
        """Stops what may be stopped. True while a picture is in our hands and nowhere else."""
        held = self._resources.leases.all()
        for lease in held:
            lease.stop(Stop.SHUTDOWN)
        return any(lease.paid and not lease.safe for lease in held)
