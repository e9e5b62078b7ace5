"""Running a service: uvicorn with our settings, our words for bytes that are no HTTP, and a word when it is to stop."""

import gc
import os
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared import problems
from shared.errors import Malformed
from shared.settings import Common


class _Protocol(HttpToolsProtocol):
    """uvicorn answers what it cannot parse in plain text; here it is the one error body too."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - its words may repeat the client's bytes
        request_id = os.urandom(16).hex()
        body = problems.body(Malformed("This is no valid HTTP request"), instance="/", request_id=request_id)
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


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
        http=_Protocol,
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
