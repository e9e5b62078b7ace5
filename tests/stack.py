"""Real processes for tests: one of them (Process), or the whole product on private stores (Stack).

The stores themselves are in servers.py. Nothing here is patched; what differs from `make up` is only said by variables.
"""

import http.client
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from deploy.local.child import Child
from deploy.local.ports import free_port
from tests.sandbox_server import SandboxServer
from tests.servers import START_SECONDS, Running, until
from tests.terminal import darkroom

ROOT = Path(__file__).resolve().parent.parent
_SYSTEM = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


class Process:
    """One program of the product: `Process("upload_service", {...})`. Its port is chosen here unless it is given.

    `code` is the folder of another version of the product, if it is to be that one's.
    """

    def __init__(
        self,
        module: str,
        environment: Mapping[str, str],
        *,
        logs: Path,
        name: str = "",
        ready_line: str = "",
        command: Sequence[str] = (),
        code: Path = ROOT,
    ) -> None:
        self.name = name or module
        self.port = int(environment.get("DARKROOM_PORT", "0")) or free_port()
        self._ready_line = ready_line
        defaults = {
            "DARKROOM_HOST": "127.0.0.1",
            "DARKROOM_ALLOWED_HOSTS": "x, darkroom",  # What the tests with bare sockets call it.
            "DARKROOM_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        }
        child = Child(
            name=self.name,
            command=command or (sys.executable, "-m", module),
            environment={**_SYSTEM, **defaults, **environment, "DARKROOM_PORT": str(self.port)},
            ready=self._ready,
            directory=code,
            stop_seconds=START_SECONDS,
        )
        self._running = Running(child, logs / f"{self.name}.log")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        return self._running.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._running.runs

    @property
    def log(self) -> str:
        """All it has said so far, over all its lives."""
        return self._running.log

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log lines of this event."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if line.get("event") == name]

    def start(self, *, wait: bool = True) -> Self:
        """Starts it, again after it ended, and waits until it is ready unless told not to."""
        self._running.spawn()
        return self.wait_ready() if wait else self

    def wait_ready(self, seconds: float = START_SECONDS) -> Self:
        """Fails with its own last words when it ends instead."""

        def ready() -> bool:
            assert self.runs, f"{self.name} ended with {self.wait()} before it was ready:\n{self.log[-4000:]}"
            return self.is_ready()

        until(f"{self.name} is ready; it said:\n{self.log[-4000:]}", ready, seconds)
        return self

    def wait_said(self, words: str, seconds: float = START_SECONDS) -> None:
        """Waits until its output contains these words."""
        until(f"{self.name} says {words!r}", lambda: words in self.log, seconds)

    def is_ready(self) -> bool:
        """Whether `/readyz` answers 200, or the awaited line was logged."""
        if self._ready_line:
            return self._ready_line in self.log
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait(self, seconds: float = START_SECONDS) -> int:
        """Its exit status; negative when a signal ended it."""
        return self._running.wait(seconds)

    def stop(self) -> None:
        """SIGTERM, wait, and kill -9 in the end."""
        self._running.stop()

    def kill9(self) -> None:
        """kill -9, and wait until it is gone."""
        self._running.kill()

    def terminate(self) -> None:
        """SIGTERM; does not wait."""
        self._running.signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """SIGINT; does not wait."""
        self._running.signal(signal.SIGINT)

    def stop_signal(self) -> None:
        """SIGSTOP: it is there and does nothing."""
        self._running.signal(signal.SIGSTOP)

    def continue_signal(self) -> None:
        """SIGCONT."""
        self._running.signal(signal.SIGCONT)

    async def _ready(self) -> bool:
        return self.is_ready()

    def __enter__(self) -> Self:
        return self if self.runs else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Stack:
    """The whole product: sandbox, upload, library, workers, gateway, on stores that the caller started and migrated.

    `environment` is said to every process; each is an attribute and can be killed and started on its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str,
        redis_url: str,
        workers: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        given = dict(environment or {})
        gateway_port, upload_port, library_port = free_port(), free_port(), free_port()
        self.folder = folder
        self.sandbox = SandboxServer(folder / "sandbox")
        self.environment: Mapping[str, str] = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DARKROOM_SANDBOX_URL": self.sandbox.url,
            "DARKROOM_PUBLIC_URL": f"http://127.0.0.1:{gateway_port}",
            "DARKROOM_UPLOAD_URL": f"http://127.0.0.1:{upload_port}",
            "DARKROOM_LIBRARY_URL": f"http://127.0.0.1:{library_port}",
            "DARKROOM_IMAGES_PER_MINUTE": "6000",
            **given,
        }
        self.upload = self._process("upload_service", "upload", upload_port)
        self.library = self._process("library_service", "library", library_port)
        self.gateway = self._process("gateway", "gateway", gateway_port)
        self.workers = [self._worker(n) for n in range(1, workers + 1)]

    @property
    def url(self) -> str:
        """The gateway."""
        return self.gateway.url

    @property
    def processes(self) -> list[Process]:
        """Ours, in the order in which `make up` starts them."""
        return [self.upload, self.library, *self.workers, self.gateway]

    def start(self) -> Self:
        """All at once, because starting costs mostly processor time; returns when all are ready."""
        try:
            for process in self.processes:
                process.start(wait=False)
            self.sandbox.start()
            for process in self.processes:
                process.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """All of them told first, then waited for, the gateway first of all."""
        for process in reversed(self.processes):
            process.continue_signal()
            process.terminate()
        for process in reversed(self.processes):
            process.stop()
        self.sandbox.stop()

    def add_worker(self, **environment: str) -> Process:
        """One more worker, started and ready; `environment` is said to it alone."""
        worker = self._worker(len(self.workers) + 1, environment)
        self.workers.append(worker)
        return worker.start()

    def command(self, *words: str, status: int = 0) -> str:
        """`./darkroom WORDS` on this product, which must end with `status`; what it said."""
        ran = darkroom(words, {**_SYSTEM, "DATABASE_URL": self.environment["DATABASE_URL"]})
        assert ran.returncode == status, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def _worker(self, number: int, environment: Mapping[str, str] | None = None) -> Process:
        return self._process("generation_worker", f"worker-{number}", free_port(), environment)

    def _process(self, module: str, name: str, port: int, more: Mapping[str, str] | None = None) -> Process:
        told = {**self.environment, **(more or {}), "DARKROOM_PORT": str(port)}
        return Process(module, told, logs=self.folder, name=name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
