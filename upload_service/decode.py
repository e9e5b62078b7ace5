"""The pool of decoder processes. A hostile file can crash or hang only the process that decodes it, and a slow one
holds up no request that does not wait for a decoder itself.

What is decided about a picture is in `intake.py`; the process is `decoder.py`.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from shared import log
from shared.errors import InvalidImage, Problem, TooManyPixels, Unavailable, UnsupportedMediaType
from shared.settings import UploadSettings
from upload_service.intake import Accepted

_CHUNK = 256 * 1024
_TRIES = 2
"""A process may also end for a reason of its own, such as a lack of memory: one more may try the same picture."""
_PROBLEMS: dict[str, type[Problem]] = {kind.code: kind for kind in (InvalidImage, TooManyPixels, UnsupportedMediaType)}
_GRACE = 5.0
"""Seconds after which a decoder that nobody ended, because we are gone, ends itself."""
_ROOT = Path(__file__).resolve().parent.parent


class Decoders:
    """`async with Decoders(settings) as decoders:`. Processes are started when needed and ended with the block."""

    def __init__(self, settings: UploadSettings) -> None:
        self._count = settings.decoders
        self._seconds = settings.decode_timeout
        self._max_pixels = settings.max_pixels
        self._idle: asyncio.Queue[Process | None] = asyncio.Queue()
        """One entry per allowed process; None where it has to be started."""
        self._alive: set[Process] = set()

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            self._idle.put_nowait(None)
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in list(self._alive):
            await self._end(process)

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [process.pid for process in self._alive if process.returncode is None]

    async def inspect(self, file: IO[bytes], size: int) -> Accepted:
        """What `intake.inspect` says about the first `size` bytes of the file. Waits for a free process.

        Raises what it raises, and InvalidImage for a picture on which decoders die or take too long.
        """
        process = await self._idle.get()
        healthy = False
        try:
            for _attempt in range(_TRIES):
                if process is None or process.returncode is not None:
                    process = await self._start()
                try:
                    async with asyncio.timeout(self._seconds):
                        reply = await _ask(process, file, size)
                except TimeoutError:
                    raise InvalidImage(f"The picture takes longer than {self._seconds:g} s to decode") from None
                except (EOFError, ConnectionError):
                    await self._end(process)
                    log.get().warning("decoder.died", status=process.returncode, bytes=size)
                    continue
                healthy = True
                return _read(reply)
            raise InvalidImage("The picture makes the decoder fail")
        finally:
            # One that was left in the middle of a picture cannot be asked again.
            if not healthy:
                await asyncio.shield(self._end(process))
            self._idle.put_nowait(process if healthy else None)

    async def _start(self) -> Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "upload_service.decoder", str(self._max_pixels), str(self._seconds + _GRACE)),
                stdin=PIPE,
                stdout=PIPE,
                cwd=_ROOT,
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # no key and no address of ours
            )
        except OSError as fault:
            raise Unavailable(f"No decoder can be started: {fault.strerror}", retry_after=5) from fault
        self._alive.add(process)
        return process

    async def _end(self, process: Process | None) -> None:
        if process is not None:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
            self._alive.discard(process)


async def _ask(process: Process, file: IO[bytes], size: int) -> dict[str, Any]:
    requests, replies = process.stdin, process.stdout
    if not (requests and replies):
        raise EOFError
    requests.write(size.to_bytes(4, "big"))
    sent = 0
    while sent < size and (chunk := os.pread(file.fileno(), min(_CHUNK, size - sent), sent)):
        requests.write(chunk)
        await requests.drain()
        sent += len(chunk)
    length = int.from_bytes(await replies.readexactly(4), "big")
    reply: dict[str, Any] = json.loads(await replies.readexactly(length))
    return reply


def _read(reply: dict[str, Any]) -> Accepted:
    if code := reply.get("problem"):
        raise _PROBLEMS[code](reply["detail"])
    parts = (bytes.fromhex(part) if isinstance(part, str) else (part[0], part[1]) for part in reply["parts"])
    return Accepted(**reply | {"parts": tuple(parts)})
