"""The load generator, a process of its own: `python -m bench.load` reads one Order as JSON and writes one Result.

It speaks just enough HTTP/1.1 to cost little: kept connections, answers with a Content-Length. It judges nothing.
"""

import asyncio
import itertools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import uvloop

from bench.figures import quantile

MARK = b"@@@@@@@@"
"""In a body, where the number of the request comes in."""
_PATIENCE_SECONDS = 30.0
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to ask, how often."""

    port: int
    """On loopback."""
    paths: Sequence[str]
    """Asked in turn; of several connections each begins at another one."""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    """Text to send; MARK in it becomes eight digits, another number for each request."""
    body_file: str = ""
    """Or a file with the bytes to send."""
    first: int = 0
    """The first of those numbers."""
    connections: int = 1
    seconds: float = 0.0
    """Begin no request after that long; 0 is no limit."""
    requests: int = 0
    """Begin no more than so many in all; 0 is no limit."""
    every: Sequence[float] = ()
    """Least and most seconds from one request of a connection to its next; empty: as fast as answers come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it."""

    statuses: Mapping[str, int]
    """Answers by status; `lost` counts connections that ended instead."""
    seconds: float
    """From the first request to the last answer."""
    answers: int
    p50_ms: float
    """From writing the request to the answer's last byte; when paced, from the moment it was due."""
    p99_ms: float
    sent: Sequence[float]
    """When paced and counted: the wall clock when request `first` + i was written."""
    body_bytes: int
    """Size of the last answer's body."""

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds if self.seconds else 0.0

    def only(self, *statuses: int) -> "Result":
        """Itself; fails when any answer had another status, because refusals are fast and would look good."""
        others = {status: count for status, count in self.statuses.items() if status not in map(str, statuses)}
        if others or not self.answers:
            raise AssertionError(f"unexpected answers: {others or 'none at all'}")
        return self


def run(order: Order) -> Result:
    """Carries the order out in another process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    if done.returncode:
        raise AssertionError(f"the load generator failed: {done.stderr.strip().splitlines()[-1][:200]}")
    return Result(**json.loads(done.stdout))


class _Line(asyncio.Protocol):
    """One kept connection."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._answer: asyncio.Future[tuple[int, int]] | None = None
        self._head = b""
        self._status = self._length = self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one in all but name.

    def ask(self, *parts: bytes) -> "asyncio.Future[tuple[int, int]]":
        """Status and body size of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            self._answer.set_exception(ConnectionResetError())
        else:
            self._transport.writelines(parts)
        return self._answer

    def data_received(self, data: bytes) -> None:
        if not self._status:
            data = self._begin(self._head + data)
            if not self._status:
                return
        self._left -= len(data)
        if self._left <= 0 and self._answer is not None and not self._answer.done():
            self._answer.set_result((self._status, self._length))
            self._status, self._head = 0, b""

    def _begin(self, data: bytes) -> bytes:
        """What follows the head, once that is whole."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._head = data
            return b""
        head = data[:end].lower()
        self._status = int(head[9:12])
        at = head.find(_LENGTH)
        self._length = self._left = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        return data[end + 4 :]

    def connection_lost(self, _problem: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Run:
    """One order being carried out."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._numbers = itertools.count(order.first)
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._sent: list[float] = []
        self._size = 0
        body = Path(order.body_file).read_bytes() if order.body_file else order.body.encode()
        self._body = body.split(MARK)
        said = {"host": f"127.0.0.1:{order.port}", **order.headers}
        if body:
            said["content-length"] = str(len(body))
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        self._heads = [f"{order.method} {path} HTTP/1.1\r\n{self._headers}\r\n".encode() for path in order.paths]

    async def whole(self) -> Result:
        order = self._order
        lines = await asyncio.gather(*(self._connect() for _ in range(order.connections)))
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(order.seconds + _PATIENCE_SECONDS):
            await asyncio.gather(*(self._drive(n, line, began) for n, line in enumerate(lines)))
        seconds = asyncio.get_running_loop().time() - began
        return Result(
            statuses=dict(self._statuses),
            seconds=seconds,
            answers=len(self._latencies),
            p50_ms=quantile(self._latencies, 0.5),
            p99_ms=quantile(self._latencies, 0.99),
            sent=self._sent,
            body_bytes=self._size,
        )

    async def _connect(self) -> _Line:
        return (await asyncio.get_running_loop().create_connection(_Line, "127.0.0.1", self._order.port))[1]

    async def _drive(self, which: int, line: _Line, began: float) -> None:
        loop, order = asyncio.get_running_loop(), self._order
        # Paced connections are spread evenly over one pace, so that they do not come in step.
        due = began + (which / order.connections * order.every[0] if order.every else 0.0)
        for head in self._turn(which):
            if order.every:
                await asyncio.sleep(due - loop.time())
            number = next(self._numbers)
            now = loop.time()
            if (order.requests and number - order.first >= order.requests) or (
                order.seconds and now - began >= order.seconds
            ):
                break
            if order.every and order.requests:
                self._sent.append(time.time())
            asked_at = time.perf_counter() - (max(0.0, now - due) if order.every else 0.0)
            try:
                status, self._size = await line.ask(head, *self._numbered(number))
            except ConnectionResetError:
                self._statuses["lost"] += 1
                line = await self._connect()
                continue
            self._latencies.append((time.perf_counter() - asked_at) * 1000)
            self._statuses[str(status)] += 1
            if order.every:
                due += random.uniform(*order.every)
        line.close()

    def _turn(self, which: int) -> Iterator[bytes]:
        skipped = which % len(self._heads)
        return itertools.cycle(self._heads[skipped:] + self._heads[:skipped])

    def _numbered(self, number: int) -> list[bytes]:
        digits = b"%08d" % number
        return list(itertools.chain.from_iterable((digits, piece) for piece in self._body))[1:]


if __name__ == "__main__":
    wanted = Order(**json.load(sys.stdin))
    print(json.dumps(asdict(uvloop.run(_Run(wanted).whole()))))
