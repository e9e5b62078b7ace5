"""Who attacks, a process of its own: `python -m bench.attackers ATTACK`, as JSON. It goes on with it for so many
seconds from many connections with one key, and writes what it was answered. It judges nothing.

It is nice: it stands for other people's machines, and is not to take this one's processors from what it attacks.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

_NICE = 10
_END_SECONDS = 60.0
_PAUSE = 0.5
"""Seconds after a refusal. Retry-After is not looked at."""
_REFUSED_WITHIN = 1.0
"""Seconds after which a body counts as taken."""
_IMAGES = "/api/v1/images"
_STATUS = f"{_IMAGES}/generate/status"
_FORM = "content-type: multipart/form-data; boundary=b\r\n"
_PIECE = 256 * 1024
MARK = b"@@@@@@@@"
"""In a file, where another number comes in each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One key's."""

    kind: str
    """Of KINDS."""
    port: int
    key: str
    connections: int
    seconds: float
    job: str = ""
    """One that runs and belongs to it."""
    bodies: Sequence[str] = ()
    """Files with whole forms, sent in turn."""
    paths: Sequence[str] = ()
    """What is read, in turn."""


@contextmanager
def begun(attack: Attack) -> "Iterator[subprocess.Popen[str]]":
    """Started, and told what to do. It is ended with the block at the latest."""
    command = [sys.executable, "-m", "bench.attackers", json.dumps(asdict(attack))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answers(process: "subprocess.Popen[str]") -> Mapping[str, int]:
    """Waits for its end; what it was answered, by status."""
    said, trouble = process.communicate(timeout=_END_SECONDS)
    if process.returncode:
        raise AssertionError(f"the attackers failed: {(trouble.strip().splitlines() or ['?'])[-1][:200]}")
    found: dict[str, int] = json.loads(said)
    return found


class _Attackers:
    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._tally: Counter[str] = Counter()
        self._bodies = [Path(name).read_bytes().split(MARK) for name in attack.bodies]
        self._numbers = itertools.count(1)

    async def go_on(self) -> Mapping[str, int]:
        """Until the time is over."""
        once = KINDS[self._attack.kind]
        tasks = [asyncio.create_task(self._again(once, which)) for which in range(self._attack.connections)]
        await asyncio.wait(tasks, timeout=self._attack.seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return self._tally

    async def _again(self, once: "_Once", which: int) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._attack.port)
                try:
                    status = await once(self, which, reader, writer)
                finally:
                    writer.transport.abort()
            except OSError:
                status = 0
            self._tally[str(status or "closed")] += 1
            if status not in (200, 201, 422):
                await asyncio.sleep(_PAUSE)

    def _head(self, method: str, path: str, *more: str, key: bool = True) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{self._attack.port}", "connection: close", *more]
        lines += [f"authorization: Bearer {self._attack.key}"] if key else []
        return "\r\n".join([*lines, "", ""]).encode()

    async def slow_body(self, _which: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """Most of a file, where nobody refuses it, and then silence."""
        head = self._head("POST", f"{_IMAGES}/validate", _FORM.strip(), "content-length: 9000000")
        part = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        writer.write(head + part + bytes(1000))
        answer = asyncio.create_task(_status(reader))
        await asyncio.wait({answer}, timeout=_REFUSED_WITHIN)
        await _push(writer, (bytes(_PIECE) for _ in range(30)), answer)
        return await answer

    async def watching(self, which: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """An event stream, or a poll that is held."""
        path = f"{_STATUS}/{self._attack.job}"
        stream = which % 2 == 0
        writer.write(self._head("GET", f"{path}/events" if stream else path, "prefer: wait=30"))
        status = await _status(reader)
        if status == 200 and stream:
            self._tally["200"] += 1
            while await reader.read(_PIECE):
                pass
            return 0
        return status

    async def file(self, which: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """A whole file to be looked at, as fast as it goes."""
        number = next(self._numbers)
        body = (b"%08d" % number).join(self._bodies[(which + number) % len(self._bodies)])
        writer.write(self._head("POST", f"{_IMAGES}/validate", _FORM.strip(), f"content-length: {len(body)}"))
        answer = asyncio.create_task(_status(reader))
        await _push(writer, (body[at : at + _PIECE] for at in range(0, len(body), _PIECE)), answer)
        return await answer

    async def reading(self, which: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """What anybody may ask, in number."""
        writer.write(self._head("GET", self._attack.paths[(which + next(self._numbers)) % len(self._attack.paths)]))
        status = await _status(reader)
        while await reader.read(_PIECE):
            pass
        return status

    async def trailers(self, which: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """What follows a body of chunks, without end; every other one without a key."""
        kind = ("content-type: application/json", "transfer-encoding: chunked")
        writer.write(self._head("POST", f"{_IMAGES}/generate", *kind, key=which % 2 == 0) + b"0\r\n")
        answer = asyncio.create_task(_status(reader))
        await _push(writer, itertools.repeat(b"a:b\r\n" * 10_000), answer)
        return await answer


_Once = Callable[[_Attackers, int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[int]]
KINDS: Mapping[str, _Once] = {
    "slow bodies": _Attackers.slow_body,
    "watching": _Attackers.watching,
    "files": _Attackers.file,
    "trailers": _Attackers.trailers,
    "reading": _Attackers.reading,
}


async def _status(reader: asyncio.StreamReader) -> int:
    """Of the answer; 0 where the connection was closed instead."""
    try:
        line = await reader.readline()
    except OSError:
        return 0
    return int(line[9:12]) if line.startswith(b"HTTP/1.1 ") else 0


async def _push(writer: asyncio.StreamWriter, pieces: Iterable[bytes], answer: "asyncio.Task[int]") -> None:
    """Sends until there is an answer, or no more to send."""
    for piece in pieces:
        if answer.done() or writer.transport.is_closing():
            return
        writer.write(piece)
        drained = asyncio.ensure_future(writer.drain())
        await asyncio.wait({drained, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not drained.done():
            drained.cancel()
        elif drained.exception() is not None:
            return


if __name__ == "__main__":
    os.nice(_NICE)
    wanted = Attack(**json.loads(sys.argv[1]))
    print(json.dumps(uvloop.run(_Attackers(wanted).go_on())))
