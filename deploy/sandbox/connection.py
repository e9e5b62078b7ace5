"""The server beneath the application: connections that can be dropped, and an end within a second.
The only file that knows uvicorn.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATIENCE_SECONDS = 0.5
"""How long the last answers may take to leave once the process was asked to end."""


class DroppableProtocol(HttpToolsProtocol):
    """Lays its transport into the request's state: ASGI itself has no word for hanging up."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Server(uvicorn.Server):
    """Ends with status 0 when asked to, and lets hanging calls go first."""

    def __init__(self, app: ASGIApp, host: str, port: int, close: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=DroppableProtocol,
                ws="none",
                access_log=False,
                log_level="warning",
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
                server_header=False,
            )
        )
        self._close = close

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Says where it listens, once it does."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                print(f"sandbox: listening on http://{host}:{port}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (uvicorn's signature)
        """Unlike uvicorn's own, it does not raise the signal again after the end: SIGTERM is the ordinary way out."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes about half a second, whoever waits."""
        self._close()
        asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._hang_up)
        await super().shutdown(sockets)

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport:
                connection.transport.abort()
