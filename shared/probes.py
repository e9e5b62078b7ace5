"""What operators ask every process: `/healthz`, `/readyz`, `/metrics`. Bare ASGI, so that the worker has it too."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Receive, Scope, Send

Check = Callable[[], Awaitable[str | None]]
"""Raises when the part is missing; may answer a word about a part that is there but degraded."""

METRICS = "/metrics"
_CHECK_SECONDS = 3.0


class Probes:
    """Answers the three paths. `checks` are what this process cannot work without, `advisory` what it can; `headers` go
    with every answer."""

    paths = frozenset({"/healthz", "/readyz", METRICS})

    def __init__(
        self,
        checks: Mapping[str, Check],
        advisory: Mapping[str, Check] | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._checks = checks
        self._headers = headers
        self._advisory = advisory or {}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        status, kind, body = 200, b"application/json", b'{"status":"ok"}'
        if scope["path"] == METRICS:
            kind, body = CONTENT_TYPE_LATEST.encode(), generate_latest()
        elif scope["path"] == "/readyz":
            status, body = await self._ready()
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *self._headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _ready(self) -> tuple[int, bytes]:
        names = [*self._checks, *self._advisory]
        words = await asyncio.gather(*(_ask(check) for check in [*self._checks.values(), *self._advisory.values()]))
        parts = dict(zip(names, words, strict=True))
        missing = [name for name in self._checks if parts[name].startswith("down")]
        answer = {"status": "not_ready" if missing else "ready", "missing": missing, "parts": parts}
        return (503 if missing else 200), orjson.dumps(answer)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check() or "ok"
    except Exception as gone:  # noqa: BLE001 - whatever a part raises, the operator wants its name
        return f"down: {gone or type(gone).__name__}"
