"""A decoder process: `python -m upload_service.decoder.process MAX_PIXELS SECONDS CPU_SECONDS`. Its stdin is a socket:
one open file at a time comes in, with the length of its picture, and a JSON answer goes out with its own length before
it. It has no secrets, and before the first picture it gives up files, network and other processes (`confined.py`).

It ends when the socket does, and by itself when one picture takes too long or too much of a processor.
"""

import contextlib
import io
import json
import os
import resource
import signal
import socket
import sys
import time
from dataclasses import asdict
from typing import Any

from PIL import Image

from shared.domain.errors import Problem
from upload_service.decoder import confined, inspect

_ROOM = 512 * 1024 * 1024
_ROOM_PER_PIXEL = 24
"""Bytes: an animation's canvas, the frame before and the one being decoded."""
_NICE = 5
"""Whoever waits for anything else goes first."""


def main(max_pixels: int, seconds: float, cpu_seconds: float) -> None:
    """Answers until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service ends us in order
    os.nice(_NICE)
    with contextlib.suppress(ValueError, OSError):  # macOS takes no such limit
        most = _ROOM + _ROOM_PER_PIXEL * max_pixels
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    os.dup2(2, 1)  # nothing a library prints belongs among the service's log lines
    with socket.socket(fileno=os.dup(0)) as line:
        _warm_up()
        confined.become_somebody_else()
        confined.confine()
        while request := _next(line):
            file, size = request
            # Unhandled, the alarms end the process even while a decoder holds it.
            signal.setitimer(signal.ITIMER_REAL, seconds)
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
            began = time.process_time()
            answer = _answer(_read(file, size), max_pixels)
            reply = json.dumps(answer | {"seconds": time.process_time() - began}).encode()
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            line.sendall(len(reply).to_bytes(4, "big") + reply)


def _warm_up() -> None:
    """Everything that is loaded when a picture first needs it: soon nothing can be opened any more."""
    turned = Image.Exif()
    turned[0x0112] = 6
    for form in ("JPEG", "PNG", "WEBP"):
        for options in ({}, {"exif": turned}):
            file = io.BytesIO()
            Image.new("RGB", (8, 8)).save(file, form, **options)
            for data in (file.getvalue(), file.getvalue()[:-4]):
                _answer(data, 100)
    inspect.is_srgb(b"\xff")


def _next(line: socket.socket) -> tuple[int, int] | None:
    """The file to read, and how much of it. It was sent in one piece, so it comes in one."""
    head, files, *_ = socket.recv_fds(line, 4, 1)
    return (files[0], int.from_bytes(head, "big")) if head else None


def _read(file: int, size: int) -> bytes:
    try:
        return os.pread(file, size, 0)  # never `read`: whoever asks has the same position in it
    finally:
        os.close(file)


def _answer(data: bytes, max_pixels: int) -> dict[str, Any]:
    try:
        accepted = asdict(inspect.inspect(data, max_pixels))
    except Problem as problem:
        return {"problem": problem.code, "detail": str(problem)}
    accepted["parts"] = [part.hex() if isinstance(part, bytes) else part for part in accepted["parts"]]
    return accepted


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(float, sys.argv[2:4]))
