"""The processes of a chaos run, and the supervisor that starts again what ended. What befalls them is in `faults`."""

import queue
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx2
import redis

from tests.chaos.plan import SCRIPTS, Plan, Weather
from tests.servers import PostgresServer, ValkeyServer, until
from tests.stack import Process, Stack

LEASE = 3.0
QUICK = {
    "DARKROOM_LEASE_SECONDS": str(LEASE),
    "DARKROOM_RENEW_SECONDS": "1",
    "DARKROOM_SWEEP_SECONDS": "0.5",
    "DARKROOM_DRAIN_SECONDS": "10",
    "DARKROOM_VENDOR_TIMEOUT": "6",
    "DARKROOM_STORE_TIMEOUT": "2",
    "DARKROOM_JOB_TIMEOUT": "15",
    "DARKROOM_BELL_TIMEOUT": "20",
    "DARKROOM_REDIS_TIMEOUT": "0.5",
    "DARKROOM_DATABASE_TIMEOUT": "3",
    "DARKROOM_WORKER_SLOTS": "6",
    # Otherwise a job that many workers died under could end as `worker_lost`, which is right but not what is counted.
    "DARKROOM_MAX_LOSSES": "30",
}
"""The ladder of timeouts, made short. Everything else is as it is shipped."""

STORE = "cloudinary.upload"
HANGS = 124
"""Stands for the exit status of a process that did not end after SIGTERM."""
_LOOK_EVERY = 0.05
_STORE_WEATHER = [{"do": "drop_after", "p": 0.04}, {"do": "500", "p": 0.04}]


class Kept:
    """A process that is started again whenever it ends. Whoever holds `lock` may do to it what it likes meanwhile."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lock = threading.Lock()
        self.exits: list[int] = []
        """How it ended, each time; negative for a signal."""

    def alive(self) -> bool:
        """Whether it answers; the gateway is not `ready` without the two services that are missing here."""
        try:
            return httpx2.get(f"{self.process.url}/healthz", timeout=2, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False

    def tend(self) -> None:
        """Starts it if it has ended."""
        if self.lock.acquire(blocking=False):
            try:
                if not self.process.runs:
                    self.exits.append(self.process.wait())
                    self.process.start(wait=False)
            finally:
                self.lock.release()


class House:
    """A context manager: everything runs inside of it. `tend` must be called again and again, on the main thread."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self._plan = plan
        self._open = ExitStack()
        self._calls: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]] = queue.SimpleQueue()
        self.redis_lock = threading.Lock()
        self.postgres_lock = threading.Lock()
        self.store_lock = threading.Lock()

    def __enter__(self) -> Self:
        try:
            self.postgres = self._open.enter_context(PostgresServer())
            self.valkey = self._open.enter_context(ValkeyServer())
            # The upload and library services are not started: generation does not need them.
            self.stack = Stack(
                self.folder,
                database_url=self.postgres.url(),
                redis_url=self.valkey.url,
                workers=self._plan.workers,
                environment=QUICK,
            )
            self.sandbox = self.stack.sandbox
            self._open.callback(self.stack.stop)
            self._migrate()
            self.sandbox.start()
            self._script()
            self.workers = [Kept(worker) for worker in self.stack.workers]
            self.gateway = Kept(self.stack.gateway)
            for kept in self._all:
                kept.process.start(wait=False)
            for kept in self._all:
                until(f"{kept.process.name} is alive", kept.alive)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name, server in (("postgres", self.postgres), ("valkey", self.valkey)):
            (self.folder / f"{name}.log").write_text(server.log)
        self._open.close()

    @property
    def _all(self) -> list[Kept]:
        return [*self.workers, self.gateway]

    def tend(self) -> None:
        """One look of the supervisor."""
        for kept in self._all:
            kept.tend()
        try:
            call, done = self._calls.get(timeout=_LOOK_EVERY)
        except queue.Empty:
            return
        try:
            call()
        finally:
            done.set()

    def on_main_thread(self, call: Callable[[], None]) -> None:
        """Starts servers where they die with us: a child begun in a passing thread would not."""
        done = threading.Event()
        self._calls.put((call, done))
        done.wait(60)

    def tend_until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Supervises until it is so; False when it is not in time."""
        deadline = time.monotonic() + seconds
        while not (so := reached()) and time.monotonic() < deadline:
            self.tend()
        return so

    def stop_in_order(self) -> dict[str, list[int]]:
        """SIGTERM to all of ours: how each of them ended over its lives, the last one included."""
        for kept in self._all:
            kept.process.terminate()
        for kept in self._all:
            try:
                kept.exits.append(kept.process.wait())
            except subprocess.TimeoutExpired:
                kept.exits.append(HANGS)
        return {kept.process.name: kept.exits for kept in self._all}

    def store_fails(self) -> None:
        """Every call to the picture store is answered 503."""
        for target in (STORE, "cloudinary.lookup"):
            self.sandbox.script(target, always="503")

    def store_works(self) -> None:
        """As well as a store does."""
        for target in (STORE, "cloudinary.lookup"):
            self.sandbox.unscript(target)
        self.sandbox.script(STORE, mix=_STORE_WEATHER, seed=self._plan.seed)

    def redis(self) -> "redis.Redis":
        """A client of the harness's own."""
        return redis.Redis.from_url(self.valkey.url, socket_timeout=5)

    def _script(self) -> None:
        self.sandbox.limits(latency_seconds=0.4)
        for weather, behaviour in SCRIPTS.items():
            self.sandbox.script("openai.generate", match=weather.value, always=behaviour)
        busy = sum(wish.weather is Weather.BUSY for wish in self._plan.wishes)
        if busy:
            refusals = {"do": "429", "retry_after": 0.3, "times": busy}
            self.sandbox.script("openai.generate", refusals, match=Weather.BUSY.value)
        self.sandbox.script(STORE, mix=_STORE_WEATHER, seed=self._plan.seed)

    def _migrate(self) -> None:
        program = Process("shared.migrations", self.stack.environment, logs=self.folder)
        program.start(wait=False)
        status = program.wait(60)
        assert status == 0, f"the migrations ended with {status}:\n{program.log}"
