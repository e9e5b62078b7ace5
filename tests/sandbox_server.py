"""Starts the sandbox as a process of its own, for tests that need OpenAI and Cloudinary on the wire.
Used by every test above the unit ones; what the sandbox itself does is tested in tests/sandbox/.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx2

from deploy.local.child import die_with_parent
from deploy.local.ports import free_port

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0


class SandboxServer:
    """`with SandboxServer(tmp_path) as sandbox:` ... `sandbox.url`. One object can be stopped and started again."""

    def __init__(self, data_dir: Path, port: int | None = None, environment: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.token = secrets.token_urlsafe(16)
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def owner(self) -> dict[str, str]:
        """The header that opens the control API."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def openai_base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the sandbox is not running"
        return self._process.pid

    def start(self) -> SandboxServer:
        assert self._process is None, "the sandbox is running already"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "DARKROOM_HOST": "127.0.0.1",
            "DARKROOM_PORT": str(self.port),
            "DARKROOM_SANDBOX_DATA": str(self.data_dir),
            "DARKROOM_SANDBOX_URL": self.url,
            "DARKROOM_SANDBOX_LATENCY": "0",
            "DARKROOM_SANDBOX_TOKEN": self.token,
            **self._environment,
        }
        command = [sys.executable, "-m", "deploy.sandbox"]
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - nothing stays when the test run is killed
        )
        self._wait_until_it_answers()
        return self

    def stop(self, kill: bool = False) -> int:
        """SIGTERM, or SIGKILL; the exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def script(self, target: str = "openai.generate", *calls: str | dict[str, Any], **order: Any) -> dict[str, Any]:
        """`script("openai.generate", "500", {"do": "slow", "seconds": 2})`; also match=, always=, mix=, seed=."""
        behaviours = [{"do": call} if isinstance(call, str) else call for call in calls]
        if isinstance(order.get("always"), str):
            order["always"] = {"do": order["always"]}
        return self._json("POST", "/_sandbox/script", {"target": target, "calls": behaviours, **order})

    def unscript(self, target: str) -> None:
        """Ends what was scripted for one target, e.g. a store that was down; everything else stays."""
        self._ask("DELETE", "/_sandbox/script", params={"target": target}).raise_for_status()

    def rules(self) -> list[dict[str, Any]]:
        """What is scripted now."""
        return cast("list[dict[str, Any]]", self._json("GET", "/_sandbox/script")["rules"])

    def release(self) -> None:
        """Calls that wait (`slow`, `seconds`) go on now; so a test waits for a state and not for a time."""
        self._ask("POST", "/_sandbox/release").raise_for_status()

    def limits(self, **order: Any) -> dict[str, Any]:
        """`limits(images_per_minute=5)`, `limits(latency_seconds=0.1)`; None takes a limit away."""
        return self._json("POST", "/_sandbox/limits", order)

    def model(self, name: str, available: bool) -> dict[str, Any]:
        """Revives a retired model or retires a living one, until `clear`."""
        return self._json("POST", "/_sandbox/models", {"model": name, "available": available})

    def ledger(self, target: str | None = None, painted: bool | None = None, after: int = 0) -> list[dict[str, Any]]:
        asked = {"target": target, "painted": None if painted is None else str(painted).lower(), "after": after}
        query = {name: value for name, value in asked.items() if value is not None}
        return cast("list[dict[str, Any]]", self._json("GET", "/_sandbox/ledger", query=query)["calls"])

    def summary(self) -> dict[str, Any]:
        return self._json("GET", "/_sandbox/ledger/summary")

    def clear(self) -> None:
        """As new: no script, no limits, the catalogue's models, an empty ledger. Pictures and waiting calls stay."""
        for path in ("/_sandbox/script", "/_sandbox/limits", "/_sandbox/ledger"):
            self._ask("DELETE", path).raise_for_status()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _json(
        self, method: str, path: str, body: dict[str, Any] | None = None, query: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        answer = self._ask(method, path, json=body, params=query)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return cast("dict[str, Any]", answer.json())

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        more = {"headers": self.owner, "timeout": 10, "trust_env": False, "verify": False, **more}
        return httpx2.request(method, self.url + path, **more)

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            status = self._process.poll()
            assert status is None, f"the sandbox ended with {status} instead of starting"
            try:
                if self._ask("GET", "/healthz").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.02)
        self.stop(kill=True)
        raise AssertionError(f"the sandbox did not answer within {START_SECONDS:g} s")
