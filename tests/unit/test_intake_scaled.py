"""A JPEG is decoded at an eighth of its size; what is refused and what is taken is what the full decode says.

Every seed is damaged in many ways; Pillow's full decode of the same cleaned file is the oracle.
"""

import io
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from shared.domain.errors import InvalidImage, TooManyPixels
from tests import pictures
from tests.stack import ROOT
from upload_service.decoder.inspect import inspect
from upload_service.formats import jpeg
from upload_service.formats.container import joined

LIMIT = 1_000_000
EACH = 250
"""Damaged files of every seed."""

SEEDS = {
    "baseline, 4:2:0": pictures.jpeg(120, 88),
    "baseline, 4:2:2": pictures.jpeg(120, 88, subsampling=1),
    "baseline, 4:4:4": pictures.jpeg(117, 83, subsampling=0),
    "baseline, own tables": pictures.jpeg(120, 88, optimize=True),
    "baseline, restart marks": pictures.jpeg(120, 88, restart_marker_blocks=3),
    "baseline, grey": pictures.jpeg_in("L", 120, 88),
    "baseline, CMYK": pictures.jpeg_in("CMYK", 90, 64),
    "progressive, 4:2:0": pictures.jpeg(120, 88, progressive=True),
    "progressive, 4:4:4": pictures.jpeg(117, 83, progressive=True, subsampling=0),
    "progressive, restart marks": pictures.jpeg(120, 88, progressive=True, restart_marker_rows=1),
    "progressive, grey": pictures.jpeg_in("L", 120, 88, progressive=True),
    "progressive, CMYK": pictures.jpeg_in("CMYK", 90, 64, progressive=True),
    "narrower than a block": pictures.jpeg(5, 200),
}
"""What a camera, a browser and a printer write."""


def damaged(seed: bytes, dice: random.Random) -> bytes:
    """Accidents: anywhere, but most of them in the tables, because libjpeg forgives nearly all that befalls pixels."""
    data = bytearray(seed)
    pixels = data.rindex(b"\xff\xda")
    for _ in range(dice.randint(1, 3)):
        end = min(pixels + 14, len(data)) if dice.random() < 0.6 else len(data)
        at = dice.randrange(3, min(end, len(data)))
        match dice.choice(["flip", "flip", "flip", "set", "sampling", "restart", "drop", "double", "cut"]):
            case "flip":
                data[at] ^= 1 << dice.randrange(8)
            case "set":
                data[at] = dice.choice([0x00, 0x01, 0x7F, 0xFE, 0xFF])
            case "sampling":
                _resample(data, dice)
            case "restart":
                data[at:at] = bytes([0xFF, 0xD0 + dice.randrange(8)])
            case "drop":
                del data[at : at + dice.randint(1, 40)]
            case "double":
                data[at:at] = data[at : at + dice.randint(1, 40)]
            case _:
                del data[max(at, 20) : -dice.randint(2, 9)]  # the end mark stays: without it nothing is ever decoded
    return bytes(data)


def _resample(data: bytearray, dice: random.Random) -> None:
    """Another sampling of one component: those that libjpeg cannot turn into whole pixels are refused."""
    found = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    if 0 <= found < len(data) - 12:
        at = found + 11 + 3 * dice.randrange(max(1, min(4, data[found + 9])))
        if at < len(data):
            data[at] = dice.randint(1, 4) << 4 | dice.randint(1, 4)


def whole(data: bytes) -> bool | None:
    """Whether every pixel can be decoded; None where the file does not come as far as being decoded."""
    try:
        container = jpeg.read(data)
    except InvalidImage:
        return None
    try:
        with Image.open(io.BytesIO(joined(data, container.parts)), formats=["jpeg"]) as picture:
            if picture.size != (container.width, container.height):
                return False
            picture.load()
    except Exception:  # noqa: BLE001 - as in the intake
        return False
    return True


@pytest.mark.parametrize("name", SEEDS)
def test_it_takes_and_refuses_what_the_full_decode_does(name: str) -> None:
    dice = random.Random(name)
    seen = {True: 0, False: 0}
    for number in range(EACH):
        data = damaged(SEEDS[name], dice)
        expected = whole(data)
        if expected is None:
            continue
        try:
            inspect(data, LIMIT)
            taken = True
        except TooManyPixels:
            continue
        except InvalidImage:
            taken = False
        assert taken == expected, f"file {number} of {name!r}"
        seen[taken] += 1
    assert seen[True] > 20 and seen[False] > 20, seen


GROWTH = """
import io, resource, sys
from pathlib import Path
from PIL import Image
from upload_service.decoder.inspect import inspect

def look(data):
    if sys.argv[1] == "intake":
        inspect(data, 25_000_000)
    else:
        Image.open(io.BytesIO(data)).load()

def peak():
    # What getrusage says was begun by whoever started this process; macOS has nothing else.
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))

small, large = (Path(name).read_bytes() for name in sys.argv[2:])
look(small)
before = peak()
look(large)
print(peak() - before)
"""


@pytest.mark.parametrize(("progressive", "share"), [(False, 0.2), (True, 0.65)])
def test_a_photograph_of_twelve_megapixels_takes_a_part_of_the_full_decodes_memory(
    tmp_path: Path, *, progressive: bool, share: float
) -> None:
    files = [tmp_path / "small.jpg", tmp_path / "large.jpg"]
    for file, (width, height) in zip(files, ((64, 48), (4000, 3000)), strict=True):
        file.write_bytes(pictures.jpeg(width, height, progressive=progressive))

    def grew(how: str) -> int:
        asked = [sys.executable, "-c", GROWTH, how, *map(str, files)]
        return int(subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout)

    full = grew("whole")
    assert full > 0
    assert grew("intake") < share * full
