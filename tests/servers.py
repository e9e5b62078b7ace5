"""Private stores for tests, each of which can be killed, paused and started again with the same port and data.

They are the stores of `make up` (deploy/local/stores.py); here is only what a test does to them.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg
import redis

from deploy.local.child import Child, kill_group, start_options
from deploy.local.ports import free_port
from deploy.local.stores import Postgres, Valkey

START_SECONDS = 30.0
_LOOK_EVERY = 0.02

# Order does not matter while foreign keys are not watched. A few rows are deleted faster than files are exchanged.
_CLEAR = """
do $$ declare its name; begin
    perform pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid();
    set local session_replication_role = replica;
    for its in select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version' loop
        if pg_relation_size(quote_ident(its)::regclass) > 1000000 then
            execute format('truncate %I cascade', its);
        else
            execute format('delete from %I', its);
        end if;
    end loop;
end $$
"""

Result = TypeVar("Result")


def until(what: str, condition: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Waits until `condition()` is true. Tests never sleep a fixed time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(_LOOK_EVERY)


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs it in a loop and thread of its own, so that it can be called from fixtures and from inside of tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class Running:
    """One started child: how tests end, freeze and wake it. What it says goes to a file."""

    def __init__(self, child: Child, log: Path) -> None:
        self.child = child
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None, f"{self.child.name} was never started"
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All it has said so far, over all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def spawn(self) -> None:
        """Starts it and returns at once."""
        assert not self.runs, f"{self.child.name} runs already"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.child.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **start_options(self.child)
            )

    def signal(self, what: signal.Signals) -> None:
        """Sends it, when there is still somebody to hear it."""
        if self._process is not None:
            self._process.send_signal(what)

    def wait(self, seconds: float = START_SECONDS) -> int:
        """Its exit status, negative for a signal; what it leaves behind in its session is ended."""
        assert self._process is not None
        status = self._process.wait(seconds)
        kill_group(self._process.pid)
        return status

    def stop(self) -> None:
        """In order; by force when it takes too long."""
        if self._process is None:
            return
        self.signal(self.child.stop_signal)
        self.signal(signal.SIGCONT)
        try:
            self.wait(self.child.stop_seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.wait()

    def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        self.wait()


class _Server:
    """What both stores have in common. Made ready but not started; a context manager starts and removes it."""

    def __init__(self, make: Callable[[Path], Postgres | Valkey]) -> None:
        # Not below pytest's folder, which is closed: root's Postgres runs as somebody else.
        self._folder = Path(tempfile.mkdtemp(prefix="darkroom-test-"))
        self._folder.chmod(0o711)
        self._store = make(self._folder / "store")
        self._store.prepare()
        self._running = Running(self._store.child(), self._folder / "log")

    @property
    def port(self) -> int:
        """Stays the same over restarts."""
        return self._store.port

    @property
    def log(self) -> str:
        """All it has said."""
        return self._running.log

    @property
    def pid(self) -> int:
        """Of its first process."""
        return self._running.pid

    def start(self) -> None:
        """Returns when it answers. One that was just killed may need several tries."""

        def answers() -> bool:
            if not self._running.runs:
                self._running.spawn()
            return self._store.is_ready()

        until(f"{self._running.child.name} is ready", answers)

    def stop(self) -> None:
        """In order."""
        self.resume()
        self._running.stop()

    def remove(self) -> None:
        """Stops it and forgets its data."""
        self.stop()
        shutil.rmtree((self._folder / "store").resolve())  # It may lie elsewhere when the folder for tests is closed.
        shutil.rmtree(self._folder)

    def kill(self) -> None:
        """kill -9 of the server."""
        self._running.kill()

    def pause(self) -> None:
        """It goes silent: connections stay open and nothing answers."""
        self._to_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Undoes `pause`."""
        self._to_all(signal.SIGCONT)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _to_all(self, what: signal.Signals) -> None:
        if self._running.runs:
            for pid in (self._running.pid, *children(self._running.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, what)


class PostgresServer(_Server):
    """A private Postgres. Its data is not safe from a power failure, only from kill -9."""

    _store: Postgres

    def __init__(self) -> None:
        super().__init__(lambda folder: Postgres(folder, free_port(), durable=False))

    def url(self, database: str = "darkroom") -> str:
        """The address of one of its databases for the superuser; `darkroom` is there and empty."""
        return self._store.owner_url(database)

    def services_url(self, database: str = "darkroom") -> str:
        """The same for the role that migrations and services have with `make up`."""
        return self._store.url(database)

    def create(self, database: str, template: str = "template1") -> str:
        """A new database, a copy of `template`. Returns its address."""
        self.execute(f'create database "{database}" template "{template}" owner services')
        return self.url(database)

    def clear(self, database: str) -> None:
        """Ends whoever is connected and empties every table. Far cheaper than a new copy."""
        self.execute(_CLEAR, database=database)

    def drop(self, database: str) -> None:
        """Ends whoever is connected and removes it."""
        self.execute(f'drop database if exists "{database}" with (force)')

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Runs statements, each on its own."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url(database))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        run_apart(run())


class ValkeyServer(_Server):
    """A private Valkey. Its append-only file survives kill -9."""

    _store: Valkey

    def __init__(self) -> None:
        super().__init__(lambda folder: Valkey(folder, free_port()))

    @property
    def url(self) -> str:
        """The address of its first database."""
        return self._store.url()

    def flush(self) -> None:
        """Forgets everything. Connections and subscriptions stay."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


def children(pid: int) -> list[int]:
    """Postgres works in processes of its own sessions, so a group signal would miss them."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if listed.exists():
        return [int(child) for child in listed.read_text().split()]
    every = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in every.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]
