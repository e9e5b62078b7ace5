"""PNG by hand: chunks, checksums, the frames of an animation, and what of it to keep. Pure."""

import zlib
from collections.abc import Iterator

from upload_service.containers import Container, Keeper, cut_off, damaged, orientation, upright_exif

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"pHYs", b"hIST"})
_COLOURS = frozenset({b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"cICP", b"mDCV", b"cLLI"})
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})


def read(data: bytes) -> Container:
    """Raises InvalidImage, naming the fault."""
    reading, stop = _Reading(data), 8
    for kind, start, stop in _chunks(data):
        reading.chunk(kind, start, stop)
    return reading.finish(stop)


class _Reading:
    """What was found so far."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._turned = next(
            (orientation(data[start + 8 : stop - 4]) for kind, start, stop in _chunks(data) if kind == b"eXIf"), 1
        )
        self._keeper = Keeper()
        self._keeper.keep(0, 8)
        self._sides: tuple[int, int] | None = None
        self._announced: int | None = None
        """Frames, where it says that it is an animation."""
        self._frames = 0
        self._has_still = False
        """Whether it begins with a picture that is no frame of the animation."""

    def chunk(self, kind: bytes, start: int, stop: int) -> None:
        """Takes in one chunk."""
        if (kind == b"IHDR") != (self._sides is None):
            raise damaged("its header is not where it belongs")
        self._learn(kind, self._data[start + 8 : stop - 4])
        if _wanted(kind, animated=self._announced is not None):
            if zlib.crc32(self._data[start + 4 : stop - 4]) != int.from_bytes(self._data[stop - 4 : stop], "big"):
                raise damaged(f"the checksum of its {kind.decode()} chunk is wrong")
            self._keeper.keep(start, stop)
            if kind == b"IHDR" and self._turned > 1:
                self._keeper.put(_exif_chunk(self._turned))

    def finish(self, end: int) -> Container:
        """The last chunk ended here."""
        if self._announced not in (None, self._frames):
            raise damaged(f"it announces {self._announced} frames and has {self._frames}")
        frames = max(1, self._frames + (self._frames > 0 and self._has_still))
        return Container(*(self._sides or (0, 0)), frames, self._turned, tuple(self._keeper.parts), end)

    def _learn(self, kind: bytes, content: bytes) -> None:
        match kind:
            case b"IHDR":
                self._sides = _sides(content)
            case b"acTL":
                self._announced = int.from_bytes(content[:4], "big")
            case b"fcTL" if self._announced is not None and self._sides:
                _check_frame(content, *self._sides)
                self._frames += 1
            case b"IDAT":
                self._has_still = self._has_still or self._frames == 0
            case _:
                pass


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of every chunk, up to IEND."""
    position, kind = 8, b""
    while kind != b"IEND":
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if position + 12 + length > len(data):
            raise cut_off(f"within its {kind.decode('ascii', 'replace')} chunk" if kind else "without an end mark")
        if not kind.isalpha():
            raise damaged("a chunk has no valid type")
        yield kind, position, position + 12 + length
        position += 12 + length


def _wanted(kind: bytes, *, animated: bool) -> bool:
    if kind in _PIXELS or kind in _COLOURS:
        return True
    if kind in _ANIMATION:
        return animated
    if kind[:1].isupper():
        raise damaged(f"it needs an extension, {kind.decode()}, that we do not know")
    return False


def _sides(header: bytes) -> tuple[int, int]:
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    if len(header) != 13 or not (width and height):
        raise damaged("its header makes no sense")
    return width, height


def _check_frame(control: bytes, width: int, height: int) -> None:
    across, down, left, above = (int.from_bytes(control[at : at + 4], "big") for at in (4, 8, 12, 16))
    if len(control) != 26 or not (across and down) or left + across > width or above + down > height:
        raise damaged("a frame lies outside the picture")


def _exif_chunk(turned: int) -> bytes:
    block = b"eXIf" + upright_exif(turned)
    return (len(block) - 4).to_bytes(4, "big") + block + zlib.crc32(block).to_bytes(4, "big")
