"""The pool of decoder processes. A hostile file can crash or hang only the process that decodes it, and a slow one
holds up no request that does not wait for a decoder itself. Whose turn it is is decided in `bounds.py`.

What is decided about a picture is in `inspect.py`; the process is `process.py`. The file itself is handed over, not its
bytes: ten megabytes through a pipe would cost as much as hashing them.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from shared.domain.errors import InvalidImage, Problem, TooManyPixels, Unavailable, UnsupportedMediaType
from shared.http.shares import ShareKey
from shared.observability import log
from shared.settings import UploadSettings
from upload_service.bounds import DecoderQueue
from upload_service.decoder.inspect import Accepted

_TRIES = 2
"""A process may also end for a reason of its own, such as a lack of memory: one more may try the same picture."""
_PROBLEMS: dict[str, type[Problem]] = {kind.code: kind for kind in (InvalidImage, TooManyPixels, UnsupportedMediaType)}
_GRACE = 5.0
"""Seconds after which a decoder that nobody ended, because we are gone, ends itself."""
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, eq=False)
class _Decoder:
    """One process, and our end of the socket that is its stdin."""

    process: Process
    line: socket.socket


def cores() -> int:
    """How many this process may use; a share of one that a container is held to does not count."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Decoders:
    """`async with Decoders(settings) as decoders:`. Processes are started when needed and ended with the block."""

    def __init__(self, settings: UploadSettings) -> None:
        self._count = settings.decoders or cores()
        self._seconds = settings.decode_timeout
        self._cpu_seconds = settings.decode_cpu
        self._max_pixels = settings.max_pixels
        self._queue = DecoderQueue(settings, self._count)
        self._idle: asyncio.LifoQueue[_Decoder | None] = asyncio.LifoQueue()
        """One entry per allowed process; None where it has to be started. The one that was used last is used first."""
        self._alive: set[_Decoder] = set()
        self._busy = 0
        self._spare: asyncio.Task[None] | None = None
        """Where the one for others is being started."""

    async def __aenter__(self) -> Self:
        for _ in range(self._count + 1):  # One that is for others than who has all the rest.
            self._idle.put_nowait(None)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._spare is not None:
            await self._spare
        for decoder in list(self._alive):
            await self._end(decoder)

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [decoder.process.pid for decoder in self._alive if decoder.process.returncode is None]

    async def inspect(self, file: IO[bytes], size: int, who: ShareKey) -> Accepted:
        """What `inspect.inspect` says about the first `size` bytes of the file. Waits for its turn.

        Raises what it raises, InvalidImage for a picture on which decoders die or that takes too much of a processor,
        Unavailable where a decoder does not come to its end for another reason, and what the queue raises.
        """
        if self._queue.must_wait(who):
            self._have_a_spare()
        async with self._queue.turn(who):
            self._busy += 1
            try:
                return await self._inspect(file, size, who)
            finally:
                self._busy -= 1

    def _have_a_spare(self) -> None:
        """Somebody has all that they may have: the next may be another, who is not to wait for a process to start."""
        if (self._spare is None or self._spare.done()) and len(self._alive) <= self._busy and not self._idle.empty():
            self._spare = asyncio.create_task(self._start_spare(self._idle.get_nowait()))

    async def _start_spare(self, decoder: _Decoder | None) -> None:
        try:
            decoder = decoder or await self._start()
        except Unavailable as fault:
            log.get().warning("decoder.not_started", error=str(fault))  # Whoever needs one tries again.
        finally:
            self._idle.put_nowait(decoder)

    async def _inspect(self, file: IO[bytes], size: int, who: ShareKey) -> Accepted:
        decoder = await self._idle.get()
        healthy = False
        began = time.monotonic()
        try:
            for _attempt in range(_TRIES):
                if decoder is None or decoder.process.returncode is not None:
                    await self._end(decoder)
                    decoder = await self._start()
                try:
                    async with asyncio.timeout(self._seconds):
                        reply = await _ask(decoder.line, file, size)
                except TimeoutError:
                    # It was stopped, or others had the processors: the picture is not to blame.
                    log.get().warning("decoder.late", seconds=self._seconds, bytes=size)
                    raise Unavailable("No decoder came to its end in time; nothing was kept", retry_after=5) from None
                except (EOFError, ConnectionError):
                    # It is ending by itself. To kill it now could hide what of: subprocess would collect the status
                    # before asyncio does, which then says 255.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_GRACE):
                            await decoder.process.wait()
                    await self._end(decoder)
                    log.get().warning("decoder.died", status=decoder.process.returncode, bytes=size)
                    if decoder.process.returncode == -signal.SIGPROF:
                        detail = f"The picture takes more than {self._cpu_seconds:g} s of a processor to decode"
                        raise InvalidImage(detail) from None
                    continue
                healthy = True
                self._queue.spend(who, reply.pop("seconds"))
                return _read(reply)
            raise InvalidImage("The picture makes the decoder fail")
        finally:
            # One that was left in the middle of a picture cannot be asked again.
            if not healthy:
                self._queue.spend(who, time.monotonic() - began)
                await asyncio.shield(self._end(decoder))
            self._idle.put_nowait(decoder if healthy else None)

    async def _start(self) -> _Decoder:
        bounds = self._max_pixels, self._seconds + _GRACE, self._cpu_seconds
        command = sys.executable, "-m", "upload_service.decoder.process", *map(str, bounds)
        with ExitStack() as unless_started:
            try:
                ours, theirs = socket.socketpair()
                unless_started.callback(ours.close)
                ours.setblocking(False)
                with theirs:
                    process = await asyncio.create_subprocess_exec(
                        *command,
                        stdin=theirs.fileno(),
                        cwd=_ROOT,
                        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # no key and no address of ours
                    )
            except OSError as fault:
                raise Unavailable(f"No decoder can be started: {fault.strerror}", retry_after=5) from fault
            unless_started.pop_all()
        decoder = _Decoder(process, ours)
        self._alive.add(decoder)
        return decoder

    async def _end(self, decoder: _Decoder | None) -> None:
        if decoder is not None:
            if decoder.process.returncode is None:
                with suppress(ProcessLookupError):
                    decoder.process.kill()
            await decoder.process.wait()
            decoder.line.close()
            self._alive.discard(decoder)


async def _ask(line: socket.socket, file: IO[bytes], size: int) -> dict[str, Any]:
    # It waits for nothing: the socket is empty while no picture is being decoded.
    socket.send_fds(line, [size.to_bytes(4, "big")], [file.fileno()])
    length = int.from_bytes(await _exactly(line, 4), "big")
    reply: dict[str, Any] = json.loads(await _exactly(line, length))
    return reply


async def _exactly(line: socket.socket, size: int) -> bytes:
    """Raises EOFError where the decoder ended instead."""
    received = bytearray()
    while len(received) < size:
        piece = await asyncio.get_running_loop().sock_recv(line, size - len(received))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)


def _read(reply: dict[str, Any]) -> Accepted:
    if code := reply.get("problem"):
        raise _PROBLEMS[code](reply["detail"])
    parts = (bytes.fromhex(part) if isinstance(part, str) else (part[0], part[1]) for part in reply["parts"])
    return Accepted(**reply | {"parts": tuple(parts)})
