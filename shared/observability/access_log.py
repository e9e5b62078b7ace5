"""One line per answered request, written by hand and in batches: a structlog line costs more than a status poll."""

import asyncio
import time

from shared.observability.log import Sink
from shared.settings import Common

_FLUSH_SECONDS = 0.2
_FLUSH_LINES = 200


class AccessLog:
    """Collects lines and writes them together, at the latest 0.2 s later."""

    def __init__(self, settings: Common) -> None:
        self._on = settings.log_level in {"debug", "info"}
        self._json = settings.log_format == "json"
        self._lines: list[str] = []
        self._sink = Sink()
        self._timer: asyncio.TimerHandle | None = None

    def write(self, request_id: str, method: str, route: str, status: int, took: float) -> None:
        """Every value is ours or was checked to be sane, so nothing needs escaping."""
        if not self._on:
            return
        line = (
            f'{{"event":"request.answered","level":"info","at":{time.time():.3f},"request_id":"{request_id}",'
            f'"method":"{method}","route":"{route}","status":{status},"took_ms":{took * 1000:.2f}}}\n'
            if self._json
            else f"{method} {route} {status} {took * 1000:.1f} ms {request_id}\n"
        )
        self._lines.append(line)
        if len(self._lines) >= _FLUSH_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Writes what was collected."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        text, self._lines = "".join(self._lines), []
        self._sink.write(text)
