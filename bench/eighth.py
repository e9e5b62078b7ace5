"""The least that verifying a JPEG costs: `python -m bench.eighth FILE SECONDS` decodes it at an eighth of its size
again and again, and prints the milliseconds of processor time that one took.
"""

import io
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image


def milliseconds(file: Path, seconds: float, at_once: int) -> float:
    """As many processes do it at the same time as uploads are sent, so that both have the machine as busy."""
    command = [sys.executable, "-m", "bench.eighth", str(file), str(seconds)]
    root = Path(__file__).parent.parent
    peers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(at_once)]
    said = [peer.communicate()[0] for peer in peers]
    assert not any(peer.returncode for peer in peers), "the decode failed"
    return sum(map(float, said)) / at_once


def _decode(data: bytes) -> None:
    with Image.open(io.BytesIO(data), formats=["jpeg"]) as picture:
        picture.draft(None, (1, 1))
        picture.load()


def _main(file: Path, seconds: float) -> None:
    data, count = file.read_bytes(), 0
    _decode(data)
    began, spent = time.monotonic(), time.process_time()
    while time.monotonic() - began < seconds:
        _decode(data)
        count += 1
    print((time.process_time() - spent) / count * 1000)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), float(sys.argv[2]))
