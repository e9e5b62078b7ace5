"""Running a service: uvicorn with our settings and bounds, and a word when it is to stop."""

import gc
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp

from shared.http.protocol import bounded
from shared.observability import log
from shared.settings import Common, read

Settings = TypeVar("Settings", bound=Common)


def run(name: str, kind: type[Settings], build: Callable[[Settings], ASGIApp]) -> None:
    """Runs the service that `build` makes of its settings, which are read from the environment, until SIGTERM or
    SIGINT; then lets open requests finish for ten seconds. An application's `stop`, if it has one, is called first."""
    settings = read(kind)
    log.start(name, settings)
    app = build(settings)
    server = _Server(config(app, settings, timeout_graceful_shutdown=10), getattr(app, "stop", None))
    # What was imported stays for ever: the collector need not look at it on every round.
    gc.freeze()
    server.run()


def config(app: ASGIApp, settings: Common, **more: Any) -> uvicorn.Config:
    """How every process listens. `more` goes to uvicorn."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=bounded(settings),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody in front of us is trusted to say who the client is.
        proxy_headers=False,
        timeout_keep_alive=75,
        **more,
    )


class _Server(uvicorn.Server):
    """uvicorn that says when it is asked to stop, so that open event streams end instead of being waited for."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._on_stop:
            self._on_stop()
