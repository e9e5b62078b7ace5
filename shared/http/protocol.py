"""HTTP/1.1 as uvicorn speaks it, with bounds: how many bytes that are no body, how long head and body may take, how
many connections there are. What cannot be parsed, or is out of bounds, is answered with the one error body.

Nothing after the head becomes a header: trailers are read and forgotten. An answer that is complete before the body is
closes the connection, after what still comes was thrown away for a while: closing on unread bytes resets the
connection, and the reset overtakes the answer.
"""

import asyncio
import http
import math
from collections.abc import Callable
from typing import ClassVar, NoReturn, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.domain.errors import HeadTooLarge, Internal, Malformed, Problem, RequestTimeout, Unavailable
from shared.http import problems
from shared.http.joined_writes import JoinedWrites
from shared.settings import Common

SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
"""A browser takes the type as said, tells no other site where it was, and shows us in no frame."""
_CONDITIONS = (b"if-match", b"if-none-match")
_PER_HEADER = 32
"""Bytes that a header costs beside its name and value, so that many empty ones count too."""
_PER_CHUNK = 5
"""Bytes that a chunk costs beside its content, at least: its size and two ends of a line."""
_LOOK_AGAIN_SECONDS = 1.0


def bounded(settings: Common) -> type[HttpToolsProtocol]:
    """The protocol for a server with these settings."""

    class Bounded(Protocol):
        bounds = settings
        give_way: ClassVar[dict[Protocol, None]] = {}

    return Bounded


