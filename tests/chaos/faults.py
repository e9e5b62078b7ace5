"""The faults, done to real processes at their time, each in a thread of its own so that they overlap."""

import threading
import time
from collections.abc import Callable
from typing import TextIO

from tests.chaos.clients import Clients
from tests.chaos.house import House, Kept
from tests.chaos.plan import Fault, Kind, Plan


class Mischief:
    """Carries out a plan's faults and writes down when."""

    def __init__(self, house: House, clients: Clients, plan: Plan, diary: TextIO) -> None:
        self._house = house
        self._clients = clients
        self._diary = diary
        self._began = time.monotonic()
        self.done: list[tuple[float, Fault]] = []
        """When each really began, in seconds after the start."""
        self.last_end = 0.0
        """When the last one was over, on the clock of `time.monotonic`."""
        self.broken: list[str] = []
        """Faults that could not be done: a defect of the run itself."""
        self._threads = [threading.Thread(target=self._do, args=(fault,), daemon=True) for fault in plan.faults]

    def begin(self) -> None:
        """The clock starts now."""
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def over(self) -> bool:
        """Whether all of it has happened."""
        return not any(thread.is_alive() for thread in self._threads)

    def _do(self, fault: Fault) -> None:
        acts: dict[Kind, Callable[[Fault], None]] = {
            Kind.KILL: self._kill,
            Kind.TERM: self._term,
            Kind.FREEZE: self._freeze,
            Kind.FLUSH: self._flush,
            Kind.REDIS_KILLED: self._redis_killed,
            Kind.REDIS_SILENT: self._redis_silent,
            Kind.POSTGRES: self._postgres,
            Kind.GATEWAY: self._gateway,
            Kind.STORE: self._store,
        }
        time.sleep(max(0.0, self._began + fault.at - time.monotonic()))
        try:
            acts[fault.kind](fault)
        except Exception as failed:  # noqa: BLE001 - said in the report
            self.broken.append(f"{fault}: {failed!r}")
        self.last_end = max(self.last_end, time.monotonic())

    def _note(self, fault: Fault) -> None:
        at = time.monotonic() - self._began
        self.done.append((at, fault))
        print(f"{at:6.2f} s  {time.strftime('%H:%M:%S')}  {fault}", file=self._diary, flush=True)

    def _worker(self, fault: Fault) -> Kept:
        return self._house.workers[fault.worker]

    def _kill(self, fault: Fault) -> None:
        victim = self._worker(fault)
        with victim.lock:
            self._note(fault)
            if victim.process.runs:
                victim.process.kill9()

    def _term(self, fault: Fault) -> None:
        victim = self._worker(fault)
        with victim.lock:
            self._note(fault)
            victim.process.terminate()

    def _freeze(self, fault: Fault) -> None:
        victim = self._worker(fault)
        with victim.lock:
            self._note(fault)
            victim.process.stop_signal()
            time.sleep(fault.seconds)
            victim.process.continue_signal()

    def _flush(self, fault: Fault) -> None:
        with self._house.redis_lock:
            self._note(fault)
            self._house.valkey.flush()

    def _redis_killed(self, fault: Fault) -> None:
        with self._house.redis_lock:
            self._note(fault)
            self._house.valkey.kill()
            time.sleep(fault.seconds)
            self._house.on_main_thread(self._house.valkey.start)

    def _redis_silent(self, fault: Fault) -> None:
        with self._house.redis_lock:
            self._note(fault)
            self._house.valkey.pause()
            time.sleep(fault.seconds)
            self._house.valkey.resume()

    def _postgres(self, fault: Fault) -> None:
        with self._house.postgres_lock:
            self._note(fault)
            self._house.postgres.stop()
            time.sleep(fault.seconds)
            self._house.on_main_thread(self._house.postgres.start)

    def _gateway(self, fault: Fault) -> None:
        self._clients.wait_until_one_asks(2.0)
        with self._house.gateway.lock:
            self._note(fault)
            if self._house.gateway.process.runs:
                self._house.gateway.process.kill9()

    def _store(self, fault: Fault) -> None:
        with self._house.store_lock:
            self._note(fault)
            self._house.store_fails()
            time.sleep(fault.seconds)
            self._house.store_works()
