"""HTTP/1.1 as uvicorn speaks it, with bounds: how large a head may be, how long head and body may take, how many
connections there are. What cannot be parsed, or is out of bounds, is answered with the one error body.
"""

import asyncio
import http
import os

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared import problems
from shared.errors import HeadTooLarge, Internal, Malformed, Problem, RequestTimeout, Unavailable
from shared.settings import Common

_PER_HEADER = 32
"""Bytes that a header costs beside its name and value, so that many empty ones count too."""
_LINGER_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 1.0


def bounded(settings: Common) -> type[HttpToolsProtocol]:
    """The protocol for a server with these settings."""

    class Bounded(Protocol):
        bounds = settings

    return Bounded


class Protocol(HttpToolsProtocol):
    """One connection."""

    bounds: Common
    _refusal: Problem | None = None
    """Why what follows on this connection is not read."""
    _refused = False
    _in_head = True
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.bounds.max_connections:
            self._refuse(Unavailable("Too many connections", retry_after=1))
        else:
            self._within(self.bounds.header_timeout)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self.bounds.max_header:
            self._refuse(self._too_large())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._within(self.bounds.header_timeout)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if sum(len(name) + len(value) + _PER_HEADER for name, value in self.headers) > self.bounds.max_header:
            self._refusal = self._too_large()
            raise ValueError("the head is too large")  # Ends the parsing; uvicorn then asks for the answer below.
        self._within(self.bounds.body_timeout)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._forget_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - its words may repeat the client's bytes
        self._refuse(self._refusal or Malformed("This is no valid HTTP request"))

    def _too_large(self) -> Problem:
        return HeadTooLarge(f"At most {self.bounds.max_header} bytes of headers are read")

    def _within(self, seconds: float) -> None:
        """What is being read has to be over by then."""
        self._forget_timer()
        self._timer = self.loop.call_later(seconds, self._late)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        if self.flow.read_paused:  # It is we who do not read.
            self._timer = self.loop.call_later(_LOOK_AGAIN_SECONDS, self._late)
            return
        part = "headers" if self._in_head else "body"
        self._refuse(RequestTimeout(f"The {part} did not come in time"))

    def _refuse(self, problem: Problem) -> None:
        """Answers, unless an answer is under way, and closes; what still comes is thrown away for a moment before,
        because closing on unread bytes resets the connection, and the reset overtakes the answer."""
        self._forget_timer()
        self._refused = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
                return
        self.transport.write(_answer(problem))
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


async def _broke(self: RequestResponseCycle) -> None:
    headers, body = _rendered(Internal())
    await self.send({"type": "http.response.start", "status": Internal.status, "headers": headers})
    await self.send({"type": "http.response.body", "body": body, "more_body": False})


# What an application leaves unanswered uvicorn answers in plain text. Said for all requests at once: said for each one,
# it makes a circle of references that only the collector ends, and costs a status poll a tenth of its speed.
RequestResponseCycle.send_500_response = _broke  # type: ignore[method-assign]


def _rendered(problem: Problem) -> tuple[list[tuple[bytes, bytes]], bytes]:
    request_id = os.urandom(16).hex()
    body = problems.body(problem, instance="/", request_id=request_id)
    told = [
        *problems.headers(problem),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        (b"connection", b"close"),
    ]
    return told, body


def _answer(problem: Problem) -> bytes:
    told, body = _rendered(problem)
    head = b"".join(b"%b: %b\r\n" % header for header in told)
    return f"HTTP/1.1 {problem.status} {http.HTTPStatus(problem.status).phrase}\r\n".encode() + head + b"\r\n" + body
