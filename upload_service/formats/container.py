"""What the three file formats have in common when they are read by hand, without decoding a pixel. Pure.

Each of `jpeg`, `png` and `webp` answers with a Container: what its header claims, and which parts of the file to keep.
Keeping is an allow-list: camera data, places, comments and whatever hides in a file go because nobody named them.
"""

import re
from dataclasses import dataclass

from shared.domain.errors import InvalidImage

Part = tuple[int, int] | bytes
"""A range of the original file, or new bytes to put there."""

MOST_PIECES = 20_000
"""Segments or chunks of one file. Each costs time whatever it holds; a picture of 10 MiB in pieces of one kilobyte has
half as many."""

_MOST_A_PIXEL = 16
"""Bytes. Noise at the best quality, with four colours, takes less than half of it."""
_ROOM = 64 * 1024
"""Bytes beside that, for what encoders write however small a picture is."""

_FOREIGN = (
    (re.compile(rb"PK\x03\x04|PK\x05\x06"), "a ZIP archive"),
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"<\?php|<script|<html|<!doctype html|<svg", re.IGNORECASE), "a web page"),
    (re.compile(rb"\A(?:\x7fELF|MZ|#!)"), "a program"),
    (re.compile(rb"\A(?:Rar!\x1a|7z\xbc\xaf|\x1f\x8b)"), "an archive"),
)


@dataclass(frozen=True, slots=True)
class Container:
    """What a file claims to be, before anything is decoded."""

    width: int
    """Pixels as they lie in the file, not yet turned."""
    height: int
    """The same."""
    frames: int
    """1 for a still picture."""
    orientation: int
    """EXIF's 1 to 8."""
    parts: tuple[Part, ...]
    """The cleaned file."""
    end: int
    """Where the picture ends; what follows was appended."""
    scalable: bool = False
    """Whether it can be decoded at an eighth of its size and still be read to its last bit."""


class MetadataFilter:
    """Collects the parts to keep; ranges that touch become one."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def keep(self, start: int, stop: int) -> None:
        """A range of the original."""
        last = self.parts[-1] if self.parts else b""
        if isinstance(last, tuple) and last[1] == start:
            self.parts[-1] = (last[0], stop)
        else:
            self.parts.append((start, stop))

    def put(self, new: bytes) -> None:
        """Bytes that are not in the original."""
        self.parts.append(new)


def size(parts: tuple[Part, ...] | list[Part]) -> int:
    """Bytes of the cleaned file."""
    return sum(len(part) if isinstance(part, bytes) else part[1] - part[0] for part in parts)


def joined(data: bytes, parts: tuple[Part, ...]) -> bytes:
    """The cleaned file."""
    return b"".join(part if isinstance(part, bytes) else data[part[0] : part[1]] for part in parts)


def cut_off(where: str) -> InvalidImage:
    """The file ends too early."""
    return InvalidImage(f"The picture is cut off: the file ends {where}")


def damaged(what: str) -> InvalidImage:
    """The file contradicts its format."""
    return InvalidImage(f"The picture is damaged: {what}")


def count_piece(number: int) -> None:
    """Called for each piece with its number. Raises InvalidImage for one too many."""
    if number > MOST_PIECES:
        raise InvalidImage(f"The picture is in more than {MOST_PIECES:,} pieces")


def refuse_filler(compressed: int, pixels: int) -> None:
    """Codes are not read here, so what fills up compressed pixels behind the last one is not seen; but that there is
    more than any pixels could need. Raises InvalidImage."""
    if compressed > _ROOM + _MOST_A_PIXEL * pixels:
        raise InvalidImage("The picture has more bytes than its pixels can need: something else is between them")


def refuse_stowaway(trailer: bytes) -> None:
    """What follows the picture is cut away in any case (phones append a film or a second picture).

    If it makes the file something else as well, whoever sent it should know. Raises InvalidImage.
    """
    for signature, name in _FOREIGN:
        if signature.search(trailer[:4096]) or (name == "a ZIP archive" and signature.search(trailer[-70_000:])):
            raise InvalidImage(f"The picture is followed by {name}; send only the picture")


def orientation(tiff: bytes) -> int:
    """The orientation of an EXIF block; 1, upright, where it says nothing sensible."""
    order = {b"II*\x00": "little", b"MM\x00*": "big"}.get(tiff[:4])

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], "little" if order == "little" else "big")

    if order is None:
        return 1
    directory = number(4, 4)
    for entry in range(min(number(directory, 2), 512)):
        at = directory + 2 + 12 * entry
        if number(at, 2) == 0x0112 and number(at + 2, 2) == 3:
            turned = number(at + 8, 2)
            return turned if 1 <= turned <= 8 else 1
    return 1


def upright_exif(turned: int) -> bytes:
    """An EXIF block that says the orientation and nothing else."""
    entry = bytes.fromhex("0112 0003 00000001") + turned.to_bytes(2, "big") + b"\x00\x00"
    return b"MM\x00*\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
