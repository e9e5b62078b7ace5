"""A decoder process: `python -m upload_service.decoder MAX_PIXELS SECONDS`. One picture at a time comes in on stdin
with its length before it, a JSON answer goes out on stdout the same way. It has no secrets, no network and no database.

It ends when its stdin does, and by itself when one picture takes too long.
"""

import contextlib
import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from typing import Any

from shared.errors import Problem
from upload_service import intake

_ROOM = 512 * 1024 * 1024
_ROOM_PER_PIXEL = 24
"""Bytes: an animation's canvas, the frame before and the one being decoded."""


def main(max_pixels: int, seconds: float) -> None:
    """Answers until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service ends us in order
    os.nice(5)
    with contextlib.suppress(ValueError, OSError):  # macOS takes no such limit
        most = _ROOM + _ROOM_PER_PIXEL * max_pixels
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the answers
    while head := requests.read(4):
        data = requests.read(int.from_bytes(head, "big"))
        # Unhandled, the alarm ends the process even while a decoder holds it.
        signal.setitimer(signal.ITIMER_REAL, seconds)
        reply = json.dumps(_answer(data, max_pixels)).encode()
        signal.setitimer(signal.ITIMER_REAL, 0)
        replies.write(len(reply).to_bytes(4, "big") + reply)
        replies.flush()


def _answer(data: bytes, max_pixels: int) -> dict[str, Any]:
    try:
        accepted = asdict(intake.inspect(data, max_pixels))
    except Problem as problem:
        return {"problem": problem.code, "detail": str(problem)}
    accepted["parts"] = [part.hex() if isinstance(part, bytes) else part for part in accepted["parts"]]
    return accepted


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
