"""Running a service: uvicorn with our settings and bounds, and a word when it is to stop."""

import gc
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from shared.http.protocol import bounded
from shared.settings import Common


class _Server(uvicorn.Server):
    """uvicorn that says when it is asked to stop, so that open event streams end instead of being waited for."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._on_stop:
            self._on_stop()


def serve(app: ASGIApp, settings: Common, on_stop: Callable[[], None] | None = None) -> None:
    """Runs until SIGTERM or SIGINT, then lets open requests finish for ten seconds."""
    config = uvicorn.Config(
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
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
    )
    # What was imported stays for ever: the collector need not look at it on every round.
    gc.freeze()
    _Server(config, on_stop).run()
