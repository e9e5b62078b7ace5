"""One worker process: starts the parts, waits for SIGTERM, drains, leaves with 0. The other importer of arq."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
import uvicorn
from arq.connections import ArqRedis
from arq.worker import Worker, func

from generation_worker import gauges, late, outcomes, recovery
from generation_worker.claim_loop import ClaimLoop
from generation_worker.resources import WorkerResources, open_resources
from shared.db import pool as db
from shared.http.health import Probes
from shared.http.server import config
from shared.notify import notifier
from shared.observability import log
from shared.settings import WorkerSettings

_RESTART_SECONDS = 1.0
_CLOSING_SECONDS = 10.0
_CANCELS = 5


async def main(settings: WorkerSettings) -> None:
    """Runs until SIGTERM or SIGINT."""
    log.start("generation_worker", settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_resources(settings) as resources:
        outcomes.start_counters_at_zero(resources.catalogue)
        claim_loop = ClaimLoop(resources)
        claimer = _forever("claims", claim_loop.run)
        claiming = [
            _forever("arq", lambda: _wake_by_arq(resources, claim_loop)),
            _forever("wake", lambda: _listen(resources, claim_loop)),
            _forever("sweep", lambda: recovery.run(resources)),
            _forever("late", lambda: late.run(resources)),
        ]
        holding = [
            _forever("leases", resources.leases.run),
            _forever("probes", lambda: _probes(resources)),
            _forever("gauges", lambda: gauges.run(resources)),
        ]
        # What was imported stays for ever: the collector need not look at it on every round.
        gc.freeze()
        log.get().info("worker.started", slots=settings.slots, images_per_minute=settings.images_per_minute)
        await stop.wait()
        # Not cancelled: a claim that Postgres has committed must not be forgotten by us.
        claim_loop.stop()
        await claimer
        await _end(claiming)
        await claim_loop.drain(settings.drain)
        # What is left to close holds nothing of value; a connection that will not close must not hold the exit.
        asyncio.get_running_loop().call_later(_CLOSING_SECONDS, os._exit, 0)
        await _end(holding)
    log.get().info("worker.stopped")


def _forever(name: str, part: Callable[[], Coroutine[Any, Any, None]]) -> "asyncio.Task[None]":
    """A part that breaks is started again: arq handles errors by dying, and paid calls must not die with it."""

    async def again() -> None:
        while True:
            try:
                return await part()
            except Exception as died:  # noqa: BLE001 - whatever it was, the worker's jobs go on
                log.get().warning("part.restarted", part=name, error=repr(died))
            await asyncio.sleep(_RESTART_SECONDS)

    return asyncio.create_task(again(), name=name)


async def _end(tasks: "list[asyncio.Task[None]]") -> None:
    # Again and again: before Python 3.12 `asyncio.wait_for`, which redis-py calls, can swallow a cancellation.
    for _ in range(_CANCELS):
        if open_tasks := [task for task in tasks if not task.done()]:
            for task in open_tasks:
                task.cancel()
            await asyncio.wait(open_tasks, timeout=1.0)


async def _wake_by_arq(resources: WorkerResources, claim_loop: ClaimLoop) -> None:
    """arq's own loop. Its job is over in microseconds, so its timeouts, tries and markers never matter."""

    async def look(_ctx: dict[Any, Any], _job_id: str) -> None:
        claim_loop.wake()

    pool = resources.notifier.redis.connection_pool
    worker = Worker(
        functions=[func(look, name=notifier.LOOK, keep_result=0, max_tries=1)],  # type: ignore[arg-type]
        redis_pool=ArqRedis(pool_or_conn=pool, job_serializer=notifier.serialize, job_deserializer=orjson.loads),
        handle_signals=False,
        max_tries=1,
        retry_jobs=False,
        keep_result=0,
        job_timeout=resources.settings.message_timeout,
        queue_read_limit=10_000,
        health_check_interval=15,
        health_check_key=f"darkroom:worker:{socket.gethostname()}:{os.getpid()}",
        job_serializer=notifier.serialize,
        job_deserializer=orjson.loads,
    )
    try:
        await worker.async_run()
    finally:
        # Not worker.close(): it would close the client that everything else here shares.
        for task in worker.tasks.values():
            task.cancel()


async def _listen(resources: WorkerResources, claim_loop: ClaimLoop) -> None:
    """The quick way beside arq's poll: a wake-up in a millisecond, and cancel marks without waiting for a renewal."""
    async for message in resources.notifier.listen(notifier.WAKE, notifier.CANCELS):
        claim_loop.wake()
        if message is not None and message[0] == notifier.CANCELS:
            resources.leases.renew_soon()


async def _probes(resources: WorkerResources) -> None:
    async def vendor() -> str | None:
        return f"paused: {resources.circuit_breaker.reason.value}" if resources.circuit_breaker.reason else None

    async def redis() -> None:
        await resources.notifier.redis.ping()

    probes = Probes({"postgres": lambda: db.ping(resources.db)}, {"redis": redis, "vendor": vendor})
    server = uvicorn.Server(config(probes, resources.settings, lifespan="off"))
    # The signals are ours; uvicorn would take them over.
    await server._serve()