class Protocol(HttpToolsProtocol):
    """One connection."""

    bounds: Common
    give_way: ClassVar[dict["Protocol", None]]
    """The server's connections that have no request, or one whose head is not whole. The first has waited longest."""
    _refusal: Problem | None = None
    """Why what follows on this connection is not read."""
    _refused = False
    _in_head = True
    _beside = 0
    """Bytes of this message that are no body: head, chunk sizes and their extensions, trailers."""
    _trailers = 0
    """Bytes of headers behind the body, as those of a head are counted."""
    _body = 0
    _pieces = 0
    """In which the body came: chunks, if it has any."""
    _has_body = False
    _thrown_away = 0
    _running: RequestResponseCycle | None = None
    """That of the request that is being answered; `cycle` is that of the last one that came."""
    _own_cycle: RequestResponseCycle | None = None
    """That of the message whose body is being read."""
    _keep_alive = False
    """Whether this message, once whole, leaves the connection open."""
    _timer: asyncio.TimerHandle | None = None
    _due = math.inf
    """When what is being read has to be over, by the clock of the loop."""
    _body_until = 0.0
    """When the body has to be whole, by the loop's clock."""
    _seen = 0
    """Bytes of the body that had come at the last look."""
    _held_up = False
    """Whether it was we who did not read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", JoinedWrites(transport, self.loop)))
        if len(self.connections) > self.bounds.max_connections and not self._end_one():
            self._refuse(Unavailable("Too many connections", retry_after=1))
        else:
            self.give_way[self] = None
            self._within(self.bounds.header_timeout)

    def _end_one(self) -> bool:
        """Whether a connection without a whole request gave way: that which has had none for the longest."""
        longest = next(iter(self.give_way), None)
        if longest is None:
            return False
        del self.give_way[longest]
        longest.transport.close()
        self.connections.discard(longest)
        return True

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._throw_away(len(data))
            return
        self._beside += len(data)
        super().data_received(data)
        # Chunks of one byte each are allowed to weigh more than their content, to a point.
        if self._beside > self.bounds.max_header + self._body and not self._refused:
            self._refuse(self._too_large())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._own_cycle = True, None
        self._within(self.bounds.header_timeout)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)
            return
        self._trailers += len(name) + len(value) + _PER_HEADER
        if self._trailers > self.bounds.max_header:
            self._stop(self._too_large())

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.give_way.pop(self, None)
        self._refusal = self._wrong_head()
        if self._refusal is not None:
            self._stop(self._refusal)
        self._forget_timer()
        super().on_headers_complete()
        if self._has_body:
            self._body_until = self.loop.time() + self.bounds.body_timeout
            self._within(self._until_next_look())
            self._own_cycle = self.cycle
            self._keep_alive, self.cycle.keep_alive = self.cycle.keep_alive, False
            self.cycle.transport = cast("asyncio.Transport", _ClosesLate(self.transport, self.close_late))

    def on_body(self, body: bytes) -> None:
        self._beside -= len(body)
        self._body += len(body)
        self._pieces += 1
        if self._pieces * _PER_CHUNK > self.bounds.max_header + self._body:
            self._stop(self._too_large())
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._due = math.inf
        self._beside = self._body = self._seen = self._trailers = self._pieces = 0
        self._held_up = False
        if self._own_cycle is not None and not self._own_cycle.response_started:
            self._own_cycle.keep_alive = self._keep_alive
            self._own_cycle.transport = self.transport
            self._own_cycle = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.timeout_keep_alive_task is not None:  # No other request is there already.
            self.give_way[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.give_way.pop(self, None)
        self._forget_timer()
        # Of several requests that were sent at once uvicorn tells only the last that its client left.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - its words may repeat the client's bytes
        self._refuse(self._refusal or Malformed("This is no valid HTTP request"))

    def _stop(self, refusal: Problem) -> NoReturn:
        """Ends the parsing in the middle of what was read, however much that is; uvicorn then asks for the answer."""
        self._refusal = refusal
        raise ValueError(refusal.code)

    def _too_large(self) -> Problem:
        return HeadTooLarge(f"At most {self.bounds.max_header} bytes are read beside the body")

    def _wrong_head(self) -> Problem | None:
        size, hosts, conditions, chunked, sized, coded = len(self.url), 0, 0, False, False, False
        for name, value in self.headers:
            size += len(name) + len(value) + _PER_HEADER
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding":
                chunked, coded = True, coded or chunked or value.strip().lower() != b"chunked"
            elif name == b"content-length":
                sized = True
            elif name in _CONDITIONS:
                conditions += 1
        self._has_body = chunked or sized
        if size > self.bounds.max_header:
            return self._too_large()
        if conditions > 1:
            self._join_lines()
        if coded:
            return Malformed("The only Transfer-Encoding that is read is chunked")
        version = self.parser.get_http_version()
        if (version == "1.1" and hosts == 1) or (version == "1.0" and hosts <= 1 and not chunked):
            return None
        return Malformed("Send HTTP/1.1 with one Host header, or HTTP/1.0 without chunks")

    def _join_lines(self) -> None:
        """Several lines of a condition are one list, whoever reads it."""
        for condition in _CONDITIONS:
            lines = [value for name, value in self.headers if name == condition]
            if len(lines) > 1:
                kept = [header for header in self.headers if header[0] != condition]
                self.headers[:] = [*kept, (condition, b", ".join(lines))]

    def _unsupported_upgrade_warning(self) -> None:
        """Anybody may ask for one: it is no news, and uvicorn's advice is not for us."""

    def _within(self, seconds: float) -> None:
        """What is being read has to be over by then. One timer serves a connection: one for each request costs more."""
        self._due = self.loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due:
            self._forget_timer()
            self._timer = self.loop.call_later(seconds, self._look)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Whether it is over, and when to look again."""
        self._timer = None
        left = self._due - self.loop.time()
        if left <= 0:
            self._late()
        elif left < math.inf:
            self._timer = self.loop.call_later(left, self._look)

    def _late(self) -> None:
        cycle = self._own_cycle
        if self.flow.read_paused or (cycle is not None and cycle.waiting_for_100_continue):  # It is we who do not read.
            self._held_up = True
            self._within(_LOOK_AGAIN_SECONDS)
        elif self._in_head or not self._keeps_pace():
            part = "headers" if self._in_head else "body"
            self._refuse(RequestTimeout(f"The {part} did not come in time"))
        else:
            self._within(self._until_next_look())

    def _keeps_pace(self) -> bool:
        """Whether the body may go on: its time is not over, and enough has come since the last look."""
        least = self.bounds.least_body_rate * self.bounds.least_body_seconds
        enough = self._held_up or self._body - self._seen >= least
        self._seen, self._held_up = self._body, False
        return enough and self.loop.time() < self._body_until

    def _until_next_look(self) -> float:
        left = self._body_until - self.loop.time()
        return min(left, self.bounds.least_body_seconds) if self.bounds.least_body_rate else left

    def _refuse(self, problem: Problem) -> None:
        """Answers, unless an answer is under way or was given, and closes."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = self._own_cycle is not None and self._own_cycle.response_complete
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self._refused = True
                self._forget_timer()
                self.transport.close()
                return
        if not answered:
            self.transport.write(_answer(problem))
        self.close_late()

    def close_late(self) -> None:
        """Closes when the client has read the answer and hung up, or has sent too much or for too long after it."""
        self._forget_timer()
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self.give_way[self] = None
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(self.bounds.linger, self.transport.close)

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        if self._thrown_away > self.bounds.linger_bytes:
            self.transport.close()


class _ClosesLate:
    """A transport for an answer that may be complete before the body is."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close


async def _broke(self: RequestResponseCycle) -> None:
    headers, body = _rendered(Internal())
    await self.send({"type": "http.response.start", "status": Internal.status, "headers": headers})
    await self.send({"type": "http.response.body", "body": body, "more_body": False})


# What an application leaves unanswered uvicorn answers in plain text. Said for all requests at once: said for each one,
# it makes a circle of references that only the collector ends, and costs a status poll a tenth of its speed.
RequestResponseCycle.send_500_response = _broke  # type: ignore[method-assign]


def _rendered(problem: Problem) -> tuple[list[tuple[bytes, bytes]], bytes]:
    headers, body = problems.apart(problem, "/")
    return [*headers, (b"connection", b"close"), *SAFE_HEADERS], body


def _answer(problem: Problem) -> bytes:
    told, body = _rendered(problem)
    head = b"".join(b"%b: %b\r\n" % header for header in told)
    return f"HTTP/1.1 {problem.status} {http.HTTPStatus(problem.status).phrase}\r\n".encode() + head + b"\r\n" + body
