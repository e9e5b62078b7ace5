"""What operators ask every process: `/healthz`, `/readyz`, `/metrics`. Bare ASGI, so that the worker has it too."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Receive, Scope, Send

from shared.domain.errors import MethodNotAllowed
from shared.http import problems

HealthCheck = Callable[[], Awaitable[str | None]]
"""Raises when the part is missing; may answer a word about a part that is there but degraded."""

METRICS = "/metrics"
CHECK_SECONDS = 3.0
"""How long is waited for a part that the process cannot work without."""
ADVISORY_SECONDS = 2.0
"""How long is waited for one that it can. Less than the gateway waits for the whole answer of a service."""
_REMEMBERED_SECONDS = 2.0
"""How long an answer of `/readyz` is given again without asking."""


class Probes:
    """Answers the three paths. `checks` are what this process cannot work without, `advisory` what it can; `headers` go
    with every answer."""

    paths = frozenset({"/healthz", "/readyz", METRICS})

    def __init__(
        self,
        checks: Mapping[str, HealthCheck],
        advisory: Mapping[str, HealthCheck] | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._checks = checks
        self._headers = headers
        self._advisory = advisory or {}
        self._asking: asyncio.Task[tuple[int, bytes]] | None = None
        self._asked_at = float("-inf")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await self._refuse(scope, send)
            return
        status, kind, body = 200, b"application/json", b'{"status":"ok"}'
        if scope["path"] == METRICS:
            kind, body = CONTENT_TYPE_LATEST.encode(), generate_latest()
        elif scope["path"] == "/readyz":
            status, body = await self._remembered()
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *self._headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _refuse(self, scope: Scope, send: Send) -> None:
        problem = MethodNotAllowed("It can only be read", extra={"allow": ["GET", "HEAD"]})
        status, (headers, body) = problem.status, problems.apart(problem, scope["path"])
        if scope["method"] == "OPTIONS":
            status, headers, body = 204, [header for header in headers if header[0] == b"allow"], b""
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *self._headers]})
        await send({"type": "http.response.body", "body": body})

    async def _remembered(self) -> tuple[int, bytes]:
        """The answer of a moment ago, or the one that is being found: strangers may ask, however often."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now - self._asked_at >= _REMEMBERED_SECONDS):
            self._asking = asyncio.create_task(self._ready())
            self._asked_at = now
        # Shielded: who leaves does not take the answer from the others.
        return await asyncio.shield(self._asking)

    async def _ready(self) -> tuple[int, bytes]:
        asked = [_ask(check, CHECK_SECONDS) for check in self._checks.values()]
        asked += [_ask(check, ADVISORY_SECONDS) for check in self._advisory.values()]
        parts = dict(zip([*self._checks, *self._advisory], await asyncio.gather(*asked), strict=True))
        missing = [name for name in self._checks if parts[name].startswith("down")]
        answer = {"status": "not_ready" if missing else "ready", "missing": missing, "parts": parts}
        return (503 if missing else 200), orjson.dumps(answer)


async def _ask(check: HealthCheck, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return await check() or "ok"
    except TimeoutError:
        return f"down: no answer within {seconds:g} s"
    except Exception as gone:  # noqa: BLE001 - whatever a part raises, the operator wants its name
        return f"down: {str(gone) or type(gone).__name__}"
